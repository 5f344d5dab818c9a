"""The conformance suite on other OpenCL runtimes: PoCL 6 (Debian 13), PoCL 7 (Debian sid), Intel's from PyPI alone."""

from __future__ import annotations

import subprocess

from tests.long._run import ROOT, Run

SETUP = "apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv libatomic1 ca-certificates"
ENVIRONMENT = "python3 -m venv .venv && .venv/bin/pip install --quiet"
SUITE = "PATH=$PWD/.venv/bin:$PATH .venv/bin/python -m pytest -q -p no:cacheprovider -n0 tests/conformance"
READY = ".venv/bin/vyrectl doctor"

RUNTIMES: dict[str, tuple[str, str]] = {
    "PoCL 6": ("trixie", f"{SETUP} pocl-opencl-icd && {ENVIRONMENT} -e '.[test]' && {READY} && {SUITE}"),
    "PoCL 7": ("sid", f"{SETUP} pocl-opencl-icd && {ENVIRONMENT} -e '.[test]' && {READY} && {SUITE}"),
    "Intel": ("trixie", f"{SETUP} && {ENVIRONMENT} -e '.[cpu,test]' && {READY} && {SUITE}"),
}
"""Name -> the Debian suite of its userland, and what is run there."""

SECONDS = 3600
"""What a runtime gets."""


def run(run: Run) -> None:
    """Each runtime in a userland of its own (`.ci/userland`); of fixed length. Needs root and mmdebstrap."""
    failed = []
    for name, (suite, command) in RUNTIMES.items():
        if run.device and run.device.lower() not in name.lower():
            continue
        ended = subprocess.run(["nice", ROOT / ".ci" / "userland", suite, str(SECONDS), command], check=False)
        run.say(f"{name}: {'passed' if ended.returncode == 0 else f'failed with {ended.returncode}'}")
        failed += [name] if ended.returncode else []
    assert not failed, f"the conformance suite fails on {', '.join(failed)}"
