"""What a synthetic ring is made of: weights and ranges, read from JSON or TOML and checked.

Standard library only. The invariant: a `Mix` that exists can be synthesized; every mistake names its key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from fractions import Fraction

from vyrectl.abi.limits import U32_MAX
from vyrectl.abi.states import TaskPriority, TaskState
from vyrectl.dataclass import dataclass
from vyrectl.errors import InvalidInputError
from vyrectl.files.json_text import Json, parse_json
from vyrectl.files.replace import StrPath
from vyrectl.files.whole import read_whole

MOST_TEXT_BYTES = 16 << 20

Span = tuple[int, int]
Weights = Mapping[str, Fraction]

MIX_STATES: tuple[str, ...] = tuple(
    state.name.lower() for state in TaskState if state not in (TaskState.RUNNING,)
)
"""States that a synthetic ring may hold: all but Running, which only a worker may write."""

_FIX = "See `vyrectl build --help` for what a mix looks like"


def _weights(**numbers: int) -> dict[str, Fraction]:
    return {name: Fraction(number) for name, number in numbers.items()}


@dataclass(frozen=True, slots=True)
class Mix:
    """Weights and ranges of a synthetic ring; the defaults need no buffers.

    Attributes:
        state: State name -> weight.
        op: Operation name -> weight.
        priority: Priority name -> weight.
        tenants: How many tenants; their ids count from 0.
        param: Operation name -> least and greatest param; (0, 0) for those not named.
        late_percent: How many of the Paused tasks, in percent, wait for an epoch from 1 to 8; all others
            wait for epoch 0, which has always come.
    """

    state: Weights = field(
        default_factory=lambda: _weights(ready=80, paused=5, yielded=5, requeued=5, done=3, empty=2)
    )
    op: Weights = field(default_factory=lambda: _weights(nop=60, spin=25, requeue_n=10, wait=5))
    priority: Weights = field(
        default_factory=lambda: _weights(critical=5, high=15, normal=50, low=20, idle=10)
    )
    tenants: int = 4
    param: Mapping[str, Span] = field(default_factory=lambda: {"spin": (16, 256), "requeue_n": (1, 3)})
    late_percent: int = 10

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Json], *, source: str = "mix") -> Mix:
        """Check a mapping with any of the attributes as keys; keys that are left out keep their defaults.

        A `param` may be one number or a list of two, for the operation it is named after.

        Raises:
            InvalidInputError: An unknown key, or a value that is no weight, number or range; names the key.
        """
        known = _Reader(source)
        values = {}
        for key, value in mapping.items():
            if key not in _KEYS:
                raise known.unknown("key", str(key), tuple(_KEYS), str(key))
            values[key] = _KEYS[key](known, key, value)
        if "op" in values and "param" not in values:
            values["param"] = {op: span for op, span in cls().param.items() if op in values["op"]}
        return cls(**values)

    @classmethod
    def from_file(cls, path: StrPath) -> Mix:
        """Read a mix from a file: TOML when its name ends in ``.toml``, else JSON.

        Raises:
            FileError: It cannot be read.
            InvalidInputError: No JSON, no TOML, no mapping, or what `from_mapping` refuses.
        """
        data = read_whole(path, doing="read the mix", most=MOST_TEXT_BYTES)
        try:
            text = data.decode()
            mapping = _load_toml(text) if str(path).lower().endswith(".toml") else parse_json(text)
        except (ValueError, RecursionError) as error:
            raise InvalidInputError(f"the mix does not parse: {error}", where=str(path), fix=_FIX) from error
        if not isinstance(mapping, dict):
            raise InvalidInputError("a mix is a mapping", where=str(path), fix=_FIX)
        return cls.from_mapping(mapping, source=str(path))


def _load_toml(text: str) -> dict[str, Json]:
    from vyrectl.files.json_text import parse_toml

    return parse_toml(text)


class _Reader:
    """Checks values and knows how errors call the source."""

    def __init__(self, source: str) -> None:
        self.source = source

    def error(self, key: str, what: str, fix: str = _FIX) -> InvalidInputError:
        """An error at a key."""
        return InvalidInputError(what, where=f"{self.source}, key {key}", fix=fix)

    def unknown(self, what: str, name: str, known: tuple[str, ...], key: str) -> InvalidInputError:
        """The error for a name that is none of the known ones."""
        from difflib import get_close_matches

        close = get_close_matches(name.lower(), known, n=1)
        fix = f"Did you mean {close[0]!r}?" if close else "Known: " + ", ".join(known)
        return self.error(key, f"unknown {what} {name!r}", fix)

    def mapping(self, key: str, value: Json) -> Mapping[str, Json]:
        """A mapping that holds something."""
        if not isinstance(value, Mapping) or not value:
            raise self.error(key, f"{key} is no mapping from names to numbers")
        return value

    def weights(self, key: str, value: Json) -> Weights:
        """Names with weights, of which one at least is not 0."""
        weights = {
            str(name).lower(): self.weight(f"{key}.{name}", one)
            for name, one in self.mapping(key, value).items()
        }
        if not any(weights.values()):
            raise self.error(key, "every weight is 0", "Give one of them a weight")
        return weights

    def named(self, known: tuple[str, ...]) -> Callable[[str, Json], Weights]:
        """A reader of weights whose names come from a fixed set."""

        def read(key: str, value: Json) -> Weights:
            weights = self.weights(key, value)
            for name in weights:
                if name not in known:
                    raise self.unknown(key, name, known, f"{key}.{name}")
            return weights

        return read

    def weight(self, key: str, value: Json) -> Fraction:
        """A finite number that is not negative."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.error(key, f"the weight {str(value)[:40]!r} is no number")
        if not 0 <= value <= 1e18:
            raise self.error(key, f"the weight {value} is out of bounds", "Give a number from 0 to 1e18")
        return Fraction(value)

    def integer(self, key: str, value: Json, least: int, most: int) -> int:
        """A whole number within bounds."""
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            shown = str(value)[:40]
            raise self.error(key, f"{shown!r} is no whole number from {least} to {most}")
        return value

    def span(self, key: str, value: Json) -> Span:
        """One number, or the least and the greatest."""
        ends = value if isinstance(value, list | tuple) else [value, value]
        if len(ends) != 2:
            raise self.error(key, "a range has two ends", "Write for example [16, 256]")
        low, high = (self.integer(key, one, 0, U32_MAX) for one in ends)
        if high < low:
            raise self.error(key, f"the range {low} to {high} runs backwards", "Swap its ends")
        return low, high


def _read_params(known: _Reader, key: str, value: Json) -> Mapping[str, Span]:
    return {str(op).lower(): known.span(f"{key}.{op}", one) for op, one in known.mapping(key, value).items()}


_PRIORITIES = tuple(priority.name.lower() for priority in TaskPriority)
_KEYS: dict[str, Callable[[_Reader, str, Json], Json]] = {
    "state": lambda known, key, value: known.named(MIX_STATES)(key, value),
    "op": lambda known, key, value: known.weights(key, value),
    "priority": lambda known, key, value: known.named(_PRIORITIES)(key, value),
    "tenants": lambda known, key, value: known.integer(key, value, 1, U32_MAX),
    "param": _read_params,
    "late_percent": lambda known, key, value: known.integer(key, value, 0, 100),
}
