"""Widths and bounds of the wire (spec 1.1, 3.1-3.5)."""

U32_MAX = 0xFFFF_FFFF
U64_MAX = 0xFFFF_FFFF_FFFF_FFFF

WORD_BYTES = 4
SLOT_WORDS = 16
SLOT_BYTES = SLOT_WORDS * WORD_BYTES

MAX_SLOTS = U32_MAX // SLOT_WORDS
"""Most slots whose every word still has a u32 index: 268 435 455."""

NEVER_EPOCH = U32_MAX
"""A resume_epoch that no epoch reaches: such a task waits for an explicit resume."""
