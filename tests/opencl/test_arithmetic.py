"""The device's arithmetic equals the host's: a small kernel is appended to the program that ships."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.opencl.builds import built_for
from tests.support.rings import ready_tasks
from vyrectl.abi.limits import U32_MAX
from vyrectl.engine.schedule import class_of
from vyrectl.opencl.backend import OpenCLBackend
from vyrectl.opencl.devices import pyopencl
from vyrectl.opencl.source import assemble

Words = NDArray[np.uint32]

KERNELS = """
__kernel void find_list(__global const uint *position, __global const uint *begins, __global const uint *chunks,
                        __global uint *answer) {
    const size_t i = get_global_id(0);
    const vyre_order order = vyre_make_order(begins, begins, begins, chunks[i]);
    answer[i] = vyre_find_list(&order, position[i]) | vyre_class_at(&order, position[i]) << 16;
}

__kernel void class_of(__global const uint *priority, __global const uint *age, __global const uint *threshold,
                       __global uint *answer) {
    const size_t i = get_global_id(0);
    answer[i] = vyre_class(priority[i], age[i], threshold[i]);
}
"""


@pytest.fixture(scope="module")
def built(backend: OpenCLBackend) -> Any:
    """The program with the kernels above, on the rung that the device uses."""
    return built_for(backend, assemble() + KERNELS)


def ask(backend: OpenCLBackend, built: Any, kernel: str, *columns: Words) -> Words:
    """What a kernel answers to each row of equally long columns."""
    cl = pyopencl()
    program = backend.program()
    flags = cl.mem_flags.READ_WRITE | cl.mem_flags.COPY_HOST_PTR
    answer = np.zeros(len(columns[0]), np.uint32)
    buffers = [
        cl.Buffer(program.context, flags, hostbuf=np.array(column, np.uint32))
        for column in (*columns, answer)
    ]
    cl.Kernel(built, kernel)(program.queue, (len(answer),), None, *buffers)
    cl.enqueue_copy(program.queue, answer, buffers[-1])
    return answer


@pytest.mark.parametrize("chunks", [1, 3, 8])
def test_lists_and_classes_of_positions(backend: OpenCLBackend, built: Any, chunks: int) -> None:
    """A position lies in the last list that begins at or before it; empty lists hold none."""
    random = np.random.default_rng(chunks)
    for most in (1, 3, 2**24):
        sizes = random.integers(0, most + 1, 5 * chunks) * random.integers(0, 2, 5 * chunks)
        sizes[random.integers(0, 5 * chunks)] += 1
        begins = np.concatenate([[0], np.cumsum(sizes)]).astype(np.uint32)
        count = int(begins[-1])
        positions = np.unique(np.concatenate([begins[:-1], begins[1:] - 1, random.integers(0, count, 50)]))
        positions = positions[positions < count].astype(np.uint32)
        lists = np.searchsorted(begins, positions, side="right") - 1
        rows = max(len(positions), len(begins))
        columns = (np.resize(positions, rows), np.resize(begins, rows), np.full(rows, chunks))
        found = ask(backend, built, "find_list", *columns)[: len(positions)]
        assert (found == (lists | lists // chunks << 16)).all()


def test_class(backend: OpenCLBackend, built: Any) -> None:
    random = np.random.default_rng(5)
    edges = [0, 1, 2, 3, 4, 5, 31, 32, 33, 127, 128, 2**31, U32_MAX - 1, U32_MAX]
    priority, age, threshold = random.choice(np.array(edges, np.uint32), (3, 3000))
    expected = [
        int(class_of(ready_tasks(1, priority=p, age_ticks=a), int(t))[0])
        for p, a, t in zip(priority, age, threshold, strict=True)
    ]
    assert ask(backend, built, "class_of", priority, age, threshold).tolist() == expected
