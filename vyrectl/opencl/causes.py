"""Why OpenCL shows no device: found by trying, with one thing changed at a time, whether it shows one then.

A variable that hides the drivers, a folder that a driver cannot write, a limit of memory: each is taken away for a
process of its own, and what makes devices appear is the cause. The invariant: no cause is named that was not seen, but
for those which a look at the `.icd` files shows. Standard library only.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from vyrectl.dataclass import dataclass
from vyrectl.opencl import brought, drivers, hints
from vyrectl.opencl.asking import LIST_SECONDS, NOTHING, Answer, ask
from vyrectl.opencl.diagnosis import Status
from vyrectl.opencl.places import trouble_of

HIDING = (
    "POCL_DEVICES",
    "CUDA_VISIBLE_DEVICES",
    "NVIDIA_VISIBLE_DEVICES",
    "ROCR_VISIBLE_DEVICES",
    "HIP_VISIBLE_DEVICES",
    "GPU_DEVICE_ORDINAL",
    "ZE_AFFINITY_MASK",
    "NEOReadDebugKeys",
    "ONEAPI_DEVICE_SELECTOR",
    "RUSTICL_ENABLE",
    "RUSTICL_DEVICE_TYPE",
    "OCL_ICD_ASSUME_ICD_EXTENSION",
)
"""Variables by which drivers choose the devices that they show."""

RUSTICL, RUSTICL_VARIABLE, RUSTICL_CPU = "rusticl", "RUSTICL_ENABLE", "llvmpipe"

SYSTEM_TOPOLOGY = Path("/sys/devices/system/cpu")
"""PoCL ends the process where it finds no processors there."""

LEAST_ADDRESS_BYTES = 1 << 30
"""Address space below which no driver is known to show a device."""

Lists = Callable[[Mapping[str, str | None], bool], bool]
"""Whether devices are listed with variables changed, and with the limit of memory lifted or not."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why there is no device."""

    what: str
    fix: str


def lists_devices(variables: Mapping[str, str | None], memory: bool = False) -> bool:
    """Whether a process of its own lists a device.

    Args:
        variables: Environment variables to set, or to take away where None.
        memory: Lift the limit of memory.
    """
    answer = ask("list", seconds=LIST_SECONDS, variables=variables, memory=memory)
    return answer.trouble is None and any("device" in record for record in answer.records)


def find_cause(
    family: str | None = None,
    environment: Mapping[str, str] | None = None,
    lists: Lists = lists_devices,
) -> Cause:
    """Why no device was listed.

    Args:
        family: Kind of system to advise for; this one by default.
        environment: Environment variables; this process's by default.
        lists: Tries whether devices are listed under other circumstances.
    """
    variables = os.environ if environment is None else environment
    icds = drivers.icd_files(variables)
    tries = (
        _hidden_drivers(variables, lists),
        _hidden_devices(variables, lists),
        _sleeping_rusticl(icds, lists),
        _folders(variables, lists),
        _memory(lists),
        _no_folder_at_all(variables),
    )
    for attempt in tries:
        for cause in attempt:
            return cause
    return _by_looking(icds, family)


def _hidden_drivers(variables: Mapping[str, str], lists: Lists) -> Iterator[Cause]:
    named = [name for name in brought.LOADER_VARIABLES if variables.get(name)]
    if named and lists(dict.fromkeys(named), False):
        yield _hidden(variables, named, "the drivers")


def _hidden_devices(variables: Mapping[str, str], lists: Lists) -> Iterator[Cause]:
    named = [name for name in HIDING if name in variables]
    for name in named:
        if lists({name: None}, False):
            yield _hidden(variables, [name], "the devices")
    everything = [*named, *(name for name in brought.LOADER_VARIABLES if variables.get(name))]
    if len(everything) > 1 and lists(dict.fromkeys(everything), False):
        yield _hidden(variables, everything, "the devices")


def _hidden(variables: Mapping[str, str], names: Iterable[str], what: str) -> Cause:
    said = " and ".join(f"{name}={variables[name]}" for name in names)
    return Cause(f"{said} hides {what} of this machine", f"unset {' '.join(names)}")


def _sleeping_rusticl(icds: Iterable[Path], lists: Lists) -> Iterator[Cause]:
    here = any(RUSTICL in (drivers.library_of(icd) or "") for icd in icds)
    if here and lists({RUSTICL_VARIABLE: RUSTICL_CPU}, False):
        what = f"Mesa's rusticl shows only the devices that {RUSTICL_VARIABLE} names"
        yield Cause(what, f"export {RUSTICL_VARIABLE}={RUSTICL_CPU}")


def _folders(variables: Mapping[str, str], lists: Lists) -> Iterator[Cause]:
    """A driver that cannot write where it keeps its files."""
    trouble = trouble_of(brought.pocl_place(variables))
    if trouble is None:
        return
    try:
        with tempfile.TemporaryDirectory(prefix="vyrectl-doctor-") as folder:
            if not lists({brought.POCL_VARIABLE: folder, "XDG_CACHE_HOME": folder, "HOME": folder}, False):
                return
    except OSError:  # see `_no_folder_at_all`
        return
    yield Cause(f"a driver cannot keep its files: {trouble}", f"export {brought.POCL_VARIABLE}=$(mktemp -d)")


def _no_folder_at_all(variables: Mapping[str, str]) -> Iterator[Cause]:
    """A driver that has no place for its files, and no temporary one either."""
    for check in brought.check_folders(variables):
        if check.status is Status.WARNING:
            yield Cause(f"a driver cannot keep its files: {check.message}", check.fix or "")


def _memory(lists: Lists) -> Iterator[Cause]:
    """A limit of the address space: drivers reserve much more than they use."""
    if (cause := _too_little_memory(most=None)) is not None and lists(NOTHING, True):
        yield cause


def _too_little_memory(most: int | None = LEAST_ADDRESS_BYTES) -> Cause | None:
    """The cause of a limit of the address space, where there is one and it is below `most`."""
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    if soft == resource.RLIM_INFINITY or (most is not None and soft >= most):
        return None
    what = f"this process may have {soft >> 20} MiB of addresses (ulimit -v), and the driver needs more"
    return Cause(what, "ulimit -v unlimited")


def _by_looking(icds: list[Path], family: str | None) -> Cause:
    """What the `.icd` files and their libraries show."""
    brought_along = brought.unregistered_drivers(icds)
    if not icds and not brought_along:
        return Cause("no driver is registered", hints.install_hint(family))
    checks = [drivers.check_icd(icd) for icd in icds]
    checks += drivers.check_brought(brought_along, None)
    if icds and (cause := _too_little_memory()):
        return cause
    for check in checks:
        if check.status is not Status.OK:
            return Cause(f"{check.name} {check.message}", check.fix or hints.install_hint(family))
    names = ", ".join(check.name for check in checks)
    return Cause(f"no driver shows one ({names})", hints.install_hint(family))


def culprits(icds: Iterable[Path], seconds: float = LIST_SECONDS) -> list[str]:
    """The drivers that cannot even list their devices when they are alone."""
    return [
        str(icd) for icd in icds if ask("list", seconds=seconds, variables=_only(icd)).trouble is not None
    ]


def _only(icd: Path) -> dict[str, str | None]:
    return {**dict.fromkeys(brought.LOADER_VARIABLES), brought.VENDORS: str(icd)}


def of_trouble(answer: Answer, icds: Iterable[Path], seconds: float = LIST_SECONDS) -> Cause:
    """Why the process that listed the devices came to a bad end.

    Args:
        answer: What became of it.
        icds: What the loader reads.
        seconds: How long each driver may take alone.
    """
    what = answer.trouble or "no answer"
    if sys.platform == "linux" and not os.path.isdir(SYSTEM_TOPOLOGY):
        return Cause(f"{what} (/sys is not mounted here)", "mount -t sysfs sysfs /sys")
    if (cause := _too_little_memory()) is not None:
        return cause
    at_fault = ", ".join(culprits(icds, seconds)) or "the .icd file of the driver at fault"
    return Cause(what, f"Reinstall that driver, or move {at_fault} away")
