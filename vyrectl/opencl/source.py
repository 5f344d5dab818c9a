"""Puts a program's source together: includes, operations, the generated dispatcher, the engine's kernels.

Local includes are pasted in (each file once), so that no compiler needs a search path; `#line` keeps every
message pointing at the file and line its author knows. Standard library only; nothing is compiled here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from vyrectl.engine.ops import OpInfo, OpSource, check_unique, read_text, shipped_sources
from vyrectl.errors import InvalidInputError
from vyrectl.resources import kernels_dir

ENGINE_FILES = ("probe.cl", "index.cl", "run.cl")
"""Files of `kernels/engine` that every program holds."""

VERIFY_FILES = ("selftest.cl",)
"""Those that a program built for `--verify` holds as well."""

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"\n]+)"[^\n]*$', re.MULTILINE)
MAX_INCLUDE_DEPTH = 32


def op_order(extra: Sequence[OpSource] = ()) -> tuple[OpInfo, ...]:
    """Every operation of a program, in the order of its tally rows.

    Raises:
        InvalidInputError: Two of them share an id or a name.
    """
    ops = tuple(op for source in (*shipped_sources(), *extra) for op in source.ops)
    check_unique(ops)
    return ops


def assemble(extra: Sequence[OpSource] = (), *, verify: bool = False) -> str:
    """The whole program: shipped operations, the user's, and the engine; with `verify`, its witnesses too.

    Raises:
        InvalidInputError: Clashing operations, or an include that cannot be found.
    """
    ops = op_order(extra)
    paste = _Paster(kernels_dir())
    parts = [
        f"#define VYRE_OP_COUNT {len(ops)}u",
        f"#define VYRE_VERIFY {int(verify)}",
        paste.file(kernels_dir() / "include" / "vyre_control.h"),
    ]
    parts += [paste.text(source.text, source.path) for source in (*shipped_sources(), *extra)]
    parts.append(_dispatcher(ops))
    files = ENGINE_FILES + (VERIFY_FILES if verify else ())
    parts += [paste.file(kernels_dir() / "engine" / name) for name in files]
    return "\n".join(parts) + "\n"


def assemble_alone(name: str) -> str:
    """One file of `kernels/engine` with what it includes, without operations and without the engine."""
    return _Paster(kernels_dir()).file(kernels_dir() / "engine" / name)


def _dispatcher(ops: Sequence[OpInfo]) -> str:
    calls = "\n".join(f"        case 0x{op.id:x}u: return {op.function}(task);" for op in ops)
    indices = "\n".join(f"        case 0x{op.id:x}u: return {row}u;" for row, op in enumerate(ops))
    return f"""#line 1 "dispatch"
static uint vyre_tally_row(uint op_handle) {{
    switch (op_handle) {{
{indices}
        default: return VYRE_OP_COUNT;
    }}
}}
static vyre_outcome vyre_dispatch(vyre_task *task) {{
    switch (task->op_handle) {{
{calls}
        default: return vyre_refuse(task, VYRE_FAULT_UNKNOWN_OP);
    }}
}}"""


def assemble_file(*parts: str) -> str:
    """One kernel file that stands alone, with its includes pasted in.

    Args:
        parts: Its path below `kernels`.
    """
    return _Paster(kernels_dir()).file(kernels_dir().joinpath(*parts))


class _Paster:
    """Pastes local includes into a text, each file once."""

    def __init__(self, kernels: Path) -> None:
        self._folders = (kernels / "include", kernels / "engine")
        self._kernels = kernels
        self._seen: set[Path] = set()

    def file(self, path: Path) -> str:
        resolved = path.resolve()
        if resolved in self._seen:
            return ""
        self._seen.add(resolved)
        return self.text(path.read_text(encoding="utf-8"), path)

    def text(self, text: str, path: Path, depth: int = 0) -> str:
        shown = self._shown(path)

        def paste(match: re.Match[str]) -> str:
            line = text.count("\n", 0, match.start()) + 1
            included = self._include(match[1], path, line, depth)
            return f'{included}\n#line {line + 1} "{shown}"'

        return f'#line 1 "{shown}"\n' + _INCLUDE.sub(paste, text)

    def _include(self, name: str, path: Path, line: int, depth: int) -> str:
        where = f"{path}, line {line}"
        if depth >= MAX_INCLUDE_DEPTH:
            raise InvalidInputError(
                "includes are nested too deeply", where=where, fix="Break the circle of includes"
            )
        for folder in (path.parent, *self._folders):
            found = (folder / name).resolve()
            if found in self._seen:
                return ""
            if found.is_file():
                self._seen.add(found)
                return self.text(read_text(found), found, depth + 1)
        raise InvalidInputError(f"{name!r} cannot be found", where=where, fix="Put it beside the source")

    def _shown(self, path: Path) -> str:
        inside = path.is_relative_to(self._kernels)
        name = path.relative_to(self._kernels).as_posix() if inside else str(path)
        return name.replace("\\", "/").replace('"', "'")
