"""Writes `kernels/include/vyre_live.h` from `vyrectl.abi.live`, the sidecar's layout. Imports `abi` alone."""

from __future__ import annotations

from vyrectl.abi import live, watch
from vyrectl.devtools.cheader import beside

_OPENING = """\
/* vyre_live.h: the layout of the live sidecar RING.live, for C and OpenCL C.
 *
 * Generated from vyrectl/abi/live.py: python -m vyrectl.devtools generate
 *
 * Layout only. Word indices from the beginning of the file; what an operation on it must keep stands in
 * live.h.
 */
#ifndef VYRE_LIVE_H
#define VYRE_LIVE_H
"""

_CLOSING = "\n#endif /* VYRE_LIVE_H */\n"


def live_header() -> str:
    """The whole text of `vyre_live.h`, ending in a newline."""
    words = [(word.name, f"{word.index}u", word.meaning) for word in live.HEADER]
    layout = [
        ("STAY", f"{live.STAY}u", "what LEAVE asks of workers"),
        ("LEAVE_IDLE", f"{live.LEAVE_IDLE}u", "end the kernel when there is no work"),
        ("LEAVE_NOW", f"{live.LEAVE_NOW}u", "end it with the work in hand"),
        ("HEADER_WORDS", f"{live.HEADER_WORDS}u", "the inbox begins here, redo records follow it"),
        ("LAP_SHIFT", f"{live.LAP_SHIFT}u", "a place of the inbox: lap above, slot + 1 below"),
        ("LAP_MASK", f"{live.LAP_MASK}u", ""),
        ("SLOT_MASK", f"0x{live.SLOT_MASK:08x}u", ""),
        ("REDO_WORDS", f"{live.REDO_WORDS}u", "a redo record: slot + 1, then"),
        *((f"REDO_{name.upper()}", f"{1 + i}u", "") for i, name in enumerate(live.REDO_FIELDS)),
    ]
    watched = [
        ("WATCH_TURN", f"{watch.TURN}u", "turns begun, modulo 2^32"),
        ("WATCH_SLOT", f"{watch.SLOT}u", "slot + 1, 0 for none"),
        ("WATCH_OP", f"{watch.OP}u", "its op_handle"),
        ("WATCH_POLLS", f"{watch.POLLS}u", "looks for work in vain, modulo 2^32"),
        ("WATCH_LANE_WORDS", f"{watch.LANE_STRIDE}u", "a seat of a work-item that is alone"),
    ]
    sections = (
        ("Words of the header", words),
        ("Inbox and redo records", layout),
        ("Workers' seats", watched),
    )
    body = "".join(f"\n/* {title} */\n" + "".join(_define(*row) for row in rows) for title, rows in sections)
    return _OPENING + body + _CLOSING


def _define(name: str, value: str, comment: str) -> str:
    line = f"#define VYRE_LIVE_{name:<27} {value}"
    return beside(f"{line:<60}", comment) + "\n"
