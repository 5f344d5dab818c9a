"""What the probe asks of a device before the first launch on it, and what the answers must be. Standard library only.

The questions go into `vyre_engine.h` in this order, the host compares in the same: neither side writes one by hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from vyrectl.abi import engine
from vyrectl.abi.layout import RecordLayout, Words
from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.abi.slot import FIELDS
from vyrectl.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """One number that a device answers with.

    Attributes:
        asks: Its macro in C after `VYRE_ASK_`.
        arguments: What the macro gets.
        what: What an error calls it.
        answer: What it must be.
    """

    asks: Literal["SIZE", "OFFSET", "NUMBER"]
    arguments: tuple[str, ...]
    what: str
    answer: int


_NAMES = {"vyre_buffer": "buffer row", "vyre_witness": "witness", "vyre_trace_record": "trace record"}


def word_name(layout: Words, name: str) -> str:
    """A word of a layout, in C."""
    return f"VYRE_{layout.name}_{name}"


def _slot() -> Iterator[Question]:
    yield Question("SIZE", ("vyre_slot",), "sizeof(slot)", SLOT_BYTES)
    for field in FIELDS:
        yield Question("OFFSET", ("vyre_slot", field.name), f"offset of {field.name}", field.offset_bytes)


def _record(record: RecordLayout) -> Iterator[Question]:
    name = _NAMES[record.name]
    yield Question("SIZE", (record.name,), f"sizeof({name})", record.size_bytes)
    for member in record.members:
        place = record.offset_bytes(member.name)
        yield Question("OFFSET", (record.name, member.name), f"offset of {member.name} in a {name}", place)


def _words(layout: Words) -> Iterator[Question]:
    for word in layout.words:
        name = word_name(layout, word.name)
        for number in (0, 1) if word.stride else (0,):
            shown = f"{name}({number}u)" if word.stride else name
            yield Question("NUMBER", (shown,), shown, word.at(number))
    if layout.size:
        name = word_name(layout, "WORDS")
        yield Question("NUMBER", (name,), name, layout.size)


def _numbers() -> Iterator[Question]:
    for name, (value, _) in engine.NUMBERS.items():
        yield Question("NUMBER", (f"VYRE_{name}",), f"VYRE_{name}", value)


QUESTIONS: tuple[Question, ...] = (
    *_slot(),
    *(question for record in engine.RECORDS for question in _record(record)),
    *(question for layout in engine.LAYOUTS for question in _words(layout)),
    *_numbers(),
)
"""Every question, in the order of the answers; the device's byte order comes behind them."""
