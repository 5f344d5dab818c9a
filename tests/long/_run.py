"""What every long form is given: its seeds, its devices, its watchdog."""

from __future__ import annotations

import faulthandler
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.conformance.backends import devices, on_device
from tests.conformance.cases import InProcess
from vyrectl.opencl.devices import find_device

STUCK_SECONDS = 300.0
"""How long one seed may take."""

ROOT = Path(__file__).parent.parent.parent
"""The folder of the project."""

FAILED = 1
"""Exit code of a form that found something."""


@dataclass
class Run:
    """What a form is told.

    Attributes:
        deadline: `time.monotonic()` after which no seed starts.
        seed: First seed.
        device: Selector of one device, or empty for all.
        current: The seed that is being tried.
    """

    deadline: float
    seed: int
    device: str
    current: int | None = None

    def seeds(self) -> Iterator[int]:
        """Seeds until the time is over, at least one: a slow device may take all of it to get ready.

        The watchdog starts anew with each.
        """
        seed, said = self.seed, time.monotonic()
        while seed == self.seed or time.monotonic() < self.deadline:
            self.alive()
            self.current = seed
            yield seed
            seed += 1
            if time.monotonic() - said > 15:
                said = time.monotonic()
                self.say(f"seeds {self.seed} to {seed - 1} are fine")
        self.say(f"{seed - self.seed} seeds, all fine")

    def runners(self) -> list[InProcess]:
        """The devices to run on."""
        if not self.device:
            return [on_device(name) for name in devices()]
        wanted = find_device(self.device).id
        return [on_device(name) for name, device in devices().items() if device.id == wanted]

    def alive(self) -> None:
        """Tell the watchdog that work goes on."""
        faulthandler.dump_traceback_later(STUCK_SECONDS, exit=True)

    def say(self, text: str) -> None:
        """Say where the form stands."""
        print(text, flush=True)
