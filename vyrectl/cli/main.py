"""Entry point: finds the command, runs it, and turns whatever comes out into one message and one exit code.

A command's module is imported when the command runs and not before, which keeps `--help` and every other command quick.
This is the one place that catches `VyrectlError` and `Stop`; a bug keeps its traceback.
"""

from __future__ import annotations

import signal
import sys
from functools import cache
from importlib import import_module
from typing import Annotated

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command as typer_command

from vyrectl.cli.again import note_typed
from vyrectl.cli.catalog import CATALOG, NAMES, find
from vyrectl.cli.click_parts import Click
from vyrectl.cli.finite import check_decimal, check_finite
from vyrectl.cli.help_text import help_text
from vyrectl.cli.op_naming import NAMELESS, with_op_names
from vyrectl.cli.side_files import SEVERAL, one_file, say_left_out, several_files
from vyrectl.cli.spans import warn_of_span
from vyrectl.cli.stdout_name import dash_for_stdout
from vyrectl.cli.stops import Stop
from vyrectl.cli.time_limit import with_limit
from vyrectl.cli.usage import empty_value, refuse_two_conditions
from vyrectl.errors import REFUSALS, StoppedError, UnknownNameError, UsageError, VyrectlError, from_system
from vyrectl.files import shrinking
from vyrectl.files.streams import ReaderGone, say
from vyrectl.files.telling import tell_by
from vyrectl.files.written import forget, standing

_CLICK_ERROR: type[Exception] = next(
    base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException"
)
_USAGE_ERROR: type[Exception] = next(
    base for base in typer.BadParameter.__mro__ if base.__name__ == "UsageError"
)
"""The exception bases under typer, whichever copy of click it carries."""


class LazyGroup(TyperGroup):
    """A group whose commands are imported one at a time, when they are asked for."""

    def list_commands(self, ctx: Click) -> list[str]:
        """Every command's name, in the order of the catalog."""
        return list(NAMES)

    def get_command(self, ctx: Click, cmd_name: str) -> Click:
        """Import and build one command, or None when there is no such name."""
        return load_command(cmd_name)

    def resolve_command(self, ctx: Click, args: list[str]) -> Click:
        """Find the command that `args` starts with.

        Raises:
            UnknownNameError: With the closest name as a hint.
        """
        if args and find(args[0]) is None:
            if args[0].startswith("-"):
                return super().resolve_command(ctx, args)
            raise UnknownNameError("command", args[0], NAMES)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Click) -> Click:
        """Run the command; Ctrl-C is a signal like any other.

        Raises:
            Stop: A signal ended it.
        """
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise Stop(signal.SIGINT) from None

    def format_commands(self, ctx: Click, formatter: Click) -> None:
        """List the commands section by section, without importing any."""
        for section in dict.fromkeys(entry.section for entry in CATALOG):
            with formatter.section(section):
                formatter.write_dl([(e.name, e.summary) for e in CATALOG if e.section == section])


class PlainCommand(TyperCommand):
    """A command whose usage line shows required arguments as they are, whatever version typer is.

    Numbers that are none (nan, infinities) are refused for all options alike, and so is an empty value, as an unset
    variable leaves it (``--where "$UNSET"``): it never stands for all or for no limit. Its help lists options
    by group. What lies beside a ring that was named is left out (`vyrectl.cli.side_files`).
    """

    def parse_args(self, ctx: Click, args: list[str]) -> list[str]:
        """Parse the arguments.

        Raises:
            UsageError: A number is not finite, or an option or an argument was given an empty value.
        """
        given, extra, order = self.make_parser(ctx).parse_args(args=list(args))
        refuse_two_conditions(order, args)
        kept = one_file(self.name or "", args, extra, given.values())
        for param in self.params:
            value = given.get(param.name or "")
            if "" in (value if isinstance(value, list | tuple) else (value,)):
                raise empty_value(param)
        check_decimal(self.params, given)
        left = [(args, kept)]
        rest: list[str] = super().parse_args(ctx, list(kept))
        check_finite(self.params, ctx.params)
        dash_for_stdout(self.name or "", self.params, ctx.params)
        for param in self.params:
            if (param.metavar or "").strip("[]") == SEVERAL and param.name:
                named = ctx.params[param.name] or []
                ctx.params[param.name] = several_files(named)
                left.append((named, ctx.params[param.name]))
        if not ctx.params.get("quiet"):
            for one in left:
                say_left_out(*one)
        return rest

    def invoke(self, ctx: Click) -> Click:
        """Run the command, once what it is to read is known to lie where it was said to."""
        warn_of_span(self.name or "", ctx.params)
        return super().invoke(ctx)

    def collect_usage_pieces(self, ctx: Click) -> list[str]:
        """Parts of the usage line, without the braces that some versions put around required arguments."""
        pieces = super().collect_usage_pieces(ctx)
        return [piece[1:-1] if piece.startswith("{") and piece.endswith("}") else piece for piece in pieces]

    def format_options(self, ctx: Click, formatter: Click) -> None:
        """List the arguments, then the options group by group."""
        from vyrectl.cli.option_groups import group_of, grouped

        shown = [(param, param.get_help_record(ctx)) for param in self.get_params(ctx)]
        rows = [
            ("" if param.param_type_name == "argument" else group_of(self.name or "", param), record)
            for param, record in shown
            if record is not None
        ]
        arguments = [record for group, record in rows if not group]
        if arguments:
            with formatter.section("Arguments"):
                formatter.write_dl(arguments)
        for group, records in grouped(row for row in rows if row[0]):
            with formatter.section(group):
                formatter.write_dl(records)


@cache
def load_command(name: str) -> Click:
    """Build the click command of that name once, or return None."""
    entry = find(name)
    if entry is None:
        return None
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    module = import_module(entry.module)
    settings = {"help_option_names": ["-h", "--help"], **getattr(module, "CONTEXT", {})}
    command = module.command if name in NAMELESS else with_op_names(module.command)
    app.command(
        name=name,
        cls=PlainCommand,
        help=help_text(module, "command"),
        no_args_is_help=getattr(module, "HELP_WITHOUT_ARGUMENTS", False),
        context_settings=settings,
    )(with_limit(command))
    built = typer_command(app)
    _leave_permissions_to_readers(built)
    return built


def _leave_permissions_to_readers(command: Click) -> None:
    """A file that may not be read is no wrong usage: whoever opens it says so, with exit code 1."""
    for param in command.params:
        for kind in getattr(param.type, "types", (param.type,)):
            if hasattr(kind, "readable"):
                kind.readable = False


def command_help(name: str) -> str:
    """The text that `vyrectl NAME --help` prints."""
    command = load_command(name)
    with command.make_context(f"vyrectl {name}", [], resilient_parsing=True) as context:
        text: str = command.get_help(context)
    return text


_APP = typer.Typer(
    cls=LazyGroup,
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    from vyrectl._version import __version__
    from vyrectl.abi import ABI_VERSION
    from vyrectl.cli.output import write_line

    if wanted:
        write_line(f"vyrectl {__version__} (ABI {ABI_VERSION})")
        raise typer.Exit


def _install_completion(shell: str) -> None:
    if shell:
        from vyrectl.cli.commands.completion import install

        install(shell)
        raise typer.Exit


ABOUT = """Inspect, edit, build and run task rings: files of 64-byte slots that a persistent GPU kernel works off.

Try `vyrectl demo`, or `vyrectl COMMAND --help` for a command's options and an example.
"""


@_APP.callback(help=ABOUT)
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_show_version,
            is_eager=True,
            help="Show the version of the library and of the ABI.",
        ),
    ] = False,
    install_completion: Annotated[
        str,
        typer.Option(
            "--install-completion",
            metavar="SHELL",
            callback=_install_completion,
            is_eager=True,
            help="Install the completion script of bash, zsh, fish or PowerShell.",
        ),
    ] = "",
) -> None:
    """Take the options that need no command; the parser has called them back by now."""


@cache
def build_cli() -> Click:
    """The whole command line as a click group, the same each time."""
    return typer_command(_APP)


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Args:
        argv: Arguments after the program's name; `sys.argv[1:]` by default.
    """
    from vyrectl.cli.output import PIPE_CLOSED, report_error, talk_before_options

    args = sys.argv[1:] if argv is None else argv
    tell_by(talk_before_options(args))
    shrinking.survive()
    note_typed(args)
    forget()
    try:
        code = build_cli()(args=args, prog_name="vyrectl", standalone_mode=False)
        sys.stdout.flush()
    except VyrectlError as error:
        told = shrinking.cut_error() or error
        report_error(told, args)
        return told.exit_code
    except _USAGE_ERROR as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            say(f"{error.format_message()}\n")  # type: ignore[attr-defined]
            return 2
        return _usage(error, args)
    except _CLICK_ERROR as error:
        return _usage(error, args)
    except (KeyboardInterrupt, typer.Abort):
        return _stopped(signal.SIGINT, args)
    except Stop as stop:
        return _stopped(stop.number, args)
    except (ReaderGone, BrokenPipeError):
        return PIPE_CLOSED
    except REFUSALS as error:
        refused = from_system(error)
        report_error(refused, args)
        return refused.exit_code
    return code if isinstance(code, int) else 0


def _stopped(number: int, args: list[str]) -> int:
    from vyrectl.cli.output import report_error

    error = StoppedError(signal.Signals(number).name, number, standing())
    report_error(error, args)
    return error.exit_code


def _usage(error: Click, args: list[str]) -> int:
    from vyrectl.cli.output import report_error
    from vyrectl.cli.usage import usage_error

    command = args[0] if args and find(args[0]) else ""
    report_error(usage_error(error, f"vyrectl {command}".strip()), args)
    return UsageError.exit_code


if __name__ == "__main__":
    sys.exit(main())
