"""Names of operations from files: OpenCL C sources, or tables of ids and names where there is no source.

A names file is JSON, either ``{"0x20000": "gather", ...}``, ``{"gather": "0x20000", ...}`` or a list of objects with
``id`` and ``name`` (as `vyrectl ops --json` prints them under ``ops``), or CSV with the columns ``id,name`` and maybe
``doc``, a heading or none. The invariant: a name stands for one id and an id for one name, and holds no character that
a terminal or the condition language would take for something else. Standard library only.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from vyrectl.abi.limits import U32_MAX
from vyrectl.abi.opcodes import CONTROL_OPCODES, window_opcode
from vyrectl.engine.naming import Naming
from vyrectl.engine.ops import is_pipe, load_source, read_text
from vyrectl.errors import InvalidInputError
from vyrectl.files.json_text import parse_json
from vyrectl.files.whole import read_whole

VARIABLE = "VYRECTL_OPS"
"""Environment variable: sources and names files, separated as in PATH."""

SOURCE_SUFFIX = ".cl"
MOST_BYTES = 16 << 20

_SOURCE = re.compile(r"\bVYRE_\w*OP\w*\s*\(", re.ASCII)
"""What a source holds and a names file does not; a pipe's name does not tell."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}", re.ASCII)
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]{1,8}|[0-9]{1,10}", re.ASCII)
_FIX = 'Write {"0x20000": "gather"}, or CSV lines such as 0x20000,gather'
_RESERVED = frozenset({"and", "or", "not", "in"})

Entry = tuple[object, object, str, str]
"""An id, a name, a line about it (may be empty), and where it stands."""


def read_naming(files: Iterable[Path], *, shipped: bool = True) -> Naming:
    """The names that files give to operations; a later file may not give an id or a name another meaning.

    Args:
        files: Sources (`.cl`) and names files.
        shipped: Whether vyrectl's own ids keep their names.

    Raises:
        FileError: One cannot be read.
        InvalidInputError: One holds no names, a bad one, or two meanings for one.
    """
    names: dict[int, str] = {}
    docs: dict[int, str] = {}
    ids: dict[str, int] = {opcode.name: opcode.code for opcode in CONTROL_OPCODES}
    for path in files:
        for code, name, doc, where in _named(path):
            if names.get(code, name) != name:
                raise InvalidInputError(
                    f"0x{code:x} is {names[code]!r} and {name!r}", where=where, fix="Name it once"
                )
            other = ids.setdefault(name.lower(), code)
            if other != code:
                what = f"{name!r} stands for 0x{other:x} and 0x{code:x}"
                raise InvalidInputError(what, where=where, fix="Give each operation a name of its own")
            names[code] = name
            if doc:
                docs[code] = doc
    return Naming(names, docs, shipped)


def files_of_environment(environment: Mapping[str, str] = os.environ) -> list[Path]:
    """The files that `VYRECTL_OPS` names."""
    return [Path(name) for name in environment.get(VARIABLE, "").split(os.pathsep) if name]


def is_source(path: Path) -> bool:
    """True for OpenCL C: a file with its ending, or what came out of a pipe and declares an operation."""
    return path.suffix.lower() == SOURCE_SUFFIX or (
        is_pipe(path) and _SOURCE.search(read_text(path)) is not None
    )


def _named(path: Path) -> Iterator[tuple[int, str, str, str]]:
    if is_source(path):
        yield from ((op.id, op.name, op.doc, f"{path}, line {op.line}") for op in load_source(path).ops)
        return
    data = (
        read_text(path).encode()
        if is_pipe(path)
        else read_whole(path, doing="read the names", most=MOST_BYTES)
    )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"byte {error.start} is no UTF-8", where=str(path), fix=_FIX) from error
    found = 0
    for given, name, doc, where in _entries(text, path):
        found += 1
        yield _id(given, where), _name(name, where), doc, where
    if not found:
        raise InvalidInputError("no operation is named here", where=str(path), fix=_FIX)


def _entries(text: str, path: Path) -> Iterator[Entry]:
    if text.lstrip()[:1] in ("{", "["):
        return _json_entries(text, str(path))
    return _csv_entries(text, str(path))


def _json_entries(text: str, where: str) -> Iterator[Entry]:
    try:
        table = parse_json(text)
    except ValueError as error:
        raise InvalidInputError(f"it does not parse: {error}", where=where, fix=_FIX) from error
    if isinstance(table, dict) and isinstance(table.get("ops"), list):
        table = table["ops"]
    if isinstance(table, list):
        for number, row in enumerate(table):
            place = f"{where}, entry {number}"
            if not isinstance(row, dict) or "id" not in row or "name" not in row:
                raise InvalidInputError("an entry has no id or no name", where=place, fix=_FIX)
            yield row["id"], row["name"], _line(row.get("doc")), place
        return
    for key, value in table.items():
        by_id = _NUMBER.fullmatch(key) is not None or window_opcode(key) is not None
        yield (key, value, "", where) if by_id else (value, key, "", where)


def _csv_entries(text: str, where: str) -> Iterator[Entry]:
    columns = {"id": 0, "name": 1, "doc": 2}
    try:
        for number, row in enumerate(csv.reader(text.splitlines()), start=1):
            cells = [cell.strip() for cell in row]
            if not any(cells) or cells[0].startswith("#"):
                continue
            if number == 1 and "name" in [cell.lower() for cell in cells]:
                heading = [cell.lower() for cell in cells]
                columns = {name: heading.index(name) for name in columns if name in heading}
                if "id" not in columns and {"op", "opcode", "op_handle"} & set(heading):
                    columns["id"] = next(
                        i for i, cell in enumerate(heading) if cell in ("op", "opcode", "op_handle")
                    )
                continue
            given = {name: cells[at] for name, at in columns.items() if at < len(cells)}
            yield (
                given.get("id", ""),
                given.get("name", ""),
                _line(given.get("doc")),
                f"{where}, line {number}",
            )
    except csv.Error as error:
        raise InvalidInputError(f"it does not parse: {error}", where=where, fix=_FIX) from error


def _id(value: object, where: str) -> int:
    if isinstance(value, str) and (named := window_opcode(value)) is not None:
        code = named
    elif isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        text = value.strip()
        code = int(text, 16 if text[:2] in ("0x", "0X") else 10)
    elif type(value) is int:
        code = value
    else:
        raise InvalidInputError(f"{_shown(value)} is no operation id", where=where, fix=_FIX)
    if not 0 <= code <= U32_MAX:
        raise InvalidInputError(f"{_shown(value)} is no u32", where=where, fix=_FIX)
    return code


def _name(value: object, where: str) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value.strip()) or value.strip().lower() in _RESERVED:
        raise InvalidInputError(
            f"{_shown(value)} is no name of an operation",
            where=where,
            fix="A name has up to 64 letters, digits and _, no digit first; write mine_gather for mine::gather",
        )
    return value.strip()


def _line(value: object) -> str:
    """A line of documentation without anything that a terminal would act upon."""
    text = value if isinstance(value, str) else ""
    return "".join(char for char in text if char.isprintable())[:200]


def _shown(value: object) -> str:
    return ascii(value)[:60]
