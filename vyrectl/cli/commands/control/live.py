"""The control buffer of a running launch, reached through its sidecar `RING.live`. Standard library only."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from vyrectl.abi.control import TENANT_MASKS, TENANT_QUOTA
from vyrectl.errors import FileError, SidecarError, UsageError
from vyrectl.files.ring_lock import LIVE_SUFFIX
from vyrectl.shell import command_line, file_argument

if TYPE_CHECKING:
    from vyrectl.sidecar.sidecar import Sidecar

_GATES = range(TENANT_MASKS.first, TENANT_QUOTA.end)
"""Words that a launch heeds only with `--control`."""


def is_sidecar(file: Path) -> bool:
    """True when a path is called as sidecars are."""
    return file.name.endswith(LIVE_SUFFIX)


def read_running(file: Path) -> bytes:
    """The control buffer as it is now; of a dead launch, as it was at its death.

    Raises:
        SidecarError: There is no sidecar there.
    """
    with _open(file, writable=False) as sidecar:
        first = sidecar.layout.control
        return bytes(sidecar.words[first : first + sidecar.layout.control_words])


def write_running(file: Path, values: Mapping[int, int], *, backup: bool) -> None:
    """Write words of a running launch's control buffer, one by one.

    Args:
        file: `RING.live` of a launch that runs in place.
        values: Word -> value.
        backup: Refused: there is no old file to keep.

    Raises:
        SidecarError: No launch is running there.
        UsageError: `backup`; or a mask or quota, which a launch without --control heeds no more than any other word of
            it: nothing is written.
    """
    if backup:
        raise UsageError("a running launch's control buffer has no backup", fix="Leave out --backup")
    with _open(file, writable=True) as sidecar:
        try:
            sidecar.await_open()
        except SidecarError as error:
            raise _with_way_in(error, sidecar.path.removesuffix(LIVE_SUFFIX)) from None
        if not sidecar.is_gated and any(word in _GATES for word in values):
            raise UsageError(
                "masks and quotas have no effect on this launch, which was started without --control",
                where=str(file),
                fix=f"Stop it, and launch with a control buffer: {_with_control(file)}",
            )
        for word, value in values.items():
            sidecar.set_control(word, value)


def _with_control(file: Path) -> str:
    ring = str(file).removesuffix(LIVE_SUFFIX)
    made = f"{ring}.control"
    launch = command_line("launch", "--control", file=ring) + f" {file_argument(made)}"
    return command_line("control", "--new", file=made) + f" && {launch}"


def _open(file: Path, *, writable: bool) -> Sidecar:
    from vyrectl.sidecar.sidecar import Sidecar

    ring = str(file).removesuffix(LIVE_SUFFIX)
    try:
        return Sidecar.open(ring, writable=writable)
    except SidecarError as error:
        raise _with_way_in(error, ring) from None


def _with_way_in(error: SidecarError, ring: str) -> SidecarError:
    """The error with what to do, where there is a ring and nothing has been said about it."""
    from vyrectl.files.ring_lock import holder_of
    from vyrectl.sidecar.launched import way_in

    if error.fix is None and os.path.exists(ring):
        with suppress(FileError):
            error.fix = way_in(ring, holder_of(ring))
    return error
