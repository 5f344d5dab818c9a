"""Every finding of `check`, as data: its stable name, how bad it is, what it means and what to do about it.

Standard library only. `vyrectl.ring.findings.masks` and `vyrectl.ring.check` find them; the documentation that
`check --explain` prints is here and nowhere else. The invariant: a finding is an *error* only when nothing that the
defining runtime stores and no history that spec 1.6 allows leads to it, whatever stood in the slot's other words
before, or when a promise of the file format is broken.
"""

from __future__ import annotations

from vyrectl.errors import UnknownNameError
from vyrectl.ring.findings.kind import Kind, Severity
from vyrectl.ring.findings.slot_kinds import SLOT_KINDS

_ERROR, _WARNING, _NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE

_FILE_KINDS = (
    Kind(
        "not-a-ring",
        _ERROR,
        "this does not look like a ring",
        "The file begins like another kind of file, reads as text, or most of its state words are no states. "
        "Nothing else that would be found in it means anything, so only its state words were looked at.",
        "Check the path, or see what lies there; a ring inside a larger dump is read with --offset and --count: "
        "vyrectl open {file}",
    ),
    Kind(
        "left-over-bytes",
        _ERROR,
        "the length is not a whole number of 64-byte slots",
        "A ring is a run of slots and nothing else (spec 1.1). A copy that was cut short, or a header or "
        "trailer around the ring, leaves a part of a slot. The whole slots before it were checked.",
        "Copy the ring again, or cut the whole slots out: vyrectl build {cut} --from {file} --offset {offset} "
        "--count {whole}",
    ),
    Kind(
        "too-many-slots",
        _ERROR,
        "more slots than a u32 word index reaches",
        "Every word of a ring needs an index below 2^32 (spec 1.1), which 268435455 slots exhaust. Only that "
        "many were checked.",
        "Split the ring, or look at a part of it: vyrectl check {file} --count {whole}",
    ),
    Kind(
        "empty-ring",
        _NOTE,
        "the ring has no slots",
        "Zero bytes are a valid ring to look at; there is nothing in it to launch.",
        "Build one with slots, here 16: vyrectl build {file} --slots 16 --force",
    ),
    Kind(
        "abandoned-file",
        _NOTE,
        "a killed writer left a temporary file beside the ring",
        "A writer puts a new file in the ring's place in one step. One that was killed before that step "
        "leaves its unfinished file; the ring itself is the old one, whole.",
        "Nothing: the next command that replaces the ring removes it",
    ),
)

_ACROSS_KINDS = (
    Kind(
        "drained-uncounted",
        _WARNING,
        "more slots are Done than DONE_COUNT counted",
        "Each drained slot adds one to DONE_COUNT (spec 3.1). A control buffer that counted some of them and not all "
        "is of another moment than the ring, or of another ring.",
        "Read both back from the same dispatch",
    ),
    Kind(
        "metrics-behind",
        _WARNING,
        "more slots of an opcode are Done than its metric counted",
        "Each executed operation below 32 adds one to its metric (spec 3.1). The control buffer is of another moment "
        "than the ring, of another ring, or slots were set to Done by hand.",
        "Read both back from the same dispatch",
    ),
    Kind(
        "epoch-behind",
        _WARNING,
        "more batch fences are Done than the epoch counted",
        "Each BATCH_FENCE adds one to EPOCH (spec 3.3); tasks that wait for an epoch are judged by the wrong one.",
        "Read both back from the same dispatch, or give the epoch with --epoch",
    ),
    Kind(
        "printf-elsewhere",
        _WARNING,
        "debug records name no slot of this ring",
        "A PRINTF record ends with the first word of its slot (spec 3.2). The log is of another, longer ring, or was "
        "overwritten.",
        "Look at the records with: vyrectl debug {debug_log}",
    ),
    Kind(
        "io-record-wrong",
        _WARNING,
        "I/O records hold an operation or a status that the wire does not have",
        "A host serves READ, WRITE and FENCE alone. The queue was overwritten, or is no I/O queue.",
        "Look at the records with: vyrectl io {io_queue}",
    ),
    Kind(
        "io-request-failed",
        _WARNING,
        "I/O requests ended with ERROR",
        "What waits for that data waits for ever, or reads what was there before.",
        "Look at the records with: vyrectl io {io_queue} --status error",
    ),
    Kind(
        "load-miss-unasked",
        _NOTE,
        "load misses wait without a request in the I/O queue",
        "A LOAD_MISS slot is answered once its host has put a READ of its resource into the I/O queue; until then it "
        "waits.",
        "Ask the host that serves the queue, or give the queue of the same moment",
    ),
    Kind(
        "debug-dropped",
        _NOTE,
        "the debug log was full and dropped records",
        "A full log drops the record and still moves its cursor (spec 3.2).",
        "Give the next run a longer log",
    ),
)

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in sorted(
        (*_FILE_KINDS, *SLOT_KINDS, *_ACROSS_KINDS),
        key=lambda kind: tuple(Severity).index(kind.severity),
    )
}
"""Name -> kind: errors, then warnings, then notes."""


def find_kind(name: str) -> Kind:
    """The kind of that name.

    Raises:
        UnknownNameError: With the closest name as a hint.
    """
    kind = KINDS.get(name.strip().lower())
    if kind is None:
        raise UnknownNameError("finding", name, tuple(KINDS))
    return kind
