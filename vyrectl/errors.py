"""Every error that vyrectl raises on purpose, in one tree.

Each error says *what* went wrong, *where* (a slot, word, line, byte or path) and what to do about it (*fix*).
The command line turns any of them into one message and one exit code, here and nowhere else decided:

| exit | family |
|---|---|
| 1 | `FileError` (missing, unreadable, disk full, `RingHeldError`) and anything without a family of its own |
| 2 | `UsageError` (an unknown name, a malformed `--where` or slot list) |
| 3 | `InvalidInputError` (`RingFormatError`, `UnknownStateError`, `WireBufferError`, bad tables, bad requests) |
| 4 | `LifecycleError` (`IllegalTransitionError`, `CounterOverflowError`), `SnapshotOverflowError` |
| 5 | `DeviceError` (none usable, a build that fails, a device or kernel that died) |
| 6 | `VerifyError` |
| 128 + n | `StoppedError`: signal n ended the command |
| the other process's | `LaunchStoppedError`, `ConvergeKilledError`, `RelayedError` |

Anything else that escapes is a bug and keeps its traceback. Errors are pickled and copied whole, into another process
for example; like every exception one is equal to itself alone: compare `to_record()`. May import the standard library
only.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict

from vyrectl.dataclass import dataclass
from vyrectl.shell import pip_install

SIGNAL_EXIT = 128
"""What an exit code adds to the number of a signal."""

LIMIT_EXIT = 124
"""Exit code of work that its time or its number of steps ended."""

SHOWN_REASONS = 6
"""Reasons that a message of `UnrunnableTasksError` lists before it only counts."""

Relayed = Any
"""A value of a record that another process made. Any: each of its keys has a type of its own."""

_LONG_WORD = re.compile(r"\S{500,}")
"""Longer than anything that a message is about: a number of thousands of digits, a text that was given for a name."""


def _cut(found: re.Match[str]) -> str:
    return f"{found[0][:40]}... ({len(found[0])} characters)"


def stopped_code(signal_received: int | None) -> int:
    """Exit code of work that was ended: by a signal, or without one by its limits."""
    return SIGNAL_EXIT + signal_received if signal_received else LIMIT_EXIT


class VyrectlError(Exception):
    """Base of the tree.

    Args:
        what: One sentence, no trailing period, that says what went wrong.
        where: The place, for example ``ring.bin, slot 3`` or ``tasks.csv, line 7``.
        fix: What the reader can do about it.

    Attributes:
        exit_code: What the command line exits with.
        kind: A stable machine name, used as ``error`` in JSON output.
        particulars: Attributes that JSON output shows too, by their names.
        again: Options that make the same command work, and their values; the command line shows it with them.
        instead: Another command that helps, word by word; the command line shows it with the options that were given.
    """

    exit_code = 1
    kind = "error"
    particulars: Sequence[str] = ()
    again: Mapping[str, str] = {}
    instead: Sequence[str] = ()

    def __init__(self, what: str, *, where: str | None = None, fix: str | None = None) -> None:
        what = _LONG_WORD.sub(_cut, what)
        super().__init__(what)
        self.what = what
        self.where = where
        self.fix = fix

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}. {self.fix}" if self.fix else text

    def __reduce__(self) -> tuple[object, ...]:
        """Copied and pickled with every attribute; the arguments of the constructor need not be known again."""
        return _as_it_was, (type(self), self.args), self.__dict__

    def details(self) -> dict[str, object]:
        """Machine-readable particulars beside the texts (numbers a caller would otherwise parse)."""
        found = {name: getattr(self, name) for name in self.particulars}
        return {name: list(one) if isinstance(one, tuple) else one for name, one in found.items()}

    def at(self, where: str) -> VyrectlError:
        """Return this error with the place set, unless it already names one."""
        if self.where is None:
            self.where = where
        return self

    def to_record(self) -> dict[str, object]:
        """The error as the JSON object that ``--json`` prints on stderr."""
        return {
            "schema": "vyrectl.error/1",
            "error": self.kind,
            "message": self.what,
            "where": self.where,
            "fix": self.fix,
            "exit_code": self.exit_code,
            **self.details(),
        }


def _as_it_was(cls: type[VyrectlError], arguments: tuple[object, ...]) -> VyrectlError:
    return cls.__new__(cls, *arguments)


class StoppedError(VyrectlError):
    """A signal ended the command before it was through.

    Attributes:
        exit_code: 128 and the signal's number.
    """

    kind = "stopped"
    particulars = ("signal",)

    def __init__(
        self, name: str, number: int, files: str = "a file that it was writing is the old one or the new"
    ) -> None:
        super().__init__(f"stopped by {name}", fix=f"Run the command again; {files}")
        self.signal = name
        self.exit_code = SIGNAL_EXIT + number


class TimeLimitError(VyrectlError):
    """A command's time limit was over before its work began.

    Attributes:
        exit_code: 124, as when the work itself meets the limit.
        waiting: What it waited for, pipes by name; empty where it waited for none.
    """

    kind = "time_limit"
    exit_code = 124

    def __init__(self, seconds: float, waiting: str = "") -> None:
        waited = f", waiting for {waiting}," if waiting else ""
        super().__init__(
            f"the limit of {seconds:g} s was over before the work began{waited} and nothing was done",
            fix="Have somebody write it to its end, or raise --timeout" if waiting else "Raise --timeout",
        )
        self.waiting = waiting

    def details(self) -> dict[str, object]:
        """What it waited for."""
        return {"waiting": self.waiting} if self.waiting else {}


# --- exit 1: files ------------------------------------------------------------------------------------------


class FileError(VyrectlError):
    """A path that is missing, unreadable, unwritable, or a disk that is full.

    Attributes:
        errno: The operating system's number for it, when it was the one to refuse.
    """

    kind = "file"

    def __init__(
        self, what: str, *, where: str | None = None, fix: str | None = None, errno: int | None = None
    ) -> None:
        super().__init__(what, where=where, fix=fix)
        self.errno = errno

    def details(self) -> dict[str, object]:
        """The name of the operating system's error, ``ENOSPC`` for example."""
        from errno import errorcode

        found = {} if self.errno is None else {"errno": errorcode.get(self.errno, str(self.errno))}
        return {**found, **super().details()}

    @classmethod
    def from_os_error(cls, error: OSError, path: object, *, doing: str) -> FileError:
        """Wrap an operating-system error; ``doing`` completes "cannot ..."."""
        reason = error.strerror or str(error)
        name = str(path)
        if error.errno == errno.ENAMETOOLONG:
            name = f"{name[:40]}... ({len(name)} characters)"
        return cls(
            f"cannot {doing}: {reason[:1].lower()}{reason[1:]}",
            where=name,
            fix=_GONE_FIX if _misses_folder(error) else _file_fix(error, str(path), doing),
            errno=error.errno,
        )


CHECK_PATH = "Check the path"
"""What to do about a path that leads nowhere."""


def check_path(path: str) -> str:
    """The same, with the name of a file that lies there and was probably meant."""
    from vyrectl.near import meant_path

    meant = meant_path(path)
    return f"{CHECK_PATH}. {meant}" if meant else CHECK_PATH


def _file_fix(error: OSError, path: str, doing: str) -> str | None:
    if error.errno == errno.ENOENT and doing.partition(" ")[0] not in _MAKING:
        return check_path(path)
    return _FILE_FIXES.get(error.errno or 0)


_MAKING = frozenset({"append", "create", "end", "make", "write"})
"""What is done to a file that may be new: another one that lies there is not meant."""

_FILE_FIXES = {
    errno.ENOENT: CHECK_PATH,
    errno.ENOTDIR: CHECK_PATH,
    errno.EACCES: "Check the permissions of the file and of its folder",
    errno.EPERM: "The file or its folder is protected (chattr +i, a sticky folder, another owner): work on a copy",
    errno.EISDIR: "Name a file, not a folder",
    errno.EFAULT: "A file that was being read got shorter; run the command again",
    errno.EBUSY: "Something is mounted there: mount its folder instead of the file, or work on a copy",
    errno.EXDEV: "Its folder and the file lie on two file systems: mount the folder, or work on a copy",
    errno.EINVAL: "That file system cannot do it: work on a copy on another one",
    errno.ENOLCK: "That file system gives no locks: work on a copy on another one, or mount it with locks",
    errno.ENOSYS: "That file system cannot do it: work on a copy on another one",
    errno.EOPNOTSUPP: "That file system cannot do it: work on a copy on another one",
    errno.ESTALE: "The server has replaced or removed the file: open its folder again and run the command again",
    errno.EIO: "The disk or the network failed; look at the system's log",
    errno.EMFILE: "Raise the limit on open files: ulimit -n 4096",
    errno.ENFILE: "The system has too many open files; close some programs",
    errno.ELOOP: "A symlink leads to itself, or stands where a file has to be; check the path",
    errno.ENAMETOOLONG: "Use a shorter name",
    errno.ETXTBSY: "A program is running from that file; work on a copy",
    errno.ENOSPC: "Free some space; the file on disk is unchanged",
    errno.EDQUOT: "Free some of your quota; the file on disk is unchanged",
    errno.EFBIG: "Raise the limit on file sizes; the file on disk is unchanged",
    errno.EROFS: "Write to another place; this file system is read-only",
}


_GONE_FIX = "The current folder is gone: change to one that exists (cd /), or name files by their whole paths"


class NotSaved(TypedDict):
    """An output that could not be written: where, why, and what to do about it."""

    where: str | None
    message: str
    fix: str | None


class OutputsError(FileError):
    """Some of the outputs of a run could not be saved; all the others were.

    Args:
        failures: For each of them `where`, `message` and `fix`.

    Attributes:
        report: What the run did, where the caller has no other way to it.
    """

    kind = "outputs"
    report: object = None

    def __init__(self, failures: Sequence[NotSaved]) -> None:
        first = failures[0]
        place, what = first["where"], first["message"]
        if len(failures) > 1:
            place = None
            what = f"{len(failures)} outputs were not saved: " + "; ".join(
                f"{one['where']}: {one['message']}" for one in failures
            )
        fixes = dict.fromkeys(one["fix"] for one in failures if one["fix"])
        rest = "The run is over and its other outputs were saved"
        super().__init__(what, where=place, fix=". ".join([*fixes, rest]))
        self.failures = tuple(failures)

    def details(self) -> dict[str, object]:
        """What was not saved and why."""
        return {"not_saved": list(self.failures)}


class OutOfMemoryError(VyrectlError):
    """The system gives no more memory."""

    kind = "out_of_memory"

    def __init__(self) -> None:
        super().__init__(
            "there is not enough memory for this",
            fix="Free some, raise the limit (ulimit -v), or take a part: --offset, --count, --shard-slots",
        )


REFUSALS = (OSError, MemoryError, ImportError)
"""What Python raises where the system refuses something."""

_NO_ROOM = ("failed to map segment", "cannot allocate memory")
"""How the system's loader says that a library does not fit into the memory that this process may have."""


def from_system(error: OSError | MemoryError | ImportError) -> VyrectlError:
    """What the system refused, where no closer place has put it into words.

    A refusal is no bug: every process of ours ends with this message and exit code 1 rather than with a traceback.

    Raises:
        ImportError: The error itself, when no lack of memory caused it.
    """
    if isinstance(error, ImportError):
        if not lacks_memory(error):
            raise error
        return OutOfMemoryError()
    if isinstance(error, MemoryError) or error.errno == errno.ENOMEM:
        return OutOfMemoryError()
    if _misses_folder(error):
        return FileError(
            "the current folder is gone: it was deleted or its disk is away",
            where=None if error.filename is None else str(error.filename),
            fix=_GONE_FIX,
            errno=error.errno,
        )
    refused = FileError.from_os_error(error, error.filename or "", doing="go on")
    refused.where = refused.where or None
    return refused


def lacks_memory(error: ImportError) -> bool:
    """True when a library could not be loaded for want of memory."""
    text = str(error).lower()
    return any(words in text for words in _NO_ROOM)


def _misses_folder(error: OSError) -> bool:
    """True when a name was not found because the folder that it starts from was deleted."""
    if error.errno != errno.ENOENT:
        return False
    from os import getcwd

    try:
        getcwd()
    except OSError:
        return True
    return False


class RingHeldError(FileError):
    """Another process holds the ring's lock.

    Attributes:
        holder: Who, as the lock file or the kernel names it; None when neither does.
        by_another_name: It came by another name of the file, a hard link or a mount.
    """

    kind = "ring_held"
    particulars = ("holder",)

    def __init__(self, path: object, holder: str | None = None, *, by_another_name: bool = False) -> None:
        who = holder or "another process"
        way = ", which came by another name of the file" if by_another_name else ""
        super().__init__(
            f"the ring is held by {who}{way}",
            where=str(path),
            fix="Wait for it to end, or work on a copy",
        )
        self.holder = holder
        self.by_another_name = by_another_name


class MissingExtraError(VyrectlError):
    """An optional dependency that is not installed.

    Attributes:
        package: What is missing.
        extra: The extra of vyrectl that brings it, where vyrectl was installed from an index.
    """

    kind = "missing_extra"
    particulars = ("package", "extra")

    def __init__(self, doing: str, package: str, extra: str, beside: str | None = None) -> None:
        """Say what needs it; `beside` is another package of the extra, which may be missing as well."""
        needed = (package,) if beside is None else (package, beside)
        super().__init__(f"{doing} needs {package}, which is not installed", fix=pip_install(*needed))
        self.package = package
        self.extra = extra


class MissingLibraryError(VyrectlError):
    """A library of the system that is not installed."""

    kind = "missing_library"


class SidecarError(FileError):
    """The live sidecar of a ring cannot be used: absent, of another version, or of another ring."""

    kind = "sidecar"


class LiveEditError(VyrectlError):
    """An edit of a running ring that did not reach all of its slots.

    Attributes:
        changed: Slots that were changed.
        missed: Slot and the state word met there, for each that was not.
    """

    kind = "live_edit"

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        fix: str | None = None,
        changed: int = 0,
        missed: Sequence[tuple[int, int]] = (),
    ) -> None:
        super().__init__(what, where=where, fix=fix)
        self.changed = changed
        self.missed = tuple(missed)

    def details(self) -> dict[str, object]:
        """How many slots were changed, and those that were not with the states they are in."""
        return {
            "changed": self.changed,
            "missed": [{"slot": slot, "state": state} for slot, state in self.missed],
        }


class SessionEndedError(VyrectlError):
    """A live session that has ended, or ended before what was waited for."""

    kind = "session_ended"

    def __init__(self, what: str = "the session has ended") -> None:
        super().__init__(what, fix="Open another session")


class StalledError(VyrectlError):
    """A launch that stood still was told to end then."""

    exit_code = 7
    kind = "stalled"


class RingFullError(VyrectlError):
    """No slot of a live ring is free for another task.

    Attributes:
        slots: Slots of the ring.
    """

    kind = "ring_full"
    particulars = ("slots",)

    def __init__(self, slots: int, fix: str) -> None:
        text = "the one slot of the ring is" if slots == 1 else f"all {slots} slots of the ring are"
        super().__init__(f"{text} in use", fix=fix)
        self.slots = slots


# --- exit 2: usage ------------------------------------------------------------------------------------------


class UsageError(VyrectlError):
    """The caller asked for something that does not exist or does not parse."""

    exit_code = 2
    kind = "usage"


class ArgumentTypeError(UsageError, TypeError):
    """An argument of a Python call that is of another type than it takes; a `TypeError` too."""

    kind = "argument_type"


OWN_NAMES_FIX = "Names of your own come with --ops FILE.cl or --op-names FILE"
KNOWN_OPS_FIX = "`vyrectl ops` lists those that are known"


class UnknownNameError(UsageError):
    """A name (state, priority, op, field, device ...) that nothing bears."""

    kind = "unknown_name"

    def __init__(
        self,
        what: str,
        name: str,
        known: tuple[str, ...] = (),
        *,
        where: str | None = None,
        fix: str | None = None,
    ) -> None:
        import difflib

        close = difflib.get_close_matches(name.lower(), [k.lower() for k in known], n=1)
        if fix is None and close:
            fix = f"Did you mean {next(k for k in known if k.lower() == close[0])!r}?"
            fix += f" {OWN_NAMES_FIX}" if what == "op" else ""
        elif fix is None and known:
            fix = f"{OWN_NAMES_FIX}; {KNOWN_OPS_FIX}" if what == "op" else "Known: " + ", ".join(known)
        super().__init__(f"unknown {what} {name!r}", where=where, fix=fix)
        self.name = name


CONDITIONS = {
    "--where": ("state == paused and age > 8", "look"),
    "--alert": ("ready_count > 1000 and done_delta == 0 for 30s", "telemetry"),
}
"""Option that takes a condition -> one, and the page that tells the others."""


class WhereError(UsageError):
    """A ``--where`` or ``--alert`` expression that is not in the language; carries the column it fails at.

    Attributes:
        expression: The whole text.
        column: Zero-based column of the offending part.
    """

    kind = "where"
    particulars = ("expression", "column")

    def __init__(
        self, what: str, expression: str, column: int, *, fix: str | None = None, option: str = "--where"
    ) -> None:
        example, topic = CONDITIONS.get(option, CONDITIONS["--where"])
        fix = fix or f"A condition reads like '{example}'; all of the language: vyrectl help {topic}"
        super().__init__(what, where=f"{option}, column {column + 1}", fix=fix)
        self.expression = expression
        self.column = column

    def pointer(self) -> str:
        """The expression on one line, cut to what surrounds the offending column, with a caret under that."""
        start = max(0, self.column - 70)
        shown = " ".join(self.expression[start : start + 100].splitlines())
        return f"  {shown}\n  {' ' * (self.column - start)}^"

    def __str__(self) -> str:
        return f"{super().__str__()}\n{self.pointer()}"


# --- exit 3: input that is not what it should be ------------------------------------------------------------


def span_options(offset: int, count: int | None = None) -> dict[str, str]:
    """The options that read a ring inside a larger file; its slots where more lies behind it."""
    return {"--offset": str(offset), **({} if count is None else {"--count": str(count)})}


def _typed(options: Mapping[str, str]) -> str:
    return " ".join(map(" ".join, options.items()))


class InvalidInputError(VyrectlError):
    """A file, table, request or slot text whose content is wrong."""

    exit_code = 3
    kind = "invalid_input"


class RingFormatError(InvalidInputError):
    """Bytes that are not a ring (spec 1.1): a length that is no multiple of 64, or too many slots."""

    kind = "ring_format"

    def __init__(
        self, what: str, *, where: str | None = None, fix: str | None = None, left_over: int | None = None
    ) -> None:
        super().__init__(what, where=where, fix=fix)
        self.left_over = left_over
        self.offset: int | None = None

    def starting_at(self, offset: int, count: int | None) -> RingFormatError:
        """This error, saying at which byte of the file a ring seems to start, and its slots if more lies behind it."""
        self.offset = offset
        self.again = span_options(offset, count)
        self.fix = f"A ring seems to start further on: give {_typed(self.again)}"
        return self

    @classmethod
    def left_over_bytes(cls, length: int, *, slot_bytes: int, where: str | None = None) -> RingFormatError:
        """The length is not a whole number of slots."""
        left = length % slot_bytes
        return cls(
            f"{length} bytes are not a whole number of {slot_bytes}-byte slots: {left} bytes are left over",
            where=where,
            fix="Use --offset and --count if the ring lies inside a larger dump",
            left_over=left,
        )

    def details(self) -> dict[str, object]:
        """How many bytes are left over, when the length is at fault."""
        found = {} if self.left_over is None else {"left_over": self.left_over}
        return {**found, **super().details()}


class OtherKindError(RingFormatError):
    """A file of another kind where a ring belongs: a control buffer, a debug log, text, an archive.

    Attributes:
        file_kind: What it is, as `vyrectl open --json` names it.
        certainty: ``certain`` or ``likely``.
    """

    kind = "other_kind"
    particulars = ("file_kind", "certainty")

    def __init__(self, what: str, file_kind: str, certainty: str, *, where: str, fix: str) -> None:
        super().__init__(what, where=where, fix=fix)
        self.file_kind = file_kind
        self.certainty = certainty


class NotARingError(InvalidInputError):
    """A file that is to be written or launched and does not look like a ring.

    Attributes:
        offset: Where in it a ring seems to start, in bytes from its beginning; None when nothing says so.
    """

    kind = "not_a_ring"
    particulars = ("offset",)

    def __init__(
        self, what: str, *, where: str | None = None, offset: int | None = None, count: int | None = None
    ) -> None:
        super().__init__(what, where=where)
        self.offset = offset
        if offset is None:
            self.fix = "Check the path; --force goes on all the same"
            return
        self.again = span_options(offset, count)
        self.fix = (
            f"A ring seems to start further on: give {_typed(self.again)} (--force goes on all the same)"
        )


class UnknownStateError(InvalidInputError):
    """A state word outside spec 1.3.

    Attributes:
        word: The state word.
        slot: Index of the first slot that holds it, when known.
    """

    kind = "unknown_state"

    def __init__(self, word: int, slot: int | None = None, *, where: str | None = None) -> None:
        place = "" if slot is None else f" in slot {slot}"
        super().__init__(
            f"unknown({word}) is no task state{place}",
            where=where,
            fix="Look at the slot with `inspect`, or count such slots apart with `snapshot --lenient`",
        )
        self.word = word
        self.slot = slot

    def details(self) -> dict[str, object]:
        """The word and its slot."""
        return {"state": self.word, "slot": self.slot}


class WireBufferError(InvalidInputError):
    """A control buffer, debug log, I/O queue or ring (spec 3) that does not hold what was asked of it.

    Attributes:
        buffer: ``control``, ``debug_log``, ``io_queue`` or ``ring``.
    """

    kind = "wire_buffer"
    particulars: Sequence[str] = ("buffer",)

    def __init__(self, what: str, buffer: str, *, where: str | None = None, fix: str | None = None) -> None:
        super().__init__(what, where=where, fix=fix or "Give a dump of the whole buffer")
        self.buffer = buffer


class MisalignedBufferError(WireBufferError):
    """A length that is no whole number of words.

    Attributes:
        byte_length: Length of the buffer in bytes, no multiple of 4.
    """

    kind = "misaligned_buffer"
    particulars = ("buffer", "byte_length")

    def __init__(self, buffer: str, byte_length: int) -> None:
        left = byte_length % 4
        super().__init__(
            f"{byte_length} bytes are no whole number of words: {left} are left over", buffer=buffer
        )
        self.byte_length = byte_length


class MissingWordError(WireBufferError):
    """A word past the end of the buffer.

    Attributes:
        word: Index of the missing word, from 0.
        byte_length: The buffer's length.
    """

    kind = "missing_word"
    particulars = ("buffer", "word", "byte_length")

    def __init__(self, buffer: str, word: int, byte_length: int, why: str = "") -> None:
        super().__init__(why or f"there is no word {word} in {byte_length} bytes", buffer=buffer)
        self.word = word
        self.byte_length = byte_length


class BufferTooLongError(WireBufferError):
    """A buffer that would have words without a u32 index, or be longer than encoders make it."""

    kind = "buffer_too_long"

    def __init__(self, buffer: str, what: str, fix: str | None = None) -> None:
        super().__init__(what, buffer=buffer, fix=fix or "Ask for a shorter one")


class ReplayLogError(InvalidInputError):
    """A file that is no replay log (spec 3.7), or one whose records cannot be read.

    Attributes:
        reason: ``capacity``, ``header``, ``truncated``, ``marker`` or ``kind`` (records of the other kind).
    """

    kind = "replay_log"
    particulars = ("reason",)

    def __init__(self, what: str, reason: str, *, where: str | None = None, fix: str | None = None) -> None:
        super().__init__(what, where=where, fix=fix)
        self.reason = reason


class OpSourceError(InvalidInputError):
    """A source of operations that breaks a rule for them.

    Attributes:
        path: Path of the source as it was given.
        line: Where in it, from 1.
        rule: Which rule, a stable name.
    """

    kind = "op_source"
    particulars = ("path", "line", "rule")

    def __init__(self, what: str, path: object, line: int, *, rule: str, fix: str) -> None:
        super().__init__(what, where=f"{path}, line {line}", fix=fix)
        self.path = str(path)
        self.line = line
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Unrunnable:
    """Tasks that a launch would only fault, for one reason.

    Attributes:
        op_handle: Their operation.
        op_name: Its name, where it has one.
        handle: The handle that no buffer has, `args` for the argument table, or None when the operation is missing.
        inner: The operation inside a packed slot that nothing defines, or None.
        count: How many there are.
        first_slot: The first of them.
    """

    op_handle: int
    op_name: str | None
    handle: int | str | None
    inner: int | None
    count: int
    first_slot: int

    def __str__(self) -> str:
        number = f"0x{self.op_handle:x}"
        named = f"{self.op_name} ({number})" if self.op_name else f"operation {number}"
        if self.inner is not None:
            why = f"with operation 0x{self.inner:x} inside, which nothing defines"
        elif self.handle is not None:
            what = (
                "argument table is missing"
                if self.handle == "args"
                else f"handle {self.handle} has no buffer"
            )
            why = f"whose {what}"
        else:
            why = "which has no body" if self.op_name else "which nothing defines"
        return f"{self.count} of {named}, {why} (first slot {self.first_slot})"

    @property
    def is_kept_out(self) -> bool:
        """Nobody can define the operation: its id is the wire's, the runtime's or ours."""
        return self.handle is None and self.inner is None and is_kept_id(self.op_handle)

    @property
    def remedy(self) -> str:
        """The option of a launch that mends it, or leaves its tasks out."""
        if self.is_kept_out:
            return kept_out_option((self.op_handle,))
        return "--ops FILE.cl" if self.handle is None else f"--buffer {self.handle}=FILE.npy"

    def to_record(self) -> dict[str, object]:
        """Every field by name."""
        return {name: getattr(self, name) for name in self.__slots__}


def is_kept_id(op_handle: int) -> bool:
    """True for an id that no source of a user may give a body: the wire's, the runtime's or ours."""
    kept = op_handle <= 7 or op_handle & 0x8000_0000 or 0xFFF0 <= op_handle <= 0xFFFF
    return bool(kept) or 0x1000 <= op_handle <= 0x10FF


def kept_out_option(op_handles: Iterable[int]) -> str:
    """The option of a launch that leaves the tasks of such ids out."""
    return f"--where '{' and '.join(f'op != 0x{op:x}' for op in op_handles)}'"


class UnrunnableTasksError(InvalidInputError):
    """A launch would fault tasks at once: their operation is undefined, or a buffer is missing. Nothing was claimed.

    `fault_unknown=True` (`--fault-unknown`) goes on all the same.

    Attributes:
        tasks: How many would only be faulted.
        reasons: Why, the commonest reason first; a task that lacks two buffers counts in both.
    """

    kind = "unrunnable_tasks"

    def __init__(self, tasks: int, reasons: Sequence[Unrunnable], *, where: str | None = None) -> None:
        listed = "; ".join(map(str, reasons[:SHOWN_REASONS]))
        left = len(reasons) - SHOWN_REASONS
        more = f"; {left} more reasons" if left > 0 else ""
        noun = "1 claimable task" if tasks == 1 else f"{tasks} claimable tasks"
        remedies = list(dict.fromkeys(one.remedy for one in reasons[:SHOWN_REASONS] if not one.is_kept_out))
        if kept_out := sorted({one.op_handle for one in reasons if one.is_kept_out}):
            remedies.insert(0, kept_out_option(kept_out))
        written = any(one.handle is not None for one in reasons)
        takes = " (NUMBER=zeros:TYPE:COUNT:OUT.npy for what is written)" if written else ""
        bodiless = any(reason.handle is None for reason in reasons)
        runtime = "; the runtime's kernel ends a task without a handler as Done" if bodiless else ""
        super().__init__(
            f"{noun} cannot run and nothing was claimed: {listed}{more}{runtime}",
            where=where,
            fix=f"Add {', '.join(remedies)}{takes}, or --fault-unknown to go on and have them Faulted",
        )
        self.tasks = tasks
        self.reasons = tuple(reasons)

    def details(self) -> dict[str, object]:
        """How many, and every reason."""
        return {"tasks": self.tasks, "reasons": [reason.to_record() for reason in self.reasons]}


class LaunchRequestError(InvalidInputError):
    """A launch request or policy that cannot be planned (spec 2.3), other than out of memory."""

    kind = "launch_request"


class DeviceMemoryError(InvalidInputError):
    """The plan needs more device memory than its budget (spec 2.3 step 9).

    Attributes:
        requested_bytes: Estimated peak.
        available_bytes: The request's budget in bytes.
    """

    kind = "device_memory"
    particulars = ("requested_bytes", "available_bytes")

    def __init__(self, requested_bytes: int, available_bytes: int) -> None:
        super().__init__(
            f"the launch needs {requested_bytes} bytes of device memory and {available_bytes} are budgeted",
            fix="Shrink the queue or requested_hit_capacity, or raise device_memory_budget_bytes",
        )
        self.requested_bytes = requested_bytes
        self.available_bytes = available_bytes


class StepFaultError(InvalidInputError):
    """A transfer step (spec 1.8) that read outside an array; nothing was changed by the iteration it failed in.

    Attributes:
        step: The step as its source declares it.
        index: The lowest word whose step failed.
        iteration: In which iteration, from 1.
        operand: The operand that was read, None for the vector itself.
        word: Which word of it.
    """

    kind = "step_fault"
    particulars = ("step", "index", "iteration", "operand", "word")

    def __init__(self, step: str, index: int, iteration: int, operand: int | None, word: int) -> None:
        array = "the vector" if operand is None else f"operand {operand}"
        super().__init__(
            f"step {step!r} reads word {word} of {array}, which is outside it",
            where=f"word {index}, iteration {iteration}",
            fix="Give longer operands, or mend the step",
        )
        self.step = step
        self.index = index
        self.iteration = iteration
        self.operand = operand
        self.word = word


class OtherWorkerError(InvalidInputError):
    """A worker with another vyrectl, ABI or kernels."""

    kind = "other_worker"


class OutputConflictError(InvalidInputError):
    """Two shards wrote one element of an output, each something else.

    Attributes:
        buffer: Handle of the buffer that both wrote.
        index: Of the element, in the flattened array.
        shards: Both.
    """

    kind = "output_conflict"
    particulars = ("buffer", "index", "shards")

    def __init__(self, buffer: int, index: int, shards: tuple[int, int], values: tuple[str, str]) -> None:
        super().__init__(
            f"two shards wrote element {index} of buffer {buffer}: shard {shards[0]} {values[0]}, "
            f"shard {shards[1]} {values[1]}; the ring is as it was",
            fix="Run it on one device (--device), or cut where tasks of one element stay together: --shard-slots",
        )
        self.buffer, self.index, self.shards = buffer, index, shards


# --- exit 4: lifecycle and counters -------------------------------------------------------------------------


class LifecycleError(VyrectlError):
    """A transition that the lifecycle does not allow (spec 1.6)."""

    exit_code = 4
    kind = "lifecycle"

    def __init__(self, what: str, *, slot: int | None = None, fix: str | None = None) -> None:
        super().__init__(what, where=None if slot is None else f"slot {slot}", fix=fix)
        self.slot = slot

    def in_ring(self, name: str) -> None:
        """Say in which ring it happened."""
        self.where = f"{name}, {self.where}" if self.where else name


class ArgumentWordsError(LifecycleError):
    """An action would change words in which a slot holds arguments (spec 3.3), or start a task that has lost one."""

    kind = "argument_words"
    again: Mapping[str, str] = {"--force": ""}


class IllegalTransitionError(LifecycleError):
    """An action met a state it may not start from.

    Attributes:
        action: ``pause``, ``resume``, ``yield``, ``requeue``, ``complete`` or ``fault``; also ``repair``.
        state: The state word it met.
        state_name: What that is called.
        slot: Slot index, when known.
    """

    kind = "illegal_transition"
    particulars = ("action", "state", "state_name", "slot")

    def __init__(self, action: str, state: int, state_name: str, *, slot: int | None = None) -> None:
        super().__init__(
            f"cannot {action} a task in state {state_name}",
            slot=slot,
            fix=f"Select slots that allow it, for example --where 'state in ({_sources(action)})'",
        )
        self.action = action
        self.state = state
        self.state_name = state_name


def _sources(action: str) -> str:
    only = {"resume": "paused", "repair": "faulted"}
    return only.get(action, "ready, running, paused, yielded, requeued")


class CounterOverflowError(LifecycleError):
    """A counter already at 4294967295 would have to rise; counters never wrap.

    Attributes:
        counter: ``yield_count``, ``requeue_count`` or ``age_ticks``.
    """

    kind = "counter_overflow"
    particulars = ("counter", "slot")

    def __init__(self, counter: str, *, slot: int | None = None) -> None:
        super().__init__(
            f"{counter} is at 4294967295 and cannot rise", slot=slot, fix=f"Set {counter} to 0 first"
        )
        self.counter = counter

    def in_ring(self, name: str) -> None:
        """Say in which ring it happened, and what lowers the counter there."""
        super().in_ring(name)
        if self.slot is not None:
            self.instead = ("set", name, f"{self.counter}=0", str(self.slot))


class SlotStatusError(LifecycleError):
    """A host tool's step on a slot (spec 3.8) that its status does not allow, publishing onto a busy one for example.

    Attributes:
        action: ``publish``, ``claim``, ``done``, ``fault`` or ``cancel``.
        state: The status word it met.
    """

    kind = "slot_status"
    particulars = ("action", "state", "slot")

    def __init__(self, action: str, state: int, state_name: str, *, slot: int, allowed: str) -> None:
        super().__init__(
            f"cannot {action}{' into' if action == 'publish' else ''} a slot in state {state_name}",
            slot=slot,
            fix=f"Choose a slot that is {allowed}",
        )
        self.action = action
        self.state = state


class SnapshotOverflowError(VyrectlError):
    """A sum of spec 1.7 that leaves its width.

    Attributes:
        quantity: ``schedulable_count`` (u32), ``continuation_pressure`` or ``requeue_count`` (u64).
    """

    exit_code = 4
    kind = "snapshot_overflow"
    particulars = ("quantity", "value")

    def __init__(self, quantity: str, value: int, bits: int) -> None:
        super().__init__(
            f"{quantity} would be {value}, past {2**bits - 1} (u{bits})",
            fix="Drain the ring or split it before applying its telemetry",
        )
        self.quantity = quantity
        self.value = value


class AccountingOverflowError(VyrectlError):
    """A requeue accounting counter (spec 2.5) that is at its end and would have to rise.

    Attributes:
        counter: ``requeue_count`` or ``aged_promotions``.
    """

    exit_code = 4
    kind = "accounting_overflow"
    particulars = ("counter",)

    def __init__(self, counter: str, most: int) -> None:
        super().__init__(
            f"{counter} is at {most} and cannot rise", fix="Drain the queue and start counting anew"
        )
        self.counter = counter


# --- exit 5: devices ----------------------------------------------------------------------------------------


class DeviceError(VyrectlError):
    """No usable device, or a device or kernel that failed."""

    exit_code = 5
    kind = "device"


class NoDeviceError(DeviceError):
    """Nothing on this machine can run a ring."""

    kind = "no_device"


class KernelBuildError(DeviceError):
    """The device's compiler refused a kernel.

    Attributes:
        log: The compiler's own words, file names mapped back to the user's.
        messages: Its errors and warnings one by one: severity, path, line, column, text.
    """

    kind = "kernel_build"

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        fix: str | None = None,
        log: str = "",
        messages: Sequence[Mapping[str, Relayed]] = (),
    ) -> None:
        super().__init__(what, where=where, fix=fix)
        self.log = log
        self.messages = tuple(messages)

    def __str__(self) -> str:
        return f"{super().__str__()}\n{self.log}" if self.log else super().__str__()

    def details(self) -> dict[str, object]:
        """The compiler's log, as text and message by message."""
        return {"log": self.log, "messages": [dict(message) for message in self.messages]}


class SourceBuildError(KernelBuildError):
    """A source of the user's own does not compile: a mistake in a file, which no other device would mend."""

    exit_code = InvalidInputError.exit_code


class ForkedError(DeviceError):
    """A process forked from one that has a device or a session open, and asked for the same.

    The threads of a driver and of a session do not come along in a fork: what waits for them would wait for ever.
    """

    kind = "forked"
    particulars = ("pid",)

    def __init__(self, what: str, pid: int) -> None:
        super().__init__(
            f"{what} belongs to process {pid}, from which this one was forked",
            fix="Start the process with multiprocessing's 'spawn', or open it after the fork",
        )
        self.pid = pid


class AbiMismatchError(DeviceError):
    """The device lays a slot out differently from spec 1.2."""

    kind = "abi_mismatch"


class KernelDiedError(DeviceError):
    """The device or the process that drove it ended in the middle of a launch."""

    kind = "kernel_died"


class ChildDiedError(DeviceError):
    """The process that drove the device died by itself.

    Attributes:
        running: Slots that were Running when it died, None when only the device knows.
    """

    kind = "kernel_died"
    particulars = ("running",)

    def __init__(self, what: str, running: Sequence[int] | None, *, where: str, fix: str) -> None:
        super().__init__(what, where=where, fix=fix)
        self.running = running


class NoDeviceLeftError(DeviceError):
    """Every device of a launch was lost before its shards were through."""

    kind = "no_device_left"


class ClusterLostError(DeviceError):
    """The cluster went away in the middle of a launch."""

    kind = "cluster_lost"


# --- an exit code of its own: a process that was ended, or an error that was met elsewhere -------------------


class LaunchStoppedError(VyrectlError):
    """The process that drove the device did not stop within the grace and was killed.

    Attributes:
        running: Slots that were Running when it died, None when only the device knows.
    """

    kind = "launch_killed"
    particulars = ("running",)

    def __init__(
        self, what: str, exit_code: int, running: Sequence[int] | None, *, where: str, fix: str
    ) -> None:
        super().__init__(what, where=where, fix=fix)
        self.exit_code = exit_code
        self.running = running


class ConvergeKilledError(VyrectlError):
    """The process that ran the loop did not stop within the grace, in seconds, and was killed."""

    kind = "converge_killed"

    def __init__(self, grace_s: float, exit_code: int) -> None:
        super().__init__(
            f"the device did not stop within {grace_s:g} s and was killed",
            fix="Give a smaller --max-iterations",
        )
        self.exit_code = exit_code


class RelayedError(VyrectlError):
    """An error that another process met, with the same texts, particulars and exit code.

    Args:
        record: Its `to_record()`, and the compiler's log under `log` where there is one.
    """

    def __init__(self, record: Mapping[str, Relayed]) -> None:
        super().__init__(record["message"], where=record["where"], fix=record["fix"])
        self.exit_code = record["exit_code"]
        self.kind = record["error"]
        self.log = record.get("log", "")
        known = {"schema", "error", "message", "where", "fix", "exit_code"}
        self._details = {key: value for key, value in record.items() if key not in known}

    def details(self) -> dict[str, object]:
        """What the original error carried."""
        return self._details

    def pointer(self) -> str:
        """The expression and its offending column, when the original was about one; else nothing."""
        if "expression" not in self._details:
            return ""
        return WhereError("", self._details["expression"], self._details["column"]).pointer()


class HostsStoppedError(VyrectlError):
    """A launch on other hosts was asked to stop; what is done is in its journal.

    Attributes:
        exit_code: 124 after a timeout, 128 + n after signal n.
    """

    kind = "stopped"

    def __init__(self, why: str, exit_code: int, done: int, shards: int, *, where: str) -> None:
        super().__init__(
            f"{why}: {done} of {shards} shards are done and kept, the ring is as it was",
            where=where,
            fix="The same command again does the rest",
        )
        self.exit_code = exit_code


# --- exit 6: verification -----------------------------------------------------------------------------------


class ShardsLostError(DeviceError):
    """Parts of a ring ended every process that ran them; the other parts are finished and saved.

    Args:
        shards: Each part's `shard` (number), `first_slot` and `slots`.
        where: The ring that was saved.
    """

    kind = "shards_lost"
    particulars = ("shards",)

    def __init__(self, shards: Sequence[Mapping[str, Relayed]], where: str) -> None:
        named = ", ".join(
            f"{one.get('shard')} (slots {one.get('first_slot')} to {one.get('last_slot')})" for one in shards
        )
        super().__init__(
            f"shard {named} ended every process that ran it; its slots are as they were, "
            "all others are finished and kept",
            where=where,
            fix="Look at the operations of these slots, for example with `vyrectl inspect`; launch again for the rest",
        )
        self.shards = tuple(dict(one) for one in shards)


class VerifyError(VyrectlError):
    """`launch --verify` found that a run broke a promise."""

    exit_code = 6
    kind = "verify"
