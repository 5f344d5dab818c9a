"""Dataclasses whose methods are written later do what those of the standard library do."""

from __future__ import annotations

# mypy: disable-error-code="misc"
import copy
import dataclasses
import inspect
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import cached_property
from typing import Any, ClassVar, Generic, TypeVar

import pytest

from vyrectl.dataclass import deferred

Made = Callable[..., Callable[[type], type]]
T = TypeVar("T")
WAYS: dict[str, Made] = {
    "standard": lambda **how: dataclasses.dataclass(**how),
    "ours": lambda **how: lambda cls: deferred(cls, how),
}
HOW: tuple[dict[str, bool], ...] = (
    {},
    {"slots": True},
    {"frozen": True},
    {"frozen": True, "slots": True},
    {"frozen": True, "slots": True, "eq": False},
    {"frozen": True, "slots": True, "kw_only": True},
    {"eq": False, "kw_only": True},
)


def point(way: str, **how: bool) -> Any:
    """A class with every kind of field."""

    class Point:
        """A point."""

        kind: ClassVar[str] = "point"
        x: int
        y: int = 2
        marks: list[int] = dataclasses.field(default_factory=list, compare=False)
        secret: str = dataclasses.field(default="s", repr=False)

        def __post_init__(self) -> None:
            object.__setattr__(self, "x", int(self.x))

        def total(self) -> int:
            return self.x + self.y

    return WAYS[way](**how)(Point)


def said(call: Callable[[], object]) -> object:
    """What a call gives, or the kind of error and its words."""
    try:
        return call()
    except Exception as error:
        return type(error), str(error).replace("Point.__init__", "__init__")


@pytest.mark.parametrize("how", HOW, ids=str)
def test_it_does_what_the_standard_one_does(how: dict[str, bool]) -> None:
    answers = []
    for way in WAYS:
        cls = point(way, **how)
        one, same, other = cls(x="1"), cls(x=1), cls(x=1, y=3)
        answers.append(
            [
                repr(one).replace(f"test_it_does.<locals>.{way}", ""),
                one == same,
                one == other,
                one != other,
                one.total(),
                said(lambda one=one, same=same: hash(one) == hash(same)),
                said(lambda one=one: setattr(one, "x", 5)),
                said(lambda one=one: delattr(one, "y")),
                hasattr(one, "__dict__"),
                getattr(cls, "__slots__", None),
                cls.__match_args__,
                [(each.name, each.default, each.kw_only) for each in dataclasses.fields(cls)],
                dataclasses.is_dataclass(cls),
                dataclasses.asdict(cls(x=4, marks=[1])),
                said(lambda cls=cls: dataclasses.replace(cls(x=4), y=9).y),
                copy.copy(cls(x=6)).x,
                copy.deepcopy(cls(x=6, marks=[2])).marks,
                str(inspect.signature(cls)),
                cls.__doc__,
                cls.__qualname__,
                cls.__module__,
                cls.kind,
                said(lambda cls=cls: repr(cls())),
                said(lambda cls=cls: repr(cls(1))),
                said(lambda cls=cls: cls(x=1, z=1)),
                isinstance(vars(cls).get("y"), int),
                "marks" in vars(cls) and "slots" not in how,
            ]
        )
    assert answers[0] == answers[1]


def test_whatever_is_asked_for_first_has_them_written() -> None:
    asked: dict[str, Callable[[Any], object]] = {
        "fields": lambda cls: [each.name for each in dataclasses.fields(cls)],
        "signature": lambda cls: str(inspect.signature(cls)),
        "match": lambda cls: cls.__match_args__,
        "parameters": lambda cls: cls.__dataclass_params__.frozen,
        "copied": lambda cls: copy.copy(cls(1)).x,
        "repr of one not made": lambda cls: said(lambda: repr(object.__new__(cls)))[0],  # type: ignore[index]
    }
    for name, ask in asked.items():
        answers = [ask(point(way, frozen=True, slots=True)) for way in WAYS]
        assert answers[0] == answers[1], name


@pytest.mark.parametrize("slots", [True, False])
def test_one_may_follow_from_another(slots: bool) -> None:
    answers = []
    for make in WAYS.values():

        class Base:
            a: int
            b: int = 2

        first: Any = make(frozen=True, slots=slots, kw_only=True)(Base)

        class More(first):
            c: int
            b: int = 5

            @property
            def double(self) -> int:
                return self.c * 2

        second: Any = make(frozen=True, slots=slots, kw_only=True)(More)

        class Plain(second):
            def __repr__(self) -> str:
                return f"plain {super().__repr__()}"

        one, plain = second(a=1, c=3), Plain(a=1, c=3)
        answers.append(
            [
                [getattr(one, name) for name in "abc"],
                one.double,
                first(a=1) == one,
                [each.name for each in dataclasses.fields(second)],
                hasattr(one, "__dict__"),
                repr(plain).split("Plain")[-1],
                plain == one,
                said(lambda one=one: setattr(one, "a", 1)),
                dataclasses.replace(plain, c=9).c,
                str(inspect.signature(Plain)),
            ]
        )
    assert answers[0] == answers[1]


def test_a_method_of_its_own_stays() -> None:
    for make in WAYS.values():

        class Own:
            a: int

            def __repr__(self) -> str:
                return "own"

            def __eq__(self, other: object) -> bool:
                return True

            def __hash__(self) -> int:
                return 7

        cls: Any = make(frozen=True, slots=True)(Own)
        assert (repr(cls(1)), cls(1) == 5, hash(cls(1))) == ("own", True, 7)


def test_a_frozen_one_that_compares_by_itself_is_hashed_by_its_fields() -> None:
    answers = []
    for make in WAYS.values():

        class Own:
            a: int

            def __eq__(self, other: object) -> bool:
                return True

        cls: Any = make(frozen=True, slots=True)(Own)
        answers.append((hash(cls(3)) == hash((3,)), cls(1) == 2))
    assert answers == [(True, True)] * 2


def test_what_is_kept_beside_the_fields_is_kept() -> None:
    for make in WAYS.values():

        class Kept:
            a: int

            @cached_property
            def twice(self) -> list[int]:
                return [self.a] * 2

        cls: Any = make(frozen=True)(Kept)
        one = cls(4)
        assert one.twice == [4, 4]
        assert one.twice is one.twice


def test_a_generic_one_stays_generic() -> None:
    for make in WAYS.values():

        class Box(Generic[T]):
            value: T

        cls: Any = make(frozen=True, slots=True)(Box)
        assert cls(5).value == 5
        assert cls.__parameters__ == (T,)
        assert cls[int].__args__ == (int,)


@WAYS["ours"](frozen=True, slots=True)
class Sent:
    """One that a module holds, as pickle needs."""

    a: int
    b: tuple[int, ...] = ()


def test_it_is_pickled_whole() -> None:
    made: Any = Sent
    assert pickle.loads(pickle.dumps(made(1, (2, 3)))) == made(1, (2, 3))
    code = f"import pickle, sys; print(pickle.loads({pickle.dumps(made(1, (2, 3)))!r}).b)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "(2, 3)\n"


def test_two_threads_at_once_get_the_same() -> None:
    for _ in range(30):
        cls = point("ours", frozen=True, slots=True)
        barrier = threading.Barrier(4)
        found: list[object] = []

        def make(cls: Any = cls, barrier: threading.Barrier = barrier, found: list[object] = found) -> None:
            barrier.wait()
            found.append((cls(1), cls(x=1, y=2).marks, [each.name for each in dataclasses.fields(cls)]))

        threads = [threading.Thread(target=make) for _ in range(4)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert found == [(cls(1), [], ["x", "y", "marks", "secret"])] * 4


def test_what_it_does_not_know_is_refused() -> None:
    class Odd:
        a: dataclasses.InitVar[int]

    with pytest.raises(TypeError, match="order"):
        deferred(Sent, {"order": True})
    Odd.__annotations__["a"] = "dataclasses.InitVar[int]"
    with pytest.raises(TypeError, match="InitVar"):
        deferred(Odd, {})


def test_nothing_is_compiled_before_it_is_wanted() -> None:
    code = (
        "import sys; sys.modules['dataclasses'] = None\n"
        "from vyrectl.dataclass import deferred\n"
        "class A:\n    a: 'int' = 1\n"
        "deferred(A, {'slots': True})\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
