"""Control buffers as files: whole words, at least as many as the wire has, written atomically."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vyrectl.errors import FileError, InvalidInputError, OtherKindError
from vyrectl.launching.control_file import load_control, save_control


def test_a_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "control.bin"
    words = np.arange(170, dtype=np.uint32) * 0x0101_0101
    save_control(path, words)
    assert path.read_bytes() == words.astype("<u4").tobytes()
    loaded = load_control(path)
    assert (loaded == words).all()
    assert loaded.flags.writeable
    assert [one.name for one in tmp_path.iterdir()] == ["control.bin"]


@pytest.mark.parametrize(
    ("size", "says"),
    [
        (0, "0 words are too few"),
        (636, "159 words are too few"),
        (641, "1 are left over"),
        (643, "3 are left over"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, size: int, says: str) -> None:
    path = tmp_path / "control.bin"
    path.write_bytes(bytes(size))
    with pytest.raises(InvalidInputError, match=says) as caught:
        load_control(path)
    assert caught.value.where == str(path)


def test_another_kind_of_file_is_no_control_buffer(tmp_path: Path) -> None:
    """A text's words would be masks and epochs, and a shutdown above all."""
    (tmp_path / "text").write_text("tenants: 4\n" * 100)
    np.save(tmp_path / "array.npy", np.zeros(160, np.uint32))
    for name, kind in (("text", "text"), ("array.npy", "array")):
        with pytest.raises(OtherKindError, match="a control buffer") as caught:
            load_control(tmp_path / name)
        assert caught.value.file_kind == kind
        assert "Give a control buffer" in str(caught.value.fix)


def test_files_that_cannot_be_read_or_written(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot read the control buffer"):
        load_control(tmp_path / "missing.bin")
    with pytest.raises(FileError):
        save_control(tmp_path / "missing" / "control.bin", np.zeros(160, np.uint32))
