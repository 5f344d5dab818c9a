from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.cli.support import spawn
from tests.support.rings import slot, write_ring
from tests.vectors import load, numbers
from vyrectl import LaunchRequest, Ring, TaskQueueSnapshot
from vyrectl.policy.request import REQUEST_BITS

GOLDEN = """\
request with the telemetry of ring.bin; 14 fields stay
field             before  after  because
────────────────  ──────  ─────  ─────────────────────────────────────────────────────────────────────
queue_len              0      5  schedulable_count 5: ready 3 + yielded 1 + requeued 1
requeue_count          0     10  + continuation_pressure 10: yielded 1 + requeued 1 + total_requeues 8
max_priority_age       0     40  the larger, max_priority_age 40 in the queue
"""


def test_the_json_is_the_request_and_nothing_else(cli: Cli, ring: Path) -> None:
    record = cli("apply", "ring.bin", "--json").json()
    assert list(record) == ["schema", *REQUEST_BITS]
    assert record.pop("schema") == "vyrectl.apply/1"
    with Ring.open(ring) as opened:
        assert record == opened.snapshot().apply_to(LaunchRequest()).to_record()


def test_the_table_shows_what_changed_and_why(cli: Cli, ring: Path) -> None:
    assert cli("apply", "ring.bin").out == GOLDEN


def test_fields_come_from_the_file_and_options_win(cli: Cli, ring: Path) -> None:
    Path("r.toml").write_text("requested_worker_groups = 0x10\nqueue_len = 99\nrequeue_count = 5\n")
    args = ("--request", "r.toml", "--requested-worker-groups", "0x40", "--max-priority-age", "50")
    record = cli("apply", "ring.bin", *args, "--json").json()
    assert (record["requested_worker_groups"], record["queue_len"]) == (64, 5)
    assert (record["requeue_count"], record["max_priority_age"]) == (15, 50)


def test_every_field_has_an_option(cli: Cli, ring: Path) -> None:
    for name in REQUEST_BITS:
        record = cli("apply", "ring.bin", f"--{name.replace('_', '-')}", "41", "--json").json()
        assert record[name] == {"queue_len": 5, "requeue_count": 51}.get(name, 41)


def test_nothing_changed_is_said(cli: Cli) -> None:
    Path("empty.bin").touch()
    assert cli("apply", "empty.bin").out == "empty.bin changes nothing in the request\n"


@pytest.mark.parametrize("piped", [False, True])
def test_a_saved_snapshot_does_as_well_as_its_ring(cli: Cli, ring: Path, piped: bool) -> None:
    expected = cli("apply", "ring.bin", "--json").out
    saved = cli("snapshot", "ring.bin", "--json").out
    Path("s.json").write_text(saved)
    found = cli("apply", "-", "--json", stdin=saved.encode()) if piped else cli("apply", "s.json", "--json")
    assert found.out == expected


def test_the_sum_of_several_rings_is_applied(cli: Cli, ring: Path) -> None:
    saved = cli("snapshot", "ring.bin", "ring.bin", "--json").out
    assert cli("apply", "-", "--json", stdin=saved.encode()).json()["queue_len"] == 10


def test_a_ring_comes_from_standard_input_and_from_within_a_dump(cli: Cli, ring: Path) -> None:
    data = ring.read_bytes()
    expected = cli("apply", "ring.bin", "--json").out
    assert cli("apply", "-", "--json", stdin=data).out == expected
    Path("dump").write_bytes(b"{header}" + data + b"tail")
    assert cli("apply", "dump", "--offset", "8", "--count", "12", "--json").out == expected
    assert cli("apply", "ring.bin", "--offset", "64", "--count", "2", "--json").json()["queue_len"] == 2


def test_a_pipe_with_a_name_is_read_once(ring: Path) -> None:
    found = spawn("apply", "/dev/stdin", "--json", stdin=ring.read_bytes())
    assert json.loads(found.stdout)["queue_len"] == 5


def test_unknown_states_are_refused_or_left_out(cli: Cli, odd: Path) -> None:
    refused = cli("apply", "odd.bin", "--json")
    assert refused.code == 3
    assert (refused.out, refused.error()["slot"], refused.error()["state"]) == ("", 1, 99)
    lenient = cli("apply", "odd.bin", "--lenient", "--json")
    assert lenient.json()["queue_len"] == 2
    assert json.loads(lenient.err)["message"] == "odd.bin: slots in an unknown state, left out: 1"


def test_an_overflow_is_exit_4_and_prints_no_request(cli: Cli, ring: Path) -> None:
    most = 2**64 - 1
    found = cli("apply", "ring.bin", "--requeue-count", str(most), "--json")
    assert (found.code, found.out) == (4, "")
    assert found.error()["quantity"] == "requeue_count"
    assert str(most + 10) in found.error()["message"]


def test_vectors_go_through_the_command_line(cli: Cli) -> None:
    quantities = {"schedulable_overflow": "schedulable_count", "requeue_count_overflow": "requeue_count"}
    quantities["continuation_pressure_overflow"] = "continuation_pressure"
    for vector in list(load("apply"))[::40]:
        Path("s.json").write_text(json.dumps(numbers(vector["snapshot"])))
        Path("r.json").write_text(json.dumps(numbers(vector["request"])))
        found = cli("apply", "s.json", "--request", "r.json", "--json")
        if "ok" in vector:
            assert found.json() == {"schema": "vyrectl.apply/1", **numbers(vector["ok"])}
        else:
            assert (found.code, found.out) == (4, "")
            assert found.error()["quantity"] == quantities[vector["err"]["kind"]]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("s.json", '{"ready_count": 1}', "s.json: the snapshot has no paused_count"),
        ("s.json", '{"schema": "vyrectl.snapshot/1"}', "s.json: the snapshot has no ready_count"),
        ("s.json", '{"schema": "vyrectl.inspect/1"}', "s.json: the schema is 'vyrectl.inspect/1'"),
        ("s.json", '{"queue_len": 1}', "s.json: this is a launch request and holds no telemetry"),
        ("s.json", "not json", "s.json, line 1, column 1: this is no JSON"),
        ("s.toml", "queue_len = 1\nqueue_len = 1", "s.toml: this is no TOML"),
        ("s.json", "  \n", "s.json: there is nothing in it"),
        ("s.bin", "x" * 64, "s.bin: this is no TOML"),
    ],
)
def test_bad_sources_are_exit_3(cli: Cli, name: str, text: str, says: str) -> None:
    Path(name).write_text(text)
    found = cli("apply", name)
    assert (found.code, found.out) == (3, "")
    assert says in found.err


@pytest.mark.parametrize("value", ["-1", "true", "4294967296", "1.0", '"1"'])
def test_bad_numbers_in_a_snapshot_name_key_range_and_file(cli: Cli, value: str) -> None:
    fields = dict.fromkeys(TaskQueueSnapshot.__dataclass_fields__, "0") | {"yielded_count": value}
    Path("s.json").write_text("{" + ", ".join(f'"{k}": {v}' for k, v in fields.items()) + "}")
    found = cli("apply", "s.json")
    assert found.code == 3
    assert "s.json: yielded_count is" in found.err
    assert "0 to 4294967295" in found.err


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (("absent.bin",), 1, "absent.bin: cannot read: no such file"),
        ((".",), 1, "Name a file, not a folder"),
        (("ring.bin", "--request", "absent.json"), 1, "absent.json"),
        (("ring.bin", "--request", "ring.bin"), 3, "neither JSON nor TOML"),
        (("ring.bin", "--queue-len", "x"), 2, "--queue-len is 'x'"),
        (("ring.bin", "--frontier-density-bps", "65536"), 2, "0 to 65535"),
        (("ring.bin", "--offset", "1"), 3, "left over"),
        (("-", "--request", "-"), 2, "standard input is named twice"),
    ],
)
def test_bad_calls_have_their_exit_code(
    cli: Cli, ring: Path, args: tuple[str, ...], code: int, says: str
) -> None:
    ring.write_bytes(ring.read_bytes() + slot(state=1, op_handle=0x9999_9999))
    found = cli("apply", *args)
    assert (found.code, found.out) == (code, "")
    assert says in found.err


def test_a_name_is_data_and_no_escape(cli: Cli) -> None:
    write_ring(Path("\x1b[31m[bold].bin"), slot(state=1))
    assert cli("apply", "\x1b[31m[bold].bin").out.startswith(
        "request with the telemetry of \\x1b[31m[bold].bin;"
    )


def test_a_small_ring_needs_neither_numpy_nor_rich(ring: Path) -> None:
    found = spawn("apply", str(ring), "--format", "csv", env={"PYTHONPROFILEIMPORTTIME": "1"})
    imported = {line.rsplit(b"|", 1)[-1].strip() for line in found.stderr.splitlines()}
    assert b"vyrectl.cli.sources" in imported
    assert imported.isdisjoint({b"numpy", b"rich", b"pyopencl"})
