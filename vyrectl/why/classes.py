"""Every reason why tasks of a queue do not move, as data: its name, its rule in words, who has to act, what mends it.

Standard library only. `vyrectl.why.rules` holds the rules themselves under the same names. The invariant: a mend is
words, then one command as its end (`vyrectl.ring.findings.advice`); what stands in braces is filled in by the rule
that found something, or is left out with its whole mend.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from vyrectl.dataclass import dataclass
from vyrectl.errors import UnknownNameError
from vyrectl.ring.findings.advice import fill_advice

if TYPE_CHECKING:
    from vyrectl.why.record import WhyCauseRecord

STARVED_TURNS = 17
"""Turns of lower classes that a waiting task may see go by: one more than the starvation guard's run (spec 3.5)."""

LONG_TURN_S = 10.0
"""Seconds from which one turn is called long although other tasks move."""

SUSPECT_TURN_S = 1.0
"""Seconds from which a turn that its launch did not survive may have hung."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One class.

    Attributes:
        name: Stable name, for `--fail-on`, `--explain` and programs.
        title: What is the case, completing "N tasks ...".
        rule: When a task belongs to it.
        needs_person: Nobody but a person gets such tasks going; a rule may know better for the tasks it found.
        mends: Case -> what to do; the cases are the rule's.
    """

    name: str
    title: str
    rule: str
    needs_person: bool
    mends: Mapping[str, str]


_CAUSES = (
    Cause(
        "guard-live-lock",
        "wait behind a starvation guard that lets nothing through",
        "Word 135 of the control buffer is 16 or more, nothing below High is claimable, and tasks at Critical or High "
        "are. The defining runtime's kernel then claims nothing, and the counter never falls (spec 3.5). The class of "
        "a slot is its partition's (words 129-134), or word 3 where there are none. vyrectl's launch is not "
        "held up by it.",
        True,
        {"control": "Start the count anew: vyrectl control {control} priority_starvation=0"},
    ),
    Cause(
        "shut-out",
        "are of tenants that may not claim",
        "Schedulable or Paused, never claimed, and by the control buffer the tenant's mask (words 3-31) is 0, the "
        "tenant is 29 or more and so has no mask, or its claims (words 64-95) have reached its quota (words 32-63; a "
        "quota of 0 is none). Without a control buffer nobody is shut out but by --tenant-quota of a launch in place "
        "that lives: its tenant has no claim left, as of the last round.",
        True,
        {
            "mask": "Let them in: vyrectl control {control} {masks}",
            "quota": "Raise the quota: vyrectl control {control} {quotas}",
            "bounded": "Once this launch has ended, give them more: vyrectl launch {ring} {bounds}",
            "no-mask": "Tenants from 29 on have no mask, so that a launch with a control buffer passes them over; run "
            "these alone without one: vyrectl launch {ring} --where 'tenant_id >= 29'",
        },
    ),
    Cause(
        "mask-closed",
        "were claimed before their tenant's mask was closed",
        "As shut-out by a mask, but the task has had a turn: it is Running, Yielded or Requeued, or has counted a "
        "yield or a requeue. Its progress stands where it was and no worker may take it up.",
        True,
        {"mask": "Open the mask again: vyrectl control {control} {masks}"},
    ),
    Cause(
        "orphaned",
        "are Running, and nobody runs the ring",
        "State Running while nobody holds the ring's lock: the worker is gone, also where a launch with --output "
        "works on a copy. Of a ring that came as bytes, by a "
        "pipe or out of a dump, nobody can be seen to hold it. Of a launch in place that died the turns hung that had "
        f"lasted {LONG_TURN_S:g} s, and those in which it stood still and had said so (--stall-after); where there are "
        f"none, those are suspected that had lasted {SUSPECT_TURN_S:g} s.",
        True,
        {
            "": "Put them back, but end one that hung first (recover --as faulted {hung}): vyrectl recover {ring}",
            "hung": "They were in one turn for long and would hang again, so end them; recover without --as faulted "
            "runs them once more: vyrectl recover {ring} --as faulted {slots}",
            "suspected": "End what may hang again, for it was in one turn for a while: "
            "vyrectl recover {ring} --as faulted {slots}",
            "rest": "Put back what did not hang, and it is run once more: vyrectl recover {ring}",
        },
    ),
    Cause(
        "held",
        "are Running, and their worker lives",
        "State Running while somebody holds the ring's lock. A person is needed when two looks found the task in the "
        f"same turn and nothing else moved meanwhile, or {LONG_TURN_S:g} s lay between them, or the launch has noted "
        "a turn of that length itself (`vyrectl workers`), or stands still in it and has said so (--stall-after). Of a "
        "launch on a copy the file does not tell: there its workers say which tasks are Running, and which turns "
        "began. A launch with --output holds nothing of the ring that it reads, and is found where the system shows "
        "the memory of other processes (Linux); Running tasks of the file are none of its own.",
        False,
        {
            "live": "End the launch in order; a turn that never ends does not react, then send its process{whose} "
            "SIGTERM, which kills it after its --grace: vyrectl control {control} shutdown=1",
            "gone": "Once nobody holds the ring any more, end what hung (recover without --as faulted runs it once "
            "more): vyrectl recover {ring} --as faulted {slots}",
            "copy": "End the launch; what does not leave is killed after its --grace, and the file stays as it was "
            "before: kill -TERM {pids}",
            "unnamed": "End the launch in order, SIGTERM first; if it has to be killed the file stays as it was "
            "before. Look again once nobody holds the ring any more: vyrectl why {ring}",
            "without": "Once this launch has ended, launch without what hung: "
            "vyrectl launch {ring}{to} --where '{kept}'",
            "": "End the launch in order, SIGTERM to its process{whose} first; of what that leaves Running, end a task "
            "that hung with recover --as faulted {hung} and put the rest back with recover, once nobody holds the ring "
            "any more: vyrectl why {ring}",
        },
    ),
    Cause(
        "unattended",
        "could be claimed, and nobody claims them",
        "Claimable, let in and of a known operation, nothing holds the ring, and the control buffer's SHUTDOWN word "
        "is set, or between two looks at the ring not one of its words changed.",
        True,
        {
            "shutdown": "Take the wish back, then launch again: vyrectl control {control} shutdown=0",
            "": "vyrectl launch {ring}{with_control}",
        },
    ),
    Cause(
        "unknown-op",
        "name an operation that nothing defines",
        "Open, and the operation is not built in, not shipped, not declared in a source of --ops and not named by "
        "--op-names; or it is one that the wire keeps and gives no body.",
        True,
        {
            "": "Add --ops FILE.cl that defines it; look at them: vyrectl inspect {ring} {look}",
            "kept": "No source may define such an id; launch the others: vyrectl launch {ring}{with_control} {others}",
        },
    ),
    Cause(
        "unknown-handle",
        "name a buffer that a launch has to be given",
        "Claimable (or due and left to a launch), let in, of an operation that reads or writes a buffer or the "
        "argument table, and nobody runs the ring: a launch is refused unless it is given one for each handle. The "
        "facts are those of that refusal.",
        False,
        {
            "": "Give a launch its buffers, NUMBER=FILE.npy or NUMBER=zeros:TYPE:COUNT:OUT.npy for what is written: "
            "vyrectl launch {ring}{with_control} {buffers}"
        },
    ),
    Cause(
        "waits-for-children",
        "wait for children",
        "Paused until epoch 4294967295, and the operation may spawn (VYRE_SPAWNING_OP) or a task names it as its "
        "parent. A person is needed when the wait cannot end by itself: its children name it and wait for it in a ring "
        "of parents, none of them is open and nobody runs the ring, or two tasks share its task_id and an open one "
        "names it. A launch takes up parents without an open child, whether they ended or never were. Of a ring a link "
        "is cut where its parent has another child to wait for; else one is resumed, and all whose operation does not "
        "spawn.",
        False,
        {
            "cycle": "Cut one link; a launch then goes on from there: vyrectl set {ring} parent_task_id=0 {slots}",
            "ended": "A launch takes them up: vyrectl launch {ring}{with_control}",
            "by-hand": "Resume them by hand: vyrectl transition {ring} resume {slots}",
            "open": "See where the children stand: vyrectl inspect {ring} --tree",
            "twins": "Give a task of its own id to one of those that share one; children follow the id that their "
            "parent_task_id names (inspect --tree): vyrectl set {ring} task_id={free} {slots}",
        },
    ),
    Cause(
        "due-forgotten",
        "are Paused although their epoch has come",
        "Paused with resume_epoch up to the epoch (--epoch, else word 128 of the control buffer, else 0). Where "
        "somebody runs the ring it counts only when two looks found it so, and never where that is done on a copy. Of "
        "a ring that nobody runs one look does not tell: the next launch resumes such tasks, and they count as those "
        "that can be claimed. They are forgotten where they stayed between two looks, where a saved snapshot lies "
        "beside the ring, SHUTDOWN is set, or the ring lies in a dump.",
        True,
        {"": "Resume them: vyrectl transition {ring} resume {slots}"},
    ),
    Cause(
        "not-due",
        "are Paused until a later epoch",
        "Paused with resume_epoch past the epoch, or 4294967295, which never comes, without a family. No person is "
        "needed when claimable batch fences will bring the epoch far enough.",
        True,
        {
            "never": "Resume them by hand: vyrectl transition {ring} resume {slots}",
            "control": "Let the epoch come: vyrectl control {control} epoch={epoch}",
            "launch": "Launch at that epoch: vyrectl launch {ring} --epoch {epoch}",
        },
    ),
    Cause(
        "starved",
        "are claimable and are passed over",
        "Claimable and let in, nobody works on a copy of the ring, and since the task's last turn at least "
        f"{STARVED_TURNS} turns of lower classes went "
        "before it, more than the guard's 1 in 17; or it is below High and so many turns at Critical and High went "
        "before it without one below. Turns are those of --trace, else what PRIORITY_FAIRNESS (words 136-140) "
        "of two looks' control buffers or the slots of two looks counted. With one look "
        "alone: PRIORITY_FAIRNESS counts so many, none at the task's own "
        "priority, it never had a turn and nobody runs the ring; or "
        "its age_ticks exceed its requeue_count by the age threshold, so that it aged without a turn.",
        True,
        {
            "age": "Let age lift them: vyrectl launch {ring}{with_control} --age-threshold 8",
            "requeue": "Bring them forward: vyrectl set {ring} priority=critical {slots}",
        },
    ),
    Cause(
        "circling",
        "take turns and come back to where they were",
        "Open in two looks, with more turns (yields, requeues), and continuation_pc and continuation_data the same.",
        True,
        {"": "End them with a code of your own: vyrectl transition {ring} fault --code 1 {slots}"},
    ),
    Cause(
        "faulted",
        "are Faulted",
        "State Faulted. Grouped by code and operation, with the first slot and the look that first saw it.",
        True,
        {"": "Once the cause is gone: vyrectl repair {ring} {slots}"},
    ),
    Cause(
        "full",
        "need an Empty slot and there is none",
        "Not one slot is Empty, and a task whose operation may spawn has had a turn and gave its worker up (Yielded or "
        "Requeued), or a launch that takes a feed holds the ring, no slot is Done either, and nothing ended between "
        "two looks.",
        True,
        {
            "": "Make room, in a larger copy: vyrectl build {bigger} --from {file} --offset {offset} --count {count} "
            "--slots {more}"
        },
    ),
    Cause(
        "spinning",
        "take turns and get on",
        "Open in two looks, with more turns, and continuation_pc or continuation_data another.",
        False,
        {"": "Look again later: vyrectl why {ring}{with_control}"},
    ),
    Cause(
        "draining",
        "get done",
        "Tasks ended between two looks, or somebody runs the ring, and no other class needs a person.",
        False,
        {
            "": "Watch it: vyrectl snapshot {file} --watch 1",
            "copy": "See what its workers have in hand: vyrectl workers {asked}",
            "unheld": "Nobody holds it now: vyrectl launch {ring}{with_control}",
        },
    ),
    Cause(
        "healthy",
        "wait for nothing but a launch",
        "None of the others.",
        False,
        {"": "vyrectl launch {ring}{with_control}"},
    ),
)

CAUSES: dict[str, Cause] = {cause.name: cause for cause in _CAUSES}
"""Name -> class, the one that stops most first."""


def find_cause(name: str) -> Cause:
    """The class of that name.

    Raises:
        UnknownNameError: With the closest name as a hint.
    """
    wanted = name.strip().lower().replace(" ", "-").replace("_", "-")
    cause = CAUSES.get(wanted)
    if cause is None:
        raise UnknownNameError("class", name, tuple(CAUSES))
    return cause


def explanations(names: Mapping[str, str]) -> list[WhyCauseRecord]:
    """Every class as `--explain` shows it."""
    return [
        {
            "name": cause.name,
            "title": cause.title,
            "needs_person": cause.needs_person,
            "rule": cause.rule,
            "mends": [fill_advice(text, names) for text in cause.mends.values()],
        }
        for cause in CAUSES.values()
    ]
