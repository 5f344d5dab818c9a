"""A real terminal to run commands in: tmux, driven by keys and read as text."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

TIMEOUT_S = 20
PROMPT = ">"


class Screen:
    """A shell in a terminal of its own; `vyrectl` on its PATH is the one under test.

    Args:
        folder: Where the shell starts.
        columns: Width of the terminal.
        lines: Height of the terminal.
        settings: Environment of the shell, beside what a terminal needs.
    """

    def __init__(self, folder: Path, columns: int = 80, lines: int = 24, **settings: str) -> None:
        self._sockets = tempfile.mkdtemp(prefix="tmux-")
        scripts = Path(sys.executable).parent
        self._environment = {
            "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
            "TMUX_TMPDIR": self._sockets,
            "PS1": f"{PROMPT} ",
            **settings,
        }
        size = ["-x", str(columns), "-y", str(lines)]
        shell = ["env", "-u", "TMUX", "bash", "--norc", "--noprofile"]
        self._tmux("new-session", "-d", *size, "-c", str(folder), *shell)
        self.wait(PROMPT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tmux("kill-server")
        shutil.rmtree(self._sockets)

    def type(self, text: str) -> None:
        """Type a line and press Enter."""
        self._tmux("send-keys", "-l", text)
        self._tmux("send-keys", "Enter")

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names: `q`, `Enter`, `Down`, `C-z`."""
        self._tmux("send-keys", *keys)

    def text(self) -> str:
        """What the terminal shows, without blanks at the ends of lines and empty lines at the end."""
        shown = self._tmux("capture-pane", "-p")
        return "\n".join(line.rstrip() for line in shown.splitlines()).rstrip("\n")

    def wait(self, *texts: str) -> str:
        """Wait until all of the texts are on the screen, and return what it shows."""
        return self.until(lambda shown: all(text in shown for text in texts), f"{texts} to appear")

    def until(self, holds: Callable[[str], object], what: str) -> str:
        """Wait until the screen fulfils a condition, and return what it shows."""
        deadline = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline:
            shown = self.text()
            if holds(shown):
                return shown
            time.sleep(0.05)
        raise AssertionError(f"waited in vain for {what}; the screen shows\n{self.text()}")

    def modes(self) -> str:
        """The terminal's own modes: alternate screen, cursor shown, and what the mouse would do."""
        return self._tmux("display-message", "-p", "#{alternate_on} #{cursor_flag} #{mouse_any_flag}").strip()

    def terminal(self) -> str:
        """The terminal's device, as `ps -t` wants it."""
        return self._tmux("display-message", "-p", "#{pane_tty}").strip().removeprefix("/dev/")

    def resize(self, columns: int, lines: int) -> None:
        """Give the terminal another size."""
        self._tmux("resize-window", "-x", str(columns), "-y", str(lines))

    def _tmux(self, *arguments: str) -> str:
        done = subprocess.run(
            ["tmux", "-f", "/dev/null", *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=True,
        )
        return done.stdout
