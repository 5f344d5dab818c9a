"""The control buffer: opcodes 1-7 and SHUTDOWN, the tenants' gate, words that a launch keeps (spec 3.1, 3.3)."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.conformance.cases import Case, Runner
from tests.support.ops import REQUEUE_N, WAIT
from tests.support.rings import ready_tasks
from vyrectl.abi import control as abi
from vyrectl.abi.faults import OUT_OF_RANGE
from vyrectl.abi.limits import NEVER_EPOCH
from vyrectl.errors import InvalidInputError, UsageError

STORE, ADD, LOAD, SWAP, MEMCPY, DFA, FENCE, SHUTDOWN = 1, 2, 3, 4, 5, 6, 7, 2**32 - 1
ONE_BY_ONE = {"workers": 1, "work_group_size": 1, "ticket": 1}


def control_buffer(words: int = 400) -> NDArray[np.uint32]:
    """Everybody let in, observable words numbered."""
    control = np.zeros(words, np.uint32)
    control[3:32] = 1
    control[160:] = np.arange(160, words)
    return control


def run_ops(runner: Runner, rows: list[tuple[int, int, int, int]]) -> NDArray[np.uint32]:
    """The control words after these operations (opcode, arg0, arg1, arg2), one after the other."""
    op, first, second, third = np.array(rows, np.uint32).T
    slots = ready_tasks(len(rows), op_handle=op, input_handle=first, output_handle=second, param=third)
    answer = runner.run(Case(slots, {}, control_buffer(), ONE_BY_ONE))
    assert (answer.slots["state"] == 3).all()
    return answer.control


def test_store_and_add(runner: Runner) -> None:
    after = run_ops(
        runner, [(STORE, 77, 200, 0), (ADD, 5, 200, 0), (ADD, 2**32 - 1, 201, 0), (STORE, 9, 399, 0)]
    )
    assert after[[200, 201, 399]].tolist() == [82, 200, 9]


def test_load_reads_any_word_into_an_observable(runner: Runner) -> None:
    after = run_ops(runner, [(LOAD, 3, 0, 0), (LOAD, 399, 239, 0), (LOAD, 161, 2, 0)])
    assert after[[160, 161, 162, 399]].tolist() == [1, 161, 161, 399]


def test_compare_swap(runner: Runner) -> None:
    after = run_ops(runner, [(SWAP, 200, 200, 5), (SWAP, 201, 7, 5), (SWAP, 200, 5, 6)])
    assert after[[200, 201, 360, 361]].tolist() == [6, 201, 5, 201]


def test_memcpy_ascends(runner: Runner) -> None:
    """A copy onto its own next word smears the first one; one onto the word before shifts."""
    after = run_ops(
        runner, [(MEMCPY, 200, 201, 4), (MEMCPY, 301, 300, 3), (MEMCPY, 390, 370, 10), (MEMCPY, 9, 9, 0)]
    )
    assert after[200:206].tolist() == [200, 200, 200, 200, 200, 205]
    assert after[300:304].tolist() == [301, 302, 303, 303]
    assert after[370:381].tolist() == [*range(390, 400), 380]


@pytest.mark.parametrize(("first", "second"), [(200, 398), (398, 200), (200, 397), (2**32 - 1, 200)])
def test_memcpy_past_the_end_touches_nothing(runner: Runner, first: int, second: int) -> None:
    """Four words from 397 on would end one word past the buffer, from 398 on two."""
    slots = ready_tasks(1, op_handle=MEMCPY, input_handle=first, output_handle=second, param=4)
    answer = runner.run(Case(slots, {}, control_buffer(), ONE_BY_ONE))
    assert (answer.slots["state"][0], answer.slots["continuation_data"][0]) == (7, OUT_OF_RANGE)
    assert answer.control[160:].tolist() == list(range(160, 400))


def test_batch_fence_advances_the_epoch_and_wakes_who_waits(runner: Runner) -> None:
    slots = ready_tasks(5, op_handle=[FENCE, FENCE, WAIT, WAIT, WAIT], output_handle=5, param=[0, 0, 1, 2, 3])
    answer = runner.run(Case(slots, {}, control_buffer()))
    assert (answer.control[128], answer.control[160], answer.report["epoch"]) == (2, 5, 2)
    assert answer.slots["state"].tolist() == [3, 3, 3, 3, 4]
    assert answer.report["resumed"] == 2


def test_the_epoch_wraps(runner: Runner) -> None:
    answer = runner.run(Case(ready_tasks(1, op_handle=FENCE), options={"epoch": 2**32 - 1}))
    assert answer.control[128] == 0


def test_never_does_not_come_with_the_last_epoch(runner: Runner) -> None:
    slots = ready_tasks(3, state=4, flags=1, resume_epoch=[NEVER_EPOCH, NEVER_EPOCH - 1, 0])
    answer = runner.run(Case(slots, options={"epoch": NEVER_EPOCH}))
    assert answer.slots["state"].tolist() == [4, 3, 3]


def test_shutdown_leaves_the_rest_where_it_was(runner: Runner) -> None:
    slots = ready_tasks(40, priority=[0, 0, *[2] * 38], flags=3)
    slots["op_handle"][1] = SHUTDOWN
    answer = runner.run(Case(slots, options=ONE_BY_ONE))
    assert answer.report["ended"] == "shutdown"
    assert answer.slots["state"].tolist() == [3, 3, *[1] * 38]
    assert answer.slots["flags"].tolist() == [0, 0, *[3] * 38]
    assert (answer.report["remaining"], answer.report["claims"], answer.control[0]) == (38, 2, 1)


def test_shutdown_among_many_workers_leaves_nothing_running(runner: Runner) -> None:
    slots = ready_tasks(1000, op_handle=REQUEUE_N, param=3)
    slots["op_handle"][500] = SHUTDOWN
    answer = runner.run(Case(slots))
    states = np.unique(answer.slots["state"]).tolist()
    assert set(states) <= {1, 3, 6}
    assert answer.slots["state"][500] == 3
    left = int(np.isin(answer.slots["state"], [1, 6]).sum())
    assert answer.report["remaining"] == left > 0
    assert answer.report["ended"] == "shutdown"


def test_a_buffer_that_says_shutdown_stops_before_the_first_claim(runner: Runner) -> None:
    control = control_buffer()
    control[0] = 1
    answer = runner.run(Case(ready_tasks(3), {}, control))
    assert (answer.report["ended"], answer.report["claims"], answer.report["remaining"]) == ("shutdown", 0, 3)
    assert (answer.slots["state"] == 1).all()


def test_the_gate_shuts_tenants_out(runner: Runner) -> None:
    """Tenants from 29 on have no mask, whatever the words behind the masks say."""
    control = control_buffer()
    control[3 + 1] = 0
    control[32:64] = 1
    slots = ready_tasks(7, tenant_id=[0, 1, 28, 29, 61, 2**32 - 3, 1])
    slots["state"][6] = 4
    answer = runner.run(Case(slots, {}, control))
    assert answer.slots["state"].tolist() == [3, 1, 3, 1, 1, 1, 4]
    assert answer.report["left_alone"]["shut_out"] == 4
    assert (answer.report["remaining"], answer.report["ended"]) == (0, "drained")


def test_without_a_buffer_everybody_is_let_in(runner: Runner) -> None:
    answer = runner.run(Case(ready_tasks(3, tenant_id=[28, 29, 2**32 - 1])))
    assert (answer.slots["state"] == 3).all()


def test_an_opened_gate_lets_a_tenant_in_next_round(runner: Runner) -> None:
    control = control_buffer()
    control[3 + 5] = 0
    slots = ready_tasks(2, tenant_id=[0, 5], op_handle=[STORE, 0], input_handle=1, output_handle=8)
    answer = runner.run(Case(slots, {}, control))
    assert (answer.slots["state"] == 3).all()
    assert answer.report["rounds"] == 2


def test_words_that_a_launch_keeps(runner: Runner) -> None:
    """Counts of drained slots, executions, claims per tenant and priority, and claims above Normal in a row."""
    slots = ready_tasks(
        6,
        op_handle=[0, 0, ADD, DFA, REQUEUE_N, 0x9999],
        output_handle=399,
        tenant_id=[0, 1, 1, 1, 2, 3],
        priority=[0, 0, 1, 1, 0, 2**32 - 1],
        param=1,
    )
    before = control_buffer()
    before[1] = 2**32 - 1
    before[135] = 3
    answer = runner.run(Case(slots, {}, before, {"age_threshold": 0}))
    after = answer.control
    assert after[1] == 3
    assert after[abi.METRICS.first : abi.METRICS.first + 8].tolist() == [2, 0, 1, 0, 0, 0, 0, 0]
    assert after[64:68].tolist() == [1, 3, 2, 1]
    assert after[136:141].tolist() == [3, 3, 0, 0, 0]
    assert after[3:32].tolist() == [1] * 29
    assert answer.slots["state"].tolist() == [3, 3, 3, 7, 3, 7]


def test_the_starvation_count_saturates(runner: Runner) -> None:
    before = control_buffer()
    before[135] = 2**32 - 2
    answer = runner.run(Case(ready_tasks(5, priority=0), {}, before, ONE_BY_ONE))
    assert answer.control[135] == 2**32 - 1


def test_a_fresh_buffer(runner: Runner) -> None:
    control = runner.run(Case(ready_tasks(1, tenant_id=40))).control
    assert len(control) == 192
    assert control[:3].tolist() == [0, 1, 3]
    assert (control[3:32] == 2**32 - 1).all()
    assert (control[32:64] == 1_000_000).all()
    assert control[64 + 8] == 1


@pytest.mark.parametrize(("words", "epoch"), [(159, None), (0, None), (160, 2**32), (160, -1)])
def test_buffers_and_epochs_that_are_refused(runner: Runner, words: int, epoch: int | None) -> None:
    with pytest.raises((InvalidInputError, UsageError, RuntimeError)):
        runner.run(Case(ready_tasks(1), {}, np.zeros(words, np.uint32), {"epoch": epoch}))


def test_the_shortest_buffer(runner: Runner) -> None:
    slots = ready_tasks(2, op_handle=[FENCE, STORE], output_handle=[0, 159], input_handle=4)
    control = np.zeros(160, np.uint32)
    control[3] = 1
    answer = runner.run(Case(slots, {}, control))
    assert answer.slots["state"].tolist() == [7, 3]
    assert (answer.control[159], answer.control[128]) == (4, 0)
