"""`map` as a PNG: a square a slot, letters in large squares, and the key below. Needs numpy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vyrectl.cli.commands.map.view_font import HEIGHT, WIDTH, draw_text
from vyrectl.cli.views.map_colours import BACKGROUND, RGB, colour_of, ink_on

if TYPE_CHECKING:
    from vyrectl.cli.map_record import MapKind, MapRecord
    from vyrectl.ring.marks import Marks

Pixels = NDArray[np.uint8]

MOST_MARKS = 1 << 24
"""Squares of a picture; longer rings are drawn in runs."""

WANTED_PIXELS = 1024
"""Width that small rings are enlarged to."""

LARGEST_SQUARE = 16
LETTER_SQUARE = 9
"""Squares from this size on carry their letter."""

KEY_SCALE = 2
KEY_LINE = (HEIGHT + 4) * KEY_SCALE
KEY_WIDTH = 480


def draw_map(marks: Marks, record: MapRecord) -> Pixels:
    """The picture, u8, shape (height, width, 3)."""
    width = square_width(len(marks.codes))
    size = min(max(WANTED_PIXELS // width, 1), LARGEST_SQUARE)
    squares = _squares(marks, record, width, size)
    key = _key(record, max(squares.shape[1], KEY_WIDTH))
    return np.concatenate([_widened(squares, key.shape[1]), key])


def square_width(count: int) -> int:
    """Marks of a row that make the picture about square: a power of two."""
    width = 1
    while width * width < count:
        width *= 2
    return width


def _squares(marks: Marks, record: MapRecord, width: int, size: int) -> Pixels:
    palette = np.full((256, 3), BACKGROUND, np.uint8)
    by_mark = {kind["mark"]: colour_of(record["by"], kind) for kind in record["kinds"]}
    for code, kind in enumerate(marks.kinds):
        palette[code] = by_mark.get(kind.mark, BACKGROUND)
    rows = -(-len(marks.codes) // width)
    codes = np.full(rows * width, 255, np.uint8)
    codes[: len(marks.codes)] = marks.codes
    pixels = palette[codes.reshape(rows, width)]
    if size > 1:
        pixels = pixels.repeat(size, axis=0).repeat(size, axis=1)
    if size >= LETTER_SQUARE:
        _draw_letters(pixels, marks.text(), palette[codes], width, size)
    return pixels


def _draw_letters(pixels: Pixels, text: str, colours: Pixels, width: int, size: int) -> None:
    """Each square's letter in its middle, and thin lines between the squares."""
    scale = max((size - 3) // HEIGHT, 1)
    shapes = {letter: draw_text(letter, scale) for letter in set(text) - {" "}}
    top, left = (size + 1 - HEIGHT * scale) // 2, (size + 1 - WIDTH * scale) // 2
    for index, letter in enumerate(text):
        if letter in shapes:
            y, x = index // width * size + top, index % width * size + left
            shape = shapes[letter]
            _ink(pixels[y : y + shape.shape[0], x : x + shape.shape[1]], shape, _rgb(colours[index]))
    pixels[::size] = BACKGROUND
    pixels[:, ::size] = BACKGROUND


def _key(record: MapRecord, width: int) -> Pixels:
    lines = [_title(record), *_key_lines(record["kinds"])]
    longest = max(len(line) for line in lines) * (WIDTH + 1) * KEY_SCALE + KEY_LINE * 2
    pixels = np.full(((len(lines) + 1) * KEY_LINE, max(width, longest), 3), BACKGROUND, np.uint8)
    for number, line in enumerate(lines):
        top = number * KEY_LINE + KEY_LINE // 2
        left = KEY_LINE // 2
        if number:
            colour = colour_of(record["by"], record["kinds"][number - 1])
            pixels[top : top + HEIGHT * KEY_SCALE, left : left + HEIGHT * KEY_SCALE] = colour
            left += KEY_LINE
        drawn = draw_text(line, KEY_SCALE)
        _ink(pixels[top : top + drawn.shape[0], left : left + drawn.shape[1]], drawn, BACKGROUND)
    return pixels


def _key_lines(kinds: Sequence[MapKind]) -> list[str]:
    cells = [
        (kind["mark"], kind["name"], str(kind["slots"]), f"{100 * kind['share']:.1f}%") for kind in kinds
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        f"{mark}  {name:<{widths[1]}}  {slots:>{widths[2]}}  {share:>{widths[3]}}"
        for mark, name, slots, share in cells
    ]


def _title(record: MapRecord) -> str:
    each = record["slots_per_mark"]
    scale = f", {each} slots a mark" if each > 1 else ""
    return f"{record['matched']} slots by {record['by']}{scale}, from the upper left in rows"


def _ink(area: Pixels, drawn: NDArray[np.bool_], background: Sequence[int]) -> None:
    red, green, blue = background
    area[drawn] = ink_on((red, green, blue))


def _rgb(colour: Pixels) -> RGB:
    red, green, blue = (int(part) for part in colour)
    return red, green, blue


def _widened(pixels: Pixels, width: int) -> Pixels:
    blank = np.full((pixels.shape[0], width - pixels.shape[1], 3), BACKGROUND, np.uint8)
    return np.concatenate([pixels, blank], axis=1)
