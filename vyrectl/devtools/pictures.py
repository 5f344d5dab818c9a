"""The README's pictures: what each shows, how it is made, and whether it is current.

Each is a command's real output, in a terminal of its own. Pictures of terminals are SVG text: they fetch no font
and nothing else. A picture that differs is stale; pictures of pixels are compared by their pixels, since the same
ones may be compressed in several ways.
"""

from __future__ import annotations

import io
import re
import struct
import tempfile
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from vyrectl.devtools.readme import environment
from vyrectl.devtools.terminal import Terminal
from vyrectl.errors import UnknownNameError

FOLDER = Path("tests/golden/pictures")
"""Where the pictures lie: they are golden outputs, so they lie with the others."""

UPDATE = "python -m vyrectl.devtools pictures"
"""What makes every picture anew."""

_VARIES = (
    (re.compile(r"\b\d\d:\d\d:\d\d\b"), "12:34:56"),
    (re.compile(r"\d+\.\d+ s\b"), "... s"),
    (re.compile(r"\b[\d ]+ tasks/s"), "... tasks/s"),
)
"""What differs from run to run -> what stands for it."""

PNG = b"\x89PNG\r\n\x1a\n"

FRAME = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{
  font: {char_height}px/{line_height}px "DejaVu Sans Mono", Menlo, Consolas, "Liberation Mono", monospace;
}}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix" xml:space="preserve">
{matrix}
</g>
</g>
</svg>
"""
"""Rich's picture of a terminal, with fonts that the reader has instead of one from another host."""

_LINE_END = re.compile(r"<text [^>]*>\n</text>")
"""What Rich draws for the end of a line."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture.

    Attributes:
        name: Of its file, suffix included.
        command: What is run, as the picture shows it.
        columns: Width of the terminal.
        lines: Its height, for what fills it.
        before: Commands that make what it needs.
        keys: What is typed while it runs.
    """

    name: str
    command: str
    columns: int = 88
    lines: int = 28
    before: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """Relative to the repository."""
        return FOLDER / self.name


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture as it was made now."""

    picture: Picture
    data: bytes

    def is_current(self, root: Path) -> bool:
        """True when the repository at `root` has the same picture."""
        path = root / self.picture.path
        return path.exists() and _same(path.read_bytes(), self.data)

    def write(self, root: Path) -> None:
        """Put it into the repository at `root`."""
        path = root / self.picture.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.data)


_RING = "vyrectl build ring.bin --synthetic 1000 --seed 7"

PICTURES: tuple[Picture, ...] = (
    Picture("snapshot.svg", "vyrectl snapshot ring.bin --by priority", before=(_RING,)),
    Picture("inspect.svg", "vyrectl inspect ring.bin --slot 13", before=(_RING,)),
    Picture("launch.svg", "vyrectl launch ring.bin --device reference --plan off --quiet", before=(_RING,)),
    Picture(
        "top.svg",
        "vyrectl top ring.bin --interval 5",
        before=(_RING, "vyrectl transition ring.bin fault 3,17,29 --code out_of_range"),
        keys=("\x1b[B", "\x1b[B", "q"),
    ),
    Picture("map.png", "vyrectl map ring.bin --output map.png", before=(_RING,)),
    Picture("demo.png", "vyrectl demo --output demo.png"),
)


def draw(picture: Picture, folder: Path) -> Drawn:
    """Make one picture, in a folder that is empty.

    Raises:
        VyrectlError: A command failed.
    """
    terminal = Terminal(folder, _settings(folder), picture.columns, picture.lines)
    for command in picture.before:
        terminal.show(command)
    shown = terminal.show(picture.command, picture.keys)
    if picture.path.suffix == ".png":
        return Drawn(picture, (folder / picture.name).read_bytes())
    for pattern, words in _VARIES:
        shown = pattern.sub(words, shown)
    return Drawn(picture, svg(picture, shown).encode())


def svg(picture: Picture, shown: str) -> str:
    """A terminal that shows a command and what it printed.

    Args:
        picture: Of what.
        shown: Lines, which may hold styles.
    """
    sink = io.StringIO()
    console = Console(
        record=True, width=picture.columns, file=sink, force_terminal=True, color_system="truecolor"
    )
    command = Text.assemble(("$ ", "bold green"), (picture.command, "bold"))
    for text in (command, Text.from_ansi(shown)):
        console.print(text, no_wrap=True, overflow="crop")
    drawn = console.export_svg(title="", code_format=FRAME, unique_id=picture.path.stem)
    return _LINE_END.sub("", drawn)


def stale(root: Path, names: Collection[str] = ()) -> Iterator[Drawn]:
    """The pictures that differ from the repository's, made anew.

    Args:
        root: Top folder of the repository.
        names: Only these pictures; all of them by default.

    Raises:
        UnknownNameError: There is no such picture.
    """
    known = {picture.name: picture for picture in PICTURES}
    for name in names:
        if name not in known:
            raise UnknownNameError("picture", name, tuple(known))
    for name, picture in known.items():
        if not names or name in names:
            with tempfile.TemporaryDirectory() as folder:
                drawn = draw(picture, Path(folder))
            if not drawn.is_current(root):
                yield drawn


def _settings(folder: Path) -> dict[str, str]:
    """A terminal with colours, and nothing else that a user may have set."""
    known = environment(folder)
    kept = {
        name: known[name]
        for name in known
        if name not in ("NO_COLOR", "FORCE_COLOR", "COLORTERM", "COLUMNS", "LINES")
    }
    return {**kept, "TERM": "xterm-256color"}


def _same(one: bytes, other: bytes) -> bool:
    if one.startswith(PNG) and other.startswith(PNG):
        return _pixels(one) == _pixels(other)
    return one == other


def _pixels(png: bytes) -> tuple[bytes, bytes]:
    """Head and rows of a PNG file, for comparison."""
    chunks: dict[bytes, bytes] = {}
    at = len(PNG)
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        kind = png[at + 4 : at + 8]
        chunks[kind] = chunks.get(kind, b"") + png[at + 8 : at + 8 + length]
        at += length + 12
    return chunks[b"IHDR"], zlib.decompress(chunks[b"IDAT"])
