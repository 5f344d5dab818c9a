"""Layout of a seat: what a worker has in hand, since which turn, and how often it polled in vain.

Standard library only; numbers, no operations. A seat is `stride` words, all little-endian u32; its first four are
the worker's, who writes them at the beginning of a turn and when it finds nothing, the next two the host's. Its words
lie side by side, or (`GROUP_STRIDE`) each beside the same word of the other seats. Seats lie in `RING.live` behind
the handles that may not run twice, or behind the head of a board that a launch and its parent share.
A worker that has ended a turn and not begun another still names its slot: whoever reads looks at the slot's state too.
"""

from __future__ import annotations

TURN, SLOT, OP, POLLS = 0, 1, 2, 3
"""The worker's words: turns begun modulo 2^32; slot + 1, 0 for none; its op_handle; looks for work in vain."""

NOTED_TURN, NOTED_MS = 4, 5
"""The host's words: the turn that it saw first at that moment (`now_ms`)."""

WORKERS_WORDS, NOTED_WORDS = 4, 6
"""Words of a seat that are the worker's, and those that mean something."""

LANE_STRIDE, GROUP_STRIDE = 16, NOTED_WORDS
"""Words of a seat: a cache line where work-items share nothing; columns where those of a group write side by side."""

STRIDES = (LANE_STRIDE, GROUP_STRIDE)

BOARD_STRIDE, BOARD_SEATS, BOARD_NOTED_MS, BOARD_HUNG_MS = 0, 1, 2, 3
"""Words of a board's head: words of a seat, seats (0 until there are any), when the host looked last, and
milliseconds of the shortest turn in hand when the launch last said that it stands still (0: it gets on)."""

BOARD_SESSION_WORDS = 8
"""Words of the head that begin anew with each session of a device; what stands behind them is the launch's."""

BOARD_OPS, BOARD_FEEDS = 8, 9
"""How many operations the launch was given beside the shipped ones; non-zero: it takes tasks from a feed."""

BOARD_HEAD_WORDS = 16
"""Where a board's seats begin."""

BOARD_BYTES = 8 << 20
"""Length of a board; memory that nobody writes costs nothing."""

MOST_BOARD_OPS = 1 << 16
BOARD_OPS_FIRST = BOARD_BYTES // 4 - MOST_BOARD_OPS
"""Where the handles of those operations begin, behind all seats."""

MOST_LANE_SEATS, MOST_SEATS = 1 << 16, 1 << 18
"""Seats at most, of either stride; further workers have none."""

assert BOARD_HEAD_WORDS + MOST_LANE_SEATS * LANE_STRIDE <= BOARD_OPS_FIRST
assert BOARD_HEAD_WORDS + MOST_SEATS * GROUP_STRIDE <= BOARD_OPS_FIRST
assert min(STRIDES) >= NOTED_WORDS
