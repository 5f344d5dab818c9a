"""`python -m vyrectl.devtools`: generate files or check them, check the layers, run what the README shows, draw it.

Exits 0 when all is well, 1 when a check found something.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from vyrectl.devtools.generated import UPDATE, documents, generated_files, write_generated
from vyrectl.devtools.layers import check_layers
from vyrectl.devtools.readme import read_steps, run_steps, update

ROOT = Path(__file__).resolve().parents[2]


def main(argv: list[str] | None = None) -> int:
    """Run one of the checks and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m vyrectl.devtools", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    generate = commands.add_parser("generate", help="write the generated files that differ")
    generate.add_argument("--check", action="store_true", help="write nothing; fail when a file differs")
    commands.add_parser("layers", help="check who imports what, who prints, and where the atomics are")
    readme = commands.add_parser(
        "readme", help="run the commands of the README and the pages and compare what they print"
    )
    readme.add_argument("--update", action="store_true", help="put the real output in place of another")
    readme.add_argument("names", nargs="*", metavar="PAGE", help="only these: README, launch ...")
    pictures = commands.add_parser("pictures", help="draw the README's pictures that differ")
    pictures.add_argument("--check", action="store_true", help="write nothing; fail when a picture differs")
    pictures.add_argument("names", nargs="*", metavar="NAME", help="only these: snapshot.svg ...")
    commands.add_parser("report-pictures", help="photograph `vyrectl report` in a browser, light and dark")
    arguments = parser.parse_args(argv)
    if not (ROOT / "pyproject.toml").exists():
        parser.error(f"{ROOT} is no checkout of vyrectl")
    if arguments.command == "layers":
        return _layers()
    if arguments.command == "readme":
        return _readme(arguments.names, write=arguments.update)
    if arguments.command == "pictures":
        return _pictures(arguments.names, check=arguments.check)
    if arguments.command == "report-pictures":
        return _report_pictures()
    return _check() if arguments.check else _generate()


def _layers() -> int:
    findings = check_layers(ROOT)
    for finding in findings:
        print(finding)
    return 1 if findings else 0


def _generate() -> int:
    for path in write_generated(ROOT):
        print(f"wrote {path}")
    return 0


def _check() -> int:
    stale = [file for file in generated_files(ROOT) if not file.is_current]
    for file in stale:
        print(file.diff())
    for file in stale:
        print(f"{file.path} differs from what the sources say; run `{UPDATE}` and commit the result")
    return 1 if stale else 0


def _readme(names: list[str], *, write: bool) -> int:
    chosen = [path for path in documents(ROOT) if not names or path.stem in names]
    return max([_document(ROOT / path, write=write) for path in chosen], default=1)


def _document(path: Path, *, write: bool) -> int:
    text = path.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        outcomes = list(run_steps(read_steps(text), Path(folder)))
    if write:
        path.write_text(update(text, outcomes), encoding="utf-8")
    wrong = [
        one for one in outcomes if not one.is_right and not (write and one.exit_code == one.step.exit_code)
    ]
    for outcome in wrong:
        print(outcome)
    print(f"{path.name}: {len(outcomes) - len(wrong)} commands as shown, {len(wrong)} not")
    return 1 if wrong else 0


def _pictures(names: list[str], *, check: bool) -> int:
    from vyrectl.devtools import pictures

    found = list(pictures.stale(ROOT, names))
    for drawn in found:
        if check:
            print(f"{drawn.picture.path} is stale; run `{pictures.UPDATE}` and commit the result")
        else:
            drawn.write(ROOT)
            print(f"wrote {drawn.picture.path}")
    return 1 if check and found else 0


def _report_pictures() -> int:
    from vyrectl.devtools.report_pictures import photograph

    for path in photograph(ROOT):
        print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
