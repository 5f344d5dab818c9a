"""Files that the defining runtime wrote, and what its own decoders say of them: see README.md beside this."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
FILES = FOLDER / "files"
KINDS = ("control", "ring", "debug", "io")
"""The four buffers of an all-in-one file, in their order."""


@cache
def manifest() -> dict[str, dict[str, str]]:
    """File name -> its line of MANIFEST.tsv, by column."""
    head, *lines = (FOLDER / "MANIFEST.tsv").read_text(encoding="utf-8").splitlines()
    columns = head.split("\t")
    rows = [dict(zip(columns, line.split("\t"), strict=True)) for line in lines]
    return {row["file"]: row for row in rows}


def names(*beginnings: str, end: str = "") -> list[str]:
    """Files whose name begins and ends so, ascending."""
    return sorted(name for name in manifest() if name.startswith(beginnings or "") and name.endswith(end))


def path(name: str) -> Path:
    """Where a file lies."""
    return FILES / name


def data(name: str) -> bytes:
    """A file's bytes."""
    return path(name).read_bytes()


def answers(name: str) -> dict[str, Any]:
    """What the runtime's functions said of a file, under the functions' names."""
    text = (FOLDER / "answers" / f"{name}.answer.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)["answers"]
    return found


def is_altered(name: str) -> bool:
    """True when the bytes are not the runtime's any more."""
    return "altered" in manifest()[name]["origin"]


def parts(name: str) -> dict[str, bytes]:
    """The four buffers of a `kernel-*.bin` file, by kind."""
    whole = data(name)
    places = answers(name)
    if "parts" in places:
        cuts = {kind: (offset, size) for kind, offset, size in places["parts"]}
    else:
        cuts = {kind: (places[kind]["offset"], places[kind]["size_bytes"]) for kind in KINDS}
    return {kind: whole[offset : offset + size] for kind, (offset, size) in cuts.items()}
