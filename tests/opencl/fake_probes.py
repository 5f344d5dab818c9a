"""Stands in for `vyrectl.opencl.probes`: what a device's process may do, by the device's id."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from typing import Any

from vyrectl.opencl.asking import OVER

CHECK = {"area": "", "name": "build", "status": "ok", "message": "built", "fix": None, "facts": {"rung": 1}}


def main(what: str, *rest: str) -> None:
    descriptor = int(rest[-1])

    def say(record: dict[str, Any]) -> None:
        os.write(descriptor, json.dumps(record).encode() + b"\n")

    if what == "list":
        listing(say)
        say(dict(OVER))
        return
    device = rest[0]
    say({"check": {**CHECK, "area": f"device {device}"}})
    if device == "good" or device == "late":
        say({"check": {**CHECK, "area": f"device {device}", "name": "claims", "facts": {}}})
    if device == "crash":
        os.write(descriptor, b'{"check": {"cut')
        os.kill(os.getpid(), signal.SIGSEGV)
    if device in ("hang", "late"):
        time.sleep(60)
    if device == "fail":
        raise RuntimeError("no such luck")
    if device == "leave":
        sys.exit(0)
    say(dict(OVER))


def listing(say: Any) -> None:
    for device in os.environ["FAKE_DEVICES"].split(","):
        if device == "listing-dies":
            os.kill(os.getpid(), signal.SIGABRT)
        elif device == "no-loader":
            say({"error": "pyopencl cannot be imported (libOpenCL.so.1: cannot open shared object file)"})
        elif device:
            say({"device": {"id": device, "name": f"Fake {device}", "platform": "Fakes", "kind": "cpu"}})


if __name__ == "__main__":
    main(*sys.argv[1:])
