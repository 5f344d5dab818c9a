"""Generated files: the repository's are current, and a stale one is found, named and mended."""

from __future__ import annotations

from pathlib import Path

import pytest

from vyrectl import docs
from vyrectl.abi.slot import FIELDS
from vyrectl.cli.catalog import NAMES
from vyrectl.cli.completion.names import SCRIPT_NAMES
from vyrectl.devtools import __main__ as program
from vyrectl.devtools import layer_picture
from vyrectl.devtools.generated import generated_files, write_generated
from vyrectl.devtools.tables import TABLES, fill_places
from vyrectl.errors import UsageError


def test_the_repository_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    """Made twice in one process, it is the same twice."""
    assert program.main(["generate", "--check"]) == 0, capsys.readouterr().out
    assert all(file.is_current for file in generated_files(program.ROOT))


def test_what_is_generated(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("nothing generated here\n")
    written = write_generated(tmp_path)
    pages = [f"man1/vyrectl{dash}.1" for dash in ("", *(f"-{name}" for name in NAMES))]
    pages += [f"man7/vyrectl-{name}.7" for name in docs.NAMES]
    scripts = {Path("completions") / name for name in SCRIPT_NAMES.values()}
    scripts |= {Path("completions/man") / name for name in pages}
    headers = {Path("kernels/include") / f"vyre_{name}.h" for name in ("abi", "engine", "kernels", "live")}
    assert set(written) == {*headers, *scripts, layer_picture.PATH}
    assert write_generated(tmp_path) == []


def test_a_stale_file_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(program, "ROOT", tmp_path)
    (tmp_path / "pyproject.toml").touch()
    assert program.main(["generate"]) == 0
    header = tmp_path / "kernels/include/vyre_abi.h"
    header.write_text(header.read_text().replace("SLOT_BYTES", "SLOT_BITES"))
    capsys.readouterr()
    assert program.main(["generate", "--check"]) == 1
    said = capsys.readouterr().out
    assert "-#define VYRE_SLOT_BITES" in said
    assert "+#define VYRE_SLOT_BYTES" in said
    last = said.splitlines()[-1]
    assert last.startswith("kernels/include/vyre_abi.h differs")
    assert "`python -m vyrectl.devtools generate`" in last
    assert program.main(["generate"]) == 0
    assert program.main(["generate", "--check"]) == 0


def test_only_a_checkout_is_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "ROOT", tmp_path)
    with pytest.raises(SystemExit):
        program.main(["generate"])
    assert list(tmp_path.iterdir()) == []


def test_a_place_is_filled_and_the_rest_kept() -> None:
    text = "# Title\n\n<!-- generated: slot-table -->\nold\n<!-- end -->\n\nafter\n"
    filled = fill_places(text, "README.md")
    assert filled.startswith("# Title\n\n<!-- generated: slot-table -->\n\n| word | field | meaning |\n")
    assert filled.endswith("|\n\n<!-- end -->\n\nafter\n")
    assert all(f"| {field.index} | `{field.name}` | {field.meaning} |\n" in filled for field in FIELDS)
    assert fill_places(filled, "README.md") == filled


@pytest.mark.parametrize("name", TABLES)
def test_every_place_is_a_table_or_a_list_of_lines_that_fit(name: str) -> None:
    lines = TABLES[name]().splitlines()
    widths = {line.replace("\\|", "").count("|") for line in lines if line.startswith("|")}
    assert len(lines) > 2
    assert len(widths) <= 1
    assert max(map(len, lines)) <= 110


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("line\n<!-- generated: moon-table -->\n<!-- end -->\n", "README.md, line 2"),
        ("<!-- generated: states -->\n", "README.md"),
        ("<!-- generated: states -->\n<!-- generated: flags -->\n<!-- end -->\n", "README.md"),
    ],
)
def test_a_bad_marker_is_refused(text: str, where: str) -> None:
    with pytest.raises(UsageError) as caught:
        fill_places(text, "README.md")
    assert caught.value.where == where
