"""`vyrectl decode`: every word of a slot with its name, value and meaning."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from vyrectl.abi.limits import SLOT_BYTES
from vyrectl.abi.slot import SLOT_STRUCT
from vyrectl.cli.commands.decode.text import HEX_FIX, looks_like_text, parse_hex
from vyrectl.cli.declared import with_records
from vyrectl.cli.describe import slot_record, word_rows
from vyrectl.cli.options import (
    AbiOption,
    Span,
    Talking,
    check_kind,
)
from vyrectl.cli.output import Output
from vyrectl.cli.payload import packed_rows
from vyrectl.cli.readings import ring_readings, say_readings
from vyrectl.cli.rows import Blocks, Quote, Rows
from vyrectl.cli.slot_records import DecodedNumbered, DecodedSlot, PackedBeside, WordRow
from vyrectl.cli.views.decode import view
from vyrectl.errors import FileError, RingFormatError, UsageError, check_path
from vyrectl.files.whole import read_head, read_stdin, read_whole
from vyrectl.ring.file import Ring
from vyrectl.ring.reading import Abi, Readings

SNIFFED_BYTES = 4096
"""How much of a file tells hex text from raw slots."""

ROW_KEYS = ("slot", "word", "name", "value", "hex", "meaning")


@with_records
def command(
    slots: Annotated[
        list[str] | None,
        typer.Argument(metavar="[HEX|FILE|-]...", help="Hex digits, a file, or - for standard input."),
    ] = None,
    *,
    as_hex: Annotated[
        bool, typer.Option("--hex", help="The argument is hex, even if a file has that name.")
    ] = False,
    as_raw: Annotated[
        bool, typer.Option("--raw", help="The file holds raw slots, even if it reads as text.")
    ] = False,
    abi: AbiOption = Abi.AUTO,
    span: Span,
    printed: Talking,
) -> None:
    """Explain every word of a slot.

    Takes hex in memory order (white space, line ends and 0x do no harm), a file of raw slots or of hex text,
    or - for standard input, which is also read when nothing is named. A name that is both a file and hex is
    the file, unless --hex is given.

    \b
    Examples:
      vyrectl decode ring.bin --offset 128 --count 1
      vyrectl encode --op nop | vyrectl decode
    """
    output = printed.output()
    asked = abi
    if as_hex and as_raw:
        raise UsageError("--hex and --raw exclude each other", fix="Leave one of them out")
    with _open(slots or ["-"], span, as_hex=as_hex, as_raw=as_raw) as ring:
        readings = ring_readings(ring, asked)
        say_readings(output, readings)
        _emit(output, ring, readings)


def _emit(output: Output, ring: Ring, readings: Readings) -> None:
    rows = Rows(ROW_KEYS, _word_blocks(ring.data, readings))
    if len(ring) == 0:
        raise RingFormatError("there is no slot here", where=ring.name, fix=HEX_FIX)
    if len(ring) == 1:
        words = SLOT_STRUCT.unpack(ring.data)
        output.emit("decode", _full(words, readings), view, rows=rows)
    elif output.format in ("json", "table"):
        output.emit("decode", {}, view, rows=_slot_rows(ring.data, readings), rows_key="slots")
    else:
        output.emit("decode", {}, view, rows=rows)


def _open(arguments: list[str], span: Span, *, as_hex: bool, as_raw: bool) -> Ring:
    """The slots that the arguments hold or name."""
    name = arguments[0]
    if len(arguments) > 1 or as_hex:
        data, where = parse_hex(" ".join(arguments).encode("utf-8", "replace"), "argument"), "argument"
    elif name == "-":
        data, where = read_stdin(), "standard input"
        if not as_raw and not looks_like_text(data):
            check_kind(Path(name), span, data)
        data = _from_text(data, where, as_raw=as_raw)
    elif _is_file(name):
        if _is_raw(Path(name), as_raw):
            if not as_raw:
                check_kind(Path(name), span)
            return Ring.open(name, offset=span.start, count=span.slots)
        data, where = _from_text(_read_file(Path(name)), name, as_raw=as_raw), name
    elif as_raw or not _may_be_hex(name):
        raise FileError("no such file, and it is no hex either", where=name, fix=check_path(name))
    else:
        data, where = parse_hex(name.encode("utf-8", "replace"), "argument"), "argument"
    if not as_raw and span.slots is None and len(data) % SLOT_BYTES:
        error = RingFormatError.left_over_bytes(len(data), slot_bytes=SLOT_BYTES, where=where)
        error.fix = HEX_FIX
        raise error
    return Ring.from_bytes(data, where, offset=span.start, count=span.slots)


def _from_text(data: bytes, where: str, *, as_raw: bool) -> bytes:
    return data if as_raw or not looks_like_text(data) else parse_hex(data, where)


def _is_file(name: str) -> bool:
    try:
        return name != "" and os.path.exists(name)
    except (OSError, ValueError):
        return False


def _may_be_hex(name: str) -> bool:
    """A mistyped path is told from mistyped hex by its separators, its suffix, or too few hex digits."""
    digits = sum(char in "0123456789abcdefABCDEFxX" for char in name)
    return "/" not in name and "." not in name and 2 * digits >= len(name)


def _is_raw(path: Path, as_raw: bool) -> bool:
    """True for a file that can be mapped and holds, or shall hold, raw slots."""
    return os.path.isfile(path) and (as_raw or not looks_like_text(_read_file(path, SNIFFED_BYTES)))


def _read_file(path: Path, most: int | None = None) -> bytes:
    doing = "read the slots"
    return read_whole(path, doing=doing) if most is None else read_head(path, most, doing=doing)


def _slot_rows(data: memoryview, readings: Readings) -> Iterator[DecodedNumbered]:
    for number, words in enumerate(SLOT_STRUCT.iter_unpack(data)):
        yield {"slot": number, **_full(words, readings)}


def _full(words: tuple[int, ...], readings: Readings) -> DecodedSlot:
    packed = packed_rows(words)
    inner: PackedBeside = {} if packed is None else {"packed": packed}
    return {
        **slot_record(words, arguments=readings.is_protocol(words[1])),
        "words": _words(words, readings),
        **inner,
    }


def _words(words: tuple[int, ...], readings: Readings) -> list[WordRow]:
    return word_rows(words, arguments=readings.is_protocol(words[1]))


def _word_blocks(data: memoryview, readings: Readings) -> Blocks:
    def blocks(quote: Quote) -> Iterator[list[tuple[object, ...]]]:
        for number, words in enumerate(SLOT_STRUCT.iter_unpack(data)):
            yield [
                (
                    number,
                    row["word"],
                    quote(row["name"]),
                    row["value"],
                    quote(row["hex"]),
                    quote(row["meaning"]),
                )
                for row in _words(words, readings)
            ]

    return blocks
