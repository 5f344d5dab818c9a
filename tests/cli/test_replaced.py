"""Every command that writes a file: one of its own kind is replaced, one of another kind is left alone.

`WRITERS` has a line for each output of each command; a test holds it against the options that there are.
"""

from __future__ import annotations

import shlex
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from tests.cli.conftest import Cli
from tests.support.rings import slot, write_ring
from vyrectl.bench import mandelbrot
from vyrectl.cli.catalog import CATALOG
from vyrectl.cli.main import load_command
from vyrectl.protocol.control import encode_control
from vyrectl.protocol.lengths import empty_debug_log
from vyrectl.ring import contents
from vyrectl.ring.contents import (
    HISTORY,
    METRICS,
    PAGE,
    RING,
    SVG,
    TRACE,
    Content,
    check_replaceable,
    content_of,
)
from vyrectl.ring.outputs import Outputs

READY = [slot(state=1, priority=2, task_id=i) for i in range(5)]
LAUNCH = "launch r.bin --quiet --device reference"


class Writer(NamedTuple):
    """A command line whose last words name what it writes, `{}` the name."""

    line: str
    force: bool = True


WRITERS = {
    "map": Writer("map r.bin --output {}"),
    "report": Writer("report r.bin --output {}"),
    "plot": Writer("plot h.jsonl --output {}.png"),
    "plot svg": Writer("plot h.jsonl --output {}.svg"),
    "inspect": Writer("inspect r.bin --output {}.parquet"),
    "inspect arrow": Writer("inspect r.bin --output {}.arrow"),
    "converge": Writer("converge start.json --step reachability --edges edges.json --output {}"),
    "demo": Writer("demo --device reference --output {}"),
    "demo --keep": Writer("demo --device reference --keep {}"),
    "snapshot": Writer("snapshot r.bin --openmetrics --output {}"),
    "snapshot --append": Writer("snapshot r.bin --append {}"),
    "launch --output": Writer(f"{LAUNCH} --output {{}}", force=False),
    "launch --save-control": Writer(f"{LAUNCH} --output new.bin --save-control {{}}", force=False),
    "launch --debug-log": Writer(f"{LAUNCH} --output new.bin --debug-log {{}}", force=False),
    "launch --trace": Writer(f"{LAUNCH} --output new.bin --trace {{}}", force=False),
    "launch --record": Writer(f"{LAUNCH} --output new.bin --record {{}}", force=False),
    "launch --buffer": Writer(f"{LAUNCH} --output new.bin --buffer 0=zeros:uint32:4:{{}}", force=False),
}
FORCED = ("map", "report", "plot svg", "inspect", "converge", "snapshot", "snapshot --append")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Cli) -> Path:
    """The current folder, with a ring of five tasks that do nothing and what else the commands read."""
    monkeypatch.chdir(tmp_path)
    write_ring(tmp_path / "r.bin", *READY)
    assert cli("snapshot", "r.bin", "--append", "h.jsonl", "--quiet").code == 0
    (tmp_path / "start.json").write_text("[1, 0, 0]")
    (tmp_path / "edges.json").write_text("[[0, 1]]")
    return tmp_path


def _name(writer: Writer, name: str) -> str:
    return shlex.split(writer.line.format(name))[-1].rpartition(":")[-1]


def _strangers(own: str) -> dict[str, bytes]:
    many = [slot(state=1, priority=2, task_id=i + 1, op=0x1000) for i in range(64)]
    return {
        "notes": b"# Notes of two years\n\nnever saved elsewhere\n",
        "ring": b"".join(many),
        "photo": b"\xff\xd8\xff\xe0" + bytes(100),
        "npy": b"\x93NUMPY" + bytes(100),
        "png": b"\x89PNG\r\n\x1a\n" + bytes(100),
        "source": b'VYRE_OP(0x2000, mine, "") { return vyre_done(); }\n',
    }


def _is_own(writer: str, stranger: str) -> bool:
    own = {
        "ring": ("demo --keep", "launch --output"),
        "npy": ("converge", "launch --buffer"),
        "png": ("map", "plot", "demo"),
    }
    return writer in own.get(stranger, ())


@pytest.mark.parametrize("name", [name for name in WRITERS if name not in ("demo", "demo --keep")])
def test_what_was_written_is_written_again(
    cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The command runs once; what it asks before a second run is asked about what the first one wrote."""
    writer = WRITERS[name]
    path = folder / _name(writer, "own")
    asked: list[tuple[str, Path, Content, bool]] = []

    def spy(option: str, where: Path, content: Content, *, is_forcible: bool) -> None:
        check_replaceable(option, where, content, is_forcible=is_forcible)
        asked.append((option, Path(where), content, is_forcible))

    monkeypatch.setattr(contents, "check_replaceable", spy)
    if name != "launch --record":  # its log is added to, and one of no bytes is refused as one that was cut
        path.touch()
    result = cli(*shlex.split(writer.line.format("own")))
    assert result.code == 0, result.err
    assert path.stat().st_size > 0
    own = [one for one in asked if one[1].name == path.name]
    assert own, "nobody asked"
    for option, where, content, is_forcible in own:
        check_replaceable(option, where, content, is_forcible=is_forcible)


def test_a_demo_replaces_it_by_force(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a picture of four tasks; what it wrote itself is written again without force."""
    monkeypatch.setattr(mandelbrot, "Picture", partial(mandelbrot.Picture, 64, 50, iterations=20))
    words = ("demo", "--device", "reference", "--output", "p.png", "--keep", "k.bin", "--quiet")
    (folder / "p.png").write_bytes(b"notes\n")
    assert cli(*words).code == 3
    assert cli(*words, "--force").code == 0
    assert (folder / "p.png").read_bytes().startswith(b"\x89PNG")
    assert cli(*words).code == 0


@pytest.mark.parametrize("name", WRITERS)
def test_another_kind_is_left_alone_and_said(cli: Cli, folder: Path, name: str) -> None:
    writer = WRITERS[name]
    path = folder / _name(writer, "his")
    for stranger, data in _strangers(name).items():
        if _is_own(name, stranger):
            continue
        path.write_bytes(data)
        ring = (folder / "r.bin").read_bytes()
        result = cli(*shlex.split(writer.line.format("his")))
        assert result.code == 3, (stranger, result.out, result.err)
        assert path.read_bytes() == data
        assert (folder / "r.bin").read_bytes() == ring
        assert not (folder / "new.bin").exists()
        assert f"error: {path.name}: " in result.err
        last = result.err.splitlines()[-1]
        if writer.force:
            assert last.startswith(f"  run: vyrectl {name.split()[0]} ")
            assert last.endswith(" --force")
        else:
            assert last.endswith(f"mv -n {path.name} {path.name}.old")


@pytest.mark.parametrize("name", FORCED)
def test_force_replaces_it(cli: Cli, folder: Path, name: str) -> None:
    writer = WRITERS[name]
    path = folder / _name(writer, "his")
    path.write_bytes(b"\xff\xd8\xff\xe0" + bytes(100))
    before = path.read_bytes()
    result = cli(*shlex.split(writer.line.format("his")), "--force")
    assert result.code == 0, result.err
    assert path.read_bytes() != before
    if "--append" not in writer.line:
        kept = Path(f"{path}.bak")
        assert kept.read_bytes() == before
        assert f"{path.name}: the old one is {kept.name}\n" in result.err


OWN_KIND = {
    "map": b"\x89PNG\r\n\x1a\n" + bytes(100),
    "plot": b"\x89PNG\r\n\x1a\n" + bytes(100),
    "plot svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "inspect": b"PAR1" + bytes(40),
    "inspect arrow": b"ARROW1" + bytes(40),
    "converge": b"\x93NUMPY" + bytes(100),
    "snapshot": b"# TYPE x gauge\nx 1\n# EOF\n",
    "report": b"<title>vyrectl report: ring</title>",
    "launch --save-control": encode_control(tenants=2, observables=8),
    "launch --debug-log": empty_debug_log(8),
    "launch --trace": b'{"traceEvents": []}',
}


@pytest.mark.parametrize("name", OWN_KIND)
def test_a_strangers_file_of_the_same_kind_is_kept_once(cli: Cli, folder: Path, name: str) -> None:
    line = WRITERS[name].line.replace(" --quiet", "")
    path = folder / _name(WRITERS[name], "his")
    path.write_bytes(OWN_KIND[name])
    results = [cli(*shlex.split(line.format("his"))) for _ in range(2)]
    assert [one.code for one in results] == [0, 0], results
    said = f"{path.name}: the old one is {path.name}.bak\n"
    assert [said in one.err for one in results] == [True, False]
    assert path.read_bytes() != OWN_KIND[name]
    copies = {one.name: one.read_bytes() for one in folder.glob(f"{path.name}.bak*")}
    assert copies == {f"{path.name}.bak": OWN_KIND[name]}


def test_the_default_page_too(cli: Cli, folder: Path) -> None:
    (folder / "report.html").write_text("<!DOCTYPE html><title>Quarterly report</title>")
    result = cli("report", "r.bin")
    assert result.code == 3
    assert "report.html" in result.err
    assert "vyrectl report r.bin --force" in result.err


def test_a_dry_run_says_it_too(cli: Cli, folder: Path) -> None:
    (folder / "notes").write_text("notes\n")
    result = cli("launch", "r.bin", "--dry-run", "--output", "notes")
    assert result.code == 3
    assert "notes: --output would replace a file of another kind" in result.err


def test_a_link_leads_to_the_file_that_would_be_lost(cli: Cli, folder: Path) -> None:
    (folder / "notes").write_text("notes\n")
    (folder / "link").symlink_to("notes")
    assert cli("map", "r.bin", "--output", "link").code == 3
    assert (folder / "notes").read_text() == "notes\n"


def test_the_library_keeps_to_it(folder: Path) -> None:
    from vyrectl import Ring, launch
    from vyrectl.engine.buffers import Buffer
    from vyrectl.errors import OtherKindError

    (folder / "o.npy").write_bytes(b"notes\n")
    buffer = Buffer(np.zeros(4, np.uint32), writable=True, output=folder / "o.npy")
    with (
        Ring.open(folder / "r.bin", writable=True) as ring,
        pytest.raises(OtherKindError, match="another kind"),
    ):
        launch(ring, device="reference", buffers={0: buffer})
    assert (folder / "o.npy").read_bytes() == b"notes\n"


def test_no_output_is_left_out() -> None:
    """Options that name a file to write: all of them stand in `WRITERS`, or refuse any file that exists."""
    refusing = {"--unpack"}
    reading = {"launch": {"--trace", "--output", "--save-control", "--debug-log", "--record", "--buffer"}}
    words = {
        word for writer in WRITERS.values() for word in shlex.split(writer.line) if word.startswith("--")
    }
    for command in CATALOG:
        loaded = load_command(command.name)
        assert loaded is not None
        named = {
            option
            for param in loaded.params
            for option in param.opts
            if option in ("--output", "--keep", "--append", "--unpack")
            or option in reading.get(command.name, ())
        }
        lines = [writer.line for writer in WRITERS.values() if writer.line.split()[0] == command.name]
        for option in named - refusing:
            assert any(f" {option} " in line for line in lines), (command.name, option)
    assert "--save-control" in words


# --- the marks ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (SVG, b'<?xml version="1.0"?>\n<!DOCTYPE svg PUBLIC "x">\n<svg width="3">'),
        (SVG, b"<!-- made by hand -->\n<svg>"),
        (TRACE, b'{"traceEvents": ['),
        (TRACE, b' {"displayTimeUnit": "ns", "otherData": {"device": "a [b]"}, "traceEvents": ['),
        (METRICS, b"# HELP up is it\n# TYPE up gauge\n"),
        (HISTORY, b'_count":3}\n{"schema":"vyrectl.snapshot/1"}\n'),
        (PAGE, b"<!DOCTYPE html>\n<title>vyrectl report: r.bin</title>"),
    ],
)
def test_a_mark_is_known(tmp_path: Path, content: object, text: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(text)
    check_replaceable("--output", path, content, is_forcible=True)  # type: ignore[arg-type]


def test_the_ending_chooses_the_content() -> None:
    assert content_of("x.SVG", RING) is SVG
    assert content_of("x", RING) is RING
    assert content_of(None, RING) is RING


def test_odd_rings_may_be_written_again(tmp_path: Path) -> None:
    """Whatever a launch takes for a ring is one for its output: few unknown states, no tasks, one slot."""
    rng = np.random.default_rng(5)
    for slots in (1, 2, 3, 64, 1000):
        words = rng.integers(0, 2**32, (slots, 16), dtype=np.uint32)
        words[:, 0] = rng.integers(0, 8, slots)
        words[: min(3, slots // 2), 0] = 77
        for array in (words, words * np.uint32(0), words & 3):
            path = tmp_path / "ring"
            path.write_bytes(array.astype("<u4").tobytes())
            files = Outputs()
            files.writes("--output", path, RING, is_ring=True)
            files.check()
