"""Records that hold arrays or tables compare and hash like all others. Standard library only.

The `__eq__` of a dataclass asks an array for its truth, and its `__hash__` hashes what cannot be hashed. The
invariant: equal records have equal hashes, and a record's hash does not change while its arrays do, since only what
cannot change goes into it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, fields
from typing import TYPE_CHECKING, Any, ClassVar, TypeGuard

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
