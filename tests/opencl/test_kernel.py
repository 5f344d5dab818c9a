"""Arguments go to a kernel by name: what is declared is what the device has, and a wrong name is refused at once."""

from __future__ import annotations

import weakref
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.opencl.builds import built_for
from vyrectl.abi.kernels import KERNELS
from vyrectl.opencl.backend import OpenCLBackend
from vyrectl.opencl.devices import pyopencl
from vyrectl.opencl.kernel import BuiltKernel
from vyrectl.opencl.source import Variant, assemble

EVERYTHING = Variant(live=True, verify=True, family=True, watch=True, clock=0)
MEMORY = object()

NAMED: dict[str, object] = {"words": MEMORY, "payload": MEMORY, "turns": 3, "polls": 4}


def handoff() -> BuiltKernel:
    return BuiltKernel(None, "vyre_handoff_groups")


@pytest.mark.parametrize("driver", ["lane", "group", "exact"])
def test_the_device_has_the_declared_parameters(backend: OpenCLBackend, driver: str) -> None:
    variant = replace(EVERYTHING, driver=driver, index_lanes=driver != "group")
    cl = pyopencl()
    kernels = built_for(backend, assemble((), variant), "-cl-kernel-arg-info").all_kernels()
    assert {"vyre_run", "vyre_index", "vyre_index_free"} <= {one.function_name for one in kernels}
    for one in kernels:
        names = [
            one.get_arg_info(index, cl.kernel_arg_info.NAME).rstrip("\0") for index in range(one.num_args)
        ]
        assert names == [each.name for each in KERNELS[one.function_name].taken(variant.features)]


def test_order_and_width_are_the_declared_ones() -> None:
    given = dict(reversed(NAMED.items()))
    words, payload, turns, polls = handoff().arguments(given)
    assert (words, payload) == (MEMORY, MEMORY)
    for number, value in ((turns, 3), (polls, 4)):
        assert isinstance(number, np.uint32)
        assert number == value


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"turns": None}, "vyre_handoff_groups lacks turns"),
        ({"more": 1}, "vyre_handoff_groups has no more"),
        ({"turns": None, "turn": 1}, "vyre_handoff_groups lacks turns and has no turn"),
        ({"turns": MEMORY}, "turns is U32, not object"),
        ({"turns": 1.5}, "turns is U32, not float"),
        ({"payload": 5}, "payload is WORDS, not int"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, Any], said: str) -> None:
    given = {name: value for name, value in {**NAMED, **change}.items() if value is not None}
    with pytest.raises(TypeError, match=f"^{said}$"):
        handoff().arguments(given)


@pytest.mark.parametrize("number", [-1, 1 << 32])
def test_a_number_that_does_not_fit_is_refused(number: int) -> None:
    with pytest.raises(OverflowError):
        handoff().arguments({**NAMED, "turns": number})


class Memory:
    """A buffer, of the device's own or over memory of the host's."""

    def __init__(self, hostbuf: object = None) -> None:
        self.hostbuf = hostbuf


class Told:
    """A kernel's handle that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[int, object]] = []

    def set_arg(self, index: int, value: object) -> None:
        if value == "refused":
            raise ValueError("the driver does not take it")
        self.told.append((index, value))


def test_only_what_changed_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    handle = Told()
    kernel = BuiltKernel(handle, "vyre_handoff_groups")
    cl = SimpleNamespace(enqueue_nd_range_kernel=lambda *given: given)
    monkeypatch.setattr("vyrectl.opencl.kernel.pyopencl", lambda: cl)
    queue, words, payload, other = object(), Memory(), Memory(), Memory()

    def told(**change: object) -> list[tuple[int, object]]:
        handle.told.clear()
        given = {"words": words, "payload": payload, "turns": 3, "polls": 4, **change}
        assert kernel(queue, 8, 2, **given) == (queue, handle, (8,), (2,))
        return list(handle.told)

    assert told() == [(0, words), (1, payload), (2, np.uint32(3)), (3, np.uint32(4))]
    assert told() == []
    assert told(turns=5) == [(2, np.uint32(5))]
    assert told(payload=other) == [(1, other), (2, np.uint32(3))]
    assert told(polls=True) == [(1, payload), (3, np.uint32(1))]


def test_memory_of_the_hosts_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    handle = Told()
    kernel = BuiltKernel(handle, "vyre_handoff_groups")
    cl = SimpleNamespace(enqueue_nd_range_kernel=lambda *given: None)
    monkeypatch.setattr("vyrectl.opencl.kernel.pyopencl", lambda: cl)
    over_host = Memory(bytearray(4))
    watched, own = weakref.ref(over_host), Memory()
    for _ in range(2):
        kernel(None, 1, 1, words=over_host, payload=own, turns=1, polls=1)
    assert [index for index, _ in handle.told] == [0, 1, 2, 3, 0]
    handle.told.clear()
    del over_host
    assert watched() is None


def test_what_the_driver_refused_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    handle = Told()
    kernel = BuiltKernel(handle, "vyre_handoff_groups")
    cl = SimpleNamespace(enqueue_nd_range_kernel=lambda *given: None)
    monkeypatch.setattr("vyrectl.opencl.kernel.pyopencl", lambda: cl)
    words = Memory()
    given = {"words": words, "payload": Memory(), "turns": 1, "polls": 1}
    kernel(None, 1, 1, **given)
    with pytest.raises(ValueError, match="does not take"):
        kernel(None, 1, 1, **{**given, "words": "refused"})
    handle.told.clear()
    kernel(None, 1, 1, **given)
    assert handle.told == [(0, words)]


@pytest.mark.parametrize("change", [{"more": 1}, {"turn": 1, "turns": None}, {"turns": None}])
def test_a_wrong_name_is_refused_before_anything_is_told(change: dict[str, Any]) -> None:
    handle = Told()
    given = {name: value for name, value in {**NAMED, **change}.items() if value is not None}
    with pytest.raises(TypeError, match=r"vyre_handoff_groups (lacks|has no)"):
        BuiltKernel(handle, "vyre_handoff_groups")(None, 1, 1, **given)
