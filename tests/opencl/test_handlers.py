"""A program that launches keeps its signal handlers, whatever the driver's compiler does with signals."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conformance.backends import devices, needs_device

PROGRAM = """
import os, signal, sys, time
heard = []
numbers = [signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2]
for number in numbers:
    signal.signal(number, lambda got, frame: heard.append(got))
import numpy as np
from vyrectl import SLOT_DTYPE, Ring, launch
slots = np.zeros(3, SLOT_DTYPE)
slots["state"] = 1
launch(Ring.from_slots(slots), device=sys.argv[1])
for number in numbers * 2:
    os.kill(os.getpid(), number)
    time.sleep(0.01)
print(heard == numbers * 2)
"""


@needs_device()
@pytest.mark.parametrize("device", [one.id for one in devices().values()])
def test_signals_are_heard_after_a_launch(device: str) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, device],
        capture_output=True,
        text=True,
        check=False,
        timeout=150,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "True"), done.stderr
