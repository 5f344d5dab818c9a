"""`vyrectl io`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import dumps
from tests.cli.conftest import Cli
from vyrectl.protocol.io_queue import IoRecord, encode_io_queue

REQUESTS = (
    IoRecord(1, 3, 90, 1 << 33, 4096, 1, 7),
    IoRecord(2, 90, 3, 0, 64, 0x11, 8),
    IoRecord(3, status=0x10),
    IoRecord(9, status=1),
    IoRecord(),
)


@pytest.fixture
def queue(tmp_path: Path) -> str:
    path = tmp_path / "io.bin"
    path.write_bytes(encode_io_queue(REQUESTS))
    return str(path)


def test_requests_are_shown_with_their_names(cli: Cli, queue: str) -> None:
    record = cli("io", queue, "--json").json()
    assert (record["capacity"], record["used"], record["wrong"]) == (5, 4, 1)
    first, failed, fence, wrong = record["records"]
    assert (first["op_name"], first["offset"], first["status_name"]) == ("READ", 1 << 33, "PUBLISHED")
    assert failed["status_name"] == "ERROR"
    assert fence["op_name"] == "FENCE"
    assert (wrong["op_name"], wrong["wrong"]) == (None, "operation 9 is none of READ, WRITE, FENCE")


def test_a_wrong_record_is_named_aloud(cli: Cli, queue: str) -> None:
    result = cli("io", queue)
    assert result.code == 0
    assert "record 3" in result.err


@pytest.mark.parametrize(
    ("options", "records"),
    [
        (("--op", "read"), [0]),
        (("--op", "2"), [1]),
        (("--status", "error"), [1]),
        (("--status", "0x10"), [2]),
        (("--tag", "8"), [1]),
        (("--unused",), [0, 1, 2, 3, 4]),
        (("--limit", "2"), [0, 1]),
        (("--op", "write", "--status", "ok"), []),
    ],
)
def test_requests_are_chosen(cli: Cli, queue: str, options: tuple[str, ...], records: list[int]) -> None:
    assert [row["record"] for row in cli("io", queue, *options, "--json").json()["records"]] == records


def test_names_that_do_not_exist(cli: Cli, queue: str) -> None:
    result = cli("io", queue, "--status", "publishd")
    assert result.code == 2
    assert "published" in result.err


def test_what_is_no_queue(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "x.bin"
    path.write_bytes(bytes(33))
    assert cli("io", str(path)).code == 3
    assert cli("io", str(dumps.path("kernel-mixed.all.bin"))).code == 3
    assert cli("io", str(tmp_path / "none")).code == 1
