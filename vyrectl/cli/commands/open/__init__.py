"""`vyrectl open`: what a file or a folder holds, and what to type next."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from vyrectl.cli.commands.open.view import view
from vyrectl.cli.declared import number_option, with_records
from vyrectl.cli.opened import PART_NAMES, OpenedRecord, describe_bytes, describe_file, files_in
from vyrectl.cli.options import (
    Talking,
)
from vyrectl.cli.output import Output
from vyrectl.cli.together import findings_of_files, findings_of_parts
from vyrectl.errors import FileError, InvalidInputError, UsageError
from vyrectl.files.whole import read_stdin
from vyrectl.ring.dumps import Parts, find_parts
from vyrectl.ring.findings.report import FindingRecord
from vyrectl.ring.kinds import file_bytes
from vyrectl.shell import command_line

MOST_FILES = 1000
"""Files of a folder that are looked at."""


@with_records
def command(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A file, a folder, or - for standard input.")],
    *,
    unpack: Annotated[
        Path | None,
        typer.Option(
            "--unpack", metavar="PATH", help="Write each buffer of an all-in-one file into this folder."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="With --unpack, replace files that exist.")] = False,
    slots: Annotated[
        int | None, number_option("--slots", says="Slots of the ring, where the file does not tell.")
    ] = None,
    printed: Talking,
) -> None:
    """Say what a file or a folder holds.

    Rings, control buffers, debug logs, I/O queues, replay logs, several of them in one file, and vyrectl's own files
    are told by size and content, with the reasons and how sure that is; each is shown in short, with the command that
    shows more. --unpack cuts a file of several buffers (control, ring, debug log, I/O queue, in this order) into files.

    \b
    Examples:
      vyrectl open dump.bin
      vyrectl open all.bin --unpack parts
      vyrectl open run/ --json
    """
    output = printed.output()
    if force and unpack is None:
        raise UsageError("--force is for --unpack", fix="Add --unpack FOLDER")
    if str(path) != "-" and os.path.isdir(path):
        if unpack is not None or slots is not None:
            raise UsageError("--unpack and --slots are for a file", fix="Name one of the folder's files")
        _folder(output, path)
    elif str(path) == "-":
        with memoryview(read_stdin()) as data:
            _file(output, path, data, slots, unpack, force=force)
    else:
        with file_bytes(path) as data:
            _file(output, path, data, slots, unpack, force=force)


def _folder(output: Output, path: Path) -> None:
    try:
        names = list(files_in(path, MOST_FILES))
    except OSError as error:
        raise FileError.from_os_error(error, path, doing="list the folder") from error
    files = [describe_file(name) for name in names]
    _emit(output, path, files, [], findings_of_files(files))
    if len(names) == MOST_FILES:
        output.warn(f"{path}: only the first {MOST_FILES} files were looked at")


def _file(
    output: Output, path: Path, data: memoryview, slots: int | None, unpack: Path | None, *, force: bool
) -> None:
    parts = None if slots is None else _cut(path, data, slots)
    file = describe_bytes(str(path), data, parts=parts)
    written = [] if unpack is None else _unpack(file, data, unpack, force=force)
    _emit(output, path, [file], written, findings_of_parts(file, data))
    if file["settled"] is False:
        others = ", ".join(map(str, file["other_slots"])) or "another number of"
        output.warn(
            f"{path}: the bytes do not settle where the buffers end: a ring of {others} slots fits as well; "
            "--slots N decides"
        )


def _cut(path: Path, data: memoryview, slots: int) -> Parts:
    for has_control in (True, False):
        parts = find_parts(data, has_control=has_control, slots=slots)
        if parts is not None:
            return parts
    raise InvalidInputError(
        f"no cut of these {len(data)} bytes leaves a ring of {slots} slots",
        where=str(path),
        fix=f"See what fits with: {command_line('open', file=path)}",
    )


def _unpack(file: OpenedRecord, data: memoryview, folder: Path, *, force: bool) -> list[str]:
    """Write each buffer into a file of its own, after all names were found free.

    Raises:
        InvalidInputError: There is only one buffer.
        FileError: A file exists and may not be replaced, or cannot be written.
    """
    from vyrectl.files.keeping import write_kept
    from vyrectl.ring.outputs import Outputs

    if not file["parts"]:
        raise InvalidInputError(
            f"this is {file['noun']}: there is nothing to unpack", where=file["file"], fix="Use it as it is"
        )
    targets = {one["kind"]: folder / PART_NAMES[one["kind"]] for one in file["parts"]}
    files = Outputs()
    files.reads("FILE", file["file"])
    for target in targets.values():
        files.writes("--unpack", target, None)
    files.check_clashes()
    taken = [target for target in targets.values() if os.path.exists(target)]
    if taken and not force:
        raise FileError("it exists already", where=str(taken[0]), fix="Name another folder, or give --force")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError.from_os_error(error, folder, doing="make the folder") from error
    for one in file["parts"]:
        part = data[one["offset"] : one["offset"] + one["size_bytes"]]
        write_kept(targets[one["kind"]], [part], exclusive=not force)
    return [str(targets[one["kind"]]) for one in file["parts"]]


def _emit(
    output: Output, path: Path, files: list[OpenedRecord], unpacked: list[str], findings: list[FindingRecord]
) -> None:
    record = {"path": str(path), "unpacked": unpacked, "findings": findings}
    output.emit("open", record, view, rows=files, rows_key="files")
