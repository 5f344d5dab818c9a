"""Compiles a program, rung by rung of the fence ladder, or takes it from the cache.

The ladder (`kernels/include/vyre_sync.h`) is climbed by building, never by version. It is left as soon as the compiler
blames nothing but an author's own files: no other rung would help. The invariant: what comes from the cache was once
built from this very text, on this driver, with these options.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from vyrectl._version import __version__
from vyrectl.dataclass import dataclass
from vyrectl.engine.doing import COMPILING, say_doing
from vyrectl.errors import DeviceError, KernelBuildError, SourceBuildError
from vyrectl.files.place import file_size_limit
from vyrectl.opencl.cache import Entry, KernelCache, key_of
from vyrectl.opencl.devices import Device
from vyrectl.opencl.handles import Handle
from vyrectl.opencl.hints import INSTALL, system_family
from vyrectl.opencl.messages import (
    ERROR,
    Message,
    authors_own,
    blames_only,
    compiler_words,
    explain,
    place_of,
    read_messages,
    user_files,
)
from vyrectl.opencl.quiet import without_counts
from vyrectl.opencl.surroundings import driver_variables

if TYPE_CHECKING:
    from vyrectl.engine.ops import OpSource
    from vyrectl.engine.transfer_steps import StepSource


@dataclass(frozen=True, slots=True)
class Rung:
    """One way to get atomics and fences from a compiler.

    Attributes:
        number: VYRE_RUNG, 1 to 3.
        standard: What `-cl-std` is set to.
        meaning: For `devices` and reports.
    """

    number: int
    standard: str
    meaning: str


LADDER: tuple[Rung, ...] = (
    Rung(1, "CL3.0", "C11 acquire and release at device scope"),
    Rung(1, "CL2.0", "C11 acquire and release at device scope"),
    Rung(2, "CL1.2", "OpenCL 1.2 atomics between the vendor's device fences"),
    Rung(3, "CL1.2", "OpenCL 1.2 atomics; no hand-off between groups inside a kernel"),
)

POCL = "Portable Computing Language"

REFUSING = (POCL, "NVIDIA CUDA")
"""Platforms that refuse to build what they cannot do: the whole program may be built on a rung before anything was seen
to work there, and a driver that runs a small program runs others. Oclgrind is none of them: it builds atomics that it
does not have, and dies of their kernels."""

_BY_DRIVER = b"kept by the driver"
"""In the place of a binary that the driver keeps."""

_INCLUDE = re.compile(r"#[ \t]*include\b")


@dataclass(frozen=True, slots=True)
class Built:
    """A program on one rung.

    Attributes:
        rung: Rung of the fence ladder that the build stands on.
        handle: pyopencl program.
        facts: What `Ladder.keep` was told when the program was first built; None when it was built just now.
    """

    rung: Rung
    handle: Handle
    facts: Mapping[str, bool] | None = None


UNOPTIMISED = "-cl-opt-disable"
"""For a simulator: its compiler's optimiser makes calls that it cannot interpret (Oclgrind: `llvm.usub.sat`)."""


class Ladder:
    """Iterates over the rungs on which a source builds, best first.

    Args:
        cl: The pyopencl module.
        device: Where to build.
        context: pyopencl context of that device.
        source: The whole program, without includes.
        options: Compiler options beside the rung's own.
        cache: Where built programs are kept; the user's by default.
        admits: Whether a rung keeps its promise on the device.

    Attributes:
        logs: What the compiler said on each rung that did not build.
    """

    def __init__(
        self,
        cl: Handle,
        device: Device,
        context: Handle,
        source: str,
        *,
        options: Sequence[str] = (),
        cache: KernelCache | None = None,
        admits: Callable[[Rung], bool] = lambda rung: True,
    ) -> None:
        self._cl = cl
        self._device = device
        self._context = context
        self._source = source
        self._options = tuple(options)
        # A compiler that looks for a file itself may find another one next time.
        self._cache = KernelCache(None) if author_includes(source) else cache or KernelCache.of_user()
        self._admits = admits
        self._builds = False
        self.logs: list[str] = []

    def __iter__(self) -> Iterator[Built]:
        for rung in filter(self._admits, LADDER):
            built = self._from_cache(rung) or self._from_source(rung)
            if built is not None:
                self._builds = True
                yield built
            elif blames_only(read_messages(self.logs[-1], self._source), user_files(self._source)):
                return

    def keep(self, built: Built, **facts: bool) -> None:
        """Put a program that proved itself into the cache, with what was found out about it.

        PoCL compiles the whole program once more for its binary. Where it keeps by itself what it compiled, only what
        was found out is put there, and the text leads to the rest.
        """
        if built.facts is not None or not self._cache.is_on:
            return
        if keeps_by_itself(self._device, os.environ):
            self._cache.put(self._key(built.rung), Entry(_BY_DRIVER, facts))
            return
        binaries = built.handle.get_info(self._cl.program_info.BINARIES)
        if len(binaries) == 1 and binaries[0]:
            self._cache.put(self._key(built.rung), Entry(bytes(binaries[0]), facts))

    def refusal(self, extra: Sequence[OpSource | StepSource]) -> DeviceError:
        """Why no rung can be used."""
        log = self.logs[-1] if self.logs else ""
        messages = read_messages(log, self._source)
        if blames_only(messages, user_files(self._source)):
            return author_error(messages, user_files(self._source))
        if "unknown target CPU" in log:
            return KernelBuildError(
                "this build of PoCL does not know the processor",
                where=self._device.name,
                fix=f"Use the system's PoCL instead of the one from PyPI: {INSTALL[system_family()]}",
            )
        if self._builds:
            return DeviceError("the device builds its atomics and they do not work", where=self._device.name)
        most = file_size_limit()
        if most is not None and not messages:
            return KernelBuildError(
                f"the kernels do not compile: this process may write files of {most >> 10} KiB (ulimit -f), and the "
                "compiler needs more",
                where=self._device.name,
                fix="ulimit -f unlimited. Or run without OpenCL: --device reference",
            )
        return KernelBuildError(
            "the kernels do not compile",
            where=", ".join(str(source.path) for source in extra) or self._device.name,
            fix="Mend the lines that the compiler names" if extra else "Choose another device with --device",
            log=explain(messages) or compiler_words(log),
            messages=[message.to_record() for message in messages],
        )

    def _key(self, rung: Rung) -> str:
        device, cl = self._device, self._cl
        versions = (__version__, getattr(cl, "VERSION_TEXT", ""))
        where = (device.platform, device.name, device.version, device.driver)
        options = " ".join(self._all_options(rung))
        return key_of((*versions, *where, *driver_variables(), options, self._source))

    def _all_options(self, rung: Rung) -> list[str]:
        plain = (UNOPTIMISED,) if self._device.is_simulator else ()
        return [f"-cl-std={rung.standard}", f"-DVYRE_RUNG={rung.number}", *plain, *self._options]

    def _from_cache(self, rung: Rung) -> Built | None:
        key = self._key(rung)
        entry = self._cache.get(key)
        if entry is None:
            return None
        by_driver = entry.binary == _BY_DRIVER
        try:
            device = [self._device.handle]
            program = (
                self._program() if by_driver else self._cl.Program(self._context, device, [entry.binary])
            )
            built = self._build(program, rung)
            if not built.all_kernels():
                raise self._cl.Error("no kernel is in it")
            return Built(rung, built, entry.facts)
        except self._cl.Error:
            self._cache.drop(key)
            return None

    def _from_source(self, rung: Rung) -> Built | None:
        say_doing(COMPILING)
        try:
            built = self._build(self._program(), rung)
            built.all_kernels()
            return Built(rung, built)
        except self._cl.Error as error:
            self.logs.append(str(error))
            return None

    def _program(self) -> Handle:
        return self._cl.Program(self._context, self._source)

    def _build(self, program: Handle, rung: Rung) -> Handle:
        with warnings.catch_warnings(), without_counts():
            warnings.simplefilter("ignore")
            return program.build(self._all_options(rung), cache_dir=False)


def keeps_by_itself(device: Device, environment: Mapping[str, str]) -> bool:
    """Whether the driver keeps each kernel that it compiled, and finds it by the program's text."""
    return device.platform == POCL and environment.get("POCL_KERNEL_CACHE", "1") != "0"


def author_includes(source: str) -> bool:
    """True when a file that is not vyrectl's own includes one that was not pasted in."""
    if "include" not in source:
        return False
    places = [place_of(source, match.start())[0] for match in _INCLUDE.finditer(source)]
    return not user_files(source).isdisjoint(places)


def author_error(messages: Sequence[Message], files: frozenset[str]) -> SourceBuildError:
    """What is told to the author of a source that does not compile.

    Args:
        messages: What the compiler said; each error lies in an author's file, or where those end.
        files: The authors' files.
    """
    own = authors_own(messages, files)
    errors = [message for message in own if message.severity == ERROR]
    first = errors[0] if errors[0].path in files else None
    count = "an error" if len(errors) == 1 else f"{len(errors)} errors"
    return SourceBuildError(
        f"this does not compile, {count}",
        where=f"{first.path}, line {first.line}" if first else ", ".join(sorted(files)),
        fix="Mend the lines that the compiler names" if first else "Look for a brace or a bracket left open",
        log=explain(own),
        messages=[message.to_record() for message in own],
    )
