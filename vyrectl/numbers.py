"""The one reading of numbers that Python code hands in: whole numbers, counts, seconds.

Whole numbers are ints and whatever says through ``__index__`` that it is one, numpy's integers above all; floats,
texts and truth values are not, however round they are. The invariant: what comes back is a plain int within its
bounds, so that nothing behind a public function meets a number that wraps, rounds or compares as another type does.
May import `abi` and errors; no numpy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Number
from operator import index
from typing import TypeGuard

from vyrectl.abi.limits import U32_MAX
from vyrectl.errors import ArgumentTypeError, UsageError, VyrectlError

_TRUTH = ("bool", "bool_")


def is_whole(value: object) -> TypeGuard[int]:
    """Whether a value is a whole number by its type."""
    return type(value) is int or _index(value) is not None


def integer(
    what: str,
    value: object,
    *,
    least: int = 0,
    most: int = U32_MAX,
    error: type[VyrectlError] | None = None,
    fix: str | None = None,
) -> int:
    """A whole number as an int.

    Args:
        what: How the error calls it.
        value: An int, or a number of another type that has ``__index__``.
        least: Smallest that is taken.
        most: Largest that is taken.
        error: What a bad value raises, of whatever kind; by default one error for each kind.
        fix: What the error advises; by default the bounds.

    Raises:
        ArgumentTypeError: It is no whole number: a float, a text, a truth value.
        UsageError: It is out of bounds.
    """
    number = value if type(value) is int else _index(value)
    if number is not None and least <= number <= most:
        return number
    if number is None:
        advice = fix or f"Give a whole number from {least} to {most}"
        raise (error or ArgumentTypeError)(f"{what} is {shown(value)}, which is no whole number", fix=advice)
    raise (error or UsageError)(
        f"{what} is {shown(number)}", fix=fix or f"Give a number from {least} to {most}"
    )


def optional_integer(what: str, value: object, *, least: int = 0, most: int = U32_MAX) -> int | None:
    """`integer`, or None for None."""
    return None if value is None else integer(what, value, least=least, most=most)


def seconds(what: str, value: object) -> float:
    """A length of time: a finite number from 0 up, of any real type.

    Raises:
        ArgumentTypeError: A text, a truth value, or what else is no number.
        UsageError: Negative, infinite, or not a number.
    """
    fix = "Give seconds, 0 or more"
    if isinstance(value, str | bytes) or type(value).__name__ in _TRUTH:
        raise ArgumentTypeError(f"{what} is {shown(value)}, which is no number", fix=fix)
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise ArgumentTypeError(f"{what} is {shown(value)}, which is no number", fix=fix) from error
    except OverflowError:
        number = float("inf")
    if not 0 <= number < float("inf"):
        raise UsageError(f"{what} is {shown(value)}", fix=fix)
    return number


def optional_seconds(what: str, value: object) -> float | None:
    """`seconds`, or None for None."""
    return None if value is None else seconds(what, value)


def optional_truth(what: str, value: object) -> bool | None:
    """A truth value, Python's or numpy's, or None; nothing else stands for one.

    Raises:
        ArgumentTypeError: It is something else.
    """
    if value is None or type(value).__name__ in _TRUTH:
        return None if value is None else bool(value)
    raise ArgumentTypeError(f"{what} is {shown(value)}, which is no truth value", fix="Give True or False")


def optional_text(what: str, value: object) -> str | None:
    """A text, or None.

    Raises:
        ArgumentTypeError: It is something else.
    """
    if value is None or isinstance(value, str):
        return value
    raise ArgumentTypeError(f"{what} is {shown(value)}, which is no text", fix="Give a text")


def check_mapping(what: str, value: object, *, fix: str) -> None:
    """Refuse a value that is no mapping, such as a list.

    Args:
        what: Its name in the error.
        value: What was given.
        fix: How it is written.

    Raises:
        ArgumentTypeError: It is none.
    """
    if not isinstance(value, Mapping):
        raise ArgumentTypeError(f"{what} is {shown(value)}, which is no mapping", fix=fix)


def refuse_as_path(what: str, value: object) -> None:
    """Let through whatever may be a path, or may stand where one could.

    Raises:
        ArgumentTypeError: A number, a truth value, bytes or a list.
    """
    if type(value).__name__ in _TRUTH or isinstance(value, Number | bytes | list | tuple | dict | set):
        fix = "Give a path, as a text or a pathlib.Path"
        raise ArgumentTypeError(f"{what} is {shown(value)}, which is no path", fix=fix)


def shown(value: object) -> str:
    """A value as a message names it, short whatever it is."""
    if type(value).__name__ in _TRUTH:
        return f"the truth value {str(value).lower()}"
    if isinstance(value, int) and value.bit_length() > 128:
        return f"a number of {value.bit_length()} bits"
    if isinstance(value, str):
        return f"the text {value[:40]!r}"
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, Sequence):
        return "a list"
    return str(value)[:40]


def _index(value: object) -> int | None:
    if type(value).__name__ in _TRUTH:
        return None
    try:
        return index(value)  # type: ignore[arg-type]
    except TypeError:
        return None
