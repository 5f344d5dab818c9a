"""One run of a ring: `launch` (this process), its rounds and its report.

`vyrectl.launch` is the function of the library contract and this package at once: the module itself can be
called, so that `from vyrectl import launch` gives something callable in whichever order things are imported.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from vyrectl.launch.report import LaunchReport
from vyrectl.launch.run import launch

__all__ = ["LaunchReport", "launch"]


class _CallableModule(ModuleType):
    def __call__(self, *arguments: Any, **options: Any) -> LaunchReport:
        return launch(*arguments, **options)


sys.modules[__name__].__class__ = _CallableModule
