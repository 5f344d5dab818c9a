"""What is said of the tasks that were running when a launch's child ended."""

from __future__ import annotations

from vyrectl.hosting.deaths import Running, running_text, slots_of


def test_tasks_that_were_only_claimed_are_counted_apart() -> None:
    tasks = [Running(3, 30, 0), Running(4, 40, 0, begun=False), Running(5, 50, 0, begun=False)]
    assert running_text(tasks) == (
        " with these tasks running: slot 3 (nop, task 30); 2 more were claimed and had not begun"
    )
    assert running_text(tasks[:2]).endswith("; 1 more was claimed and had not begun")
    assert (slots_of(tasks), slots_of(tasks, begun=True)) == ([3, 4, 5], [3])
    assert slots_of(None, begun=True) is None
