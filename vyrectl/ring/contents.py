"""What a command writes into a file, and whether a file that is there already may give way to it.

The invariant: what vyrectl wrote under a name may be written again under it, and no file of another kind is replaced
without a word. A kind is told by content, never by names; nothing of an empty file can be lost. Standard library only.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import PurePath
from shlex import quote

from vyrectl.abi.limits import SLOT_BYTES, WORD_BYTES
from vyrectl.dataclass import dataclass
from vyrectl.errors import OtherKindError
from vyrectl.files.place import StrPath
from vyrectl.ring.findings.likeness import HEAD_BYTES, why_no_ring
from vyrectl.ring.kinds import LOOKED_AT_BYTES, Certainty, FileKind, Verdict, file_bytes, identify
from vyrectl.ring.refusals import is_another, looks_full_of_tasks, why_not


@dataclass(frozen=True, slots=True)
class Content:
    """One kind of file that is written.

    Attributes:
        noun: It in words, with its article.
        begins: What the beginning of such a file matches; None for a buffer of the runtime, which has no mark.
        kind: The buffer that it is.
    """

    noun: str
    begins: re.Pattern[bytes] | None = None
    kind: FileKind = FileKind.UNKNOWN

    def takes(self, data: memoryview, verdict: Verdict) -> bool:
        """True when such bytes are of this kind."""
        if self.begins is not None:
            return self.begins.match(data[:LOOKED_AT_BYTES]) is not None
        return _is_buffer(data, verdict, self.kind)


def _marked(noun: str, pattern: bytes) -> Content:
    return Content(noun, re.compile(pattern, re.DOTALL))


RING = Content("a ring", kind=FileKind.RING)
CONTROL = Content("a control buffer", kind=FileKind.CONTROL)
DEBUG_LOG = Content("a debug log", kind=FileKind.DEBUG_LOG)
REPLAY_LOG = _marked("a replay log", rb"VRRL")
ARRAY = _marked("a numpy array", rb"\x93NUMPY")
PNG = _marked("a PNG picture", rb"\x89PNG\r\n")
SVG = _marked("an SVG picture", rb"(?:\s|<\?xml.*?\?>|<!--.*?-->|<!DOCTYPE svg.*?>)*<svg\b")
PDF = _marked("a PDF document", rb"%PDF")
PARQUET = _marked("a Parquet file", rb"PAR1")
ARROW = _marked("an Arrow file", rb"ARROW1")
PAGE = _marked("a page of vyrectl report", rb".*<title>vyrectl report: ")
TRACE = _marked("a trace", rb'\s*\{[^\[]*"(?:traceEvents|displayTimeUnit)"')
METRICS = _marked("OpenMetrics text", rb"# (?:TYPE|HELP|UNIT|EOF)\b")
HISTORY = _marked("a history of snapshots", rb'[^\0]*"(?:schema": ?"vyrectl\.snapshot/|ready_count")')

_BY_SUFFIX: Mapping[str, Content] = {
    ".svg": SVG,
    ".pdf": PDF,
    ".parquet": PARQUET,
    ".pq": PARQUET,
    ".arrow": ARROW,
    ".feather": ARROW,
    ".ipc": ARROW,
}


def content_of(path: StrPath | None, usual: Content) -> Content:
    """What is written under a name whose ending chooses the format.

    Args:
        path: The name; None when nothing is written.
        usual: What is written without one of the endings.
    """
    return usual if path is None else _BY_SUFFIX.get(PurePath(path).suffix.lower(), usual)


def check_replaceable(option: str, path: StrPath, content: Content, *, is_forcible: bool) -> None:
    """Leave alone a file of another kind that stands where one is to be written.

    Args:
        option: The option that names it, for the message.
        path: The place; there may be nothing.
        content: What is to be written.
        is_forcible: The command has `--force`, which the message then names.

    Raises:
        OtherKindError: There is a file of another kind.
        FileError: It cannot be looked at.
    """
    if not os.path.isfile(path) or not os.path.getsize(path):
        return
    with file_bytes(path) as data:
        verdict = identify(data)
        if content.takes(data, verdict):
            return
    name = os.fspath(path)
    error = OtherKindError(
        f"{option} would replace a file of another kind: {why_not(verdict, content.noun)}",
        str(verdict.kind),
        str(verdict.certainty),
        where=name,
        fix=f"Give another name, or keep it under another: mv -n {quote(name)} {quote(f'{name}.old')}",
    )
    if is_forcible:
        error.fix = "Give another name, or replace it with --force"
        error.again = {"--force": ""}
    raise error


def _is_buffer(data: memoryview, verdict: Verdict, wanted: FileKind) -> bool:
    """True when bytes may be a buffer of the runtime: their words decide little, so that a doubt speaks for it."""
    if wanted is FileKind.RING:
        return _is_ring(data, verdict)
    if verdict.kind is FileKind.RING and looks_full_of_tasks(bytes(data[:LOOKED_AT_BYTES])):
        return False
    if verdict.certainty is Certainty.UNSURE or verdict.kind is FileKind.RING:
        return len(data) % WORD_BYTES == 0
    return not is_another(verdict, wanted)


def _is_ring(data: memoryview, verdict: Verdict) -> bool:
    return (
        verdict.may_be_ring
        and len(data) % SLOT_BYTES == 0
        and why_no_ring(bytes(data[:HEAD_BYTES]), data) is None
    )
