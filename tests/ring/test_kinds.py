"""Every file of the defining runtime is told for what it is, and no ring is taken for something else."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import dumps
from vyrectl.abi.slot import SLOT_STRUCT
from vyrectl.errors import OtherKindError
from vyrectl.protocol.control import encode_control
from vyrectl.protocol.io_queue import IoRecord, encode_io_queue
from vyrectl.protocol.lengths import empty_debug_log
from vyrectl.ring.dumps import find_parts
from vyrectl.ring.file import Ring
from vyrectl.ring.kinds import Certainty, FileKind, Verdict, identify, identify_file
from vyrectl.ring.refusals import other_kind_error
from vyrectl.ring.synthetic import synthesize

PREFIXES = {
    "control-": FileKind.CONTROL,
    "debug-": FileKind.DEBUG_LOG,
    "io-": FileKind.IO_QUEUE,
    "kernel-": FileKind.BUFFERS,
    "log-": FileKind.REPLAY_LOG,
    "policy-": FileKind.TEXT,
    "publish-": FileKind.RING,
    "ring-": FileKind.RING,
    "tables-": FileKind.TEXT,
    "v072-log-": FileKind.REPLAY_LOG,
}
NAMES = {"control": "control", "ring": "ring", "debug": "debug_log", "io": "io_queue"}


def look(data: bytes) -> Verdict:
    return identify(memoryview(data))


@pytest.mark.parametrize("name", dumps.names())
def test_a_file_of_the_runtime_is_told_for_what_it_is(name: str) -> None:
    expected = next(kind for prefix, kind in PREFIXES.items() if name.startswith(prefix))
    verdict = identify_file(dumps.path(name))
    assert verdict.kind is expected
    assert verdict.reasons
    refused = other_kind_error(verdict, name, override="--offset 0")
    assert (refused is None) == (expected is FileKind.RING)


@pytest.mark.parametrize("name", dumps.names("kernel-"))
def test_an_all_in_one_file_is_cut_as_its_answer_says(name: str) -> None:
    parts = find_parts(memoryview(dumps.data(name)), has_control=True)
    assert parts is not None
    data = dumps.data(name)
    found = {part.kind: data[part.offset : part.end] for part in parts.parts}
    assert found == {NAMES[kind]: part for kind, part in dumps.parts(name).items()}


@pytest.mark.parametrize("name", dumps.names("kernel-", end=".all.bin"))
@pytest.mark.parametrize(
    "kept",
    [
        ("control", "ring"),
        ("control", "ring", "debug"),
        ("control", "debug"),
        ("control", "debug", "io"),
        ("ring", "debug"),
        ("ring", "debug", "io"),
        ("debug", "io"),
    ],
    ids="+".join,
)
def test_files_without_some_of_the_buffers(name: str, kept: tuple[str, ...]) -> None:
    parts = dumps.parts(name)
    if kept[0] == "debug" and not any(parts["debug"]):
        return  # Zeros alone: a longer log and a ring of Empty slots fit as well.
    expected, data = [], b""
    for kind in kept:
        expected.append((NAMES[kind], len(data), len(parts[kind])))
        data += parts[kind]
    verdict = look(data)
    assert verdict.kind is FileKind.BUFFERS
    assert verdict.parts is not None
    assert [(part.kind, part.offset, part.size_bytes) for part in verdict.parts.parts] == expected


def test_a_known_slot_total_settles_where_the_ring_begins() -> None:
    control = encode_control(tenants=2, observables=20, slots=48)
    data = control + bytes(48 * 64) + empty_debug_log(64) + bytes(2048)
    parts = look(data).parts
    assert parts is not None
    assert parts.certain
    assert [part.size_bytes for part in parts.parts] == [len(control), 48 * 64, 1028, 2048]


def test_the_number_of_slots_can_be_given() -> None:
    control = encode_control(tenants=2, observables=0)
    data = memoryview(control + bytes(128 * 64) + empty_debug_log(64))
    parts = find_parts(data, has_control=True, slots=128)
    assert parts is not None
    assert [part.size_bytes for part in parts.parts] == [640, 128 * 64, 1028]


@pytest.mark.parametrize(
    "data",
    [
        encode_control(tenants=0, observables=0),
        encode_control(tenants=1, observables=0),
        encode_control(tenants=32, observables=0),
        encode_control(tenants=4, observables=100),
        encode_control(tenants=4, observables=64, slots=1000),
        encode_control(tenants=4, observables=0)[:600],
        encode_control(tenants=4, observables=0)[:260],
    ],
)
def test_control_buffers_of_every_shape(data: bytes) -> None:
    verdict = look(data)
    assert verdict.kind is FileKind.CONTROL
    assert not verdict.may_be_ring


def test_a_queue_of_requests_in_every_state_is_no_ring() -> None:
    statuses = (1, 2, 3, 4, 5, 6, 7, 0x10, 0x11)
    records = [
        IoRecord(1 + number % 3, number, 90 + number, number << 33, 4096 + number, status, 7 * number)
        for number, status in enumerate(statuses)
    ]
    assert look(encode_io_queue(records)).kind is FileKind.IO_QUEUE
    assert look(encode_io_queue(records, capacity=64)).kind is FileKind.IO_QUEUE


@given(st.integers(1, 400), st.integers(0, 1 << 32))
def test_a_ring_that_we_make_is_a_ring(count: int, seed: int) -> None:
    data = synthesize(count, seed).tobytes()
    for cut in (data, data + bytes(64 * count)):
        assert look(cut).kind is FileKind.RING


def test_a_ring_in_the_other_byte_order_is_no_other_buffer() -> None:
    for seed in range(20):
        slots = synthesize(40 + 13 * seed, seed)
        swapped = struct.pack(f">{len(slots) * 16}I", *struct.unpack(f"<{len(slots) * 16}I", slots.tobytes()))
        assert look(swapped).may_be_ring


@given(
    st.lists(
        st.tuples(
            st.integers(0, 7),
            st.integers(0, 1 << 17),
            st.integers(0, 40),
            st.integers(0, 4),
            *[st.integers(0, 20)] * 6,
            st.integers(0, 1000),
            st.integers(0, 3),
            st.integers(20, 40),
            *[st.integers(0, 20)] * 2,
            st.integers(0, 15),
        ),
        min_size=1,
        max_size=80,
    )
)
def test_rings_of_small_words_are_never_refused(slots: list[tuple[int, ...]]) -> None:
    data = b"".join(SLOT_STRUCT.pack(*words) for words in slots)
    assert look(data).may_be_ring


@given(st.binary(max_size=3000))
def test_any_bytes_give_an_answer(data: bytes) -> None:
    verdict = look(data)
    assert verdict.reasons
    assert verdict.noun


@given(st.lists(st.sampled_from([0, 1, 2, 3, 4, 16, 64, 0xFFFF_FFFF, 1_000_000]), max_size=700))
def test_any_words_give_an_answer(words: list[int]) -> None:
    verdict = look(struct.pack(f"<{len(words)}I", *words))
    if verdict.parts is not None:
        assert sum(part.size_bytes for part in verdict.parts.parts) == 4 * len(words)


def test_zeros_are_a_ring_of_empty_slots_and_nobody_is_sure() -> None:
    verdict = look(bytes(2048))
    assert (verdict.kind, verdict.certainty) == (FileKind.RING, Certainty.UNSURE)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b'{"schema": "vyrectl.snapshot/1", "ready_count": 3}', FileKind.SNAPSHOT),
        (b'{"schema":"vyrectl.plan/1"}', FileKind.RECORD),
        (b'{"op": "scale", "task_id": 3}\n{"op": "nop"}\n', FileKind.TASKS),
        (b"task_id,op,tenant\n1,scale,0\n", FileKind.TASKS),
        (b'VYRE_OP(0x20000, mine, "does")', FileKind.OPERATIONS),
        (b"some words\n", FileKind.TEXT),
        (b"\x93NUMPY\x01\x00", FileKind.ARRAY),
        (b"\x1f\x8b\x08\x00", FileKind.GZIP),
        (b"VYRELIVE" + bytes(100), FileKind.SIDECAR),
        (b"\x7fELF" + bytes(100), FileKind.FOREIGN),
        (b"", FileKind.EMPTY),
    ],
)
def test_other_files(data: bytes, kind: FileKind) -> None:
    assert look(data).kind is kind


def test_the_library_opens_what_the_commands_refuse(tmp_path: Path) -> None:
    path = tmp_path / "control.bin"
    path.write_bytes(encode_control(tenants=2, observables=0))
    error = other_kind_error(identify_file(path), str(path), override="--offset 0")
    assert isinstance(error, OtherKindError)
    assert "control buffer" in error.what
    assert f"vyrectl control {path}" in str(error.fix)
    with Ring.open(path) as ring:
        assert len(ring) == 10
