"""The catalog against the commands: every one exists, has its summary, an example and options with help."""

from __future__ import annotations

import re
import subprocess
import sys
from inspect import cleandoc
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from vyrectl.cli.catalog import CATALOG, NAMES, Entry
from vyrectl.cli.main import load_command
from vyrectl.cli.option_groups import EVERY, ORDER, OUTPUT, listings
from vyrectl.declared import OWN, TUNING


@pytest.mark.parametrize("entry", CATALOG, ids=NAMES)
def test_every_command_is_what_the_catalog_says(entry: Entry) -> None:
    command = load_command(entry.name)
    text = cleandoc(command.callback.__doc__ or "")
    assert text.splitlines()[0] == entry.summary
    assert "Examples:" in text
    assert f"vyrectl {entry.name}" in text
    for parameter in command.params:
        if parameter.param_type_name == "option":
            assert parameter.help, f"{entry.name} {parameter.name}"


@pytest.mark.parametrize("name", NAMES)
def test_help_fits_80_columns(cli: Cli, name: str) -> None:
    result = cli(name, "--help")
    assert result.code == 0
    assert max(len(line) for line in result.out.splitlines()) <= 80
    assert "{" not in result.out.splitlines()[0]


@pytest.mark.parametrize("name", NAMES)
def test_options_stand_in_groups_the_common_ones_last(name: str, cli: Cli) -> None:
    heads = re.findall(r"^(\S[^\n]*):$", cli(name, "--help").out, re.MULTILINE)
    groups = [head for head in heads if head != "Arguments"]
    assert groups == [group for group in ORDER if group in groups]
    assert groups[-1] == OUTPUT


@pytest.mark.parametrize(("command", "group", "listed"), list(listings()))
def test_a_group_lists_options_that_there_are(command: str, group: str, listed: str) -> None:
    assert group in ORDER
    takers = NAMES if command == EVERY else (command,)
    there = {opt for name in takers for param in load_command(name).params for opt in param.opts}
    assert set(listed.split()) - there - {"--help"} == set()


def test_tuning_is_apart(cli: Cli) -> None:
    text = cli("launch", "--help").out
    own, tuning = (text.partition(f"\n{group}:\n")[2].partition("\n\n")[0] for group in (OWN, TUNING))
    assert {"--device", "--ops", "--buffer", "--epoch", "--output"} <= set(re.findall(r"--[\w-]+", own))
    assert {"--ticket", "--workers", "--spin-ms", "--mode", "--trace-records", "--shard-slots"} <= set(
        re.findall(r"--[\w-]+", tuning)
    )


def test_the_list_of_commands(cli: Cli) -> None:
    result = cli("--help")
    assert result.code == 0
    for entry in CATALOG:
        assert entry.name in result.out
        assert entry.section in result.out


@pytest.mark.parametrize(
    ("args", "words"), [(("snapsht",), "'snapshot'"), (("--nope",), "--nope"), ((), "Usage")]
)
def test_bad_commands_are_exit_2(cli: Cli, args: tuple[str, ...], words: str) -> None:
    result = cli(*args)
    assert (result.code, result.out) == (2, "")
    assert words in result.err


def test_help_is_whole_without_docstrings(tmp_path: Path) -> None:
    """As PYTHONOPTIMIZE=2 has it, which strips them."""
    code = (
        "import contextlib, io, sys; from vyrectl.cli.main import main\n"
        "for name in sys.argv[1:]: main([name, '--help'])\n"
        "main(['--help'])"
    )
    texts = [
        subprocess.run(
            [sys.executable, *flags, "-c", code, *NAMES], capture_output=True, cwd=tmp_path, timeout=100
        ).stdout
        for flags in ([], ["-OO"])
    ]
    assert texts[0] == texts[1]
    assert texts[0].count(b"Examples:") == len(NAMES)
