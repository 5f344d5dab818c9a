"""Photographs of `vyrectl report`, light and dark, as a browser shows the page of a seeded ring.

They are no test's measure, since fonts and the time of the page differ from machine to machine: a test holds only
that they are there and how bright they are. Needs Chromium. Make them anew when the page looks different.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from vyrectl.devtools.pictures import FOLDER
from vyrectl.devtools.readme import environment

SCHEMES = {"light": (), "dark": ("--force-dark-mode", "--blink-settings=preferredColorScheme=0")}
"""Name of a photograph -> what the browser is told beside."""

RING = (
    "vyrectl build work.bin --synthetic 1000 --seed 7",
    "vyrectl set work.bin state=running 40-47",
    "vyrectl transition work.bin fault 3,17,29 --code out_of_range",
    "vyrectl report work.bin --output report.html",
)
"""Commands that make the page."""

_BROWSER = (
    "chromium",
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--hide-scrollbars",
    "--virtual-time-budget=8000",
    "--window-size=1000,1280",
)


def picture_path(scheme: str) -> Path:
    """Where a photograph lies, relative to the repository."""
    return FOLDER / f"report-{scheme}.png"


def photograph(root: Path) -> Iterator[Path]:
    """Write every photograph below the repository at `root`, and give its path.

    Raises:
        CalledProcessError: A command or the browser failed.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for command in RING:
            subprocess.run(
                ["bash", "-c", command], cwd=folder, env=environment(folder), capture_output=True, check=True
            )
        for scheme, switches in SCHEMES.items():
            target = root / picture_path(scheme)
            page = (folder / "report.html").as_uri()
            own = (f"--user-data-dir={folder / scheme}", f"--screenshot={target.resolve()}")
            subprocess.run([*_BROWSER, *switches, *own, page], capture_output=True, check=True, timeout=150)
            yield picture_path(scheme)
