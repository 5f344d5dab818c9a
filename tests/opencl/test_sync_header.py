"""`vyre_sync.h` keeps what its names say: each C11 operation has the memory order that its function is named after."""

from __future__ import annotations

import re

import pytest

from vyrectl.resources import kernels_dir

ORDERS = {
    "acquire": {"memory_order_acq_rel", "memory_order_acquire"},
    "release": {"memory_order_release"},
    "acq_rel": {"memory_order_acq_rel", "memory_order_acquire"},
    "relaxed": {"memory_order_relaxed"},
}
"""Ending of a name -> orders that may stand in it; a compare-and-swap that fails reads, and so acquires."""

FUNCTION = re.compile(
    r"^static \w+ (vyre_\w+?_(acquire|release|acq_rel|relaxed))\([^)]*\) \{\n(.*?)^\}", re.M | re.S
)


def c11_functions() -> dict[str, tuple[str, str]]:
    """Functions of rung 1: name -> the order it is named after, and its body."""
    text = (kernels_dir() / "include" / "vyre_sync.h").read_text(encoding="utf-8")
    first = text.index("#if VYRE_RUNG == 1")
    rung = text[first : text.index("\n#else\n", first)]
    return {name: (order, body) for name, order, body in FUNCTION.findall(rung)}


FUNCTIONS = c11_functions()


def test_the_operations_are_found() -> None:
    assert {"vyre_cas_acquire", "vyre_store_release", "vyre_load_acquire"} <= set(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_operation_has_the_order_of_its_name_at_device_scope(name: str) -> None:
    order, body = FUNCTIONS[name]
    found = set(re.findall(r"memory_order_\w+", body))
    assert found
    assert found <= ORDERS[order]
    assert order == "acquire" or f"memory_order_{order}" in found
    assert set(re.findall(r"memory_scope_\w+", body)) == {"memory_scope_device"}
