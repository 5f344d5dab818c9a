"""Records that hold arrays or tables compare and hash like all others, and say what of them is worked out.

Standard library only.

The `__eq__` of a dataclass asks an array for its truth, and its `__hash__` hashes what cannot be hashed. The
invariant: equal records have equal hashes, and a record's hash does not change while its arrays do, since only what
cannot change goes into it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, fields
from functools import wraps
from typing import TYPE_CHECKING, Any, ClassVar, TypeGuard, TypeVar

from vyrectl.errors import ArgumentTypeError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Comparable:
    """Base of a frozen dataclass with ``eq=False``: equal when every compared field is, arrays element by element."""

    __slots__ = ()
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(_same(mine, theirs) for mine, theirs in zip(_values(self), _values(other), strict=True))

    def __hash__(self) -> int:
        return hash((type(self).__name__, *(value for value in _values(self) if _is_fixed(value))))


Record = TypeVar("Record")


def says_derived(record: type[Record]) -> type[Record]:
    """A dataclass that is made, or copied with changes, says so where it is given what it works out itself."""
    fields(record)  # type: ignore[arg-type]  # have its methods written, if they are not
    made = vars(record)["__init__"]

    @wraps(made)
    def init(self: Record, *args: object, **given: object) -> None:
        try:
            made(self, *args, **given)
        except TypeError:
            derived = [name for name in given if isinstance(getattr(record, name, None), property)]
            if not derived:
                raise
            kept = ", ".join(one.name for one in fields(record))  # type: ignore[arg-type]
            raise ArgumentTypeError(
                f"{derived[0]} of a {record.__name__} is worked out from its fields and cannot be given",
                fix=f"Give what it follows from; the fields are {kept}",
            ) from None

    setattr(record, "__init__", init)  # noqa: B010 - mypy knows no assignment to it
    return record


def _values(record: Comparable) -> list[object]:
    return [getattr(record, one.name) for one in fields(record) if one.compare]


def _same(mine: object, theirs: object) -> bool:
    if _is_array(mine) and _is_array(theirs):
        import numpy as np

        return bool(mine.dtype == theirs.dtype and np.array_equal(mine, theirs))
    return not (_is_array(mine) or _is_array(theirs)) and bool(mine == theirs)


def _is_array(value: object) -> TypeGuard[NDArray[np.generic]]:
    return hasattr(value, "dtype") and hasattr(value, "shape")


def _is_fixed(value: object) -> bool:
    if isinstance(value, Mapping) or _is_array(value):
        return False
    try:
        hash(value)
    except TypeError:
        return False
    return True
