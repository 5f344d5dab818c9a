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
from dataclasses import asdict, field

import numpy as np
from numpy.typing import NDArray

from vyrectl.dataclass import dataclass
from vyrectl.engine.backend import Tally
from vyrectl.engine.trace import TRACE_DTYPE, Trace
from vyrectl.errors import InvalidInputError
from vyrectl.files.json_text import Json
from vyrectl.launching.driven import Driven, Spent
from vyrectl.launching.rounds import Course
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
        shard: Number of the shard, from 0.
        device: Name of the device that ran it.
        driven: What the device has done: its control buffer is what was added to each word (u32, modulo 2^32), its
            debug log the shard's own, `counted` None where the shard holds states that are unknown.
        writes: Handle -> what it wrote there.
        began: Seconds since the launch began, when it was taken up.
        slots: The shard's slots, u8; empty where they lie in memory that both sides see.
    """

    shard: int
    device: str
    driven: Driven
    writes: Mapping[int, Writes] = field(default_factory=dict)
    began: float = 0.0
    slots: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))

    def to_bytes(self) -> bytes:
        """The record as an archive of arrays."""
        driven, turns = self.driven, self.driven.turns
        arrays: dict[str, NDArray[np.generic]] = {
            "control": driven.control,
            "debug_log": driven.debug_log,
            "slots": self.slots,
        }
        for handle, one in self.writes.items():
            arrays[f"at_{handle}"], arrays[f"values_{handle}"] = one.at, one.values
        head = {
            "shard": self.shard,
            "device": self.device,
            "began": self.began,
            "course": asdict(driven.course),
            "tally": _tally_record(driven.tally),
            "facts": dict(driven.facts),
            "spent": asdict(driven.spent),
            "counted": driven.counted,
        }
        if turns is not None:
            arrays["turns"] = turns.records
            head["turns"] = [turns.dropped, turns.clock, turns.ticks_per_second]
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


def _read(arrays: Mapping[str, Json]) -> Finished:
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
    driven = Driven(
        course=Course(**head["course"]),
        tally=_tally(head["tally"]),
        control=arrays["control"],
        debug_log=arrays["debug_log"],
        facts=head["facts"],
        spent=Spent(**head["spent"]),
        turns=turns,
        counted=counted,
    )
    return Finished(
        shard=head["shard"],
        device=head["device"],
        driven=driven,
        writes={handle: Writes(arrays[f"at_{handle}"], arrays[f"values_{handle}"]) for handle in handles},
        began=head["began"],
        slots=arrays["slots"],
    )


_COUNTS = ("claims", "lost", "by_priority", "spawned", "joined")


def _tally_record(tally: Tally) -> dict[str, Json]:
    return {
        **{name: getattr(tally, name) for name in _COUNTS},
        "by_op": [[op, dict(ends)] for op, ends in tally.by_op.items()],
    }


def _tally(record: dict[str, Json]) -> Tally:
    by_op: dict[int | None, Counter[str]] = {op: Counter(ends) for op, ends in record.pop("by_op")}
    return Tally(**record, by_op=by_op)
