"""The repository's generated files: which there are, whether they are current, and how to write them anew."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vyrectl import docs
from vyrectl.cli.completion.render import render_scripts
from vyrectl.devtools import layer_picture
from vyrectl.devtools.cheader import c_header
from vyrectl.devtools.engineheader import engine_header
from vyrectl.devtools.kernelheader import kernel_header
from vyrectl.devtools.liveheader import live_header
from vyrectl.devtools.manual import manual_pages
from vyrectl.devtools.tables import fill_places

UPDATE = "python -m vyrectl.devtools generate"
"""What brings every generated file up to date."""


@dataclass(frozen=True, slots=True)
class Generated:
    """One generated file.

    Attributes:
        path: Relative to the repository.
        wanted: What it should hold.
        found: What it holds, or None when it is missing.
    """

    path: Path
    wanted: str
    found: str | None

    @property
    def is_current(self) -> bool:
        """True when nothing need be written."""
        return self.wanted == self.found

    def diff(self) -> str:
        """A unified diff from what is there to what should be."""
        old, new = (self.found or "").splitlines(), self.wanted.splitlines()
        names = (f"{self.path} (found)", f"{self.path} (wanted)")
        return "\n".join(difflib.unified_diff(old, new, *names, n=1, lineterm=""))


def generated_files(root: Path) -> Iterator[Generated]:
    """Every generated file of the repository at `root`."""
    yield _generated(root, Path("kernels/include/vyre_abi.h"), c_header())
    yield _generated(root, Path("kernels/include/vyre_engine.h"), engine_header())
    yield _generated(root, Path("kernels/include/vyre_kernels.h"), kernel_header())
    yield _generated(root, Path("kernels/include/vyre_live.h"), live_header())
    for name, text in render_scripts().items():
        yield _generated(root, Path("completions") / name, text)
    for name, text in manual_pages().items():
        yield _generated(root, Path("completions/man") / name, text)
    yield _generated(root, layer_picture.PATH, layer_picture.layer_picture(root))
    for path in documents(root):
        text = (root / path).read_text(encoding="utf-8")
        yield Generated(path, fill_places(text, str(path)), text)


def documents(root: Path) -> list[Path]:
    """The README and the pages of the documentation, relative to the repository at `root`."""
    pages = [Path("vyrectl/docs") / f"{name}.md" for name in docs.NAMES]
    return [path for path in (Path("README.md"), *pages) if (root / path).exists()]


def write_generated(root: Path) -> list[Path]:
    """Write the files that differ and return their paths."""
    changed = [file for file in generated_files(root) if not file.is_current]
    for file in changed:
        target = root / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(file.wanted, encoding="utf-8", newline="\n")
    return [file.path for file in changed]


def _generated(root: Path, path: Path, wanted: str) -> Generated:
    target = root / path
    return Generated(path, wanted, target.read_text(encoding="utf-8") if target.exists() else None)
