"""The photographs of the report are there, small, and light and dark."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.image import imread

from vyrectl.devtools.__main__ import ROOT
from vyrectl.devtools.report_pictures import SCHEMES, picture_path

MOST_BYTES = 150_000
BRIGHTNESS = {"light": (0.9, 1.0), "dark": (0.0, 0.2)}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_photograph_is_as_bright_as_its_scheme(scheme: str) -> None:
    path = ROOT / picture_path(scheme)
    assert path.stat().st_size <= MOST_BYTES
    low, high = BRIGHTNESS[scheme]
    assert low <= float(np.median(imread(path)[..., :3])) <= high
