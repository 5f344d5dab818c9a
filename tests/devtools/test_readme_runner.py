"""The runner of documents, on documents of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.needs import require_tool
from vyrectl.devtools.__main__ import ROOT
from vyrectl.devtools.readme import Step, matches, read_steps, run_steps, unexplained, update

DOCUMENT = """\
# Title
```sh
$ exit 9
```
```console
$ echo one
one
$ cat missing  # exit 1
...missing...
$ printf '%s\\n' \\
>   a b
a
b
```
text
```console
$ echo kept >file
```
```console
$ cat file
lost
```
```python
with open("file", "a") as file:
    file.write("more")
```
"""


def test_steps() -> None:
    assert read_steps(DOCUMENT) == [
        Step(6, "echo one", 0, ("one",), 6),
        Step(8, "cat missing", 1, ("...missing...",), 8),
        Step(10, "printf '%s\\n' \\\n  a b", 0, ("a", "b"), 11),
        Step(17, "echo kept >file", 0, (), 17),
        Step(20, "cat file", 0, ("lost",), 20),
        Step(23, "python -c", 0, (), 23, 'with open("file", "a") as file:\n    file.write("more")\n'),
    ]


def test_run_and_update(tmp_path: Path) -> None:
    outcomes = list(run_steps(read_steps(DOCUMENT), tmp_path))
    assert [one.is_right for one in outcomes] == [True, True, True, True, False, True]
    assert (tmp_path / "file").read_text() == "kept\nmore"
    assert "line 20: $ cat file\nexit code 0, expected 0; it printed\n  | kept\nexpected\n  | lost" in str(
        outcomes[4]
    )
    mended = update(DOCUMENT, outcomes)
    assert mended == DOCUMENT.replace("lost", "kept")
    assert all(one.is_right for one in run_steps(read_steps(mended), tmp_path))


def test_a_wrong_exit_code_is_wrong_whatever_it_printed(tmp_path: Path) -> None:
    (outcome,) = run_steps(read_steps("```console\n$ echo hi; exit 3\nhi\n```\n"), tmp_path)
    assert outcome.prints_right
    assert not outcome.is_right


def test_how_far_a_launch_is_does_not_count(tmp_path: Path) -> None:
    text = "```console\n$ echo 'launch: 1.5 s, at work'; echo 'launch: 1 s'\nlaunch: 1 s\n```\n"
    (outcome,) = run_steps(read_steps(text), tmp_path)
    assert outcome.is_right


def test_a_program_that_fails_is_wrong(tmp_path: Path) -> None:
    (outcome,) = run_steps(read_steps("```python\nprint(1 / 0)\n```\n"), tmp_path)
    assert not outcome.is_right
    assert "ZeroDivisionError" in str(outcome)


@pytest.mark.parametrize(
    ("expected", "printed", "right"),
    [
        (["a", "b"], ["a", "b"], True),
        (["a"], ["a", "b"], False),
        (["a", "..."], ["a"], True),
        (["a", "...", "z"], ["a", "b", "c", "z"], True),
        (["took ... s"], ["took 1.5 s"], True),
        (["took ... s"], ["took 1.5 ms!"], False),
        (["a.c"], ["abc"], False),
        (["a  "], ["a"], True),
    ],
)
def test_matches(expected: list[str], printed: list[str], right: bool) -> None:
    assert matches(tuple(expected), tuple(printed)) is right


PATCHED = """\
```diff
--- /dev/null
+++ b/vyrectl/added.py
@@ -0,0 +1 @@
+WORD = "added"
```
```console
$ cd vyrectl && python -c "from vyrectl.added import WORD; print(WORD)"
added
```
"""


def test_a_patch_changes_a_copy_in_which_commands_run(tmp_path: Path) -> None:
    require_tool("patch")
    assert [str(one) for one in run_steps(read_steps(PATCHED), tmp_path) if not one.is_right] == []
    assert unexplained(PATCHED) == []
    assert not (ROOT / "vyrectl" / "added.py").exists()


def test_a_patch_that_does_not_apply_is_wrong(tmp_path: Path) -> None:
    require_tool("patch")
    text = PATCHED.replace("/dev/null", "a/vyrectl/errors.py").replace(
        "vyrectl/added.py", "vyrectl/errors.py"
    )
    text = text.replace("-0,0 +1", "-1 +1").replace("+WORD", "-no such line\n+WORD")
    patch, _ = run_steps(read_steps(text), tmp_path)
    assert patch.exit_code == 1
