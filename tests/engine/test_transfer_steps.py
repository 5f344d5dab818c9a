from __future__ import annotations

from pathlib import Path

import pytest

from vyrectl.engine.converge import BODIES
from vyrectl.engine.transfer_steps import find_step, load_steps, scan_steps, shipped_steps
from vyrectl.errors import FileError, InvalidInputError, UnknownNameError, UsageError

TWO = """\
// VYRE_STEP(commented, "is none")
#define MADE VYRE_STEP(made, "is none")
VYRE_STEP(first,
          "with \\"quotes\\", says VYRE_STEP(text)") { return 0u; }
  VYRE_STEP( second , "of two" ) { return 1u; }
"""


def test_every_shipped_step_has_a_twin_in_python() -> None:
    assert {step.name for source in shipped_steps() for step in source.steps} == set(BODIES)
    for source in shipped_steps():
        for step in source.steps:
            assert step.shipped
            assert step.doc


def test_steps_are_found_with_their_lines() -> None:
    steps = scan_steps(TWO, Path("two.cl")).steps
    assert [(step.name, step.line, step.function) for step in steps] == [
        ("first", 3, "vyre_step_first"),
        ("second", 5, "vyre_step_second"),
    ]
    assert steps[1].doc == "of two"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("VYRE_STEP(a)", "not declared as VYRE_STEP"),
        ("\nVYRE_STEP(a, b)", "a.cl, line 2"),
        ('VYRE_STEP(1a, "b")', "not declared"),
        ('VYRE_STEP(a, "b") VYRE_STEP(a, "b")', "the name 'a' is taken"),
        ('VYRE_STEP(distribution, "b")', "the name 'distribution' is taken"),
        ("uint f(void);", "no transfer step"),
    ],
)
def test_bad_sources_are_refused(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "a.cl"
    path.write_text(text)
    with pytest.raises(InvalidInputError) as caught:
        load_steps(path)
    assert says in str(caught.value)


def test_a_missing_source(tmp_path: Path) -> None:
    with pytest.raises(FileError):
        load_steps(tmp_path / "absent.cl")


def test_which_step_is_meant() -> None:
    two = scan_steps(TWO, Path("two.cl"))
    one = scan_steps('VYRE_STEP(only, "one")', Path("one.cl"))
    assert find_step("second", two) == (two.steps[1], two)
    assert find_step("reachability", two)[0].shipped
    assert find_step(None, one)[0].name == "only"
    with pytest.raises(UsageError, match="first, second"):
        find_step(None, two)
    with pytest.raises(UnknownNameError, match="'reachability'"):
        find_step("reachabilty")


def test_documentation_may_be_several_literals() -> None:
    text = 'VYRE_STEP(mine,\n          "first "\n          "second") { return 0u; }'
    [step] = scan_steps(text, Path("mine.cl")).steps
    assert step.doc == "first second"
