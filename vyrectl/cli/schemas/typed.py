"""JSON Schemas made of the types of records: `TypedDict` and dataclasses whose values `vyrectl.shapes` describes.

The invariant: a key of the record is a key of the schema, in the same order, and none is missing that the type does
not say may be. Standard library only.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import StrEnum
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from vyrectl.cli.schemas.parts import (
    Fields,
    Schema,
    answer,
    choice,
    document,
    mapping,
    maybe,
    piece,
    record,
    rows,
    table,
)
from vyrectl.shapes import Among, Bounds, Form, Keyed, Like, Long, Shared, Sized

_PLAIN: dict[object, str] = {int: "integer", float: "number", str: "string", bool: "boolean"}
_MIXED: dict[object, str] = {**_PLAIN, list: "array", tuple: "array"}


def fields_of(kind: type) -> Fields:
    """The keys that a record always has, with their schemas."""
    optional = optional_of(kind)
    return {name: schema_of_type(hint) for name, hint in _hints(kind).items() if name not in optional}


def optional_of(kind: type) -> Fields:
    """The keys that a record may have, with their schemas."""
    partial = getattr(kind, "__optional_keys__", ())
    return {
        name: schema_of_type(get_args(hint)[0] if get_origin(hint) is NotRequired else hint)
        for name, hint in _hints(kind).items()
        if name in partial or get_origin(hint) is NotRequired
    }


def record_of(kind: type) -> Schema:
    """The schema of a record."""
    return record(fields_of(kind), optional_of(kind))


def answer_of(name: str, kind: type) -> Schema:
    """What a command prints: a record of that type, which begins with its schema's name."""
    return answer(name, fields_of(kind), optional_of(kind))


def printed(command: str, title: str, *kinds: type) -> Schema:
    """The schema of a command that prints one of these records."""
    return document(command, title, *(answer_of(command, kind) for kind in kinds))


def schema_of_type(hint: Any) -> Schema:
    """The schema of a value.

    Args:
        hint: Its type, with what `vyrectl.shapes` says of it.

    Raises:
        TypeError: JSON has no such value.
    """
    origin, inside = get_origin(hint), get_args(hint)
    if origin is Annotated and isinstance(inside[1], Like):
        return record_of(inside[1].kind)
    if origin is Annotated and isinstance(inside[1], Shared):
        return piece(inside[1].name)
    if origin is Annotated and isinstance(inside[1], Sized):
        return _sized(inside[1])
    if origin is Annotated and isinstance(inside[1], Keyed):
        value = schema_of_type(get_args(inside[0])[1])
        return record(table(inside[1].keys, value), table(inside[1].optional, value))
    if origin is Annotated:
        return _noted(schema_of_type(inside[0]), inside[1:])
    if origin in (Union, types.UnionType):
        return _either([one for one in inside if one is not type(None)])
    if origin is Literal:
        return choice(inside) if isinstance(inside[0], str) else {"const": inside[0]}
    if origin is tuple and inside[-1] is not Ellipsis:
        return {**rows(schema_of_type(inside[0])), "minItems": len(inside), "maxItems": len(inside)}
    if origin in (list, tuple, Sequence, Iterable):
        return rows(schema_of_type(inside[0]))
    if origin in (dict, Mapping):
        return mapping(schema_of_type(inside[1]))
    if hint is types.NoneType:
        return {"type": "null"}
    if hint is object:
        return {}
    if hint in _PLAIN:
        return {"type": _PLAIN[hint]}
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return choice(hint)
    if is_typeddict(hint) or is_dataclass(hint):
        return record_of(hint)
    raise TypeError(f"{hint} is no value of a record")


def _either(kinds: list[Any]) -> Schema:
    """One kind or null; plain kinds may be several."""
    if len(kinds) == 1:
        return maybe(schema_of_type(kinds[0]))
    if any(is_typeddict(one) for one in kinds):
        return {"anyOf": [schema_of_type(one) for one in kinds]}
    return {"type": [*(_MIXED[get_origin(one) or one] for one in kinds), "null"]}


def _sized(sizes: Sized) -> Schema:
    numbers = {
        name: schema_of_type(Annotated[int, Bounds(0, 2**width - 1)]) for name, width in sizes.bits.items()
    }
    return record(numbers) if sizes.whole else record({}, numbers)


def _noted(schema: Schema, notes: tuple[object, ...]) -> Schema:
    said: Schema = {}
    for note in notes:
        match note:
            case Bounds(least, most):
                said |= {"minimum": least, "maximum": most}
            case Among(words):
                said["enum"] = [str(word) for word in words]
            case Form(name, pattern, length):
                said |= {"format": name, "pattern": pattern, "minLength": length, "maxLength": length}
            case Long(entries):
                said |= {"minItems": entries, "maxItems": entries}
    return {**schema, **{key: value for key, value in said.items() if value is not None}}


def _hints(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind, include_extras=True)
    return {one.name: hints[one.name] for one in fields(kind)} if is_dataclass(kind) else hints
