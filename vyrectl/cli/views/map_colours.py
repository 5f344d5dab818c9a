"""Colours of a map: as styles in the terminal, as RGB in a PNG. The light ones carry dark letters and the reverse.

Kinds differ in lightness too, so that a grey print still tells the frequent ones apart.
"""

from __future__ import annotations

import colorsys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vyrectl.cli.map_record import Marked

RGB = tuple[int, int, int]

BACKGROUND: RGB = (16, 16, 20)
EMPTY: RGB = (48, 48, 54)
UNKNOWN: RGB = (255, 255, 255)

BY_MARK: dict[str, dict[str, RGB]] = {
    "state": {
        "R": (60, 170, 80),
        "U": (90, 225, 255),
        "D": (105, 105, 115),
        "P": (255, 215, 80),
        "Y": (70, 110, 225),
        "Q": (205, 110, 225),
        "F": (225, 50, 45),
    },
    "priority": {
        "C": (225, 50, 45),
        "H": (250, 150, 60),
        "N": (235, 220, 120),
        "L": (90, 165, 190),
        "I": (60, 85, 150),
    },
}
HEAT: tuple[RGB, ...] = (
    (30, 40, 70),
    (55, 40, 110),
    (95, 35, 125),
    (135, 40, 120),
    (175, 50, 105),
    (210, 70, 80),
    (235, 105, 55),
    (250, 150, 40),
    (250, 200, 70),
    (250, 250, 160),
)
"""Colours of ranges, low to high."""


def colour_of(by: str, kind: Marked) -> RGB:
    """The colour of a kind.

    Args:
        by: What the map is about.
        kind: A row of the record's `kinds`.
    """
    mark: str = kind["mark"]
    if mark == ".":
        return EMPTY
    if mark in "?+":
        return UNKNOWN
    if by in BY_MARK:
        return BY_MARK[by][mark]
    if mark.isdigit():
        return HEAT[int(mark)]
    return _spread(ord(mark) - ord("A"))


def ink_on(colour: RGB) -> RGB:
    """Black or white, whichever can be read on a colour."""
    red, green, blue = colour
    return (0, 0, 0) if 299 * red + 587 * green + 114 * blue > 110_000 else (255, 255, 255)


def style_of(colour: RGB) -> str:
    """A Rich style for a letter on that colour."""
    return f"{_hex(ink_on(colour))} on {_hex(colour)}"


def _hex(colour: RGB) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _spread(index: int) -> RGB:
    """Colours far apart for neighbouring numbers: hues by the golden ratio, lightness by turns."""
    red, green, blue = colorsys.hls_to_rgb(index * 0.618034 % 1, (0.62, 0.42, 0.76)[index % 3], 0.6)
    return round(red * 255), round(green * 255), round(blue * 255)
