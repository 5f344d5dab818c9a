"""`vyrectl repair`: what is chosen, what is shown, exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.cli.support import MIXED, words_at
from vyrectl.sidecar.hold import hold


def test_json(cli: Cli, ring: Path) -> None:
    record = cli("repair", "ring.bin", "--code", "77", "--data", "0x10", "--backup", "--json").json()
    assert record == {
        "schema": "vyrectl.repair/1",
        "ring": "ring.bin",
        "slots": 12,
        "faulted": 2,
        "repaired_count": 1,
        "codes": [{"fault_code": 77, "fault_name": "user(77)", "count": 1}],
        "dry_run": False,
        "backup": "ring.bin.bak",
        "repaired": [
            {
                "slot": 10,
                "fault_code": 77,
                "fault_name": "user(77)",
                "op_name": None,
                "task_id": 110,
                "op_handle": 0x20000,
                "tenant_id": 0,
                "priority": 2,
                "state": 1,
                "continuation_pc": 0,
                "continuation_data": 16,
            }
        ],
    }
    assert words_at(ring, 10)["flags"] == 0x10
    assert (ring.parent / "ring.bin.bak").read_bytes() == b"".join(MIXED)


@pytest.mark.parametrize(
    ("args", "repaired"),
    [
        (("--all",), [9, 10]),
        (("--code", "out_of_range", "--code", "77"), [9, 10]),
        (("--all", "--code", "out_of_range"), [9]),
        (("--where", "task_id > 109"), [10]),
        (("0-9", "--where", "slot < 64"), [9]),
        (("0-9", "--code", "77"), []),
        (("9-10",), [9, 10]),
    ],
)
def test_what_is_chosen(cli: Cli, ring: Path, args: tuple[str, ...], repaired: list[int]) -> None:
    record = cli("repair", "ring.bin", *args, "--json").json()
    assert [one["slot"] for one in record["repaired"]] == repaired


def test_most_rows(cli: Cli, ring: Path) -> None:
    result = cli("repair", "ring.bin", "--all", "--limit", "1", "--json")
    assert result.json()["repaired_count"] == 2
    assert len(result.json()["repaired"]) == 1


@pytest.mark.parametrize(
    ("args", "code", "text"),
    [
        (("ring.bin",), 2, "no slots were chosen"),
        (("ring.bin", "8-9"), 4, "slot 8: cannot repair a task in state Requeued"),
        (("ring.bin", "--code", "bad_handl"), 2, "Did you mean 'bad_handle'?"),
        (("ring.bin", "--all", "--where", "slot == 1"), 2, "exclude each other"),
        (("ring.bin", "--all", "--pc", "-1"), 2, "out of bounds"),
        (("-", "--all"), 2, "standard input cannot be repaired"),
        (("missing.bin", "--all"), 1, "no such file"),
    ],
)
def test_errors(cli: Cli, ring: Path, args: tuple[str, ...], code: int, text: str) -> None:
    result = cli("repair", *args)
    assert (result.code, result.out) == (code, "")
    assert text in result.err
    assert ring.read_bytes() == b"".join(MIXED)


def test_a_held_ring(cli: Cli, ring: Path) -> None:
    with hold("ring.bin", role="launch"):
        result = cli("repair", "ring.bin", "--all")
    assert result.code == 1
    assert "(launch)" in result.err
    assert cli("repair", "ring.bin", "--all").code == 0
