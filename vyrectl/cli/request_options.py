"""One option for every field of a launch request, and the request that sources and options make together.

Options win over the `--request` file. Typer, policy and abi only; nothing here writes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from vyrectl.cli.declared import number_option, with_parameters
from vyrectl.cli.sources import read_request
from vyrectl.policy.request import REQUEST_BITS, REQUEST_MEANINGS, REQUEST_WIDTHS

REQUEST_SAYS = "A launch request, as JSON or TOML."
RequestOption = Annotated[Path | None, typer.Option("--request", metavar="FILE", help=REQUEST_SAYS)]
LenientOption = Annotated[bool, typer.Option("--lenient", help="Leave slots in an unknown state out.")]


def with_request_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command one option for every field of a launch request.

    The command's `**fields` parameter gets a number for each option, None when it was not given, under the
    fields' names.
    """
    return with_parameters(command, map(_option, REQUEST_BITS), last=True)


def flag(name: str) -> str:
    """The option that gives a field."""
    return f"--{name.replace('_', '-')}"


def given_fields(request: Path | None, options: Mapping[str, int | None]) -> dict[str, int]:
    """The fields that a `--request` file and the options give, by name.

    Raises:
        FileError: The file cannot be read.
        InvalidInputError: The file holds no request, or bad values.
    """
    fields = dict(read_request(request).fields) if request is not None else {}
    return fields | option_fields(options)


def option_fields(options: Mapping[str, int | None]) -> dict[str, int]:
    """The fields that options give, by name."""
    return {name: number for name, number in options.items() if number is not None}


def _option(name: str) -> inspect.Parameter:
    option = number_option(flag(name), says=REQUEST_MEANINGS[name], most=REQUEST_WIDTHS.most[name])
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[int | None, option]
    )
