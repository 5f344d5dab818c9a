"""What a feed is made of: lines, commands, what lines mean, ids, free slots, sources."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.engine.ops import float_codes, op_codes
from vyrectl.errors import FileError, InvalidInputError, UsageError
from vyrectl.live.commands import Command, is_command, read_command
from vyrectl.live.ids import IdSet
from vyrectl.live.lines import MAX_LINE_BYTES, Block, LineCutter
from vyrectl.live.places import FreeSlots
from vyrectl.live.reader import Entry, FeedReader, Refusal
from vyrectl.live.source import FeedSource
from vyrectl.ring.values import ValueReader

VALUES = ValueReader(op_codes())


@given(
    st.binary(max_size=200).map(lambda b: b.replace(b"\x00", b"\n")), st.lists(st.integers(1, 20), min_size=1)
)
def test_lines_do_not_depend_on_how_they_were_cut(data: bytes, sizes: list[int]) -> None:
    cutter, at, turn = LineCutter(), 0, 0
    lines: list[bytes] = []
    while at < len(data):
        block = cutter.feed(data[at : at + sizes[turn % len(sizes)]])
        assert block.first == len(lines) + 1 or not block.lines
        lines += block.lines
        at += sizes[turn % len(sizes)]
        turn += 1
    *whole, rest = data.split(b"\n")
    assert lines == whole
    assert cutter.end().lines == ([rest] if rest else [])


def test_a_line_without_end_is_not_kept() -> None:
    cutter = LineCutter()
    for _ in range(5):
        assert not cutter.feed(b"x" * MAX_LINE_BYTES).lines
    block = cutter.feed(b"x\nnext\n")
    assert (block.lines, block.too_long) == ([b"", b"next"], (1,))
    cutter.feed(b"y" * (MAX_LINE_BYTES + 1))
    assert cutter.end().too_long == (3,)
    assert cutter.feed(b"a\n").first == 1


@pytest.mark.parametrize(
    ("pairs", "command"),
    [
        ((("epoch", 5),), Command("epoch", epoch=5)),
        ((("epoch", "+2"),), Command("epoch", epoch=2, relative=True)),
        ((("pause", 7),), Command("pause", 7)),
        (
            (("pause", "tenant == 3"), ("epoch", "never")),
            Command("pause", "tenant == 3", {"epoch": 0xFFFFFFFF}),
        ),
        ((("requeue", 7), ("priority", "high"), ("pc", 4)), Command("requeue", 7, {"priority": 1, "pc": 4})),
        ((("shutdown", True),), Command("shutdown")),
    ],
)
def test_commands(pairs: tuple[tuple[str, object], ...], command: Command) -> None:
    assert is_command(pairs)
    assert read_command(pairs, VALUES) == command


@pytest.mark.parametrize(
    "pairs",
    [
        (("epoch", -1),),
        (("epoch", "+x"),),
        (("epoch", True),),
        (("epoch", 1.5),),
        (("pause", None),),
        (("pause", 1), ("pause", 1)),
        (("pause", 1), ("resume", 1)),
        (("resume", 1), ("epoch", 2)),
        (("requeue", 1), ("priority", "urgent")),
        (("shutdown", 1),),
        (("shutdown", True), ("now", True)),
    ],
)
def test_bad_commands_are_refused(pairs: tuple[tuple[str, object], ...]) -> None:
    with pytest.raises((InvalidInputError, UsageError)):
        read_command(pairs, VALUES)


def test_an_epoch_among_other_keys_is_a_field() -> None:
    assert not is_command((("epoch", 5), ("task_id", 1)))


def read(*lines: bytes, whole: bool = True) -> list[Entry]:
    return list(FeedReader(op_codes(), "feed").read(Block(1, list(lines)), whole=whole))


def test_a_block_of_tasks_is_one_batch() -> None:
    (tasks,) = read(b'{"task_id": 1, "op": "spin"}', b"", b' {"task_id": 2, "priority": "high"} ')
    assert isinstance(tasks, np.ndarray)
    assert tasks["task_id"].tolist() == [1, 2]
    assert tasks["op_handle"].tolist() == [0x1005, 0]
    assert tasks["state"].tolist() == [1, 1]


def test_what_is_between_tasks_keeps_its_place() -> None:
    first, refusal, command, second = read(
        b'{"task_id": 1}', b"nonsense", b'{"epoch": 3}', b'{"task_id": 2}', b'{"task_id": 3}'
    )
    assert isinstance(first, np.ndarray)
    assert isinstance(refusal, Refusal)
    assert refusal.line == 2
    assert command == Command("epoch", epoch=3)
    assert isinstance(second, np.ndarray)
    assert (first["task_id"].tolist(), second["task_id"].tolist()) == ([1], [2, 3])


@pytest.mark.parametrize(
    "line",
    [
        b'{"op": "nop"}',
        b'{"task_id": 1, "state": "done"}',
        b'{"task_id": 1, "state": 99}',
        b'{"task_id": 1, "op": "nosuch"}',
        b'{"task_id": 4294967296}',
        b'{"task_id": 1, "task_id": 1}',
        b'{"task_id": [1]}',
        b"[1]",
        b"17",
        b"\xff\xfe",
        b'{"task_id": 1} {"task_id": 2}',
        b'{"task_id": 1},0,{"task_id": 2}',
        b"[" * 5000,
    ],
)
def test_a_bad_line_is_refused_alone(line: bytes) -> None:
    before, refusal, after = read(b'{"task_id": 8}', line, b'{"task_id": 9}')
    assert isinstance(refusal, Refusal)
    assert refusal.line == 2
    assert isinstance(before, np.ndarray)
    assert isinstance(after, np.ndarray)
    assert (before["task_id"].tolist(), after["task_id"].tolist()) == ([8], [9])


def test_lines_never_grow_together() -> None:
    entries = read(b'{"task_id": 1, "param": [7', b"8]}", b'{"task_id": 2},0,{"task_id": 3}')
    assert [entry.line for entry in entries if isinstance(entry, Refusal)] == [1, 2, 3]


def test_an_unfinished_line_says_so() -> None:
    (refusal,) = read(b'{"task_id": 1', whole=False)
    assert isinstance(refusal, Refusal)
    assert "unfinished" in refusal.what
    (tasks,) = read(b'{"task_id": 1}', whole=False)
    assert isinstance(tasks, np.ndarray)


@given(st.lists(st.lists(st.integers(0, 40), max_size=30), max_size=8))
def test_ids_are_new_once(batches: list[list[int]]) -> None:
    ids, seen = IdSet(), set[int]()
    for batch in batches:
        array = np.array(batch, np.uint32)
        mask = ids.fresh(array).tolist()
        expected = [one not in seen and one not in batch[:at] for at, one in enumerate(batch)]
        assert mask == expected
        ids.add(array)
        seen.update(batch)
        unused = ids.unused(5).tolist()
        assert len(set(unused)) == 5
        assert not seen & set(unused)
        assert 0 not in unused


def test_the_largest_id_is_an_id() -> None:
    ids = IdSet()
    ids.add(np.array([0xFFFFFFFF, 0], np.uint32))
    assert ids.holds(np.array([0, 1, 0xFFFFFFFE, 0xFFFFFFFF], np.uint32)).tolist() == [
        True,
        False,
        False,
        True,
    ]


def test_free_slots_are_used_in_turn() -> None:
    free = FreeSlots(3, np.array([2, 0, 1]))
    assert free.take(2).tolist() == [2, 0]
    free.put(np.array([2]))
    assert free.take(5).tolist() == [1, 2]
    assert len(free) == 0


def test_a_fifo_is_made_and_outlives_its_writers(tmp_path: Path) -> None:
    path = tmp_path / "feed"
    source = FeedSource(str(path))
    assert source.read(0.01) is None

    def write(text: bytes) -> None:
        with path.open("wb") as writer:
            writer.write(text)

    seen = b""
    for text in (b"one\n", b"two\n"):
        writer = threading.Thread(target=write, args=(text,))
        writer.start()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and (data := source.read(0.05)) != b"":
            seen += data or b""
        writer.join()
        assert not source.ended
    assert seen == b"one\ntwo\n"
    source.close()
    assert not path.exists()


def test_a_file_is_read_to_its_end_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "tasks.jsonl"
    path.write_bytes(b"x\n")
    source = FeedSource(str(path))
    assert source.read(1.0) == b"x\n"
    assert source.read(1.0) == b""
    assert source.ended
    source.close()
    assert path.exists()


def test_a_feed_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(FileError):
        FeedSource(str(tmp_path / "missing" / "feed"))
    with pytest.raises(FileError):
        FeedSource(str(tmp_path)).read(0.0)


def test_dtype_of_a_batch() -> None:
    (tasks,) = read(b'{"task_id": 1}')
    assert isinstance(tasks, np.ndarray)
    assert tasks.dtype == SLOT_DTYPE


def test_a_float_stands_where_the_operation_takes_one() -> None:
    lines = [
        b'{"task_id": 1, "op": "scale", "param": "1.5f"}',
        b'{"task_id": 2, "op": "spin", "param": "1.5f"}',
    ]
    reader = FeedReader(op_codes(), "feed", float_codes())
    tasks, refusal = reader.read(Block(1, lines), whole=True)
    assert not isinstance(tasks, Refusal | Command)
    assert tasks["param"].tolist() == [0x3FC00000]
    assert isinstance(refusal, Refusal)
    assert (refusal.line, "spin" in refusal.what) == (2, True)
