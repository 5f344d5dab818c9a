"""What a refused `--where` condition was probably meant as: the whole of it, and never something of another meaning."""

from __future__ import annotations

import pytest

from tests.ring.rings import OPS
from vyrectl.errors import WhereError
from vyrectl.ring.where import compile_where

MEANT = {
    # a number alone is true in other languages unless it is 0
    "not tenant": "tenant == 0",
    "not flags": "flags == 0",
    "not (tenant or age)": "not (tenant != 0 or age != 0)",
    "tenant and not age": "tenant != 0 and age == 0",
    "not (flags ^ paused)": "(flags ^ paused) == 0",
    "flags ^ yielded": "(flags ^ yielded) != 0",
    # a bit is tested with &
    "flags | yielded": "flags & yielded",
    "flags | 0": "(flags | 0) != 0",
    "tenant | age": "(tenant | age) != 0",
    "not flags | yielded": "not flags & yielded",
    "(flags | yielded) and tenant == 3": "(flags & yielded) and tenant == 3",
    "flags & (paused or yielded)": "flags & (paused | yielded)",
    "(paused or yielded) & flags": "(paused | yielded) & flags",
    "flags & (paused and yielded)": "(flags & paused and flags & yielded)",
    "tenant == 3 or (flags & (paused or yielded))": "tenant == 3 or (flags & (paused | yielded))",
    "tenant & (1 or 2)": "tenant & (1 | 2)",
    # a list
    "state == (paused or yielded)": "state in (paused, yielded)",
    "(paused or yielded) == state": "state in (paused, yielded)",
    "state != (paused or yielded)": "state not in (paused, yielded)",
    "state in (paused or yielded)": "state in (paused, yielded)",
    "tenant == (1 or 2)": "tenant in (1, 2)",
    "state != paused or yielded": "state not in (paused, yielded)",
    "state not in (ready, running) or paused": "state not in (ready, running, paused)",
    "state == paused or yielded or faulted": "state in (paused, yielded, faulted)",
    "priority == 0 and (state == paused or yielded)": "priority == 0 and (state in (paused, yielded))",
    # the rest is kept
    "state == paused or high": "state == paused or priority == high",
    "not (state == paused and high)": "not (state == paused and priority == high)",
    "flags & paused or yielded": "flags & paused or flags & yielded",
    "flags & paused & high": "flags & paused and priority == high",
    "tenant > 1 or 2": "tenant > 1 or tenant > 2",
    "tenant == high and age > 3": "priority == high and age > 3",
    "tenant != high": "priority != high",
    "tenant != paused and age > 3": "state != paused and age > 3",
    "tenant == 3 and age != user(3)": "tenant == 3 and fault_name != user(3)",
    "paused == high or tenant == 3": "priority == high or tenant == 3",
    "resume_ready != resume_ready": "not flags & resume_ready",
    "flags & 1 == 2 and tenant == 3": "flags & 2 and tenant == 3",
    "state == ready and state == done and tenant == 1": "(state == ready or state == done) and tenant == 1",
    "tenant == 2 and (state == ready and state == done)": "tenant == 2 and (state == ready or state == done)",
}

NOT_SAID = {
    "tenant & (age == 3)": "Join conditions",
    "tenant < (1 or 2)": "Join conditions",
    "tenant == (1 or 2) == 3": "Join conditions",
    "3 & (1 or 2)": "Join conditions",
    "(1 or 2) + tenant == 3": "Join conditions",
    "tenant + 1": "Compare it with a number",
    "tenant + 1 and age": "Compare it with a number",
    "not 3": "Write for example",
}
"""Where nothing sure can be said, or only words."""


def advice(text: str) -> str:
    with pytest.raises(WhereError) as caught:
        compile_where(text, OPS)
    return caught.value.fix or ""


@pytest.mark.parametrize("text", MEANT)
def test_the_whole_condition_is_offered(text: str) -> None:
    assert advice(text) == f"Did you mean {MEANT[text]}?"
    compile_where(MEANT[text], OPS)


@pytest.mark.parametrize("text", NOT_SAID)
def test_what_would_be_refused_itself_is_not_offered(text: str) -> None:
    assert NOT_SAID[text] in advice(text)
    assert "Did you mean" not in advice(text)


def test_a_text_of_many_faults_ends_with_words() -> None:
    assert advice(" or ".join(["high"] * 9)) == "Did you mean priority == high?"
