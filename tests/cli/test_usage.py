"""What the parser of the command line complains about, in this program's words."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
import typer

from tests.cli.conftest import Cli
from tests.support.rings import slot
from vyrectl.cli.usage import usage_error


@pytest.mark.parametrize(
    ("args", "what", "fix"),
    [
        ("inspect ring.bin --wher x", "unknown option '--wher'", "Did you mean '--where'?"),
        ("demo --sise 3", "unknown option '--sise'", "Try 'vyrectl demo --help'"),
        ("launch ring.bin --no-in-plac", "unknown option '--no-in-plac'", "Did you mean '--no-in-place'?"),
        ("snapshot ring.bin --qqqqqq", "unknown option '--qqqqqq'", "Try 'vyrectl snapshot --help'"),
        ("--foo", "unknown option '--foo'", "Try 'vyrectl --help'"),
        ("launch", "RING is missing", "The form is: vyrectl launch [OPTIONS] RING"),
        (
            "set ring.bin",
            "FIELD=VALUE is missing",
            "The form is: vyrectl set [OPTIONS] RING FIELD=VALUE... [SLOTS]",
        ),
        ("launch ring.bin --device", "--device needs a value", "Try 'vyrectl launch --help'"),
        ("launch ring.bin --verify=3", "--verify takes no value", "Try 'vyrectl launch --help'"),
        ("launch ring.bin --timeout x", "--timeout is 'x', which is no number", "Give a decimal number"),
        ("launch ring.bin --timeout -1", "--timeout is -1.0, out of bounds", "Give a number from 0 on"),
        ("launch ring.bin a b", "unexpected argument 'a b'", "Try 'vyrectl launch --help'"),
    ],
)
def test_what_is_wrong_and_what_to_type(cli: Cli, ring: Path, args: str, what: str, fix: str) -> None:
    result = cli(*args.split())
    assert (result.code, result.out) == (2, "")
    assert result.err == f"error: {what}\n  fix: {fix}\n"


@pytest.mark.parametrize(
    "command", ["set ring.bin param=1", "inspect ring.bin", "launch ring.bin -d reference"]
)
def test_two_conditions_are_no_condition(cli: Cli, ring: Path, command: str) -> None:
    """The last one alone would count, and an edit would change what the first one leaves out."""
    before = ring.read_bytes()
    result = cli(*command.split(), "--where", "slot < 3", "--where=slot > 5")
    assert result.code == 2
    assert result.err.splitlines()[-1] == "  fix: Join them: --where '(slot < 3) and (slot > 5)'"
    assert ring.read_bytes() == before


def test_as_json(cli: Cli) -> None:
    error = cli("launch", "--json").error()
    assert (error["error"], error["message"], error["exit_code"]) == ("usage", "RING is missing", 2)


def test_what_has_no_words_of_its_own_keeps_the_parsers() -> None:
    told = usage_error(typer.BadParameter("Not like this."), "vyrectl launch")
    assert (told.what, told.fix) == ("invalid value: Not like this", "Try 'vyrectl launch --help'")


@pytest.mark.parametrize("command", ["launch", "top", "workers", "report"])
def test_a_ring_inside_a_larger_file_is_cut_out_for_commands_of_whole_files(
    cli: Cli, tmp_path: Path, command: str
) -> None:
    (tmp_path / "a b.bin").write_bytes(bytes(64) + slot(state=1, param=7) + bytes(64))
    refused = cli(command, "a b.bin", "--offset", "64", "--count=1")
    assert refused.code == 2
    advised = refused.err.partition("First: ")[2].strip()
    assert cli(*shlex.split(advised)[1:]).code == 0
    assert (tmp_path / "a b.bin.ring").read_bytes() == slot(state=1, param=7)


OWN = "Names of your own come with --ops FILE.cl or --op-names FILE"


@pytest.mark.parametrize(
    ("typed", "fix"),
    [
        ("set ring.bin param=1 --slots 0,3", "Write: vyrectl set ring.bin param=1 0,3 --backup"),
        (
            "transition ring.bin requeue --slot=2 --priority low",
            "Write: vyrectl transition ring.bin requeue --priority low 2 --backup",
        ),
        ("repair ring.bin --slots 0-3", "Write: vyrectl repair ring.bin 0-3 --backup"),
        ("inspect ring.bin 0,3", "Slots are named with --slots 0,3"),
        (
            "encode --op mine",
            f"{OWN}; `vyrectl ops` lists those that are known",
        ),
        (
            "set ring.bin op=scal 0",
            f"Did you mean 'scale'? {OWN}",
        ),
        (
            "publish ring.bin mine 1",
            f"{OWN}; `vyrectl ops` lists those that are known",
        ),
    ],
)
def test_the_hint_is_what_was_meant(cli: Cli, ring: Path, typed: str, fix: str) -> None:
    result = cli(*typed.split())
    assert result.code == 2
    assert f"  fix: {fix}\n" in result.err
