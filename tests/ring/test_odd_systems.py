"""What rings meet on odd systems and in odd moments: no locks, no links, files that shrink, files of the dead."""

from __future__ import annotations

import errno
import os
import pickle
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.edit.test_edit import setting
from tests.ring.rings import another_holder, numbered, write_ring
from vyrectl import SLOT_DTYPE, Ring
from vyrectl.edit.write import edit_ring
from vyrectl.errors import (
    FileError,
    OtherKindError,
    ReplayLogError,
    RingFormatError,
    RingHeldError,
    UsageError,
    VyrectlError,
    WhereError,
)
from vyrectl.files import backup, locks, place, temporary
from vyrectl.files import replace as replacing
from vyrectl.files import ring_lock as holding
from vyrectl.files.replace import back_up_copy, replace_file
from vyrectl.protocol.control import encode_control
from vyrectl.protocol.replay import LogKind
from vyrectl.ring import looking
from vyrectl.ring import replay_log as logs
from vyrectl.ring.dumps import Parts
from vyrectl.ring.file import READ_BYTES
from vyrectl.ring.findings.about import About
from vyrectl.ring.findings.likeness import why_no_ring
from vyrectl.ring.findings.start import start_in_file
from vyrectl.ring.kinds import FileKind, file_bytes, identify
from vyrectl.ring.looking import look_before_write, open_to_write
from vyrectl.ring.mix import Mix
from vyrectl.ring.outputs import Outputs
from vyrectl.ring.overview import overview
from vyrectl.ring.reading import Abi, Readings
from vyrectl.ring.refusals import is_another, refuse_beside
from vyrectl.ring.steady import copy_ring
from vyrectl.ring.synthetic import synthesize
from vyrectl.ring.texts import is_task_table
from vyrectl.ring.where import compile_where
from vyrectl.sidecar.hold import hold
from vyrectl.telemetry import crosstab
from vyrectl.telemetry.history import append_line
from vyrectl.telemetry.spread import open_tasks


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "ring.bin"
    write_ring(file, numbered(4))
    Path(f"{file}.lock").unlink()
    return file


def raising(error: BaseException) -> Callable[..., Any]:
    def refuse(*args: object, **named: object) -> Any:
        raise error

    return refuse


# --- the lock ---


def test_a_holder_signs_again_for_its_fork_and_not_once_it_has_let_go(path: Path) -> None:
    held = hold(path, role="launch")
    lock = Path(held.lock_path)
    lock.write_text("")
    held.sign()
    assert lock.read_text() == f"pid {os.getpid()} (launch)\n"
    held.release()
    held.sign()
    held.follow()
    assert lock.read_text().startswith("left ")


def test_a_forked_copy_of_a_holder_leaves_the_locks_alone(path: Path) -> None:
    held = hold(path, role="launch")
    held._pid += 1  # as a fork sees it
    held.release()
    assert Path(held.lock_path).read_text() == f"pid {os.getpid()} (launch)\nuntouched\n"


def test_what_lies_beside_a_held_ring_is_finished(path: Path) -> None:
    with hold(path, role="edit") as held:
        held.settle()
        path.with_name("ring.bin.live").write_bytes(b"")
        with pytest.raises(FileError, match="too short"):
            held.settle()


def test_a_file_that_cannot_be_locked_is_held_by_its_lock_alone(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "take", raising(OSError(errno.ENOLCK, "no locks")))
    with hold(path, role="edit") as held:
        assert held._file_fd == -1
    folder = path.with_name("folder")
    folder.mkdir()
    assert holding._open_ring(str(folder)) == -1
    assert holding._open_ring(str(path.with_name("nothing"))) == -1
    assert holding._lock_file(str(folder)) == -1


# --- files that change under a reader ---


def test_a_small_ring_that_shrinks_while_it_is_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vyrectl.ring.file.read_fd", lambda fd, name, doing: bytes(64))
    with pytest.raises(FileError, match="got shorter while it was read"):
        Ring.open(path)


def test_a_long_ring_that_cannot_be_mapped_for_another_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / "long.bin"
    long.write_bytes(bytes(READ_BYTES + 64))
    monkeypatch.setattr("vyrectl.ring.file.mmap.mmap", raising(OSError(errno.ENOMEM, "no memory")))
    with pytest.raises(FileError, match="cannot map the ring"):
        Ring.open(long)
    monkeypatch.setattr("vyrectl.ring.file.mmap.mmap", raising(OSError(errno.ENODEV, "no mappings")))
    assert len(Ring.open(long)) == READ_BYTES // 64 + 1


def test_a_closed_ring_has_nothing_around_it(path: Path) -> None:
    ring = Ring.open(path)
    assert tuple(map(bytes, ring.around)) == (b"", b"")
    ring.close()
    with pytest.raises(ValueError, match="is closed"):
        ring.around  # noqa: B018


@pytest.mark.parametrize("error", [OSError(errno.EIO, "input/output error"), ValueError("too large")])
def test_a_file_that_cannot_be_looked_at(
    path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr("vyrectl.ring.kinds._contents", raising(error))
    with pytest.raises(FileError, match="cannot look at the file"), file_bytes(path):
        pass


def test_a_long_ring_is_sampled_where_numpy_is_not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = memoryview(np.full(16 * 300, 0xFFEE_DDCC, "<u4").tobytes())
    good = memoryview(numbered(300).tobytes())
    said = why_no_ring(b"", noise)
    monkeypatch.setattr(
        "vyrectl.ring.findings.likeness.sys", SimpleNamespace(modules={}, byteorder=sys.byteorder)
    )
    assert said is not None
    assert why_no_ring(b"", noise) == said
    assert why_no_ring(b"", good) is None


def test_looking_with_force_takes_anything(tmp_path: Path) -> None:
    program = tmp_path / "program.bin"
    program.write_bytes(b"\x7fELF" + bytes(124))
    with open_to_write(program, force=True) as ring:
        assert len(ring) == 2
    look_before_write(program, force=True)
    with pytest.raises(FileError, match="no such file"):
        look_before_write(tmp_path / "nothing.bin")


# --- backups and new files ---


def test_a_backup_whose_name_is_taken_meanwhile_gets_the_next(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.with_name("ring.bin.bak").write_text("somebody's")
    monkeypatch.setattr(os.path, "lexists", lambda name: False)
    assert back_up_copy(path, [b"ring"]) == f"{path}.bak.1"
    assert path.with_name("ring.bin.bak").read_text() == "somebody's"


def test_a_backup_that_cannot_be_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    error = FileError("cannot write the file", errno=errno.ENOSPC)
    monkeypatch.setattr("vyrectl.files.replace.replace_file", raising(error))
    with pytest.raises(FileError, match="cannot write the file"):
        back_up_copy(path, [b"ring"])


@pytest.mark.parametrize("code", [errno.EPERM, errno.EOPNOTSUPP])
def test_a_new_file_where_there_are_no_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setattr(os, "link", raising(OSError(code, "no links")))
    new = tmp_path / "new.bin"
    replace_file(new, [b"one"], exclusive=True)
    with pytest.raises(FileError, match=r"is a file already|exists"):
        replace_file(new, [b"two"], exclusive=True)
    assert new.read_bytes() == b"one"
    monkeypatch.setattr(os, "link", raising(OSError(errno.EIO, "broken")))
    with pytest.raises(FileError):
        replace_file(tmp_path / "other.bin", [b"two"], exclusive=True)


def test_a_mode_that_cannot_be_set_is_an_error_where_the_disk_fails(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.chmod(0o666)
    monkeypatch.setattr(os, "fchmod", raising(OSError(errno.EIO, "broken")))
    with pytest.raises(FileError):
        replace_file(path, [b"new"])
    monkeypatch.setattr(os, "fchmod", raising(OSError(errno.EPERM, "not permitted")))
    replace_file(path, [b"new"])
    assert path.read_bytes() == b"new"


# --- a launch's own files ---


def test_the_sidecar_of_an_output_is_no_input() -> None:
    files = Outputs()
    files.reads("--control", "o.bin.live")
    files.writes("--output", "o.bin", None, is_ring=True)
    with pytest.raises(UsageError):
        files.check_clashes()


# --- conditions and sums ---


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("not " * 1000 + "state == 1", "deeply"),
        ("nobody == knows", "nobody"),
        ("other(3) == 3", "language"),
        ("op == what:ever", "op"),
    ],
)
def test_conditions_that_are_refused(text: str, says: str) -> None:
    with pytest.raises(WhereError, match=says):
        compile_where(text, {})


def test_fault_columns_compare_with_each_other() -> None:
    slots = np.zeros(3, SLOT_DTYPE)
    slots["state"] = 7
    slots["continuation_data"] = [1, 2, 3]
    for text in ("fault_code == fault_name", "data == fault_name"):
        assert compile_where(text, {}) is not None


def test_many_values_are_merged_as_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    slots = np.zeros(200_000, SLOT_DTYPE)
    slots["state"] = 1
    slots["tenant_id"] = np.arange(200_000)
    monkeypatch.setattr(crosstab, "MERGED_CELLS", 1000)
    table = crosstab.cross_table(slots, "tenant_id")
    assert len(table.groups) == 200_000
    blocks = table.groups.blocks()  # type: ignore[attr-defined]
    assert sum(map(len, blocks)) == 200_000
    assert table.total[1] == 200_000


def test_sums_leave_out_arguments() -> None:
    slots = np.zeros(4, SLOT_DTYPE)
    slots["state"] = 1
    slots["op_handle"] = [9, 9, 10, 10]
    assert open_tasks(slots, None).tolist() == [False] * 4
    assert open_tasks(slots, frozenset({9})).tolist() == [False, False, True, True]
    assert open_tasks(slots, frozenset()).all()


def test_a_look_leaves_out_arguments() -> None:
    slots = np.zeros(4, SLOT_DTYPE)
    slots["state"] = 1
    slots["age_ticks"] = 9
    found = overview(slots, None, 4, readings=Readings(asked=Abi.PROTOCOL))
    assert found.total == 4


# --- the rest of what only happens elsewhere ---


def test_a_part_of_a_held_ring_is_not_edited(path: Path) -> None:
    with another_holder(path), pytest.raises(RingHeldError):
        edit_ring(path, setting(0, state=1), offset=64, count=2)


def test_a_choice_by_condition_follows_the_reading() -> None:
    chosen = {abi: replace(About(), readings=Readings(asked=abi))._task() for abi in (Abi.TASK, Abi.PROTOCOL)}
    assert chosen == {Abi.TASK: "slot >= 0", Abi.PROTOCOL: "slot < 0"}


def test_a_forked_copy_without_a_lock_on_the_ring_itself(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "take", raising(OSError(errno.ENOLCK, "no locks")))
    held = hold(path, role="launch")
    held._pid += 1
    held.release()
    assert held._fd == -1


def test_small_words_and_published_words_are_a_control_buffer() -> None:
    words = bytearray(encode_control(tenants=2, observables=32))
    words[640:] = numbered(2, state=3).tobytes()
    refuse_beside(bytes(words), "after.bin", FileKind.CONTROL)
    assert not is_another(identify(memoryview(bytes(words))), FileKind.CONTROL), "so it may be edited too"
    refuse_beside(numbered(2, state=1).tobytes(), "small.bin", FileKind.CONTROL)
    with pytest.raises(VyrectlError, match="looks like a ring"):
        refuse_beside(numbered(64, state=1).tobytes(), "ring.bin", FileKind.CONTROL)


def test_a_ring_of_no_whole_slots_and_a_file_without_a_ring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = tmp_path / "parts.bin"
    parts.write_bytes(encode_control(tenants=2) + bytes(1028))
    with pytest.raises(OtherKindError, match="no ring is among them"):
        open_to_write(parts, offset=640, count=4)
    with open_to_write(parts, offset=640, count=4, force=True) as ring:
        assert len(ring) == 4
    assert start_in_file(tmp_path / "nothing", 0) is None
    assert "no ring" in str(looking._why_outside(Parts((), True, ()), 0, 0))
    monkeypatch.setattr("vyrectl.ring.looking.Ring.open", raising(RingFormatError("odd")))
    with pytest.raises(RingFormatError, match="odd"):
        open_to_write(parts, force=True)


def test_standard_output_is_a_place_of_its_own() -> None:
    files = Outputs()
    files.writes("--output", "-", None)
    files.check()


def test_a_file_may_be_longer_than_a_process_may_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "file_size_limit", lambda: 10)
    with pytest.raises(FileError) as caught:
        place.check_room([(tmp_path / "a", 11)])
    assert caught.value.errno == errno.EFBIG


def test_a_second_name_of_the_file_is_swept(path: Path) -> None:
    other = path.with_name(".x-1")
    os.link(path, other)
    assert temporary._is_abandoned(str(other), str(path))
    assert not temporary._is_same_file(str(other) + "0", str(path))
    temporary._sweep(str(path), ".x-")
    assert not other.exists()
    assert path.exists()


def test_an_owner_that_a_disk_does_not_know_is_gone_on_from(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fstat

    def of_another(fd: int) -> Any:
        found = real(fd)
        return SimpleNamespace(
            st_uid=found.st_uid + 1,
            st_gid=found.st_gid,
            st_mode=found.st_mode,
            st_dev=found.st_dev,
            st_ino=found.st_ino,
            st_size=found.st_size,
            st_mtime_ns=found.st_mtime_ns,
        )

    monkeypatch.setattr(os, "fstat", of_another)
    monkeypatch.setattr(os, "fchown", raising(OSError(errno.ENOTSUP, "no owners")))
    replacing._keep_attributes(os.open(path, os.O_RDONLY), str(path), os.stat(path))


def test_a_backup_that_cannot_be_copied_leaves_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.copyfileobj", raising(OSError(errno.EIO, "broken")))
    with pytest.raises(OSError, match="broken"):
        backup._copy(str(path), f"{path}.bak")
    assert not path.with_name("ring.bin.bak").exists()


def test_a_log_out_of_a_pipe_and_one_that_is_corrupt(tmp_path: Path) -> None:
    fifo = tmp_path / "log"
    os.mkfifo(fifo)
    writer = threading.Thread(target=fifo.write_bytes, args=(b"VRRL",))
    writer.start()
    fd = logs._spooled(fifo)
    writer.join()
    assert os.pread(fd, 4, 0) == b"VRRL"
    os.close(fd)
    broken = SimpleNamespace(records=raising(ReplayLogError("corrupt", "corrupt")))
    assert logs.ReplayLog._first_kind(broken) is LogKind.EMPTY  # type: ignore[arg-type]


def test_an_empty_ring_is_copied(tmp_path: Path) -> None:
    empty = tmp_path / "empty.bin"
    empty.touch()
    assert len(copy_ring(empty).ring) == 0


def test_a_mix_may_name_operations_of_a_tenant() -> None:
    mix = Mix(op={"tenant3:5": Fraction(1)}, state={"ready": Fraction(1)})
    assert set(synthesize(8, 1, mix)["op_handle"].tolist()) == {0x4000_0000 + 3 * (1 << 20) + 5}


def test_no_text_is_no_table() -> None:
    assert not is_task_table("\n \n")


def test_conditions_that_python_gives_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WhereError, match="and"):
        compile_where("state == 1 adn tenant == 2", {})
    with pytest.raises(WhereError):
        compile_where("op == tenant3:99999999", {})
    monkeypatch.setattr("vyrectl.ring.where.ast.parse", raising(RecursionError()))
    with pytest.raises(WhereError, match="deeply"):
        compile_where("state == 1", {})


def test_a_lock_that_fails_for_another_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vyrectl.telemetry.history.fcntl.flock", raising(OSError(errno.EIO, "broken")))
    with pytest.raises(FileError):
        append_line(tmp_path / "h.jsonl", {"a": 1})


def test_a_ring_is_not_pickled(path: Path) -> None:
    with Ring.open(path) as ring, pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(ring)
