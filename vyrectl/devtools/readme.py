"""Runs what a document shows: its commands are tests, its outputs are golden.

Blocks fenced as ```` ```console ```` are read in order and their commands run in one folder that starts empty. A line
that begins with `$ ` is a command; `> ` continues it. A trailing `# exit 3` is the exit code it should have, 0
otherwise. The lines after it are what the terminal shows: standard output and standard error together. In them `...`
stands for any text, and a line that holds nothing else for any lines. A command without such lines is only run.
Lines that say how far a launch is do not count: they come where a machine is slow.

Blocks of ```` ```python ```` are programs that are run in the same folder and must end well. Blocks of
```` ```diff ```` are patches: the first makes a copy of the project, `CHECKOUT` in that folder, and each must apply to
it (which takes GNU patch); commands after it may go there and try what it changes. A block in another
language is not run, and says why in a comment on the line above its fence: ``<!-- not run: REASON -->``, or stands in
a generated place. `unexplained` finds the others.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

ANYTHING = "..."
TIMEOUT_S = 120

_PROGRESS = re.compile(r"launch: \d+\.\d s, ")
RUN = ("console", "python", "diff")
"""Languages of the blocks that are run."""

CHECKOUT = "vyrectl"
"""Folder of the copy that patches change."""

_PARTS = ("vyrectl", "kernels")
"""What is copied."""

_PATCH = f"patch --quiet --strip=1 --no-backup-if-mismatch --directory={CHECKOUT}"

_NOT_RUN = re.compile(r"<!-- (?:not run: \S.*|test command) -->$")
_EXIT = re.compile(r"\s+# exit (\d+)$")


@dataclass(frozen=True, slots=True)
class Step:
    """One command of a document.

    Attributes:
        line: One-based line of the command.
        command: What a shell is given.
        exit_code: What it should exit with.
        expected: Lines it should print; none when only the exit code counts.
        first: Zero-based index of the line after the command, where `expected` begins.
        program: A Python program, instead of a command for a shell.
        patch: What the command reads from standard input: a change of the project's copy.
    """

    line: int
    command: str
    exit_code: int
    expected: tuple[str, ...]
    first: int
    program: str = ""
    patch: str = ""

    @property
    def arguments(self) -> list[str]:
        """What is started."""
        return (
            [sys.executable, "-W", "error", "-c", self.program]
            if self.program
            else ["bash", "-c", self.command]
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one command did."""

    step: Step
    exit_code: int
    lines: tuple[str, ...]

    @property
    def is_right(self) -> bool:
        """True when exit code and output are as the document says."""
        return self.exit_code == self.step.exit_code and self.prints_right

    @property
    def prints_right(self) -> bool:
        """True when the output is as the document says, or the document says nothing."""
        return not self.step.expected or matches(self.step.expected, self.lines)

    def __str__(self) -> str:
        found = "".join(f"  | {line}\n" for line in self.lines)
        wanted = "".join(f"  | {line}\n" for line in self.step.expected)
        return (
            f"line {self.step.line}: $ {self.step.command}\n"
            f"exit code {self.exit_code}, expected {self.step.exit_code}; it printed\n{found}expected\n{wanted}"
        )


def read_steps(text: str) -> list[Step]:
    """Every command of a document's console blocks and every Python program, in order."""
    steps: list[Step] = []
    language = ""
    for number, line in enumerate(text.splitlines()):
        if line.startswith("```"):
            language = "" if language else line.removeprefix("```") or "text"
            if language == "python":
                steps.append(Step(number + 1, "python -c", 0, (), number + 1))
            if language == "diff":
                steps.append(Step(number + 1, _PATCH, 0, (), number + 1))
        elif language == "python":
            steps[-1] = replace(steps[-1], program=f"{steps[-1].program}{line}\n")
        elif language == "diff":
            steps[-1] = replace(steps[-1], patch=f"{steps[-1].patch}{line}\n")
        elif language == "console" and line.startswith("$ "):
            code = _EXIT.search(line)
            steps.append(
                Step(number + 1, _EXIT.sub("", line[2:]), int(code[1]) if code else 0, (), number + 1)
            )
        elif language == "console" and steps:
            steps[-1] = _longer(steps[-1], line, number)
    return steps


def unexplained(text: str) -> list[int]:
    """One-based lines of the blocks that nothing runs and nothing explains."""
    found: list[int] = []
    inside = generated = False
    before = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith("```"):
            language = line.removeprefix("```")
            explained = generated or _NOT_RUN.match(before) or language in RUN
            if not inside and not explained:
                found.append(number)
            inside = not inside
        elif not inside:
            generated = (generated or line.startswith("<!-- generated:")) and line != "<!-- end -->"
        before = line
    return found


def run_steps(steps: list[Step], folder: Path, programs: Path | None = None) -> Iterator[Outcome]:
    """Run commands one after the other in a folder, each in a bash of its own.

    Args:
        steps: The commands of a page, in their order.
        folder: Where they run.
        programs: A folder whose programs go before this Python's own.
    """
    variables = environment(folder)
    if programs is not None:
        variables["PATH"] = f"{programs}{os.pathsep}{variables['PATH']}"
    for step in steps:
        if step.patch and not (folder / CHECKOUT).exists():
            _copy_project(folder / CHECKOUT)
        done = subprocess.run(
            step.arguments,
            cwd=folder,
            env=variables,
            input=step.patch.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TIMEOUT_S,
            check=False,
        )
        text = done.stdout.decode(errors="replace")
        lines = (line.rstrip() for line in text.splitlines() if not _PROGRESS.match(line))
        yield Outcome(step, done.returncode, tuple(lines))


def _copy_project(folder: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    for part in _PARTS:
        shutil.copytree(root / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))


def matches(expected: tuple[str, ...], lines: tuple[str, ...]) -> bool:
    """Whether what was printed is what the document shows; blanks at the end of a line do not count."""
    pattern = "".join(_pattern(line.rstrip()) for line in expected)
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in lines)) is not None


def update(text: str, outcomes: list[Outcome]) -> str:
    """The document with the real output wherever it shows another one; exit codes are left alone."""
    lines = text.splitlines()
    for outcome in reversed(outcomes):
        if not outcome.prints_right:
            first = outcome.step.first
            lines[first : first + len(outcome.step.expected)] = outcome.lines
    return "\n".join(lines) + "\n"


def _longer(step: Step, line: str, number: int) -> Step:
    if line.startswith("> ") and not step.expected:
        code = _EXIT.search(line)
        command = f"{step.command}\n{_EXIT.sub('', line[2:])}"
        return replace(
            step, command=command, exit_code=int(code[1]) if code else step.exit_code, first=number + 1
        )
    return replace(step, expected=(*step.expected, line))


def _pattern(line: str) -> str:
    if line.strip() == ANYTHING:
        return r"(?:.*\n)*"
    return ".*".join(re.escape(part) for part in line.split(ANYTHING)) + r"\n"


def environment(folder: Path) -> dict[str, str]:
    """The caller's environment with this Python's commands first, a home of its own, and no colour."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    scripts = str(Path(sys.executable).parent)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("VYRECTL_", "PYTEST_"))}
    return {
        **kept,
        "PATH": f"{scripts}{os.pathsep}{os.environ.get('PATH', '')}",
        "HOME": str(folder),
        "XDG_CACHE_HOME": cache,
        "LC_ALL": "C.UTF-8",
        "NO_COLOR": "1",
        "COLUMNS": "100",
    }
