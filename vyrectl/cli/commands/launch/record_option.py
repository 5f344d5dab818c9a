"""`launch --record [KIND:]FILE`: which replay log, and what its records stand for. Standard library only.

The invariant: a name that could be meant otherwise is still to be had, as a path (`./publications`).
"""

from __future__ import annotations

from pathlib import Path

from vyrectl.cli.output import Output
from vyrectl.errors import UsageError
from vyrectl.protocol.replay import LogKind

KINDS = (LogKind.ENDINGS, LogKind.PUBLICATIONS)
LOG_SUFFIX = ".vrrl"
"""Of the log beside a ring that a kind alone stands for."""


def parse_record(text: str | None, ring: Path, output: Output) -> tuple[Path | None, LogKind]:
    """The log, or None, and its kind.

    Args:
        text: `FILE`, `KIND:FILE`, or a kind alone for the log RING.vrrl, which is then said aloud.
        ring: The launched ring.
        output: Where that is said.

    Raises:
        UsageError: Nothing behind the kind, or no name at all.
    """
    if text is None:
        return None, LogKind.ENDINGS
    word, colon, name = text.partition(":")
    kind = next((one for one in KINDS if word == one), None)
    if kind is None:
        kind, name = LogKind.ENDINGS, text
    elif not colon:
        name = f"{ring}{LOG_SUFFIX}"
        output.talk(f"{kind} go to {name}; --record ./{word} names a file")
    if not name:
        raise UsageError(
            f"--record {text!r} names no file",
            fix=f"Name the log: --record {kind}:run{LOG_SUFFIX}, or --record {kind} for RING{LOG_SUFFIX}",
        )
    return Path(name), kind
