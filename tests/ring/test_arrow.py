"""Slots as Arrow tables and data frames: the same words, with names beside them, and SQL over them."""

from __future__ import annotations

import sys

import duckdb
import numpy as np
import pyarrow
import pytest

from vyrectl import SLOT_DTYPE, Ring
from vyrectl.abi.slot import FIELD_NAMES
from vyrectl.errors import MissingExtraError


@pytest.fixture
def ring() -> Ring:
    slots = np.zeros(9, SLOT_DTYPE)
    slots["state"] = [0, 1, 2, 3, 4, 5, 6, 7, 99]
    slots["priority"] = [0, 1, 2, 3, 4, 5, 6, 0xFFFF_FFFF, 2]
    slots["param"] = 0xFFFF_FFFF
    return Ring.from_slots(slots)


def test_words_are_u32_columns(ring: Ring) -> None:
    table = ring.to_arrow()
    assert table.column_names == ["slot", *FIELD_NAMES, "state_name", "priority_name"]
    for name in FIELD_NAMES:
        assert table[name].type == pyarrow.uint32()
        assert np.array_equal(table[name].to_numpy(), ring.slots[name])
    assert table["slot"].to_pylist() == list(range(9))


def test_names_stand_beside_them_and_unknown_words_have_none(ring: Ring) -> None:
    table = ring.to_arrow()
    states = ["Empty", "Ready", "Running", "Done", "Paused", "Yielded", "Requeued", "Faulted", None]
    assert table["state_name"].to_pylist() == states
    priorities = ["Critical", "High", "Normal", "Low", "Idle", None, None, None, "Normal"]
    assert table["priority_name"].to_pylist() == priorities


def test_frames_hold_the_same(ring: Ring) -> None:
    table = ring.to_arrow()
    assert list(ring.to_pandas()["param"]) == table["param"].to_pylist()
    frame = ring.to_polars()
    assert frame["state_name"].to_list() == table["state_name"].to_pylist()
    assert frame["param"].to_list() == table["param"].to_pylist()


def test_sql_over_it(ring: Ring) -> None:
    slots = ring.to_arrow()
    assert slots.num_rows == 9
    asked = "select count(*), sum(param::BIGINT) from slots where state_name is not null"
    found = duckdb.sql(asked)
    assert found is not None
    assert found.fetchall() == [(8, 8 * 0xFFFF_FFFF)]


def test_an_empty_ring() -> None:
    assert Ring.from_slots(np.zeros(0, SLOT_DTYPE)).to_arrow().num_rows == 0


@pytest.mark.parametrize(
    ("package", "method"), [("pyarrow", "to_arrow"), ("pandas", "to_pandas"), ("polars", "to_polars")]
)
def test_what_is_missing_is_named(
    package: str, method: str, ring: Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=package):
        getattr(ring, method)()
