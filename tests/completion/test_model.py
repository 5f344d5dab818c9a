"""What the model reads off commands, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pytest
import typer

from vyrectl.cli.catalog import Entry
from vyrectl.cli.completion import model
from vyrectl.cli.completion.model import Command, Option, Place, read_program
from vyrectl.cli.option_groups import NAMES, OUTPUT
from vyrectl.errors import UsageError


def _read(function: object, monkeypatch: pytest.MonkeyPatch) -> Command:
    app = typer.Typer(add_completion=False)
    app.command()(function)  # type: ignore[type-var]
    parsed = typer.main.get_command(app)
    monkeypatch.setattr("vyrectl.cli.main.load_command", lambda name: parsed)
    return read_program([Entry("sample", "Section", "Summary.")]).commands[0]


def test_options_and_places(monkeypatch: pytest.MonkeyPatch) -> None:
    def sample(
        ring: Annotated[Path, typer.Argument(metavar="RING", help="A ring.")],
        rest: Annotated[list[str] | None, typer.Argument(metavar="FIELD=VALUE...")] = None,
        *,
        state: Annotated[str, typer.Option("--state", "-s", metavar="NAME|N", help="A state.")] = "",
        mode: Annotated[str, typer.Option("--mode", metavar="fast|slow|N")] = "fast",
        ops: Annotated[list[Path] | None, typer.Option("--ops", metavar="FILE.cl")] = None,
        dry: Annotated[bool, typer.Option("--dry", help="Change\n  nothing.")] = False,
        safe: Annotated[bool, typer.Option("--safe/--unsafe")] = True,
        secret: Annotated[str, typer.Option("--secret", hidden=True)] = "",
    ) -> None:
        """Do.

        All of it.
        """

    assert _read(sample, monkeypatch) == Command(
        "sample",
        "Summary.",
        (
            Option(("--state", "-s"), "A state", "state", False, "NAME|N"),
            Option(("--mode",), "", "mode", False, "fast|slow|N", "fast"),
            Option(("--ops",), "", "file_cl", True, "FILE.cl", group=NAMES),
            Option(("--dry",), "Change nothing", None, False),
            Option(("--safe", "--unsafe"), "", None, False, "", "--safe"),
            Option(("--help", "-h"), "Show this message and exit", None, False, group=OUTPUT),
        ),
        (
            Place("RING", "file_bin", False, "A ring", required=True),
            Place("FIELD=VALUE...", "assignment", True),
        ),
        "Do.\n\nAll of it.",
    )


def test_two_lists_under_one_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def sample(format: Annotated[str, typer.Option("--format", metavar="xml|pdf")] = "") -> None:  # noqa: A002
        """Do."""

    assert _read(sample, monkeypatch).options[0].kind == "format_xml_pdf"


def test_an_unknown_metavar_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def sample(moon: Annotated[str, typer.Option("--moon", metavar="PHASE")] = "") -> None:
        """Do."""

    with pytest.raises(UsageError) as caught:
        _read(sample, monkeypatch)
    assert "PHASE" in caught.value.what
    assert caught.value.where == "`sample`, --moon"


def test_places_mark_repetition() -> None:
    command = Command("c", "", (), (Place("A", "state", False), Place("B", "op", True)))
    assert model.places(command) == ["state", "op+"]
