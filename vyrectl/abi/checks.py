"""Words in which the small kernels that try a device meet the host, and each other (`kernels/checks`).

Standard library only; numbers, no operations. Words that several sides write lie a line of 32 words apart.
"""

from __future__ import annotations

from vyrectl.abi.layout import Word, Words

_APART_WORDS = 32

_KERNEL_SAW = "1: the kernel saw the answer; 2: it gave up"

HANDOFF_PRESENT = Word("PRESENT", 0, "groups that came")
HANDOFF_BATON = Word("BATON", 1 * _APART_WORDS, "turns that were published")
HANDOFF_BLIND = Word("BLIND", 2 * _APART_WORDS, "a load did not show the baton that was there")
HANDOFF_STALE = Word("STALE", 3 * _APART_WORDS, "the baton came before its payload")
HANDOFF_ENDED = Word("ENDED", 4 * _APART_WORDS, "groups that made all turns")
HANDOFF_HELLO = Word("HELLO", 5 * _APART_WORDS, "1 once the kernel runs")
HANDOFF_ANSWER = Word("ANSWER", 6 * _APART_WORDS, "the host writes 1")
HANDOFF_SEEN = Word("SEEN", 7 * _APART_WORDS, _KERNEL_SAW)

HANDOFF = Words(
    "HANDOFF",
    "Hand-off: what groups, and the host and a kernel, tell each other (handoff.cl)",
    (
        HANDOFF_PRESENT,
        HANDOFF_BATON,
        HANDOFF_BLIND,
        HANDOFF_STALE,
        HANDOFF_ENDED,
        HANDOFF_HELLO,
        HANDOFF_ANSWER,
        HANDOFF_SEEN,
    ),
    8 * _APART_WORDS,
)

HANDOFF_PAYLOAD = 16
"""Words that go along with the baton."""

DOCTOR_HELLO = Word("HELLO", 0, "1 once the kernel runs")
DOCTOR_ANSWER = Word("ANSWER", 1 * _APART_WORDS, "the host writes 1")
DOCTOR_SEEN = Word("SEEN", 2 * _APART_WORDS, _KERNEL_SAW)
DOCTOR_ARRIVED = Word("ARRIVED", 0, "groups that came; the other kernel's words")
DOCTOR_LEFT = Word("LEFT", 1 * _APART_WORDS, "groups that left")
DOCTOR_MOST = Word("MOST", 2 * _APART_WORDS, "most groups at a time, as far as one of them saw")

DOCTOR = Words(
    "DOCTOR",
    "Doctor: what the host and one of its two kernels tell each other (doctor.cl)",
    (DOCTOR_HELLO, DOCTOR_ANSWER, DOCTOR_SEEN, DOCTOR_ARRIVED, DOCTOR_LEFT, DOCTOR_MOST),
    3 * _APART_WORDS,
)

KERNEL_SAW = 1
"""In SEEN: the kernel saw the host's answer."""
