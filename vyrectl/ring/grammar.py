"""The text of a `--where` condition: read by Python's parser once nothing foreign is in it, and where each part stands.

Standard library only; nothing is executed. The invariant: whatever cannot be read is a `WhereError` at its column, and
texts are bounded, so that none takes long or much memory to refuse.
"""

from __future__ import annotations

import ast
import keyword
import re
import warnings

from vyrectl.abi.opcodes import WINDOW_NAME, window_opcode
from vyrectl.errors import WhereError
from vyrectl.ring.vocabulary import column_named

MAX_CHARACTERS = 4096

_FOREIGN = re.compile(
    r"""&&|\|\||<>|={3,}|!==|!(?!=)|(?<![=!<>])=(?!=)|[^A-Za-z0-9_ ()\[\],'"<>=!+\-*/%&|^~]"""
)
_MEANT = {
    "&&": "Write and",
    "||": "Write or",
    "!": "Write not",
    "=": "Compare with ==",
    "===": "Compare with ==",
    "!==": "Compare with !=",
    "<>": "Compare with !=",
    ".": "Use whole numbers",
    ";": "Write and",
}
_CONNECTIVES = ("and", "or", "not", "in")
_WORD = re.compile(r"[A-Za-z_]+")
_LAST_WORD = re.compile(r"[A-Za-z_]+ *$")
_BLANK = str.maketrans("\t\n\r\f\v", "     ")
_LEADING_ZEROS = re.compile(r"(?<![A-Za-z0-9_])0+(?=[0-9])")
"""What a decimal number may begin with here, as everywhere else, and not in Python's grammar."""
_LOUD = frozenset({"AND", "OR", "NOT", "IN"})
_TAKEN = re.compile(
    r"'[^']*'|\"[^\"]*\"|\b(?:"
    + "|".join(
        sorted({*keyword.kwlist, *_LOUD} - {*_CONNECTIVES, "is", "if", "else", "None", "True", "False"})
    )
    + r")\b"
)
"""What Python's grammar takes for itself, though operations may be called so, and connectives in capitals."""


class Reading:
    """One text, and the names that may stand in it: field -> name in lower case -> word."""

    def __init__(self, text: str, names: dict[str, dict[str, int]]) -> None:
        self.text = text
        self.names = names
        self.indent = 0
        self.root: ast.expr | None = None
        self.offers: list[str] = []
        self.is_advice = False

    def parse(self) -> ast.expr:
        """Let Python's parser read the text, once it is short and holds no foreign character."""
        if len(self.text) > MAX_CHARACTERS:
            raise self.error(f"longer than {MAX_CHARACTERS} characters", MAX_CHARACTERS)
        flat = WINDOW_NAME.sub(self.window, self.text.translate(_BLANK))
        foreign = _FOREIGN.search(flat)
        if foreign:
            raise self.error(f"{foreign[0]!r} has no place here", foreign.start(), _MEANT.get(foreign[0]))
        flat = _LEADING_ZEROS.sub(lambda zeros: " " * len(zeros[0]), _TAKEN.sub(_spelt_for_the_parser, flat))
        self.indent = len(flat) - len(flat.lstrip())
        if self.indent == len(flat):
            raise self.error("the condition is empty", 0, "Write for example 'state == paused'")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(flat.strip(), mode="eval").body
        except SyntaxError as error:
            at = self.indent + error.offset - 1 if error.offset else len(flat.rstrip())
            raise self.error(_reason(error), at, self.near_connective(flat, at)) from None
        except (ValueError, RecursionError, MemoryError):
            raise self.error("nested too deeply", self.indent) from None
        for one in ast.walk(tree):
            if isinstance(one, ast.Name) and ":" not in self.source(one):
                one.id = self.source(one)
        self.root = tree
        return tree

    def around(self, tree: ast.expr) -> ast.expr | None:
        """The node that one is directly in; None for the whole text."""
        if self.root is None:
            return None
        nodes = (one for one in ast.walk(self.root) if isinstance(one, ast.expr))
        return next((one for one in nodes if any(part is tree for part in ast.iter_child_nodes(one))), None)

    def offer(self, tree: ast.expr, meant: str) -> None:
        """Note the whole text with something else in place of a node: advice, once it is found to be a condition."""
        self.offer_span(tree, tree, meant)

    def offer_span(self, first: ast.expr, last: ast.expr, meant: str) -> None:
        """The same in place of what stands from one node to another."""
        start, end = self.indent + first.col_offset, self.indent + (last.end_col_offset or 0)
        self.offers.append(" ".join((self.text[:start] + meant + self.text[end:]).split()))

    def window(self, name: re.Match[str]) -> str:
        """A word of the same length for a name such as `tenant3:5`, whose colon Python's grammar does not take."""
        code = window_opcode(name[0])
        if code is None:
            return name[0]
        word = name[0].replace(":", "_")
        self.names["op_handle"][word.lower()] = code
        return word

    def near_connective(self, flat: str, at: int) -> str | None:
        """What was meant where two words that stand side by side are none of the language's, or None."""
        from difflib import get_close_matches

        here, before = _WORD.match(flat, at), _LAST_WORD.search(flat, 0, at)
        for found in filter(None, (here, before)):
            word = found[0].strip()
            known = column_named(word) is not None or any(word in names for names in self.names.values())
            close = get_close_matches(word, _CONNECTIVES, n=1)
            if close and not known and word not in _CONNECTIVES:
                return f"Did you mean {close[0]!r}?"
        return None

    def source(self, tree: ast.expr) -> str:
        """A node as it was typed."""
        start, end = self.indent + tree.col_offset, self.indent + (tree.end_col_offset or 0)
        return self.text[start:end]

    def between(self, left: ast.expr, right: ast.expr) -> int:
        """Column of the operator that stands between two nodes."""
        start = self.indent + (left.end_col_offset or 0)
        gap = self.text[start : self.indent + right.col_offset]
        return start + len(gap) - len(gap.lstrip(") \t\r\n\f\v"))

    def refuse(self, tree: ast.expr, what: str, fix: str | None = None) -> WhereError:
        """The error for a node, at the node's column."""
        return self.error(what, self.indent + tree.col_offset, fix)

    def error(self, what: str, column: int, fix: str | None = None) -> WhereError:
        """The error at a column of the text."""
        return WhereError(what, self.text, min(column, len(self.text)), fix=fix)


def _reason(error: SyntaxError) -> str:
    """What Python's parser has to say, when it fits this language too."""
    message = error.msg or ""
    fitting = (
        "was never closed",
        "unmatched",
        "too many nested",
        "unterminated",
        "does not match",
    )
    if any(one in message for one in fitting):
        return message.partition(" (detected")[0]
    if "literal" in message:
        return "this is no whole number in decimal or after 0x"
    return "the condition breaks off or does not parse here"


def _spelt_for_the_parser(found: re.Match[str]) -> str:
    """A word of the same length that Python's grammar takes as we mean it; a name's case has no meaning."""
    word = found[0]
    if word[0] in "'\"":
        return word
    return word.lower() if word in _LOUD else word.swapcase()
