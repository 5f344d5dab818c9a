"""Which rule decided what: a recommendation made under a recorder.

There is no second arithmetic here; `tests` hold the last step of every field to the recommendation's own
answer. Standard library, errors and the rest of `policy` only.
"""

from __future__ import annotations

from vyrectl.errors import DeviceMemoryError, LaunchRequestError
from vyrectl.policy.enums import Topology
from vyrectl.policy.judging import Comparison, Recorder, Step
from vyrectl.policy.policy import LaunchPolicy
from vyrectl.policy.request import LaunchRequest


def explain(
    request: LaunchRequest, policy: LaunchPolicy | None = None, previous: Topology | str | None = None
) -> list[Step]:
    """The steps of a recommendation, in the order they were taken.

    A request that has no plan ends with the step that refused it, whose field is `trace.REFUSED`.

    Args:
        request: What is asked for, in the fields of spec 2.1.
        policy: The policy; the defaults of spec 2.2 when None.
        previous: Topology of the launch before, for hysteresis.

    Raises:
        LaunchRequestError: A field does not fit its width, so that no step was taken.
        UnknownNameError: No topology is called `previous`.
    """
    recorder = Recorder()
    try:
        (policy or LaunchPolicy()).recommend(request, previous, judge=recorder)
    except (LaunchRequestError, DeviceMemoryError):
        if not recorder.steps:
            raise
    return recorder.steps


def parting(before: list[Step], after: list[Step], field: str) -> tuple[str, Comparison | None]:
    """Where two explanations part over one field.

    Args:
        before: One explanation.
        after: That of another request, for which `field` came out differently.
        field: A field of the recommendation, or `REFUSED`.

    Returns:
        The first rule that set the field differently, and the first of its comparisons that came out
        differently (None when none did).
    """
    old, new = _outcomes(before, field), _outcomes(after, field)
    rule = next(rule for rule in (*new, *old) if new.get(rule) != old.get(rule))
    tests = {(test.left, test.sign, test.right): test.holds for test in _tests(before, rule)}
    flipped = (t for t in _tests(after, rule) if tests.get((t.left, t.sign, t.right), t.holds) != t.holds)
    return rule, next(flipped, None)


def _outcomes(steps: list[Step], field: str) -> dict[str, object]:
    return {step.rule: step.after for step in steps if step.field == field}


def _tests(steps: list[Step], rule: str) -> list[Comparison]:
    return [test for step in steps if step.rule == rule for test in step.tests]
