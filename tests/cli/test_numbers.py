"""Numbers that are none are refused by every option that takes a number, of every command, in one way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.cli.support import MIXED
from tests.support.rings import write_ring
from vyrectl.cli.catalog import NAMES
from vyrectl.cli.main import load_command

ARGUMENTS = {"snapshot": ["ring.bin"], "top": ["ring.bin"], "launch": ["ring.bin"], "converge": ["ring.bin"]}


def with_floats() -> list[tuple[str, str]]:
    """Command and option, for every option that takes a number with a point."""
    return [
        (name, param.opts[0])
        for name in NAMES
        for param in load_command(name).params
        if "float" in param.type.name
    ]


def test_there_are_such_options() -> None:
    assert {"launch", "top", "snapshot", "doctor", "converge"} <= {name for name, _ in with_floats()}


@pytest.mark.parametrize("number", ["nan", "NaN", "inf", "-inf", "infinity", "1e999", "1e300"])
@pytest.mark.parametrize(("name", "option"), with_floats())
def test_nan_and_infinities(cli: Cli, tmp_path: Path, name: str, option: str, number: str) -> None:
    write_ring(tmp_path / "ring.bin", *MIXED)
    result = cli(name, *ARGUMENTS.get(name, []), f"{option}={number}")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"error: {option} is "), result.err
    assert "Traceback" not in result.err
