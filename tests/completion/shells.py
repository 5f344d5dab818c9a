"""Drives the completion scripts in the shells that they are for, each without any of the user's own settings."""

from __future__ import annotations

import os
import pty
import select
import shlex
import subprocess
import termios
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from vyrectl.cli.completion.names import SCRIPT_NAMES
from vyrectl.resources import completions_dir

TIMEOUT_S = 30

_BASH = ["bash", "--norc", "--noprofile", "-i"]
_BASH_SETUP = """
bind 'set bell-style none'
bind -x '"\\C-xp": printf "<<%d:%s>>\\n" $((++shown)) "$READLINE_LINE"; READLINE_LINE=""'
"""
_ZSH = ["zsh", "-f", "-i"]
_ZSH_SETUP = """
unsetopt beep
autoload -Uz compinit && compinit -D -u
integer shown
LISTMAX=10000
show() { zle -I; print -r -- "<<$((++shown)):$BUFFER>>"; BUFFER= }
zle -N show
bindkey '^Xp' show
compadd() {
    if (( ! ${@[(I)-[OAD]*]} )); then
        local -a all; builtin compadd -O all "$@"; print -rl -- $all >>$FOUND
    fi
    builtin compadd "$@"
}
"""
"""Besides showing and clearing the line on ^X p, every match goes to the file $FOUND."""


def script(shell: str) -> Path:
    """The shell's script."""
    return completions_dir() / SCRIPT_NAMES[shell]


def started(folder: Path) -> list[str]:
    """Arguments of each start of `vyrectl`."""
    log = folder / ".started"
    return log.read_text().splitlines() if log.exists() else []


def environment(folder: Path) -> dict[str, str]:
    """An environment whose home is `folder` and whose `vyrectl` is the one that lies there."""
    return {
        "PATH": f"{folder}:/usr/bin:/bin",
        "HOME": str(folder),
        "FOUND": str(folder / ".found"),
        "TERM": "dumb",
        "LC_ALL": "C.UTF-8",
    }


def bash_words(words: list[str], folder: Path) -> list[str]:
    """What bash's completion function offers for `words`, split as readline splits them; the last is at the cursor."""
    quoted = " ".join(shlex.quote(word) for word in words)
    commands = f"""
        source {shlex.quote(str(script("bash")))}
        COMP_WORDS=({quoted}) COMP_CWORD={len(words) - 1}
        _vyrectl
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    return _lines(["bash", "--norc", "--noprofile", "-c", commands], folder)


def fish_words(line: str, folder: Path) -> dict[str, str]:
    """What fish offers after `line`: word -> description."""
    commands = f"source {shlex.quote(str(script('fish')))}; complete -C {shlex.quote(line)}"
    rows = (row.partition("\t") for row in _lines(["fish", "--no-config", "-c", commands], folder))
    return {word: meaning for word, _, meaning in rows}


class Terminal:
    """An interactive bash or zsh on a terminal of its own, with the completion loaded.

    Args:
        shell: ``bash`` or ``zsh``.
        folder: Where it starts; also its home.
    """

    def __init__(self, shell: str, folder: Path) -> None:
        command, setup = (_BASH, _BASH_SETUP) if shell == "bash" else (_ZSH, _ZSH_SETUP)
        path = script(shell)
        load = (
            f"source {shlex.quote(str(path))}"
            if shell == "bash"
            else f"fpath=({shlex.quote(str(path.parent))} $fpath)"
        )
        self._found = folder / ".found"
        self._asked = 0
        self._main, worker = pty.openpty()
        termios.tcsetwinsize(worker, (1000, 200))
        self._shell = subprocess.Popen(
            command,
            cwd=folder,
            env=environment(folder),
            stdin=worker,
            stdout=worker,
            stderr=worker,
            start_new_session=True,
        )
        os.close(worker)
        self._send(f"{load}\n{setup}\necho re''ady\n")
        self._read_until("\nready")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._shell.kill()
        self._shell.wait()
        os.close(self._main)

    def complete(self, line: str) -> str:
        """The command line after `line` and a TAB."""
        self._found.unlink(missing_ok=True)
        self._send(f"{line}\t\x18p")
        self._asked += 1
        start = f"<<{self._asked}:"
        text = self._read_until(start).partition(start)[2]
        text += "" if ">>" in text else self._read_until(">>")
        return text.partition(">>")[0]

    def matches(self, line: str) -> list[str]:
        """Every match that zsh finds after `line`."""
        self.complete(line)
        return [word for word in self._found.read_text().splitlines() if word] if self._found.exists() else []

    def _send(self, text: str) -> None:
        os.write(self._main, text.encode())

    def _read_until(self, wanted: str) -> str:
        text, end = "", time.monotonic() + TIMEOUT_S
        while wanted not in text:
            if not select.select([self._main], [], [], max(0.0, end - time.monotonic()))[0]:
                raise AssertionError(f"the shell did not answer; so far: {text!r}")
            text += os.read(self._main, 65536).decode(errors="replace").replace("\r", "")
        return text


def _lines(command: list[str], folder: Path) -> list[str]:
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.stderr == ""
    return [line for line in done.stdout.splitlines() if line]
