"""The README's pictures: shown with words, self-contained, and found stale when they are."""

from __future__ import annotations

import re
import zlib
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from vyrectl.cli.views.picture import png_bytes
from vyrectl.devtools import __main__ as program
from vyrectl.devtools import pictures
from vyrectl.devtools.generated import documents
from vyrectl.devtools.pictures import FOLDER, PICTURES, Drawn, Picture, draw, stale, svg
from vyrectl.errors import UnknownNameError, VyrectlError

HELLO = Picture(
    "hello.svg", r"printf '\033[1;31mred\033[0m & <\303\274>  9.25 s\n  at 10:20:30\n'", columns=40
)
SVG = "{http://www.w3.org/2000/svg}"


def _texts(data: bytes) -> list[str]:
    root = ElementTree.fromstring(data)
    return [str(text.text).replace("\xa0", " ") for text in root.iter(f"{SVG}text")]


@pytest.fixture
def one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A repository with one picture to draw."""
    monkeypatch.setattr(pictures, "PICTURES", (HELLO,))
    monkeypatch.setattr(program, "ROOT", tmp_path)
    (tmp_path / "pyproject.toml").touch()
    return tmp_path


DRAWN_ELSEWHERE = {"layers.svg", "report-light.png", "report-dark.png"}
"""Pictures of the code and of a page in a browser; they have tests of their own."""


def test_the_pages_show_each_and_says_what_it_shows() -> None:
    text = "\n".join((program.ROOT / path).read_text(encoding="utf-8") for path in documents(program.ROOT))
    shown = dict(re.findall(rf"!\[([^\]]{{20,}})\]\((?:../../)?{FOLDER}/([\w.]+)\)", text))
    drawn = {picture.name for picture in PICTURES}
    assert drawn <= set(shown.values()) <= drawn | DRAWN_ELSEWHERE


def test_no_picture_is_left_over() -> None:
    found = {path.name for path in (program.ROOT / FOLDER).iterdir()}
    assert found == {picture.name for picture in PICTURES} | DRAWN_ELSEWHERE


@pytest.mark.parametrize(
    "picture", [one for one in PICTURES if one.path.suffix == ".svg"], ids=lambda one: one.name
)
def test_a_picture_fetches_nothing(picture: Picture) -> None:
    data = (program.ROOT / picture.path).read_bytes()
    assert len(data) < 40_000
    assert re.findall(rb"https?:[^\"]*", data) == [b"http://www.w3.org/2000/svg"]
    assert b"@import" not in data
    assert b"src:" not in data
    assert "".join(_texts(data)).startswith(f"$ {picture.command}")


def test_what_a_terminal_shows(tmp_path: Path) -> None:
    texts = _texts(draw(HELLO, tmp_path).data)
    assert texts[0] == "$ "
    assert texts[2:] == ["red", " & <ü>  ... s", "  at 12:34:56"]


def test_keys_are_typed_and_what_follows_the_last_is_left_out(tmp_path: Path) -> None:
    command = r"printf '\e[2;1H\e[Ktwo\e[1;1H\e[Kone'; read -r; printf '\e[1;1H\e[KONE'; read -r; echo end"
    shown = _texts(draw(Picture("keys.svg", command, columns=300, keys=("\r", "\r")), tmp_path).data)
    assert [text for text in shown if text in ("one", "ONE", "two", "end")] == ["ONE", "two"]


def test_a_command_that_fails_is_named(tmp_path: Path) -> None:
    with pytest.raises(VyrectlError) as caught:
        draw(Picture("bad.svg", "echo why; exit 3"), tmp_path)
    assert (caught.value.what, caught.value.where) == ("exit code 3", "echo why; exit 3")
    assert "why" in str(caught.value.fix)


def test_a_command_that_does_not_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vyrectl.devtools.terminal.TIMEOUT_S", 0.2)
    with pytest.raises(VyrectlError, match="nothing ended"):
        draw(Picture("slow.svg", "exec sleep 60"), tmp_path)


def test_a_stale_picture_is_found_and_mended(one: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["pictures", "--check"]) == 1
    assert (
        f"{FOLDER}/hello.svg is stale; run `python -m vyrectl.devtools pictures`" in capsys.readouterr().out
    )
    assert program.main(["pictures"]) == 0
    assert program.main(["pictures", "--check"]) == 0
    path = one / FOLDER / "hello.svg"
    path.write_bytes(path.read_bytes().replace(b"red", b"rod"))
    assert program.main(["pictures", "--check", "hello.svg"]) == 1


def test_an_unknown_picture(one: Path) -> None:
    with pytest.raises(UnknownNameError):
        list(stale(one, ["helo.svg"]))


def test_pictures_of_pixels_are_compared_by_their_pixels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    drawn = Drawn(Picture("dots.png", "true"), png_bytes(pixels))
    drawn.write(tmp_path)
    compress = zlib.compress
    monkeypatch.setattr(zlib, "compress", lambda data, level: compress(data, 0))
    otherwise = png_bytes(pixels)
    assert otherwise != drawn.data
    assert replace(drawn, data=otherwise).is_current(tmp_path)
    assert not replace(drawn, data=png_bytes(pixels[::-1])).is_current(tmp_path)


def test_wide_lines_are_cut_not_wrapped() -> None:
    texts = _texts(svg(HELLO, "x" * 90).encode())
    assert texts[-1] == "x" * 40
