"""Work over many slots, cut into parts, each on a thread of its own. Standard library only.

Numpy lets go of the interpreter while it works on a part; that is why threads help. The invariant: an error of a part
is raised by whoever asked, once every thread has ended; what the system gives no thread for is done on the caller's.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from threading import Thread
from typing import TypeVar

SLOTS_PER_THREAD = 1 << 18
"""Fewer are not worth a thread."""

Part = TypeVar("Part")


def in_parts(total: int, work: Callable[[int, int], Part], threads: int | None = None) -> list[Part]:
    """Run `work(first, end)` over consecutive parts of ``range(total)``, each on a thread of its own.

    Args:
        total: How many slots there are.
        work: What to do with the slots from `first` to before `end`.
        threads: How many parts; by default one for each processor that this process may use, fewer for a
            small ring.

    Returns:
        What `work` returned, in the order of the parts.
    """
    count = threads or max(1, min(processors(), total // SLOTS_PER_THREAD))
    cuts = [total * index // count for index in range(count + 1)]
    found: list[Part | BaseException | None] = [None] * count

    def run(index: int) -> None:
        try:
            found[index] = work(cuts[index], cuts[index + 1])
        except BaseException as error:  # handed to the caller's thread below
            found[index] = error

    helpers: list[Thread] = []
    alone = [0]
    for index in range(1, count):
        helper = Thread(target=run, args=(index,))
        try:
            helper.start()
        except RuntimeError:
            alone.append(index)
        else:
            helpers.append(helper)
    for index in alone:
        run(index)
    for helper in helpers:
        helper.join()
    return [_result(one) for one in found]


def processors() -> int:
    """Processors that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def _result(found: Part | BaseException | None) -> Part:
    if isinstance(found, BaseException):
        raise found
    return found  # type: ignore[return-value]
