"""Conditions as other languages spell them, written in ours: what one that does not parse was probably meant as.

``state = ready && slot < 4``, ``slot in 1-5``, ``tenant == 1, 2``, ``age between 3 and 9``, ``state -eq ready``.
Standard library only. The invariant: nothing here decides what a condition means. A spelling is only ever offered as
advice, and only when whoever asks can read it (`is_right`); texts in quotes stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

MOST_CHARACTERS = 300
"""A longer condition was written by a program."""

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_VALUE = r"(?:[A-Za-z_][A-Za-z0-9_]*|0[xX][0-9a-fA-F]+|[0-9]+)"
_COMPARES = r"==|!=|<=|>=|<|>"
_WORDS_KEPT = r"(?!(?:and|or|not|in|for)\b)"

_SIGNS = (
    (r"!==|=!|<>|~=(?==)", "!="),
    (r"={3,}|:=|=~|~=", "=="),
    (r"=>", ">="),
    (r"=<", "<="),
    (r"\s*&&\s*", " and "),
    (r"\s*\|\|\s*", " or "),
    (r"!(?!=)\s*", "not "),
    (r"(?<![=!<>])=(?!=)", "=="),
    (r"\s*;\s*", " and "),
    (r"\{", "("),
    (r"\}", ")"),
)
_NUMBERS = (
    (r"\b(\d{1,3})((?:_\d{3})+)\b", lambda found: found[0].replace("_", "")),
    (r"\b(\d+)\.0+\b", r"\1"),
    (r"\b(\d+)[eE]\+?(\d{1,2})\b", lambda found: found[1] + "0" * int(found[2])),
    (r"\b(\d+)k\b", r"\g<1>000"),
    (r"\b0+([1-9]\d*)\b", r"\1"),
)
_FORMS = (
    (r"(?i)(?<=\s)(?:-eq|eq|equals|is|like)(?=\s)(?!\s+(?:not|in)\b)", "=="),
    (r"(?i)(?<=\s)(?:-ne|ne|neq|is\s+not|isnt)(?=\s)", "!="),
    (r"(?i)(?<=\s)-?(?:gt)(?=\s)", ">"),
    (r"(?i)(?<=\s)-?(?:lt)(?=\s)", "<"),
    (r"(?i)(?<=\s)-?(?:gte|ge)(?=\s)", ">="),
    (r"(?i)(?<=\s)-?(?:lte|le)(?=\s)", "<="),
    (rf"(?i)\b({_NAME})\s+between\s+({_VALUE})\s+and\s+({_VALUE})", r"\2 <= \1 <= \3"),
    (
        rf"\b({_NAME})\s*(?:==|in|:)\s*[(\[]?\s*({_VALUE})\s*(?:-|\.\.+|:|to)\s*({_VALUE})\s*[)\]]?",
        r"\2 <= \1 <= \3",
    ),
    (
        rf"\b({_NAME})\s*(?:==|in)\s*[(\[]?({_VALUE}(?:\s*(?:[,/]|\|(?!\|))\s*{_VALUE}"
        rf"(?!\s*(?:{_COMPARES}|in\b)))+)\s*[)\]]?",
        lambda found: f"{found[1]} in ({', '.join(re.findall(_VALUE, found[2]))})",
    ),
    (rf"\b({_NAME})\s*[.:]\s*({_VALUE})", r"\1 == \2"),
    (rf"\b({_NAME})\s*({_COMPARES})\s*({_VALUE})\s+(and|or)\s+({_COMPARES})", r"\1 \2 \3 \4 \1 \5"),
    (rf"\b{_WORDS_KEPT}({_NAME})\s+not\s+(?!in\b)({_VALUE})", r"\1 != \2"),
    (rf"\b{_WORDS_KEPT}({_NAME})\s+{_WORDS_KEPT}({_VALUE})(?=\s*(?:$|\)|and\b|or\b))", r"\1 == \2"),
)
_BITS = (
    (r"\s*&\s*", " and "),
    (r"\s*\|\s*", " or "),
    (r"\s*,\s*", " and "),
)
_STAGES = (_SIGNS, _NUMBERS, _FORMS, _BITS)

Rule = tuple[str, "str | Callable[[re.Match[str]], str]"]


def respelt(text: str, is_right: Callable[[str], bool]) -> str | None:
    """The condition in our spelling, or None where none is found."""
    if len(text) > MOST_CHARACTERS:
        return None
    return next((one for one in _candidates(text) if is_right(one)), None)


def _candidates(text: str) -> Iterator[str]:
    """Each stage's spelling after those before it, and the last stages without those between."""
    spelt = [" ".join(text.split())]
    for stage in _STAGES:
        spelt += [one for one in (_apply(stage, before) for before in reversed(spelt)) if one not in spelt]
    yield from (one for one in spelt if one != text)


def _apply(rules: tuple[Rule, ...], text: str) -> str:
    """A text after some rules, without what stands in quotes."""
    quoted: list[str] = []

    def put_aside(found: re.Match[str]) -> str:
        quoted.append(found[0])
        return f"_q{len(quoted) - 1}_"

    bare = _QUOTED.sub(put_aside, text)
    for pattern, spelling in rules:
        bare = re.sub(pattern, spelling, bare)
    for number, one in enumerate(quoted):
        bare = bare.replace(f"_q{number}_", one)
    return " ".join(bare.split())
