"""The look before a write: what is no ring is refused, a ring inside a larger file is edited where it lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import dumps
from tests.edit.test_edit import setting
from tests.ring.rings import leftovers, numbered
from vyrectl.edit.recover import recover_ring
from vyrectl.edit.repair import repair_ring
from vyrectl.edit.write import edit_ring
from vyrectl.errors import FileError, NotARingError, RingFormatError
from vyrectl.ring.check import check_file
from vyrectl.ring.file import Ring
from vyrectl.ring.findings.start import find_start
from vyrectl.ring.kinds import identify_file
from vyrectl.ring.looking import look_before_write
from vyrectl.ring.synthetic import synthesize
from vyrectl.sidecar.hold import hold

RING = numbered(200, state=7, continuation_data=5).tobytes()
HEADER = b"DUMP" + bytes(range(1, 253)) * 17 + b"head" * 13
"""4340 bytes that no ring begins with; no whole number of slots."""


def files(folder: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in folder.iterdir()}


@pytest.mark.parametrize(
    "content",
    [
        b"\x7fELF" + bytes(1020),
        b"text only " * 64,
        b"\xff\xee\xdd\xcc" * 160,
        HEADER + RING,
        HEADER[:4288] + RING[:256],
    ],
    ids=["program", "text", "noise", "a header before a ring", "mostly a header"],
)
def test_what_is_no_ring_is_refused_by_every_write(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "dump.bin"
    path.write_bytes(content)
    for write in (
        lambda: look_before_write(path),
        lambda: edit_ring(path, setting(0, state=1)),
        lambda: edit_ring(path, setting(0, state=1), dry_run=True),
        lambda: recover_ring(path),
        lambda: repair_ring(path, backup=True),
    ):
        with pytest.raises((NotARingError, RingFormatError)) as refused:
            write()
        assert refused.value.exit_code == 3
    assert files(tmp_path) == {"dump.bin": content}


def test_the_refusal_names_where_a_ring_seems_to_start(tmp_path: Path) -> None:
    path = tmp_path / "dump.bin"
    path.write_bytes(HEADER + RING)
    with pytest.raises(RingFormatError) as odd:
        edit_ring(path, setting(0, state=1))
    path.write_bytes(HEADER[:4288] + RING)
    with pytest.raises(NotARingError) as foreign:
        edit_ring(path, setting(0, state=1))
    assert (odd.value.again, foreign.value.again) == ({"--offset": "4340"}, {"--offset": "4288"})


def test_force_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "dump.bin"
    path.write_bytes(b"\xff\xee\xdd\xcc" * 160)
    look_before_write(path, force=True)
    edit_ring(path, setting(0, state=1), force=True)
    assert path.read_bytes() == b"\x01\0\0\0" + (b"\xff\xee\xdd\xcc" * 160)[4:]


@pytest.mark.parametrize("numbers", [(0,), (3,), (0, 199), (62, 63, 64)])
@pytest.mark.parametrize("backup", [False, True])
def test_an_edit_inside_a_dump_changes_those_slots_alone(
    tmp_path: Path, numbers: tuple[int, ...], backup: bool
) -> None:
    path = tmp_path / "dump.bin"
    old = HEADER + RING + b"trailer"
    path.write_bytes(old)
    edit_ring(path, setting(*numbers, state=1), offset=len(HEADER), count=200, backup=backup)
    wanted = bytearray(old)
    for number in numbers:
        wanted[len(HEADER) + 64 * number] = 1
    assert path.read_bytes() == bytes(wanted)
    assert [one.read_bytes() for one in tmp_path.glob("*.bak")] == [old]  # its first edit here, asked or not
    edit_ring(path, setting(*numbers, state=5), offset=len(HEADER), count=200, backup=backup)
    assert len(list(tmp_path.glob("*.bak*"))) == 1 + backup
    assert leftovers(tmp_path) == []


def test_recover_and_repair_inside_a_dump(tmp_path: Path) -> None:
    path = tmp_path / "dump.bin"
    path.write_bytes(HEADER + RING + b"trailer")
    repair = repair_ring(path, offset=len(HEADER), count=100)
    assert (len(repair.edit), repair.slots) == (100, 100)
    recovery = recover_ring(path, offset=len(HEADER), partial=True)
    assert (recovery.slots, recovery.left_over_bytes) == (200, 7)
    now = path.read_bytes()
    assert (now[: len(HEADER)], now[-7:]) == (HEADER, b"trailer")
    assert now[len(HEADER) + 6400 : -7] == RING[6400:]


@pytest.mark.parametrize("name", ["nosuch.bin", "-", "nofolder/ring.bin"])
def test_a_mistyped_name_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for write in (
        lambda: hold(name, role="edit"),
        lambda: recover_ring(name),
        lambda: look_before_write(name),
    ):
        with pytest.raises(FileError):
            write()
    assert files(tmp_path) == {}


@pytest.mark.parametrize("content", [b"# yarn lockfile v1\n", b"\0" * 70, b"pid 12"])
def test_a_lock_of_somebody_else_keeps_its_content(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "yarn"
    path.write_bytes(RING)
    lock = tmp_path / "yarn.lock"
    lock.write_bytes(content)
    with pytest.raises(FileError, match="something else"):
        edit_ring(path, setting(0, state=1))
    assert (path.read_bytes(), lock.read_bytes()) == (RING, content)


SEVERAL = "kernel-mixed.all.bin"
"""Control buffer, 64 slots from byte 704 on, debug log, I/O queue."""


@pytest.mark.parametrize(
    ("offset", "count"),
    [(700, 64), (704, 112), (704, 65), (640, 64), (640, 32), (768, 64), (64, None), (4864, 16), (0, 11)],
)
def test_a_span_that_is_not_of_the_ring_alone_is_refused(
    tmp_path: Path, offset: int, count: int | None
) -> None:
    content = dumps.path(SEVERAL).read_bytes()
    path = tmp_path / "all.bin"
    path.write_bytes(content)
    for write in (
        lambda: edit_ring(path, setting(0, priority=1), offset=offset, count=count),
        lambda: edit_ring(path, setting(0, priority=1), offset=offset, count=count, dry_run=True),
        lambda: recover_ring(path, offset=offset, count=count),
    ):
        with pytest.raises((NotARingError, RingFormatError)) as refused:
            write()
        assert refused.value.exit_code == 3
    assert files(tmp_path) == {"all.bin": content}


@pytest.mark.parametrize(("offset", "count"), [(704, 64), (704, 10), (768, 63), (4736, 1)])
def test_a_span_of_the_ring_is_written_and_nothing_beside_it(tmp_path: Path, offset: int, count: int) -> None:
    content = dumps.path(SEVERAL).read_bytes()
    path = tmp_path / "all.bin"
    path.write_bytes(content)
    edit_ring(path, setting(0, param=0xABCD), offset=offset, count=count)
    now = path.read_bytes()
    assert now[offset + 24 : offset + 28] == (0xABCD).to_bytes(4, "little")
    assert now[: offset + 24] + now[offset + 28 :] == content[: offset + 24] + content[offset + 28 :]


def test_force_writes_where_it_is_told(tmp_path: Path) -> None:
    path = tmp_path / "all.bin"
    path.write_bytes(dumps.path(SEVERAL).read_bytes())
    edit_ring(path, setting(0, param=7), offset=4800, count=48, force=True)
    assert path.read_bytes()[4824:4828] == b"\7\0\0\0"


@pytest.mark.parametrize("slots", [32, 64])
def test_where_two_cuts_fit_the_count_decides(tmp_path: Path, slots: int) -> None:
    path = tmp_path / "all.bin"
    path.write_bytes(dumps.path("kernel-packed.before.bin").read_bytes())
    edit_ring(path, setting(0, param=7), offset=656, count=slots)
    assert path.read_bytes()[680:684] == b"\7\0\0\0"


def test_a_ring_at_the_beginning_of_several_is_edited_with_the_options_that_the_refusal_names(
    tmp_path: Path,
) -> None:
    parts = dumps.parts(SEVERAL)
    path = tmp_path / "all.bin"
    path.write_bytes(parts["ring"] + parts["debug"] + parts["io"])
    with pytest.raises(RingFormatError) as refused:
        edit_ring(path, setting(0, param=7))
    assert refused.value.again == {"--offset": "0", "--count": "64"}
    edit_ring(path, setting(0, param=7), offset=0, count=64)
    assert path.read_bytes()[24:28] == b"\7\0\0\0"


def headed(header: bytes, trailer: bytes = b"") -> bytes:
    return header + synthesize(64, 3).tobytes() + trailer


HEADERS = {
    "odd": bytes(range(200, 237)),
    "words": b"\x07\x00\x01\x00" * 25,
    "a name": b"MYDUMP v1\n".ljust(128, b"\0"),
    "a long name": b"MYDUMP v1\n".ljust(4096, b"\0"),
    "four strange slots": b"\xa5" * 256,
    "text": b"words and no task\n" * 200,
}


@pytest.mark.parametrize("trailer", [b"", b"1234567"], ids=["", "trailer"])
@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_every_look_names_the_same_place(tmp_path: Path, header: bytes, trailer: bytes) -> None:
    """`open`, `check` and the refusal of an edit go by one guess, and what they print reads that ring."""
    path = tmp_path / "dump.bin"
    path.write_bytes(headed(header, trailer))
    span = f"--offset {len(header)}" + (" --count 64" if trailer else "")
    verdict = identify_file(path)
    assert (verdict.ring_span, f"inspect {path} {span}" in (verdict.command(str(path)) or "")) == (span, True)
    assert any(span in finding.remedy for finding in check_file(path).findings)
    with pytest.raises((NotARingError, RingFormatError)) as refused:
        edit_ring(path, setting(0, priority=1))
    assert refused.value.again == verdict.ring_options
    with Ring.open(path, offset=len(header), count=64 if trailer else None) as ring:
        assert len(ring) == 64
    if (len(header) + len(trailer)) % 64:
        with pytest.raises(RingFormatError) as read:
            Ring.open(path)
        assert read.value.again == verdict.ring_options


@pytest.mark.parametrize(
    "mischief",
    [b"\xa5" * 64, b"\xa5" * 192, b"\xff\xff\xff\xff", b"overflowed name", b"\xa5" * 4 + b"\1" * 60],
    ids=["a slot", "three slots", "a word", "a name over a task", "a row"],
)
def test_a_ring_whose_first_slots_were_overwritten_stays_one(tmp_path: Path, mischief: bytes) -> None:
    """It may have a header: `open` and `check` say so as a possibility, and nothing is refused."""
    path = tmp_path / "ring.bin"
    ring = synthesize(64, 3).tobytes()
    path.write_bytes(mischief + ring[len(mischief) :])
    verdict = identify_file(path)
    assert (verdict.kind, verdict.start, verdict.ring_options) == ("ring", None, {})
    assert "may be one behind a header" in verdict.reasons[-1]
    report = check_file(path)
    assert "not-a-ring" not in {one.kind.name for one in report.findings}
    assert any("A ring may start further on" in one.remedy for one in report.findings)
    edit_ring(path, setting(60, priority=1))


def test_a_strange_slot_further_on_is_no_header() -> None:
    ring = bytearray(synthesize(64, 3).tobytes())
    ring[64 * 5 : 64 * 6] = b"\xa5" * 64
    assert find_start(memoryview(ring), len(ring)) is None
    assert find_start(memoryview(b"\xa5" * 4096), 4096) is None
    assert find_start(memoryview(b"\xa5"), 1) is None


def test_bytes_from_elsewhere_name_the_place_too() -> None:
    with pytest.raises(RingFormatError) as refused:
        Ring.from_bytes(b"12345678" + headed(HEADERS["odd"]), offset=8)
    assert refused.value.again == {"--offset": str(8 + len(HEADERS["odd"]))}
