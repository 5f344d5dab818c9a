"""The names of faults, operations, states and flags mean the same wherever a field or a word is named."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.support.rings import slot

RING = (
    slot(state=7, op_handle=0x1000, continuation_data=33),
    slot(state=7, op_handle=0, continuation_data=0xFFFFFF02),
    slot(state=1, op_handle=0, continuation_data=33, flags=8),
)


@pytest.mark.parametrize(
    ("args", "slots"),
    [
        (("--where", "fault_name == user(33)"), [0]),
        (("--where", "fault_code == 'user(33)'"), [0]),
        (("--where", "fault_name in (bad_handle, user(33)) and op_name == scale"), [0]),
        (("--where", "state_name == ready and flag_names == resume_ready"), [2]),
        (("--sort", "fault_name"), [0, 1, 2]),
        (("--sort", "-state_name,op_name"), [1, 0, 2]),
    ],
)
def test_where_and_sort(cli: Cli, args: tuple[str, ...], slots: list[int]) -> None:
    rows = cli("inspect", "-", *args, "--json", stdin=b"".join(RING)).json()["slots"]
    assert [row["slot"] for row in rows] == slots


def test_groups_and_columns(cli: Cli) -> None:
    grouped = cli("inspect", "-", "--group", "fault_name,op_name", "--json", stdin=b"".join(RING)).json()
    assert [(row["fault_code"], row["fault_name"], row["op_name"]) for row in grouped["groups"]] == [
        (33, "user(33)", "scale"),
        (0xFFFFFF02, "bad_handle", "nop"),
        (None, None, "nop"),
    ]
    table = cli("inspect", "-", "--columns", "slot,fault_name,op_name", "--format", "csv", stdin=RING[0])
    assert table.out == "slot,fault_name,op_name\n0,user(33),scale\n"


def test_codes_of_repair_and_fault(cli: Cli) -> None:
    path = Path("ring.bin")
    path.write_bytes(b"".join(RING))
    assert (
        cli("repair", "ring.bin", "--code", "user(33)", "--dry-run", "--json").json()["repaired_count"] == 1
    )
    assert cli("transition", "ring.bin", "fault", "2", "--code", "user(44)").code == 0
    assert cli("inspect", "ring.bin", "--where", "fault_name == user(44)", "--json").json()["matched"] == 1
    refused = cli("repair", "ring.bin", "--code", "bad_hndle")
    assert (refused.code, "Did you mean 'bad_handle'" in refused.err) == (2, True)


def test_a_ring_is_cut_out_of_a_dump(cli: Cli) -> None:
    Path("dump.bin").write_bytes(b"\xee" * 100 + b"".join(RING) + b"tail")
    assert cli("build", "ring.bin", "--from", "dump.bin", "--offset", "100", "--count", "3").code == 0
    assert Path("ring.bin").read_bytes() == b"".join(RING)
    refused = cli("build", "other.bin", "--synthetic", "3", "--offset", "64")
    assert (refused.code, Path("other.bin").exists()) == (2, False)


def test_the_advice_of_check_keeps_the_window_and_works(cli: Cli) -> None:
    Path("du mp.bin").write_bytes(b"\xee" * 100 + slot(state=3, age_ticks=9) + slot(state=3) * 8 + b"tail")
    window = ("--offset", "100", "--count", "9")
    findings = cli("check", "du mp.bin", *window, "--json").json()["findings"]
    remedy = next(one["remedy"] for one in findings if one["name"] == "stale-telemetry")
    assert remedy == "vyrectl set 'du mp.bin' --offset 100 --count 9 age_ticks=0 requeue_count=0 0 --backup"
    assert cli(*shlex.split(remedy)[1:]).code == 0
    assert Path("du mp.bin").read_bytes()[:676] == b"\xee" * 100 + slot(state=3) * 9


@pytest.mark.parametrize(
    ("args", "meant"),
    [
        (("inspect", "-", "--columns", "state;op"), "Several stand with commas: state,op"),
        (("inspect", "-", "--group", "state & fault_name"), "Several stand with commas: state,fault_name"),
        (("snapshot", "-", "--by", "state|op"), "Several stand with commas: state,op"),
        (("inspect", "-", "--sort", "age desc"), "Write -age"),
        (("inspect", "-", "--sort", "age asc"), "Write age"),
        (("inspect", "-", "--columns", "state=ready"), "--where 'state == ready'"),
        (("inspect", "-", "--group", "age>3"), "--where 'age > 3'"),
        (("snapshot", "-", "--by", "ready"), "ready is a state: --where 'state == ready'"),
        (("inspect", "-", "--columns", "bad_handle"), "--where 'fault_name == bad_handle'"),
        (("inspect", "-", "--sort", "agee"), "Did you mean 'age'?"),
        (("inspect", "-", "--where", "state = ready && tenant = 0"), "state == ready and tenant == 0"),
        (("inspect", "-", "--where", "state == 8"), "unknown(8)"),
    ],
)
def test_what_is_no_field_is_answered_with_what_was_meant(
    cli: Cli, args: tuple[str, ...], meant: str
) -> None:
    result = cli(*args, stdin=b"".join(RING))
    assert result.code == 2
    assert meant in result.err
