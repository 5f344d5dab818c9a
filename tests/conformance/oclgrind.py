"""Runs cases under Oclgrind, an OpenCL device that checks every access, in a process of its own.

The worker (`python -m tests.conformance.oclgrind`) reads pickled cases and writes pickled answers. Oclgrind's
complaints go to a file that is looked at after each case. Kernels are interpreted without optimisation, so
that no access is optimised away. A program's probes share memory with the host, which Oclgrind takes for
uninitialised: what it says of them is passed over.
"""

from __future__ import annotations

import os
import pickle
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Timer
from typing import Any

from tests.conformance.cases import Answer, Case, InProcess
from vyrectl.errors import VyrectlError

ICD_LIBRARIES = (
    "/usr/lib/oclgrind/liboclgrind-rt-icd.so",
    "/usr/local/lib/oclgrind/liboclgrind-rt-icd.so",
    "/usr/local/lib/liboclgrind-rt-icd.so",
)
ROOT = Path(__file__).resolve().parents[2]
MOST_SECONDS = 100.0
LANES, GPU_LANES = 32, 1024
"""Most work-items of a group, and as many as GPUs have: there nearly all idle, and each is interpreted."""

Edit = tuple[str, str]
"""A text of the assembled program, which must stand there once, and what to put in its place."""


def icd_library() -> str | None:
    """Oclgrind's driver for the ICD loader, or None where it is not installed."""
    program = shutil.which("oclgrind")
    beside = () if program is None else (str(Path(program).parents[1] / "lib" / Path(ICD_LIBRARIES[0]).name),)
    return next((path for path in (*ICD_LIBRARIES, *beside) if Path(path).exists()), None)


HANDS_OFF: tuple[Edit, ...] = (
    (
        "#if !defined(__NV_CL_C_VERSION) && !defined(cl_nv_pragma_unroll)\n"
        '#error "rung 2 is written for NVIDIA\'s compiler; others drop or refuse its fence"\n'
        "#endif\n",
        "",
    ),
    ('__asm__ volatile("membar.gl;" ::: "memory");', ""),
)
"""Lets Oclgrind, which runs one work-item at a time, have what needs a fence: spilled blocks and families."""


class Oclgrind:
    """A worker process.

    Args:
        folder: Where its files go.
        checks: Environment variables of Oclgrind that switch checks on.
        edits: Changes to the program, to break it on purpose.
        lanes: Most work-items of a group.
    """

    name = "oclgrind"
    most_slots = 1024

    def __init__(
        self,
        folder: Path,
        checks: Sequence[str] = ("OCLGRIND_UNINITIALIZED",),
        edits: Sequence[Edit] = (),
        lanes: int = LANES,
    ) -> None:
        library = icd_library()
        assert library is not None
        (folder / "oclgrind.icd").write_text(library + "\n")
        self._log = folder / "oclgrind.log"
        self._log.touch()
        self._read = 0
        self._errors = open(folder / "stderr", "wb")  # noqa: SIM115
        self._setup = (tuple(edits), lanes)
        self._environment = {
            **os.environ,
            **dict.fromkeys(checks, "1"),
            "OCL_ICD_VENDORS": str(folder),
            "OCLGRIND_LOG": str(self._log),
            "PYOPENCL_NO_CACHE": "1",
        }
        self._environment.pop("VYRECTL_DEVICE", None)
        self._start()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.conformance.oclgrind"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=self._environment,
            cwd=ROOT,
        )
        assert self._exchange(self._setup) == "Oclgrind Simulator"
        self._new_complaints()

    def run(self, case: Case) -> Answer:
        """The answer of a run without complaints.

        Notes on the local memory of one kernel outlive it and upset those of the next: what a process complains of
        that has run other kernels before is judged by a fresh one.
        """
        answer, complaints = self.run_and_look(case)
        if complaints:
            self._process.kill()
            self._process.communicate()
            self._start()
            answer, complaints = self.run_and_look(case)
        assert not complaints, complaints[:4000]
        return answer

    def run_and_look(self, case: Case) -> tuple[Answer, str]:
        """The answer, and what Oclgrind said meanwhile."""
        answer = self._exchange(case)
        complaints = self._new_complaints()
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, Answer)
        return answer, complaints

    def close(self) -> None:
        """End the worker."""
        self._process.kill()
        self._process.communicate()
        self._errors.close()

    def _new_complaints(self) -> str:
        with open(self._log, encoding="utf-8", errors="replace") as log:
            log.seek(self._read)
            complaints = log.read()
            self._read = log.tell()
        return _without_probes(complaints)

    def _exchange(self, message: Any) -> Any:
        watchdog = Timer(MOST_SECONDS, self._process.kill)
        watchdog.start()
        try:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            pickle.dump(message, self._process.stdin)
            self._process.stdin.flush()
            return pickle.load(self._process.stdout)
        except (EOFError, BrokenPipeError) as error:
            told = Path(str(self._errors.name)).read_text(errors="replace")[-2000:]
            raise AssertionError(
                f"no answer from Oclgrind (exit code {self._process.poll()}): {told}"
            ) from error
        finally:
            watchdog.cancel()


def _without_probes(complaints: str) -> str:
    """What is left of a log without the reports on `vyre_probe_*`; a report starts at the margin."""
    reports = re.split(r"^(?=\S)", complaints, flags=re.MULTILINE)
    kept = (one for one in reports if not re.search(r"^\s+Kernel: vyre_probe_", one, re.MULTILINE))
    return "".join(kept).strip()


_kept: list[Any] = []


def _edit_program(edits: Sequence[Edit]) -> None:
    from vyrectl.opencl import program

    assemble: Any = vars(program)["assemble"]

    def edited(*arguments: Any, **options: Any) -> str:
        text: str = assemble(*arguments, **options)
        for old, new in edits:
            assert text.count(old) == 1, f"{old!r} stands there {text.count(old)} times"
            text = text.replace(old, new)
        return text

    setattr(program, "assemble", edited)  # noqa: B010


def _spare_the_shadow() -> None:
    """Keep Oclgrind's notes on what is initialised right, which three things upset.

    A partial write by the host makes all other words of the buffer uninitialised: each becomes a whole one.
    A fill leaves no note: it becomes a write. A buffer that takes the place of a released one keeps that one's
    size in the notes: none is released.
    """
    import numpy as np
    import pyopencl as cl

    copy, buffer = cl.enqueue_copy, cl.Buffer

    def enqueue_copy(queue: Any, target: Any, source: Any, **options: Any) -> Any:
        if isinstance(target, buffer) and source.nbytes < target.size:
            whole = np.empty(target.size, np.uint8)
            copy(queue, whole, target)
            first = options.pop("dst_offset", 0)
            whole[first : first + source.nbytes] = source.reshape(-1).view(np.uint8)
            source = whole
        return copy(queue, target, source, **options)

    def keep(*arguments: Any, **options: Any) -> Any:
        _kept.append(buffer(*arguments, **options))
        return _kept[-1]

    def enqueue_fill_buffer(queue: Any, buffer: Any, pattern: Any, offset: int, size: int) -> Any:
        return enqueue_copy(queue, buffer, np.full(size // pattern.nbytes, pattern), dst_offset=offset)

    setattr(cl, "enqueue_fill_buffer", enqueue_fill_buffer)  # noqa: B010
    setattr(cl, "enqueue_copy", enqueue_copy)  # noqa: B010
    setattr(cl, "Buffer", keep)  # noqa: B010
    setattr(cl.MemoryObject, "release", lambda memory: None)  # noqa: B010


def _shorten_the_self_test() -> None:
    """Interpreted, its quarter of a million claims and as many hand-overs take most of a verified launch's time."""
    from vyrectl.opencl import selftest

    setattr(selftest, "CLAIM_SLOTS", 256)  # noqa: B010
    setattr(selftest, "CLAIM_PASSES", 1)  # noqa: B010
    setattr(selftest, "RELAY_ATTEMPTS", 256)  # noqa: B010


def _work() -> None:
    """Answer cases until the other side goes away; whatever else is printed goes to stderr."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    from dataclasses import replace

    from vyrectl.opencl.backend import OpenCLBackend
    from vyrectl.opencl.devices import find_device

    edits, lanes = pickle.load(sys.stdin.buffer)
    _edit_program(edits)
    _spare_the_shadow()
    _shorten_the_self_test()
    # Its CPU bit would give one work-item a whole chunk, and work-items that share nothing race for nothing.
    device = find_device(None, reference=False)
    backend = OpenCLBackend(replace(device, kind="gpu", max_work_group_size=lanes))
    pickle.dump(backend.name, answers)
    answers.flush()
    runner = InProcess("oclgrind", backend, Oclgrind.most_slots)
    while True:
        try:
            case = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            answer: Any = runner.run(case)
        except VyrectlError as error:
            answer = RuntimeError(f"{error.kind}: {error}")
        pickle.dump(answer, answers)
        answers.flush()


if __name__ == "__main__":
    _work()
