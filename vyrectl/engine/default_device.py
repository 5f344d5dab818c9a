"""Which device is meant where none is named. Standard library only."""

from __future__ import annotations

import os

DEVICE_VARIABLE = "VYRECTL_DEVICE"
"""Environment variable that names the default device."""


def named(device: object) -> object:
    """What names a device, or is one: `device`, else the environment's word, else None or an empty text."""
    return device or os.environ.get(DEVICE_VARIABLE)
