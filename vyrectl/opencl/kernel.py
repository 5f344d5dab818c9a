"""A kernel of a built program, which is given its arguments by name.

Imports numpy; pyopencl comes with the kernel. Invariants: what reaches the driver is complete, in the order of
`vyrectl.abi.kernels` and of the width that is declared there; a name too many or too few is refused before it does. The
driver is told again only what changed, which saves most of what a kernel over a short ring costs the host.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from vyrectl.abi.kernels import KERNELS, NUMBERS, Kind, Parameter
from vyrectl.abi.limits import WORD_BYTES
from vyrectl.opencl.devices import pyopencl
from vyrectl.opencl.handles import Handle

_INTEGERS: dict[Kind, type[np.integer]] = {
    Kind.U32: np.uint32,
    Kind.I32: np.int32,
    Kind.U64: np.uint64,
}
_VALUES = NUMBERS | {Kind.LOCAL_WORDS}

_COUNTED = (int, bool)
"""Equal ones are the same to a kernel; buffers are the same only when they are one."""

_NOT_SET = object()


class BuiltKernel:
    """A pyopencl kernel and what it takes.

    Args:
        handle: The pyopencl kernel, whose arguments nobody else sets meanwhile.
        name: Its name, one of `vyrectl.abi.kernels`.
        features: Macros of the program that give its kernels more parameters.
    """

    def __init__(self, handle: Handle, name: str, features: Collection[str] = ()) -> None:
        self.handle = handle
        self.name = name
        self.parameters = KERNELS[name].taken(features)
        self._set: list[object] = [_NOT_SET] * len(self.parameters)
        self._cl: Handle = None

    @classmethod
    def of(cls, program: Handle, name: str, features: Collection[str] = ()) -> BuiltKernel:
        """A fresh kernel of a built pyopencl program."""
        return cls(pyopencl().Kernel(program, name), name, features)

    def arguments(self, given: Mapping[str, object]) -> tuple[object, ...]:
        """What pyopencl takes, in the kernel's own order.

        Args:
            given: By name: a number, a buffer, or how many words of local memory.

        Raises:
            TypeError: A name is missing, unknown, or given something of another kind.
        """
        if len(given) == len(self.parameters):
            try:
                return tuple(_argument(one, given[one.name]) for one in self.parameters)
            except KeyError:
                pass
        raise TypeError(self._refusal(given))

    def __call__(self, queue: Handle, work_items: int, local: int, /, **given: object) -> Handle:
        """Enqueue it.

        Args:
            queue: pyopencl command queue.
            work_items: Work-items of the whole run.
            local: Of a work-group.
            given: See `arguments`.

        Returns:
            The pyopencl event.
        """
        if len(given) != len(self.parameters):
            raise TypeError(self._refusal(given))
        for index, one in enumerate(self.parameters):
            value = given.get(one.name, _NOT_SET)
            if value is _NOT_SET:
                raise TypeError(self._refusal(given))
            before = self._set[index]
            if value is before or (
                type(value) is type(before) and type(value) in _COUNTED and value == before
            ):
                continue
            self._set[index] = _NOT_SET
            self.handle.set_arg(index, _argument(one, value))
            if type(value) in _COUNTED or getattr(value, "hostbuf", value) is None:
                # What lies in memory of the host's is held no longer than it is used.
                self._set[index] = value
        self._cl = self._cl or pyopencl()
        return self._cl.enqueue_nd_range_kernel(queue, self.handle, (work_items,), (local,))

    def _refusal(self, given: Mapping[str, object]) -> str:
        names = [one.name for one in self.parameters]
        missing = [name for name in names if name not in given]
        unknown = [name for name in given if name not in names]
        said = [
            f"{what} {', '.join(some)}" for what, some in (("lacks", missing), ("has no", unknown)) if some
        ]
        return f"{self.name} {' and '.join(said)}"


def _argument(parameter: Parameter, value: object) -> object:
    """A value of the declared width, local memory, or memory as it is."""
    kind = parameter.kind
    if kind is Kind.F32 and isinstance(value, float | np.floating):
        return np.float32(value)
    if kind in _INTEGERS and isinstance(value, int | np.integer):
        return _INTEGERS[kind](value)
    if kind is Kind.LOCAL_WORDS and isinstance(value, int):
        return pyopencl().LocalMemory(WORD_BYTES * value)
    if kind in _VALUES or isinstance(value, int | float | np.generic):
        raise TypeError(f"{parameter.name} is {kind.name}, not {type(value).__name__}")
    return value
