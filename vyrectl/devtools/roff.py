"""Text as roff for manual pages: what both groff and mandoc show as it was meant.

Options and commands keep their hyphens and quotes, so that they can be copied from the page; words keep soft
hyphens. Standard library only.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator

SOURCE_COLUMNS = 80
"""Longest line of running text in the page's source."""

CODE_COLUMNS = 68
"""Longest line of an example that fits a terminal of 80 columns, indented as examples are."""

_ESCAPES = str.maketrans({"\\": r"\e", "'": r"\(aq", "`": r"\(ga", "^": r"\(ha", "~": r"\(ti"})
_OPTION = re.compile(r"(?<![\w-])--?[a-zA-Z][\w-]*")
_SOFT = re.compile(r"(?<=[A-Za-z])\\-(?=[A-Za-z])")
_SENTENCE = re.compile(r"(?<=[.:?!]) +(?=[A-Z(`-])")
_BREAK = re.compile(r" (?=--[a-z]|\| )")


def literal(text: str) -> str:
    """Text to be typed or read character by character."""
    escaped = text.translate(_ESCAPES).replace("-", r"\-")
    return "".join(char if char.isascii() else f"\\[u{ord(char):04X}]" for char in escaped)


def bold(text: str) -> str:
    """Literal text in bold."""
    return rf"\fB{literal(text)}\fR"


def italic(text: str) -> str:
    """A placeholder."""
    return rf"\fI{literal(text)}\fR"


def prose(text: str) -> str:
    """Running text on one line: what stands in backticks, and every option, is literal and bold."""
    parts = text.split("`")
    return "".join(bold(part) if index % 2 else _running(part) for index, part in enumerate(parts))


def paragraph(text: str) -> list[str]:
    """A paragraph, each sentence on a line of its own."""
    sentences = _SENTENCE.split(" ".join(text.split()))
    return [".PP", *(line for sentence in sentences for line in filled(prose(sentence)))]


def paragraphs(*texts: str) -> list[str]:
    """Paragraphs, each from a text of its own."""
    return [line for text in texts for line in paragraph(text)]


def section(title: str, body: Iterable[str]) -> list[str]:
    """A section; a paragraph right below its head needs no macro."""
    return [f'.SH "{literal(title)}"', *_opened(body)]


def subsection(title: str, body: Iterable[str]) -> list[str]:
    """A section within a section."""
    return [f'.SS "{literal(title)}"', *_opened(body)]


def described(pairs: Iterable[tuple[str, str]], *, width: int = 0) -> list[str]:
    """Roff terms, each with a text that explains it.

    Args:
        pairs: Term in roff, plain text.
        width: Columns of the terms when text stands beside them without blank lines between; by default it
            stands below.
    """
    lines: list[str] = []
    for term, text in pairs:
        lines += [f".TP {width}" if width else ".TP", term, *paragraph(text)[1:]]
    return [".PP", ".PD 0", *lines, ".PD"] if width else lines


def example(lines: Iterable[str]) -> list[str]:
    """Lines as they are, those of commands broken where they would pass the page's edge."""
    broken = (piece for line in lines for piece in _broken(line))
    return [".PP", ".RS 2", ".EX", *(_guarded(literal(line)) for line in broken), ".EE", ".RE"]


def _opened(body: Iterable[str]) -> list[str]:
    lines = list(body)
    return lines[1:] if lines[:1] == [".PP"] else lines


def filled(sentence: str) -> list[str]:
    """Running text in roff on lines of at most `SOURCE_COLUMNS`, none of which is a macro."""
    lines = textwrap.wrap(sentence, SOURCE_COLUMNS, break_long_words=False, break_on_hyphens=False)
    return [_guarded(line) for line in lines]


def _guarded(line: str) -> str:
    """A line that is no macro, whatever it begins with."""
    return rf"\&{line}" if line.startswith(".") else line


def _running(text: str) -> str:
    pieces, end = [], 0
    for option in _OPTION.finditer(text):
        pieces += [_soft(text[end : option.start()]), bold(option[0])]
        end = option.end()
    return "".join([*pieces, _soft(text[end:])])


def _soft(text: str) -> str:
    return _SOFT.sub("-", literal(text))


def _broken(line: str) -> Iterator[str]:
    """A command on lines that end in a backslash where it is too long for one."""
    while len(line) > CODE_COLUMNS:
        places = [place.start() for place in _BREAK.finditer(line, 1, CODE_COLUMNS - 2)]
        if not places or not line[: places[-1]].strip():
            break
        yield f"{line[: places[-1]]} \\"
        line = f"    {line[places[-1] + 1 :]}"
    yield line
