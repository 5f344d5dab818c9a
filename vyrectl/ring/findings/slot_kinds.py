"""The findings about one slot at a time: its state, its flags, its counters, its other words.

The invariant is that of `vyrectl.ring.findings.kinds`, which gathers them. Standard library only.
"""

from __future__ import annotations

from vyrectl.abi.faults import ENGINE_FAULTS, FIRST_ENGINE_FAULT
from vyrectl.abi.limits import U32_MAX
from vyrectl.ring.findings.kind import Kind, Severity

NEAR_END = 1 << 16
"""How far below 4294967295 a counter is called near its end."""

_ERROR, _WARNING, _NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE

PLAIN_TASK = "{task}"
"""Stands for the slots whose words 7-15 are a task's: see `vyrectl.ring.reading`."""

_OPEN = "state in (ready, running, paused, yielded, requeued)"
_KEPT = "state in (ready, running, paused, yielded, requeued, faulted)"


def _task(condition: str) -> str:
    return f"{condition} and {PLAIN_TASK}"


_STATE_KINDS = (
    Kind(
        "unknown-state",
        _ERROR,
        "the state word is outside spec 1.3",
        "Such a slot is never claimed, never counted and never changed; `snapshot` refuses the ring unless "
        "--lenient is given. A torn copy, another ABI, or bytes that are no ring lead to it.",
        "Look at them: vyrectl inspect {ring} --where 'state > 7'",
        "state > 7",
    ),
    Kind(
        "running-without-runner",
        _WARNING,
        "Running, and no process here holds the ring (so in every dump)",
        "A worker claimed the task. In a dump that another runtime made, or in a copy, nothing more is known: whoever "
        "runs it holds no lock here. In a ring that vyrectl launched, the launch ended without publishing an outcome: "
        "nobody will finish the task, and no launch claims it.",
        "vyrectl recover {ring}",
        "state == running",
    ),
    Kind(
        "running-unseen",
        _WARNING,
        "Running; whether a launch is at work cannot be told from here",
        "The bytes did not come from a ring file whose lock could be asked. In a copy of a live ring they are "
        "normal; in what a dead launch left behind they are orphans.",
        "If that launch is dead: vyrectl recover {ring}",
        "state == running",
    ),
    Kind(
        "running-held",
        _NOTE,
        "Running, and the ring is held",
        "A live process holds the ring's lock, so these tasks are most likely being run right now.",
        "Wait for the holder to end, then check again",
        "state == running",
    ),
    Kind(
        "waits-for-ever",
        _NOTE,
        "Paused until an epoch that never comes",
        "A resume_epoch of 4294967295 is reached by no epoch: such a task waits for an explicit resume, or, where its "
        "operation has spawned children, for the last of them, which a launch looks after.",
        "vyrectl transition {ring} resume {slots}",
        _task("state == paused and resume_epoch == 0xffffffff"),
    ),
    Kind(
        "due-epoch",
        _NOTE,
        "Paused until an epoch that has come",
        "The epoch is the one of --epoch or of --control, and 0 without them: an epoch of 0 has always come. A "
        "launch resumes such tasks when it starts; in a ring read back from one that runs they were missed.",
        "Launch it at that epoch, or resume them: vyrectl transition {ring} resume {slots}",
        _task("state == paused and resume_epoch <= {epoch}"),
    ),
    Kind(
        "faulted",
        _NOTE,
        "Faulted: nothing runs them again by itself",
        "The code of the fault lies in continuation_data; `inspect` names it. Once its cause is gone, a repair makes "
        "such tasks Ready again, from their beginning.",
        "vyrectl repair {ring} {slots}",
        "state == faulted",
    ),
)

_FLAG_KINDS = (
    Kind(
        "paused-without-flag",
        _ERROR,
        "Paused without the flag PAUSED",
        "pause sets the flag and nothing clears it while the task stays Paused. Who goes by the flags takes "
        "this task for one that may run.",
        "Pausing again until the same epoch sets it: vyrectl transition {ring} pause --epoch {resume_epoch} {slots}",
        _task("state == paused and not flags & paused"),
    ),
    Kind(
        "paused-and-resume-ready",
        _ERROR,
        "Paused with the flag RESUME_READY",
        "pause clears RESUME_READY and nothing sets it while the task stays Paused, whatever stood there before. The "
        "two readers of these flags will disagree about the task.",
        "Pausing again until the same epoch clears RESUME_READY: vyrectl transition {ring} pause "
        "--epoch {resume_epoch} {slots}",
        _task("state == paused and flags & paused and flags & resume_ready"),
    ),
    Kind(
        "ready-with-stale-flag",
        _WARNING,
        "Ready with the flag PAUSED or YIELDED, as no task of spec 1.6 has it",
        "A task is Ready when it is published or resumed, and both leave PAUSED and YIELDED clear. The runtime's hot "
        "publisher writes words 0-6 alone, so that a reused slot keeps the flags of what was there before; and a "
        "published argument may stand in this word (see --abi). REQUEUE_REQUESTED alone is no finding: the runtime's "
        "automata worklist makes its tasks with it.",
        "Nothing, unless a reader of yours goes by the flags: vyrectl set {ring} flags=0 {slots}",
        _task("state == ready and flags & (paused | yielded)"),
    ),
    Kind(
        "yielded-without-flag",
        _ERROR,
        "Yielded without the flag YIELDED",
        "yield sets the flag and only a resume or a completion clears it, both of which end this state.",
        "Yielding again sets it, and counts one more yield: vyrectl transition {ring} yield {slots}",
        _task("state == yielded and not flags & yielded"),
    ),
    Kind(
        "requeued-without-flag",
        _ERROR,
        "Requeued without the flag REQUEUE_REQUESTED",
        "requeue sets the flag and only a completion clears it, which ends this state.",
        "Requeueing again sets it, and counts one more requeue: vyrectl transition {ring} requeue {slots}",
        _task("state == requeued and not flags & requeue_requested"),
    ),
    Kind(
        "done-with-flags",
        _NOTE,
        "Done with flags",
        "complete clears every flag (spec 1.6). The runtime's own kernel ends a task by storing Done into word 0 "
        "alone, and a host that overwrites the state word (spec 3.8) does so too: the flags of the last turn stay.",
        "Nothing: a Done task is over, whatever its flags",
        _task("state == done and flags != 0"),
    ),
    Kind(
        "arguments-in-task-words",
        _NOTE,
        "arguments, or stale words, where a task keeps its own",
        "An operation published with more than three arguments keeps the rest in words 7-15, and the runtime's hot "
        "publisher leaves there what stood before. For these operations most slots hold words that no task comes to, "
        "so that none of their words 7-15 were taken for a continuation, ids, counters or flags. --abi task takes them "
        "for a task's all the same, --abi protocol takes every slot for arguments.",
        "Nothing; if they are a task's: vyrectl check {ring} --abi task",
    ),
    Kind(
        "paused-flag-survives",
        _NOTE,
        "claimable, with the flag PAUSED from an earlier pause",
        "Legal: yielding or requeueing a Paused task leaves the flag (spec 1.9). The state says what will "
        "happen: the task is claimed like any other.",
        "Nothing, unless a reader of yours goes by the flag",
        _task("state in (yielded, requeued) and flags & paused"),
    ),
    Kind(
        "unnamed-flag-bits",
        _NOTE,
        "flag bits without a meaning",
        "Bits from 4 on have no name (spec 1.5). They are kept, and cleared when the task completes.",
        "Nothing, if your runtime uses them",
        _task(f"{_KEPT} and flags > 0xf"),
    ),
)

_COUNTER_KINDS = (
    Kind(
        "counter-at-end",
        _WARNING,
        "a counter is at 4294967295",
        "One more legal turn led there. Counters never wrap: a yield or requeue of this task is refused from now on, "
        "and an operation that asks for one makes it Faulted.",
        "vyrectl set {ring} {counters} {slots}",
        _task(
            f"{_OPEN} and (age_ticks == {U32_MAX} or requeue_count == {U32_MAX} or yield_count == {U32_MAX})"
        ),
    ),
    Kind(
        "counter-near-end",
        _WARNING,
        f"a counter is within {NEAR_END} of 4294967295",
        "Counters never wrap: at their end a yield or requeue is refused, and an operation that asks for one "
        "makes the task Faulted.",
        "vyrectl set {ring} {counters} {slots}",
        _task(
            f"{_OPEN} and ({U32_MAX - NEAR_END} <= age_ticks < {U32_MAX}"
            f" or {U32_MAX - NEAR_END} <= requeue_count < {U32_MAX}"
            f" or {U32_MAX - NEAR_END} <= yield_count < {U32_MAX})"
        ),
    ),
    Kind(
        "uncounted-turn",
        _WARNING,
        "a yield or requeue that was never counted",
        "Each yield raises yield_count, each requeue raises requeue_count and age_ticks, and nothing lowers "
        "them but an edit. The flag YIELDED or the state Requeued beside a count of 0 points at an edited or torn "
        "slot, or at stale words. REQUEUE_REQUESTED alone does not: the runtime's automata worklist begins with it.",
        "Nothing, if you reset the counters; else look: vyrectl inspect {ring} {look}",
        _task(
            f"({_KEPT} and flags & yielded and yield_count == 0"
            " or state == requeued and (requeue_count == 0 or age_ticks == 0))"
        ),
    ),
    Kind(
        "starving",
        _WARNING,
        "queued, and aged so far that the policy gives way to age",
        "Each requeue adds an age tick and nothing takes one away. From --age-threshold on (32 unless given, as in "
        "the launch policy) a task has gone round often enough without finishing that its class alone no longer "
        "brings it forward.",
        "Launch with --age-threshold, which lifts aged tasks class by class, or look at what they wait for: "
        "vyrectl inspect {ring} --sort -age",
        _task("state in (ready, yielded, requeued) and age_ticks >= {age}"),
    ),
    Kind(
        "stale-telemetry",
        _WARNING,
        "slots that are not queued set the queue's telemetry",
        "A snapshot's total_requeues and max_priority_age run over every slot, Empty, Done and Faulted ones "
        "included, and nothing ever lowers them (spec 1.9). Here most requeues, or the greatest age, come "
        "from slots that will not run again: the queue looks saturated, and stays so.",
        "vyrectl set {ring} age_ticks=0 requeue_count=0 {slots}",
        "state in (empty, done, faulted) and (age_ticks != 0 or requeue_count != 0)",
    ),
)

_WORD_KINDS = (
    Kind(
        "duplicate-task-id",
        _WARNING,
        "another slot has the same task_id",
        "A task_id is what logs, parents and reports know a task by. Two slots with one id cannot be told "
        "apart there. It is the caller's to choose; and the runtime's hot publisher writes words 0-6 alone, so that a "
        "reused slot keeps the id of the task before it. 0 and Empty slots do not count.",
        "Give all but one of each a new id with `set`; look at them: vyrectl inspect {ring} --sort task_id",
    ),
    Kind(
        "own-parent",
        _WARNING,
        "parent_task_id is the task's own id",
        "A task cannot have been spawned by itself; who walks up the parents never arrives.",
        "vyrectl set {ring} parent_task_id=0 {slots}",
        _task(
            "state in (ready, running, done, paused, yielded, requeued, faulted) and task_id == parent_task_id != 0"
        ),
    ),
    Kind(
        "orphaned-parent",
        _WARNING,
        "parent_task_id is no task of this ring",
        "The parent's slot was published anew, the parent lies outside the part that was checked, or the word is "
        "damaged. Whoever waits for children by their parent never sees these. Tasks that are Done do not count.",
        "Cut them loose, by setting parent_task_id to 0, or look: vyrectl inspect {ring} --tree",
    ),
    Kind(
        "parent-done-first",
        _WARNING,
        "the parent is Done and this child is not",
        "A parent that was to wait for its children did not, or was completed by hand. What it made of their "
        "results is without these.",
        "Launch the ring to finish them, or look: vyrectl inspect {ring} --tree",
    ),
    Kind(
        "unknown-priority",
        _NOTE,
        "a priority outside spec 1.4",
        "Such a task queues as Idle, and its word is kept bit for bit.",
        "vyrectl set {ring} priority=normal {slots}",
        f"{_OPEN} and priority > 4",
    ),
    Kind(
        "unrunnable-op",
        _WARNING,
        "an operation id that the wire keeps and gives no body",
        "Ids with the high bit, 0xFFF0 to 0xFFFF and 0 to 7 belong to the wire (spec 3.3); the ones here have "
        "no effect there, and the runtime's kernel ends such a task as Done. A launch makes it Faulted.",
        "Give them another operation with `set`, or look: vyrectl inspect {ring} {look}",
        f"{_OPEN} and (op_handle == 6 or 0xfff0 <= op_handle <= 0xfffd or op_handle == 0xffff"
        " or op_handle == 0x80000000 or 0x80000002 <= op_handle <= 0xfffffffe)",
    ),
    Kind(
        "undefined-op",
        _WARNING,
        "an operation that no known source defines",
        "The id may be used by operations, but neither vyrectl's own sources nor those named with --ops declare it. "
        "A launch without its source makes these tasks Faulted (unknown_op); the runtime's kernel ends a task whose "
        "opcode has no handler as Done.",
        "Name the source with --ops FILE.cl, or names alone with --op-names FILE; which they are: "
        "vyrectl inspect {ring} {look}",
        f"{_OPEN} and 7 < op_handle < 0x80000000 and not 0xfff0 <= op_handle <= 0xffff"
        " and op_handle not in ({ops})",
    ),
    Kind(
        "shut-out-tenant",
        _NOTE,
        "the control buffer does not let the tenant in",
        "A mask of 0 shuts its tenant out (spec 3.1): a launch with this control buffer leaves these tasks where they "
        "are and waits for none of them, and so does the runtime.",
        "Launch without --control, or let the tenant in: vyrectl control {control} {masks}",
        f"{_OPEN} and {{shut_out}}",
    ),
    Kind(
        "tenant-without-mask",
        _NOTE,
        "a tenant from 29 on, for whom the runtime reads the quota table and vyrectl does not",
        "Only tenants 0 to 28 have a mask (spec 3.1). The runtime looks up word 3 + tenant all the same: from tenant "
        "29 on that is the quota table, so that it lets in whoever finds a word there that is not 0. A launch here "
        "leaves these tasks where they are and waits for none of them.",
        "Launch without --control, or give the tasks a tenant from 0 to 28, here 0: vyrectl set {ring} tenant_id=0 "
        "{slots}",
        f"{_OPEN} and tenant_id >= 29",
    ),
    Kind(
        "starvation-guard",
        _WARNING,
        "the runtime's own priority kernel would claim nothing more",
        "Word 135 of the control buffer counts claims at Critical and High in a row. At 16 the runtime's priority "
        "kernel claims from below High or not at all, and nothing lowers the count when there is nothing below High: "
        "it stops for ever, with the slots left Ready. A launch here goes on (spec 3.5).",
        "Put 0 into word 135: vyrectl control {control} priority_starvation=0",
    ),
    Kind(
        "foreign-window",
        _WARNING,
        "an operation of another tenant's window",
        "The runtime gives each registered tenant the ids 0x40000000 + id * 2^20 + local for operations of its own. "
        "This task bears one of a tenant that it does not belong to.",
        "Look at them: vyrectl inspect {ring} {look} --columns slot,tenant,op,state",
        f"{_OPEN} and 0x40100000 <= op_handle < 0x80000000 and op_handle // 0x100000 - 0x400 != tenant_id",
    ),
    Kind(
        "control-index",
        _NOTE,
        "an argument past the control buffer's end",
        "The runtime drops such an access and the task is Done; a launch here makes it Faulted (out_of_range).",
        "Launch with a control buffer that has more observable words",
        f"{_OPEN} and (op_handle in (store_u32, atomic_add) and output_handle >= {{words}}"
        " or op_handle == load_u32 and (input_handle >= {words} or output_handle >= {observables})"
        " or op_handle == compare_swap and input_handle >= {observables}"
        " or op_handle == memcpy and (input_handle + param > {words} or output_handle + param > {words}))",
    ),
    Kind(
        "fence-without-observables",
        _NOTE,
        "a batch fence, and the control buffer has no observable words",
        "The fence also stores its tag into the first observable word. Where there is none the runtime raises the "
        "epoch and goes on; a launch here makes the task Faulted (out_of_range).",
        "Launch with a control buffer that has an observable word",
        f"{_OPEN} and op_handle == batch_fence",
    ),
    Kind(
        "wrong-partition",
        _NOTE,
        "in the partition of another priority class",
        "The control buffer's priority offsets give each class a range of slots, and requeue changes word 3 alone, so "
        "that the two may part (spec 1.9). vyrectl goes by word 3; a runtime that goes by ranges does not.",
        "Nothing, unless your runtime goes by partitions",
        f"{_OPEN} and ({{misplaced}})",
    ),
    Kind(
        "broken-partitions",
        _WARNING,
        "the control buffer's priority offsets do not cover this ring",
        "They are to ascend from 0, and the sixth is the number of slots (spec 3.1). A runtime that goes by partitions "
        "misses slots, or looks past the end.",
        "Write them anew for this ring's number of slots",
    ),
    Kind(
        "unknown-fault-code",
        _NOTE,
        "Faulted with an engine's code that has no name",
        "Codes from 0xFFFFFF00 up are the engine's own; this one is none of those that this version writes.",
        "Ask the runtime that wrote it",
        f"state == faulted and continuation_data >= 0x{FIRST_ENGINE_FAULT:x} and continuation_data not in ("
        f"{', '.join(f'0x{fault.code:x}' for fault in ENGINE_FAULTS)})",
    ),
)

SLOT_KINDS = (*_STATE_KINDS, *_FLAG_KINDS, *_COUNTER_KINDS, *_WORD_KINDS)
