"""Fills each shell's template with the program's model.

A template is a script in that shell's own language, with `@@name@@` on a line of its own where generated ones
go. The renderers only write data in the shell's syntax; all logic stands in the templates.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from vyrectl.cli.completion.bash import bash
from vyrectl.cli.completion.fish import fish
from vyrectl.cli.completion.model import Parts, Program, read_program
from vyrectl.cli.completion.names import SCRIPT_NAMES
from vyrectl.cli.completion.powershell import powershell
from vyrectl.cli.completion.zsh import zsh

_RENDERERS: Mapping[str, Callable[[Program], Parts]] = {
    "bash": bash,
    "zsh": zsh,
    "fish": fish,
    "powershell": powershell,
}
_TEMPLATES = Path(__file__).with_name("templates")
_SLOT = re.compile(r"^@@(\w+)@@\n", re.MULTILINE)


def render_scripts() -> dict[str, str]:
    """The text of every completion script, by file name."""
    program = read_program()
    return {name: render(shell, program) for shell, name in SCRIPT_NAMES.items()}


def render(shell: str, program: Program) -> str:
    """One shell's script.

    Args:
        shell: A key of `SCRIPT_NAMES`.
        program: What to complete.
    """
    template = (_TEMPLATES / SCRIPT_NAMES[shell]).read_text(encoding="utf-8")
    parts = _RENDERERS[shell](program)
    return _SLOT.sub(lambda slot: "".join(f"{line}\n" for line in parts[slot[1]]), template)
