"""Copies through pinned pieces: every byte arrives, whatever the sizes, the threads and the piece's length."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from vyrectl.opencl import buffers as buffers_module
from vyrectl.opencl import staging
from vyrectl.opencl.backend import OpenCLBackend
from vyrectl.opencl.devices import Device, pyopencl
from vyrectl.opencl.kept import open_device, station
from vyrectl.opencl.queue import DeviceQueue
from vyrectl.opencl.staging import Staging


@pytest.fixture(autouse=True)
def short_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "PIECE_BYTES", 1024)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("size", [0, 1, 1024, 1025, 20_000])
def test_every_byte_goes_there_and_back(device: Device, threads: int, size: int) -> None:
    cl = pyopencl()
    host = open_device(device)
    buffer = cl.Buffer(host.context, cl.mem_flags.READ_WRITE, size + 128)
    pieces = Staging(cl, host.context, threads)
    data = np.random.default_rng(size).integers(0, 256, size, np.uint8)
    pieces.write(buffer, data, 64)
    back = np.zeros(size, np.uint8)
    pieces.read(back, buffer, 64)
    assert (back == data).all()
    plain = np.zeros(size + 128, np.uint8)
    cl.enqueue_copy(host.queue, plain, buffer)
    assert (plain[64 : 64 + size] == data).all()


def test_large_copies_of_a_device_with_memory_of_its_own_are_staged(
    backend: OpenCLBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A CPU device stands in for one, with no memory that the host sees."""
    monkeypatch.setattr(buffers_module, "LEAST_BYTES", 4096)
    asked: list[int] = []
    written = Staging.write

    def write(self: Staging, buffer: Any, data: Any, offset: int = 0) -> None:
        asked.append(len(data))
        written(self, buffer, data, offset)

    monkeypatch.setattr(Staging, "write", write)
    kept = station(replace(backend.device, kind="gpu"))
    queue = DeviceQueue(replace(backend.program(), coherent=False, station=kept, context=kept.host.context))
    try:
        buffer = queue.buffer(10_000)
        data = np.arange(10_000, dtype=np.uint8)
        queue.write(buffer, data)
        queue.write(buffer, data[:100], 200)
        back = np.empty_like(data)
        queue.read(back, buffer)
    finally:
        queue.close()
    data[200:300] = np.arange(100, dtype=np.uint8)
    assert asked == [10_000]
    assert (back == data).all()
