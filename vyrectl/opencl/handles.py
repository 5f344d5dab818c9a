"""What pyopencl hands out: contexts, queues, programs, buffers, events, and the package itself.

The invariant: this is the one place that says so, and nothing else of this layer is untyped for pyopencl's sake.
"""

from __future__ import annotations

from typing import Any

Handle = Any
"""An object of pyopencl.

Any, because pyopencl may be absent, and because its releases before 2025 have no types: a check against them would
depend on the machine that checks.
"""
