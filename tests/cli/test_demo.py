"""`demo`: real work from an empty folder, its picture, and what is said where nothing can run it."""

from __future__ import annotations

import json
import struct
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.cli.conftest import Cli
from tests.cli.support import spawn
from tests.conformance.backends import needs_device
from tests.support.mandelbrot import mandelbrot_counts
from vyrectl.bench.mandelbrot import Picture
from vyrectl.cli.views.picture import SHADES, colour, png_bytes
from vyrectl.opencl import broken, causes, devices, guard
from vyrectl.opencl.asking import Answer

NOWHERE = {"OCL_ICD_VENDORS": "/nonexistent", "OCL_ICD_FILENAMES": ""}


def read_png(data: bytes) -> NDArray[np.uint8]:
    """The RGB pixels of a PNG file, shape (height, width, 3); every chunk is checked."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    chunks: list[tuple[bytes, bytes]] = []
    at = 8
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", data, at + 8 + length)[0] == zlib.crc32(kind + body)
        chunks.append((kind, body))
        at += 12 + length
    assert [kind for kind, _ in chunks] == [b"IHDR", b"IDAT", b"IEND"]
    width, height, *form = struct.unpack(">IIBBBBB", chunks[0][1])
    assert form == [8, 2, 0, 0, 0]
    rows = np.frombuffer(zlib.decompress(chunks[1][1]), np.uint8).reshape(height, 1 + width * 3)
    assert not rows[:, 0].any(), "every row is unfiltered"
    return rows[:, 1:].reshape(height, width, 3)


def test_png_bytes() -> None:
    pixels = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    assert (read_png(png_bytes(pixels)) == pixels).all()


@pytest.mark.timeout(60)
def test_the_picture_is_the_one_that_numpy_finds(tmp_path: Path) -> None:
    started = time.monotonic()
    run = spawn("demo", "--output", "demo.png", "--keep", "demo.bin", "--json")
    assert run.returncode == 0, run.stderr
    assert time.monotonic() - started < 30
    picture = Picture()
    expected = colour(mandelbrot_counts(picture), picture.iterations)
    pixels = read_png((tmp_path / "demo.png").read_bytes())
    assert pixels.shape == (picture.height, picture.width, 3)
    assert (pixels == expected).all()

    record = json.loads(run.stdout)
    assert (record["schema"], record["picture"]) == ("vyrectl.demo/1", "demo.png")
    assert record["before"]["ready_count"] == picture.tiles
    assert record["after"]["schedulable_count"] == 0
    report = record["report"]
    assert (report["done"], report["yielded"]) == (picture.tiles, 3 * picture.tiles)
    assert len(report["by_priority"]) == 5
    assert all(report["by_priority"].values())

    ring = np.fromfile(tmp_path / "demo.bin", "<u4").reshape(-1, 16)
    assert (ring[:, 0] == 3).all()
    assert (ring[:, 14] == 3).all()
    assert set(ring[:, 2].tolist()) == {0, 1, 2, 3}


def test_through_a_pipe_it_is_drawn_in_ascii() -> None:
    run = spawn("demo", env={"LC_ALL": "C", "NO_COLOR": "1"})
    text = run.stdout.decode("ascii")
    lines = text.splitlines()
    height = next(i for i, line in enumerate(lines) if not line.strip())
    assert height > 10
    assert set("".join(lines[:height])) <= set(SHADES)
    assert len({len(line) for line in lines[:height]}) <= 2
    for name in ("ready_count", "continuation_pressure", "device", "launch", "time"):
        assert name in text
    assert b"mandelbrot tiles" in run.stderr


def test_quiet_says_nothing_beside_the_answer() -> None:
    assert spawn("demo", "--quiet", "--json").stderr == b""


def test_without_any_device_it_says_what_to_install(tmp_path: Path) -> None:
    run = spawn("demo", "--output", "demo.png", env={**NOWHERE, "CONDA_PREFIX": ""})
    assert run.returncode == 5
    message = run.stderr.decode()
    assert "no OpenCL device was found" in message
    assert "OCL_ICD_VENDORS=/nonexistent hides the drivers" in message
    assert "--device reference" in message
    assert b"Traceback" not in run.stderr
    assert not (tmp_path / "demo.png").exists()


@needs_device()
def test_a_driver_that_ends_its_process_is_named(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that draws drives the device itself; another one has asked the drivers before."""
    monkeypatch.delenv(guard.TRUSTING)
    monkeypatch.setattr(guard, "_watched", [])
    monkeypatch.setattr(devices, "_listed", [])
    monkeypatch.setattr(broken, "_found", {})
    for module in (broken, causes):
        monkeypatch.setattr(
            module, "ask", lambda *what, **how: Answer((), "the driver ended its process (SIGABRT)")
        )
    result = cli("demo", "--quiet")
    assert result.code == 5
    assert "SIGABRT" in result.err


def test_an_unknown_device() -> None:
    assert spawn("demo", "--device", "no-such-device").returncode == 2


def test_a_folder_that_is_missing() -> None:
    assert spawn("demo", "--output", "missing/demo.png", "--quiet").returncode == 1
