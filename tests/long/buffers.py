"""Damaged .npy files and odd --buffer texts: read or refused, never anything else."""

from __future__ import annotations

import warnings
from contextlib import suppress
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from tests.engine.test_buffers import header, npy
from tests.long._run import Run
from vyrectl.engine.buffer_options import parse_buffer_option
from vyrectl.engine.npy import load_npy
from vyrectl.errors import VyrectlError

BYTES = b"'\"(){}[],:<>fiuVOMmSU0123456789LTrue\\\n\0\xff.-+*eE"
TEXTS = "0x19=:zerosfloatu4iI,(){}[]' \0-args.npyXx><|M8[s]"
DTYPES = ("'<f4'", "'>i8'", "'|O'", "[('a', '<f4')]", "'<U3'", "('<f4', (2,))", "''")


def run(run: Run) -> None:
    """A damaged file and a text a seed."""
    warnings.simplefilter("error")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.npy"
        for seed in run.seeds():
            random = Random(seed)
            damaged = bytearray(
                npy(header(random.choice(DTYPES)), version=random.choice(((1, 0), (2, 0), (3, 0))))
            )
            for _ in range(random.randint(1, 6)):
                damaged[random.randrange(len(damaged))] = random.choice(BYTES)
            path.write_bytes(damaged[: random.randint(0, len(damaged))] if random.random() < 0.2 else damaged)
            text = "".join(random.choice(TEXTS) for _ in range(random.randint(0, 25)))
            with suppress(VyrectlError):
                assert load_npy(path).dtype.kind in "biufc"
            with suppress(VyrectlError):
                parse_buffer_option(random.choice(("", "0=", "0=zeros:", "0=zeros:u4:")) + text)
