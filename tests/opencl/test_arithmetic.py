"""The device's arithmetic equals the host's: a small kernel is appended to the program that ships."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.conformance.cases import make_slots
from vyrectl.abi.limits import U32_MAX
from vyrectl.engine.schedule import ClaimOrder, class_of
from vyrectl.opencl.backend import OpenCLBackend
from vyrectl.opencl.devices import pyopencl
from vyrectl.opencl.source import assemble

Words = NDArray[np.uint32]

KERNELS = """
__kernel void position_index(__global const uint *p, __global const uint *s, __global const uint *high,
                             __global const uint *low, __global uint *answer) {
    const size_t i = get_global_id(0);
    answer[i] = vyre_position_index(p[i], s[i], high[i], low[i]);
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
    rung = backend.program().rung
    options = [f"-cl-std={rung.standard}", f"-DVYRE_RUNG={rung.number}"]
    return pyopencl().Program(backend.program().context, assemble() + KERNELS).build(options)


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


def test_position_index(backend: OpenCLBackend, built: Any) -> None:
    rows = [
        (position, order.first_run, high, low, order.index_of(position))
        for high in (0, 1, 16, 17, 33, 50)
        for low in (0, 1, 2, 3, 7, 50)
        for order in (ClaimOrder(high, low, row) for row in (0, 1, 15, 16, U32_MAX))
        for position in range(order.total)
    ]
    positions, first_runs, highs, lows, expected = np.array(rows, np.uint32).T
    assert (ask(backend, built, "position_index", positions, first_runs, highs, lows) == expected).all()


def test_position_index_of_the_largest_rings(backend: OpenCLBackend, built: Any) -> None:
    random = np.random.default_rng(4)
    sizes = random.integers(0, 2**28, (400, 2))
    sizes[:3] = (2**28 - 1, 0), (0, 2**28 - 1), (2**27, 2**27 - 1)
    rows = []
    for high, low in sizes.tolist():
        order = ClaimOrder(high, low, int(random.integers(0, 20)))
        for position in (0, order.total // 2, order.total - 1):
            rows.append((position, order.first_run, high, low, order.index_of(position)))
    positions, first_runs, highs, lows, expected = np.array(rows, np.uint32).T
    assert (ask(backend, built, "position_index", positions, first_runs, highs, lows) == expected).all()


def test_class(backend: OpenCLBackend, built: Any) -> None:
    random = np.random.default_rng(5)
    edges = [0, 1, 2, 3, 4, 5, 31, 32, 33, 127, 128, 2**31, U32_MAX - 1, U32_MAX]
    priority, age, threshold = random.choice(np.array(edges, np.uint32), (3, 3000))
    expected = [
        int(class_of(make_slots(1, priority=p, age_ticks=a), int(t))[0])
        for p, a, t in zip(priority, age, threshold, strict=True)
    ]
    assert ask(backend, built, "class_of", priority, age, threshold).tolist() == expected
