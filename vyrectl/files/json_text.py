"""JSON that others wrote, with errors in words of its reader: nothing about Python's own limits.

The invariant: `parse_json` raises nothing but `ValueError`, whose text completes "it does not parse: ...".
Standard library only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Json = Any
"""What a JSON or TOML text holds that others wrote: any value, until who reads it has looked.

Any: each reader checks what it takes and says in its own words what is wrong with it.
"""

NUMBER_TOO_LONG = "a number in it has more digits than any word here"
NESTED_TOO_DEEPLY = "it is nested too deeply"


def parse_json(
    text: str | bytes, *, object_pairs_hook: Callable[[list[tuple[str, Json]]], Json] | None = None
) -> Json:
    """What a JSON text holds.

    Args:
        text: The text, or its bytes in UTF-8.
        object_pairs_hook: As `json.loads` takes it; an error that it raises goes through.

    Raises:
        ValueError: It is no JSON.
    """
    with _in_words():
        return json.loads(text, object_pairs_hook=object_pairs_hook)


@contextmanager
def _in_words() -> Iterator[None]:
    """Say Python's own limits in words of a reader of JSON."""
    try:
        yield
    except RecursionError:
        raise ValueError(NESTED_TOO_DEEPLY) from None
    except ValueError as error:
        if is_digit_limit(error):
            raise ValueError(NUMBER_TOO_LONG) from None
        raise


def is_digit_limit(error: ValueError) -> bool:
    """True for Python's refusal to read a number of thousands of digits."""
    return "set_int_max_str_digits" in str(error)


def parse_toml(text: str) -> dict[str, Json]:
    """What a TOML text holds.

    Raises:
        ValueError: It is no TOML.
    """
    import tomllib

    with _in_words():
        return tomllib.loads(text)
