"""What a shard's run gives back, as a record and as bytes.

The bytes are numpy's own archive of arrays without objects, so that whoever reads them, from another process, another
host or a journal, runs nothing that is in them. The invariant: `Finished.read(one.to_bytes())` is equal in every field.
Imports numpy.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vyrectl.engine.backend import Tally
from vyrectl.engine.trace import TRACE_DTYPE, Trace
from vyrectl.errors import InvalidInputError
from vyrectl.telemetry.snapshot import StateTally

_HEAD = "head"


@dataclass(frozen=True, slots=True, eq=False)
class Writes:
    """The elements of a buffer that a shard's tasks changed.

    Attributes:
        at: Their places in the flattened array, int64, ascending.
        values: What they are now, of the array's dtype.
    """

    at: NDArray[np.int64]
    values: NDArray[np.generic]


@dataclass(frozen=True, slots=True, eq=False)
class Finished:
    """A shard after a visit.

    Attributes:
        shard: Its number.
        device: Name of the device that ran it.
        ended: The value of an `Ending`.
        rounds: Rounds that claimed something.
        indexed: Claimable tasks that its first index found.
        resumed: Paused tasks that became Ready.
        tally: Claims and outcomes.
        control: What it added to each word of the control buffer, u32, modulo 2^32.
        debug_log: Its records, as a whole debug log.
        writes: Handle -> what it wrote there.
        facts: How the job was spread on its device.
        device_seconds: Time the device was busy.
        wall_seconds: Time the session was open, without compiling.
        build_seconds: Time until it was.
        began: Seconds since the launch began, when it was taken up.
        turns: Times of its turns; None without a trace.
        counted: What a snapshot counts of it now; None where it holds states that are unknown.
        slots: The shard's slots, u8; empty where they lie in memory that both sides see.
    """

    shard: int
    device: str
    ended: str
    rounds: int
    indexed: int
    resumed: int
    tally: Tally
    control: NDArray[np.uint32]
    debug_log: NDArray[np.uint32]
    writes: Mapping[int, Writes] = field(default_factory=dict)
    facts: Mapping[str, int] = field(default_factory=dict)
    device_seconds: float = 0.0
    wall_seconds: float = 0.0
    build_seconds: float = 0.0
    began: float = 0.0
    turns: Trace | None = None
    counted: StateTally | None = None
    slots: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))

    def to_bytes(self) -> bytes:
        """The record as an archive of arrays."""
        arrays: dict[str, NDArray[np.generic]] = {
            "control": self.control,
            "debug_log": self.debug_log,
            "slots": self.slots,
        }
        for handle, one in self.writes.items():
            arrays[f"at_{handle}"], arrays[f"values_{handle}"] = one.at, one.values
        head = {name: getattr(self, name) for name in _PLAIN}
        head["facts"], head["tally"] = dict(self.facts), _tally_record(self.tally)
        head["counted"] = None if self.counted is None else list(self.counted)
        if self.turns is not None:
            arrays["turns"] = self.turns.records
            head["turns"] = [self.turns.dropped, self.turns.clock, self.turns.ticks_per_second]
        arrays[_HEAD] = np.frombuffer(json.dumps(head).encode(), np.uint8)
        stream = io.BytesIO()
        np.savez(stream, allow_pickle=False, **arrays)
        return stream.getvalue()

    @classmethod
    def read(cls, data: bytes) -> Finished:
        """The record that these bytes hold.

        Raises:
            InvalidInputError: They hold none.
        """
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as archive:
                return _read({name: archive[name] for name in archive.files})
        except (
            ValueError,
            KeyError,
            OSError,
            EOFError,
            TypeError,
            AttributeError,
            zipfile.BadZipFile,
        ) as error:
            raise InvalidInputError(f"this is no finished shard ({error})") from error


_PLAIN = (
    *("shard", "device", "ended", "rounds", "indexed", "resumed"),
    *("device_seconds", "wall_seconds", "build_seconds", "began"),
)


def _read(arrays: Mapping[str, NDArray[Any]]) -> Finished:
    head = json.loads(arrays[_HEAD].tobytes())
    handles = [int(name.removeprefix("at_")) for name in arrays if name.startswith("at_")]
    turns = None
    if "turns" in arrays:
        dropped, clock, speed = head["turns"]
        turns = Trace(arrays["turns"].astype(TRACE_DTYPE, copy=False), dropped, clock, speed)
    counted = None
    if head["counted"] is not None:
        counts, *sums = head["counted"]
        counted = StateTally(tuple(counts), *sums)
    return Finished(
        **{name: head[name] for name in _PLAIN},
        facts=head["facts"],
        tally=_tally(head["tally"]),
        control=arrays["control"],
        debug_log=arrays["debug_log"],
        slots=arrays["slots"],
        writes={handle: Writes(arrays[f"at_{handle}"], arrays[f"values_{handle}"]) for handle in handles},
        turns=turns,
        counted=counted,
    )


def _tally_record(tally: Tally) -> dict[str, Any]:
    return {
        **{name: getattr(tally, name) for name in ("claims", "lost", "by_priority", "spawned", "joined")},
        "by_op": [[op, dict(ends)] for op, ends in tally.by_op.items()],
    }


def _tally(record: dict[str, Any]) -> Tally:
    by_op: dict[int | None, Counter[str]] = {op: Counter(ends) for op, ends in record.pop("by_op")}
    return Tally(**record, by_op=by_op)
