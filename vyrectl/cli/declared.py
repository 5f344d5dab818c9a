"""A command's parameters made of declared options (`vyrectl.declared`), and records made of what they parsed.

An option reads its own value here: whoever gets it from the parser gets a number, a path, a text, or None where it was
not given. Typer and the declarations only.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import is_dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from vyrectl.abi.limits import U32_MAX
from vyrectl.abi.number import parse_whole
from vyrectl.declared import Declared, Every, Kind, Option, options_of
from vyrectl.errors import UsageError
from vyrectl.numbers import shown

Made = Any
"""An annotation or a declaration that typer reads. Any: both are made at run time, and typer says no more of them."""

Parameter = tuple[Made, Made]
"""Annotation and declaration of a parameter."""

if TYPE_CHECKING:
    from dataclasses import Field

Record = TypeVar("Record")
Command = TypeVar("Command", bound=Callable[..., None])


def read_number(text: str | int, what: str, *, least: int = 0, most: int = U32_MAX) -> int:
    """A decimal or 0x number within bounds; a number that is one already is a default.

    Raises:
        UsageError: The text is no such number; the message names `what` and the bounds.
    """
    fix = f"Give a decimal or 0x number from {least} to {most}"
    value = text if isinstance(text, int) else parse_whole(text)
    if value is None:
        raise UsageError(f"{what} is {text!r}, which is no number", fix=fix)
    if not least <= value <= most:
        raise UsageError(f"{what} is {shown(value)}, out of bounds", fix=fix)
    return value


def number_option(*flags: str, says: str, metavar: str = "N", least: int = 0, most: int = U32_MAX) -> Made:
    """An option that takes a whole number, decimal or 0x, and reads it.

    Args:
        *flags: Its spellings.
        says: Its help text.
        metavar: What its value is called.
        least: Smallest that is taken.
        most: Largest that is taken.
    """

    def number(text: str | int) -> int:
        return read_number(text, flags[0], least=least, most=most)

    return typer.Option(*flags, metavar=metavar, help=says, parser=number)


def count_option(*flags: str, says: str, metavar: str, most: int = U32_MAX) -> Made:
    """An option that takes a whole number or `all`, which is read as `Every.ALL`.

    Args:
        *flags: Its spellings.
        says: Its help text.
        metavar: What its value is called.
        most: Largest number that is taken.
    """

    def count(text: str | int) -> int | Every:
        is_all = isinstance(text, str) and text.strip().lower() == Every.ALL.value
        return Every.ALL if is_all else read_number(text, flags[0], most=most)

    return typer.Option(*flags, metavar=metavar, help=says, parser=count)


def with_records(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of each record that one of its parameters is, in that parameter's place.

    The command gets the records made of what was parsed.
    """
    signature = inspect.signature(command, eval_str=True)
    records: dict[str, type[Declared]] = {
        one.name: one.annotation
        for one in signature.parameters.values()
        if isinstance(one.annotation, type) and is_dataclass(one.annotation)
    }
    parameters: list[inspect.Parameter] = []
    for one in signature.parameters.values():
        made = [_parameter(*each) for each in _declared(records[one.name])] if one.name in records else [one]
        parameters += made

    @functools.wraps(command)
    def run(**given: object) -> None:
        read = {name: _read(record, given) for name, record in records.items()}
        command(**given, **read)

    attributes: dict[str, object] = vars(run)
    attributes["__signature__"] = signature.replace(parameters=parameters)
    run.__annotations__ = {one.name: one.annotation for one in parameters} | {"return": None}
    return run


def _read(record: type[Declared], given: dict[str, object]) -> object:
    """A record of what was parsed for it, which is taken out of `given`.

    Raises:
        UsageError: A length of time is out of its bounds.
    """
    fields: dict[str, object] = {}
    for name, option in options_of(record):
        value = given.pop(name, None)
        if option.kind is Kind.SECONDS and isinstance(value, float):
            _check_seconds(option, value)
        fields[name] = tuple(value) if isinstance(value, list) else value
    return record(**{name: value for name, value in fields.items() if value is not None})


def _check_seconds(option: Option, value: float) -> None:
    if not option.least <= value <= option.most:
        raise UsageError(
            f"{option.flags[0]} is {value}, out of bounds",
            fix=f"Give seconds from {option.least:g} to {option.most:g}",
        )


def with_options(*records: type[Declared]) -> Callable[[Command], Command]:
    """Give a command a parameter for every declared option of some records, in place of its ``**given``."""

    def decorate(command: Command) -> Command:
        return with_parameters(
            command, [_parameter(*each) for record in records for each in _declared(record)]
        )

    return decorate


def with_parameters(
    command: Command, parameters: Iterable[inspect.Parameter], *, last: bool = False
) -> Command:
    """Put keyword parameters into a command's signature, where its ``**`` parameter takes them.

    Args:
        command: Changed in place: its signature and its annotations.
        parameters: What to put in.
        last: Behind its own keyword parameters instead of before them.
    """
    signature = inspect.signature(command, eval_str=True)
    own = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
    keyword = (i for i, one in enumerate(own) if one.kind is inspect.Parameter.KEYWORD_ONLY)
    at = len(own) if last else next(keyword, len(own))
    merged = [*own[:at], *parameters, *own[at:]]
    attributes: dict[str, object] = vars(command)
    attributes["__signature__"] = signature.replace(parameters=merged)
    command.__annotations__ = {one.name: one.annotation for one in merged} | {"return": None}
    return command


def taken(record: Callable[..., Record], given: Mapping[str, object], /, **read: object) -> Record:
    """A record of what a command was given.

    Args:
        record: The record's class.
        given: Parameter's name -> what was parsed; None leaves a field at its default.
        **read: Fields that are more than what was parsed; None likewise.
    """
    fields = {**{name: given[name] for name, _ in options_of(record) if name in given}, **read}
    return record(**{name: value for name, value in fields.items() if value is not None})


def _declared(record: type[Declared]) -> Iterable[tuple[str, Option, object]]:
    fields: Mapping[str, Field[Any]] = record.__dataclass_fields__
    return [
        (name, one, fields[name].default) for name, one in options_of(record) if one.kind is not Kind.PYTHON
    ]


def _parameter(name: str, option: Option, default: object) -> inspect.Parameter:
    kind, made = _PARAMETERS[option.kind](option, default)
    made.rich_help_panel = option.group
    typed: object = option.typed
    if option.kind in (Kind.SWITCH, Kind.SECONDS) or (option.kind is Kind.TEXT and typed is None):
        typed = default
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=typed, annotation=Annotated[kind, made]
    )


def _switch(option: Option, default: object) -> Parameter:
    return bool if default is not None else bool | None, typer.Option(*option.flags, help=option.help)


def _whole(option: Option, default: object) -> Parameter:
    least, most = int(option.least), int(option.most)
    metavar = option.metavar or "N"
    return int | None, number_option(*option.flags, says=option.help, metavar=metavar, least=least, most=most)


def _count(option: Option, default: object) -> Parameter:
    made = count_option(*option.flags, says=option.help, metavar=option.metavar or "N", most=int(option.most))
    return str | None, made


def _seconds(option: Option, default: object) -> Parameter:
    least = None if isfinite(option.most) else option.least
    made = typer.Option(*option.flags, metavar=option.metavar, help=option.help, min=least)
    return float if default is not None else float | None, made


def _plain(kind: Made) -> Callable[[Option, object], Parameter]:
    def parameter(option: Option, default: object) -> Parameter:
        made = typer.Option(*option.flags, metavar=option.metavar, help=option.help, parser=option.reads)
        return kind | None, made

    return parameter


_PARAMETERS: Mapping[Kind, Callable[[Option, object], Parameter]] = {
    Kind.SWITCH: _switch,
    Kind.WHOLE: _whole,
    Kind.COUNT: _count,
    Kind.SECONDS: _seconds,
    Kind.TEXT: _plain(str),
    Kind.TEXTS: _plain(list[str]),
    Kind.PATH: _plain(Path),
    Kind.PATHS: _plain(list[Path]),
    Kind.PAIR: _plain(tuple[Path, Path]),
}
"""What an option takes -> its type and its declaration to the parser."""
