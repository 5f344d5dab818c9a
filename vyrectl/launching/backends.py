"""The kinds of backends, by the names that `device` has for them: one table for launches and convergence runs alike.

Invariant: nothing of a kind is loaded before it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from vyrectl.dataclass import dataclass
from vyrectl.engine.default_device import named
from vyrectl.errors import UsageError, VyrectlError

if TYPE_CHECKING:
    from vyrectl.engine.backend import Backend
    from vyrectl.engine.converge import Converger
    from vyrectl.opencl.devices import Device

REFERENCE = "reference"
"""What `device` calls the backend in plain Python."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of backends.

    Attributes:
        backend: Gives one that runs rings, for a device or the name of one.
        converger: Gives one that runs transfer steps.
    """

    backend: Callable[[object], Backend]
    converger: Callable[[object], Converger]


def _reference_backend(device: object) -> Backend:
    from vyrectl.engine.reference import ReferenceBackend

    return ReferenceBackend()


def _reference_converger(device: object) -> Converger:
    from vyrectl.engine.converge import ReferenceConverger

    return ReferenceConverger()


def _opencl_backend(device: object) -> Backend:
    from vyrectl.opencl.backend import OpenCLBackend

    return OpenCLBackend(cast("Device | str | None", device))


def _opencl_converger(device: object) -> Converger:
    from vyrectl.opencl.converge import OpenCLConverger

    return OpenCLConverger(cast("Device | str | None", device))


KINDS: dict[str, Kind] = {REFERENCE: Kind(_reference_backend, _reference_converger)}
"""The kinds that have a name of their own."""

OPENCL = Kind(_opencl_backend, _opencl_converger)
"""What every other name stands for, and none."""


def is_reference(device: object) -> bool:
    """Whether `device`, or VYRECTL_DEVICE where that names none, is the reference backend."""
    return named(device) == REFERENCE


_NO_DEVICES = (int, float, bytes, list, tuple, dict, set, frozenset)
"""Types of what is no device, be it empty or not."""


def _kind(device: object) -> Kind:
    if isinstance(device, _NO_DEVICES):
        raise UsageError(
            f"a device is named by a text, and this is {type(device).__name__}",
            fix="Name one as `vyrectl devices` lists it, for example '0:0', or 'reference'",
        )
    name = named(device)
    return KINDS.get(name, OPENCL) if isinstance(name, str) else OPENCL


def choose_backend(device: object = None) -> Backend:
    """The backend that `device` stands for.

    Args:
        device: A backend, a device, or the name of one; None for VYRECTL_DEVICE, or the first device.

    Raises:
        DeviceError: No usable device.
        UsageError: No device has that name.
    """
    if not isinstance(device, str) and hasattr(device, "open"):
        return cast("Backend", device)
    return _kind(device).backend(device)


def open_ahead(device: object = None) -> None:
    """Open what `choose_backend` would give, so that it is open later; what cannot be opened is told then."""
    with suppress(VyrectlError):
        backend = choose_backend(device)
        if hasattr(backend, "open_device"):
            backend.open_device()


def choose_converger(device: object = None) -> Converger:
    """What runs transfer steps on `device`; see `choose_backend`.

    Raises:
        DeviceError: No usable device.
        UsageError: No device has that name.
    """
    if not isinstance(device, str) and hasattr(device, "converge"):
        return cast("Converger", device)
    return _kind(device).converger(device)
