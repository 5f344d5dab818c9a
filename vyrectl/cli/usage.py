"""Puts what the parser of the command line complains about into this program's words: what is wrong, and what to type.

The parser's errors are told apart by their class names, since typer brings a copy of click or leans on another.
Standard library only, besides `errors`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from vyrectl.cli.again import cut_out, moved_behind
from vyrectl.cli.click_parts import Click
from vyrectl.errors import UsageError

_NO_NUMBER = re.compile(r"^'(.*)' is not a valid (?:float|integer|int)\b")
_OUTSIDE = re.compile(r"^(\S+) is not in the range")
WHOLE_FILES = frozenset({"launch", "top", "workers", "report"})
"""Commands whose ring is a whole file."""

_SLOTS = re.compile(r"[0-9]+(?:[-,][0-9]+)*")
_EXTRA = re.compile(r"unexpected extra arguments?(?:\(s\))? \((.*)\)")


def usage_error(error: Click, path: str) -> UsageError:
    """The error as this program tells it.

    Args:
        error: What the parser raised, a subclass of click's `ClickException`.
        path: Program and command, for the hint, where the error does not know them.
    """
    context = getattr(error, "ctx", None)
    path = path if context is None else context.command_path
    teller = _TELLERS.get(type(error).__name__, _other)
    return teller(error, context, f"Try '{path} --help'")


def empty_value(param: Click) -> UsageError:
    """The error for an option or an argument that was given as an empty text."""
    option = param.opts[0] if param.param_type_name == "option" else argument_name(param)
    return UsageError(
        f"{option} is given an empty value", fix="Give it one, or leave it out; perhaps a variable is not set"
    )


def refuse_two_conditions(order: Sequence[Click], args: Sequence[str]) -> None:
    """Refuse a condition that is given twice: the last would win, and change slots that the first one leaves out.

    Args:
        order: The parameters as they were met, one an occurrence.
        args: What was typed.

    Raises:
        UsageError: `--where` is given more than once.
    """
    if sum("--where" in one.opts for one in order) < 2:
        return
    given = [args[at + 1] for at, word in enumerate(args[:-1]) if word == "--where"]
    given += [word.removeprefix("--where=") for word in args if word.startswith("--where=")]
    joined = shlex.join(("--where", " and ".join(f"({one})" for one in given)))
    raise UsageError("--where is given more than once, and takes one condition", fix=f"Join them: {joined}")


def argument_name(param: Click) -> str:
    """How messages call an argument: the first word of what the usage line shows for it."""
    return str(param.metavar or param.name.upper()).split()[0].removesuffix("...").strip("[]")


def _unknown_option(error: Click, context: Click, hint: str) -> UsageError:
    from difflib import get_close_matches

    params = () if context is None else context.command.params
    names = [
        name for param in params for name in (*param.opts, *param.secondary_opts) if name.startswith("-")
    ]
    if error.option_name in ("--offset", "--count") and WHOLE_FILES.intersection(hint.split("'")[1].split()):
        cut = cut_out()
        if cut is not None:
            what = f"unknown option '{error.option_name}': a ring inside a larger file is cut out for this command"
            return UsageError(what, fix=f"First: {cut}")
    slots = _as_argument(error, context)
    if slots is not None:
        return slots
    spelt = {name.strip("-"): name for name in names}  # dashes are alike in all of them
    near = get_close_matches(error.option_name.strip("-"), spelt, n=1)
    fix = f"Did you mean '{spelt[near[0]]}'?" if near else hint
    return UsageError(f"unknown option '{error.option_name}'", fix=fix)


def _as_argument(error: Click, context: Click) -> UsageError | None:
    """Slots that were given by an option, to a command that takes them behind all else."""
    named = context is not None and any("SLOTS" in (one.metavar or "") for one in context.command.params)
    if error.option_name not in ("--slots", "--slot") or not named:
        return None
    what = f"unknown option '{error.option_name}': slots stand behind the other arguments"
    return UsageError(what, fix=f"Write: {moved_behind(error.option_name)}")


def _missing(error: Click, context: Click, hint: str) -> UsageError:
    if error.param is None or context is None:
        return _other(error, context, hint)
    name = argument_name(error.param)
    usage = " ".join(context.get_usage().split()).partition(": ")[2]
    return UsageError(f"{name} is missing", fix=f"The form is: {usage}")


def _bad_use(error: Click, context: Click, hint: str) -> UsageError:
    wrong = "needs a value" if "requires" in error.format_message() else "takes no value"
    return UsageError(f"{error.option_name} {wrong}", fix=hint)


def _bad_value(error: Click, context: Click, hint: str) -> UsageError:
    if error.param is None:
        return _other(error, context, hint)
    name, least = error.param.opts[0], getattr(error.param.type, "min", None)
    fix = "Give a number" if least is None else f"Give a number from {least:g} on"
    if found := _NO_NUMBER.match(error.message):
        return UsageError(f"{name} is '{found[1]}', which is no number", fix=fix)
    if found := _OUTSIDE.match(error.message):
        return UsageError(f"{name} is {found[1]}, out of bounds", fix=fix)
    return _other(error, context, hint)


def _other(error: Click, context: Click, hint: str) -> UsageError:
    message = error.format_message().rstrip(".")
    extra = _EXTRA.search(message)
    if extra and _SLOTS.fullmatch(extra[1]) and any("--slots" in one.opts for one in context.command.params):
        return UsageError(f"unexpected argument '{extra[1]}'", fix=f"Slots are named with --slots {extra[1]}")
    if extra:
        return UsageError(f"unexpected argument '{extra[1]}'", fix=hint)
    return UsageError(message[:1].lower() + message[1:], fix=hint)


_TELLERS = {
    "NoSuchOption": _unknown_option,
    "MissingParameter": _missing,
    "BadOptionUsage": _bad_use,
    "BadParameter": _bad_value,
}
"""Class of the parser's error -> what tells it."""
