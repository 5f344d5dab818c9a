"""The picture that the demo draws: its tasks, its buffers and the counts that plain numpy finds."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conformance.backends import reference
from tests.conformance.cases import Case
from tests.support.mandelbrot import mandelbrot_counts
from vyrectl.bench.mandelbrot import Picture, counts_of
from vyrectl.engine.buffers import BufferTable


def test_one_task_a_tile() -> None:
    picture = Picture(width=65, height=31, tile_width=16, tile_height=10)
    slots = picture.slots()
    assert picture.tiles == len(slots) == 5 * 4
    assert (slots["state"] == 1).all()
    assert slots["param"].tolist() == list(range(20))
    assert sorted(set(slots["task_id"].tolist())) == list(range(1, 21))
    assert set(slots["tenant_id"].tolist()) == {0, 1, 2, 3}
    assert slots["priority"].max() <= 4


def test_the_middle_comes_first() -> None:
    picture = Picture()
    priority = picture.slots()["priority"].reshape(16, 20)
    assert priority[8, 10] == 0
    assert (priority[0] == 4).all()
    assert set(priority.reshape(-1).tolist()) == {0, 1, 2, 3, 4}


def test_buffers() -> None:
    table = Picture(width=8, height=4).buffers()
    view, planes = table.by_handle[0], table.by_handle[1]
    assert (view.writable, planes.writable) == (False, True)
    assert (view.array.shape, planes.array.shape) == ((12,), (3, 4, 8))
    assert view.array[:6].tolist() == [8, 4, 32, 25, 400, 100]
    assert counts_of(table).shape == (4, 8)


def test_counts_of_known_points() -> None:
    """0 never leaves, -2 never leaves, 1 leaves after three steps, 2 after two."""
    picture = Picture(width=5, height=2, iterations=50, center=(0.5, 0.0), span=5.0)
    assert mandelbrot_counts(picture)[1].tolist() == [50, 50, 50, 3, 2]


@pytest.mark.parametrize("turn", [1, 7, 30, 1000])
def test_turns_do_not_matter(turn: int) -> None:
    picture = Picture(width=20, height=14, tile_width=7, tile_height=5, iterations=30, turn=turn)
    table: BufferTable = picture.buffers()
    answer = reference().run(Case(picture.slots(), table.by_handle))
    assert np.array_equal(answer.buffers[1][0], mandelbrot_counts(picture))
    assert answer.report["yielded"] == (-(-30 // turn) - 1) * picture.tiles
