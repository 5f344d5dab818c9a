"""Programs that a test puts together itself, on the rung that the device uses."""

from __future__ import annotations

import warnings
from typing import Any

from vyrectl.opencl.backend import OpenCLBackend
from vyrectl.opencl.devices import pyopencl


def built_for(backend: OpenCLBackend, source: str, *options: str) -> Any:
    """A built program; what its compiler only remarks is no matter (NVIDIA's has a word for each kernel)."""
    program = backend.program()
    rung = (f"-cl-std={program.rung.standard}", f"-DVYRE_RUNG={program.rung.number}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pyopencl().Program(program.context, source).build([*rung, *options])
