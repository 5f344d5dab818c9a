"""Widths and bounds of the wire (spec 1.1, 3.1-3.5)."""

U32_MAX = 0xFFFF_FFFF
U64_MAX = 0xFFFF_FFFF_FFFF_FFFF

WORD_BYTES = 4
SLOT_WORDS = 16
SLOT_BYTES = SLOT_WORDS * WORD_BYTES

MAX_SLOTS = U32_MAX // SLOT_WORDS
"""Most slots whose every word still has a u32 index: 268 435 455."""

MAX_OBSERVABLES = U32_MAX - 160
"""Most observable words that still have a u32 index behind the control buffer's first 160."""

DEBUG_RECORD_WORDS = 4
MAX_DEBUG_RECORDS = (U32_MAX - 1) // DEBUG_RECORD_WORDS
"""Most records of a debug log whose every word has a u32 index."""

DEFAULT_DEBUG_RECORDS = 64

MAX_ENCODED = 1_048_576
"""What the runtime's encoders stop at: slots of a ring, observables, debug records, records of a replay log."""

DEFAULT_TRACE_RECORDS = 1 << 16
MOST_TRACE_RECORDS = 1 << 24
"""Turns that a trace has room for: 64 bytes each on the device, about 400 in the file."""

NEVER_EPOCH = U32_MAX
"""A resume_epoch that no epoch reaches: such a task waits for an explicit resume."""
