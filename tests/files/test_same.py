"""Whether a file holds some bytes already."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vyrectl.files import same
from vyrectl.files.replace import Part
from vyrectl.files.same import file_parts, has_content


@pytest.mark.parametrize(
    ("content", "parts", "is_same"),
    [
        (b"abcdef", [b"abc", memoryview(b"def")], True),
        (b"abcdef", [b"abc", b"", b"deg"], False),
        (b"abcdef", [b"abc"], False),
        (b"abc", [b"abc", b"def"], False),
        (b"", [], True),
        (b"", [bytearray(b"")], True),
    ],
)
def test_every_byte_is_compared_and_the_length(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, parts: list[Part], is_same: bool
) -> None:
    monkeypatch.setattr(same, "BLOCK_BYTES", 2)
    (tmp_path / "file").write_bytes(content)
    assert has_content(tmp_path / "file", parts) is is_same


def test_what_cannot_be_read_is_not_the_same(tmp_path: Path) -> None:
    assert not has_content(tmp_path / "nothing", [b"a"])
    assert not has_content(tmp_path, [b"a"])


def test_the_first_bytes_of_an_open_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(same, "BLOCK_BYTES", 4)
    (tmp_path / "file").write_bytes(b"0123456789")
    fd = os.open(tmp_path / "file", os.O_RDONLY)
    assert list(file_parts(fd, 6)) == [b"0123", b"45"]
    os.close(fd)
