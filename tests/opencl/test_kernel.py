"""Arguments go to a kernel by name: what is declared is what the device has, and a wrong name is refused at once."""

from __future__ import annotations

from dataclasses import replace
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
