"""What to type on each kind of system."""

from __future__ import annotations

import platform

import pytest

from vyrectl.opencl.hints import INSTALL, install_hint, system_family

DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n'


@pytest.fixture(autouse=True)
def linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONDA_PREFIX", raising=False)
    monkeypatch.setattr(platform, "system", lambda: "Linux")


@pytest.mark.parametrize(
    ("os_release", "family"),
    [
        (DEBIAN, "debian"),
        ('ID=ubuntu\nID_LIKE=debian\nNAME="Ubuntu"', "debian"),
        ("ID=linuxmint\nID_LIKE='ubuntu debian'", "debian"),
        ("ID=fedora", "fedora"),
        ('ID="rocky"\nID_LIKE="rhel centos fedora"', "fedora"),
        ("ID=amzn\nID_LIKE=fedora", "fedora"),
        ("ID=manjaro\nID_LIKE=arch", "arch"),
        ("ID='arch'", "arch"),
        ('ID="opensuse-leap"\nID_LIKE="suse opensuse"', "suse"),
        ("ID=alpine", "alpine"),
        ("ID=haiku", "debian"),
        ("", "debian"),
        ("no equals sign\n=\n\x00", "debian"),
    ],
)
def test_family_of_an_os_release(os_release: str, family: str) -> None:
    assert system_family(os_release) == family


def test_conda_and_macos_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    assert system_family(DEBIAN) == "macos"
    monkeypatch.setenv("CONDA_PREFIX", "/opt/conda")
    assert system_family(DEBIAN) == "conda"


def test_the_hint_names_a_command_and_one_that_needs_no_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONDA_PREFIX", "/opt/conda")
    assert INSTALL["conda"] in install_hint()
    if (platform.system(), platform.machine()) == ("Linux", "x86_64"):
        assert "pip install intel-opencl-rt intel-cmplr-lib-rt" in install_hint()
