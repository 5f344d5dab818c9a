"""`vyrectl control`: what a control buffer says, and its words by name."""

from __future__ import annotations

from errno import EEXIST
from pathlib import Path
from typing import Annotated

import typer

from vyrectl.abi.limits import MAX_ENCODED, WORD_BYTES
from vyrectl.cli.commands.control.live import is_sidecar, read_running, write_running
from vyrectl.cli.commands.control.record import change_rows, control_record
from vyrectl.cli.commands.control.view import change_view, view
from vyrectl.cli.declared import number_option, with_records
from vyrectl.cli.options import (
    DryRunOption,
    Talking,
)
from vyrectl.cli.output import Output, write_bytes
from vyrectl.cli.wrong_kind import refuse_other_kind, telling_kind
from vyrectl.errors import FileError, UsageError, WireBufferError
from vyrectl.files.whole import read_whole
from vyrectl.protocol.control import check_control, encode_control, write_control_words
from vyrectl.protocol.control_names import control_value, control_words
from vyrectl.ring.kinds import FileKind, identify_file
from vyrectl.ring.refusals import refuse_another

DEFAULT_OBSERVABLES = 32
ALL_TENANTS = 32


@with_records
def command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Control buffer, or - for standard input.")],
    assignments: Annotated[
        list[str] | None,
        typer.Argument(metavar="[WORD=VALUE]...", help="Words to write, e.g. epoch=3 mask.2=shut."),
    ] = None,
    *,
    new: Annotated[bool, typer.Option("--new", help="Make a fresh one.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Take FILE for a control buffer; with --new, replace it.")
    ] = False,
    tenants: Annotated[
        int | None, number_option("--tenants", says="With --new, how many are let in; all by default.")
    ] = None,
    observables: Annotated[
        int | None,
        number_option("--observables", says="With --new, observable words; 32 by default.", most=MAX_ENCODED),
    ] = None,
    slots: Annotated[
        int | None, number_option("--slots", says="Write the priority offsets for so many slots.")
    ] = None,
    dry_run: DryRunOption = False,
    backup: Annotated[bool, typer.Option("--backup", help="Keep the old one as FILE.bak.")] = False,
    printed: Talking,
) -> None:
    """Show or edit a control buffer, or make one.

    Words: shutdown, done_count, epoch, tenant_masks.N, tenant_quota.N, tenant_fairness.N, metrics.N,
    priority_offsets.N, priority_starvation, priority_fairness.N, observable.N; N is a number, a range (0-7),
    all, or a name where there is one (metrics.memcpy, priority_fairness.high). Short: done, mask, quota,
    fairness, offsets, starvation. A mask may be open or shut. All words are written or none, and the file is
    replaced as a whole. RING.live, which lies beside a ring that runs in place, shows and changes the control
    buffer of that launch.

    \b
    Examples:
      vyrectl control control.bin
      vyrectl control control.bin epoch=3 mask.0-3=open mask.4=shut --backup
      vyrectl control control.bin --new --tenants 4 --observables 64 --slots 1000
      vyrectl control ring.bin.live epoch=3
    """
    output = printed.output()
    if new:
        if backup and not force:
            raise UsageError("with --new, --backup is for --force", fix="Add --force")
        sizes = (tenants, observables, slots)
        _create(output, file, assignments or [], sizes, force=force, backup=backup, dry_run=dry_run)
        return
    if tenants is not None or observables is not None:
        raise UsageError("--tenants and --observables are for --new", fix="Add --new")
    data = _read(file)
    if not assignments and slots is None:
        if dry_run or backup:
            raise UsageError("nothing to write was given", fix="Give WORD=VALUE, for example epoch=3")
        if not is_sidecar(file):
            refuse_other_kind(output, str(file), data, FileKind.CONTROL, force=force)
        _emit(output, str(file), data)
        return
    if not is_sidecar(file):
        so = "Nothing was written, --force goes on"
        refuse_other_kind(output, str(file), data, FileKind.CONTROL, force=force, so=so)
    _edit(output, file, data, assignments or [], slots, dry_run=dry_run, backup=backup or force)


def _create(
    output: Output,
    file: Path,
    assignments: list[str],
    sizes: tuple[int | None, int | None, int | None],
    *,
    force: bool,
    backup: bool,
    dry_run: bool,
) -> None:
    tenants, observables, slots = sizes
    fresh = encode_control(
        tenants=ALL_TENANTS if tenants is None else tenants,
        observables=DEFAULT_OBSERVABLES if observables is None else observables,
        slots=slots,
    )
    data = bytearray(fresh)
    write_control_words(data, _values(assignments, data))
    if str(file) != "-":
        _check_new(file, force=force)
    if not dry_run:
        from vyrectl.files.keeping import replace_kept

        if str(file) == "-":
            write_bytes(bytes(data))
            return
        old = replace_kept(file, [data], exclusive=not force, backup=backup)
        kept = f"; the old one is {old}" if old else ""
        output.talk(f"{file}: {len(data) // WORD_BYTES} words written{kept}")
    _emit(output, str(file), data)


def _check_new(file: Path, *, force: bool) -> None:
    """Look at the place of a fresh control buffer; `--force` replaces a control buffer and no other file.

    Raises:
        UsageError: The name is one that a ring keeps for itself.
        OtherKindError: What lies there is at least likely another kind of file.
        FileError: It cannot be written there, or a control buffer lies there and `--force` was not given.
    """
    from vyrectl.ring.outputs import Outputs

    files = Outputs()
    files.writes("FILE", file, None)
    files.check()
    if not file.exists():
        return
    verdict = identify_file(file)
    refuse_another(verdict, FileKind.CONTROL, str(file), so="Nothing was written: name another path")
    if not force:
        error = FileError("the file exists already", where=str(file), fix="Name another path", errno=EEXIST)
        if verdict.kind is FileKind.CONTROL:
            error.fix = (
                "Name another path; --force replaces the control buffer, and --backup keeps the old one"
            )
            error.again = {"--force": "", "--backup": ""}
        raise error


def _emit(output: Output, name: str, data: bytes | bytearray) -> None:
    with telling_kind(Path(name), FileKind.CONTROL, bytes(data)):
        record = control_record(name, data)
    output.emit("control", record, view)


def _edit(
    output: Output,
    file: Path,
    data: bytes,
    assignments: list[str],
    slots: int | None,
    *,
    dry_run: bool,
    backup: bool,
) -> None:
    from vyrectl.files.keeping import replace_kept

    if str(file) == "-":
        raise UsageError("standard input cannot be edited", fix="Name a file")
    try:
        check_control(data)
        values = _values([*_offset_texts(slots), *assignments], data)
    except WireBufferError as error:
        raise error.at(str(file)) from None
    changes = change_rows(data, values)
    kept = None
    if changes and not dry_run:
        changed = bytearray(data)
        write_control_words(changed, values)
        if is_sidecar(file):
            write_running(file, {change["word"]: change["new"] for change in changes}, backup=backup)
        else:
            kept = replace_kept(file, [changed], backup=backup)
    record: dict[str, object] = {
        "control": str(file),
        "dry_run": dry_run,
        "backup": kept,
        "changes": changes,
    }
    output.emit("control", record, change_view, rows=changes if output.format in ("jsonl", "csv") else None)


def _offset_texts(slots: int | None) -> list[str]:
    """Assignments that `--slots` stands for."""
    from vyrectl.protocol.control import default_priority_offsets

    if slots is None:
        return []
    offsets = default_priority_offsets(slots)
    return [f"priority_offsets.{number}={first}" for number, first in enumerate(offsets)]


def _values(assignments: list[str], data: bytes | bytearray) -> dict[int, int]:
    """Word index -> value; a later assignment of a word wins over `--slots`, twice by hand is an error."""
    values: dict[int, int] = {}
    for text in assignments:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"{text!r} is no WORD=VALUE", fix="Write, for example, epoch=3 or mask.2=shut")
        region, words = control_words(name, len(data) // WORD_BYTES)
        values.update(dict.fromkeys(words, control_value(region, value)))
    return values


def _read(file: Path) -> bytes:
    if is_sidecar(file):
        return read_running(file)
    return read_whole(file, doing="read the control buffer")
