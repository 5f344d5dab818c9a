"""Operation ids (spec 3.3) and the ranges they fall in."""

from __future__ import annotations

import re

from vyrectl.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Opcode:
    """A control opcode that the wire defines."""

    code: int
    name: str
    effect: str


NOP = 0
STORE_U32 = 1
ATOMIC_ADD = 2
LOAD_U32 = 3
COMPARE_SWAP = 4
MEMCPY = 5
DFA_STEP = 6
BATCH_FENCE = 7
LOAD_MISS = 0x0000_FFFD
PRINTF = 0x0000_FFFE
PACKED_SLOT = 0x8000_0001
SHUTDOWN = 0xFFFF_FFFF

CONTROL_OPCODES: tuple[Opcode, ...] = (
    Opcode(NOP, "nop", "does nothing"),
    Opcode(STORE_U32, "store_u32", "control[output_handle] = input_handle"),
    Opcode(ATOMIC_ADD, "atomic_add", "control[output_handle] += input_handle"),
    Opcode(LOAD_U32, "load_u32", "observable[output_handle] = control[input_handle]"),
    Opcode(
        COMPARE_SWAP,
        "compare_swap",
        "observable[input_handle] = CAS(control[input_handle], output_handle -> param)",
    ),
    Opcode(MEMCPY, "memcpy", "copies param control words from input_handle to output_handle, ascending"),
    Opcode(DFA_STEP, "dfa_step", "reserved by the wire; no built-in body"),
    Opcode(BATCH_FENCE, "batch_fence", "epoch += 1, observable[0] = output_handle"),
    Opcode(LOAD_MISS, "load_miss", "device-initiated load; needs an I/O queue"),
    Opcode(PRINTF, "printf", "appends one debug record"),
    Opcode(PACKED_SLOT, "packed_slot", "several small operations in one slot"),
    Opcode(SHUTDOWN, "shutdown", "asks every worker to leave"),
)
"""Every opcode of spec 3.3; user operations live in 8..0xFFEF and 0x10000..0x7FFFFFFF."""

SHIPPED_FIRST = 0x1000
SHIPPED_LAST = 0x10FF
"""Ids that vyrectl's own operations use; free for nobody else."""

METRIC_OPCODES = 32
"""Opcodes below this one have a metric word in the control buffer."""


TENANT_WINDOWS = 0x4000_0000
"""Where the windows of the runtime's registered tenants begin; each holds `TENANT_WINDOW_OPS` ids."""

TENANT_WINDOW_OPS = 1 << 20
FIRST_TENANT_WINDOW = TENANT_WINDOWS + TENANT_WINDOW_OPS
"""Registered tenants have ids from 1 on."""

END_OF_WINDOWS = 0x8000_0000


def tenant_window(code: int) -> tuple[int, int] | None:
    """The tenant whose window an opcode lies in, and its number there; None outside the windows."""
    if not FIRST_TENANT_WINDOW <= code < END_OF_WINDOWS:
        return None
    return divmod(code - TENANT_WINDOWS, TENANT_WINDOW_OPS)


def window_name(code: int) -> str | None:
    """`tenant3:5` for operation 5 of tenant 3's window; None outside the windows."""
    window = tenant_window(code)
    return None if window is None else f"tenant{window[0]}:{window[1]}"


WINDOW_NAME = re.compile(
    r"tenant(0x[0-9a-f]{1,8}|[0-9]{1,10}):(0x[0-9a-f]{1,8}|[0-9]{1,10})", re.ASCII | re.I
)
"""What `window_name` shows, as people may write it."""


def window_opcode(name: str) -> int | None:
    """The opcode that `window_name` shows as `tenant3:5`; None for any other text, and outside the windows."""
    match = WINDOW_NAME.fullmatch(name.strip())
    if match is None:
        return None
    tenant, number = (int(part, 16 if part[:2] in ("0x", "0X") else 10) for part in match.groups())
    code = TENANT_WINDOWS + tenant * TENANT_WINDOW_OPS + number
    return code if tenant_window(code) == (tenant, number) else None


def is_system_opcode(code: int) -> bool:
    """True in the ranges the runtime keeps: high bit set, 0xFFF0..0xFFFF, or at most 7."""
    return bool(code & 0x8000_0000) or 0xFFF0 <= code <= 0xFFFF or code <= BATCH_FENCE


def is_builtin_opcode(code: int) -> bool:
    """True for an opcode with a body in the runtime: at most 7, PACKED_SLOT, PRINTF, SHUTDOWN."""
    return code <= BATCH_FENCE or code in (PACKED_SLOT, PRINTF, SHUTDOWN)


def is_publishable_opcode(code: int) -> bool:
    """True when the general publisher accepts it: built-in, or outside the system ranges."""
    return is_builtin_opcode(code) or not is_system_opcode(code)
