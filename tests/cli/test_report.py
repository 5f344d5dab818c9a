"""`vyrectl report`: one page that a browser shows as it should be, with the counts of the record and no foreign markup.

The browser is Debian's Chromium, headless; where it is missing its tests are skipped, and fail in CI.
"""

from __future__ import annotations

import json
import re
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli
from tests.needs import require_tool

BROWSER = "chromium"
SWITCHES = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=8000",
)


def _browse(page: Path, profile: Path, *switches: str) -> subprocess.CompletedProcess[str]:
    require_tool(BROWSER)
    return subprocess.run(
        [BROWSER, *SWITCHES, f"--user-data-dir={profile}", *switches, page.absolute().as_uri()],
        capture_output=True,
        text=True,
        check=False,
        timeout=150,
    )


def _page(cli: Cli, *extra: str) -> tuple[str, dict[str, Any]]:
    done = cli("report", *extra, "--output", "r.html", "--json")
    assert done.code == 0, done.err
    return Path("r.html").read_text(encoding="utf-8"), done.json()


@pytest.fixture
def dump(cli: Cli) -> Path:
    """A ring of 3000 slots, some of them broken."""
    assert cli("build", "dump.bin", "--synthetic", "3000", "--seed", "7", "--quiet").code == 0
    data = bytearray(Path("dump.bin").read_bytes())
    struct.pack_into("<I", data, 64 * 5, 99)
    Path("dump.bin").write_bytes(data)
    return Path("dump.bin")


def test_the_counts_of_the_page_are_those_of_the_record(dump: Path, cli: Cli) -> None:
    text, record = _page(cli, "dump.bin")
    shown = {name: int(value) for name, value in re.findall(r'data-field="(\w+)">(\d+)<', text)}
    (counted,) = record["rings"]
    assert shown == {name: value for name, value in counted.items() if name != "ring"}
    assert shown["unknown_count"] == 1
    assert shown["slots"] == 3000
    telemetry = cli("snapshot", "dump.bin", "--lenient", "--json").json()
    assert all(shown[name] == telemetry[name] for name in shown if name in telemetry)


def test_it_asks_for_nothing_from_anywhere(dump: Path, cli: Cli) -> None:
    text, _ = _page(cli, "dump.bin")
    own = re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)
    assert re.findall(r"(?:src|href)=\"(?!data:)[^\"]+\"", own) == []
    assert "@import" not in own


def test_a_browser_shows_it_without_complaint(dump: Path, cli: Cli, tmp_path: Path) -> None:
    _page(cli, "dump.bin")
    done = _browse(Path("r.html"), tmp_path / "profile", "--enable-logging=stderr", "--dump-dom")
    assert done.returncode == 0
    assert [line for line in done.stderr.splitlines() if "CONSOLE" in line] == []
    assert done.stdout.count('class="main-svg"') >= 5, "plotly drew its charts"


def test_text_of_files_never_becomes_markup(cli: Cli, tmp_path: Path) -> None:
    name = "<img src=x onerror=alert(1)>.bin"
    assert cli("build", name, "--synthetic", "50", "--seed", "1", "--quiet").code == 0
    launched = cli("launch", name, "--device", "reference", "--output", "o.bin", "--json").json()
    evil = "</td><script>document.title='owned'</script>"
    Path("launch.json").write_text(json.dumps({**launched, "device": evil}))
    text, _ = _page(cli, name, "--launch", "launch.json")
    assert evil not in text
    assert "<img" not in _without_scripts(text)
    shown = _browse(Path("r.html"), tmp_path / "profile", "--dump-dom").stdout
    assert "<title>vyrectl report: &lt;img" in shown
    assert "<img" not in _without_scripts(shown)


def _without_scripts(page: str) -> str:
    return re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)


def test_light_and_dark_differ(dump: Path, cli: Cli, tmp_path: Path) -> None:
    _page(cli, "dump.bin")
    looks = []
    for name, scheme in (("light", 1), ("dark", 0)):
        picture = tmp_path / f"{name}.png"
        setting = f"--blink-settings=preferredColorScheme={scheme}"
        done = _browse(
            Path("r.html"), tmp_path / name, setting, f"--screenshot={picture}", "--window-size=900,700"
        )
        assert done.returncode == 0, done.stderr
        looks.append(_brightness(picture))
    light, dark = looks
    assert light > 200
    assert dark < 80


def _brightness(picture: Path) -> float:
    """Median grey of a picture: that of the page, since most of it is empty."""
    import matplotlib.image
    import numpy as np

    return float(np.median(matplotlib.image.imread(picture)[..., :3]) * 255)


def test_files_that_say_more(dump: Path, cli: Cli) -> None:
    cli("snapshot", "dump.bin", "--lenient", "--append", "h.jsonl")
    launched = cli(
        "launch", "dump.bin", "--device", "reference", "--output", "o.bin", "--trace", "t.json", "--json"
    )
    Path("launch.json").write_text(launched.out)
    text, _ = _page(cli, "dump.bin", "--launch", "launch.json", "--trace", "t.json", "--history", "h.jsonl")
    for heading in ("Last launch", "Trace", "Over time"):
        assert f"<h2>{heading}</h2>" in text


@pytest.mark.parametrize("option", ["--launch", "--trace", "--history"])
def test_a_file_of_another_kind_is_named(option: str, dump: Path, cli: Cli) -> None:
    Path("other.json").write_text('{"schema": "vyrectl.check/1"}')
    done = cli("report", "dump.bin", option, "other.json")
    assert done.code == 3
    assert "other.json" in done.err
    assert not Path("report.html").exists()


def test_an_empty_ring(cli: Cli) -> None:
    Path("empty.bin").touch()
    text, record = _page(cli, "empty.bin")
    assert 'data-field="slots">0<' in text
    assert record["rings"]


def test_the_ring_itself_is_no_place_for_the_page(dump: Path, cli: Cli) -> None:
    before = dump.read_bytes()
    assert cli("report", "dump.bin", "--output", "dump.bin").code == 2
    assert dump.read_bytes() == before


@pytest.mark.parametrize("package", ["plotly", "jinja2"])
def test_what_is_missing_is_named(
    package: str, dump: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    done = cli("report", "dump.bin")
    assert done.code == 1
    assert package in done.err
    assert "plotly" in done.err, "both are installed at once where the first is missing"
