"""Where each shell looks for a user's completion scripts, and what the user has to do once.

Writes one file and touches no start-up file: what belongs there is said, not done. Standard library only, besides
the layers below.
"""

from __future__ import annotations

import os
from pathlib import Path

from vyrectl.cli.completion.names import SCRIPT_NAMES
from vyrectl.errors import FileError, UnknownNameError
from vyrectl.resources import completions_dir

SHELLS: tuple[str, ...] = tuple(SCRIPT_NAMES)


def read_script(shell: str) -> str:
    """The completion script of a shell.

    Raises:
        UnknownNameError: There is none for that shell.
    """
    if shell not in SCRIPT_NAMES:
        raise UnknownNameError("shell", shell, SHELLS)
    return (completions_dir() / SCRIPT_NAMES[shell]).read_text(encoding="utf-8")


def install_script(shell: str) -> Path:
    """Write a shell's script where that shell looks for a user's own, and return the path.

    Raises:
        UnknownNameError: There is no script for that shell.
        FileError: It cannot be written.
    """
    from vyrectl.files.replace import replace_file

    script = read_script(shell)
    path = script_path(shell)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError.from_os_error(error, path.parent, doing="make the folder") from error
    replace_file(path, [script.encode()])
    return path


def script_path(shell: str) -> Path:
    """Where a shell's script goes; the usual environment variables are honoured.

    Raises:
        FileError: Below the user's home folder, and there is none.
    """
    match shell:
        case "bash":
            own = os.environ.get("BASH_COMPLETION_USER_DIR")
            folder = Path(own) if own else _folder("XDG_DATA_HOME", ".local/share", shell) / "bash-completion"
            return folder / "completions" / "vyrectl"
        case "zsh":
            return _home(shell) / ".zfunc" / "_vyrectl"
        case "fish":
            return _folder("XDG_CONFIG_HOME", ".config", shell) / "fish" / "completions" / "vyrectl.fish"
        case _:
            return _folder("XDG_CONFIG_HOME", ".config", shell) / "powershell" / "vyrectl.ps1"


def next_step(shell: str, path: Path) -> str:
    """What the user does after the script is written."""
    return {
        "bash": "Start a new shell. Without the bash-completion package, add this line to ~/.bashrc:\n"
        f"  source '{path}'",
        "zsh": "Have this in ~/.zshrc (once), then start a new shell:\n"
        f"  fpath=('{path.parent}' $fpath); autoload -Uz compinit && compinit",
        "fish": "Start a new shell.",
        "powershell": f"Add this line to $PROFILE, then start a new shell:\n  . '{path}'",
    }[shell]


def _folder(variable: str, below_home: str, shell: str) -> Path:
    value = os.environ.get(variable)
    return Path(value) if value else _home(shell) / below_home


def _home(shell: str) -> Path:
    try:
        return Path.home()
    except (RuntimeError, KeyError):
        raise FileError(
            "this user has no home folder to install into",
            fix=f"Set HOME, or save the script where {shell} looks; it is printed by: vyrectl completion {shell}",
        ) from None
