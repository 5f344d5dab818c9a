"""One option for every field of a launch request, and the request that sources and options make together.

Options win over the `--request` file. Typer, policy and abi only; nothing here writes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from vyrectl.cli.options import parse_number
from vyrectl.cli.sources import read_request
from vyrectl.policy.request import REQUEST_BITS, REQUEST_MEANINGS, REQUEST_WIDTHS

RequestOption = Annotated[
    Path | None, typer.Option("--request", metavar="FILE", help="A launch request, as JSON or TOML.")
]
LenientOption = Annotated[bool, typer.Option("--lenient", help="Leave slots in an unknown state out.")]


def with_request_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command one option for every field of a launch request.

    The command's `**fields` parameter gets a text for each option, None when it was not given, under the
    fields' names.
    """
    signature = inspect.signature(command, eval_str=True)
    own = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
    merged = [*own, *(_option(name) for name in REQUEST_BITS)]
    attributes: dict[str, Any] = vars(command)
    attributes["__signature__"] = signature.replace(parameters=merged)
    command.__annotations__ = {one.name: one.annotation for one in merged} | {"return": None}
    return command


def flag(name: str) -> str:
    """The option that gives a field."""
    return f"--{name.replace('_', '-')}"


def given_fields(request: Path | None, options: Mapping[str, str | None]) -> dict[str, int]:
    """The fields that a `--request` file and the options give, by name.

    Raises:
        UsageError: An option is no number or out of its range.
        FileError: The file cannot be read.
        InvalidInputError: The file holds no request, or bad values.
    """
    fields = dict(read_request(request).fields) if request is not None else {}
    return fields | option_fields(options)


def option_fields(options: Mapping[str, str | None]) -> dict[str, int]:
    """The fields that options give, by name.

    Raises:
        UsageError: An option is no number or out of its range.
    """
    return {
        name: parse_number(text, flag(name), most=REQUEST_WIDTHS.most[name])
        for name, text in options.items()
        if text is not None
    }


def _option(name: str) -> inspect.Parameter:
    option = typer.Option(flag(name), metavar="N", help=REQUEST_MEANINGS[name])
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[str | None, option]
    )
