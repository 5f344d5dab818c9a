"""Options of `build` alone: what the ring is made of, and what may be replaced. Typer-free."""

from __future__ import annotations

from vyrectl.abi.limits import MAX_SLOTS, U64_MAX
from vyrectl.cli.option_groups import MADE_UP
from vyrectl.dataclass import dataclass
from vyrectl.declared import SAFETY, SLOTS, Every, switch, text, whole, whole_or_all

INPUT_FORMATS = ("jsonl", "csv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a ring is made of."""

    from_table: str | None = text(None, "--from", metavar="FILE", says="The same as TABLE.")
    input_format: str | None = text(
        None,
        "--input-format",
        metavar="|".join(INPUT_FORMATS),
        says="What TABLE is; told by its name or its first line if not given.",
    )
    synthetic: int | None = whole(
        None, "--synthetic", says="Make up N slots from a seed.", most=MAX_SLOTS, group=MADE_UP
    )
    seed: int | None = whole(
        None,
        "--seed",
        says="Seed of --synthetic; 0 if not given.",
        metavar="S",
        most=U64_MAX,
        group=MADE_UP,
    )
    mix: str | None = text(
        None,
        "--mix",
        metavar="FILE",
        says="What --synthetic draws from, as JSON or TOML.",
        group=MADE_UP,
    )
    slots: int | None = whole(
        None, "--slots", says="Slots of the ring; those past the tasks are Empty.", most=MAX_SLOTS
    )
    offset: int | None = whole(
        None,
        "--offset",
        says="FILE is a dump: its ring starts there.",
        metavar="BYTES",
        most=U64_MAX,
        group=SLOTS,
    )
    count: int | Every | None = whole_or_all(
        None,
        "--count",
        says="FILE is a dump: its ring has so many slots.",
        metavar="N",
        most=MAX_SLOTS,
        group=SLOTS,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """What may happen to a file that is there."""

    force: bool = switch(False, "--force", says="Replace an existing file.", group=SAFETY)
    backup: bool = switch(
        False, "--backup", says="Keep the old ring as RING.bak, or .bak.1 and so on.", group=SAFETY
    )
    dry_run: bool = switch(False, "--dry-run", says="Check everything and write nothing.", group=SAFETY)
