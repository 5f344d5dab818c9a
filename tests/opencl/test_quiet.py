"""What compilers write past their log is kept from standard error, and nothing else is."""

from __future__ import annotations

import os
import subprocess
import sys
from threading import Thread

import pytest

from vyrectl.opencl.quiet import without_counts


def test_only_counts_are_dropped(capfd: pytest.CaptureFixture[str]) -> None:
    said = (
        "2 errors generated.",
        "kept",
        "1 warning and 3 errors generated.",
        "5 errors",
        "1 error generated.",
    )
    with without_counts():
        for line in said:
            os.write(2, f"{line}\n".encode())
    os.write(2, b"2 errors generated.\n")
    assert capfd.readouterr().err == "kept\n5 errors\n2 errors generated.\n"


def test_it_is_given_back_after_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        with without_counts():
            os.write(2, b"kept\n")
            raise ValueError("oh")

    with pytest.raises(ValueError, match="oh"):
        fail()
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "kept\nafter\n"


def test_threads_take_turns(capfd: pytest.CaptureFixture[str]) -> None:
    def work() -> None:
        for _ in range(50):
            with without_counts():
                os.write(2, b"x")

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.write(2, b"end")
    assert capfd.readouterr().err == "x" * 200 + "end"


def test_a_process_without_standard_error() -> None:
    code = "import os; os.close(2)\nfrom vyrectl.opencl.quiet import without_counts\n"
    code += "with without_counts(): print('fine')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60)
    assert done.stdout == b"fine\n"
