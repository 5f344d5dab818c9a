"""Requests and policies as JSON or TOML text.

Everything in such a text is checked: a key that nothing knows, a key that stands twice, a value that is no
whole number or does not fit its width. Each error names the key, its range and the text's name.
Standard library, errors and the rest of `policy` only.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence

from vyrectl.errors import InvalidInputError, LaunchRequestError
from vyrectl.files.json_text import Json, parse_json, parse_toml
from vyrectl.policy.policy import POLICY_WIDTHS, LaunchPolicy
from vyrectl.policy.request import REQUEST_WIDTHS
from vyrectl.policy.widths import Widths

SCHEMA = "schema"
"""Key by which vyrectl's own records name what they are."""


def parse_document(text: str, source: str, *, toml: bool | None = None) -> dict[str, object]:
    """The table that a JSON or TOML text holds.

    Args:
        text: A whole document, JSON or TOML.
        source: Its name in errors.
        toml: Which of the two; by default JSON when the text starts with ``{`` or ``[``.

    Raises:
        LaunchRequestError: It does not parse, a key stands twice, or it is no table.
    """
    if toml is None:
        toml = not text.lstrip("\ufeff \t\r\n").startswith(("{", "["))
    try:
        return _parse_toml(text) if toml else _parse_json(text)
    except LaunchRequestError as error:
        error.at(source)
        raise
    except json.JSONDecodeError as error:
        where = f"{source}, line {error.lineno}, column {error.colno}"
        raise LaunchRequestError(f"this is no JSON: {error.msg}", where=where) from error
    except (ValueError, RecursionError) as error:
        what = f"this is no {'TOML' if toml else 'JSON'}: {error}"
        raise LaunchRequestError(what, where=source) from error


def request_fields(table: Mapping[str, Json], source: str) -> dict[str, int]:
    """The fields of spec 2.1 that a table gives, checked; `schema` may stand beside them.

    Raises:
        LaunchRequestError: An unknown key, or a value that does not fit.
    """
    return checked_fields(table, REQUEST_WIDTHS, "launch request", source)


def policy_from(table: Mapping[str, object], source: str) -> LaunchPolicy:
    """The policy of a table with fields of spec 2.2; those left out keep their defaults.

    Raises:
        LaunchRequestError: An unknown key, or a value that does not fit.
    """
    return LaunchPolicy(**checked_fields(table, POLICY_WIDTHS, "launch policy", source))


def checked_fields(table: Mapping[str, object], widths: Widths, kind: str, source: str) -> dict[str, int]:
    """The fields of one kind of record that a table gives.

    Raises:
        InvalidInputError: An unknown key (`LaunchRequestError`), or a value that does not fit.
    """
    known = tuple(widths.bits)
    found = {}
    for key, value in table.items():
        if key == SCHEMA:
            continue
        if key not in widths.bits:
            raise LaunchRequestError(
                f"{key!r} is no field of a {kind}", where=source, fix=_nearest(key, known)
            )
        found[key] = _number(widths, key, value, source)
    return found


def _number(widths: Widths, key: str, value: object, source: str) -> int:
    if value is None:
        raise LaunchRequestError(f"{key} is null", where=source, fix=f"Leave it out; {widths.advice(key)}")
    try:
        return widths.number(key, value)
    except InvalidInputError as error:
        error.at(source)
        raise


def _nearest(key: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(key.lower(), known, n=1)
    return f"Did you mean {close[0]!r}?" if close else "Fields: " + ", ".join(known)


def _parse_toml(text: str) -> dict[str, object]:
    return parse_toml(text.removeprefix("\ufeff").replace("\r\n", "\n"))


def _parse_json(text: str) -> dict[str, object]:
    table = parse_json(text.removeprefix("\ufeff"), object_pairs_hook=_without_twins)
    if not isinstance(table, dict):
        raise LaunchRequestError("this is JSON, but no object", fix="Put the fields between { and }")
    return table


def _without_twins(pairs: list[tuple[str, object]]) -> dict[str, object]:
    table: dict[str, object] = {}
    for key, value in pairs:
        if key in table:
            raise LaunchRequestError(f"the key {key!r} stands twice", fix="Keep one of them")
        table[key] = value
    return table
