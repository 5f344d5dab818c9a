"""Coverage-guided fuzzing (atheris) of every parser: our own errors or an answer, never anything else.

A seed is one parser's turn, with that seed for the fuzzer; the first as many seeds as there are parsers go through all
of them. What breaks a parser is printed, to become a seed of `tests/long/_parsers.py`.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from tests.long._parsers import PARSERS
from tests.long._run import FAILED, ROOT, Run
from tests.needs import ATHERIS_IS_BUILT

TURN_SECONDS = 30
LEAST_SECONDS = 2
MOST_BYTES = 4096


def run(run: Run) -> None:
    """One parser a seed."""
    if find_spec("atheris") is None and ATHERIS_IS_BUILT:
        raise SystemExit("atheris not found: pip install -e '.[test]'")
    if find_spec("atheris") is None:
        run.say("there is no atheris for this machine: nothing was fuzzed")
        return
    names = list(PARSERS)
    for seed in run.seeds():
        name = names[seed % len(names)]
        left = (run.deadline - monotonic()) / len(names)
        seconds = int(max(LEAST_SECONDS, min(TURN_SECONDS, left)))
        run.say(f"{name:<14} {fuzz(name, seconds, seed)}")


def fuzz(name: str, seconds: int, seed: int) -> str:
    """Fuzz one parser; says how many inputs it was given and how much they covered."""
    with TemporaryDirectory() as folder:
        (Path(folder) / "corpus").mkdir()
        options = [
            f"-max_total_time={seconds}",
            f"-seed={seed + 1}",
            f"-max_len={MOST_BYTES}",
            "-print_final_stats=1",
        ]
        command = [sys.executable, "-m", "tests.long._fuzzed", name, folder, *options]
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False
        )
        if done.returncode:
            broken = [path.read_bytes() for path in Path(folder).iterdir() if path.is_file()]
            print(f"{name} breaks on {broken}\n{done.stdout}{done.stderr[-4000:]}", file=sys.stderr)
            raise SystemExit(FAILED)
    last = next(line for line in reversed(done.stderr.splitlines()) if "cov:" in line)
    return " ".join(last.split()[:6])
