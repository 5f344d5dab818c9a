"""Sidecars and boards whose workers have something in hand, made without a launch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vyrectl.abi import live as live_abi
from vyrectl.abi import watch as abi
from vyrectl.files.replace import FileIdentity
from vyrectl.sidecar.sidecar import Sidecar
from vyrectl.sidecar.workers import Seats

Hand = tuple[int, int, int, int]
"""Turns begun, slot + 1, op_handle, polls in vain."""

NOBODY = (1 << 22) + 7
"""A pid that is no process's."""


def write_seats(place: Seats, hands: Sequence[Hand]) -> None:
    """Let the workers say what they have in hand."""
    for number, hand in enumerate(hands):
        for word, value in zip((abi.TURN, abi.SLOT, abi.OP, abi.POLLS), hand, strict=True):
            place.words[place.at(number, word)] = value


def watched_sidecar(ring: Path, hands: Sequence[Hand], *, stride: int = abi.LANE_STRIDE) -> Sidecar:
    """The sidecar of a launch of this process."""
    sidecar = Sidecar.create(
        ring,
        FileIdentity.of(ring.stat()),
        ring.stat().st_size // 64,
        workers=len(hands),
        control_words=192,
        once=(7,),
        watch=len(hands),
        stride=stride,
    )
    write_seats(Seats.in_sidecar(sidecar), hands)
    return sidecar


def died_over(ring: Path, hands: Sequence[Hand], *, held_ms: int = 2500) -> None:
    """Leave what a launch leaves that was killed after its host had seen every turn for so long."""
    with watched_sidecar(ring, hands) as sidecar:
        place = Seats.in_sidecar(sidecar)
        place.words[place.noted_at] = 100_000
        for number, hand in enumerate(hands):
            place.words[place.at(number, abi.NOTED_TURN)] = hand[0]
            place.words[place.at(number, abi.NOTED_MS)] = 100_000 - held_ms
        sidecar.words[live_abi.WORD["PID"]] = NOBODY
