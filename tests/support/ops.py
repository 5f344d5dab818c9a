"""Ids of operations as the registry has them; `tests/engine/test_ops.py` alone says which numbers they are."""

from __future__ import annotations

from vyrectl.engine.ops import op_codes

_IDS = op_codes()

NOP, DFA_STEP, BATCH_FENCE = _IDS["nop"], _IDS["dfa_step"], _IDS["batch_fence"]
LOAD_MISS, PRINTF, SHUTDOWN = _IDS["load_miss"], _IDS["printf"], _IDS["shutdown"]
SCALE, COPY, FILL, SAXPY, SUM = (_IDS[name] for name in ("scale", "copy", "fill", "saxpy", "sum"))
SPIN, WAIT, REQUEUE_N, FAULT = (_IDS[name] for name in ("spin", "wait", "requeue_n", "fault"))
MANDELBROT, FORK_SUM, QUICKSORT = _IDS["mandelbrot"], _IDS["fork_sum"], _IDS["quicksort"]
STENCIL, STENCIL_STRIP = _IDS["stencil"], _IDS["stencil_strip"]
