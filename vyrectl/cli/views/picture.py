"""Iteration counts as a picture: in the terminal, and as a PNG file without any image library."""

from __future__ import annotations

import math
import struct
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from rich.text import Text

    Counts = NDArray[np.uint32]
    Pixels = NDArray[np.uint8]

SHADES = " .:-=+*#%@"
"""Dark to bright, where the terminal has no colours or no half blocks."""

ASPECT = 2
"""A terminal cell is about twice as high as wide."""


def colour(counts: Counts, iterations: int) -> Pixels:
    """Counts as RGB, u8, shape (height, width, 3); pixels that never left are black."""
    import numpy as np

    share = np.log1p(counts) / np.log1p(max(iterations, 1))
    red = np.clip(2.2 * share - 0.7, 0, 1)
    green = np.clip(1.9 * share**1.7, 0, 1)
    blue = np.clip(0.25 + 1.7 * share - 1.3 * share**4, 0, 1)
    pixels: Pixels = (np.stack([red, green, blue], axis=-1) * 255).astype(np.uint8)
    pixels[counts >= iterations] = 0
    return pixels


def png_bytes(pixels: Pixels) -> bytes:
    """RGB pixels, u8, shape (height, width, 3), as a PNG file."""
    height, width = pixels.shape[:2]
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def terminal_picture(counts: Counts, iterations: int, columns: int, *, colours: bool) -> Text:
    """A picture that is at most `columns` cells wide: half blocks in colour, or shades of ASCII."""
    from rich.text import Text

    height, width = counts.shape
    columns = min(columns, width)
    lines = max(1, columns * height // (width * ASPECT))
    if not colours:
        small = _shrink(counts, columns, lines)
        return Text("\n".join("".join(_shade(int(n), iterations) for n in row) for row in small))
    pixels = colour(_shrink(counts, columns, lines * 2), iterations)
    text = Text(no_wrap=True)
    for line in range(lines):
        for upper, lower in zip(pixels[2 * line], pixels[2 * line + 1], strict=True):
            text.append("▀", style=f"rgb({_rgb(upper)}) on rgb({_rgb(lower)})")
        text.append("\n" if line + 1 < lines else "")
    return text


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _shrink(counts: Counts, columns: int, lines: int) -> Counts:
    import numpy as np

    height, width = counts.shape
    ys = (np.arange(lines) * 2 + 1) * height // (lines * 2)
    xs = (np.arange(columns) * 2 + 1) * width // (columns * 2)
    return counts[np.ix_(ys, xs)]


def _shade(count: int, iterations: int) -> str:
    if count >= iterations:
        return SHADES[0]
    share = math.log1p(count) / math.log1p(max(iterations, 1))
    return SHADES[min(1 + int(share * (len(SHADES) - 1)), len(SHADES) - 1)]


def _rgb(pixel: Pixels) -> str:
    return ",".join(str(int(part)) for part in pixel)
