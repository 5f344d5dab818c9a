"""What a notebook shows: short texts, and tables in which nothing of a ring is markup."""

from __future__ import annotations

from html.parser import HTMLParser

import numpy as np
import pytest

from vyrectl import SLOT_DTYPE, LaunchPolicy, LaunchRequest, Ring, TaskQueueSnapshot, launch
from vyrectl.markup import html_table

MOST_CHARACTERS = 220


class Cells(HTMLParser):
    """Collects the texts of a table's cells and the names of the tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.fixture
def ring() -> Ring:
    slots = np.zeros(5, SLOT_DTYPE)
    slots["state"] = [1, 1, 3, 4, 77]
    slots["resume_epoch"] = 9
    return Ring.from_slots(slots)


def test_a_ring(ring: Ring) -> None:
    assert repr(ring) == "<Ring -: 5 slots>"
    texts = Cells(ring._repr_html_()).texts
    assert texts[texts.index("Ready") + 1] == "2"
    assert texts[texts.index("unknown") + 1] == "1"
    ring.close()
    assert repr(ring) == "<Ring -: closed>"


def test_a_snapshot() -> None:
    texts = Cells(TaskQueueSnapshot(ready_count=3, total_requeues=9)._repr_html_()).texts
    assert texts[texts.index("schedulable_count") + 1] == "3"
    assert texts[texts.index("continuation_pressure") + 1] == "9"


def test_a_report(ring: Ring) -> None:
    report = launch(ring, device="reference")
    assert repr(report) == "<LaunchReport drained on reference: 2 claims (done 2)>"
    texts = Cells(report._repr_html_()).texts
    assert texts[texts.index("ended") + 1] == "drained"
    assert "nop" in texts


def test_a_recommendation() -> None:
    answer = LaunchPolicy().recommend(LaunchRequest.direct(500, 8, 64))
    assert repr(answer).startswith("<LaunchRecommendation ")
    assert len(repr(answer)) < MOST_CHARACTERS
    texts = Cells(answer._repr_html_()).texts
    assert texts[texts.index("slot_count") + 1] == str(answer.geometry.slot_count)


def test_text_is_never_markup() -> None:
    shown = Cells(html_table("<b>", ("<i>",), [("<script>alert(1)</script>",), ("&amp;",)]))
    assert shown.tags == {"table", "caption", "thead", "tbody", "tr", "th", "td"}
    assert {"<b>", "<i>", "<script>alert(1)</script>", "&amp;"} <= set(shown.texts)
