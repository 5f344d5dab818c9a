"""The registry of transfer steps: scans OpenCL C sources for `VYRE_STEP(name, "doc")` (spec 1.8).

The sources are the only place where a step's name and documentation stand. Standard library only, and nothing
is compiled.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from vyrectl.dataclass import dataclass
from vyrectl.engine.ops import DOC, joined_doc, read_text, visible_code
from vyrectl.errors import InvalidInputError, UnknownNameError, UsageError
from vyrectl.resources import kernels_dir

_DECLARATION = re.compile(r"\bVYRE_STEP\s*\(\s*(?P<name>[A-Za-z_]\w*)\s*,\s*" + DOC + r"\s*\)", re.ASCII)
_CALL = re.compile(r"\bVYRE_STEP\b")


@dataclass(frozen=True, slots=True)
class StepInfo:
    """One transfer step, as its source declares it.

    Attributes:
        name: C identifier; what the user types.
        doc: One line.
        path: Source file.
        line: Line of the declaration, from 1.
        shipped: True for vyrectl's own.
    """

    name: str
    doc: str
    path: Path
    line: int
    shipped: bool

    @property
    def function(self) -> str:
        """Name of its C function."""
        return f"vyre_step_{self.name}"


@dataclass(frozen=True, slots=True)
class StepSource:
    """A `.cl` file of transfer steps.

    Attributes:
        path: Where it was read from.
        text: OpenCL C, as it was read.
        steps: The steps it declares, in order.
    """

    path: Path
    text: str
    steps: tuple[StepInfo, ...]


def scan_steps(text: str, path: Path, *, shipped: bool = False) -> StepSource:
    """Find the steps that a source declares.

    Raises:
        InvalidInputError: A malformed declaration, or a name declared twice. The message names the line.
    """
    declared = {match.start(): match for match in _DECLARATION.finditer(text)}
    steps: list[StepInfo] = []
    for call in _CALL.finditer(visible_code(text)):
        line = text.count("\n", 0, call.start()) + 1
        match = declared.get(call.start())
        if match is None:
            raise InvalidInputError(
                'this step is not declared as VYRE_STEP(name, "one line")',
                where=f"{path}, line {line}",
                fix="Give an identifier and one string literal",
            )
        steps.append(StepInfo(match["name"], joined_doc(match["doc"]), path, line, shipped))
    _check_unique(steps)
    return StepSource(path, text, tuple(steps))


def load_steps(path: Path) -> StepSource:
    """Read and scan a user's source.

    Raises:
        FileError: It cannot be read.
        InvalidInputError: See `scan_steps`; also when it declares no step, bears a shipped step's name or is
            no UTF-8.
    """
    source = scan_steps(read_text(path), path)
    if not source.steps:
        raise InvalidInputError(
            "no transfer step is declared here",
            where=str(path),
            fix='Declare one: VYRE_STEP(name, "what it does") { return vyre_current(step, index); }',
        )
    _check_unique([*(step for shipped in shipped_steps() for step in shipped.steps), *source.steps])
    return source


@lru_cache(maxsize=1)
def shipped_steps() -> tuple[StepSource, ...]:
    """vyrectl's own sources, by file name."""
    found = (
        scan_steps(path.read_text(encoding="utf-8"), path, shipped=True)
        for path in sorted((kernels_dir() / "converge").glob("*.cl"))
    )
    return tuple(source for source in found if source.steps)


def find_step(name: str | None, extra: StepSource | None = None) -> tuple[StepInfo, StepSource]:
    """The step of a name, and the source that declares it.

    Args:
        name: Its name; the only step of `extra` when None.
        extra: The user's source, if any.

    Raises:
        UnknownNameError: Nothing bears the name.
        UsageError: `extra` declares several and none is named.
    """
    sources = shipped_steps() if extra is None else (extra, *shipped_steps())
    pairs = [(step, source) for source in sources for step in source.steps]
    if name is None and extra is not None:
        return _only(extra), extra
    found = next((pair for pair in pairs if pair[0].name == name), None)
    if found is None:
        raise UnknownNameError("step", name or "", tuple(step.name for step, _ in pairs))
    return found


def _only(source: StepSource) -> StepInfo:
    if len(source.steps) > 1:
        names = ", ".join(step.name for step in source.steps)
        raise UsageError(f"several steps are declared here: {names}", where=str(source.path), fix="Name one")
    return source.steps[0]


def _check_unique(steps: Iterable[StepInfo]) -> None:
    by_name: dict[str, StepInfo] = {}
    for step in steps:
        other = by_name.setdefault(step.name, step)
        if other is not step:
            raise InvalidInputError(
                f"the name {step.name!r} is taken ({other.path.name}, line {other.line})",
                where=f"{step.path}, line {step.line}",
                fix="Choose another name",
            )
