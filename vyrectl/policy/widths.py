"""Width checks: the one place that says which whole numbers a record's fields may hold.

The records of the policy are plain; whoever computes with one checks it here first. Standard library, errors and
numbers only.
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter, index
from typing import TypeVar

from vyrectl.errors import LaunchRequestError, VyrectlError
from vyrectl.numbers import is_whole, shown

R = TypeVar("R")


class Widths:
    """The fields of one kind of record and their unsigned widths.

    Args:
        bits: Width of every field, by name, in the order of the record.
        error: What a bad value raises.
    """

    def __init__(self, bits: Mapping[str, int], error: type[VyrectlError] = LaunchRequestError) -> None:
        self.bits = dict(bits)
        self.most = {name: 2**width - 1 for name, width in bits.items()}
        self._error = error
        self._values = attrgetter(*bits)
        self._bounds = tuple(self.most.values())
        self._sound: object = None

    def fits(self, record: object) -> bool:
        """Whether every field is an `int` within its width; the quick question."""
        for value, most in zip(self._values(record), self._bounds, strict=True):
            if type(value) is not int or not 0 <= value <= most:
                return False
        return True

    def checked(self, record: R) -> R:
        """The record itself when it fits, else a copy of it with whole numbers of other types converted.

        The last record that fitted is remembered, since one policy answers many requests; records are frozen.

        Raises:
            VyrectlError: As `whole_numbers`.
        """
        if record is self._sound:
            return record
        if not self.fits(record):
            return type(record)(**self.whole_numbers(record))
        self._sound = record
        return record

    def whole_numbers(self, record: object) -> dict[str, int]:
        """Every field as an `int`; whole numbers of other types (numpy's) are converted.

        Raises:
            VyrectlError: The class given to the constructor, for the first field that does not fit; names the
                field and its range.
        """
        return {name: self.number(name, getattr(record, name)) for name in self.bits}

    def number(self, name: str, value: object) -> int:
        """One field's value as an `int`.

        Raises:
            VyrectlError: As `whole_numbers`.
        """
        if not is_whole(value) or not 0 <= index(value) <= self.most[name]:
            raise self._error(f"{name} is {shown(value)}", fix=self.advice(name))
        return index(value)

    def advice(self, name: str) -> str:
        """What `name` may hold, as a sentence."""
        return f"{name} is a u{self.bits[name]}: a whole number from 0 to {self.most[name]}"
