"""What earlier launches have left of the outputs of this one, and what becomes of it.

The invariant: whatever is found is gone on with, kept under a name that is said, or left alone and named; nothing that
a task wrote is overwritten unsaid. Imports numpy through `vyrectl.engine.origin`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from vyrectl.dataclass import dataclass
from vyrectl.ring.outputs import PARTIAL_SUFFIX
from vyrectl.shell import file_argument

if TYPE_CHECKING:
    from vyrectl.engine.origin import Origin


class Fate(Enum):
    """What becomes of it, as a sentence: the launch goes on with it, keeps it by another name, or lets it lie.

    One that is taken back had the output's own name already when its launch was killed.
    """

    GOES_ON = "{output}: goes on with {left}, which a launch of these tasks left"
    TAKEN_BACK = (
        "{output}: goes on with what a launch of these tasks left there; until this one ends it is {left}"
    )
    SET_ASIDE = "{output}: begins anew; what an earlier launch left is kept as {left}"
    REPLACED = "{output}: begins anew; {left} keeps the old one if it differs (go on: --buffer {handle}={file}:{file})"
    CUT_OFF = (
        "{left}: as far as a launch into {output} had come when its command was killed; this one begins anew"
    )
    LIES_THERE = "{left}: a killed launch of these tasks wrote this, and no output goes on with it"


class PartialRecord(TypedDict):
    """What an earlier launch had left of an output, by file; `goes_on` is False for one that begins anew."""

    output: str
    left: str
    goes_on: bool


@dataclass(frozen=True, slots=True)
class Found:
    """What a launch found that an earlier one had left of an output.

    Attributes:
        output: Path of the file that was to be written.
        left: The file that it left, by the name that it has now; one that is replaced gets it when the launch ends.
        fate: What becomes of it.
        handle: Of the buffer, for one that is replaced.
    """

    output: Path
    left: Path
    fate: Fate
    handle: int | None = None

    @property
    def goes_on(self) -> bool:
        """Whether the launch goes on with it."""
        return self.fate in (Fate.GOES_ON, Fate.TAKEN_BACK)

    def to_record(self) -> PartialRecord:
        """What the report says."""
        return {"output": str(self.output), "left": str(self.left), "goes_on": self.goes_on}

    def __str__(self) -> str:
        file = file_argument(self.output)
        return self.fate.value.format(output=self.output, left=self.left, handle=self.handle, file=file)


def partial_path(output: Path) -> Path:
    """Where an output lies while its launch runs: beside the file that it will be."""
    return Path(os.path.realpath(output) + PARTIAL_SUFFIX)


def free_partial(output: Path) -> Path:
    """A name for a part of an output that nobody goes on with by itself: its partial path, or a later one."""
    partial = partial_path(output)
    return partial if not os.path.lexists(partial) else free_name(partial)


def free_name(partial: Path) -> Path:
    """The first number behind a partial path that nothing has."""
    number = 1
    while os.path.lexists(f"{partial}.{number}"):
        number += 1
    return Path(f"{partial}.{number}")


def cut_off(output: Path) -> Iterator[Found]:
    """What launches into an output have left of it that lost their command on the way."""
    partial = partial_path(output)
    if partial.is_file():
        yield Found(output, partial, Fate.CUT_OFF)
    last = free_name(partial)
    for number in range(1, int(last.suffix[1:])):
        yield Found(output, Path(f"{partial}.{number}"), Fate.CUT_OFF)


def partials_beside(outputs: Iterable[Path]) -> list[Path]:
    """Partial files in the folders of some outputs that are none of theirs now, set aside ones among them."""
    own = {partial_path(one) for one in outputs}
    found: list[Path] = []
    for folder in dict.fromkeys(one.parent for one in own):
        with suppress(OSError):
            found += sorted(
                one for one in folder.glob(f"*{PARTIAL_SUFFIX}*") if one not in own and one.is_file()
            )
    return found


def unclaimed(partials: Iterable[Path], origin: Origin) -> Iterator[Found]:
    """Those of some partial files that hold what tasks of this ring have written."""
    if not origin.has_results:
        return
    for one in partials:
        with suppress(OSError), open(one, "rb") as file:
            if os.fstat(file.fileno()).st_size > origin.seal_bytes:
                file.seek(-origin.seal_bytes, os.SEEK_END)
                if origin.goes_on_from(file.read()):
                    output = one.with_name(one.name.partition(PARTIAL_SUFFIX)[0])
                    yield Found(output, one, Fate.LIES_THERE)
