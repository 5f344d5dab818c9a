"""Seeded faults, as data: where, what stands there, what is put in its place, and the tests that must notice.

Each is a mistake that somebody could make: a bound off by one, a word forgotten, two words exchanged, an order turned
round. One that no test notices is a test that is missing.
"""

from __future__ import annotations

from typing import NamedTuple


class Mutant(NamedTuple):
    """One fault.

    Attributes:
        name: What it does, in a few words.
        path: The file, from the project's folder.
        old: Text that stands there once.
        new: What replaces it.
        tests: What pytest is given, separated by blanks; they must fail.
    """

    name: str
    path: str
    old: str
    new: str
    tests: str


_ABI, _TASK = "tests/abi tests/task", "tests/task"
_SNAPSHOT = "tests/telemetry/test_snapshot.py"
_POLICY = "tests/policy/test_recommend.py"
_SCHEDULE = "tests/engine/test_schedule.py tests/engine/test_reference.py"
_ROUNDS = "tests/launching/test_rounds.py"
_CONTROL, _ORDER = "tests/conformance/test_control.py", "tests/conformance/test_order.py"
_FAULTS, _OPS = "tests/conformance/test_faults.py", "tests/conformance/test_ops.py"
_RANDOM = "tests/conformance/test_random_rings.py"
_CLAIMS = "tests/opencl/test_claims.py tests/launching/test_verify.py"

_CODEC = (
    Mutant(
        "words in the other byte order",
        "vyrectl/abi/slot.py",
        'struct.Struct("<16I")',
        'struct.Struct(">16I")',
        _ABI,
    ),
    Mutant(
        "a word past u32 is packed",
        "vyrectl/numbers.py",
        "    if number is not None and least <= number <= most:\n",
        "    if number is not None and least <= number <= most + 1:\n",
        _TASK,
    ),
    Mutant(
        "a negative word is packed",
        "vyrectl/numbers.py",
        "    if number is not None and least <= number <= most:\n",
        "    if number is not None and least - 1 <= number <= most:\n",
        _TASK,
    ),
    Mutant("a task forgets its param", "vyrectl/task/item.py", "            param=item.param,\n", "", _TASK),
    Mutant(
        "input and output exchanged",
        "vyrectl/task/item.py",
        "WorkItem(self.op_handle, self.input_handle, self.output_handle, self.param)",
        "WorkItem(self.op_handle, self.output_handle, self.input_handle, self.param)",
        _TASK,
    ),
    Mutant(
        "the last reserved id is a user's",
        "vyrectl/abi/opcodes.py",
        "0xFFF0 <= code <= 0xFFFF",
        "0xFFF0 <= code < 0xFFFF",
        f"{_ABI} tests/protocol tests/ring/test_check.py",
    ),
    Mutant(
        "a flag that is named twice vanishes",
        "vyrectl/abi/states.py",
        "word |= TaskFlag[name]",
        "word ^= TaskFlag[name]",
        _ABI,
    ),
    Mutant(
        "an unknown state is the highest known one",
        "vyrectl/abi/states.py",
        "    return _STATES_BY_WORD.get(word)\n\n\ndef known_priority",
        "    return _STATES_BY_WORD.get(min(word, 7))\n\n\ndef known_priority",
        f"{_ABI} {_SNAPSHOT}",
    ),
)

_LIFECYCLE = (
    Mutant(
        "resume leaves YIELDED",
        "vyrectl/task/lifecycle.py",
        "            _PAUSED | _YIELDED,\n",
        "            _PAUSED,\n",
        _TASK,
    ),
    Mutant(
        "complete keeps unnamed flags",
        "vyrectl/task/lifecycle.py",
        'TaskState.DONE, {}, (), 0, U32_MAX, "finish"',
        'TaskState.DONE, {}, (), 0, 0xF, "finish"',
        _TASK,
    ),
    Mutant(
        "a fault's code goes to the pc",
        "vyrectl/task/lifecycle.py",
        '{"code": "continuation_data"}',
        '{"code": "continuation_pc"}',
        _TASK,
    ),
    Mutant(
        "requeue checks the age first",
        "vyrectl/task/lifecycle.py",
        '("requeue_count", "age_ticks")',
        '("age_ticks", "requeue_count")',
        _TASK,
    ),
    Mutant(
        "a requeued task does not age",
        "vyrectl/task/lifecycle.py",
        '("requeue_count", "age_ticks")',
        '("requeue_count",)',
        _TASK,
    ),
    Mutant(
        "counters wrap",
        "vyrectl/task/lifecycle.py",
        "        if words[FIELD_INDEX[counter]] == U32_MAX:\n            raise CounterOverflowError(counter)",
        "        if words[FIELD_INDEX[counter]] == U32_MAX:\n            words[FIELD_INDEX[counter]] = -1",
        _TASK,
    ),
    Mutant(
        "an array's counters wrap",
        "vyrectl/task/arrays.py",
        "(slots[counter] == U32_MAX)",
        "(slots[counter] > U32_MAX)",
        _TASK,
    ),
    Mutant(
        "arrays keep flags that an action clears",
        "vyrectl/task/arrays.py",
        "& np.uint32(~row.clear_flags & U32_MAX)",
        "& np.uint32(U32_MAX)",
        _TASK,
    ),
    Mutant(
        "a Done task may be paused",
        "vyrectl/abi/states.py",
        "SCHEDULABLE | {TaskState.RUNNING, TaskState.PAUSED}",
        "SCHEDULABLE | {TaskState.RUNNING, TaskState.PAUSED, TaskState.DONE}",
        _TASK,
    ),
)

_TELEMETRY = (
    Mutant(
        "the last unknown state is named, not the first",
        "vyrectl/telemetry/snapshot.py",
        "slot < first_unknown[0]",
        "slot > first_unknown[0]",
        _SNAPSHOT,
    ),
    Mutant(
        "yielded tasks are not schedulable",
        "vyrectl/telemetry/snapshot.py",
        "(self.ready_count, self.yielded_count, self.requeued_count)",
        "(self.ready_count, self.requeued_count)",
        _SNAPSHOT,
    ),
    Mutant(
        "a requeued task counts once in the pressure",
        "vyrectl/telemetry/snapshot.py",
        "(self.yielded_count, self.requeued_count, self.total_requeues)",
        "(self.yielded_count, self.total_requeues)",
        _SNAPSHOT,
    ),
    Mutant(
        "telemetry lowers a request's age",
        "vyrectl/telemetry/snapshot.py",
        "max(request.max_priority_age, telemetry.max_priority_age)",
        "telemetry.max_priority_age",
        _SNAPSHOT,
    ),
    Mutant(
        "a request's requeues are replaced",
        "vyrectl/telemetry/snapshot.py",
        "request.requeue_count + pressure",
        "pressure",
        _SNAPSHOT,
    ),
    Mutant(
        "an overflow is one too late",
        "vyrectl/telemetry/snapshot.py",
        "    if value > most:",
        "    if value > most + 1:",
        _SNAPSHOT,
    ),
    Mutant(
        "requeues are halved in the sweep",
        "vyrectl/telemetry/census.py",
        "np.right_shift(pairs, np.uint64(32), out=pairs)",
        "np.right_shift(pairs, np.uint64(33), out=pairs)",
        _SNAPSHOT,
    ),
    Mutant(
        "a sweep takes state 8 for a known one",
        "vyrectl/telemetry/census.py",
        '(chunk["state"] >= _KNOWN)',
        '(chunk["state"] > _KNOWN)',
        _SNAPSHOT,
    ),
)

_PLANNING = (
    Mutant(
        "an inferred density may be 0",
        "vyrectl/policy/steps.py",
        "min(max(min(queue_len, nodes) * WHOLE_BPS // nodes, 1), WHOLE_BPS)",
        "min(min(queue_len, nodes) * WHOLE_BPS // nodes, WHOLE_BPS)",
        _POLICY,
    ),
    Mutant(
        "hysteresis is kept away from nothing",
        "vyrectl/policy/steps.py",
        "previous is None or raw is Topology.Empty or",
        "previous is None or",
        _POLICY,
    ),
    Mutant(
        "hysteresis widens the wrong way",
        "vyrectl/policy/steps.py",
        "return max(0, bps - HYSTERESIS_BPS)",
        "return max(0, bps + HYSTERESIS_BPS)",
        _POLICY,
    ),
    Mutant(
        "memory pressure sheds no base",
        "vyrectl/policy/steps.py",
        "shed = BASE_SHED_BPS + over *",
        "shed = over *",
        _POLICY,
    ),
    Mutant(
        "pressure halves nothing at its threshold",
        "vyrectl/policy/steps.py",
        "factor = 1 if _is_tight(basis, judge) else",
        "factor = 1 if not _is_tight(basis, judge) else",
        _POLICY,
    ),
    Mutant(
        "a peak that equals the budget is refused",
        "vyrectl/policy/steps.py",
        '"estimated_peak_device_bytes", peak, budget, "device',
        '"estimated_peak_device_bytes", peak + 1, budget, "device',
        _POLICY,
    ),
    Mutant(
        "a full lane is light",
        "vyrectl/policy/steps.py",
        'judge.at_least("queue_len", queue_len, lanes, "lanes")',
        'judge.at_least("queue_len", queue_len, lanes + 1, "lanes")',
        _POLICY,
    ),
    Mutant(
        "a grid past its maximum",
        "vyrectl/policy/sizing.py",
        "worker_groups or 1, MAX_DISPATCH_WORKGROUPS), 1, 1)",
        "worker_groups or 1), 1, 1)",
        f"{_POLICY} tests/policy/test_sizing.py",
    ),
    Mutant(
        "padding wraps past u32",
        "vyrectl/policy/sizing.py",
        "min(U32_MAX, (items or 1) + width - 1)",
        "((items or 1) + width - 1)",
        f"{_POLICY} tests/policy/test_sizing.py",
    ),
    Mutant(
        "near the limit is one too late",
        "vyrectl/policy/drain.py",
        "(requeue_headroom <= NEAR_LIMIT_HEADROOM,",
        "(requeue_headroom < NEAR_LIMIT_HEADROOM,",
        "tests/policy/test_accounting.py",
    ),
)

_SCHEDULER = (
    Mutant(
        "an unknown priority has a class of its own",
        "vyrectl/engine/schedule.py",
        'np.minimum(slots["priority"], int(TaskPriority.IDLE)).astype',
        'slots["priority"].astype',
        _SCHEDULE,
    ),
    Mutant(
        "age lifts past Critical",
        "vyrectl/engine/schedule.py",
        "np.maximum(base - lift, 0)",
        "base - lift",
        _SCHEDULE,
    ),
    Mutant(
        "the starvation guard is one too late",
        "vyrectl/engine/schedule.py",
        "self.above >= STARVATION_LIMIT",
        "self.above > STARVATION_LIMIT",
        _SCHEDULE,
    ),
    Mutant(
        "a claim below High does not reset the guard",
        "vyrectl/engine/schedule.py",
        "if waiting[0] < HIGH_CLASSES else 0",
        "if waiting[0] < HIGH_CLASSES else self.above",
        _SCHEDULE,
    ),
    Mutant(
        "the youngest of a class goes first",
        "vyrectl/engine/schedule.py",
        "self._lines[waiting[0]].popleft()",
        "self._lines[waiting[0]].pop()",
        _SCHEDULE,
    ),
    Mutant(
        "tenant 29 has a mask",
        "vyrectl/engine/schedule.py",
        "control[masks.first : masks.end]",
        "control[masks.first : masks.end + 1]",
        _SCHEDULE,
    ),
    Mutant(
        "never comes with the last epoch",
        "vyrectl/engine/reference.py",
        " & (due != NEVER_EPOCH)",
        "",
        f"{_SCHEDULE} {_CONTROL}",
    ),
    Mutant(
        "SHUTDOWN is not seen between tasks",
        "vyrectl/engine/reference.py",
        "if stops or self._counts[control_abi.SHUTDOWN.first] or",
        "if stops or",
        f"{_SCHEDULE} {_CONTROL}",
    ),
    Mutant(
        "a round without progress starts another",
        "vyrectl/launching/rounds.py",
        "return None if self._claims() > before.claims else Ending.STALLED",
        "return None if self._claims() >= before.claims else Ending.STALLED",
        _ROUNDS,
    ),
    Mutant(
        "one claim more than the budget",
        "vyrectl/launching/rounds.py",
        "claims >= self.max_steps",
        "claims > self.max_steps",
        _ROUNDS,
    ),
)

_KERNELS = (
    Mutant(
        "a claim is a load and a store",
        "kernels/engine/core.h",
        "    const uint met = vyre_cas_value_acq_rel(state, VYRE_STATE_READY, VYRE_STATE_RUNNING);\n",
        "    const uint met = vyre_load_relaxed(state);\n"
        "    if (met == VYRE_STATE_READY) vyre_store_relaxed(state, VYRE_STATE_RUNNING);\n",
        _CLAIMS,
    ),
    Mutant(
        "a claim of a batch is a load and a store",
        "kernels/engine/core.h",
        "    const uint met = vyre_cas_value_relaxed(state, likely, VYRE_STATE_RUNNING);\n",
        "    const uint met = vyre_load_relaxed(state);\n"
        "    if (met == likely) vyre_store_relaxed(state, VYRE_STATE_RUNNING);\n",
        _CLAIMS,
    ),
    Mutant(
        "a batch takes what is not as expected without a look",
        "kernels/engine/core.h",
        "return vyre_is_schedulable(met) && vyre_cas_value_relaxed(state, met, VYRE_STATE_RUNNING) == met;",
        "return vyre_cas_value_relaxed(state, met, VYRE_STATE_RUNNING) == met;",
        _CLAIMS,
    ),
    Mutant(
        "a Done task may be claimed",
        "kernels/engine/core.h",
        "return vyre_is_schedulable(met) && vyre_cas_acquire(state, met, VYRE_STATE_RUNNING);",
        "return vyre_cas_acquire(state, met, VYRE_STATE_RUNNING);",
        _CLAIMS,
    ),
    Mutant(
        "publication without release",
        "kernels/include/vyre_sync.h",
        "atomic_store_explicit(VYRE_ATOMIC(p), value, memory_order_release,",
        "atomic_store_explicit(VYRE_ATOMIC(p), value, memory_order_relaxed,",
        "tests/opencl/test_sync_header.py",
    ),
    Mutant(
        "a class lifted one tick late",
        "kernels/engine/core.h",
        "age_ticks < age_threshold)\n        return base;",
        "age_ticks <= age_threshold)\n        return base;",
        f"{_ORDER} {_RANDOM}",
    ),
    Mutant(
        "a device's yield_count wraps",
        "kernels/engine/core.h",
        "words[VYRE_WORD_YIELD_COUNT] == VYRE_U32_MAX\n",
        "words[VYRE_WORD_YIELD_COUNT] == 0u && false\n",
        _FAULTS,
    ),
    Mutant(
        "a requeue to priority 5",
        "kernels/engine/core.h",
        "outcome.extra >= VYRE_PRIORITY_COUNT",
        "outcome.extra > VYRE_PRIORITY_COUNT",
        f"{_FAULTS} tests/conformance/test_user_ops.py",
    ),
    Mutant(
        "a yield counts twice",
        "kernels/engine/core.h",
        "words[VYRE_WORD_YIELD_COUNT] += 1u;",
        "words[VYRE_WORD_YIELD_COUNT] += 2u;",
        _OPS,
    ),
    Mutant(
        "a pause forgets its epoch",
        "kernels/engine/core.h",
        "            words[VYRE_WORD_RESUME_EPOCH] = outcome.extra;\n",
        "",
        f"{_CONTROL} {_OPS}",
    ),
    Mutant(
        "a finished task keeps its flags",
        "kernels/engine/core.h",
        "if (after != flags) words[VYRE_WORD_FLAGS] = after;",
        "",
        f"{_CONTROL} {_OPS}",
    ),
    Mutant(
        "a range one element too long",
        "kernels/include/vyre_op.h",
        "count > length - first)",
        "count > length - first + 1u)",
        f"{_FAULTS} {_OPS}",
    ),
    Mutant(
        "an input may be written",
        "kernels/include/vyre_op.h",
        "if (writes && !buffer.writable)",
        "if (writes && false)",
        f"{_FAULTS} {_OPS}",
    ),
    Mutant(
        "a handle one past the table",
        "kernels/include/vyre_op.h",
        "handle < task->env->buffer_count ?",
        "handle <= task->env->buffer_count ?",
        f"{_FAULTS} {_OPS}",
    ),
    Mutant(
        "a pause that is due waits one epoch more",
        "kernels/engine/index.cl",
        "if (due > epoch ||",
        "if (due >= epoch ||",
        _CONTROL,
    ),
    Mutant(
        "a device resumes what waits for ever",
        "kernels/engine/index.cl",
        " || due == VYRE_NEVER_EPOCH) return false;",
        ") return false;",
        f"{_CONTROL} {_RANDOM}",
    ),
    Mutant(
        "a tenant past the masks is asked for",
        "kernels/engine/filter.h",
        "tenant < VYRE_CONTROL_TENANT_MASKS_WORDS &&",
        "tenant <= VYRE_CONTROL_TENANT_MASKS_WORDS &&",
        _CONTROL,
    ),
    Mutant(
        "memcpy's end is not checked",
        "kernels/ops/control.cl",
        "(ulong)task->output_handle + task->param - 1u",
        "(ulong)task->output_handle + task->param - 2u",
        _CONTROL,
    ),
    Mutant(
        "SHUTDOWN is written as 0",
        "kernels/ops/control.cl",
        "task->env->control + VYRE_CONTROL_SHUTDOWN, 1u",
        "task->env->control + VYRE_CONTROL_SHUTDOWN, 0u",
        _CONTROL,
    ),
    Mutant(
        "an operation ends one element late",
        "kernels/ops/arrays.cl",
        "if (next >= total) return vyre_done();",
        "if (next > total) return vyre_done();",
        _OPS,
    ),
    Mutant(
        "a sum forgets its accumulator",
        "kernels/ops/arrays.cl",
        "uint sum = task->pc ? task->data : 0u;",
        "uint sum = 0u;",
        _OPS,
    ),
    Mutant(
        "a device's starvation guard is one too late",
        "kernels/engine/exact.cl",
        "if (above >= VYRE_STARVATION_LIMIT)",
        "if (above > VYRE_STARVATION_LIMIT)",
        _ORDER,
    ),
    Mutant(
        "the first tenants share a count",
        "kernels/engine/turn.h",
        "words[VYRE_WORD_TENANT_ID] % VYRE_CONTROL_TENANT_FAIRNESS_WORDS;",
        "words[VYRE_WORD_TENANT_ID] / 2u % VYRE_CONTROL_TENANT_FAIRNESS_WORDS;",
        _CONTROL,
    ),
)

MUTANTS = (*_CODEC, *_LIFECYCLE, *_TELEMETRY, *_PLANNING, *_SCHEDULER, *_KERNELS)
"""All of them."""
