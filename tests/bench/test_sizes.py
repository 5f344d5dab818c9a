"""Sizes as people write them."""

from __future__ import annotations

import pytest

from vyrectl.bench.sizes import parse_sizes, size_text
from vyrectl.errors import UsageError


def test_parse() -> None:
    assert parse_sizes("1M, 64k,1000,1K") == (1000, 1024, 65536, 1 << 20)


@pytest.mark.parametrize("text", ["", "0", "1k,", "-4", "1.5k", "1T", "300M", "k"])
def test_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--sizes"):
        parse_sizes(text)


@pytest.mark.parametrize(
    ("size", "text"), [(1024, "1 k"), (65536, "64 k"), (1 << 24, "16 M"), (1000, "1000"), (0, "0")]
)
def test_text(size: int, text: str) -> None:
    assert size_text(size) == text
    if size:
        assert parse_sizes(text) == (size,)
