"""What of its surroundings a driver goes by: variables that change what it compiles, and the linker that it runs.

Standard library only.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping

PREFIXES = (
    "POCL_",
    "OCLGRIND_",
    "RUSTICL_",
    "LP_",
    "GALLIVM_",
    "MESA_",
    "NIR_",
    "CL_CONFIG_",
    "IGC_",
    "NEO",
    "CUDA_",
    "__GL_",
    "AMD_",
    "ROC",
    "HSA_",
    "OCL_",
)
"""What the variables of OpenCL drivers begin with."""

HARMLESS = frozenset({"POCL_CACHE_DIR", "CUDA_CACHE_PATH", "OCL_ICD_VENDORS", "OCL_ICD_FILENAMES"})
"""Those that only say where something lies."""


DEBUGGING = (
    "POCL_DEBUG",
    "POCL_TRACING",
    "POCL_LEAVE_KERNEL_COMPILER_TEMP_FILES",
    "RUSTICL_DEBUG",
    "CLOVER_DEBUG",
    "CL_LOG_ERRORS",
)
"""Variables by which drivers are asked to tell what they do. Nothing is kept meanwhile: PoCL 3.1 then ends the process
of who brings it a binary, and whoever looks for a fault wants to see the build."""


def debugging_variable(environment: Mapping[str, str]) -> str | None:
    """The variable by which a driver was asked to tell what it does; None when it was not."""
    return next((name for name in DEBUGGING if environment.get(name, "0") not in ("", "0")), None)


def driver_variables(environment: Mapping[str, str] | None = None) -> list[str]:
    """The variables of drivers that are set, as `NAME=value`, in order: under others a program is another program.

    Args:
        environment: Environment variables; this process's by default.
    """
    variables = os.environ if environment is None else environment
    names = [name for name in variables if name.startswith(PREFIXES) and name not in HARMLESS]
    return sorted(f"{name}={variables[name]}" for name in names)


LINKER = "ld"
"""What PoCL runs to link each kernel; it ends the process where there is none."""

STANDARD_FOLDERS = ("/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin")
"""Where programs lie on every system, whatever a service or a bare shell has for a PATH."""


def lend_linker(environment: Mapping[str, str]) -> dict[str, str]:
    """The PATH in which the linker is found, where the given one has none; empty when nothing has to change."""
    path = environment.get("PATH", "")
    if shutil.which(LINKER, path=path or os.devnull) is not None:
        return {}
    found = next((one for one in STANDARD_FOLDERS if shutil.which(LINKER, path=one) is not None), None)
    return {} if found is None else {"PATH": f"{path}{os.pathsep}{found}" if path else found}


def lacks_linker(environment: Mapping[str, str] | None = None) -> bool:
    """True when no linker is found, nor could be lent.

    Args:
        environment: Environment variables; this process's by default.
    """
    variables = os.environ if environment is None else environment
    path = lend_linker(variables).get("PATH", variables.get("PATH", ""))
    return shutil.which(LINKER, path=path or os.devnull) is None
