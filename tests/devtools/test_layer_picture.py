"""The picture of the layers: what it marks is what is imported."""

from __future__ import annotations

from pathlib import Path

from vyrectl.devtools.layer_picture import layer_picture


def test_a_mark_for_each_layer_that_another_imports(tmp_path: Path) -> None:
    for name, text in {
        "ring/file.py": "from vyrectl.abi import slot\nfrom vyrectl.abi import states\nimport numpy\n",
        "ring/diff.py": "from vyrectl.ring import file\ndef diff():\n    from vyrectl.task import item\n",
        "abi/slot.py": "from vyrectl.errors import VyrectlError\n",
    }.items():
        path = tmp_path / "vyrectl" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert layer_picture(tmp_path).count('<circle class="mark"') == 3
