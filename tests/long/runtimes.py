"""The conformance suite on other OpenCL runtimes, each in a Debian userland of its own, with a table of what passed.

PoCL 3.1, 6 and 7, Intel's runtime from PyPI alone, rusticl on llvmpipe, Oclgrind. The invariant: a runtime that shows
no device has failed, and so has one of which no test of a device ran.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass

from tests.long._run import ROOT, Run

SECONDS = 3600
"""What a runtime gets."""

SUITE = "tests/conformance --ignore tests/conformance/test_long_forms.py"
"""The long forms have forms of their own; what they launch is not about a runtime."""

COUNT = re.compile(r"(\d+) (passed|failed|errors?|skipped)\b")


@dataclass(frozen=True, slots=True)
class Runtime:
    """Where a runtime is had and how it is asked to show a device.

    Attributes:
        suite: Of Debian.
        packages: Of Debian, beside Python.
        extra: Of vyrectl's package.
        variables: Environment, as a shell writes it before a command.
        tests: Which tests are about it; the reference backend needs no other runtime.
    """

    suite: str
    packages: str = ""
    extra: str = "test"
    variables: str = ""
    tests: str = "not reference and not oclgrind"

    def command(self) -> str:
        """What its userland runs: install, doctor, which has to call it ready, the suite."""
        packages = f"python3-venv libatomic1 ca-certificates {self.packages}"
        return "; ".join(
            (
                "apt-get update -qq",
                f"apt-get install -y -qq --no-install-recommends {packages} >/dev/null 2>&1",
                f"python3 -m venv .venv && .venv/bin/pip install --quiet -e '.[{self.extra}]'",
                f"export {self.variables} PATH=$PWD/.venv/bin:$PATH",
                "vyrectl doctor",
                f"python -m pytest -q -p no:cacheprovider -n0 --timeout 900 {SUITE} -k '{self.tests}'",
            )
        )


UNDER_OCLGRIND = (
    "OCL_ICD_VENDORS=/usr/lib/oclgrind/liboclgrind-rt-icd.so OCLGRIND_BUILD_OPTIONS=-cl-opt-disable"
)
"""Debian registers it with no loader: it runs programs of its own. Its tests start it themselves."""

RUNTIMES: dict[str, Runtime] = {
    "PoCL 3.1": Runtime("bookworm", "pocl-opencl-icd"),
    "PoCL 6": Runtime("trixie", "pocl-opencl-icd"),
    "PoCL 7": Runtime("sid", "pocl-opencl-icd"),
    "Intel": Runtime("trixie", extra="cpu,test"),
    "rusticl": Runtime("trixie", "mesa-opencl-icd", variables="RUSTICL_ENABLE=llvmpipe"),
    "Oclgrind": Runtime("bookworm", "oclgrind", variables=UNDER_OCLGRIND, tests="oclgrind"),
}
"""By the name that `--device` picks a part of."""


def run(run: Run) -> None:
    """Each runtime in turn; of fixed length. Needs root and mmdebstrap."""
    rows = []
    for name, runtime in RUNTIMES.items():
        if run.device and run.device.lower() not in name.lower():
            continue
        rows.append((name, try_runtime(run, runtime)))
        run.say(f"{name}: {rows[-1][1]}")
    run.say("runtimes x conformance")
    for name, counts in rows:
        run.say(f"{name:<10} {counts}")
    failed = [name for name, counts in rows if not counts.is_good]
    assert not failed, f"the conformance suite fails on {', '.join(failed)}"


@dataclass(frozen=True, slots=True)
class Counts:
    """How the suite ended on a runtime.

    Attributes:
        passed: Tests.
        failed: Tests, those that could not be set up included.
        skipped: Tests.
        status: Exit code of it all.
    """

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    status: int = 0

    @property
    def is_good(self) -> bool:
        """True when something ran and all of it passed."""
        return self.passed > 0 and self.failed == 0 and self.status == 0

    def __str__(self) -> str:
        ended = f", exit code {self.status}" if self.status else ""
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped{ended}"


def try_runtime(run: Run, runtime: Runtime) -> Counts:
    """Run the suite in a userland; what it prints is shown."""
    command = ["nice", str(ROOT / ".ci" / "userland"), runtime.suite, str(SECONDS), runtime.command()]
    last = ""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            run.say(line.rstrip("\n"))
            last = line if COUNT.search(line) else last
    return read_counts(last, child.returncode)


def read_counts(line: str, status: int) -> Counts:
    """The counts of pytest's closing line.

    Args:
        line: It, or anything when the suite came to none.
        status: Exit code.
    """
    found = {word.rstrip("s"): int(number) for number, word in COUNT.findall(line)}
    failed = found.get("failed", 0) + found.get("error", 0)
    return Counts(found.get("passed", 0), failed, found.get("skipped", 0), status)
