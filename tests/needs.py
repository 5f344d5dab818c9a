"""What a test wants of the machine that it runs on. No other module of the tests skips anything.

Two reasons, two helpers. *Needs*: a program, driver or package that `.ci/run` installs; without it a test is skipped at
home and fails in CI (`CI` in the environment), where nothing may go untested unseen. *Facts*: what no installation
changes (a device without that feature, a file system, a user's rights); the test is skipped anywhere, and says why.

Each comes as a decorator and as a call inside a test. A test with a parameter for each device needs neither:
`tests/conformance/test_backends.py` fails in CI where there is none.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from typing import NoReturn

import pytest

MARK = "needs"
"""The mark that `tests/conftest.py` looks at before it sets a test up; its arguments are those of `require`."""

PACKAGES = {
    "promtool": "prometheus",
    "man": "man-db",
    "cc": "gcc",
    "setpriv": "util-linux",
    "unshare": "util-linux",
}
"""Debian's package of a program that has another name than its package."""

ATHERIS_IS_BUILT = (sys.platform, platform.machine()) == ("linux", "x86_64") and sys.version_info < (3, 15)
"""Whether there is an atheris for this machine; `pyproject.toml` installs it where there is."""


def require(present: bool, reason: str) -> None:
    """Go on if it is there; otherwise fail in CI, which installs it, and skip elsewhere."""
    if present:
        return
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)  # at home only: what is missing can be installed, and `reason` says how


def needs(present: bool, reason: str) -> pytest.MarkDecorator:
    """`require`, before the test or each test of a module is set up."""
    return pytest.mark.needs(present, reason)


def needs_tool(*names: str) -> pytest.MarkDecorator:
    """Programs on `PATH`."""
    return needs(not missing_tools(*names), without_tools(*names))


def require_tool(*names: str) -> None:
    """Programs on `PATH`."""
    require(not missing_tools(*names), without_tools(*names))


def require_atheris() -> None:
    """The fuzzer."""
    if not ATHERIS_IS_BUILT:
        does_not_apply("atheris is built for Python up to 3.14 on 64-bit x86 Linux alone")
    require(find_spec("atheris") is not None, "atheris not found: pip install -e '.[test]'")


def missing_tools(*names: str) -> list[str]:
    """Those of the programs that are not on `PATH`."""
    return [name for name in names if shutil.which(name) is None]


def without_tools(*names: str) -> str:
    """What to type when some of the programs are missing."""
    missing = missing_tools(*names)
    packages = " ".join(PACKAGES.get(name, name) for name in missing)
    return f"{' and '.join(missing)} not found: apt-get install {packages}"


def only_where(fact: bool, otherwise: str) -> pytest.MarkDecorator:
    """For tests of something that this machine has or has not; `otherwise` says what it is like without."""
    return pytest.mark.skipif(not fact, reason=otherwise)


def needs_own_mounts() -> pytest.MarkDecorator:
    """For tests that mount something for themselves alone (`unshare -m`)."""
    return only_where(
        _has_own_mounts(), "no mounts of one's own here: no right to, or the root folder is no mount"
    )


@cache
def _has_own_mounts() -> bool:
    """Also where there is no `unshare`, which is another reason."""
    unshare = shutil.which("unshare")
    return unshare is None or subprocess.run([unshare, "-m", "true"], capture_output=True).returncode == 0


def does_not_apply(otherwise: str) -> NoReturn:
    """`only_where` for what shows in the middle of a test."""
    pytest.skip(otherwise)  # a fact of this machine or device, which `otherwise` tells
