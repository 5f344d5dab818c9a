"""A file that may not be read is exit code 1 wherever a command reads one, and no matter of usage."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.support import MIXED
from tests.needs import needs_tool
from tests.support.rings import write_ring

REFERENCE = ("--device", "reference")
CASES = [
    ("snapshot", "no.bin"),
    ("check", "no.bin"),
    ("inspect", "no.bin"),
    ("decode", "no.bin"),
    ("diff", "ring.bin", "no.bin"),
    ("snapshot", "ring.bin", "--since", "no.json"),
    ("snapshot", "ring.bin", "--control", "no.bin"),
    ("control", "no.bin"),
    ("debug", "no.bin"),
    ("replay", "no.bin"),
    ("plot", "no.json"),
    ("open", "no.bin"),
    ("apply", "no.json"),
    ("plan", "ring.bin", "--policy", "no.toml", *REFERENCE),
    ("plan", "ring.bin", "--compare", "no.toml", "no.toml", *REFERENCE),
    ("ops", "--check", "no.cl"),
    ("check", "ring.bin", "--ops", "no.cl"),
    ("converge", "ring.bin", "--steps", "no.cl"),
    ("build", "new.bin", "no.csv"),
    ("build", "new.bin", "--synthetic", "4", "--mix", "no.toml"),
    ("set", "no.bin", "param=1", "0"),
    ("repair", "no.bin", "--all"),
    ("recover", "no.bin"),
    *(
        ("launch", "ring.bin", *REFERENCE, option, value)
        for option, value in (
            ("--buffer", "0=no.npy"),
            ("--ops", "no.cl"),
            ("--control", "no.bin"),
            ("--plan", "no.json"),
            ("--policy", "no.toml"),
        )
    ),
]

CODE = """
import contextlib, io, json, sys
from vyrectl.cli.main import main
ends = []
for args in json.loads(sys.argv[1]):
    with contextlib.redirect_stderr(io.StringIO()) as err, contextlib.redirect_stdout(io.StringIO()):
        try:
            code = main(args)
        except SystemExit as end:
            code = end.code
    ends.append([code, err.getvalue()])
print(json.dumps(ends))
"""


@needs_tool("setpriv")
def test_what_may_not_be_read_is_no_matter_of_usage(tmp_path: Path) -> None:
    import json

    write_ring(tmp_path / "ring.bin", *MIXED)
    for name in ("no.bin", "no.npy", "no.cl", "no.json", "no.toml", "no.csv"):
        (tmp_path / name).write_text("{}")
        (tmp_path / name).chmod(0)
    drop = "-dac_override,-dac_read_search"
    powerless = ["setpriv", f"--bounding-set={drop}", f"--inh-caps={drop}"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*powerless, sys.executable, "-c", CODE, json.dumps(CASES)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=150,
    )
    ends = json.loads(done.stdout.splitlines()[-1])
    wrong = [
        (" ".join(case), code, said) for case, (code, said) in zip(CASES, ends, strict=True) if code != 1
    ]
    assert wrong == []
    assert not (tmp_path / "new.bin").exists()


def test_the_cases_are_of_every_kind() -> None:
    assert {case[0] for case in CASES} >= {"snapshot", "launch", "build", "plan", "ops", "set"}


@pytest.mark.parametrize("name", ["missing.bin", "missing.cl"])
def test_a_missing_file_is_exit_1_as_before(tmp_path: Path, name: str) -> None:
    from vyrectl.cli.main import main

    assert main(["snapshot", str(tmp_path / name)]) == 1
