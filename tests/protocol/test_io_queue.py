"""I/O queues: the runtime's own decoders agree, and every record survives being written and read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import dumps
from vyrectl.abi.io_queue import IO_STATUS_NAMES, MAX_IO_RECORDS
from vyrectl.abi.limits import U32_MAX, U64_MAX
from vyrectl.errors import BufferTooLongError, InvalidInputError, MisalignedBufferError, MissingWordError
from vyrectl.protocol.io_queue import IoRecord, decode_io_queue, encode_io_queue
from vyrectl.protocol.lengths import byte_length

WORDS = st.integers(0, U32_MAX)
RECORDS = st.builds(IoRecord, WORDS, WORDS, WORDS, st.integers(0, U64_MAX), WORDS, WORDS, WORDS)
PUBLISHED = 1


@pytest.mark.parametrize("name", dumps.names("io-"))
def test_the_runtime_decodes_the_same(name: str) -> None:
    answers = dumps.answers(name)
    records = decode_io_queue(dumps.data(name))
    polled = [
        {
            "slot_idx": index,
            "op_type": one.op,
            "src_handle": one.source,
            "dst_handle": one.destination,
            "offset": one.offset,
            "byte_count": one.byte_count,
            "tag": one.tag,
        }
        for index, one in enumerate(records)
        if one.status == PUBLISHED
    ]
    assert polled == answers["try_poll_io_requests"]
    assert [one.is_free for one in records] == answers["is_recycled"]
    assert all(one.wrong is None for one in records)


@pytest.mark.parametrize("name", dumps.names("kernel-", end=".all.bin"))
def test_queues_of_the_kernels(name: str) -> None:
    answers = dumps.answers(name)["io"]["answers"]
    records = decode_io_queue(dumps.parts(name)["io"])
    assert [one.is_free for one in records] == answers["is_recycled"]
    assert len(answers["try_poll_io_requests"]) == sum(one.status == PUBLISHED for one in records)


@given(st.lists(RECORDS, max_size=MAX_IO_RECORDS))
def test_what_is_written_is_read(records: list[IoRecord]) -> None:
    data = encode_io_queue(records)
    assert len(data) == byte_length("io_queue", len(records))
    assert list(decode_io_queue(data)) == records


def test_a_queue_has_room_for_more() -> None:
    data = encode_io_queue([IoRecord(op=1, status=1)], capacity=64)
    assert len(data) == 2048
    assert [one.is_unused for one in decode_io_queue(data)] == [False] + [True] * 63


@pytest.mark.parametrize(
    ("length", "error"),
    [(3, MisalignedBufferError), (36, MissingWordError), (2080, BufferTooLongError)],
)
def test_what_is_no_queue(length: int, error: type[InvalidInputError]) -> None:
    with pytest.raises(error):
        decode_io_queue(bytes(length))


def test_what_does_not_fit() -> None:
    with pytest.raises(BufferTooLongError):
        encode_io_queue([IoRecord()] * 3, capacity=2)
    with pytest.raises(BufferTooLongError):
        encode_io_queue([IoRecord()] * 65)
    with pytest.raises(InvalidInputError):
        encode_io_queue([IoRecord(offset=1 << 64)])
    assert byte_length("io_queue", 65) is None


@pytest.mark.parametrize(
    ("record", "wrong"),
    [
        (IoRecord(), None),
        (IoRecord(op=9), None),
        (IoRecord(op=3, status=0x10), None),
        (IoRecord(op=4, status=1), "operation 4"),
        (IoRecord(op=1, status=8), "status 8"),
        (IoRecord(op=0, status=99), "status 99"),
    ],
)
def test_wrong_records_are_named(record: IoRecord, wrong: str | None) -> None:
    assert (record.wrong or "").startswith(wrong or "")
    assert (record.wrong is None) == (wrong is None)


def test_every_status_has_a_name() -> None:
    assert set(IO_STATUS_NAMES) == {*range(8), 0x10, 0x11}
    assert IoRecord(op=2, status=0x11).status_name == "ERROR"
    assert IoRecord(op=2).op_name == "WRITE"
