"""`launch --stall-after`: what a launch says when it stands still, the command that it runs then, and how it may end.

The notice is what `vyrectl why` says, from two looks half the time apart. Imports numpy inside functions. The
invariant: a notice never ends a launch by itself, whatever goes wrong with it or with the command.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from vyrectl.cli.again import keeping_in
from vyrectl.cli.output import Output
from vyrectl.cli.worker_rows import turn_text, worker_row
from vyrectl.errors import StalledError, VyrectlError
from vyrectl.hosting.deaths import put_back
from vyrectl.hosting.stall import Insight, StallWatch, Stillness, has_work, signature_of
from vyrectl.shell import command_line
from vyrectl.sidecar.workers import Worker, busy

if TYPE_CHECKING:
    from vyrectl.cli.commands.launch.progress import LaunchProgress
    from vyrectl.hosting.supervisor import Message
    from vyrectl.launching.report_record import LaunchRecord
    from vyrectl.why.looks import Look

DEFAULT_SECONDS = 60.0
LOOKS = 8
"""Looks in the time after which a launch stands still."""

LEAST_LOOK_S = 0.1
COMMAND_SECONDS = 5.0
"""What a command of `--on-stall` gets once the launch has ended."""

MOST_OPS = 6
MOST_TURNS = 3
"""Turns that the notice names; its record has `MOST_WORKERS`."""

MOST_WORKERS = 64


class StallOptions(NamedTuple):
    """What to do about a stall.

    Attributes:
        after_s: Seconds without an ended turn; 0 for never.
        command: What the shell runs then, or empty.
        ends: The launch ends.
        ops: The launch's own operations, for names.
    """

    after_s: float = DEFAULT_SECONDS
    command: str = ""
    ends: bool = False
    ops: tuple[Path, ...] = ()


class StallNotice:
    """Watches one launch, and says once that it stands still."""

    def __init__(self, output: Output, ring: Path, options: StallOptions) -> None:
        self._output, self._ring, self._options = output, ring, options
        self._watch = StallWatch(options.after_s)
        self._every_s = max(LEAST_LOOK_S, options.after_s / LOOKS)
        self._due = 0.0
        self._news: Message = {}
        self._first: Look | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._compiles = self._noted = False

    def update(self, message: Message) -> None:
        """Note what the launch said about its rounds."""
        self._news = message

    def hearing(self, watch: Callable[[Message], None]) -> Callable[[Message], None]:
        """A watcher of the child's messages that notes those about rounds."""

        def hear(message: Message) -> None:
            if "claims" in message:
                self.update(message)
            if "doing" in message:
                self._compiles = message["doing"] is not None
            watch(message)

        return hear

    def over(
        self,
        launch: Callable[[Callable[[Insight], None]], tuple[LaunchRecord, int]],
        progress: LaunchProgress,
    ) -> tuple[LaunchRecord, int]:
        """Watch over a launch beside its progress, and see its command to the end.

        Args:
            launch: Gets what is to be called with what the host sees.
            progress: Sees the same, and gives way to the notice.
        """

        def look(insight: Insight) -> None:
            progress.look(insight)
            if self.is_due():
                self.look(insight, progress.clear)

        try:
            return launch(look)
        finally:
            self.end()

    def is_due(self) -> bool:
        """Whether it is time for a look."""
        return self._options.after_s > 0 and time.monotonic() >= self._due

    def look(self, insight: Insight, clear: Callable[[], None] = lambda: None) -> None:
        """Look at the launch.

        Raises:
            StalledError: It stands still, and that is to end it.
        """
        self._reap()
        now = time.monotonic()
        self._due = now + self._every_s
        glance = insight.glance()
        counted = tuple(self._news.get(name) for name in ("round", "claims", "ended"))
        waiting = sum(self._news["waiting"]) if "waiting" in self._news else None
        works = insight.began and has_work(glance, waiting, insight.left_running())
        signature = signature_of(glance, counted, insight.workers())
        step = self._watch.note(signature, now, works=works and not self._compiles)
        self._note_hung(insight, step)
        if step.half:
            self._first = self._look_at(insight)
        if step.stalled:
            clear()
            self._tell(insight, step.seconds)

    def _note_hung(self, insight: Insight, step: Stillness) -> None:
        """Leave beside the launch which turns hang, for `why` and for whoever comes after its death."""
        if step.stalled or (self._noted and not step.seconds):
            self._noted = step.stalled
            insight.note_hung(busy(insight.workers()) if step.stalled else ())

    def end(self) -> None:
        """Give a command that still runs a little time, and say how it ended."""
        deadline = time.monotonic() + COMMAND_SECONDS
        while self._child is not None and time.monotonic() < deadline:
            self._reap()
            time.sleep(0.02)
        if self._child is not None:
            self._output.warn(f"--on-stall still runs as pid {self._child.pid}; the launch has ended")

    def _tell(self, insight: Insight, seconds: float) -> None:
        try:
            record, text = self._answer(insight, seconds)
        except VyrectlError as error:
            record, text = {"sentence": str(error)}, str(error)
        head = f"the launch stands still: no turn ended for {seconds:.1f} s"
        held = [worker_row(one) for one in self._suspected(insight.workers())[:MOST_WORKERS]]
        text = "\n".join([*(f"  {turn_text(one)}" for one in held[:MOST_TURNS]), text])
        whole = {
            "schema": "vyrectl.stall/1",
            "ring": str(self._ring),
            "stalled_seconds": round(seconds, 3),
            "workers": held,
            **record,
        }
        self._output.tell(whole, f"{head}\n{text}")
        if self._options.command:
            self._start(whole)
        if self._options.ends:
            raise StalledError(
                f"{head}; it was told to leave first, and what did not leave within --grace was killed",
                where=str(self._ring),
                fix=self._put_back(insight),
            )

    def _put_back(self, insight: Insight) -> str:
        """What becomes of the ring."""
        import numpy as np

        from vyrectl.cli.why_question import launch_without

        hung = sorted(one.slot for one in self._suspected(insight.workers()) if one.slot is not None)
        if insight.where == "file":
            return put_back(command_line("recover", file=self._ring), hung)
        said, again = f"{self._ring} is as it was before the launch", launch_without(np.array(hung, np.int64))
        return said if again is None else f"{said}; launch without what hung: {again}"

    def _suspected(self, workers: Sequence[Worker]) -> list[Worker]:
        """Who has something in hand that may hang, the longest turn first; all where nothing may.

        A device that runs neighbours in step holds up a task that would have ended at once beside one that hangs.
        """
        from vyrectl.engine.ops import ending_ids, load_source

        held = busy(workers)
        ending = ending_ids([load_source(path) for path in self._options.ops])
        return [one for one in held if one.op_handle not in ending] or held

    def _start(self, record: Message) -> None:
        environment = {**os.environ, "RING": str(self._ring), "STALL_JSON": json.dumps(record)}
        try:
            self._child = subprocess.Popen(
                self._options.command, shell=True, env=environment, stdin=subprocess.DEVNULL, stdout=2
            )
        except OSError as error:
            self._output.warn(f"--on-stall could not be run: {error.strerror}")

    def _reap(self) -> None:
        if self._child is None or (status := self._child.poll()) is None:
            return
        self._child = None
        if status:
            self._output.warn(f"--on-stall ended with {status}")

    def _look_at(self, insight: Insight) -> Look | None:
        """The ring as it is now; None where it cannot be seen."""
        from vyrectl.ring.file import Ring
        from vyrectl.why.looks import WHOLE, Look, look_at_file
        from vyrectl.why.scene import Holder, Keeper

        data, workers = insight.whole(), insight.workers()
        try:
            if data is None:
                return replace(look_at_file(self._ring, WHOLE), workers=workers)
            pid = os.getpid()
            holder = Holder(Keeper.SOMEBODY, f"pid {pid} (launch)", shows_work=True, pids=(pid,))
            name = str(self._ring)
            return Look(
                name, Ring.from_bytes(data, name), name, holder=holder, moment=time.time(), workers=workers
            )
        except VyrectlError:
            return None

    def _answer(self, insight: Insight, seconds: float) -> tuple[Mapping[str, object], str]:
        from vyrectl.cli.why_question import again_without, question
        from vyrectl.why.ask import answer

        last = self._look_at(insight)
        looks = [one for one in (self._first, last) if one is not None]
        if not looks:
            return {}, "the ring cannot be looked at"
        found = again_without(answer(looks, question(self._options.ops)))
        if insight.where == "device":
            return {"sentence": "the device keeps the slots to itself"}, _on_device(
                bool(found.scene.queue.any()), looks[-1]
            )
        first = found.found[0]
        lines = [
            found.sentence,
            *(f"  {line}" for line in first.evidence),
            *(f"  {keeping_in(advice)}" for advice in (first.remedy, first.afterwards) if advice),
        ]
        return found.to_record(), "\n".join(lines)


def _on_device(queued: bool, look: Look) -> str:
    """What can be said where the device keeps the slots: which operations the ring's tasks name."""
    import numpy as np

    from vyrectl.abi.states import SCHEDULABLE
    from vyrectl.cli.describe import show_word

    slots = look.ring.slots
    waiting = slots["op_handle"][np.isin(slots["state"], [int(one) for one in SCHEDULABLE])]
    ops, counts = np.unique(waiting, return_counts=True)
    listed = [
        f"{show_word('op_handle', int(op))} {int(count)}" for op, count in zip(ops, counts, strict=True)
    ]
    more = ", ..." if len(listed) > MOST_OPS else ""
    said = f"; its ring began with {', '.join(listed[:MOST_OPS])}{more}" if listed and queued else ""
    return f"  the device keeps the slots to itself{said}"
