"""How an option is declared: once, on the field of a record, with everything that is said of it anywhere.

A record of options is a frozen dataclass whose fields are made by the functions below. The command line makes its
parameters and help of them (`vyrectl.cli.declared`), Python's functions their keywords, and `checked` holds numbers to
their bounds wherever a record was made. The invariant: what is known of an option stands in its declaration. Standard
library, `numbers` and errors only.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import Field, field, fields, is_dataclass, replace
from enum import Enum, auto
from functools import cache
from math import inf
from typing import Any, ClassVar, ParamSpec, Protocol, TypeVar

from vyrectl.abi.limits import U32_MAX
from vyrectl.dataclass import dataclass
from vyrectl.errors import ArgumentTypeError
from vyrectl.numbers import (
    optional_integer,
    optional_seconds,
    optional_text,
    optional_truth,
    refuse_as_path,
)


class Declared(Protocol):
    """A record of options, or any dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


Record = TypeVar("Record", bound=Declared)
Default = TypeVar("Default")
Given = ParamSpec("Given")
Answer = TypeVar("Answer")

OWN = "Options"
SLOTS = "Which slots"
LIMITS = "Limits, and what counts as failed"
RECORDS = "Control buffer, logs and trace"
MORE_WORK = "Work that comes later"
HOSTS = "Workers on other hosts"
SAFETY = "Safety"
TUNING = "Tuning"
"""Groups of a command's help; all of them, in their order: `vyrectl.cli.option_groups`."""

_KEY = "option"


class Kind(Enum):
    """What an option takes on the command line."""

    SWITCH = auto()
    WHOLE = auto()
    COUNT = auto()
    """A whole number, or `all`."""
    SECONDS = auto()
    TEXT = auto()
    TEXTS = auto()
    PATH = auto()
    PATHS = auto()
    PAIR = auto()
    """Two paths."""
    PYTHON = auto()
    """Nothing: it is given in Python alone."""


class Every(Enum):
    """What a count is that was given as `all`."""

    ALL = "all"


@dataclass(frozen=True, slots=True)
class Option:
    """What is declared of an option.

    Attributes:
        kind: What it takes.
        flags: Its spellings on the command line.
        help: What it is for, in a line.
        metavar: What the command line calls its value.
        group: The group of the help that lists it.
        least: Smallest number that is taken.
        most: Largest number that is taken.
        typed: Its default on the command line, where that is another than in Python.
        reads: Makes a value of a text that was given, where that is more than the text.
        about: What the help has no room for, for readers of Python.
    """

    kind: Kind
    flags: tuple[str, ...] = ()
    help: str = ""
    metavar: str | None = None
    group: str = OWN
    least: float = 0
    most: float = U32_MAX
    typed: object = None
    about: str = ""
    reads: Callable[[str], object] | None = None


Value = Any
"""What an option was given. Any: `checked` looks at each by its declaration."""


def switch(default: Default, *flags: str, says: str, group: str = OWN, about: str = "") -> Default:
    """Yes or no; `--this/--not-this` spells both."""
    return _declare(default, Option(Kind.SWITCH, flags, says, group=group, about=about))


def whole(
    default: Default,
    *flags: str,
    says: str,
    group: str = OWN,
    least: int = 0,
    most: int = U32_MAX,
    metavar: str = "N",
    typed: int | None = None,
    about: str = "",
) -> Default:
    """A whole number, decimal or 0x; `least` and `most` are its bounds."""
    return _declare(default, Option(Kind.WHOLE, flags, says, metavar, group, least, most, typed, about))


def whole_or_all(
    default: Default,
    *flags: str,
    says: str,
    metavar: str,
    group: str = OWN,
    most: int = U32_MAX,
    typed: str | None = None,
) -> Default:
    """A whole number, or `all`, which is `Every.ALL`."""
    return _declare(default, Option(Kind.COUNT, flags, says, metavar, group, most=most, typed=typed))


def seconds(
    default: Default,
    *flags: str,
    says: str,
    group: str = OWN,
    metavar: str = "SECONDS",
    least: float = 0.0,
    most: float = inf,
    about: str = "",
) -> Default:
    """A length of time, from 0 up; in seconds unless its name says otherwise."""
    return _declare(default, Option(Kind.SECONDS, flags, says, metavar, group, least, most, about=about))


def text(
    default: Default,
    *flags: str,
    says: str,
    metavar: str,
    group: str = OWN,
    typed: str | None = None,
    reads: Callable[[str], object] | None = None,
    about: str = "",
) -> Default:
    """A text, or what `reads` makes of it."""
    return _declare(
        default, Option(Kind.TEXT, flags, says, metavar, group, typed=typed, about=about, reads=reads)
    )


def texts(
    default: Default,
    *flags: str,
    says: str,
    metavar: str,
    group: str = OWN,
    reads: Callable[[str], object] | None = None,
    about: str = "",
) -> Default:
    """Texts, or what `reads` makes of each: the option may be repeated."""
    return _declare(default, Option(Kind.TEXTS, flags, says, metavar, group, about=about, reads=reads))


def path(
    default: Default, *flags: str, says: str, metavar: str, group: str = OWN, about: str = ""
) -> Default:
    """The path of a file."""
    return _declare(default, Option(Kind.PATH, flags, says, metavar, group, about=about))


def paths(
    default: Default, *flags: str, says: str, metavar: str, group: str = OWN, about: str = ""
) -> Default:
    """Paths of files: the option may be repeated."""
    return _declare(default, Option(Kind.PATHS, flags, says, metavar, group, about=about))


def pair(default: Default, *flags: str, says: str, metavar: str, group: str = OWN) -> Default:
    """The paths of two files."""
    return _declare(default, Option(Kind.PAIR, flags, says, metavar, group))


def python(default: Default, about: str) -> Default:
    """What is given in Python alone."""
    return _declare(default, Option(Kind.PYTHON, about=about))


_TEXTS = ("str", "str | None")
"""How the type of an option that is a text and nothing else is written."""


def _declare(default: Default, option: Option) -> Default:
    made: Default = field(default=default, metadata={_KEY: option})
    return made


@cache
def options_of(record: type[Declared]) -> tuple[tuple[str, Option], ...]:
    """Name and declaration of each option of a record, in the order of its fields, inherited ones last."""
    inherited = {one.name for base in record.__mro__[1:] if is_dataclass(base) for one in fields(base)}
    found = sorted(fields(record), key=lambda one: one.name in inherited)
    return tuple((one.name, one.metadata[_KEY]) for one in found if _KEY in one.metadata)


@cache
def _texts_of(record: type[Declared]) -> frozenset[str]:
    """The fields of a record that are texts and nothing else."""
    return frozenset(one.name for one in fields(record) if one.type in _TEXTS)


def checked(record: Record) -> Record:
    """The record with its numbers as plain ones within their bounds; None stays, and a path alone is several of one.

    Raises:
        ArgumentTypeError: One is no number, no truth value, no text or no path, where that is what it takes.
        UsageError: One is out of its bounds.
    """
    plain: dict[str, Value] = {}
    texts = _texts_of(type(record))
    for name, option in options_of(type(record)):
        value = getattr(record, name)
        if option.kind is Kind.WHOLE:
            plain[name] = optional_integer(name, value, least=int(option.least), most=int(option.most))
        elif option.kind is Kind.SECONDS:
            plain[name] = optional_seconds(name, value)
        elif option.kind is Kind.SWITCH:
            plain[name] = optional_truth(name, value)
        elif option.kind is Kind.PATH:
            refuse_as_path(name, value)
        elif option.kind is Kind.PATHS:
            plain[name] = _several(name, value)
        elif name in texts:
            optional_text(name, value)
    return replace(record, **plain)


def refuse_unknown(
    function: str, record: type[Declared], given: Iterable[str], own: Iterable[str] = ()
) -> None:
    """Refuse keywords that make no option, in the name of the function that its caller knows.

    Args:
        function: Its name.
        record: What its keywords make.
        given: The keywords that it was called with.
        own: Keywords of its own, for advice.

    Raises:
        ArgumentTypeError: There is one that is none; with the option that was probably meant.
    """
    from difflib import get_close_matches

    options = dict(options_of(record))
    typed = {flag.lstrip("-").replace("-", "_"): name for name, one in options.items() for flag in one.flags}
    known = {**typed, **dict.fromkeys(own), **{name: name for name in options}}
    for name in given:
        if name not in options:
            close = get_close_matches(name.lower(), [*known], n=1)
            meant = f"Did you mean {known[close[0]] or close[0]!r}?" if close else ""
            raise ArgumentTypeError(
                f"{function}() takes no option {name!r}", fix=meant or f"help(vyrectl.{function}) lists them"
            )


def _several(name: str, value: object) -> tuple[object, ...]:
    """Paths, or what stands for them: one is taken for a list of one."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        refuse_as_path(name, value)
        return (value,)
    several = tuple(value)
    for one in several:
        refuse_as_path(name, one)
    return several


def as_keywords(record: type[Declared], function: Callable[Given, Answer]) -> Callable[Given, Answer]:
    """The function, shown to Python's readers with a record's options as keywords: in its signature and docstring.

    Args:
        record: What its keywords make.
        function: Has one parameter beside them, and ``{options}`` in its docstring where they are described.
    """
    first = next(iter(inspect.signature(function).parameters.values()))
    known = {one.name: one for one in fields(record)}
    keywords = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=known[name].default, annotation=known[name].type
        )
        for name, _ in options_of(record)
    ]
    attributes: dict[str, object] = vars(function)
    attributes["__signature__"] = inspect.Signature(
        [first.replace(kind=inspect.Parameter.POSITIONAL_OR_KEYWORD), *keywords]
    )
    function.__qualname__ = function.__name__
    said = [f"{name}: {option.about or option.help}" for name, option in options_of(record)]
    function.__doc__ = (function.__doc__ or "").replace("{options}", "\n            ".join(said))
    return function
