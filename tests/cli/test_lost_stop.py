"""A signal that comes while Python runs a finalizer, where nothing can be raised, ends the command all the same."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

CODE = """
import os, signal, sys, time
from vyrectl.cli import stops
signal.signal(signal.SIGINT, signal.default_int_handler)
stops.listen()

class Loud:
    def __del__(self):
        os.kill(os.getpid(), int(sys.argv[1]))
        time.sleep(0.2)
        print("not raised here", flush=True)

try:
    Loud()
    time.sleep(60)
except stops.Stop as stop:
    print("stopped by", stop.number)
except KeyboardInterrupt:
    print("stopped by", 2)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_is_sent_again(number: signal.Signals) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(int(number))], capture_output=True, text=True, timeout=50
    )
    assert (done.stdout, done.stderr) == (f"stopped by {int(number)}\n", "")


def test_other_exceptions_are_told() -> None:
    code = CODE.replace("os.kill(os.getpid(), int(sys.argv[1]))", "raise ValueError('mine')").replace(
        "60", "0"
    )
    done = subprocess.run([sys.executable, "-c", code, "0"], capture_output=True, text=True, timeout=50)
    assert "ValueError: mine" in done.stderr
