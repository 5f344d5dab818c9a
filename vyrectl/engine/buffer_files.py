"""Which files the buffers of a launch are read from and saved as, told from the options' texts alone.

Standard library only: the command line asks before anything heavy is loaded. The invariant: the forms are those of
`vyrectl.engine.buffer_options.parse_buffer_option`; what is malformed names no file here and is refused there.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from vyrectl.ring.contents import ARRAY
from vyrectl.ring.outputs import Outputs, same_file

ZEROS = "zeros:"
"""How a SPEC begins that has no input."""

_ZEROS_PARTS = 4


class BufferFiles(NamedTuple):
    """The files of one buffer.

    Attributes:
        handle: As the option names it.
        source: What it is read from, or None.
        output: Where it is saved, or None.
    """

    handle: int | str
    source: Path | None
    output: Path | None

    @property
    def is_updated(self) -> bool:
        """True when it is saved over the file that it was read from."""
        return self.source is not None and self.output is not None and same_file(self.source, self.output)


def buffer_files(text: str) -> BufferFiles:
    """The files that one `--buffer HANDLE=SPEC` names."""
    handle, _, spec = text.partition("=")
    if spec.startswith(ZEROS):
        parts = spec.split(":", _ZEROS_PARTS - 1)
        return BufferFiles(handle, None, _path(parts[-1] if len(parts) == _ZEROS_PARTS else ""))
    source, _, output = spec.partition(":")
    return BufferFiles(handle, _path(source), _path(output))


def note_buffers(files: Outputs, buffers: Iterable[BufferFiles]) -> None:
    """List the files of buffers among those of a command; one that is updated is no clash."""
    for buffer in buffers:
        option = f"--buffer {buffer.handle}="
        if not buffer.is_updated:
            files.reads(option, buffer.source)
        files.writes(option, buffer.output, ARRAY, is_mapped=True)


def _path(text: str) -> Path | None:
    return Path(text) if text else None
