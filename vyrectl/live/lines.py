"""A feed's bytes as numbered lines, however they were cut on their way. Standard library only.

The invariant: no more than `MAX_LINE_BYTES` of an unfinished line are kept.
"""

from __future__ import annotations

from vyrectl.dataclass import dataclass

MAX_LINE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that are complete.

    Attributes:
        first: Number of the first, from 1.
        lines: The lines without their ends.
        too_long: Numbers of lines among them that were longer than `MAX_LINE_BYTES`; such a line is empty.
    """

    first: int
    lines: list[bytes]
    too_long: tuple[int, ...] = ()


class LineCutter:
    """Cuts what is read into lines."""

    def __init__(self) -> None:
        self._number = 1
        self._rest = b""
        self._skipping = False

    def feed(self, data: bytes) -> Block:
        """The lines that `data` completes."""
        head, *tail = data.split(b"\n")
        self._rest += head
        if not tail:
            self._bound()
            return Block(self._number, [])
        too_long = (self._number,) if self._is_too_long() else ()
        lines = [b"" if too_long else self._rest, *tail[:-1]]
        self._rest, self._skipping = tail[-1], False
        block = Block(self._number, lines, too_long)
        self._number += len(lines)
        self._bound()
        return block

    def end(self) -> Block:
        """What is left when the writer has gone: at most one line that it did not end. Numbers begin anew."""
        number, rest = self._number, self._rest
        too_long = (number,) if self._is_too_long() else ()
        self._number, self._rest, self._skipping = 1, b"", False
        return Block(number, [b"" if too_long else rest] if rest or too_long else [], too_long)

    def _bound(self) -> None:
        if self._is_too_long():
            self._rest, self._skipping = b"", True

    def _is_too_long(self) -> bool:
        return self._skipping or len(self._rest) > MAX_LINE_BYTES
