"""What a compiler made of the fences, where it shows: NVIDIA's driver gives the program back as PTX."""

from __future__ import annotations

import re

from tests.needs import does_not_apply
from vyrectl.opencl.backend import OpenCLBackend
from vyrectl.opencl.devices import pyopencl

DEVICE_WIDE = re.compile(r"membar\.gl|fence\.(acq_rel|sc)\.gpu|\.(acquire|release|acq_rel)\.gpu")


def test_a_publication_reaches_the_whole_device(backend: OpenCLBackend) -> None:
    """A fence that reaches the work-group alone (membar.cta) would publish nothing to other groups."""
    program = backend.program()
    (binary,) = program.handle.get_info(pyopencl().program_info.BINARIES)
    if not re.search(rb"^\.target sm_", binary, re.MULTILINE):
        does_not_apply(f"the driver of {backend.name} does not give its code back as PTX")
    code = binary.decode("ascii", "replace")
    run = code[code.index(".entry vyre_run(") :]
    assert DEVICE_WIDE.search(run[: run.index("\n}")])
