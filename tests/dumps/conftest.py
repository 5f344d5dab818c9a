"""The command line in this process, as the tests of `cli` have it."""

from __future__ import annotations

from tests.cli.conftest import cli, neutral

__all__ = ["cli", "neutral"]
