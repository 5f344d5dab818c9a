"""`vyrectl completion` and `--install-completion`: hand out the generated scripts."""

from __future__ import annotations

from typing import Annotated

import typer

from vyrectl.cli.completion.install import SHELLS, install_script, next_step, read_script
from vyrectl.cli.declared import with_records
from vyrectl.cli.options import Formed
from vyrectl.cli.output import Output

HELP_WITHOUT_ARGUMENTS = True


@with_records
def command(
    shell: Annotated[str, typer.Argument(metavar="SHELL", help=f"One of {', '.join(SHELLS)}.")],
    *,
    printed: Formed,
) -> None:
    """Print a shell's completion script.

    It completes commands, options, and every word that never changes without starting Python. To put it where
    the shell looks for it, use `vyrectl --install-completion SHELL`.

    \b
    Examples:
      source <(vyrectl completion bash)
      vyrectl completion fish | source
    """
    record = {"shell": shell, "script": read_script(shell)}
    printed.output().emit("completion", record, lambda whole: whole["script"].removesuffix("\n"))


def install(shell: str) -> None:
    """Write a shell's script into the user's folder for it and say what is left to do."""
    path = install_script(shell)
    output = Output()
    output.talk(f"Wrote {path}")
    output.talk(next_step(shell, path))
