"""vyrectl: inspect, edit, build and run task rings.

The public names below are loaded when first used (PEP 562), so that `import vyrectl` costs next to nothing and
neither numpy nor pyopencl is imported before something needs it. The command line's first lines come after it: it
imports nothing at all.
"""

TYPE_CHECKING = False  # as in typing, whose import would take longer than all else here

if TYPE_CHECKING:
    from vyrectl import errors as errors
    from vyrectl._version import __version__ as __version__
    from vyrectl.abi.dtype import SLOT_DTYPE as SLOT_DTYPE
    from vyrectl.abi.states import TaskFlag as TaskFlag
    from vyrectl.abi.states import TaskPriority as TaskPriority
    from vyrectl.abi.states import TaskState as TaskState
    from vyrectl.launching.converge import converge as converge
    from vyrectl.launching.report import LaunchReport as LaunchReport
    from vyrectl.launching.run import launch as launch
    from vyrectl.live.session import Session as Session
    from vyrectl.live.session import open_session as open_session
    from vyrectl.policy.enums import ExecutionMode as ExecutionMode
    from vyrectl.policy.enums import QueuePressure as QueuePressure
    from vyrectl.policy.enums import Topology as Topology
    from vyrectl.policy.policy import LaunchPolicy as LaunchPolicy
    from vyrectl.policy.policy import LaunchRecommendation as LaunchRecommendation
    from vyrectl.policy.request import LaunchRequest as LaunchRequest
    from vyrectl.ring.file import Ring as Ring
    from vyrectl.task.item import TaskWorkItem as TaskWorkItem
    from vyrectl.task.item import WorkItem as WorkItem
    from vyrectl.telemetry.snapshot import TaskQueueSnapshot as TaskQueueSnapshot

_HOMES = {
    "__version__": "vyrectl._version",
    "SLOT_DTYPE": "vyrectl.abi.dtype",
    "TaskState": "vyrectl.abi.states",
    "TaskPriority": "vyrectl.abi.states",
    "TaskFlag": "vyrectl.abi.states",
    "WorkItem": "vyrectl.task.item",
    "TaskWorkItem": "vyrectl.task.item",
    "Ring": "vyrectl.ring.file",
    "TaskQueueSnapshot": "vyrectl.telemetry.snapshot",
    "LaunchRequest": "vyrectl.policy.request",
    "LaunchPolicy": "vyrectl.policy.policy",
    "LaunchRecommendation": "vyrectl.policy.policy",
    "Topology": "vyrectl.policy.enums",
    "QueuePressure": "vyrectl.policy.enums",
    "ExecutionMode": "vyrectl.policy.enums",
    "launch": "vyrectl.launching.run",
    "LaunchReport": "vyrectl.launching.report",
    "converge": "vyrectl.launching.converge",
    "Session": "vyrectl.live.session",
    "open_session": "vyrectl.live.session",
}

__all__ = ["errors", *_HOMES]


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name == "errors":
        return import_module("vyrectl.errors")
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'vyrectl' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
