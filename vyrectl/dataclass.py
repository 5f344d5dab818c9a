"""Dataclasses whose methods the standard library writes when they are first used.

Standard library only, and nothing of it before a method is wanted.

`dataclasses.dataclass` compiles the text of up to six methods for each class, whether they are called or not: most of
what a command took to load its modules. Here a class gets its slots at once, and its `__init__`, `__repr__`, `__eq__`,
`__hash__` and fields when the first of them is asked for; what it does is what one of the standard library's does. To
type checkers it is one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING, cast

Method = Callable[..., object]

Namespace = dict[str, object]
"""What a class holds, by name."""

_METHODS = ("__init__", "__repr__", "__eq__", "__hash__")
_FACTS = ("__dataclass_fields__", "__dataclass_params__", "__match_args__", "__replace__")
_SIGNATURE = "__signature__"
_UNKNOWN = ("InitVar", "dataclasses.InitVar", "KW_ONLY", "dataclasses.KW_ONLY")
_OF_NO_SLOTS = ("__dict__", "__weakref__")
_KNOWN = frozenset(("frozen", "slots", "eq", "kw_only"))


class _Later:
    """A fact of a dataclass that is there once its methods are written."""

    def __init__(self, name: str, write: Callable[[], Namespace]) -> None:
        self._name = name
        self._write = write

    def __get__(self, instance: object, owner: type) -> object:
        written = self._write()
        if self._name not in written:
            raise AttributeError(f"type object {owner.__name__!r} has no attribute {self._name!r}")
        return written[self._name]


def deferred(cls: type, how: dict[str, bool]) -> type:
    """A dataclass in place of this class: itself, or one with the slots of its annotations.

    Args:
        cls: The class as its body made it.
        how: What `dataclasses.dataclass` is told: frozen, slots, eq, kw_only.

    Raises:
        TypeError: It is told something else, or has an `InitVar` or a `KW_ONLY`.
    """
    if not how.keys() <= _KNOWN:
        raise TypeError(f"a dataclass of vyrectl knows {', '.join(sorted(_KNOWN))}, not {', '.join(how)}")
    body = {name: value for name, value in vars(cls).items() if name not in _OF_NO_SLOTS}
    body["__qualname__"] = cls.__qualname__
    own = _own_fields(cls, body)
    plain = {name: value for name, value in how.items() if name != "slots"}
    written: Namespace = {}

    def write() -> Namespace:
        """Have the methods written, once; two threads at once write the same."""
        if not written:
            from dataclasses import dataclass as standard

            shadow: type = standard(**plain)(type(cls)(cls.__name__, cls.__bases__, dict(body)))
            found = {name: vars(shadow)[name] for name in (*_METHODS, *_FACTS) if name in vars(shadow)}
            for name, placeholder in placeholders.items():
                if name in found and vars(made).get(name) is placeholder:
                    setattr(made, name, found[name])
            with suppress(AttributeError):  # another thread was here
                delattr(made, _SIGNATURE)  # from now on `__init__` tells it
            written.update(found)
        return written

    placeholders: Namespace = {name: _first(name, write) for name in _wanted(body, how)}
    placeholders |= {name: _Later(name, write) for name in _FACTS if name not in body}
    if "__eq__" in placeholders and "__hash__" not in placeholders and "__hash__" not in body:
        placeholders["__hash__"] = None
    placeholders[_SIGNATURE] = _Later(_SIGNATURE, write)
    if sys.version_info < (3, 13):
        del placeholders["__replace__"]
    guards = _FROZEN if how.get("frozen") else {}
    if how.get("slots"):
        inherited = set(chain.from_iterable(_slots_of(base) for base in cls.__mro__[1:-1]))
        slots = {"__slots__": tuple(name for name in own if name not in inherited)}
        kept = {name: value for name, value in body.items() if name not in own}
        states = _STATE if guards else {}
        made = type(cls)(cls.__name__, cls.__bases__, {**guards, **states, **kept, **placeholders, **slots})
        return made
    made = cls
    for name, value in {**guards, **placeholders}.items():
        setattr(cls, name, value)
    for name in own:
        _take_default(cls, name)
    return made


def _own_fields(cls: type, body: Namespace) -> list[str]:
    """Names of the annotations that are fields, in their order."""
    annotations = cast("dict[str, str]", body.get("__annotations__", {}))
    for name, kind in annotations.items():
        if not isinstance(kind, str):
            raise TypeError(f"{cls.__name__}.{name}: its module has no `from __future__ import annotations`")
        if kind.split("[")[0] in _UNKNOWN:
            raise TypeError(f"{cls.__name__}.{name} is {kind}")
    return [
        name
        for name, kind in annotations.items()
        if kind.split("[")[0] not in ("ClassVar", "typing.ClassVar")
    ]


def _wanted(body: Namespace, how: dict[str, bool]) -> list[str]:
    """The methods that are to be written."""
    names = [name for name in ("__init__", "__repr__") if name not in body]
    if how.get("eq", True):
        names += ["__eq__"] if "__eq__" not in body else []
        if how.get("frozen") and body.get("__hash__") is None:
            names += ["__hash__"]
    return names


def _first(name: str, write: Callable[[], Namespace]) -> Method:
    """A method that has itself written when it is first called."""

    def method(self: object, *args: object, **given: object) -> object:
        return cast(Method, write()[name])(self, *args, **given)

    method.__name__ = name
    return method


def _slots_of(base: type) -> tuple[str, ...]:
    slots: str | tuple[str, ...] = vars(base).get("__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)


def _take_default(cls: type, name: str) -> None:
    """Leave of a field's `field()` its default, as the standard library does."""
    value = vars(cls).get(name)
    if type(value).__name__ != "Field":
        return
    from dataclasses import MISSING, Field

    if isinstance(value, Field):
        if value.default is MISSING:
            delattr(cls, name)
        else:
            setattr(cls, name, value.default)


def _refuse_set(self: object, name: str, value: object) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_delete(self: object, name: str) -> None:
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: object) -> list[object]:
    from dataclasses import fields

    return [getattr(self, one.name) for one in fields(self)]  # type: ignore[arg-type]


def _set_state(self: object, state: list[object]) -> None:
    from dataclasses import fields

    for one, value in zip(fields(self), state, strict=True):  # type: ignore[arg-type]
        object.__setattr__(self, one.name, value)


_FROZEN = {"__setattr__": _refuse_set, "__delattr__": _refuse_delete}
"""What a frozen one has beside the methods that are written."""

_STATE = {"__getstate__": _state, "__setstate__": _set_state}
"""And with slots: pickle would set them one by one."""

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
elif sys.version_info >= (3, 14):
    from dataclasses import dataclass
else:

    def dataclass(**how):
        """As `dataclasses.dataclass`."""
        return lambda cls: deferred(cls, how)
