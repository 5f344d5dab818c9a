"""Puts a program's source together: includes, operations, the generated dispatcher, the engine's kernels.

Local includes are pasted in (each file once), so that no compiler needs a search path; `#line` keeps every
message pointing at the file and line its author knows. Standard library only; nothing is compiled here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from vyrectl.abi.kernels import FAMILY, LIVE, MIRROR, TRACE, WATCH
from vyrectl.dataclass import dataclass
from vyrectl.engine.naming import current, remembered
from vyrectl.engine.op_calls import BARRIERS
from vyrectl.engine.ops import (
    OpInfo,
    OpSource,
    blank_comments,
    check_unique,
    read_text,
    runnable_sources,
    shipped_sources,
)
from vyrectl.errors import OpSourceError
from vyrectl.opencl.op_limits import refuse_limits
from vyrectl.protocol.packed import MOST_OPCODE
from vyrectl.resources import kernels_dir

CHECK_FILES = ("probe.cl", "handoff.cl")
"""Files of `kernels/checks` that every program holds."""

VERIFY_FILES = ("selftest.cl",)
"""Those that a program built for `--verify` holds as well."""

ENGINE_FILES = ("index.cl",)
"""Files of `kernels/engine` that every program holds, beside its driver's."""

FAMILY_FILES = ("free.cl",)
"""Those that a program whose tasks may have children holds as well."""

MIRROR_FILES = ("settle.cl",)
"""Those that a program with a mirror holds as well."""


@dataclass(frozen=True, slots=True)
class Variant:
    """Which program to put together.

    Attributes:
        driver: How work-items share the work: lane, group or exact, each a file of `kernels/engine`.
        index_lanes: One work-item indexes a chunk (CPUs, and whatever must keep slot order) instead of a work-group.
        chunk_slots: Most slots of a chunk.
        prefetch: The compiler has `__builtin_prefetch`.
        hints: The queue carries what the index saw of a slot: nobody else touches the ring during a round.
        live: Workers meet other processes in a live sidecar (kernels/engine/live.h).
        verify: Keep a witness of every claim and end.
        family: Tasks may spawn children and join them.
        quotas: Bound the claims of tenants.
        only: Operations to compile (jit), by id; None for all (interpreter).
        clock: Note when turns are made, by this rung of vyre_clock.h; None for no trace.
        watch: Keep what each worker has in hand (kernels/engine/watch.h).
        mirror: Tasks that only end are ended in a mirror of the ring (kernels/engine/order.h, settle.cl).
    """

    driver: str = "lane"
    index_lanes: bool = True
    chunk_slots: int = 2048
    prefetch: bool = False
    hints: bool = False
    live: bool = False
    verify: bool = False
    family: bool = False
    quotas: bool = False
    only: frozenset[int] | None = None
    clock: int | None = None
    watch: bool = False
    mirror: bool = False

    @property
    def features(self) -> frozenset[str]:
        """Macros that give kernels more parameters (`vyrectl.abi.kernels`)."""
        has = {FAMILY: self.family, TRACE: self.clock is not None, WATCH: self.watch, LIVE: self.live}
        has[MIRROR] = self.mirror
        return frozenset(macro for macro, is_set in has.items() if is_set)


_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"\n]+)"[^\n]*$', re.MULTILINE)
MAX_INCLUDE_DEPTH = 32


MOST_TEXTS = 32
"""Programs whose text a process keeps."""


def op_order(extra: Sequence[OpSource] = (), only: frozenset[int] | None = None) -> tuple[OpInfo, ...]:
    """Every operation of a program, in the order of its tally rows.

    Args:
        extra: The user's sources beside the shipped ones.
        only: Ids to keep; None for all.

    Raises:
        InvalidInputError: Two of them share an id or a name.
    """
    return _op_order(tuple(extra), only)


@remembered(MOST_TEXTS)
def _op_order(extra: tuple[OpSource, ...], only: frozenset[int] | None) -> tuple[OpInfo, ...]:
    ops = tuple(op for source in runnable_sources(extra) for op in source.ops)
    check_unique(ops)
    return ops if only is None else tuple(op for op in ops if op.id in only)


def assemble(extra: Sequence[OpSource] = (), variant: Variant = Variant()) -> str:
    """The whole program: shipped operations, the user's, the dispatcher and the engine.

    A text is put together once, as long as the files that the user's include are what they were.

    Raises:
        InvalidInputError: Clashing operations, or an include that cannot be found.
    """
    key = tuple(extra), variant, current().shipped
    kept = _texts.get(key)
    if kept is not None and kept[1].is_current():
        return kept[0]
    paste = Paster(kernels_dir())
    text = _assemble(paste, extra, variant)
    if len(_texts) >= MOST_TEXTS:
        _texts.clear()
    _texts[key] = text, paste.looked_up
    return text


def pasted(source: OpSource) -> str:
    """An author's source with its own includes and without vyrectl's.

    Raises:
        OpSourceError: An include cannot be found, or includes itself.
    """
    paste = Paster(kernels_dir())
    paste.file(kernels_dir() / "include" / "vyre_control.h")
    return paste.source(source.text, source.path)


def _assemble(paste: Paster, extra: Sequence[OpSource], variant: Variant) -> str:
    ops = op_order(extra, variant.only)
    parts = [paste.file(kernels_dir() / "include" / "vyre_control.h")]
    wanted = {op.path for op in ops}
    shipped, users = ([one for one in part if one.path in wanted] for part in (shipped_sources(), extra))
    parts += [paste.text(source.text, source.path) for source in shipped]
    checks = (*CHECK_FILES, *(VERIFY_FILES if variant.verify else ()))
    asked = ((variant.mirror, MIRROR_FILES), (variant.family, FAMILY_FILES))
    more = [name for wanted, names in asked if wanted for name in names]
    files = (*ENGINE_FILES, f"{variant.driver}.cl", *more)
    engine = [paste.file(kernels_dir() / "engine" / name) for name in files]
    engine += [paste.file(kernels_dir() / "checks" / name) for name in checks]
    own = [paste.source(source.text, source.path) for source in users]
    for text in own:
        refuse_limits(text)
    together = frozenset(op.id for op in ops if op.group and not op.shipped and _has_barrier(own))
    parts = [_definitions(ops, together, variant), *parts, _tables(ops, together), *engine]
    parts += [*own, forget_macros(own), _dispatcher(ops, together, variant)]
    return "\n".join(parts) + "\n"


def assemble_alone(name: str) -> str:
    """One file of `kernels/checks` with what it includes, without operations and without the engine."""
    return Paster(kernels_dir()).file(kernels_dir() / "checks" / name)


_DEFINE = re.compile(r"#(?:[ \t]|\\\n)*define(?:[ \t]|\\\n)+([A-Za-z_]\w*)")


def forget_macros(texts: Sequence[str]) -> str:
    """What takes back every macro that an author's texts define, so that none reaches what follows them."""
    found = (match[1] for text in texts for match in _DEFINE.finditer(blank_comments(text)))
    undone = (f"#undef {name}" for name in dict.fromkeys(found))
    return "\n".join(('#line 1 "dispatch"', *undone))


def _has_barrier(texts: Sequence[str]) -> bool:
    """Whether some text of the user's names a barrier; which operation reaches it is not asked."""
    return any(BARRIERS.search(blank_comments(text)) for text in texts)


def _definitions(ops: Sequence[OpInfo], together: frozenset[int], variant: Variant) -> str:
    values = {
        "VYRE_OP_COUNT": len(ops),
        "VYRE_HAS_GROUP_OPS": int(any(op.group for op in ops)),
        "VYRE_HAS_BARRIER_OPS": int(bool(together)),
        "VYRE_DRIVER_GROUP": int(variant.driver == "group"),
        "VYRE_DRIVER_EXACT": int(variant.driver == "exact"),
        "VYRE_INDEX_LANES": int(variant.index_lanes),
        "VYRE_CHUNK_SLOTS": variant.chunk_slots,
        "VYRE_HAS_PREFETCH": int(variant.prefetch),
        "VYRE_HINTS": int(variant.hints),
        "VYRE_LIVE": int(variant.live),
        "VYRE_VERIFY": int(variant.verify),
        "VYRE_HAS_FAMILY": int(variant.family),
        "VYRE_HAS_QUOTAS": int(variant.quotas),
        "VYRE_TRACE": int(variant.clock is not None),
        "VYRE_CLOCK": variant.clock or 0,
        "VYRE_WATCH": int(variant.watch),
        "VYRE_MIRROR": int(variant.mirror),
    }
    return "\n".join(f"#define {name} {value}u" for name, value in values.items())


def _tables(ops: Sequence[OpInfo], together: frozenset[int]) -> str:
    """What the engine asks about operations, by id; `together` are those that a whole work-group has to run."""
    rows = [f"case 0x{op.id:x}u: return {row}u;" for row, op in enumerate(ops)]
    ids = [f"case {row}u: return 0x{op.id:x}u;" for row, op in enumerate(ops)]
    at_once = [f"case 0x{op.id:x}u: return true;" for op in ops if op.at_once]
    spawning = [f"case 0x{op.id:x}u: return true;" for op in ops if op.spawns]
    groups = [f"case 0x{op.id:x}u: return true;" for op in ops if op.group]
    wholes = [f"case 0x{one:x}u: return true;" for one in sorted(together)]
    return "\n".join(
        (
            '#line 1 "dispatch"',
            _switch("uint vyre_tally_row(uint op_handle)", "op_handle", rows, "return VYRE_OP_COUNT;"),
            _switch("uint vyre_op_id(uint row)", "row", ids, "return VYRE_U32_MAX;"),
            _switch("bool vyre_is_group_op(uint op_handle)", "op_handle", groups, "return false;"),
            _switch("bool vyre_is_op_at_once(uint op_handle)", "op_handle", at_once, "return false;"),
            _switch("bool vyre_is_spawning_op(uint op_handle)", "op_handle", spawning, "return false;"),
            _switch("bool vyre_is_whole_op(uint op_handle)", "op_handle", wholes, "return false;"),
            "static vyre_outcome vyre_unknown_op(vyre_task *task) {"
            " return vyre_refuse(task, VYRE_FAULT_UNKNOWN_OP); }",
            "static vyre_outcome vyre_give_back(vyre_task *task) { return vyre_yield(task->pc, task->data); }",
            "static uint vyre_handle_of(const vyre_task *task) { return task->op_handle; }",
        )
    )


def _dispatcher(ops: Sequence[OpInfo], together: frozenset[int], variant: Variant) -> str:
    """What leads from an op_handle to the operation; it follows the user's text and names nothing but functions.

    Where work-items of a group run tasks of their own, one that meets a group's operation (its slot was edited after it
    was looked at) gives it back: it is found again as what it is.
    """
    shares = variant.driver == "group"
    calls = [_call(op, "vyre_give_back(task)" if shares and op.group else "") for op in ops]
    teams = [_call(op) for op in ops if op.group and op.id not in together]
    whole = [_call(op) for op in ops if op.id in together]
    inner = [_call(op) for op in ops if op.id <= MOST_OPCODE and not op.group]
    cases = (
        ("dispatch_inner", inner),
        ("dispatch", calls),
        ("dispatch_team", teams),
        ("dispatch_whole", whole),
    )
    value, unknown = "vyre_handle_of(task)", "return vyre_unknown_op(task);"
    return "\n".join(
        _switch(f"vyre_outcome vyre_{name}(vyre_task *task)", value, rows, unknown) for name, rows in cases
    )


def _call(op: OpInfo, instead: str = "") -> str:
    return f"case 0x{op.id:x}u: return {instead or f'{op.function}(task)'};"


def _switch(head: str, value: str, cases: Sequence[str], otherwise: str) -> str:
    body = "".join(f"        {case}\n" for case in cases)
    return f"static {head} {{\n    switch ({value}) {{\n{body}        default: {otherwise}\n    }}\n}}"


def assemble_file(*parts: str) -> str:
    """One kernel file that stands alone, with its includes pasted in.

    Args:
        parts: Its path below `kernels`.
    """
    return Paster(kernels_dir()).file(kernels_dir().joinpath(*parts))


class LookedUp:
    """The names under which users' includes were looked for, and what was found there."""

    def __init__(self) -> None:
        self._found: dict[Path, tuple[int, ...] | None] = {}

    def note(self, path: Path) -> None:
        """Remember what is there now."""
        self._found[path] = _state_of(path)

    def is_current(self) -> bool:
        """Whether the same would be found once more."""
        return all(_state_of(path) == state for path, state in self._found.items())


def _state_of(path: Path) -> tuple[int, ...] | None:
    """What changes with a file's content; None where no file is."""
    try:
        state = os.stat(path)
    except OSError:
        return None
    return state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns


_texts: dict[tuple[tuple[OpSource, ...], Variant, bool], tuple[str, LookedUp]] = {}
"""What `assemble` put together, and what that depends on beside its arguments."""


class Paster:
    """Pastes local includes into a text, each file once.

    Args:
        kernels: The folder with `include` and `engine`.

    Attributes:
        looked_up: Where includes of files outside that folder were looked for.
    """

    def __init__(self, kernels: Path) -> None:
        self.looked_up = LookedUp()
        self._folders = (kernels / "include", kernels / "engine")
        self._kernels = kernels
        self._seen: set[Path] = set()
        self._open: list[Path] = []

    def source(self, text: str, path: Path) -> str:
        """As `text`, for a file that somebody wrote: one that includes itself, directly or not, is refused."""
        self._open.append(path.resolve())
        try:
            return self.text(text, path)
        finally:
            self._open.pop()

    def file(self, path: Path) -> str:
        """A file of ours; nothing the second time."""
        resolved = path.resolve()
        if resolved in self._seen:
            return ""
        self._seen.add(resolved)
        return self.text(path.read_text(encoding="utf-8"), path)

    def text(self, text: str, path: Path, depth: int = 0) -> str:
        """A text that stands in a file, with what it includes.

        Raises:
            InvalidInputError: An include that cannot be found, or too many within one another.
        """
        shown = self._shown(path)

        def paste(match: re.Match[str]) -> str:
            line = text.count("\n", 0, match.start()) + 1
            included = self._include(match[1], path, line, depth)
            return f'{included}\n#line {line + 1} "{shown}"'

        return f'#line 1 "{shown}"\n' + _INCLUDE.sub(paste, text)

    def _include(self, name: str, path: Path, line: int, depth: int) -> str:
        if depth >= MAX_INCLUDE_DEPTH:
            raise OpSourceError(
                "includes are nested too deeply",
                path,
                line,
                rule="include",
                fix="Break the circle of includes",
            )
        for folder in (path.parent, *self._folders):
            found = (folder / name).resolve()
            if not path.is_relative_to(self._kernels):
                self.looked_up.note(folder / name)
            if self._open and found == self._open[0]:
                way = " -> ".join(each.name for each in (*self._open, found))
                what = f"{found.name!r} includes itself: {way}"
                raise OpSourceError(what, path, line, rule="include", fix="Take this include out")
            if found in self._seen:
                return ""
            if os.path.isfile(found):
                self._seen.add(found)
                self._open.append(found)
                try:
                    return self.text(read_text(found), found, depth + 1)
                finally:
                    self._open.pop()
        what = f"{name!r} cannot be found"
        raise OpSourceError(what, path, line, rule="include", fix="Put it beside the source")

    def _shown(self, path: Path) -> str:
        inside = path.is_relative_to(self._kernels)
        name = path.relative_to(self._kernels).as_posix() if inside else str(path)
        return name.replace("\\", "/").replace('"', "'")
