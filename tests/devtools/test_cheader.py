"""The C header against the data it is made from, and in a C compiler."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.needs import needs_tool
from vyrectl.abi import faults, opcodes
from vyrectl.abi.slot import FIELDS
from vyrectl.abi.states import SCHEDULABLE, TRANSITIONABLE, TaskFlag, TaskPriority, TaskState
from vyrectl.devtools.cheader import c_header
from vyrectl.resources import kernels_dir
from vyrectl.task.item import TaskWorkItem
from vyrectl.task.lifecycle import TRANSITIONS

MACROS = {
    name: int(value, 0)
    for name, value in re.findall(r"^#define VYRE_(\w+)\s+(\w+)u\b", c_header(), re.MULTILINE)
}


def test_numbers() -> None:
    wanted = {f"WORD_{field.name.upper()}": field.index for field in FIELDS}
    wanted |= {f"STATE_{state.name}": int(state) for state in TaskState}
    wanted |= {f"PRIORITY_{priority.name}": int(priority) for priority in TaskPriority}
    wanted |= {f"FLAG_{flag.name}": int(flag) for flag in TaskFlag}
    wanted |= {f"OP_{op.name.upper()}": op.code for op in opcodes.CONTROL_OPCODES}
    wanted |= {f"FAULT_{fault.name.upper()}": fault.code for fault in faults.ENGINE_FAULTS}
    wanted |= {"SLOT_WORDS": 16, "SLOT_BYTES": 64, "NEVER_EPOCH": 0xFFFF_FFFF, "STARVATION_LIMIT": 16}
    wanted |= {
        "CONTROL_EPOCH": 128,
        "CONTROL_METRICS": 96,
        "CONTROL_METRICS_WORDS": 32,
        "OBSERVABLE_FIRST": 160,
    }
    assert wanted.items() <= MACROS.items()


def test_sets_of_states() -> None:
    for name, states in (("SCHEDULABLE", SCHEDULABLE), ("TRANSITIONABLE", TRANSITIONABLE)):
        mask = MACROS[f"{name}_STATES"]
        assert {state for state in TaskState if mask >> state & 1} == states


@pytest.mark.parametrize("flags", [0, 0xF, 0xFFFF_FFF0, 0xFFFF_FFFF])
@pytest.mark.parametrize("action", TRANSITIONS)
def test_flag_masks_do_what_the_lifecycle_does(action: str, flags: int) -> None:
    arguments = dict.fromkeys(TRANSITIONS[action].arguments, 0)
    after = TaskWorkItem(state=int(TaskState.PAUSED), flags=flags).apply(action, **arguments).flags
    name = action.upper()
    assert (flags | MACROS[f"{name}_SET_FLAGS"]) & ~MACROS[f"{name}_CLEAR_FLAGS"] & 0xFFFF_FFFF == after


@needs_tool("cc")
def test_a_c_compiler_agrees(tmp_path: Path) -> None:
    checks = "".join(
        f"CHECK(offsetof(vyre_slot, {field.name}) == 4 * VYRE_WORD_{field.name.upper()});\n"
        for field in FIELDS
    )
    source = tmp_path / "check.c"
    source.write_text(
        '#include <stddef.h>\n#include "vyre_abi.h"\n#include "vyre_abi.h"\n'
        "#define CHECK(x) _Static_assert(x, #x)\n"
        f"{checks}CHECK(sizeof(struct vyre_slot) == VYRE_SLOT_BYTES);\n"
    )
    command = ["cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only"]
    done = subprocess.run(
        [*command, f"-I{kernels_dir() / 'include'}", str(source)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
