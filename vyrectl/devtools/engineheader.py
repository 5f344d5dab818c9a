"""Writes `kernels/include/vyre_engine.h` from `vyrectl.abi`: the engine's own layout, and what the probe asks of it.

Imports `abi` alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from vyrectl.abi import checks, engine, loop
from vyrectl.abi.layout import Member, RecordLayout, Word, Words
from vyrectl.abi.limits import U32_MAX
from vyrectl.abi.questions import QUESTIONS, word_name

_OPENING = """\
/* vyre_engine.h: what the engine's kernels and the host share beside the wire, for OpenCL C.
 *
 * Generated from vyrectl/abi/engine.py, checks.py and loop.py: python -m vyrectl.devtools generate
 *
 * Layouts and numbers only. The probe of every device answers VYRE_QUESTIONS before the first launch on it.
 */
#ifndef VYRE_ENGINE_H
#define VYRE_ENGINE_H
"""

_CLOSING = "\n#endif /* VYRE_ENGINE_H */\n"

_TYPES = {"u4": "uint", "u8": "ulong"}


def engine_header() -> str:
    """The whole text of `vyre_engine.h`, ending in a newline."""
    payload = {"HANDOFF_PAYLOAD": (checks.HANDOFF_PAYLOAD, "words that go along with the baton")}
    sections = (
        _numbers(engine.NUMBERS),
        *(_record(one) for one in engine.RECORDS),
        *(_words(one) for one in engine.LAYOUTS),
        _words(checks.HANDOFF),
        _numbers(payload),
        _words(checks.DOCTOR),
        _record(loop.OPERAND_ROW),
        _words(loop.LOOP),
        _numbers(loop.NUMBERS),
        _questions(),
    )
    return _OPENING + "".join(f"\n{text}" for text in sections) + _CLOSING


def _numbers(numbers: Mapping[str, tuple[int, str]]) -> str:
    return "".join(_define(f"VYRE_{name}", value, meaning) for name, (value, meaning) in numbers.items())


def _words(layout: Words) -> str:
    return f"/* {layout.meaning}. */\n" + "".join(_word_lines(layout))


def _word_lines(layout: Words) -> Iterator[str]:
    for word in layout.words:
        yield _word(layout, word)
    if layout.size:
        yield _define(word_name(layout, "WORDS"), layout.size, "")


def _word(layout: Words, word: Word) -> str:
    name = word_name(layout, word.name)
    if not word.stride:
        return _define(name, word.index, word.meaning)
    return _line(f"#define {name}(class)", f"({word.index}u + (class) * {word.stride}u)", word.meaning)


def _record(record: RecordLayout) -> str:
    members = "".join(_member(one) for one in record.members)
    return f"/* {record.meaning}. */\ntypedef struct {{\n{members}}} {record.name};\n"


def _member(member: Member) -> str:
    count = f"[{member.count}]" if member.count else ""
    return f"    {f'{_TYPES[member.width]} {member.name}{count};':<32}/* {member.meaning} */\n"


def _questions() -> str:
    rows = (f"    VYRE_ASK_{one.asks}({', '.join(one.arguments)})" for one in QUESTIONS)
    return "/* What the probe asks, in the order of its answers. */\n" + _macro("VYRE_QUESTIONS", rows)


def _macro(name: str, rows: Iterable[str]) -> str:
    return " \\\n".join((f"#define {name}", *rows)) + "\n"


def _define(name: str, value: int, meaning: str) -> str:
    return _line(f"#define {name}", "0xffffffffu" if value == U32_MAX else f"{value}u", meaning)


def _line(defined: str, value: str, meaning: str) -> str:
    line = f"{defined:<33} {value}"
    return f"{line:<46} /* {meaning} */\n" if meaning else f"{line}\n"
