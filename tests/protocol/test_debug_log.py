"""Debug logs that the runtime refuses, and texts for their records."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vyrectl.errors import InvalidInputError, MissingWordError, WireBufferError
from vyrectl.protocol.debug_format import format_record, parse_formats
from vyrectl.protocol.debug_log import DebugRecord, decode_debug_log, read_debug_log


def log(cursor: int, *words: int, rest: bytes = b"") -> bytes:
    return struct.pack(f"<{1 + len(words)}I", cursor, *words) + rest


def test_a_log_that_dropped_records() -> None:
    full = log(16, 7, 1, 2, 32, 8, 3, 4, 48)
    with pytest.raises(MissingWordError, match="2 were dropped") as caught:
        decode_debug_log(full)
    assert (caught.value.word, caught.value.byte_length) == (17, 36)
    read = read_debug_log(full)
    assert [(one.format_id, one.slot) for one in read.records] == [(7, 2), (8, 3)]
    assert (read.capacity, read.dropped, read.trailing_bytes, read.odd_words) == (2, 2, 0, 0)


def test_a_cursor_inside_a_record_and_bytes_behind_the_last() -> None:
    read = read_debug_log(log(6, 7, 1, 2, 16, 9, rest=b"\1\2\3"))
    assert (len(read.records), read.dropped, read.odd_words, read.trailing_bytes) == (1, 0, 2, 7)
    with pytest.raises(MissingWordError, match="inside a record"):
        decode_debug_log(log(6, 7, 1, 2, 16))


@pytest.mark.parametrize("data", [b"", b"\1\2\3"])
def test_a_log_without_a_cursor(data: bytes) -> None:
    for read in (read_debug_log, decode_debug_log):
        with pytest.raises(WireBufferError):
            read(data)


@given(st.binary(max_size=200))
def test_any_bytes_can_be_read(data: bytes) -> None:
    try:
        read = read_debug_log(data)
    except WireBufferError:
        assert len(data) < 4
        return
    assert len(read.records) <= read.capacity
    assert read.cursor // 4 == len(read.records) + read.dropped
    assert len(data) == 4 + 16 * read.capacity + read.trailing_bytes


RECORD = DebugRecord(7, (10, 0xFFFF_FFFE, 48))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("%u %d %x", "10 -2 30"),
        ("%i|%u|%X", "10|4294967294|30"),
        ("[%5u] [%-5u] [%05x]", "[   10] [4294967294] [00030]"),
        ("[%-4u]", "[10  ]"),
        ("100%% of %u", "100% of 10"),
        ("%u %u %u %u", "10 4294967294 48 ?"),
        ("%f", "1.4013e-44"),
    ],
)
def test_texts(text: str, shown: str) -> None:
    assert format_record(RECORD, parse_formats({"0x7": text}, "f.json")) == shown


def test_a_float_and_a_record_without_text() -> None:
    formats = parse_formats({"1": "%f"}, "f.json")
    assert format_record(DebugRecord(1, (0x3FC0_0000, 0, 0)), formats) == "1.5"
    assert format_record(RECORD, formats) is None


@pytest.mark.parametrize("table", [{"7": "%s"}, {"7": "%"}, {"7": "%999u"}, {"7": 3}, {"x": ""}, {"-1": ""}])
def test_formats_that_are_refused(table: dict[str, object]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_formats(table, "f.json")
    assert caught.value.where == "f.json"


@given(st.text(max_size=40))
def test_any_text_is_refused_or_shown(text: str) -> None:
    try:
        formats = parse_formats({"7": text}, "f.json")
    except InvalidInputError:
        assert "%" in text
        return
    shown = format_record(RECORD, formats)
    assert shown is not None
    assert len(shown) <= len(text) + 100 * text.count("%")
