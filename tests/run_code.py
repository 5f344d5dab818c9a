"""Runs the program that is its first argument: `python -m tests.run_code PROGRAM ...`, from the project's folder."""

import sys

if __name__ == "__main__":
    exec(sys.argv[1], {"__name__": "__main__"})
