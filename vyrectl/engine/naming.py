"""Which names operations go by in this process: vyrectl's own, and those of another runtime that the user gave.

`vyrectl.engine.ops` resolves every name and every id through `current`; `vyrectl.engine.op_names` reads names from
files. The invariant: a given name goes before a shipped one, in both directions, and what was remembered under other
names is forgotten when they change. Standard library only.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from functools import lru_cache
from typing import TypeVar

from vyrectl.dataclass import dataclass

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Naming:
    """Names of operations beside the wire's own.

    Attributes:
        names: Id -> name, as the user gave them.
        docs: Id -> one line about it, where one is known.
        shipped: Whether vyrectl's own ids bear their names.
    """

    names: Mapping[int, str] = field(default_factory=dict)
    docs: Mapping[int, str] = field(default_factory=dict)
    shipped: bool = True

    def over(self, codes: Mapping[str, int]) -> dict[str, int]:
        """Name -> id: these names, and of the others those whose id and name are not taken by them."""
        taken = {name.lower() for name in self.names.values()}
        kept = {
            name: code for name, code in codes.items() if code not in self.names and name.lower() not in taken
        }
        return kept | {name: code for code, name in self.names.items()}


_now = Naming()
_forget: list[Callable[[], None]] = []


def current() -> Naming:
    """What holds now."""
    return _now


@contextmanager
def named_by(naming: Naming) -> Iterator[None]:
    """Let operations go by these names inside the block, in every thread."""
    global _now
    before = _now
    _use(naming)
    try:
        yield
    finally:
        _use(before)


def _use(naming: Naming) -> None:
    global _now
    if naming != _now:
        _now = naming
        for forget in _forget:
            forget()


def remembered(maxsize: int) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """`functools.lru_cache` for what depends on names of operations; forgotten when these change."""

    def wrap(function: Callable[..., T]) -> Callable[..., T]:
        cached = lru_cache(maxsize=maxsize)(function)
        _forget.append(cached.cache_clear)

        def call(*arguments: Hashable) -> T:
            return cached(*arguments)

        call.__doc__, call.__name__ = function.__doc__, function.__name__
        return call

    return wrap
