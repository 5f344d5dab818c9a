"""Random rings give the same words on every device, in whatever geometry, as on the reference backend."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conformance.backends import reference
from tests.conformance.cases import Case, InProcess, assert_same
from tests.conformance.worlds import worlds

quick = settings(max_examples=30, suppress_health_check=list(HealthCheck))


def geometries(device: InProcess) -> st.SearchStrategy[dict[str, Any]]:
    """1 to 8 work-groups for each compute unit, groups of 1, 2, 64 and as many work-items as the device takes."""
    found = device.backend.device  # type: ignore[attr-defined]
    return st.fixed_dictionaries(
        {
            "workers": st.sampled_from((1, 2, found.compute_units, 8 * found.compute_units)),
            "work_group_size": st.sampled_from((1, 2, 64, found.max_work_group_size)),
            "ticket": st.sampled_from((1, 2, 64, 1000, 2**32 - 1)),
        }
    )


@quick
@given(data=st.data(), case=worlds())
def test_a_device_equals_the_reference(device_runner: InProcess, data: st.DataObject, case: Case) -> None:
    geometry = data.draw(geometries(device_runner))
    spread = replace(case, options={**case.options, **geometry})
    answer = device_runner.run(spread)
    assert_same(answer, reference().run(case))
    assert answer.lost == 0


@quick
@given(case=worlds())
@pytest.mark.parametrize("steps", [0, 1, 5])
def test_an_early_end_leaves_nothing_running(device_runner: InProcess, steps: int, case: Case) -> None:
    answer = device_runner.run(replace(case, options={**case.options, "max_steps": steps}))
    assert answer.report["claims"] <= steps
    assert answer.report["ended"] in ("max_steps", "drained")
    running = case.slots["state"] == 2
    assert ((answer.slots["state"] == 2) == running).all()
