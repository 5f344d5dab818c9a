"""Which rungs of the clock ladder are tried at all: one that ends the process of an unknown compiler is not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.opencl.fakes import device
from vyrectl.opencl import clock


@pytest.mark.parametrize(
    ("platform", "extensions", "tried"),
    [
        ("rusticl", "", []),
        ("Oclgrind", "", []),
        ("Portable Computing Language", "", [3]),
        ("Intel(R) OpenCL", "cl_khr_kernel_clock", [1, 3]),
        ("NVIDIA CUDA", "", [2]),
    ],
)
def test_rungs_that_are_tried(
    monkeypatch: pytest.MonkeyPatch, platform: str, extensions: str, tried: list[int]
) -> None:
    asked: list[int] = []

    def build(context: Any, queue: Any, rung: int, standard: str) -> None:
        asked.append(rung)

    monkeypatch.setattr(clock._Asker, "build", build)
    on = device(platform=platform, handle=SimpleNamespace(extensions=extensions))
    assert clock.choose_clock(on, None, None) is clock.SEQUENCE
    assert asked == tried


def test_a_program_without_its_kernel_is_no_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Oclgrind builds what its compiler broke, and says so when the kernel is asked for."""

    class Refused(Exception):
        pass

    def kernel(handle: object, name: str) -> object:
        raise Refused("INVALID_KERNEL_NAME")

    program = SimpleNamespace(build=lambda options: object())
    fake = SimpleNamespace(Error=Refused, Program=lambda context, source: program, Kernel=kernel)
    monkeypatch.setattr(clock, "pyopencl", lambda: fake)
    assert clock._Asker.build(None, None, 3, "CL1.2") is None
