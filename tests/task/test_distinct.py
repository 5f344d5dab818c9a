"""Each value once, as numpy has it, and without what numpy loads for it."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from vyrectl.task.distinct import distinct


@pytest.mark.parametrize("values", [[], [7], [3, 3, 3], [9, 0, 4, 0, 9, 4_294_967_295]])
def test_each_value_once_in_rising_order(values: list[int]) -> None:
    words = np.array(values, np.uint32)
    found = distinct(words)
    assert found.dtype == words.dtype
    assert found.tolist() == np.unique(words).tolist()
    assert words.tolist() == values


def test_columns_of_a_ring_will_do() -> None:
    table = np.array([[2, 1], [1, 2], [2, 9]], np.uint32)
    assert distinct(table[:, 0]).tolist() == [1, 2]


def test_a_small_launch_loads_no_masked_arrays() -> None:
    code = """
import sys
import numpy as np
from vyrectl import SLOT_DTYPE, Ring, launch
slots = np.zeros(40, SLOT_DTYPE)
slots["state"] = 1
assert launch(Ring.from_slots(slots), device="reference").claims == 40
print("numpy.ma" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "False\n"
