"""Compares transfer steps on the first device with the reference; run under Oclgrind, which watches every access.

`python -m tests.opencl.checked_converge [TEXT]` leaves the first TEXT out of the program, to break it on purpose.
"""

from __future__ import annotations

import sys
from unittest.mock import patch

import numpy as np

from tests.engine.convergences import distribution_job, random_chain, random_graph, reachability_job
from vyrectl.engine.converge import ReferenceConverger
from vyrectl.engine.transfer_steps import StepSource
from vyrectl.opencl import converge
from vyrectl.opencl.converge import OpenCLConverger


def main(leave_out: str) -> None:
    jobs = [
        distribution_job(*random_chain(1, 1), most=3),
        distribution_job(*random_chain(2, 20), most=8),
        reachability_job(*random_graph(3, 700)),
    ]
    whole = converge.assemble

    def broken(source: StepSource, step: str) -> str:
        text = whole(source, step)
        assert leave_out in text
        return text.replace(leave_out, "", 1)

    with patch.object(converge, "assemble", broken):
        device = OpenCLConverger(items=8)
        for job in jobs:
            found, expected = device.converge(job), ReferenceConverger().converge(job)
            same = np.array_equal(found.current, expected.current) and found.iterations == expected.iterations
            print(job.step.name, "same" if same else "different")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
