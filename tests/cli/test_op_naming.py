"""Foreign operations by name, wherever one is shown or accepted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import dumps
from tests.cli.conftest import Cli
from tests.cli.support import words_at
from tests.support.rings import slot, write_ring
from vyrectl.cli.catalog import NAMES
from vyrectl.cli.main import load_command
from vyrectl.cli.op_naming import NAMELESS

THEIRS = {"0x1000": "their_scale", "0x30000": "gather"}


@pytest.fixture
def names(tmp_path: Path) -> str:
    path = tmp_path / "names.json"
    path.write_text(json.dumps(THEIRS))
    return str(path)


@pytest.fixture
def ring(tmp_path: Path) -> Path:
    return write_ring(
        tmp_path / "ring.bin",
        slot(state=1, op_handle=0x30000, priority=2, task_id=1),
        slot(state=1, op_handle=0x1000, priority=2, task_id=2),
        slot(),
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("inspect", "RING"),
        ("inspect", "RING", "--slot", "0"),
        ("inspect", "RING", "--where", "op == gather"),
        ("inspect", "RING", "--group", "op"),
        ("decode", "RING", "--count", "1"),
        ("snapshot", "RING", "--by", "op"),
        ("encode", "--op", "gather"),
        ("map", "RING", "--where", "op == gather"),
    ],
    ids=" ".join,
)
def test_a_name_is_shown_and_taken(cli: Cli, ring: Path, names: str, arguments: tuple[str, ...]) -> None:
    given = [str(ring) if one == "RING" else one for one in arguments]
    result = cli(*given, "--op-names", names)
    assert result.code == 0, result.err
    assert "gather" in result.out or arguments[0] in ("encode", "map")
    assert "scale" not in result.out.replace("their_scale", "")


def test_edits_take_the_names(cli: Cli, ring: Path, names: str) -> None:
    assert cli("set", str(ring), "param=7", "--where", "op == gather", "--op-names", names).code == 0
    assert [words_at(ring, number)["param"] for number in (0, 1)] == [7, 0]
    assert cli("publish", str(ring), "gather:1,2,3", "--op-names", names).code == 0
    assert words_at(ring, 2)["op_handle"] == 0x30000
    edit = ("complete", "--where", "op == gather", "--op-names", names)
    assert cli("transition", str(ring), *edit).code == 0


def test_check_knows_operations_that_have_a_name(cli: Cli, ring: Path, names: str) -> None:
    assert "undefined-op" in cli("check", str(ring), "--json").out
    assert "undefined-op" not in cli("check", str(ring), "--op-names", names, "--json").out


def test_the_environment_names_operations(
    cli: Cli, ring: Path, names: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VYRECTL_OPS", names)
    assert "gather" in cli("inspect", str(ring)).out
    monkeypatch.setenv("VYRECTL_OPS", "missing.json")
    result = cli("inspect", str(ring))
    assert result.code == 1
    assert "VYRECTL_OPS" in result.err


def test_our_names_can_be_kept_from_their_ids(cli: Cli) -> None:
    path = str(dumps.path("ring-hot-fresh-0.bin"))
    assert "scale" in cli("inspect", path).out
    assert "scale" not in cli("inspect", path, "--no-builtin-names").out


def test_a_source_names_its_operations_everywhere(cli: Cli, ring: Path, tmp_path: Path) -> None:
    source = tmp_path / "mine.cl"
    source.write_text('VYRE_OP(0x30000, gather, "collects") { return vyre_done(); }\n')
    result = cli("inspect", str(ring), "--ops", str(source))
    assert "gather" in result.out
    table = tmp_path / "tasks.csv"
    table.write_text("task_id,op\n1,gather\n")
    built = tmp_path / "built.bin"
    assert cli("build", str(built), str(table), "--ops", str(source)).code == 0
    assert words_at(built, 0)["op_handle"] == 0x30000


def test_a_bad_names_file_is_exit_code_3_and_says_nothing_raw(cli: Cli, ring: Path, tmp_path: Path) -> None:
    path = tmp_path / "names.csv"
    path.write_text("0x30000,\x1b[31mred\n")
    result = cli("inspect", str(ring), "--op-names", str(path))
    assert result.code == 3
    assert "line 1" in result.err
    assert "\x1b" not in result.err


@pytest.mark.parametrize("name", NAMES)
def test_every_command_that_shows_operations_takes_the_options(name: str) -> None:
    options = {option for one in load_command(name).params for option in one.opts}
    wanted = {"--ops", "--op-names", "--no-builtin-names"}
    assert wanted <= options or name in NAMELESS


CLASHING = 'VYRE_OP(0x30000, scale, "another") { return vyre_done(); }\n'


@pytest.mark.parametrize(
    "command",
    [("build", "new.bin", "--synthetic", "3"), ("inspect", "RING"), ("launch", "RING"), ("why", "RING")],
    ids=lambda command: command[0],
)
def test_an_operation_that_clashes_with_a_shipped_one_is_refused_alike(
    cli: Cli, ring: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    source = tmp_path / "mine.cl"
    source.write_text(CLASHING)
    words = [str(ring) if word == "RING" else word for word in command]
    before = ring.read_bytes()
    result = cli(*words, "--ops", str(source))
    assert (result.code, ring.read_bytes() == before, (tmp_path / "new.bin").exists()) == (3, True, False)
    assert "name 'scale' is taken by 'scale' (arrays.cl, line" in result.err
    assert "Choose another id or name" in result.err


def test_without_our_names_an_operation_may_bear_one_of_them(cli: Cli, ring: Path, tmp_path: Path) -> None:
    source = tmp_path / "mine.cl"
    source.write_text(CLASHING)
    assert cli("inspect", str(ring), "--ops", str(source), "--no-builtin-names").code == 0
