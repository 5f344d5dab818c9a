"""The same command again, with the options that make it work: one line to paste, for the hint of an error.

Standard library only. The invariant: every word that was typed stays, shell-quoted, save an earlier value of an option
that is given anew.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from contextvars import ContextVar
from functools import cache

from vyrectl.files.ring_lock import LIVE_SUFFIX
from vyrectl.shell import PROGRAM, command_line

NAMING = ("--ops", "--op-names", "--no-builtin-names")
"""Options that say what operations are called: kept wherever a command has them."""
OF_CHECKS = ("--abi", "--control", "--debug-log", "--io-queue", "--epoch", "--age-threshold")
"""Options of `check`: kept where it is the command."""

OF_EDITS = ("--offset", "--count", "--force")
"""Options that say where a ring lies, and that it is one."""

_COMMAND = re.compile(rf": ({PROGRAM} [a-z])")
_ONE_COMMAND = re.compile(r"(?:[^;'\"]|'[^']*'|\"[^\"]*\")+")
"""As far as the end, or a semicolon outside quotes."""

_FLAGS = ("--no-builtin-names", "--force")

_typed: ContextVar[tuple[str, ...]] = ContextVar("typed", default=())
_OFFSET = "--offset"


def again(args: Sequence[str], options: Mapping[str, str], where: str | None) -> str | None:
    """The command line that works, or None where there is none.

    Args:
        args: What was typed after the program's name.
        options: Options to add, and their values; "" for one that takes none.
        where: The file that the error is about.
    """
    if not options or not args:
        return None
    if where is not None and counts_from_elsewhere(args, options):
        return command_line("inspect", *_words(options), file=where)
    is_for_one = _OFFSET not in options or where is None or _is_only_file(args, where)
    if set(options) <= _options_of(args[0]) and is_for_one:
        return with_options(args, options)
    if _OFFSET in options and where is not None:
        return command_line("build", "--from", where, *_words(options), file=f"{where}.ring")
    return None


def _words(options: Mapping[str, str]) -> list[str]:
    return [word for pair in options.items() for word in pair if word]


NUMBERS_COUNT = "slot numbers count from the ring's first slot, so look at them there"
"""What is said where a command that named slots would have another start."""

_NUMBERED = frozenset({"recover", "repair", "set", "transition"})
"""Commands that take slot numbers behind their file."""

_SLOT_OPTIONS = ("--slots", "--slot")
_SLOT_NUMBERS = re.compile(r"\s*[0-9][0-9xa-f\s,-]*", re.ASCII | re.IGNORECASE)


def counts_from_elsewhere(args: Sequence[str], options: Mapping[str, str]) -> bool:
    """Whether slots were named by number, and the options that are to be added give the ring another first slot."""
    if _OFFSET not in options:
        return False
    if any(_given(args, _SLOT_OPTIONS)):
        return True
    return args[0] in _NUMBERED and any(_SLOT_NUMBERS.fullmatch(one) for one in _arguments(args)[1:])


def names_slots(options: Mapping[str, str]) -> bool:
    """The same of the command line that was typed."""
    args = _typed.get()
    return bool(args) and counts_from_elsewhere(args, options)


def _arguments(args: Sequence[str]) -> list[str]:
    """What was typed after a command's name that is neither an option nor the value of one."""
    flags = _flags_of(args[0])
    cut = list(args).index("--") if "--" in args else len(args)
    found, words = [], iter(args[1:cut])
    for word in words:
        if not word.startswith("-"):
            found.append(word)
        elif "=" not in word and word not in flags and word in _options_of(args[0]):
            next(words, None)
    return [*found, *args[cut + 1 :]]


_TAKES_SEVERAL = frozenset({"diff", "snapshot", "why"})
"""Commands that read each of several files with one `--offset`."""


def _is_only_file(args: Sequence[str], where: str) -> bool:
    """Whether an offset that is added to what was typed is that file's alone."""
    return args[0] not in _TAKES_SEVERAL or not any(os.path.exists(one) for one in args[1:] if one != where)


def again_with(options: Mapping[str, str], where: str) -> str | None:
    """The command line that was typed with options added, or the one that makes up for them."""
    return again(_typed.get(), options, where)


def note_typed(args: Sequence[str]) -> None:
    """Remember what was typed after the program's name, for advice that is printed later."""
    _typed.set(tuple(args))


def another(words: Sequence[str]) -> str:
    """The command line of `VyrectlError.instead`: a command, its file, and what follows.

    It is about the very slots that the command that was typed could not change, so that it finds them where that did.
    """
    name, file, *rest = words
    return keeping(command_line(name, *rest, file=file), (*NAMING, *OF_EDITS))


def keeping(command: str, wanted: Collection[str] = NAMING) -> str:
    """A command line of an advice with those options of the one that was typed that are about the same ring.

    A command that edits keeps the old file: who follows an advice may not have looked at all that it changes.
    """
    words = shlex.split(command)
    name = words[1] if len(words) > 1 else ""
    wanted = (*wanted, *(OF_CHECKS if name == "check" else ()))
    has = _options_of(name)
    kept = [
        one
        for option, *value in _given(_typed.get(), wanted)
        if option in has and option not in words
        for one in (option, *value)
    ]
    adds = "--backup" in has and "--backup" not in words and _replaces_a_file(name, words[2:])
    kept += ["--backup"] * adds
    return f"{command} {shlex.join(kept)}" if kept else command


def keeping_in(advice: str) -> str:
    """An advice in words in which command lines stand, each up to the end or a semicolon, with the same options.

    Args:
        advice: What an error says to do; as it is where no command line of ours stands in it.
    """
    begins = _COMMAND.search(advice)
    if begins is None:
        return advice
    found = _ONE_COMMAND.match(advice, begins.start(1))
    if found is None or "&&" in found[0] or "[OPTIONS]" in found[0]:
        return advice
    try:
        kept = keeping(found[0].rstrip())
    except ValueError:  # a quote that is never closed: words, and no command line
        return advice
    return advice[: found.start()] + kept + keeping_in(advice[found.end() :])


def _replaces_a_file(name: str, rest: Sequence[str]) -> bool:
    """Whether a command line has an old file to keep; `control` also only reads, and steers launches."""
    if name == "control":
        return any("=" in word for word in rest) and not any(word.endswith(LIVE_SUFFIX) for word in rest)
    return name != "build"


def cut_out() -> str | None:
    """What cuts the ring out of the file that was named first, where `--offset` or `--count` was typed."""
    args = _typed.get()
    span = [word for pair in _given(args, (_OFFSET, "--count")) for word in pair]
    if len(args) < 2 or args[1].startswith("-") or not span:
        return None
    span = span if _OFFSET in span else [_OFFSET, "0", *span]
    return command_line("build", "--from", args[1], *span, file=f"{args[1]}.ring")


def with_these(options: Mapping[str, str]) -> str:
    """The command line that was typed, with some options given anew."""
    return with_options(_typed.get(), options)


def launch_again(condition: str, pid: int | None = None) -> str | None:
    """The launch that was typed once more, of tasks that meet a condition beside its own; None where none was.

    Args:
        condition: See `--where`.
        pid: A process in the same folder that was given it; None for this one.
    """
    args = _typed.get() if pid is None else _typed_there(pid)
    if args[:1] != ("launch",):
        return None
    own = next((value[0] for _, *value in _given(args, ("--where",))), None)
    return with_options(args, {"--where": condition if own is None else f"({own}) and {condition}"})


def _typed_there(pid: int) -> tuple[str, ...]:
    """What another process was given after the program's name; nothing where it works in another folder."""
    with suppress(OSError):
        if os.path.samefile(f"/proc/{pid}/cwd", os.curdir):
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = [os.fsdecode(word) for word in file.read().split(b"\0")[:-1]]
            named = [at for at, word in enumerate(words, 1) if os.path.basename(word) == PROGRAM]
            return tuple(words[named[0] :]) if named else ()
    return ()


def without(options: Collection[str]) -> str:
    """The command line that was typed, without some of its options, which take a value each."""
    return shlex.join((PROGRAM, *_without(_typed.get(), dict.fromkeys(options, "a value"))))


def moved_behind(option: str) -> str:
    """The command line that was typed, with an option's value behind the other arguments and the option left out."""
    args = _typed.get()
    values = [value for _, *value in _given(args, (option,))]
    kept = _without(args, {option: "a value"})
    return shlex.join((PROGRAM, *kept, *(one for value in values for one in value if one)))


def _given(args: Sequence[str], wanted: Collection[str]) -> Iterator[tuple[str, ...]]:
    """Options of these names as they were typed, each with its value."""
    words = iter(args[: args.index("--")] if "--" in args else args)
    for word in words:
        option, equals, value = word.partition("=")
        if option not in wanted:
            continue
        if equals:
            yield option, value
        elif option in _FLAGS:
            yield (option,)
        else:
            yield option, next(words, "")


def with_options(args: Sequence[str], options: Mapping[str, str]) -> str:
    """A command line with some options given anew, before a ``--`` if there is one."""
    cut = list(args).index("--") if "--" in args else len(args)
    kept = [*_without(args[:cut], options)]
    added = [word for pair in options.items() for word in pair if word]
    return shlex.join((PROGRAM, *kept, *added, *args[cut:]))


def _without(args: Sequence[str], options: Mapping[str, str]) -> Iterator[str]:
    words = iter(args)
    for word in words:
        if word in options:
            if options[word]:
                next(words, None)
        elif word.partition("=")[0] not in options:
            yield word


@cache
def _flags_of(command: str) -> frozenset[str]:
    """Those of them that take no value."""
    from vyrectl.cli.main import load_command

    found = load_command(command)
    params = () if found is None else found.params
    return frozenset(name for param in params if getattr(param, "is_flag", False) for name in param.opts)


@cache
def _options_of(command: str) -> frozenset[str]:
    """Options of a command; an answer about many rings asks for the same ones again and again."""
    from vyrectl.cli.main import load_command

    found = load_command(command)
    return frozenset(() if found is None else (name for param in found.params for name in param.opts))
