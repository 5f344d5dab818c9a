"""Nothing of the package is there for its tests alone, unless it is what the library offers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

import pytest

from vyrectl.devtools.__main__ import ROOT

OFFERED = {
    "policy/accounting.py": "counters of spec 2.5",
    "policy/policy.py": "what a recommendation tells beside what is printed",
    "policy/sizing.py": "constants and rules of spec 2.3",
    "protocol/control.py": "readers and writers of spec 3.1",
    "protocol/io_queue.py": "the writer of spec 3.4",
    "protocol/lengths.py": "empty buffers of spec 3.1 and 3.2",
    "protocol/publish.py": "the host's ways to publish, spec 3.5",
    "protocol/replay.py": "kinds and digests of spec 3.7",
    "protocol/runtime.py": "views of spec 3.6",
    "protocol/status.py": "the host's steps of spec 3.8",
    "task/item.py": "properties of spec 1.2",
    "live/session.py": "`wait_async`, for asyncio",
    "ring/file.py": "columns for pyarrow, pandas and polars",
}
"""Modules of which a name may have no user here, and why."""

CALLED_FROM_OUTSIDE = re.compile(
    r"__\w+__|_repr_html_|_root|readall|(list|get|format)_(command|commands|options)|listings|unexplained"
)
"""Names that Python, a notebook, click or the tests of our own documents call."""

DEFINITION = re.compile(r"^ *(?:async def|def|class) (\w+)|^(\w+)(?:: [^=\n]+)? = ", re.MULTILINE)
"""Of a function, a class or a constant."""


def test_nothing_is_there_for_tests_alone() -> None:
    folder = ROOT / "vyrectl"
    texts = {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*.py"))}
    found = {f"{name}:{word}" for name, word in unused(texts) if name not in OFFERED}
    assert {one for one in found if not CALLED_FROM_OUTSIDE.fullmatch(one.partition(":")[2])} == set()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("def f(): ...\n", {"f"}),
        ("def f(): ...\n\n\nf()\n", set()),
        ("class C:\n    def f(self): ...\n", {"C", "f"}),
        ("class C:\n    def f(self): ...\n\n\nC().f()\n", set()),
        ("LIMIT = 1\n", {"LIMIT"}),
        ("LIMIT: int = 1\nprint(LIMIT)\n", set()),
        ("async def f(): ...\ng = f\n", {"g"}),
    ],
)
def test_what_nobody_uses_is_found(code: str, words: set[str]) -> None:
    assert {word for _, word in unused({"module.py": code})} == words


def unused(texts: Mapping[str, str]) -> list[tuple[str, str]]:
    """Module and name of what is defined and stands nowhere else."""
    defined = [
        (name, found[1] or found[2]) for name, text in texts.items() for found in DEFINITION.finditer(text)
    ]
    definitions = Counter(word for _, word in defined)
    words = Counter(word for text in texts.values() for word in re.findall(r"\w+", text))
    return [(name, word) for name, word in defined if words[word] == definitions[word]]
