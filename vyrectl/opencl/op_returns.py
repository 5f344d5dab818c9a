"""Functions of an operation's file that may fall off their end without a value, found in the text alone.

What such an operation ends as is whatever happens to lie in a register, so that a task may become Done, or anything,
by chance. Some compilers warn of it and none refuses it. The invariant: only what reaches the closing brace as it is
written is found. Whatever the text does not tell (macros of the author's that may return, branches of an `#if`,
`goto`) is taken to be meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from vyrectl.engine.op_calls import defined_functions, defined_macros
from vyrectl.engine.ops import blank_comments

_TOKEN = re.compile(r"[A-Za-z_]\w*|[0-9][\w.]*|[{}();:=]|\S")
_DIRECTIVE = re.compile(r"^[ \t]*#", re.MULTILINE)
_LEAVES = re.compile(r"\b(?:return|goto|while|for|do)\b")
_OPENING, _CLOSING = {"(": ")", "{": "}"}, frozenset(")}")
_ENDLESS = (["1"], ["true"], ["1u"])
_CHECKS = "VYRE_CHECK"
"""Ours, which returns only after a fault."""


def falling(text: str) -> Iterator[tuple[str, int]]:
    """(name in C, offset of the closing brace) of every function with a value that may fall off its end, in order."""
    leaving = frozenset(name for name, body in defined_macros(text) if _LEAVES.search(body))
    code = blank_comments(text)
    for name, start, body in defined_functions(text):
        if _returns_nothing(code, name, start) or _DIRECTIVE.search(code, start, start + len(body)):
            continue
        if not _Flow(body, leaving).ends():
            yield name, start + len(body) - 1


def _returns_nothing(text: str, name: str, start: int) -> bool:
    """True for a function of type void, and for what is no function after all."""
    if name.startswith("vyre_op_"):
        return False
    begin = max(text.rfind(sign, 0, start) for sign in ";{}") + 1
    named = list(re.finditer(rf"\b{re.escape(name)}\s*\(", text[begin:start]))
    lines = text[begin : begin + named[-1].start()].rstrip().splitlines() if named else []
    words = re.findall(r"\w+|\*", lines[-1]) if lines else []
    return not words or ("void" in words and "*" not in words) or "kernel" in words or "__kernel" in words


class _Flow:
    """Walks the statements of one body; each says whether control leaves the function there for good."""

    def __init__(self, body: str, leaving: frozenset[str]) -> None:
        self.tokens = _TOKEN.findall(body)
        self.leaving = leaving
        self.at = 0
        self.breaks = 0

    def ends(self) -> bool:
        """Whether the closing brace is never reached."""
        return self.statement()

    def token(self) -> str:
        """The token that is looked at; empty past the last."""
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def statement(self) -> bool:
        """One statement."""
        word = self.token()
        self.at += 1
        match word:
            case "{":
                return self.block()
            case "if":
                return self.branch()
            case "for" | "while":
                return self.loop()
            case "do":
                return self.loop_first()
            case "switch":
                return self.switch()
            case "return" | "goto":
                self.skip_to(";")
                return True
            case "break":
                self.breaks += 1
                self.skip_to(";")
                return False
            case "case" | "default":
                self.skip_to(":")
                return False
        self.at -= 1
        return self.expression()

    def block(self) -> bool:
        """The statements up to a closing brace."""
        ends = False
        while self.token() not in ("}", ""):
            label = self.token() in ("case", "default")
            ends = (False if label else ends) | self.statement()
        self.at += 1
        return ends

    def branch(self) -> bool:
        """What follows an ``if``."""
        self.parenthesis()
        ends = self.statement()
        if self.token() != "else":
            return False
        self.at += 1
        return self.statement() and ends

    def loop(self) -> bool:
        """What follows a ``for`` or ``while``: without an end, unless something breaks it."""
        asked = self.parenthesis()
        middle = " ".join(asked).split(";")
        endless = asked in _ENDLESS or (len(middle) == 3 and not middle[1].strip())
        return not self.breaks_in() and endless

    def loop_first(self) -> bool:
        """What follows a ``do``."""
        before = self.breaks
        ends = self.statement()
        broken, self.breaks = self.breaks > before, before
        self.at += 1
        asked = self.parenthesis()
        self.skip_to(";")
        return not broken and (ends or asked in _ENDLESS)

    def breaks_in(self) -> bool:
        """Take a body; True when a ``break`` of its own leaves it."""
        before = self.breaks
        self.statement()
        broken, self.breaks = self.breaks > before, before
        return broken

    def switch(self) -> bool:
        """What follows a ``switch``: left for good where its last case is, no case breaks, and one is the default."""
        self.parenthesis()
        first, before = self.at, self.breaks
        ends = self.statement()
        broken, self.breaks = self.breaks > before, before
        return ends and not broken and "default" in self.tokens[first : self.at]

    def expression(self) -> bool:
        """A declaration, a call, a label; a macro of the author's that may leave is taken to do so."""
        begin = self.at
        while self.token() not in (";", "}", ""):
            if self.token() in _OPENING:
                is_block = self.token() == "{" and self.tokens[self.at - 1] != "="
                if is_block:
                    ends = self.statement()
                    return ends or self.may_leave(begin)
                self.parenthesis()
            elif self.token() == ":" and self.at == begin + 1:
                self.at += 1
                return False
            else:
                self.at += 1
        if self.token() == ";":
            self.at += 1
        return self.may_leave(begin)

    def may_leave(self, begin: int) -> bool:
        """Whether a macro of the author's among the tokens since may leave the function."""
        return any(one in self.leaving and one != _CHECKS for one in self.tokens[begin : self.at])

    def parenthesis(self) -> list[str]:
        """Take what stands in parentheses or braces, these included; its tokens."""
        begin = self.at
        waiting: list[str] = []
        while self.at < len(self.tokens):
            word = self.tokens[self.at]
            self.at += 1
            if word in _OPENING:
                waiting.append(_OPENING[word])
            elif word in _CLOSING and waiting:
                waiting.pop()
            if not waiting:
                break
        return self.tokens[begin + 1 : self.at - 1]

    def skip_to(self, sign: str) -> None:
        """Go past the next such sign, or stop before the block's end."""
        while self.token() not in (sign, "}", ""):
            if self.token() in _OPENING:
                self.parenthesis()
            else:
                self.at += 1
        if self.token() == sign:
            self.at += 1
