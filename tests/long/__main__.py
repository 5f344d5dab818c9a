"""Runs the long form of a test: `python -m tests.long NAME [--minutes M] [--seed N] [--device NAME]`.

Each module of this folder is one form; NAME is its name, and without one they are listed. A form goes through
seeds from `--seed` on until `--minutes` are over (5 by default; a form of fixed length ends when it is through)
and says on standard output where it stands. The first failure ends it with exit code 1 and the seed that brings
it back. `--device` picks an OpenCL device as `vyrectl launch --device` does; all of them by default. A watchdog
ends a form that hangs, with the stacks of all threads and exit code 1.
"""

from __future__ import annotations

import argparse
import faulthandler
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from tests.long._run import Run

FOLDER = Path(__file__).parent


def forms() -> dict[str, str]:
    """Name of each form -> its first line."""
    names = sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("_"))
    return {name: (import_module(f"tests.long.{name}").__doc__ or "").splitlines()[0] for name in names}


def main() -> int:
    """Run the form that the command line names."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.long", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", nargs="?", help="which form; all are listed without it")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="")
    options = parser.parse_args()
    if options.name is None:
        for name, summary in forms().items():
            print(f"{name:<12} {summary}")
        return 0
    if options.name not in forms():
        parser.error(f"no form is called {options.name!r}; there are {', '.join(forms())}")
    form: Callable[[Run], None] = import_module(f"tests.long.{options.name}").run
    run = Run(time.monotonic() + options.minutes * 60, options.seed, options.device)
    try:
        form(run)
    except BaseException:
        if run.current is not None:
            print(f"failed: python -m tests.long {options.name} --seed {run.current}", file=sys.stderr)
        raise
    finally:
        faulthandler.cancel_dump_traceback_later()
    return 0


if __name__ == "__main__":
    sys.exit(main())
