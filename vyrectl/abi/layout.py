"""What a layout is made of: words of a buffer, and records with fields. Standard library only; no operations.

`vyrectl.abi.engine` declares with these what the engine's kernels and the host share; the header that the kernels
include and the questions of the probe are made from them, and numpy dtypes (`vyrectl.abi.dtype.dtype_of`).
"""

from __future__ import annotations

from typing import Literal

from vyrectl.dataclass import dataclass

Width = Literal["u4", "u8"]


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a buffer, or the first of several.

    Attributes:
        name: Its name in both languages.
        index: Number of the word, from 0.
        meaning: One phrase for the header file.
        stride: Words from one to the next where C names them by a number; 0 where the name is a place alone.
    """

    name: str
    index: int
    meaning: str
    stride: int = 0

    def at(self, number: int) -> int:
        """Place of the one with that number, among several of the name."""
        return self.index + number * self.stride


@dataclass(frozen=True, slots=True)
class Words:
    """A buffer, or one of equal pieces of it, in words.

    Attributes:
        name: What each word's name begins with in C, after `VYRE_`.
        meaning: One line for the header file; who writes it when.
        words: Those that have a name.
        size: How many words it takes; 0 where that hangs on the ring or on the program.
    """

    name: str
    meaning: str
    words: tuple[Word, ...]
    size: int = 0


@dataclass(frozen=True, slots=True)
class Member:
    """A field of a record.

    Attributes:
        name: Its name in both languages.
        meaning: One phrase for the header file.
        count: How many of it stand behind one another; 0 for one alone.
        width: Bytes of each: 4 or 8, an unsigned little-endian number.
    """

    name: str
    meaning: str
    count: int = 0
    width: Width = "u4"

    @property
    def size_bytes(self) -> int:
        """Bytes of it."""
        return int(self.width[1]) * max(1, self.count)


@dataclass(frozen=True, slots=True)
class RecordLayout:
    """A record that kernels know as a struct.

    Attributes:
        name: The struct's name in C.
        meaning: One line for the header file; who writes it when.
        members: In order, without gaps: those of eight bytes at multiples of eight.
    """

    name: str
    meaning: str
    members: tuple[Member, ...]

    @property
    def size_bytes(self) -> int:
        """Bytes of one."""
        return sum(member.size_bytes for member in self.members)

    def offset_bytes(self, name: str) -> int:
        """Where a member begins."""
        names = [member.name for member in self.members]
        return sum(member.size_bytes for member in self.members[: names.index(name)])
