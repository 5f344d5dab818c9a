"""The picture of the layers, made from their list and from what the sources import.

A row is a layer, higher ones above; a mark in it stands below the name of each layer that it imports. All marks lie to
the right of the diagonal, since a layer imports those below it. Standard library only.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from vyrectl.devtools.layers import LAYERS, layer_of
from vyrectl.devtools.source import read_sources

PATH = Path("tests/golden/pictures/layers.svg")

_SIDE = 26
_LEFT = 84
_TOP = 84
_RADIUS = 7

_HEAD = """\
<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" xmlns="http://www.w3.org/2000/svg">
<title>Which layer imports which: each imports those below it</title>
<style>
text {{ font: 12px "DejaVu Sans", Helvetica, Arial, sans-serif; fill: #24292f }}
.grid {{ fill: #ffffff; stroke: #d0d7de }}
.own {{ fill: #eaeef2; stroke: #d0d7de }}
.mark {{ fill: #0969da }}
</style>
<rect width="{width}" height="{height}" fill="#ffffff"/>
"""


def layer_picture(root: Path) -> str:
    """The picture as SVG, of the repository at `root`."""
    shown = [name for name in reversed(LAYERS) if name not in ("_version", "devtools")]
    uses = _imports(root)
    width, height = _LEFT + _SIDE * len(shown) + 8, _TOP + _SIDE * len(shown) + 8
    lines = [_HEAD.format(width=width, height=height).rstrip("\n")]
    for at, name in enumerate(shown):
        middle = at * _SIDE + _SIDE // 2
        lines.append(f'<text x="{_LEFT - 6}" y="{_TOP + middle + 4}" text-anchor="end">{name}</text>')
        x, y = _LEFT + middle + 4, _TOP - 6
        lines.append(f'<text transform="translate({x} {y}) rotate(-60)">{name}</text>')
        lines += _row(at, name, shown, uses)
    return "\n".join([*lines, "</svg>", ""])


def _row(at: int, name: str, shown: list[str], uses: set[tuple[str, str]]) -> Iterator[str]:
    y = _TOP + at * _SIDE
    for other, imported in enumerate(shown):
        x = _LEFT + other * _SIDE
        kind = "own" if at == other else "grid"
        yield f'<rect class="{kind}" x="{x}" y="{y}" width="{_SIDE}" height="{_SIDE}"/>'
        if at != other and (name, imported) in uses:
            yield f'<circle class="mark" cx="{x + _SIDE // 2}" cy="{y + _SIDE // 2}" r="{_RADIUS}"/>'


def _imports(root: Path) -> set[tuple[str, str]]:
    """Which layer imports which."""
    return {
        (layer_of(source.module), layer_of(one.target))
        for source in read_sources(root)
        for one in source.imports
        if one.target.startswith("vyrectl")
    }
