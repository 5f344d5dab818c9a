"""`-` where an option names a file to write: the file is made in a temporary folder and sent to standard output.

Standard library only. The invariant: standard output holds that file and nothing else, or nothing of it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from weakref import finalize

from vyrectl.cli.output import Output, write_bytes
from vyrectl.errors import FileError, UsageError
from vyrectl.ring.contents import Content
from vyrectl.ring.outputs import STDOUT, Outputs

_CHUNK_BYTES = 1 << 20


class StdoutFile:
    """At most one output of a command, on its way to standard output; the temporary file goes away with this object.

    Args:
        output: The command's sink: its answer would be in the way in any format but the table, which is left out.
    """

    def __init__(self, output: Output) -> None:
        self._output = output
        self._option: str | None = None
        self._file: Path | None = None

    @property
    def is_used(self) -> bool:
        """True when an option said `-`."""
        return self._file is not None

    def take(self, option: str, path: Path | None, suffix: str = "") -> Path | None:
        """Where to write what an option names: the path itself, or for `-` a temporary file.

        Args:
            option: The option, for messages.
            path: Its value.
            suffix: How the temporary file's name ends.

        Raises:
            UsageError: Two options say `-`, the answer goes there too, or it is a terminal.
        """
        if path is None or str(path) != STDOUT:
            return path
        if self._option is not None:
            raise UsageError(
                f"{self._option} and {option} both go to standard output",
                fix="Name a file for one of them",
            )
        if not self._output.is_table:
            raise UsageError(
                f"{option} - goes to standard output, and so does the answer",
                fix=f"Leave out --format {self._output.format}, or name a file",
            )
        if sys.stdout is not None and sys.stdout.isatty():
            raise UsageError(
                f"{option} - would go to the terminal", fix="Redirect it (> FILE) or name a file"
            )
        self._option = option
        try:
            folder = mkdtemp(prefix="vyrectl-")
        except OSError as error:
            raise FileError.from_os_error(error, "TMPDIR", doing="make a temporary file") from error
        finalize(self, rmtree, folder, ignore_errors=True)
        self._file = Path(folder, f"stdout{suffix}")
        return self._file

    def take_checked(
        self, files: Outputs, path: Path | None, holds: Content, suffix: str = ""
    ) -> Path | None:
        """`take` for `--output`, once all files of the command were held against each other.

        Args:
            files: What else the command reads and writes.
            path: The option's value.
            holds: What is written.
            suffix: As for `take`.

        Raises:
            UsageError: It is another file of the command, or as for `take`.
            FileError: It cannot be written there.
            OtherKindError: A file of another kind is there.
        """
        files.writes("--output", path, holds)
        files.check()
        return self.take("--output", path, suffix)

    def send(self) -> None:
        """Write what the file holds to standard output; nothing when it was not made, which is told apart."""
        if self._file is None:
            return
        try:
            with self._file.open("rb") as made:
                while chunk := made.read(_CHUNK_BYTES):
                    write_bytes(chunk)
        except FileNotFoundError:
            return
