"""What each kernel takes is said once: the kernels' files use the generated lists and write none."""

from __future__ import annotations

import re

import pytest

from vyrectl.abi.kernels import FAMILY, KERNELS, LIVE, TRACE, WATCH, Kernel
from vyrectl.devtools.kernelheader import kernel_header, parameters_macro
from vyrectl.resources import kernels_dir

DECLARED = re.compile(r"__kernel\s+void\s+(\w+)\s*\(([^)]*)\)")


def test_every_kernel_of_every_file_uses_its_list() -> None:
    found = {
        match[1]: match[2]
        for path in kernels_dir().rglob("*.cl")
        for match in DECLARED.finditer(path.read_text(encoding="utf-8"))
    }
    assert found == {name: parameters_macro(kernel) for name, kernel in KERNELS.items()}


@pytest.mark.parametrize("kernel", KERNELS.values(), ids=lambda one: one.name)
def test_names_are_distinct_and_what_is_optional_comes_last(kernel: Kernel) -> None:
    for features in ((), (FAMILY, TRACE, WATCH, LIVE)):
        names = [one.name for one in kernel.taken(features)]
        assert len(set(names)) == len(names)
    needs = [bool(one.needs) for one in kernel.parameters]
    assert needs == sorted(needs)


def test_lines_are_no_longer_than_a_page_is_wide() -> None:
    assert max(map(len, kernel_header().splitlines())) <= 110
