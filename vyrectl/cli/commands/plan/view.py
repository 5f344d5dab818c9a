"""Tables of `plan`: the recommendation, the steps that decided it, and a sweep with its plot."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from vyrectl.cli.output import plain
from vyrectl.cli.views.cells import Cell, Column, FittedTable, count_of, facts
from vyrectl.policy.judging import REFUSED, Comparison
from vyrectl.policy.sweep import CHOICES, NUMBERS

if TYPE_CHECKING:
    from vyrectl.cli.commands.plan.record import CompareAnswer, NoPlanAnswer, PlanAnswer
    from vyrectl.policy.judging import ComparisonRecord, Setting, StepRecord
    from vyrectl.policy.sweep import CauseRecord, RegionRecord, SweepRecord

    Values = Mapping[str, Setting]
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
    from rich.text import Text

LABELS = {
    "promote_hot_opcodes": "hot opcodes",
    "promote_hot_windows": "hot windows",
    "age_priority_work": "aging",
    "estimated_peak_device_bytes": "peak bytes",
}
"""Short names beside a plot; the other fields keep theirs."""

LABEL_WIDTH = 16

REASON_INDENT = "  "
"""What stands before the gap of a reason's line, below its step."""

BAND_FIELDS = (*CHOICES, REFUSED)
"""What a sweep shows as bands, in this order."""

MOST_REGIONS = 64
"""Regions that a table lists; the other formats list all."""

COLORS = ("cyan", "green", "yellow", "magenta", "blue", "red", "white")
BANDS = "░▒▓█▚╱╳"
BARS = "▁▂▃▄▅▆▇█"
ASCII_BANDS = ".-=#%/x"
ASCII_BARS = "_.-:=+*#"


def view(record: PlanAnswer | NoPlanAnswer) -> RenderableType:
    """The whole answer of `plan`."""
    return _PlanView(record)


class _PlanView:
    """Recommendation, steps and sweep below one another, as far as the record has them."""

    def __init__(self, record: PlanAnswer | NoPlanAnswer) -> None:
        self._record = record

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from self.pieces(console)

    def pieces(self, console: Console) -> Iterator[RenderableType]:
        """The parts, from the top."""
        record = self._record
        parts: list[Iterator[RenderableType]] = []
        if record["geometry"] is not None:
            parts.append(_recommendation(record).pieces(console))
        if "steps" in record:
            parts.append(_steps(record["steps"], console))
        if "sweep" in record:
            parts.append(_regions(record["sweep"], list(record["regions"])).pieces(console))
            parts.append(_plot(record["sweep"], console))
        for index, part in enumerate(parts):
            if index:
                yield ""
            yield from part


def _recommendation(record: PlanAnswer) -> FittedTable:
    geometry, evidence = record["geometry"], record["promotion_evidence"]
    grid = " x ".join(str(groups) for groups in geometry["dispatch_grid"])
    topology: Cell = (record["topology"], "bold")
    pairs: list[tuple[str, Cell]] = [
        ("topology", topology),
        ("pressure", (record["pressure"], "bold")),
        ("execution_mode", f"{record['execution_mode']} (route {evidence['promotion_route']})"),
        ("dispatch_grid", f"{grid} work-groups"),
        ("workgroup_size_x", f"{geometry['workgroup_size_x']} work-items"),
        ("slot_count", str(geometry["slot_count"])),
        ("worker_groups", str(record["worker_groups"])),
        ("hit_capacity", str(record["hit_capacity"])),
        ("promote_hot_opcodes", _word(record["promote_hot_opcodes"])),
        ("promote_hot_windows", _word(record["promote_hot_windows"])),
        ("age_priority_work", _word(record["age_priority_work"])),
        ("estimated_peak_device_bytes", f"{record['estimated_peak_device_bytes']}, {_budget(record)}"),
        ("graphblas_switch_class", str(record["topology_evidence"]["graphblas_switch_class"])),
        ("frontier_density_bps", str(record["topology_evidence"]["frontier_density_bps"])),
    ]
    return facts(pairs, title=_title(record))


def _title(record: PlanAnswer) -> str:
    queue = count_of(record["request"]["queue_len"], "task")
    whose = record["limits_from"]
    return f"launch plan for {queue}" + (f" on {plain(whose['name'])} ({whose['device']})" if whose else "")


def _budget(record: PlanAnswer) -> str:
    budget = record["device_memory_budget_bytes"]
    return f"{budget} budgeted" if budget else "unbounded"


def _word(value: Setting) -> str:
    """A value of a record as a table shows it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return json.dumps(value) if isinstance(value, (list, tuple)) else str(value)


def _steps(steps: Sequence[StepRecord], console: Console) -> Iterator[RenderableType]:
    """Each step that decided something, over what it compared and computed."""
    from rich.text import Text

    yield Text("steps that decided something", style="bold")
    for step in steps:
        if step["decided"]:
            yield _decision(step)
            reasons = (*(_comparison(test) for test in step["tests"]), step["why"])
            columns = [Column(""), Column("", wrap=True)]
            yield from FittedTable(columns, [(REASON_INDENT, line) for line in reasons], headed=False).pieces(
                console
            )


def _comparison(test: ComparisonRecord) -> str:
    value, bound = cast("int | str", test["value"]), cast("int | str", test["bound"])
    return str(Comparison(test["left"], value, test["sign"], test["right"], bound, test["holds"]))


def _decision(step: StepRecord) -> Text:
    from rich.text import Text

    before, after = _word(step["before"]), _word(step["after"])
    text = Text(f"{step['rule']}: {step['field']} ")
    text.append(f"{before} -> " if before else "is ")
    return text.append(after, "bold")


def _regions(sweep: SweepRecord, regions: Sequence[RegionRecord]) -> FittedTable:
    values = cast("Sequence[Values]", regions)
    names = _changing(values, BAND_FIELDS)
    columns = [
        Column("from", right=True),
        Column("to", right=True),
        *(Column(name, rank=1) for name in names),
    ]
    rows = [
        (str(one["first"]), str(one["last"]), *(_word(row[name]) for name in names), _causes(one["causes"]))
        for one, row in zip(regions[:MOST_REGIONS], values, strict=False)
    ]
    return FittedTable(
        [*columns, Column("flips because", wrap=True)], rows, title=_sweep_title(sweep, regions)
    )


def _sweep_title(sweep: SweepRecord, regions: Sequence[RegionRecord]) -> str:
    title = f"{sweep['field']} from {sweep['start']} to {sweep['stop']}: {count_of(sweep['flips'], 'flip')}"
    if len(regions) > MOST_REGIONS:
        title += f", the first {MOST_REGIONS} of {len(regions)} regions (--json has all)"
    if sweep["exact"]:
        return f"{title}, every value asked"
    gap = sweep["widest_gap"]
    return f"{title}; {sweep['asked']} values asked, at most {gap} apart: a flip and its way back may hide in between"


def _causes(causes: Sequence[CauseRecord]) -> str:
    return "; ".join(
        f"{cause['rule']}: {cause['test']}" if cause["test"] else cause["rule"] for cause in causes
    )


def _changing(records: Sequence[Values], names: Sequence[str]) -> list[str]:
    """The names under which the records hold different values; where there is no plan they hold none."""
    held = {name: {one[name] for one in records if one[name] is not None} for name in names}
    return [name for name in names if len(held[name]) > (name != REFUSED)]


def _plot(sweep: SweepRecord, console: Console) -> Iterator[Text]:
    """Bands of the choices and curves of the numbers, one column a point, with the axis below."""
    from rich.text import Text

    points = cast("Sequence[Values]", sweep["points"])
    fancy = console.encoding.startswith("utf")
    for name in _changing(points, BAND_FIELDS):
        yield from _band(name, [point[name] for point in points], BANDS if fancy else ASCII_BANDS)
    for name in _changing(points, NUMBERS):
        yield from _curve(
            name, [cast("int | None", point[name]) for point in points], BARS if fancy else ASCII_BARS
        )
    start, stop = str(sweep["start"]), str(sweep["stop"])
    axis = start + stop.rjust(max(len(points) - len(start), len(stop) + 1))
    yield Text(f"{'':<{LABEL_WIDTH}}{axis}", style="bold")
    scale = ", logarithmic" if sweep["logarithmic"] else ""
    yield Text(f"{'':<{LABEL_WIDTH}}{sweep['field']}{scale}", style="bold")


def _band(name: str, values: Sequence[Setting], glyphs: str) -> Iterator[Text]:
    from rich.text import Text

    kinds = [kind for kind in dict.fromkeys(values) if kind is not None]
    looks: dict[Setting, tuple[str, str]] = {
        kind: (glyphs[i % len(glyphs)], COLORS[i % len(COLORS)]) for i, kind in enumerate(kinds)
    }
    band = Text(f"{LABELS.get(name, name):<{LABEL_WIDTH}}")
    for value in values:
        band.append(*looks.get(value, (" ", "")))
    legend = Text(" " * LABEL_WIDTH)
    for kind, (glyph, color) in looks.items():
        legend.append(glyph, color)
        legend.append(f" {_word(kind)}  ")
    legend.rstrip()
    yield band
    yield legend


def _curve(name: str, values: Sequence[int | None], bars: str) -> Iterator[Text]:
    from rich.text import Text

    known = [value for value in values if value is not None]
    low, high = min(known), max(known)
    span = max(high - low, 1)
    line = "".join(" " if v is None else bars[(v - low) * (len(bars) - 1) // span] for v in values)
    yield Text(f"{LABELS.get(name, name):<{LABEL_WIDTH}}{line}")
    yield Text(f"{'':<{LABEL_WIDTH}}{low} to {high}")


def compare_view(record: CompareAnswer) -> RenderableType:
    """What launches under two policies did, side by side, and the verdict."""
    sides = record["policies"]
    names = [plain(side["policy"]) for side in sides]
    rows: list[list[Cell]] = [
        ["mode", *(side["execution_mode"] for side in sides)],
        ["aging", *(f"{side['age_threshold']} ticks" if side["age_threshold"] else "none" for side in sides)],
        ["tasks/s", *(f"{side['tasks_per_second']:.0f}" for side in sides)],
    ]
    for name in sides[0]["waiting_us"]:
        waits = [side["waiting_us"][name] for side in sides]
        if any(wait is not None for wait in waits):
            rows.append([f"{name} waits", *("" if wait is None else f"{wait:.0f} us" for wait in waits)])
    columns = [Column("median"), *(Column(name, right=True) for name in names)]
    title = f"{plain(record['ring'])}: {count_of(record['launches'], 'launch', 'launches')} under each policy"
    return FittedTable(columns, rows, title=f"{title}; {plain(record['verdict'])}")
