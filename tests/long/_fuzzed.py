"""The process that fuzzes one parser: `python -m tests.long._fuzzed NAME FOLDER [OPTION]...`; never returns."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import atheris


def main() -> None:
    """Fuzz with coverage of `vyrectl` as feedback; the folder holds the corpus and gets what breaks the parser."""
    name, folder, *options = sys.argv[1:]
    with atheris.instrument_imports(include=["vyrectl"]):
        from tests.long._parsers import PARSERS, feed
    for number, seed in enumerate(PARSERS[name].seeds):
        (Path(folder) / "corpus" / f"seed-{number}").write_bytes(seed)
    warnings.simplefilter("error")
    atheris.Setup(
        [sys.argv[0], f"{folder}/corpus", f"-artifact_prefix={folder}/", *options],
        lambda data: feed(name, data),
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
