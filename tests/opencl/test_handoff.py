"""A rung counts only where a hand-off was seen; a device that the host cannot reach ends its launch all the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.opencl.fakes import device as fake
from tests.opencl.following import follow_without_wishes, open_following
from vyrectl.abi.checks import HANDOFF_PRESENT
from vyrectl.opencl import handoff, remembered
from vyrectl.opencl.backend import OpenCLBackend
from vyrectl.opencl.build import LADDER, Rung
from vyrectl.opencl.devices import Device
from vyrectl.opencl.kept import open_device
from vyrectl.opencl.program import build_program

Words = dict[int, int]


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "_known", {})


def relays(monkeypatch: pytest.MonkeyPatch, *outcomes: Words) -> list[int]:
    """Relays that leave these words behind, the last again and again; the polls that were asked for."""
    asked: list[int] = []

    def relay(context: Any, queue: Any, kernels: Any, polls: int) -> Any:
        words = np.zeros(handoff.WORDS, np.uint32)
        for at, value in outcomes[min(len(asked), len(outcomes) - 1)].items():
            words[at] = value
        asked.append(polls)
        return words

    monkeypatch.setattr(handoff, "_relay", relay)
    monkeypatch.setattr(handoff, "MOST_POLLS", handoff.FIRST_POLLS << 6)
    return asked


def test_all_turns_by_both_groups_are_a_hand_off(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = relays(monkeypatch, {}, {}, {handoff.ENDED: 2})
    assert handoff.groups_meet(fake(), None, None, None) is True
    assert asked == [1, handoff.FIRST_POLLS, handoff.FIRST_POLLS * handoff.POLL_GROWTH]


@pytest.mark.parametrize("word", [handoff.BLIND, handoff.STALE])
def test_a_blind_load_or_a_late_payload_is_none(monkeypatch: pytest.MonkeyPatch, word: int) -> None:
    relays(monkeypatch, {word: 1, handoff.ENDED: 2})
    assert handoff.groups_meet(fake(), None, None, None) is False


def test_groups_that_never_meet_decide_nothing_but_on_a_single_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    relays(monkeypatch, {HANDOFF_PRESENT.index: 1})
    assert handoff.groups_meet(fake(), None, None, None) is None
    assert handoff.groups_meet(fake(compute_units=1), None, None, None) is False


def test_a_device_that_dies_hands_nothing_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handoff, "_relay", lambda *arguments: None)
    assert handoff.groups_meet(fake(), None, None, None) is False


def test_only_rungs_that_keep_their_promise_are_climbed(
    monkeypatch: pytest.MonkeyPatch, device: Device
) -> None:
    """As on rusticl: the first rungs build, and what one group writes is not seen by another."""
    monkeypatch.setenv("VYRECTL_CACHE", "off")
    monkeypatch.setattr(handoff, "groups_meet", lambda *arguments: False)
    program = build_program(device)
    assert program.rung.number == 3


def test_a_rung_that_promises_nothing_needs_no_trial() -> None:
    assert handoff.admits(fake(), None, None, LADDER[-1])


def test_real_groups_meet(device: Device) -> None:
    """Or the device has one unit; either way the answer is one that was seen."""
    host = open_device(device)
    rung = build_program(device).rung
    assert handoff.admits(device, *host, rung)
    if rung.number < 3:
        kernels = handoff._build(host.context, rung)
        assert handoff.groups_meet(device, *host, kernels)


def test_a_kernel_that_no_host_reaches_ends_by_itself(
    backend: OpenCLBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wish that workers leave is never written: they go after so many looks in vain."""
    monkeypatch.setattr("vyrectl.opencl.meeting.reaches", lambda *arguments, **options: True)
    kernels, tired = follow_without_wishes(backend)
    assert kernels == 3
    assert tired


def test_where_the_host_is_not_heard_no_worker_is_told_to_stay(
    backend: OpenCLBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vyrectl.opencl.meeting.reaches", lambda *arguments, **options: False)
    session = open_following(backend)
    try:
        assert not session.polls
    finally:
        session.close()


def test_the_answer_of_a_driver_is_found_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("VYRECTL_CACHE", str(tmp_path))
    found: list[Rung] = []

    def build(context: Any, rung: Rung) -> object:
        found.append(rung)
        return object()

    monkeypatch.setattr(handoff, "_build", build)
    monkeypatch.setattr(handoff, "groups_meet", lambda *arguments: True)
    for _ in range(3):
        assert handoff.admits(fake(), None, None, LADDER[0])
        remembered._known.clear()
    assert len(found) == 1
