"""Writes `kernels/include/vyre_abi.h` from the wire's data, so that C and Python cannot disagree.

Imports `abi` for the layout and `task.lifecycle` for what each transition does to the flags; that is why the
generator stands up here and not in `abi`. The header is plain C that OpenCL C 1.2 accepts; it holds layouts
and numbers, no operations.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vyrectl.abi import control, faults, limits, opcodes
from vyrectl.abi.slot import FIELDS
from vyrectl.abi.states import (
    SCHEDULABLE,
    STATE_MEANINGS,
    TRANSITIONABLE,
    TaskFlag,
    TaskPriority,
    TaskState,
)
from vyrectl.task.lifecycle import TRANSITIONS, Transition

_Macro = tuple[str, int | str, str]
"""Name without its prefix, value, and a comment that may be empty."""

_OPENING = """\
/* vyre_abi.h: the task ring's wire (spec 1.1-1.6, 3.1, 3.3) for C and OpenCL C.
 *
 * Generated from vyrectl/abi/ and vyrectl/task/lifecycle.py: python -m vyrectl.devtools generate
 *
 * Layouts and numbers only. Every word is a little-endian 32-bit unsigned integer.
 */
#ifndef VYRE_ABI_H
#define VYRE_ABI_H

#ifdef __OPENCL_VERSION__
typedef uint vyre_u32;
#else
#include <stdint.h>
typedef uint32_t vyre_u32;
#endif
"""

_CLOSING = "\n#endif /* VYRE_ABI_H */\n"


def c_header() -> str:
    """The whole text of `vyre_abi.h`, ending in a newline."""
    sections = (
        _section("Limits", _limits()),
        _section("Index of each word of a slot (spec 1.2)", _words()),
        _slot_struct(),
        _section("States, word 0 (spec 1.3)", _states()),
        _section("Sets of states; bit n stands for state n", _state_sets()),
        _section("Priorities, word 3 (spec 1.4)", _priorities()),
        _section("Flag bits, word 15 (spec 1.5)", _flags()),
        _section("What each action does to flags: flags = (flags | SET) & ~CLEAR (spec 1.6)", _actions()),
        _section("Control opcodes, word 1 (spec 3.3)", _opcodes()),
        _section("Fault codes of the engine, word 8 of a Faulted slot", _faults()),
        _section("Control buffer: first word of each region, and its length past one (spec 3.1)", _control()),
    )
    return _OPENING + "".join(f"\n{text}" for text in sections) + _CLOSING


def _section(title: str, macros: Iterable[_Macro]) -> str:
    return f"/* {title} */\n" + "".join(f"{_define(*macro)}\n" for macro in macros)


def _define(name: str, value: int | str, comment: str) -> str:
    line = f"#define VYRE_{name:<32} {value if isinstance(value, str) else f'{value}u'}"
    return beside(f"{line:<60}", comment)


COLUMNS = 110
"""Where a line of the device code ends."""


def beside(line: str, comment: str) -> str:
    """A line of C with its comment: behind it, or above it where that passes the right edge; none for an empty one."""
    if not comment:
        return line.rstrip()
    whole = f"{line} /* {comment} */"
    if len(whole) <= COLUMNS:
        return whole
    indent = line[: len(line) - len(line.lstrip())]
    return f"{indent}/* {comment} */\n{line.rstrip()}"


def _hex(value: int) -> str:
    return f"0x{value:08x}u"


def _limits() -> Iterator[_Macro]:
    yield "U32_MAX", _hex(limits.U32_MAX), ""
    yield "WORD_BYTES", limits.WORD_BYTES, ""
    yield "SLOT_WORDS", limits.SLOT_WORDS, ""
    yield "SLOT_BYTES", limits.SLOT_BYTES, ""
    yield "MAX_SLOTS", limits.MAX_SLOTS, "every word of a ring has a u32 index"
    yield "NEVER_EPOCH", _hex(limits.NEVER_EPOCH), "a resume_epoch that no epoch reaches"


def _words() -> Iterator[_Macro]:
    return ((f"WORD_{field.name.upper()}", field.index, "") for field in FIELDS)


def _slot_struct() -> str:
    members = "".join(
        beside(f"    {f'vyre_u32 {field.name};':<31}", f"byte {field.offset_bytes}: {field.meaning}") + "\n"
        for field in FIELDS
    )
    size = limits.SLOT_BYTES
    return (
        "/* One slot. A worker that does not own the slot may touch `state` alone, and that atomically. */\n"
        f"typedef struct vyre_slot {{\n{members}}} vyre_slot;\n"
        f"typedef char vyre_slot_is_{size}_bytes[sizeof(vyre_slot) == {size} ? 1 : -1];\n"
    )


def _states() -> Iterator[_Macro]:
    return ((f"STATE_{state.name}", int(state), STATE_MEANINGS[state]) for state in TaskState)


def _state_sets() -> Iterator[_Macro]:
    yield "STATE_COUNT", len(TaskState), "words from here on are unknown"
    yield "SCHEDULABLE_STATES", _hex(_bits(SCHEDULABLE)), "a worker may claim these"
    yield "TRANSITIONABLE_STATES", _hex(_bits(TRANSITIONABLE)), "every action but resume starts here"


def _bits(states: Iterable[TaskState]) -> int:
    return sum(1 << state for state in states)


def _priorities() -> Iterator[_Macro]:
    yield from ((f"PRIORITY_{priority.name}", int(priority), "") for priority in TaskPriority)
    yield "PRIORITY_COUNT", len(TaskPriority), "words from here on are unknown"


def _flags() -> Iterator[_Macro]:
    return ((f"FLAG_{flag.name}", _hex(flag), "") for flag in TaskFlag)


def _actions() -> Iterator[_Macro]:
    for row in TRANSITIONS.values():
        yield from _action(row)


def _action(row: Transition) -> Iterator[_Macro]:
    name = row.action.upper()
    yield f"{name}_SET_FLAGS", _hex(row.set_flags), row.meaning
    yield f"{name}_CLEAR_FLAGS", _hex(row.clear_flags), ""


def _opcodes() -> Iterator[_Macro]:
    yield from ((f"OP_{op.name.upper()}", _hex(op.code), op.effect) for op in opcodes.CONTROL_OPCODES)
    yield "OP_SHIPPED_FIRST", _hex(opcodes.SHIPPED_FIRST), "operations that come with vyrectl"
    yield "OP_SHIPPED_LAST", _hex(opcodes.SHIPPED_LAST), ""
    yield "METRIC_OPCODES", opcodes.METRIC_OPCODES, "opcodes below have a metric word"


def _faults() -> Iterator[_Macro]:
    yield "FIRST_ENGINE_FAULT", _hex(faults.FIRST_ENGINE_FAULT), "an operation's own codes stay below"
    yield from (
        (f"FAULT_{fault.name.upper()}", _hex(fault.code), fault.meaning) for fault in faults.ENGINE_FAULTS
    )


def _control() -> Iterator[_Macro]:
    for region in control.REGIONS:
        yield f"CONTROL_{region.name}", region.first, region.meaning
        if region.words > 1:
            yield f"CONTROL_{region.name}_WORDS", region.words, ""
    yield "OBSERVABLE_FIRST", control.OBSERVABLE_FIRST, "also the least length of a control buffer"
    yield "STARVATION_LIMIT", control.STARVATION_LIMIT, "claims above Normal in a row"
