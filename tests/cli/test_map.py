"""`map`: the ring as letters, as colours and as a PNG file."""

from __future__ import annotations

import csv
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.cli.conftest import Cli
from tests.support.rings import slot, write_ring
from vyrectl.abi.states import TaskPriority, TaskState
from vyrectl.cli.commands.map import KINDS
from vyrectl.cli.commands.map.view_font import _ROWS, draw_text
from vyrectl.cli.views.map_colours import BY_MARK, HEAT, colour_of, ink_on
from vyrectl.ring.marks import BY, STATE_MARKS


def read_png(path: Path) -> NDArray[np.uint8]:
    """Decode what the writer makes: 8-bit RGB, no filters, checked sums."""
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, parts = 8, {}
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + length]
        assert struct.unpack(">I", data[at + 8 + length : at + 12 + length])[0] == zlib.crc32(kind + body)
        parts[kind] = body
        at += 12 + length
    width, height, depth, colours = struct.unpack(">IIBB", parts[b"IHDR"][:10])
    assert (depth, colours) == (8, 2)
    rows = np.frombuffer(zlib.decompress(parts[b"IDAT"]), np.uint8).reshape(height, 1 + 3 * width)
    assert (rows[:, 0] == 0).all()
    return rows[:, 1:].reshape(height, width, 3)


def marks(cli: Cli, *args: str) -> str:
    return "".join(row["marks"] for row in cli("map", "ring.bin", *args, "--json").json()["rows"])


def test_the_commands_kinds_are_the_librarys() -> None:
    assert tuple(KINDS) == tuple(BY)


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ((), ".RRUDPPYQFFR"),
        (("--by", "priority"), ".NCHNLLNINN?"),
        (("--by", "tenant"), ".ABAABAAAAAA"),
        (("--by", "op"), ".BAEDFFEGCHA"),
        (("--by", "age"), ".04060002000"),
        (("--by", "requeues"), ".00030002000"),
        (("--where", "state in (paused, faulted)"), "     PP  FF "),
        (("--slots", "3-4"), "   UD       "),
        (("--width", "4", "--height", "3"), ".RRUDPPYQFFR"),
        (("--width", "2", "--height", "1"), "rf"),
        (("--offset", "64", "--count", "3"), "RRU"),
    ],
)
def test_marks(cli: Cli, ring: Path, args: tuple[str, ...], expected: str) -> None:
    assert marks(cli, *args) == expected


def test_the_record_says_what_the_marks_mean(cli: Cli, ring: Path) -> None:
    record = cli("map", "ring.bin", "--by", "age", "--width", "8", "--json").json()
    assert list(record) == [
        "schema",
        "ring",
        "by",
        "total",
        "matched",
        "slots_per_mark",
        "marks_per_row",
        "kinds",
        "rows",
    ]
    assert record["rows"] == [
        {"first_slot": 0, "marks": ".0406000"},
        {"first_slot": 8, "marks": "2000"},
    ]
    assert record["kinds"][1] == {
        "mark": "2",
        "name": "2-3",
        "least": 2,
        "most": 3,
        "slots": 1,
        "share": round(1 / 12, 6),
        "first_slot": 8,
    }
    assert sum(kind["slots"] for kind in record["kinds"]) == record["matched"] == 12


def test_rows_as_csv_and_json_lines(cli: Cli, tmp_path: Path) -> None:
    write_ring(tmp_path / "r.bin", *[slot(state=1)] * 200, slot(state=3))
    rows = list(csv.reader(cli("map", "r.bin", "--format", "csv").out.splitlines()))
    assert rows[0] == ["first_slot", "marks"]
    assert [row[0] for row in rows[1:]] == ["0", "64", "128", "192"]
    assert cli("map", "r.bin", "--format", "jsonl").lines()[3] == {"first_slot": 192, "marks": "R" * 8 + "D"}


def test_a_large_ring_fits_a_pipe_and_a_terminal(
    cli: Cli, terminal: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_ring(tmp_path / "r.bin", *[slot(state=1)] * 100_000)
    monkeypatch.setenv("LINES", "24")
    shown = terminal("map", "r.bin", "--color", "never").out.splitlines()
    assert len(shown) < 24
    assert max(map(len, shown)) <= 80
    assert shown[1] == "     0  " + "R" * 64
    assert "slots a mark" in shown[0]


def test_colours_carry_letters(terminal: Cli, ring: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLORTERM", "truecolor")
    shown = terminal("map", "ring.bin").out
    assert "\x1b[38;2;255;255;255;48;2;225;50;45mFF" in shown
    monkeypatch.setenv("NO_COLOR", "1")
    plain = terminal("map", "ring.bin").out
    assert "48;2" not in plain
    assert ".RRUDPPYQFFR" in plain


def test_every_kind_has_a_colour_of_its_own_lightness() -> None:
    for by, states in (("state", STATE_MARKS.values()), ("priority", [p.name[0] for p in TaskPriority])):
        colours = [colour_of(by, {"mark": mark, "least": None}) for mark in states]
        assert len(set(colours)) == len(colours)
    assert len(BY_MARK["state"]) == len(TaskState) - 1
    light = [299 * r + 587 * g + 114 * b for r, g, b in HEAT]
    assert light == sorted(light)
    letters = {colour_of("tenant", {"mark": chr(65 + i), "least": None}) for i in range(26)}
    assert len(letters) == 26
    assert (ink_on((255, 255, 255)), ink_on((0, 0, 0))) == ((0, 0, 0), (255, 255, 255))


def test_a_png_has_a_square_a_slot(cli: Cli, tmp_path: Path) -> None:
    write_ring(tmp_path / "r.bin", *(slot(state=i % 8) for i in range(70_000)))
    record = cli("map", "r.bin", "--output", "r.png", "--json").json()
    pixels = read_png(tmp_path / "r.png")
    assert record["pixels"] == [pixels.shape[1], pixels.shape[0]]
    assert (record["marks_per_row"], record["slots_per_mark"], record["output"]) == (512, 1, "r.png")
    by_state = {mark: colour_of("state", {"mark": mark, "least": None}) for mark in STATE_MARKS.values()}
    order = [by_state[mark] for mark in STATE_MARKS.values()]
    for number in (0, 1, 7, 511, 512, 69_999):
        row, column = divmod(number, 512)
        assert tuple(pixels[row * 2 + 1, column * 2 + 1]) == order[number % 8]
    assert tuple(pixels[70_000 // 512 * 2 + 1, 511 * 2]) == (16, 16, 20)


def test_a_small_png_carries_letters_and_a_key(cli: Cli, ring: Path, tmp_path: Path) -> None:
    result = cli("map", "ring.bin", "--output", "r.png")
    pixels = read_png(tmp_path / "r.png")
    assert result.out.startswith(f"r.png: 12 slots, {pixels.shape[1]} x {pixels.shape[0]} pixels\n")
    letter = draw_text("R", 2)
    square = pixels[:16, 16:32]
    ink = (square == 255).all(axis=2) | (square == 0).all(axis=2)
    found = [
        (y, x)
        for y in range(16 - letter.shape[0])
        for x in range(16 - letter.shape[1])
        if (ink[y : y + letter.shape[0], x : x + letter.shape[1]] == letter).all()
    ]
    assert len(found) == 1
    assert (pixels[3 * 16 :] == 255).all(axis=2).any()


def test_an_empty_ring_has_an_empty_map(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "e.bin").touch()
    assert cli("map", "e.bin").out.startswith("e.bin: 0 slots by state\n")
    assert cli("map", "e.bin", "--output", "e.png").code == 0
    assert read_png(tmp_path / "e.png").shape[1] >= 480


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--by", "colour"), "kind of map 'colour'"),
        (("--width", "0"), "--width"),
        (("--output", "x.png", "--width", "4"), "a size of its own"),
        (("--where", "agge > 1"), "agge"),
    ],
)
def test_bad_options_are_usage_errors(cli: Cli, ring: Path, args: tuple[str, ...], words: str) -> None:
    result = cli("map", "ring.bin", *args)
    assert (result.code, result.out) == (2, "")
    assert words in result.err


def test_the_font_has_different_shapes() -> None:
    shapes = {char: draw_text(char).tobytes() for char in _ROWS}
    assert len(set(shapes.values())) >= len(_ROWS) - 1
    assert draw_text("ab").tolist() == draw_text("AB").tolist()
    assert draw_text("AB", 3).shape == (15, 21)
    assert draw_text("").shape == (5, 0)
    assert (draw_text("\u00e9") == draw_text("?")).all()
