"""`device`: each OpenCL device of this machine in turn."""

from __future__ import annotations

from tests.opencl.conftest import device as device
