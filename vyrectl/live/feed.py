"""Feeds a running ring with JSON lines, and answers with JSON lines.

One thread reads, publishes and says what was accepted; another notices what has ended and writes. Lines are read in
large blocks, and a block's tasks are published together. Imports numpy.

The invariant: the answer that a task was accepted goes out before the answer that it is done, and each task that was
accepted is answered once more: done, or left when the launch ends first.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping

from vyrectl.abi import control as control_abi
from vyrectl.abi.states import TaskState, state_name
from vyrectl.engine.endings import Ending
from vyrectl.errors import SessionEndedError, VyrectlError
from vyrectl.live.access import Access
from vyrectl.live.answers import Answers
from vyrectl.live.book import Acceptance, Book, Finished
from vyrectl.live.changes import change_tasks
from vyrectl.live.commands import CHANGES, Command
from vyrectl.live.follow import Follow
from vyrectl.live.lines import Block, LineCutter
from vyrectl.live.reader import Entry, FeedReader, Refusal
from vyrectl.live.source import FeedSource
from vyrectl.task.arrays import SlotArray
from vyrectl.telemetry.snapshot import tally_slots

FLUSH_SECONDS = 0.01
"""Longest that an answer waits."""

SHORT_NAP, FULL_NAP, READ_SECONDS = 0.0005, 0.002, 0.2
MOST_UNWRITTEN = 1 << 26
"""Bytes of answers that nobody reads before reading stops."""

END_SECONDS = 5.0
_DONE = int(TaskState.DONE)
_FULL_FIX = {
    True: "Reading goes on when a task has ended",
    False: "No Done slot is used again without --reclaim; reading goes on when a slot is emptied",
}


class Feed:
    """A feed of a launch that follows.

    Args:
        source: Where the lines come from.
        answers: Descriptor that the answers are written to.
        op_codes: Operation names and their ids.
        float_ops: Operations whose param may be written as a float32.
        reclaim: Publish into Done slots too.
    """

    def __init__(
        self,
        source: FeedSource,
        answers: int,
        op_codes: Mapping[str, int],
        float_ops: Collection[int],
        *,
        reclaim: bool,
    ) -> None:
        self._source = source
        self._answers = Answers(answers)
        self._op_codes = op_codes
        self._reclaim = reclaim
        self._reader = FeedReader(op_codes, source.name, float_ops)
        self._cutter = LineCutter()
        self._order = threading.Lock()
        self._over = False
        self._threads = [
            threading.Thread(target=work, name=name, daemon=True)
            for work, name in ((self._read, "vyrectl-feed"), (self._answer, "vyrectl-answers"))
        ]

    def begin(self, access: Access, follow: Follow, stop: Callable[[str], None]) -> None:
        """The launch is ready: start to read."""
        self._access, self._follow, self._stop = access, follow, stop
        self._book = Book(access, reclaim=self._reclaim)
        self._book.check_room_is_free()
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """The rounds are over: say what is done and what is left, and let go of the source."""
        self._over = True
        self._answers.wake()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(END_SECONDS)
        if self._threads[0].ident is not None and not any(thread.is_alive() for thread in self._threads):
            self._take_finished()
            self._say_left()
            self._answers.write()
        self._source.close()

    # --- reading ----------------------------------------------------------------------------------------

    def _read(self) -> None:
        try:
            while not self._over and not self._source.ended and not self._answers.is_deaf:
                self._wait_for_reader()
                data = self._source.read(READ_SECONDS)
                if data is None:
                    continue
                self._handle(self._cutter.feed(data) if data else self._cutter.end(), whole=bool(data))
            self._follow.finish()
        except SessionEndedError:
            pass
        except VyrectlError as error:
            self._answers.say({"error": error.what, "where": error.where, "fix": error.fix})
            self._follow.finish()

    def _handle(self, block: Block, *, whole: bool) -> None:
        for entry in self._reader.read(block, whole=whole):
            if self._over:
                return
            self._take(entry)

    def _take(self, entry: Entry) -> None:
        if isinstance(entry, Refusal):
            self._answers.say({"error": entry.what, "line": entry.line, "fix": entry.fix})
        elif isinstance(entry, Command):
            self._obey(entry)
        else:
            self._publish(entry)

    def _publish(self, tasks: SlotArray) -> None:
        told = False
        while len(tasks) and not self._over:
            with self._order:
                accepted = self._book.accept(tasks)
                self._say_accepted(tasks, accepted)
            tasks = tasks[accepted.left]
            if len(tasks) and not told:
                told = True
                fix = _FULL_FIX[self._reclaim]
                self._answers.say({"full": self._access.slots, "waiting": len(tasks), "fix": fix})
            if len(tasks):
                time.sleep(FULL_NAP)

    def _wait_for_reader(self) -> None:
        """Read no further while nobody takes the answers."""
        while self._answers.unwritten > MOST_UNWRITTEN and not self._over:
            time.sleep(FLUSH_SECONDS)

    # --- commands ---------------------------------------------------------------------------------------

    def _obey(self, command: Command) -> None:
        try:
            self._answers.say(self._carry_out(command))
        except SessionEndedError:
            raise
        except VyrectlError as error:
            self._answers.say({"error": error.what, "command": command.name, "fix": error.fix})

    def _carry_out(self, command: Command) -> dict[str, object]:
        access = self._access
        if command.name in CHANGES:
            change = self._follow.order(
                lambda: change_tasks(access, command.name, command.which, self._op_codes, **command.arguments)
            ).result()
            counts = {"changed": change.changed, "running": change.running, "passed": change.passed}
            return {command.name: command.which, **counts}
        if command.name == "snapshot":
            return {"snapshot": tally_slots(access.everything()).snapshot(lenient=True).to_record()}
        if command.name == "shutdown":
            self._stop(Ending.SHUTDOWN)
            access.ring_bell()
            return {"shutdown": True}
        word = control_abi.EPOCH.first
        if command.relative:
            return {"epoch": access.add_control(word, command.epoch)}
        access.set_control(word, command.epoch)
        return {"epoch": command.epoch}

    # --- answering --------------------------------------------------------------------------------------

    def _answer(self) -> None:
        while not self._over and not self._answers.is_deaf:
            found = self._take_finished()
            self._answers.write()
            if not found and not self._book.unfinished:
                self._answers.wait(READ_SECONDS)
            time.sleep(SHORT_NAP if found < FLUSH_SECONDS / SHORT_NAP else FLUSH_SECONDS / 2)

    def _take_finished(self) -> int:
        with self._order:
            finished = self._book.collect()
            if len(finished):
                self._answers.put("".join(_done_lines(finished)))
        return len(finished)

    def _say_accepted(self, tasks: SlotArray, accepted: Acceptance) -> None:
        ids = tasks["task_id"][accepted.placed].tolist()
        pairs = zip(ids, accepted.numbers.tolist(), strict=True)
        self._answers.put(
            "".join([f'{{"accepted": {task_id}, "slot": {slot}}}\n' for task_id, slot in pairs])
        )
        if len(accepted.duplicates):
            self._answers.put(
                "".join(map(self._duplicate_line, tasks["task_id"][accepted.duplicates].tolist()))
            )

    def _duplicate_line(self, task_id: int) -> str:
        found = self._book.again(task_id)
        if found is None:
            return f'{{"duplicate": {task_id}, "slot": null, "state": null}}\n'
        slot, state = found
        return f'{{"duplicate": {task_id}, "slot": {slot}, "state": "{state_name(state)}"}}\n'

    def _say_left(self) -> None:
        ids, numbers = self._book.open_tasks()
        states = self._access.states(numbers)
        rows = zip(ids.tolist(), numbers.tolist(), states.tolist(), strict=True)
        self._answers.put(
            "".join(
                [f'{{"left": {i}, "state": "{state_name(state)}", "slot": {n}}}\n' for i, n, state in rows]
            )
        )


def _done_lines(finished: Finished) -> list[str]:
    rows = zip(
        finished.ids.tolist(),
        finished.states.tolist(),
        finished.numbers.tolist(),
        finished.tasks["continuation_data"].tolist(),
        strict=True,
    )
    return [
        f'{{"done": {task_id}, "state": "Done", "slot": {slot}}}\n'
        if state == _DONE
        else _other_end(task_id, state, slot, data)
        for task_id, state, slot, data in rows
    ]


def _other_end(task_id: int, state: int, slot: int, data: int) -> str:
    code = f', "code": {data}' if state == int(TaskState.FAULTED) else ""
    return f'{{"done": {task_id}, "state": "{state_name(state)}", "slot": {slot}{code}}}\n'
