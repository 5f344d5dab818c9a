"""What the ending of a file's name promises, held against what would be written under it, before any work.

The invariant: no command writes a file whose name says one format and whose content is another. Endings that nobody
knows promise nothing and are taken as they are. Standard library and errors only.
"""

from __future__ import annotations

from os import PathLike
from pathlib import PurePath

from vyrectl.errors import UsageError

KNOWN: dict[str, str] = {
    **dict.fromkeys(("png", "jpg", "jpeg", "gif", "webp", "bmp", "tif", "tiff", "ppm"), "a picture"),
    **dict.fromkeys(("svg", "pdf", "eps", "ps"), "a vector picture"),
    **dict.fromkeys(("html", "htm", "md", "rst", "tex"), "a page"),
    **dict.fromkeys(("csv", "tsv"), "a table of text"),
    **dict.fromkeys(("json", "jsonl", "ndjson"), "JSON"),
    **dict.fromkeys(("toml", "yaml", "yml", "ini", "xml"), "a document"),
    **dict.fromkeys(("arrow", "feather", "ipc", "parquet", "orc", "avro"), "Arrow or Parquet columns"),
    **dict.fromkeys(("npy", "npz"), "numpy arrays"),
    **dict.fromkeys(("xlsx", "xls", "ods", "db", "sqlite", "duckdb", "h5"), "a spreadsheet or a database"),
    **dict.fromkeys(("gz", "bz2", "xz", "zst", "lz4", "zip", "tar", "7z"), "packed files"),
    **dict.fromkeys(("cl", "py", "c", "h", "sh"), "source"),
    **dict.fromkeys(("txt", "log"), "text"),
    "prom": "metrics",
}
"""Ending -> what a file with it is expected to hold."""

PNG = ("png",)
RING: tuple[str, ...] = ()
NPY = ("npy",)
TRACE = ("json",)
HTML = ("html", "htm")
METRICS = ("prom", "txt")
HISTORY = ("jsonl", "ndjson", "json", "log", "txt")


def check_ending(path: str | PathLike[str] | None, content: str, taken: tuple[str, ...]) -> None:
    """Refuse a name that promises what would not be in the file.

    Args:
        path: Where it would be written; nothing is said of None and of standard output.
        content: What would be written, for example "a PNG picture".
        taken: The known endings that go with it.

    Raises:
        UsageError: The ending is a known one, and none of those.
    """
    if path is None or str(path) == "-":
        return
    ending = PurePath(path).suffix.lower()
    promised = KNOWN.get(ending[1:])
    if promised is None or ending[1:] in taken:
        return
    better = f".{taken[0]}" if taken else ".bin"
    raise UsageError(
        f"{content} would be written under a name that ends in {ending}, which promises {promised}",
        where=str(path),
        fix=f"Name it {PurePath(path).with_suffix(better)}",
    )
