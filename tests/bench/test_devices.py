"""What `bench devices` makes of its launches."""

from __future__ import annotations

import pytest

from vyrectl.bench.devices import _figures


def test_figures_are_held_against_their_targets() -> None:
    made = {one.name: one for one in _figures({"one": 4.0, "all": 2.0, "dask1": 3.0, "dask2": 2.0}, 2, 0.01)}
    assert made["2 devices against one"].met is True
    assert made["two Dask workers against one"].value == pytest.approx(1.5)
    assert made["two Dask workers against one"].met is False
    assert made["Dask beside the work of a shard"].met is True


def test_more_devices_have_no_target() -> None:
    assert [one.met for one in _figures({"one": 4.0, "all": 2.0}, 3, None)] == [None] * 3
