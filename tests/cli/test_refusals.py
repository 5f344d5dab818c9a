"""What the system refuses, where no closer place has put it into words: a message and exit code 1, no traceback."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli
from tests.cli.support import MIXED
from tests.support.rings import write_ring
from vyrectl.errors import OutOfMemoryError, RelayedError, from_system
from vyrectl.hosting.supervisor import Channel, Supervisor
from vyrectl.ring.file import Ring


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (MemoryError("Unable to allocate 64 MiB"), "out_of_memory", "not enough memory"),
        (OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)), "out_of_memory", "not enough memory"),
        (
            ImportError("libblas.so: failed to map segment from shared object"),
            "out_of_memory",
            "not enough memory",
        ),
        (OSError(errno.EIO, os.strerror(errno.EIO), "some.bin"), "file", "cannot go on: input/output error"),
        (OSError(errno.EMFILE, os.strerror(errno.EMFILE)), "file", "cannot go on: too many open files"),
    ],
)
def test_at_the_edge_and_in_the_child(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, kind: str, said: str
) -> None:
    write_ring(tmp_path / "ring.bin", *MIXED)

    def refuse(*args: Any, **options: Any) -> Ring:
        raise error

    monkeypatch.setattr(Ring, "open", refuse)
    result = cli("inspect", "ring.bin", "--json")
    record = json.loads(result.err)
    assert (result.code, result.out) == (1, "")
    assert (record["error"], record["exit_code"]) == (kind, 1)
    assert said in record["message"]
    assert record["where"] == ("some.bin" if getattr(error, "filename", None) else None)

    def work(channel: Channel) -> dict[str, Any]:
        raise error

    with pytest.raises(RelayedError, match=said) as caught:
        Supervisor(work, watch=lambda message: None).run()
    assert (caught.value.kind, caught.value.exit_code) == (kind, 1)


def test_an_error_on_the_parents_side_lets_the_child_end(tmp_path: Path) -> None:
    """It is asked to stop, as after a signal, and not killed in the middle of its work."""
    note = tmp_path / "note"

    def work(channel: Channel) -> dict[str, Any]:
        channel.send({"news": 1})
        while channel.stop_reason() is None:
            pass
        note.write_text(str(channel.stop_reason()))
        return {}

    def watch(message: dict[str, Any]) -> None:
        raise OutOfMemoryError

    with pytest.raises(OutOfMemoryError):
        Supervisor(work, watch=watch, grace_s=30).run()
    assert note.read_text() == "interrupted"


def test_a_message_quotes_no_more_than_it_needs() -> None:
    assert from_system(OSError(errno.EIO, "x" * 5000)).what == (
        "cannot go on: " + "x" * 40 + "... (5000 characters)"
    )


def test_a_module_that_is_missing_stays_a_bug() -> None:
    with pytest.raises(ImportError, match="No module named"):
        from_system(ImportError("No module named 'vyrectl.nothing'"))
