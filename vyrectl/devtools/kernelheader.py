"""Writes `kernels/include/vyre_kernels.h` from `vyrectl.abi.kernels`: the parameter list of each kernel, as a macro.

Imports `abi` alone. A list that grows with a feature of the program names a macro of its own for each, which is empty
in a program that is built without.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from vyrectl.abi.kernels import KERNELS, Kernel, Parameter

_OPENING = """\
/* vyre_kernels.h: what each kernel takes, as its parameter list.
 *
 * Generated from vyrectl/abi/kernels.py: python -m vyrectl.devtools generate
 *
 *   __kernel void vyre_run(VYRE_RUN_PARAMETERS) { ... }
 *
 * The host passes the arguments by the names that stand here.
 */
#ifndef VYRE_KERNELS_H
#define VYRE_KERNELS_H
"""

_CLOSING = "\n#endif /* VYRE_KERNELS_H */\n"


def kernel_header() -> str:
    """The whole text of `vyre_kernels.h`, ending in a newline."""
    return _OPENING + "".join(f"\n{_lists(kernel)}" for kernel in KERNELS.values()) + _CLOSING


def parameters_macro(kernel: Kernel) -> str:
    """Name of the macro that is a kernel's whole list."""
    return f"{kernel.name.upper()}_PARAMETERS"


def _part_macro(kernel: Kernel, needs: str) -> str:
    feature = needs.removeprefix("VYRE_").removeprefix("HAS_")
    return f"{kernel.name.upper()}_{feature}_PARAMETERS"


def _lists(kernel: Kernel) -> str:
    parts = [(needs, list(those)) for needs, those in groupby(kernel.parameters, lambda one: one.needs)]
    optional = [(_part_macro(kernel, needs), needs, those) for needs, those in parts if needs]
    always = [one for one in kernel.parameters if not one.needs]
    whole = _define(parameters_macro(kernel), [*_rows(always), *(f"    {name}" for name, _, _ in optional)])
    return "".join(_where(*one) for one in optional) + whole


def _where(name: str, needs: str, parameters: Sequence[Parameter]) -> str:
    return f"#if {needs}\n{_define(name, ['    ,', *_rows(parameters)])}#else\n#define {name}\n#endif\n"


def _define(name: str, rows: Sequence[str]) -> str:
    return " \\\n".join((f"#define {name}", *rows)) + "\n"


def _rows(parameters: Sequence[Parameter]) -> Iterator[str]:
    for one in parameters:
        kind = one.kind.value
        between = "" if kind.endswith(("*", " ")) else " "
        comma = "" if one is parameters[-1] else ","
        yield f"    {f'{kind}{between}{one.name}{comma}':<36} /* {one.meaning} */"
