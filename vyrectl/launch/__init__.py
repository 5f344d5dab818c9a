"""One run of a ring: `launch` (this process), its rounds, its report, and the supervisor of the command.

`vyrectl.launch` is the function of the library contract and this package at once: the module itself can be
called, so that `from vyrectl import launch` gives something callable in whichever order things are imported.
Nothing is loaded before it is used: the supervisor's parent process needs no numpy.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vyrectl.launch.report import LaunchReport
    from vyrectl.launch.run import launch

__all__ = ["LaunchReport", "launch"]


def __getattr__(name: str) -> Any:
    if name == "launch":
        from vyrectl.launch.run import launch

        return launch
    if name == "LaunchReport":
        from vyrectl.launch.report import LaunchReport

        return LaunchReport
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class _CallableModule(ModuleType):
    def __call__(self, *arguments: Any, **options: Any) -> LaunchReport:
        from vyrectl.launch.run import launch

        return launch(*arguments, **options)


sys.modules[__name__].__class__ = _CallableModule
