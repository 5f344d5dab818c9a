"""State convergence on every OpenCL device there is: word for word what the reference backend gives."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conformance.backends import needs_oclgrind
from tests.conformance.oclgrind import ROOT, icd_library
from tests.engine.convergences import distribution_job, random_chain, random_graph, reachability_job
from vyrectl import converge
from vyrectl.engine.converge import Convergence, ReferenceConverger, StepReads
from vyrectl.engine.shares import bit_set, edges_by_target
from vyrectl.engine.transfer_steps import StepSource, find_step, scan_steps
from vyrectl.errors import KernelBuildError, StepFaultError
from vyrectl.opencl.converge import OpenCLConverger
from vyrectl.opencl.devices import list_devices

DEVICES = list_devices()

EXAMPLES = settings(
    max_examples=25,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

SPREAD = """\
#include "vyre_step.h"
VYRE_STEP(spread, "the largest of three neighbours") {
    uint most = vyre_current(step, index);
    if (index > 0u) most = max(most, vyre_current(step, index - 1u));
    if (index + 1u < step->words) most = max(most, vyre_current(step, index + 1u));
    return most;
}
VYRE_STEP(count, "counts up for ever") { return vyre_current(step, index) + 1u; }
VYRE_STEP(late, "reads past operand 1 at words 40 and up, in the third iteration") {
    const uint now = vyre_current(step, index);
    return now < 2u || index < 40u ? now + 1u : vyre_operand(step, 1u, 7ul << 32 | index);
}
VYRE_STEP(sized, "lengths of operands") { return (uint)vyre_operand_words(step, index) + vyre_operand(step, 0u, 1u); }
VYRE_STEP(as_float_sum, "reads an operand as floats") {
    return vyre_current(step, index) ? 1u : as_uint(as_float(vyre_operand(step, 0u, index)) + 0.5f);
}
"""
SOURCE = scan_steps(SPREAD, Path("spread.cl"))


def spread(step: StepReads, index: int) -> int:
    neighbours = range(max(0, index - 1), min(step.words, index + 2))
    return max(step.current(word) for word in neighbours)


SHAPES = [(index, items) for index in range(len(DEVICES)) for items in (None, 24)]
"""Every device with a work-group of its own choice, and with one whose size divides no vector of the tests."""


@cache
def on(shape: tuple[int, int | None]) -> OpenCLConverger:
    return OpenCLConverger(DEVICES[shape[0]], items=shape[1])


@pytest.fixture(params=SHAPES, ids=[f"{DEVICES[index].name}-{items or 'own'}" for index, items in SHAPES])
def device(request: pytest.FixtureRequest) -> OpenCLConverger:
    return on(request.param)


def own(name: str, current: np.ndarray, most: int, *operands: np.ndarray) -> Convergence:
    step, source = find_step(name, SOURCE)
    return Convergence(step, source, current.astype(np.uint32), operands, most)


def assert_same(
    device: OpenCLConverger, job: Convergence, reference: ReferenceConverger | None = None
) -> None:
    expected = (reference or ReferenceConverger()).converge(job)
    found = device.converge(job)
    assert (found.iterations, found.ended) == (expected.iterations, expected.ended)
    assert np.array_equal(found.current, expected.current)


@EXAMPLES
@given(st.integers(0, 2**32), st.integers(1, 40), st.booleans())
def test_distribution_equals_the_reference(
    device: OpenCLConverger, seed: int, nodes: int, lazy: bool
) -> None:
    weights, chain = random_chain(seed, nodes)
    assert_same(device, distribution_job(weights + 1e-3, chain, lazy=lazy, most=60))


@EXAMPLES
@given(st.integers(0, 2**32), st.integers(1, 20))
def test_any_words_wrap_alike(device: OpenCLConverger, seed: int, nodes: int) -> None:
    rng = np.random.default_rng(seed)
    words = rng.integers(0, 2**32, nodes * (nodes + 1), dtype=np.uint32)
    step, source = find_step("distribution")
    assert_same(device, Convergence(step, source, words[:nodes], (words[nodes:],), 5))


@EXAMPLES
@given(st.integers(0, 2**32), st.integers(1, 300))
def test_reachability_equals_the_reference(device: OpenCLConverger, seed: int, nodes: int) -> None:
    assert_same(device, reachability_job(*random_graph(seed, nodes)))


@EXAMPLES
@given(st.integers(0, 2**32), st.integers(1, 70), st.integers(0, 9))
def test_a_step_of_ones_own_equals_its_twin(
    device: OpenCLConverger, seed: int, words: int, most: int
) -> None:
    vector = np.random.default_rng(seed).integers(0, 2**32, words)
    assert_same(device, own("spread", vector, most), ReferenceConverger({"spread": spread}))


def test_a_vector_far_larger_than_a_work_group(device: OpenCLConverger) -> None:
    words = 100_003
    vector = np.zeros(words)
    vector[words // 2] = 7
    found = device.converge(own("spread", vector, 500))
    assert found.work_group_size < words
    assert (found.iterations, found.converged) == (500, False)
    assert np.flatnonzero(found.current).tolist() == list(range(words // 2 - 500, words // 2 + 501))


def test_a_long_path_takes_one_iteration_a_node(device: OpenCLConverger) -> None:
    nodes = 3000
    path = np.stack([np.arange(nodes - 1), np.arange(1, nodes)], axis=1)
    start = np.arange(nodes) == 0
    found = device.converge(reachability_job(start, path))
    assert (found.iterations, found.converged) == (nodes, True)
    assert np.array_equal(found.current, bit_set(np.ones(nodes, bool)))


@pytest.mark.parametrize("most", [0, 1, 2])
def test_the_bound_is_kept(device: OpenCLConverger, most: int) -> None:
    found = device.converge(own("count", np.arange(5), most))
    assert (found.current.tolist(), found.iterations, found.converged) == (
        list(range(most, most + 5)),
        most,
        False,
    )


def test_it_can_be_stopped_while_it_runs(device: OpenCLConverger) -> None:
    asked: list[float] = []

    def stop() -> bool:
        asked.append(time.monotonic())
        return asked[-1] > asked[0] + 0.2

    found = device.converge(own("count", np.zeros(1000), 0xFFFF_FFFF), stop)
    assert found.ended == "stopped"
    assert (found.current == found.iterations).all()


def test_a_read_outside_its_array_names_the_lowest_word(device: OpenCLConverger) -> None:
    with pytest.raises(StepFaultError) as caught:
        device.converge(own("late", np.zeros(500), 99, np.zeros(1, np.uint32), np.zeros(9, np.uint32)))
    error = caught.value
    assert (error.index, error.iteration, error.operand) == (40, 3, 1)
    assert error.word == 7 << 32 | 40


@pytest.mark.parametrize(
    "operands", [((0, 1, 9), (0, 0)), ((0, 1), (99,)), ((0, 5), ()), ((0, 7, 7, 7), (0,))]
)
def test_faults_equal_those_of_the_reference(
    device: OpenCLConverger, operands: tuple[tuple[int, ...], ...]
) -> None:
    step, source = find_step("reachability")
    arrays = tuple(np.array(words, np.uint32) for words in operands)
    job = Convergence(step, source, np.zeros(1, np.uint32), arrays, 9)
    faults = []
    for backend in (ReferenceConverger(), device):
        with pytest.raises(StepFaultError) as caught:
            backend.converge(job)
        faults.append(caught.value.details())
    assert faults[0] == faults[1]


def test_operands_lie_one_after_the_other(device: OpenCLConverger) -> None:
    operands = [np.arange(3, dtype=np.uint32), np.zeros(0, np.uint32), np.zeros(5, np.uint32)]
    found = device.converge(own("sized", np.zeros(4), 2, *operands))
    assert (found.current.tolist(), found.converged) == ([4, 1, 6, 1], True)


def test_the_library_function(device: OpenCLConverger) -> None:
    halves = np.array([0.25, 1.0], np.float32)
    found = converge(
        np.zeros(2, np.uint32),
        step="as_float_sum",
        steps=SOURCE,
        operands=[halves],
        device=device,
        max_iterations=1,
    )
    assert found.current.view(np.float32).tolist() == [0.75, 1.5]


def test_a_step_that_does_not_compile_shows_its_line(device: OpenCLConverger, tmp_path: Path) -> None:
    path = tmp_path / "bad.cl"
    path.write_text('VYRE_STEP(bad, "cannot be") {\n    return nothing_like_it;\n}\n')
    source: StepSource = scan_steps(path.read_text(), path)
    with pytest.raises(KernelBuildError) as caught:
        device.converge(Convergence(source.steps[0], source, np.zeros(1, np.uint32)))
    assert "bad.cl:2" in caught.value.log
    assert caught.value.where == f"{path}, line 2"


def test_edges_by_target_may_be_long(device: OpenCLConverger) -> None:
    nodes = 2000
    star = np.stack([np.arange(nodes), np.zeros(nodes, np.int64)], axis=1)
    start = np.arange(nodes) == nodes - 1
    offsets, sources = edges_by_target(star, nodes)
    assert (len(offsets), len(sources)) == (nodes + 1, nodes)
    found = device.converge(reachability_job(start, star))
    assert found.current[0] == 1
    assert found.iterations == 2


BARRIER = "barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);"


@needs_oclgrind()
@pytest.mark.parametrize(
    ("check", "leave_out"),
    [("OCLGRIND_UNINITIALIZED", ""), ("OCLGRIND_DATA_RACES", ""), ("OCLGRIND_DATA_RACES", BARRIER)],
)
def test_every_access_is_in_order(check: str, leave_out: str, tmp_path: Path) -> None:
    (tmp_path / "oclgrind.icd").write_text(f"{icd_library()}\n")
    log = tmp_path / "log"
    environment = {
        **os.environ,
        check: "1",
        "OCL_ICD_VENDORS": str(tmp_path),
        "OCLGRIND_LOG": str(log),
        "PYOPENCL_NO_CACHE": "1",
    }
    environment.pop("VYRECTL_DEVICE", None)
    command = [sys.executable, "-m", "tests.opencl.checked_converge", leave_out]
    found = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, timeout=120)
    assert found.returncode == 0, found.stderr.decode()
    complaints = log.read_text() if log.exists() else ""
    if leave_out:
        assert "data race" in complaints
    else:
        assert found.stdout.decode().split()[1::2] == ["same"] * 3
        assert complaints == ""
