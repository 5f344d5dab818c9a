"""A font of 3 by 5 pixels for pictures that are made without any image library. Needs numpy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 3, 5

_ROWS: dict[str, str] = {
    "A": "25755", "B": "65656", "C": "34443", "D": "65556", "E": "74647", "F": "74644", "G": "34553",
    "H": "55755", "I": "72227", "J": "11152", "K": "55655", "L": "44447", "M": "57755", "N": "65555",
    "O": "25552", "P": "65644", "Q": "25563", "R": "65655", "S": "34216", "T": "72222", "U": "55557",
    "V": "55552", "W": "55775", "X": "55255", "Y": "55222", "Z": "71247",
    "0": "75557", "1": "26227", "2": "61247", "3": "61216", "4": "55711", "5": "74616", "6": "74757",
    "7": "71122", "8": "75757", "9": "75717",
    " ": "00000", ".": "00002", ",": "00024", ":": "02020", "-": "00700", "+": "02720", "%": "51245",
    "(": "24442", ")": "21112", "?": "61202", "/": "11244", "_": "00007", "|": "22222", "=": "07070",
}  # fmt: skip
"""Each character's rows from the top, a row's three pixels as an octal digit."""


def draw_text(text: str, scale: int = 1) -> NDArray[np.bool_]:
    """A line of text as pixels, True where there is ink; small letters look like capitals.

    Args:
        text: Characters without a shape are drawn as `?`.
        scale: Width and height of a font pixel.

    Returns:
        Shape (5 * scale, (4 * characters - 1) * scale); no columns for no text.
    """
    blank = np.zeros((HEIGHT, 1), np.bool_)
    parts = [part for char in text.upper() for part in (_glyph(char), blank)]
    line = np.concatenate(parts[:-1] or [blank[:, :0]], axis=1)
    return line.repeat(scale, axis=0).repeat(scale, axis=1)


def _glyph(char: str) -> NDArray[np.bool_]:
    rows = [int(digit, 8) for digit in _ROWS.get(char, _ROWS["?"])]
    return np.array([[row >> bit & 1 for bit in (2, 1, 0)] for row in rows], np.bool_)
