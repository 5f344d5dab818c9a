"""What the picture of `vyrectl.bench.mandelbrot` must be, by none of its code."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vyrectl.bench.mandelbrot import Picture


def mandelbrot_counts(picture: Picture) -> NDArray[np.uint32]:
    """The same counts from plain float32 numpy, written without any of the engine: what the tasks must equal."""
    words = picture.view_words()
    left, top, step_x, step_y = words[6:10].view(np.float32)
    re0 = np.broadcast_to(
        left + np.arange(picture.width, dtype=np.float32) * step_x, (picture.height, picture.width)
    )
    im0 = np.broadcast_to((top + np.arange(picture.height, dtype=np.float32) * step_y)[:, None], re0.shape)
    re, im = np.zeros_like(re0), np.zeros_like(im0)
    counts = np.zeros(re0.shape, np.uint32)
    alive = np.ones(re0.shape, bool)
    for _ in range(picture.iterations):
        re2, im2 = re * re, im * im
        alive &= re2 + im2 <= np.float32(4)
        if not alive.any():
            break
        product = re * im
        im = np.where(alive, (product + product) + im0, im)
        re = np.where(alive, (re2 - im2) + re0, re)
        counts += alive
    return counts
