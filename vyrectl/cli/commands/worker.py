"""`vyrectl worker`: the command line that starts a worker for `launch --dask`."""

from __future__ import annotations

from typing import Annotated

import typer

from vyrectl.cli.declared import with_records
from vyrectl.cli.options import Printed
from vyrectl.spread.devices import choose_devices, wanted_devices
from vyrectl.spread.options import Hosts
from vyrectl.spread.worker import worker_line


@with_records
def command(
    scheduler: Annotated[
        str, typer.Argument(metavar="ADDRESS", help="The scheduler, for example tcp://HOST:8786.")
    ],
    *,
    device: Annotated[
        str | None,
        typer.Option(
            "--device", "-d", metavar="NAME", help="A device of that host; several: a line for each."
        ),
    ] = None,
    dask_security: Annotated[
        str | None,
        typer.Option(
            "--dask-security", metavar="CA,CERT,KEY", help="Speak TLS; three PEM files of that host."
        ),
    ] = None,
    printed: Printed,
) -> None:
    """Print the command that starts a Dask worker for launches.

    The worker has one thread and offers its device as the resource OPENCL=1, which `launch --dask` asks for. Run the
    line on the host that has the device, in an environment with the same vyrectl. A Dask worker runs the code of
    whoever reaches its port or its scheduler's: keep both in a network of your own, or give --dask-security.

    \b
    Examples:
      vyrectl worker tcp://head:8786
      vyrectl worker tcp://head:8786 --device gpu:*
      vyrectl worker tls://head:8786 --dask-security ca.pem,cert.pem,key.pem
    """
    output = printed.output()
    files = Hosts(dask=scheduler, dask_security=dask_security).security_files() or ()
    several = wanted_devices(device) if device is not None else None
    names = [device] if several is None else [one.selector for one in choose_devices(several)]
    rows = [{"device": name, "command": worker_line(scheduler, name, files)} for name in names]
    text = "\n".join(str(row["command"]) for row in rows)
    output.emit("worker", {"scheduler": scheduler}, lambda whole: text, rows=rows, rows_key="workers")
