"""The command lines that start workers for `launch --dask`, one a device. Standard library only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from shlex import quote

RESOURCE = "OPENCL"
"""What a worker offers one of for each shard that it may run at a time."""

TLS_FLAGS = ("--tls-ca-file", "--tls-cert", "--tls-key")


def worker_line(scheduler: str, device: str | None, security: Sequence[Path] = ()) -> str:
    """One line for a shell: a worker with one thread that offers its device once.

    Args:
        scheduler: Address of the Dask scheduler.
        device: Which device, as `--device` takes it; None for the worker's best.
        security: Certificate authority, certificate and key.
    """
    named = [] if device is None else [f"VYRECTL_DEVICE={quote(device)}"]
    tls = [word for flag, path in zip(TLS_FLAGS, security, strict=False) for word in (flag, quote(str(path)))]
    fixed = ["--nworkers", "1", "--nthreads", "1", "--resources", f"{RESOURCE}=1", "--no-dashboard"]
    return " ".join([*named, "dask", "worker", quote(scheduler), *fixed, *tls])
