"""Compilers' messages: taken apart, blamed on the right file, and shown with the line that they are about."""

from __future__ import annotations

from pathlib import Path

import pytest

from vyrectl.opencl.messages import (
    SHOWN_MESSAGES,
    WHOLE_PROGRAM,
    Message,
    blames_only,
    compiler_words,
    explain,
    place_of,
    read_messages,
    user_files,
)
from vyrectl.opencl.source import assemble

ERROR = Message("error", "my ops/a.cl", 3, 13, "use of undeclared identifier 'zz'")


@pytest.mark.parametrize(
    "line",
    [
        "error: my ops/a.cl:3:13: use of undeclared identifier 'zz'",
        "error: my ops/a.cl:3:13 <Spelling=inner.h:1:2>: use of undeclared identifier 'zz'",
        "my ops/a.cl:3:13: error: use of undeclared identifier 'zz'",
        "  my ops/a.cl:3:13: fatal error: use of undeclared identifier 'zz'",
    ],
)
def test_every_wording(line: str) -> None:
    assert read_messages(f"Build on <x>:\n\n{line}\n{line}\n  int y = zz;\n") == (ERROR,)


@pytest.mark.parametrize(
    "line", ["a.cl(7): warning C4: odd", "a.cl(7) : warning: odd", '"a.cl", line 7: warning: odd']
)
def test_wordings_without_columns(line: str) -> None:
    assert read_messages(line) == (Message("warning", "a.cl", 7, 0, "odd"),)
    assert str(read_messages(line)[0]) == "a.cl:7: warning: odd"


@pytest.mark.parametrize(
    "text", ["", "error: ", "2 errors generated.", "error: unknown target CPU 'generic'"]
)
def test_what_is_no_message(text: str) -> None:
    assert read_messages(text) == ()


@pytest.mark.parametrize("name", WHOLE_PROGRAM)
def test_lines_of_the_whole_program_are_led_home(name: str) -> None:
    program = '#line 1 "ours.h"\na;\n#line 7 "mine.cl"\nb;\nc;\n'
    log = f"{name}:5:3: error: no c\n{name}:2:1: note: an a\n{name}:99:1: note: nowhere\n"
    places = [(one.path, one.line, one.column) for one in read_messages(log, program)]
    assert places == [("mine.cl", 8, 3), ("ours.h", 1, 1), (name, 99, 1)]


def test_whose_fault_it_is() -> None:
    program = assemble() + '\n#line 1 "my ops/a.cl"\nint x;\n'
    assert user_files(program) == {"my ops/a.cl"}
    ours = Message("error", "engine/core.h", 1, 1, "x")
    warning = Message("warning", "engine/core.h", 1, 1, "x")
    assert blames_only([ERROR, warning], user_files(program))
    assert not blames_only([ERROR, ours], user_files(program))
    assert not blames_only([warning], user_files(program))
    assert not blames_only([], frozenset())


def test_places() -> None:
    program = '#line 1 "a"\none\ntwo\n#line 7 "b"\nthree\n'
    assert [place_of(program, program.index(word)) for word in ("one", "two", "three")] == [
        ("a", 1),
        ("a", 2),
        ("b", 7),
    ]


def test_the_line_is_shown_with_a_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.cl"
    path.write_text("one\n\tint y = zz;\n" + "long" * 100 + "\n")
    shown = explain([Message("error", str(path), line, 10, "odd") for line in (2, 3, 9)])
    assert shown == (
        f"{path}:2:10: error: odd\n  \tint y = zz;\n  \t        ^\n{path}:3:10: error: odd\n{path}:9:10: error: odd"
    )


def test_a_long_log_is_cut() -> None:
    shown = explain([Message("error", "none.cl", n, 1, "odd") for n in range(SHOWN_MESSAGES + 5)])
    assert shown.splitlines()[-1] == "... and 5 more"
    assert len(shown.splitlines()) == SHOWN_MESSAGES + 1


def test_the_wrapping_is_taken_off() -> None:
    log = (
        "clBuildProgram failed: BUILD_PROGRAM_FAILURE\n\nBuild on <pyopencl.Device 'x' at 0x1>:\n\nkernel.cl:3: oh\n"
        "kernel.cl:3: oh\nDevice x failed to build the program\n\n(options: -cl-std=CL1.2)\n(source saved as /a.cl)"
    )
    assert compiler_words(log) == "kernel.cl:3: oh"
    assert compiler_words("no words of a compiler") == "no words of a compiler"
