"""The manual page: whole, clean, readable in 80 columns, and true to what the program accepts and reads.

Needs man and mandoc (Debian: `apt-get install man-db mandoc`). Without them the tests fail in CI and are skipped
elsewhere.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.needs import require_tool
from vyrectl import errors
from vyrectl.cli.catalog import NAMES
from vyrectl.cli.completion.model import read_program
from vyrectl.cli.main import main
from vyrectl.devtools.__main__ import ROOT
from vyrectl.devtools.manual_text import ENVIRONMENT, EXIT_CODES
from vyrectl.devtools.roff import CODE_COLUMNS, example, literal, paragraph

PAGES = sorted((ROOT / "completions" / "man").glob("man?/*"))
OVERVIEW = ROOT / "completions" / "man" / "man1" / "vyrectl.1"
NOT_OURS = {"COLUMNS", "OCL_ICD_VENDORS", "POCL_AFFINITY"}
"""Variables in the manual that Python or a driver reads."""

FOREIGN = {
    "CONDA_PREFIX",
    "CUDA_CACHE_PATH",
    "NEO_CACHE_DIR",
    "PATH",
    "POCL_CACHE_DIR",
    "POCL_KERNEL_CACHE",
    "PYOPENCL_COMPILER_OUTPUT",
    "PYOPENCL_NO_CACHE",
    "PYTHONPATH",
    "PYTHONPYCACHEPREFIX",
}
"""Variables of other programs that `doctor` looks at, or that a child process is given."""

_READ = re.compile(
    r"""(?:environ|environment)(?:\.get\(|\.setdefault\(|\[)\s*["']([A-Z_]+)["']|_folder\("([A-Z_]+)\""""
)


def _tool(name: str) -> str:
    require_tool(name)
    return name


def _run(*command: str, text: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "MANWIDTH": "80", "LC_ALL": "C.UTF-8", "MAN_KEEP_FORMATTING": ""}
    return subprocess.run(command, input=text, capture_output=True, text=True, env=environment, check=False)


@cache
def _shown(page: Path = OVERVIEW) -> str:
    """A page as `man` shows it in 80 columns, without hyphenation to undo."""
    return _run(_tool("man"), "--local-file", str(page)).stdout


def _page(command: str) -> Path:
    return OVERVIEW.with_name(f"vyrectl-{command}.1")


def _plain(source: str) -> str:
    """A piece of a page as mandoc shows it."""
    page = f'.TH T 1 "2026-01-01"\n.SH S\n{source}\n'
    lines = _run(_tool("mandoc"), "-T", "utf8", "-O", "width=400", text=page).stdout.split("\n")
    bare = [re.sub(".\b", "", line) for line in lines]
    return "\n".join(line.strip() for line in bare[3:-3])


def _examples() -> Iterator[tuple[str, str]]:
    for command in read_program().commands:
        for line in re.split("\b\nExamples?:\n", command.help)[-1].split("\n"):
            yield command.name, line.strip()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_groff_has_nothing_to_say(page: Path) -> None:
    done = _run(_tool("man"), "--warnings", "-E", "UTF-8", "--local-file", str(page))
    assert (done.returncode, done.stderr) == (0, "")


def test_mandoc_has_nothing_to_say() -> None:
    done = _run(_tool("mandoc"), "-T", "lint", *map(str, PAGES))
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_it_fits_80_columns(page: Path) -> None:
    """All but what a topic's page shows of a terminal, which stands further in and is as wide as there."""
    shown = " " * (9 if page.suffix == ".7" else 80)
    assert [line for line in _shown(page).splitlines() if len(line) > 80 and not line.startswith(shown)] == []


def test_its_sections() -> None:
    heads = re.findall(r"^[A-Z][A-Z :]+$", _shown(), re.MULTILINE)
    assert heads[:4] == ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS"]
    assert {"FILES", "ENVIRONMENT", "EXIT STATUS", "SEE ALSO"} < set(heads)


@pytest.mark.parametrize("name", NAMES)
def test_a_command_is_there_with_all_that_its_help_lists(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    part = _shown(_page(name))
    main([name, "--help"])
    listed = re.findall(r"^  (?:-\w, )?(--[\w-]+)", capsys.readouterr().out, re.MULTILINE)
    assert set(listed) <= set(re.findall(r"--[\w-]+", part))
    assert f"vyrectl {name}" in part


@pytest.mark.parametrize("name", NAMES)
def test_its_options_stand_in_the_groups_of_the_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    main([name, "--help"])
    groups = re.findall(r"^([A-Z][\w ,]+):$", capsys.readouterr().out, re.MULTILINE)
    shown = re.findall(r"^ {3}([A-Z][\w ,]+)$", _shown(_page(name)), re.MULTILINE)
    assert shown == [group for group in groups if group != "Arguments"]


def test_examples_can_be_copied() -> None:
    examples = list(_examples())
    assert len(examples) > len(NAMES)
    shown = {name: " ".join(re.sub(r" \\\n +", " ", _shown(_page(name))).split()) for name in NAMES}
    assert [line for name, line in examples if " ".join(line.split()) not in shown[name]] == []


def test_the_overview_names_every_page() -> None:
    named = set(re.findall(r"vyrectl-\w+", _shown())) | {f"vyrectl-{name}" for name in NAMES}
    assert {page.stem for page in PAGES} - {"vyrectl"} == named
    assert set(NAMES) <= set(re.findall(r"^ {7}(\w+)", _shown(), re.MULTILINE))


def test_every_exit_code_of_an_error() -> None:
    classes = [
        one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.VyrectlError)
    ]
    assert {one.exit_code for one in classes} < set(EXIT_CODES)


def test_every_variable_that_is_read() -> None:
    sources = [path for path in (ROOT / "vyrectl").rglob("*.py") if "devtools" not in path.parts]
    text = "\n".join(path.read_text() for path in sources)
    read = {one or two for one, two in _READ.findall(text)} | set(re.findall(r"\bVYRECTL_[A-Z]+\b", text))
    assert read - FOREIGN <= set(ENVIRONMENT)
    assert [
        name for name in ENVIRONMENT if name not in NOT_OURS and not re.search(rf"\b{name}\b", text)
    ] == []


@pytest.mark.parametrize(
    "text",
    [
        ".SH not a macro",
        "'quoted'",
        r"back\slash \fBfont",
        "a - b --c-d e-f",
        '~^` "x"',
        "größer → 2³",
        ".",
        "-",
    ],
)
def test_literal_text_is_shown_as_it_is(text: str) -> None:
    assert _plain(rf"\&{literal(text)}") == text
    assert _plain("\n".join(example([text]))) == text


def test_a_paragraph() -> None:
    text = (
        "Use `--where 'a == b'`, .npy files and --dry-run; a well-known word. Then `x`. A third (e.g. 0-15)."
    )
    lines = paragraph(text)
    assert lines[0] == ".PP"
    assert lines[-2:] == [r"Then \fBx\fR.", r"A third (e.g. 0\-15)."]
    assert r"\fB\-\-where \(aqa == b\(aq\fR, .npy files and \fB\-\-dry\-run\fR; a" in lines[1]
    assert lines[2] == "well-known word."
    assert " ".join(_plain("\n".join(lines[1:])).split()) == text.replace("`", "")


def test_no_source_line_of_a_paragraph_is_taken_for_a_macro() -> None:
    lines = paragraph("word " * 15 + ".npy " * 30)
    assert not any(line.startswith(".") for line in lines[1:])
    assert max(map(len, lines)) <= 80 + len(r"\&")


def test_a_long_example_is_broken_between_options() -> None:
    command = (
        f"vyrectl launch ring.bin --buffer {'x' * 30} --where 'state == paused and age > 3' --sort -age | cat"
    )
    lines = _plain("\n".join(example([command]))).split("\n")
    assert all(len(line) <= CODE_COLUMNS for line in lines)
    assert shlex.split(" ".join(line.removesuffix("\\") for line in lines)) == shlex.split(command)


def test_a_word_that_is_too_long_stays_whole(tmp_path: Path) -> None:
    assert _plain("\n".join(example(["x" * 100]))) == "x" * 100
