"""An empty value, as an unset variable leaves it, is an error of every option and argument that takes a text."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.support.rings import slot
from vyrectl.cli.catalog import NAMES
from vyrectl.cli.main import load_command

VALUES = [
    (name, param.opts[0])
    for name in NAMES
    for param in load_command(name).params
    if param.param_type_name == "option" and not param.is_flag and param.name != "help"
]


@pytest.mark.parametrize(("name", "option"), VALUES)
def test_no_option_takes_an_empty_value(cli: Cli, name: str, option: str) -> None:
    for spelt in ((option, ""), (f"{option}=",)) if option.startswith("--") else ((option, ""),):
        result = cli(name, *spelt)
        assert result.code == 2
        said = (f"{option} is given an empty value", f"{option} needs a value")
        assert any(one in result.err for one in said)


@pytest.mark.parametrize(
    "args",
    [
        ("launch", "ring.bin", "--where", ""),
        ("launch", "ring.bin", "--max-steps", ""),
        ("launch", "ring.bin", "--epoch", ""),
        ("recover", "ring.bin", "--where", ""),
        ("recover", "ring.bin", ""),
        ("transition", "ring.bin", "complete", "", "--where", "slot < 64"),
        ("set", "ring.bin", "param=1", "", "--all"),
        ("repair", "ring.bin", "--code", "5", ""),
        ("check", ""),
    ],
)
def test_an_unset_variable_never_means_all(cli: Cli, tmp_path: Path, args: tuple[str, ...]) -> None:
    ring = tmp_path / "ring.bin"
    before = slot(state=1, task_id=3) * 4
    ring.write_bytes(before)
    result = cli(*args)
    assert (result.code, "empty value" in result.err) == (2, True)
    assert (ring.read_bytes(), [one.name for one in tmp_path.iterdir()]) == (before, ["ring.bin"])
