"""Outputs of a run that their places refuse: told, put elsewhere, and never over a file."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

import pytest

from vyrectl.engine.saving import Saving, rescue
from vyrectl.errors import FileError, OutputsError, VerifyError
from vyrectl.files.replace import replace_file


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with `full`, `ring` and `tmp` in it; the last is where temporary files go."""
    for name in ("full", "ring", "tmp"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    return tmp_path


def writer(*full: Path) -> object:
    """What writes a file unless its folder has no room."""

    def write(path: Path) -> int:
        if path.parent in full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return path.write_bytes(b"result")

    return write


def keep(places: Path, *full: str, **how: bool) -> Saving:
    """Save `full/out.npy` beside `ring/ring.bin`, and then `ring/other`."""
    saving = Saving(beside=places / "ring" / "ring.bin")
    write = writer(*(places / name for name in full))
    assert callable(write)
    saving.keep(places / "full" / "out.npy", write, **how)
    saving.keep(places / "ring" / "other", lambda path: path.write_bytes(b"other"))
    return saving


def test_it_goes_beside_the_ring(places: Path) -> None:
    (places / "ring" / "out.npy.rescued").write_bytes(b"of an earlier launch")
    saving = keep(places, "full")
    rescued = places / "ring" / "out.npy.rescued.1"
    assert rescued.read_bytes() == b"result"
    assert (places / "ring" / "out.npy.rescued").read_bytes() == b"of an earlier launch"
    assert saving.saved == [str(places / "ring" / "other")]
    with pytest.raises(OutputsError, match="no space left on device") as caught:
        saving.raise_failures()
    assert caught.value.exit_code == 1
    assert f"What belongs in {places / 'full' / 'out.npy'} is in {rescued}" in str(caught.value.fix)
    assert caught.value.where == str(places / "full" / "out.npy")


def test_a_name_that_somebody_else_takes_meanwhile_is_left_to_them(tmp_path: Path) -> None:
    """As two launches do that save to one place at the same moment."""
    error, place = FileError("no room", where="ring.bin"), tmp_path / "ring.bin.rescued"

    def write(name: Path) -> None:
        if name == place:
            place.write_bytes(b"theirs")
        replace_file(name, [b"ours"], exclusive=True)

    rescue(error, [place], write)
    assert (place.read_bytes(), Path(f"{place}.1").read_bytes()) == (b"theirs", b"ours")
    assert error.fix == f"What belongs in ring.bin is in {place}.1"


def test_it_goes_among_the_temporary_files(places: Path) -> None:
    saving = keep(places, "full", "ring")
    assert (places / "tmp" / "out.npy.rescued").read_bytes() == b"result"
    assert str(places / "tmp") in str(saving.failure_records()[0]["fix"])


def test_nowhere(places: Path) -> None:
    saving = keep(places, "full", "ring", "tmp")
    assert saving.failure_records()[0]["fix"] == "Free some space; the file on disk is unchanged"
    assert sorted(path.name for path in places.rglob("*") if path.is_file()) == ["other"]


def test_what_cannot_be_moved_and_what_is_no_matter_of_files(places: Path) -> None:
    saving = keep(places, "full", moves=False)

    def wrong(path: Path) -> None:
        raise VerifyError("a promise was broken")

    saving.keep(places / "full" / "x", wrong)
    in_memory = Saving()
    write = writer(places / "full")
    assert callable(write)
    in_memory.keep(places / "full" / "x", write)
    assert (len(saving.failures), len(in_memory.failures)) == (2, 1)
    assert sorted(path.name for path in places.rglob("*") if path.is_file()) == ["other"]


def test_every_place_is_named(places: Path) -> None:
    saving = Saving(beside=places / "ring" / "ring.bin")
    write = writer(places / "full")
    assert callable(write)
    for name in ("a", "b"):
        saving.keep(places / "full" / name, write)
    with pytest.raises(OutputsError) as caught:
        saving.raise_failures()
    assert isinstance(caught.value, FileError)
    for name in ("a", "b"):
        assert f"{places / 'ring' / name}.rescued" in str(caught.value.fix)
