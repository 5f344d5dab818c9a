"""Sessions of a job that follows, driven by hand."""

from __future__ import annotations

from contextlib import closing

import numpy as np

from tests.support.rings import ready_tasks
from vyrectl.abi import live as abi
from vyrectl.abi.engine import FLOW_TIRED
from vyrectl.engine.backend import Job, Sharing
from vyrectl.engine.buffers import BufferTable
from vyrectl.opencl.backend import OpenCLBackend
from vyrectl.opencl.counters import FLOW_WORDS
from vyrectl.opencl.session import OpenCLSession


def open_following(backend: OpenCLBackend) -> OpenCLSession:
    """A session over a few tasks that may be followed."""
    session = backend.open(
        Job(ready_tasks(8), np.zeros(160, np.uint32), BufferTable(), shared=Sharing(follow=True))
    )
    assert isinstance(session, OpenCLSession)
    return session


def follow_without_wishes(backend: OpenCLBackend, kernels: int = 3) -> tuple[int, bool]:
    """Run workers that are told to stay and never to leave; how many kernels ended, and whether a worker was tired."""
    ended = 0
    with closing(open_following(backend)) as session:
        one = np.ones(1, np.uint32)
        assert session._meeting is not None
        session._device.write(session._meeting.buffer, one, abi.WORD["FOLLOW"] * 4)
        for _ in range(kernels):
            session.index()
            session.run(1 << 20, lambda: None)
            ended += 1
        flow = np.empty(FLOW_WORDS, np.uint32)
        session._device.read(flow, session._workspace.flow)
    return ended, bool(flow[FLOW_TIRED.index])
