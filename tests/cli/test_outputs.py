"""What commands write: held against what they read and against one another, looked at before the work, saved each
on its own."""

from __future__ import annotations

import json
import os
import resource
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests import warm
from tests.cli.conftest import Cli
from tests.needs import needs_own_mounts, needs_tool, only_where
from tests.support.rings import slot, write_ring
from vyrectl.errors import FileError, UsageError
from vyrectl.ring.outputs import Outputs
from vyrectl.ring.store import holds_other_tasks

READY = [slot(state=1, priority=2, task_id=i) for i in range(5)]
REFERENCE = ("--device", "reference", "--quiet")


@pytest.fixture
def ring(tmp_path: Path) -> Path:
    """Five tasks that do nothing."""
    return write_ring(tmp_path / "r.bin", *READY)


def run(*args: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(warm.command("vyrectl", *args), capture_output=True, timeout=120, check=False)


# --- the record of inputs and outputs -----------------------------------------------------------------------


def test_the_same_file_by_symlink_hard_link_and_another_spelling(tmp_path: Path, ring: Path) -> None:
    os.link(ring, tmp_path / "hard")
    (tmp_path / "soft").symlink_to("r.bin")
    (tmp_path / "folder").symlink_to(".")
    for name in ("hard", "soft", "./r.bin", "folder/r.bin"):
        files = Outputs()
        files.reads_ring(ring)
        files.writes("--trace", tmp_path / name, None)
        with pytest.raises(UsageError, match="--trace names the ring itself"):
            files.check()


@pytest.mark.parametrize(("one", "other"), [("new", "folder/new"), ("gone/new", "gone/../gone/new")])
def test_files_that_are_not_there_yet_are_compared_too(tmp_path: Path, one: str, other: str) -> None:
    (tmp_path / "folder").symlink_to(".")
    files = Outputs()
    files.writes("--trace", tmp_path / one, None)
    files.writes("--save-control", tmp_path / other, None)
    with pytest.raises(UsageError, match="--save-control names what --trace writes"):
        files.check()


@pytest.mark.parametrize(
    ("suffix", "what"),
    [(".lock", "lock"), (".live", "live sidecar"), (".bak", "backup"), (".live.new", "sidecar")],
)
def test_no_output_is_a_file_that_keeps_the_ring(ring: Path, suffix: str, what: str) -> None:
    files = Outputs()
    files.reads_ring(ring)
    files.writes("--output", f"{ring}{suffix}", None)
    with pytest.raises(UsageError, match=f"--output names the ring's .*{what}"):
        files.check()


def test_a_mapped_output_lies_under_two_names(tmp_path: Path) -> None:
    files = Outputs()
    files.writes("--buffer 0=", tmp_path / "o.npy", None, is_mapped=True)
    files.writes("--trace", tmp_path / "o.npy.partial", None)
    with pytest.raises(UsageError, match="--trace names what --buffer 0= writes"):
        files.check()


@pytest.mark.parametrize("suffix", [".lock", ".live"])
def test_no_output_takes_a_name_that_a_ring_beside_it_keeps(tmp_path: Path, suffix: str) -> None:
    """Also of a command that does not read that ring; beside no ring it is a name like any other."""
    files = Outputs()
    files.writes("--output", tmp_path / f"r.bin{suffix}", None)
    files.check()
    (tmp_path / "r.bin").write_bytes(bytes(64))
    with pytest.raises(UsageError, match=r"of r\.bin"):
        files.check()


def test_two_outputs_do_not_share_standard_output() -> None:
    files = Outputs()
    files.writes("--output", "-", None)
    files.writes("--trace", "-", None)
    with pytest.raises(UsageError, match="both go to standard output"):
        files.check()


def test_places_are_looked_at_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name, why in (("a folder", "is a directory"), ("pipe", "no regular file"), ("no/x", "no such file")):
        files = Outputs()
        files.writes("--trace", tmp_path / name, None)
        with pytest.raises(FileError, match=why):
            files.check()
    assert sorted(os.listdir(tmp_path)) == ["a folder", "pipe"]


def test_a_missing_folder_comes_with_the_line_that_makes_it(tmp_path: Path) -> None:
    files = Outputs()
    files.writes("--trace", tmp_path / "my folder" / "t.json", None)
    with pytest.raises(FileError) as caught:
        files.check()
    assert caught.value.fix == f"mkdir -p '{tmp_path}/my folder'"


# --- launch -------------------------------------------------------------------------------------------------

BEFORE = {
    "ring as trace": (("--output", "o.bin", "--trace", "r.bin"), 2),
    "ring as control": (("--output", "o.bin", "--save-control", "r.bin"), 2),
    "ring as debug log": (("--output", "o.bin", "--debug-log", "r.bin"), 2),
    "ring as buffer": (("--buffer", "0=zeros:uint32:4:r.bin", "--output", "o.bin"), 2),
    "ring as output": (("--output", "r.bin"), 2),
    "ring as record": (("--record", "r.bin"), 2),
    "lock": (("--output", "r.bin.lock"), 2),
    "live": (("--output", "r.bin.live"), 2),
    "three of one name": (("--trace", "x", "--save-control", "x", "--debug-log", "x"), 2),
    "two buffers": (("--buffer", "0=zeros:uint32:4:o.npy", "--buffer", "1=zeros:uint32:8:./o.npy"), 2),
    "buffer and output": (("--buffer", "0=zeros:uint32:4:o.bin", "--output", "o.bin"), 2),
    "buffer and control": (("--buffer", "0=zeros:uint32:4:c.bin", "--save-control", "c.bin"), 2),
    "trace and output": (("--trace", "o.bin", "--output", "o.bin"), 2),
    "an input of another": (("--buffer", "0=in.npy", "--trace", "in.npy"), 2),
    "operations": (("--ops", "mine.cl", "--trace", "mine.cl"), 2),
    "no folder for the output": (("--output", "no/o.bin"), 1),
    "no folder for the trace": (("--trace", "no/t.json"), 1),
    "no folder for the control": (("--save-control", "no/c.bin"), 1),
    "no folder for the debug log": (("--debug-log", "no/d.bin"), 1),
    "no folder for the record": (("--record", "no/r.vrrl"), 1),
    "no folder for a buffer": (("--buffer", "0=zeros:uint32:4:no/o.npy"), 1),
    "a folder": (("--save-control", "folder"), 1),
    "a pipe": (("--debug-log", "pipe"), 1),
    "a buffer that is a pipe": (("--buffer", "0=zeros:uint32:4:pipe"), 1),
}


@pytest.mark.parametrize(("options", "code"), BEFORE.values(), ids=BEFORE)
def test_a_launch_that_could_not_be_saved_does_not_begin(
    cli: Cli, ring: Path, tmp_path: Path, options: tuple[str, ...], code: int
) -> None:
    np.save(tmp_path / "in.npy", np.zeros(4, np.uint32))
    (tmp_path / "mine.cl").write_text('VYRE_OP(0x20000, mine, "x") { return vyre_done(); }')
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    told = cli("launch", "r.bin", *options, *REFERENCE)
    assert told.code == code, told.err
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.is_file()} == before


def test_a_buffer_may_be_saved_over_its_input(cli: Cli, ring: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.arange(4, dtype=np.uint32))
    assert cli("launch", "r.bin", "--buffer", "0=x.npy:x.npy", *REFERENCE).code == 0


def test_an_output_that_fails_late_loses_no_other(ring: Path, tmp_path: Path) -> None:
    """The folder of one output goes away while the launch runs."""
    lines = b'{"op": "nop"}\n'
    place = tmp_path / "place"
    place.mkdir()
    command = [sys.executable, "-m", "vyrectl", "launch", "r.bin", "--feed", "-", "--reclaim", "--json"]
    options = ["--device", "reference", "--buffer", "0=zeros:uint32:4:out.npy", "--save-control", "c.bin"]
    more = ["--debug-log", "place/d.bin", "--trace", "t.json", "--output", "o.bin"]
    write_ring(tmp_path / "r.bin", *READY, slot())
    with subprocess.Popen(
        [*command, *options, *more], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=-1
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(lines)
        child.stdin.flush()
        child.stdout.readline()
        place.rmdir()
        _, err = child.communicate(timeout=60)
    assert child.returncode == 1, err
    error = json.loads(err.splitlines()[-1])
    assert error["where"].endswith("place/d.bin")
    assert [one["where"] for one in error["not_saved"]] == [error["where"]]
    for name in ("out.npy", "c.bin", "t.json", "o.bin"):
        assert (tmp_path / name).exists(), name
    assert set(np.fromfile(tmp_path / "o.bin", "<u4")[::16].tolist()) <= {0, 3}


def test_a_result_that_its_place_refuses_is_kept_beside_the_ring(ring: Path, tmp_path: Path) -> None:
    """And a buffer that would be worked on twice is not replaced."""
    np.save(tmp_path / "x.npy", np.arange(4, dtype=np.uint32))
    place = tmp_path / "place"
    place.mkdir()
    write_ring(tmp_path / "r.bin", *READY, slot())
    command = [sys.executable, "-m", "vyrectl", "launch", "r.bin", "--feed", "-", "--reclaim", "--json"]
    options = ["--device", "reference", "--buffer", "0=x.npy:x.npy", "--output", "place/o.bin"]
    with subprocess.Popen(
        [*command, *options], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=-1
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(b'{"op": "nop"}\n')
        child.stdin.flush()
        child.stdout.readline()
        place.rmdir()
        _, err = child.communicate(timeout=60)
    assert child.returncode == 1, err
    assert "r.bin.rescued" in json.loads(err.splitlines()[-1])["fix"]
    assert (tmp_path / "r.bin.rescued").stat().st_size == 6 * 64
    assert (tmp_path / "x.npy.rescued").exists()
    assert (tmp_path / "r.bin").read_bytes() == b"".join([*READY, slot()])


# --- standard output ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "begins"),
    [("--output", struct.pack("<I", 3)), ("--trace", b'{"displayTimeUnit"'), ("--save-control", b"")],
)
def test_an_output_of_a_launch_on_standard_output(
    ring: Path, tmp_path: Path, option: str, begins: bytes
) -> None:
    done = run("launch", str(ring), "--device", "reference", option, "-")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(begins)
    assert b"drained" in done.stderr
    assert not (tmp_path / "-").exists()


def test_a_buffer_on_standard_output(ring: Path) -> None:
    done = run("launch", str(ring), "--device", "reference", "--buffer", "0=zeros:uint32:4:-")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(b"\x93NUMPY")


def test_an_answer_does_not_share_standard_output(cli: Cli, ring: Path) -> None:
    assert cli("launch", "r.bin", "--output", "-", "--json", *REFERENCE).code == 2
    assert cli("launch", "r.bin", "--output", "-", "--trace", "-", *REFERENCE).code == 2


# --- disks --------------------------------------------------------------------------------------------------

SMALL_DISK = """
mount -t tmpfs -o size=48k none {folder} && cd {folder} && cp {ring} r.bin &&
head -c 20000 /dev/zero > filler
"""


@needs_tool("unshare", "mount")
@needs_own_mounts()
@only_where(os.geteuid() == 0, "only the superuser can mount a small disk")
def test_no_room_is_found_out_before_the_run(tmp_path: Path) -> None:
    ring = write_ring(tmp_path / "r.bin", *READY)
    (tmp_path / "disk").mkdir()
    script = SMALL_DISK.format(folder=tmp_path / "disk", ring=ring) + (
        f"{sys.executable} -m vyrectl launch r.bin --device reference --buffer 0=zeros:uint32:8000:out.npy; "
        "code=$?; ls; cmp r.bin " + str(ring) + " && exit $code"
    )
    done = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1, done.stderr
    assert "bytes are needed" in done.stderr
    assert "out.npy" not in done.stdout


# --- the other commands -------------------------------------------------------------------------------------

OTHERS = {
    "snapshot --append the ring": ("snapshot", "r.bin", "--append", "r.bin"),
    "snapshot --output the ring": ("snapshot", "r.bin", "--openmetrics", "--output", "r.bin"),
    "snapshot --output a link": ("snapshot", "r.bin", "--openmetrics", "--output", "link"),
    "snapshot --append the lock": ("snapshot", "r.bin", "--append", "r.bin.lock"),
    "snapshot --output what --since reads": (
        *("snapshot", "r.bin", "--since", "s.json"),
        *("--append", "x", "--append", "s.json", "--control", "s.json"),
    ),
    "map": ("map", "r.bin", "--output", "r.bin"),
    "map a hard link": ("map", "r.bin", "--output", "hard"),
    "build": ("build", "t.csv", "t.csv", "--force"),
    "build from": ("build", "./t.csv", "--from", "t.csv", "--force"),
    "build mix": ("build", "mix.json", "--synthetic", "3", "--mix", "mix.json", "--force"),
    "demo": ("demo", "--output", "x", "--keep", "./x"),
    "converge": ("converge", "s.json", "--output", "s.json"),
    "plot": ("plot", "h.png", "--output", "h.png"),
    "inspect": ("inspect", "r.parquet", "--output", "r.parquet"),
}


@pytest.mark.parametrize("args", OTHERS.values(), ids=OTHERS)
def test_no_command_writes_over_what_it_reads(
    cli: Cli, ring: Path, tmp_path: Path, args: tuple[str, ...]
) -> None:
    (tmp_path / "link").symlink_to("r.bin")
    os.link(ring, tmp_path / "hard")
    write_ring(tmp_path / "r.parquet", *READY)
    (tmp_path / "t.csv").write_text("op\nnop\n")
    (tmp_path / "mix.json").write_text("{}")
    (tmp_path / "h.png").write_text("{}")
    (tmp_path / "s.json").write_text(cli("snapshot", "r.bin", "--json").out)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    told = cli(*args)
    assert told.code == 2, told.err
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_history_is_compared_with_and_added_to(cli: Cli, ring: Path, tmp_path: Path) -> None:
    assert cli("snapshot", "r.bin", "--append", "h.jsonl").code == 0
    assert cli("snapshot", "r.bin", "--since", "h.jsonl", "--append", "h.jsonl").code == 0
    assert len((tmp_path / "h.jsonl").read_text().splitlines()) == 2


CONVERGE = ("converge", "start.json", "--step", "reachability", "--edges", "e.json", "--device", "reference")


@pytest.mark.parametrize(
    ("args", "begins"),
    [
        (("map", "r.bin", "--output", "-"), b"\x89PNG"),
        (("snapshot", "r.bin", "--append", "-"), b'{"schema":"vyrectl.snapshot/1","timestamp"'),
        (("snapshot", "r.bin", "--openmetrics", "--output", "-"), b"# TYPE"),
        (("control", "-", "--new"), b"\0\0\0\0"),
        (("build", "-", "--slots", "4"), bytes(64)),
        (
            (
                "converge",
                "start.json",
                "--step",
                "reachability",
                "--edges",
                "e.json",
                "--device",
                "reference",
                "-o",
                "-",
            ),
            b"\x93NUMPY",
        ),
    ],
)
def test_a_dash_is_standard_output(ring: Path, tmp_path: Path, args: tuple[str, ...], begins: bytes) -> None:
    (tmp_path / "start.json").write_text("[1, 0]")
    (tmp_path / "e.json").write_text("[[0, 1]]")
    done = run(*args)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(begins)
    assert not (tmp_path / "-").exists()


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_its_device_files_are_standard_output_too(ring: Path, tmp_path: Path, name: str) -> None:
    """Into a pipe and into a file; a launch is worked by a process whose standard output is another."""
    lines = [
        (("map", "r.bin", "--output", name), b"\x89PNG"),
        (("build", name, "--slots", "4"), bytes(64)),
        (("control", name, "--new"), b"\0\0\0\0"),
        (("launch", "r.bin", "--device", "reference", "--output", name), struct.pack("<I", 3)),
        (("launch", "r.bin", "--device", "reference", "--buffer", f"0=zeros:uint32:4:{name}"), b"\x93NUMPY"),
    ]
    for args, begins in lines[:: 1 if name == "/dev/stdout" else 3]:
        assert run(*args).stdout.startswith(begins), args
        with open(tmp_path / "sink", "wb") as sink:
            command = [sys.executable, "-m", "vyrectl", *args]
            done = subprocess.run(
                command, cwd=tmp_path, stdout=sink, stderr=subprocess.PIPE, check=False, timeout=60
            )
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "sink").read_bytes().startswith(begins), args
    assert run("launch", "r.bin", "--device", "reference", "--record", name).returncode == 2


def test_only_what_a_ring_replaces_is_left_out(cli: Cli, ring: Path) -> None:
    """`launch` without --output writes the ring itself; a picture has no such place."""
    assert "Leave --output out" in cli("launch", "r.bin", "--output", "r.bin", *REFERENCE).err
    assert "Give each output a file of its own" in cli("map", "r.bin", "--output", "r.bin").err


def test_a_dangling_link_names_the_folder_that_is_missing(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "dang.bin").symlink_to("nowhere/x.bin")
    told = cli("build", "dang.bin", "--synthetic", "3")
    assert told.code == 1
    assert "no such file or directory" in told.err
    assert f"mkdir -p {tmp_path}/nowhere" in told.err


def test_a_limit_on_the_size_of_files_is_met_before_the_work(ring: Path, tmp_path: Path) -> None:
    """`ulimit -f` is no disk that is full: what is too long is refused before anything is claimed."""
    write_ring(tmp_path / "r.bin", *READY * 40)
    before = (tmp_path / "r.bin").read_bytes()
    most = len(before) - 1
    for options in ((), ("--output", "o.bin")):
        done = subprocess.run(
            [sys.executable, "-m", "vyrectl", "launch", "r.bin", "--device", "reference", *options],
            cwd=tmp_path,
            capture_output=True,
            timeout=60,
            check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)),
        )
        assert done.returncode == 1, done.stderr
        assert b"file too large" in done.stderr
        assert b"The run is over" not in done.stderr
    assert (tmp_path / "r.bin").read_bytes() == before
    assert not (tmp_path / "o.bin").exists()


# --- a result that takes another ring's place ----------------------------------------------------------------


@pytest.mark.parametrize("device", ["reference", "reference,reference"])
def test_a_result_keeps_the_ring_of_other_tasks_that_it_replaces(
    cli: Cli, tmp_path: Path, device: str
) -> None:
    for name, seed in (("one.bin", "1"), ("other.bin", "2")):
        assert cli("build", name, "--synthetic", "9", "--seed", seed).code == 0
    other = (tmp_path / "other.bin").read_bytes()
    launched = cli("launch", "one.bin", "--device", device, "--output", "other.bin")
    assert launched.code == 0
    assert "the old ring is other.bin.bak" in launched.err
    assert (tmp_path / "other.bin.bak").read_bytes() == other
    for options in ((), ("--max-steps", "3"), ("--epoch", "9")):
        cli("launch", "one.bin", "--device", device, "--output", "other.bin", *options)
    assert not (tmp_path / "other.bin.bak.1").exists(), "earlier results of the same tasks give way"


def test_which_ring_holds_other_tasks(tmp_path: Path) -> None:
    launched = write_ring(tmp_path / "r.bin", *READY, slot())
    for there, holds in (
        ([*READY, slot(state=3, task_id=77)], False),  # a child in a slot that was empty
        ([slot(state=3, priority=2, task_id=i) for i in range(5)] + [slot()], False),
        (READY, True),
        ([*READY[:4], slot(state=1, task_id=9), slot()], True),
        ([*READY[:4], slot(state=1, task_id=4, op_handle=5), slot()], True),
        ([], False),
    ):
        path = tmp_path / "there.bin"
        path.write_bytes(b"".join(there))
        assert holds_other_tasks(path, launched) is holds, there
    assert not holds_other_tasks(tmp_path / "missing.bin", launched)
    (tmp_path / "there.bin.bak").write_bytes(b"".join(READY))
    path.write_bytes(b"".join(READY))
    assert not holds_other_tasks(path, launched), "a backup holds the same bytes"
