"""The files are those of the manifest, byte for byte, and each has its answers."""

from __future__ import annotations

import hashlib

import pytest

from tests import dumps


def test_nothing_lies_there_that_the_manifest_does_not_name() -> None:
    assert sorted(path.name for path in dumps.FILES.iterdir()) == dumps.names()


@pytest.mark.parametrize("name", dumps.names())
def test_a_file_is_what_the_manifest_says(name: str) -> None:
    line, data = dumps.manifest()[name], dumps.data(name)
    assert len(data) == int(line["bytes"])
    assert hashlib.sha256(data).hexdigest()[:16] == line["sha256_16"]
    assert dumps.answers(name)


@pytest.mark.parametrize("name", dumps.names("kernel-"))
def test_the_four_buffers_fill_their_file(name: str) -> None:
    assert b"".join(dumps.parts(name)[kind] for kind in dumps.KINDS) == dumps.data(name)
