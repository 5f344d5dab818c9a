"""The advice of a finding: words, and a command as the user would type it, with what is known in its places.

Standard library only. The invariant: whatever begins with ``vyrectl`` in an advice, or with what ends a process, is its
end, one line, quoted for a shell, and does what the words say when it is run as it stands.
"""

from __future__ import annotations

from collections.abc import Mapping

from vyrectl.shell import PROGRAM, STDIN, file_argument

SAVED_AS = "ring.bin"
"""What a ring that came by a pipe is called in advice: it has to be saved before a second command can read it."""

EXAMPLES: Mapping[str, str] = {
    "ring": "RING",
    "file": "RING",
    "cut": "NEW",
    "offset": "BYTES",
    "whole": "N",
    "slots": "SLOTS",
    "look": "--slots SLOTS",
    "resume_epoch": "EPOCH",
    "counters": "age_ticks=0",
    "masks": "mask.TENANT=open",
    "control": "CONTROL",
    "debug_log": "DEBUG_LOG",
    "io_queue": "IO_QUEUE",
}
"""What stands in a command's places where no ring is looked at."""


BEGINNINGS = (f"{PROGRAM} ", "kill -TERM ")
"""How commands begin."""


def split_advice(text: str) -> tuple[str, str | None]:
    """An advice's words, without what leads over to a command, and the command; None where there is none."""
    at = min((at for at in map(text.find, BEGINNINGS) if at >= 0), default=-1)
    if at < 0:
        return text, None
    return text[:at].rstrip().rstrip(":"), text[at:]


def fill_advice(text: str, places: Mapping[str, str]) -> str:
    """An advice with what is known in its places; a place that nothing is known of stays for a later look."""
    for name, value in places.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def named_file(name: str) -> str:
    """A ring's file as an argument."""
    return file_argument(SAVED_AS if name == STDIN else name)


def saved_first(text: str, name: str) -> str:
    """The same advice for a ring that came by a pipe, which no command can read again."""
    words, command = split_advice(text)
    if name != STDIN or command is None:
        return text
    lead = f"{words[0].lower()}{words[1:]}: " if words else ""
    return f"Save the bytes as {SAVED_AS}, then {lead}{command}"
