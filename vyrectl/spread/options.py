"""Options of a launch on other hosts, each declared once. Nothing heavy is imported."""

from __future__ import annotations

import re
from pathlib import Path

from vyrectl.dataclass import dataclass
from vyrectl.declared import HOSTS, switch, text
from vyrectl.errors import UsageError

MOST_LOCAL = 256
_LOCAL = re.compile(r"local(?:\[(\d{1,4})\])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosts:
    """Where the workers are.

    Attributes:
        dask: Address of a scheduler, or `local[N]`; None for the devices of this host.
        dask_security: Files of a TLS connection: ca,cert,key.
        resume: Say what the journal of an earlier launch held.
    """

    dask: str | None = text(
        None,
        "--dask",
        metavar="ADDRESS",
        says="Run it on a Dask cluster's workers: tcp://HOST:8786, or local[N] for N processes here.",
        group=HOSTS,
    )
    dask_security: str | None = text(
        None,
        "--dask-security",
        metavar="CA,CERT,KEY",
        says="Speak TLS with the cluster; three PEM files.",
        group=HOSTS,
    )
    resume: bool = switch(
        False, "--resume", says="Say which shards the journal of an earlier launch holds.", group=HOSTS
    )

    def local_workers(self) -> int | None:
        """How many worker processes to start here; None for a cluster that is there.

        Raises:
            UsageError: A number that is none.
        """
        found = _LOCAL.fullmatch(self.dask or "")
        if found is None:
            return None
        count = int(found[1] or 1)
        if not 1 <= count <= MOST_LOCAL:
            raise UsageError(
                f"--dask {self.dask} starts {count} workers", fix=f"Give 1 to {MOST_LOCAL}: --dask local[2]"
            )
        return count

    def security_files(self) -> tuple[Path, Path, Path] | None:
        """The three files of `--dask-security`; None without it.

        Raises:
            UsageError: Another number of them, or for an address that does not speak TLS.
        """
        if self.dask_security is None:
            return None
        names = self.dask_security.split(",")
        if len(names) != 3 or not all(names):
            raise UsageError(
                f"--dask-security {self.dask_security!r} does not name three files",
                fix="Give --dask-security ca.pem,cert.pem,key.pem",
            )
        if self.dask is not None and not self.dask.startswith("tls://"):
            raise UsageError(
                f"--dask-security is for a scheduler that speaks TLS, and {self.dask} does not",
                fix="Start the scheduler with --tls-ca-file, --tls-cert and --tls-key, and name it as tls://HOST:8786",
            )
        ca, cert, key = map(Path, names)
        return ca, cert, key
