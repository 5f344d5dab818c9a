"""The processes of a launch on several devices, one a device, under one supervisor with the clock and the signals.

Each takes a shard, brings it back, takes the next. One that dies gives its shard back and the others go on. A crash
(SIGSEGV and its like) is put down to the shard, and the device gets a fresh process; any other death is the device's
end. The invariant: whatever dies when, a shard comes back whole or counts as not run, and no process is left behind.

    parent                                     child, one a device
    fork -----------------------------------> opens its device
    order: shard, claims  <--- ready ---
          ------------------------------->    runs it in memory that both see
    takes what it brought <--- finished ---   (its record in a file without a name)
    stop to all at a signal, the time, an error; after the grace: SIGKILL to who is still at work
"""

from __future__ import annotations

import os
import select
import signal
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import field, replace
from typing import IO

from vyrectl.dataclass import dataclass
from vyrectl.engine.endings import Ending
from vyrectl.errors import DeviceError, NoDeviceLeftError, RelayedError, VyrectlError
from vyrectl.files.children import end_of_child
from vyrectl.hosting.deaths import GAVE_UP, death_by, silent_end
from vyrectl.hosting.supervisor import Channel, Child, Message, Signals, fork_child
from vyrectl.hosting.telling import Teller
from vyrectl.launching.rounds import Progress
from vyrectl.spread.cut import Shard
from vyrectl.spread.devices import Chosen
from vyrectl.spread.finished import Finished
from vyrectl.spread.roster import Roster
from vyrectl.spread.shares import Outcome, Share

CRASHES = GAVE_UP | {signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE}
"""What a process dies of by the work that it does."""

MOST_CRASHES = 3
"""In a row, after which a device is given up."""

POLL_SECONDS = 0.1
DEVICE_FAILED = DeviceError.exit_code


@dataclass(slots=True)
class _Hand:
    """A device and the process that works for it now."""

    chosen: Chosen
    share: Share
    file: IO[bytes]
    child: Child | None = None
    shard: Shard | None = None
    since: float = 0.0
    is_ready: bool = False
    crashes: int = 0
    progress: Message = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bench:
    """A child's place: which device it opens, the line to its parent, the file for what is too long for that.

    Attributes:
        device: As `--device` takes it.
        label: What people call it.
        channel: Line to the parent.
        file: Open in both processes: orders and results that are too long for the line.
    """

    device: str
    label: str
    channel: Channel
    file: IO[bytes]

    def teller(self) -> Callable[[Progress], None]:
        """See `Limits.watch`."""
        return Teller(self.channel).tell


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """What the crew's owner does for it.

    Attributes:
        open: Child's side: opens its device; what runs each order there.
        order: The message that sends a shard; gets the shard, its claims at most, and the file that travels with it.
        take: Gets what came back and from which device; True when the shard has work left beyond its claims.
        watch: Told what there is to tell, as `vyrectl.hosting.supervised.launch_file` tells it.
        tick: Called at least ten times a second.
    """

    open: Callable[[Bench], tuple[str, Callable[[Message], Finished]]]
    order: Callable[[Shard, int | None, IO[bytes]], Message]
    take: Callable[[Finished, str], bool]
    watch: Callable[[Message], None]
    tick: Callable[[], None]


class Crew:
    """Runs the shards of a roster.

    Args:
        devices: One process each.
        roster: Which shards wait, are at work, are done.
        owner: Says what is done with them.
        folder: Where the files without a name take their room.
        stop_at: `time.monotonic()` after which all are asked to stop; None for no limit.
        grace_s: Seconds they then get.
    """

    def __init__(
        self,
        devices: list[Chosen],
        roster: Roster,
        owner: Owner,
        *,
        folder: str,
        stop_at: float | None,
        grace_s: float,
    ) -> None:
        self._roster, self._owner, self._grace_s = roster, owner, grace_s
        self._hands = [
            _Hand(one, Share(one.label), tempfile.TemporaryFile(dir=folder))  # noqa: SIM115
            for one in devices
        ]
        self._stop_at = stop_at
        self._kill_at: float | None = None
        self._outcome = Outcome(shares=[hand.share for hand in self._hands])
        self._claims = self._ended = 0
        self._errors: list[dict[str, object]] = []

    def run(self) -> Outcome:
        """Work until every shard is in or set aside, or all were asked to stop and have.

        Raises:
            NoDeviceLeftError: Every device was lost.
            RelayedError: A child met an error that is not its device's, or every device failed with one.
            RuntimeError: A child met a bug.
        """
        self._heard = Signals()
        try:
            for hand in self._hands:
                self._start(hand)
            self._work()
            self._raise_if_none_left()
            for hand in self._hands:
                if hand.is_ready and hand.shard is None:
                    hand.share.waiting_seconds += self._lap(hand)
        finally:
            for hand in self._hands:
                if hand.child is not None:
                    hand.child.kill()
            for hand in self._hands:
                if hand.shard is not None:
                    self._end(hand)  # who may still be writing
                hand.file.close()
            self._heard.restore()
        return self._outcome

    def close(self) -> None:
        """Wait until every process is gone: a driver takes its time to let go of a device."""
        for hand in self._hands:
            self._end(hand)

    def _work(self) -> None:
        """Wait and hear; after an error who is at work is asked to stop as after a signal, and gets the grace."""
        try:
            while self._working():
                self._wait()
        except BaseException:
            self._owner = replace(
                self._owner, watch=_nothing, tick=_nothing, take=lambda finished, device: False
            )
            with suppress(VyrectlError, RuntimeError):
                self._ask_to_stop(Ending.INTERRUPTED)
                while self._working():
                    self._wait()
            raise

    def _working(self) -> bool:
        alive = [hand for hand in self._hands if hand.child is not None]
        if self._outcome.stopped is not None:
            return any(hand.shard is not None for hand in alive)
        return bool(alive) and not self._roster.is_over

    def _wait(self) -> None:
        for hand in self._hands:
            self._employ(hand)
        channels = {hand.child.channel.fileno(): hand for hand in self._hands if hand.child is not None}
        found, _, _ = select.select([*channels, self._heard.fileno()], [], [], self._pause())
        self._heard.drain()
        for descriptor in found:
            if descriptor in channels:
                self._hear(channels[descriptor])
        self._act()
        self._owner.tick()

    def _pause(self) -> float:
        ends = [end for end in (self._stop_at, self._kill_at) if end is not None]
        return min([POLL_SECONDS, *(max(0.0, end - time.monotonic()) for end in ends)])

    def _employ(self, hand: _Hand) -> None:
        """Give an idle device a shard, if there is one."""
        if hand.child is None or not hand.is_ready or hand.shard is not None or self._outcome.stopped:
            return
        takers = sum(1 for one in self._hands if one.child is not None and one.shard is None)
        order = self._roster.next(takers)
        if order is None:
            return
        hand.shard = order.shard
        hand.share.waiting_seconds += self._lap(hand)
        hand.child.channel.send(self._owner.order(order.shard, order.steps, hand.file))

    def _hear(self, hand: _Hand) -> None:
        assert hand.child is not None
        for message in hand.child.channel.receive():
            self._take(hand, message)
        if hand.child is not None and hand.child.channel.closed:
            self._bury(hand)

    def _take(self, hand: _Hand, message: Message) -> None:
        if "ready" in message:
            hand.share.name, hand.is_ready = message["ready"], True
            hand.share.opening_seconds += self._lap(hand)
        elif "finished" in message:
            self._accept(hand, message["bytes"])
        elif "error" in message:
            self._fail(hand, message["error"])
        elif "bug" in message:
            raise RuntimeError(f"the device process of {hand.chosen.label} met a bug\n{message['bug']}")
        elif "round" in message:
            hand.progress = message
            self._tell_progress()
        elif "result" not in message:
            self._owner.watch(message)

    def _accept(self, hand: _Hand, size: int) -> None:
        """A shard that is through: its record is read, and only then does it count."""
        assert hand.shard is not None
        finished = Finished.read(os.pread(hand.file.fileno(), size, 0))
        assert finished.shard == hand.shard.number
        shard, hand.shard, hand.crashes, hand.progress = hand.shard, None, 0, {}
        has_more = self._owner.take(finished, hand.chosen.label)
        share, driven = hand.share, finished.driven
        ends = driven.tally.outcomes()
        share.busy_seconds += self._lap(hand)
        share.shards, share.slots = share.shards + 1, share.slots + len(shard)
        share.claims += driven.tally.claims
        self._claims += driven.tally.claims
        self._ended += ends["done"] + ends["faulted"]
        self._roster.take(shard.number, driven.tally.claims, has_more=has_more)
        if driven.course.ended == Ending.SHUTDOWN and self._outcome.stopped is None:
            self._ask_to_stop(Ending.SHUTDOWN)

    def _fail(self, hand: _Hand, record: Message) -> None:
        """An error that a child met: its device's end, or everybody's."""
        if record["exit_code"] != DEVICE_FAILED:
            raise RelayedError(record)
        self._errors.append(record)
        hand.share.lost = record["message"]
        hand.share.name = hand.share.name or (record["where"] or "")

    def _bury(self, hand: _Hand) -> None:
        """A child is gone: by itself, its shard waits again, or because it was told to and had none."""
        assert hand.child is not None
        status = self._collect(hand)
        stopping = self._outcome.stopped is not None
        if stopping and not status and hand.shard is None and hand.share.lost is None:
            return
        died_of = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
        how = hand.share.lost
        if how is None:
            how = silent_end(os.waitstatus_to_exitcode(status)) if died_of is None else death_by(died_of)
        shard, hand.shard, hand.progress = hand.shard, None, {}
        aside = shard is not None and self._roster.give_back(shard.number)
        if shard is not None:
            hand.share.busy_seconds += self._lap(hand)
        hand.crashes += 1
        again = shard is not None and died_of in CRASHES and hand.crashes < MOST_CRASHES
        if not again or hand.share.lost is not None:
            hand.share.lost = how
        self._owner.watch(
            {
                "device_died": {
                    "device": hand.chosen.label,
                    "how": how,
                    "shard": None if shard is None else str(shard),
                    "again": hand.share.lost is None,
                    "ending": stopping,
                    "set_aside": aside,
                }
            }
        )
        if hand.share.lost is None and not stopping:
            self._start(hand)

    def _act(self) -> None:
        now, signals = time.monotonic(), self._heard.received
        if signals and not self._outcome.signal_received:
            self._outcome.signal_received = signals[0]
            self._ask_to_stop(Ending.INTERRUPTED)
        if self._stop_at is not None and now >= self._stop_at:
            self._stop_at = None
            self._ask_to_stop(Ending.TIMEOUT)
        if len(signals) > 1 or (self._kill_at is not None and now >= self._kill_at):
            self._kill_at = None
            for hand in self._hands:
                if hand.child is not None and hand.shard is not None:
                    self._outcome.killed.append(hand.chosen.label)
                    self._roster.give_back(hand.shard.number)
                    self._end(hand)

    def _ask_to_stop(self, reason: str) -> None:
        if self._outcome.stopped is None:
            self._outcome.stopped = reason
            self._kill_at = time.monotonic() + self._grace_s
            self._owner.watch({"stopping": reason, "grace_s": self._grace_s})
            for hand in self._hands:
                if hand.child is not None:
                    hand.child.channel.send({"stop": reason})

    def _tell_progress(self) -> None:
        """What all devices have done, as one."""
        out = [hand.progress for hand in self._hands if hand.progress]
        self._owner.watch(
            {
                "round": max(one["round"] for one in out),
                "claims": self._claims + sum(one["claims"] for one in out),
                "claimed": sum(one["claimed"] for one in out),
                "claimable": sum(one["claimable"] for one in out),
                "ended": self._ended + sum(one["ended"] for one in out),
                "waiting": [sum(column) for column in zip(*(one["waiting"] for one in out), strict=True)],
                "epoch": max(one["epoch"] for one in out),
            }
        )

    def _raise_if_none_left(self) -> None:
        if self._outcome.stopped is None and not self._roster.is_over:
            if len(self._errors) == len(self._hands):
                raise RelayedError(self._errors[0])
            losses = "; ".join(f"{hand.chosen.label} {hand.share.lost}" for hand in self._hands)
            raise NoDeviceLeftError(f"no device is left: {losses}")

    def _start(self, hand: _Hand) -> None:
        siblings = [one.child for one in self._hands if one.child is not None]

        def work(channel: Channel) -> Message:
            return _attend(Bench(hand.chosen.selector, hand.chosen.label, channel, hand.file), self._owner)

        hand.child, hand.is_ready, hand.since = (
            fork_child(work, self._grace_s, siblings),
            False,
            time.monotonic(),
        )

    def _end(self, hand: _Hand) -> None:
        if hand.child is not None:
            hand.child.kill()
            self._collect(hand)

    def _collect(self, hand: _Hand) -> int:
        assert hand.child is not None
        child, hand.child = hand.child, None
        child.close()
        return end_of_child(child.pid)

    def _lap(self, hand: _Hand) -> float:
        """Seconds since this device last did something else."""
        now = time.monotonic()
        seconds, hand.since = now - hand.since, now
        return seconds


def _nothing(*message: object) -> None:
    """What watches a launch whose command has failed."""


def _attend(bench: Bench, owner: Owner) -> Message:
    """The child's whole work: shard after shard until it is told to stop."""
    name, run = owner.open(bench)
    bench.channel.send({"ready": name})
    while (order := bench.channel.order()) is not None:
        data = run(order).to_bytes()
        bench.file.seek(0)
        bench.file.truncate()
        bench.file.write(data)
        bench.file.flush()
        bench.channel.send({"finished": order["shard"], "bytes": len(data)})
    return {"result": None}
