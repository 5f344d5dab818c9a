"""A launch of a ring file on the workers of a Dask cluster: the client's side.

Dask carries, retries and places the shards; this side holds the ring's lock, keeps what comes back in the journal
(`vyrectl.spread.journal`) and replaces the file once, when all is in. Never more shards are out than workers offer
`OPENCL`, so that a death is put down to the shard that ran. The invariant: whatever dies, the ring is the old one or
the finished one, and a shard that is in the journal is not run again.
"""

from __future__ import annotations

import pickle
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from vyrectl.errors import (
    ClusterLostError,
    FileError,
    HostsStoppedError,
    UsageError,
    VyrectlError,
    stopped_code,
)
from vyrectl.hosting.files import check_files, held_for
from vyrectl.hosting.limit import hand_over
from vyrectl.hosting.request import FileLaunch
from vyrectl.hosting.supervised import Watch
from vyrectl.hosting.supervisor import Signals
from vyrectl.launching.report_record import LaunchRecord
from vyrectl.sidecar.hold import Hold
from vyrectl.spread.cluster import Dask, Place, Presence, cluster_at, distributed_module, take_stock
from vyrectl.spread.cut import Shard
from vyrectl.spread.journal import Journal
from vyrectl.spread.launch import refuse_options
from vyrectl.spread.options import Hosts
from vyrectl.spread.result import Result
from vyrectl.spread.sent import (
    MOST_SENT_BYTES,
    Sent,
    ShardTask,
    digest_of,
    facts,
    identity_of,
    opened,
    packed,
    run_shard,
)
from vyrectl.spread.shares import Outcome, Share
from vyrectl.spread.worker import RESOURCE

if TYPE_CHECKING:
    from vyrectl.hosting.stall import Insight

RETRIES = 2
"""Times that Dask runs a shard again whose run raised an error."""

POLL_SECONDS = 0.005


def dask_file(
    request: FileLaunch,
    hosts: Hosts,
    watch: Watch,
    look: Callable[[Insight], None] = lambda insight: None,
) -> tuple[LaunchRecord, int]:
    """Launch a ring file on the workers of a cluster, and wait for it.

    Args:
        request: What to do.
        hosts: Where the workers are.
        watch: As of `launch_file`; also told what the journal held, `{"resumed": [shards, of]}`, of workers that died
            and of what else there is to say, `{"said": text}`.
        look: As of `launch_file`.

    Returns:
        The report as a record, and 0.

    Raises:
        HostsStoppedError: A signal or the timeout came first.
        ClusterLostError: The scheduler went away.
        OtherWorkerError: A worker is not like this side.
        MissingExtraError: Dask is not installed.
        DeviceError: No worker is there, or none offers `OPENCL`.
        UsageError: The ring or an option cannot be cut.
    """
    since = time.monotonic()
    refuse_options(request)
    if request.options.max_steps is not None:
        raise UsageError(
            "--max-steps is counted where claims are made, and --dask makes them elsewhere",
            where=str(request.ring),
            fix="Leave it out, or run on devices of this host",
        )
    check_files(request)
    place = Place(hosts.dask or "", hosts.local_workers(), hosts.security_files())
    place.check()
    with ExitStack() as stack:
        held = stack.enter_context(held_for(request, watch))
        client = stack.enter_context(cluster_at(place))
        slots = take_stock(client, watch, request.options.timeout)
        run = _HostsRun(request, hosts, held, client, slots, since, watch, place.local)
        stack.callback(run.close)
        heard = Signals()
        stack.callback(heard.restore)
        return run.record(heard, look), 0


class _HostsRun:
    """One launch on a cluster that is there."""

    def __init__(
        self,
        request: FileLaunch,
        hosts: Hosts,
        held: Hold | None,
        client: Dask,
        slots: int,
        since: float,
        watch: Watch,
        local: int | None,
    ) -> None:
        self._presence = Presence(client, slots, local, watch)
        self._request, self._client, self._watch = request, client, watch
        self._since = since
        target = request.output or request.ring
        length = request.ring.stat().st_size // 64
        self._journal, self._is_kept = Journal(target, length), True
        self._result = Result(
            request, held, watch, devices=slots, limits={}, shard_slots=self._journal.shard_slots
        )
        self._journal.begin(self._result.ready.shard_slots)
        self._identity = identity_of(self._result.ready.setup)
        self._shares: dict[str, Share] = {}
        self._says_found = hosts.resume
        self._out: dict[Dask, tuple[Shard, str]] = {}
        self._in = 0

    def record(self, heard: Signals, look: Callable[[Insight], None]) -> LaunchRecord:
        """Run what the journal lacks; the report as a record."""
        self._since = min(self._since, hand_over())
        began, result = time.monotonic(), self._result
        result.ready.memory.began = True
        self._shared = self._is_shared()
        self._setup = self._sent_setup()
        result.roster.pass_over(self._take_known())
        while not result.roster.is_over:
            self._submit()
            for future in self._done():
                self._accept(future)
            self._stop_if_asked(heard)
            look(result.ready.memory)
        outcome = Outcome(shares=list(self._shares.values()))
        report = result.conclude(outcome, time.monotonic() - began)
        if not result.roster.set_aside or self._request.output is None:
            self._journal.remove()  # what it holds is in the ring
        return report

    def close(self) -> None:
        """Another launch may keep its shards where this one did."""
        self._journal.close()

    def _take_known(self) -> set[int]:
        """Take what the journal holds."""
        known = set()
        for shard in self._result.ready.shards:
            data = self._journal.find(shard.number, self._into(shard))
            if data is not None:
                self._take(Sent.of(data), shard, "journal")
                known.add(shard.number)
        self._in = len(known)
        if known or self._says_found:
            self._watch({"resumed": [len(known), len(self._result.ready.shards)]})
        return known

    def _submit(self) -> None:
        roster = self._result.roster
        while len(self._out) < self._presence.slots and (order := roster.next(1)) is not None:
            shard = order.shard
            future = self._client.submit(
                run_shard,
                facts().told(),
                pickle.dumps(self._task(shard), protocol=5),
                key=f"vyrectl-{self._identity[:12]}-{shard.number}-{time.monotonic_ns()}",
                pure=False,
                retries=RETRIES,
                resources={RESOURCE: 1},
            )
            self._out[future] = shard, self._into(shard)

    def _done(self) -> list[Dask]:
        """Shards that came to an end, waited for shortly."""
        ended = [future for future in self._out if future.done()]
        if not ended:
            if self._client.status not in ("running", "connecting"):
                raise self._lost()
            self._look_at_workers()
            time.sleep(POLL_SECONDS)
        return ended

    def _look_at_workers(self) -> None:
        """See who is there: as many shards are out as workers take."""
        try:
            self._presence.look()
        except ClusterLostError as error:
            error.what = f"{error.what}; {self._kept()}"
            error.where = str(self._request.ring)
            raise
        except OSError as error:
            raise self._lost() from error

    def _accept(self, future: Dask) -> None:
        shard, into = self._out.pop(future)
        try:
            sent: Sent = future.result()
            data = sent.read()
        except distributed_module().KilledWorker:
            self._set_aside(shard)
            return
        except VyrectlError as error:
            raise error.at(str(shard)) from None
        except Exception as error:
            if type(error).__name__ in ("CancelledError", "FutureCancelledError", "CommClosedError"):
                raise self._lost() from error
            raise
        self._keep(shard, into, data)
        self._result.roster.take(shard.number, 0, has_more=False)
        self._take(sent, shard, None)
        self._in += 1
        future.release()

    def _keep(self, shard: Shard, into: str, data: bytes) -> None:
        """Keep a finished shard; where that cannot be, the launch goes on without."""
        if not self._is_kept:
            return
        try:
            self._journal.keep(shard.number, into, data)
        except FileError as error:
            self._is_kept = False
            self._watch(
                {"said": f"finished shards are not kept any more ({error.where}: {error.what}); all go on"}
            )

    def _set_aside(self, shard: Shard) -> None:
        self._result.roster.put_aside(shard.number)
        self._watch({"said": f"{shard} ended every worker that ran it; it is set aside, the others go on"})

    def _take(self, sent: Sent, shard: Shard, source: str | None) -> None:
        """A finished shard, into the ring."""
        import numpy as np

        finished, memory = opened(sent), self._result.ready.memory
        name = source or sent.by
        worked = memory.worked(shard)
        worked.view(np.uint8).reshape(-1)[:] = finished.slots
        self._result.take(replace(finished, slots=finished.slots[:0]), name)
        share = self._shares.setdefault(name, Share(name, finished.device))
        share.shards, share.slots = share.shards + 1, share.slots + len(shard)
        share.claims += finished.driven.tally.claims
        share.busy_seconds += finished.driven.spent.wall_seconds
        share.opening_seconds += finished.driven.spent.build_seconds

    def _into(self, shard: Shard) -> str:
        """Digest of all that goes into a shard's run."""
        ready = self._result.ready
        part = slice(shard.first, shard.end)
        chosen, numbers = ready.selected_of(shard), ready.numbers_of(shard)
        beside = [b"" if one is None else one.tobytes() for one in (chosen, numbers)]
        return digest_of(self._identity.encode(), ready.before[part].tobytes(), *beside)

    def _task(self, shard: Shard) -> ShardTask:
        ready, device = self._result.ready, self._request.options.device
        part = slice(shard.first, shard.end)
        selected, numbers = ready.selected_of(shard), ready.numbers_of(shard)
        return ShardTask(
            shard=shard,
            slots=self._sent(ready.before[part].tobytes(), f"shard-{shard.number}"),
            selected=None if selected is None else selected.tobytes(),
            numbers=None if numbers is None else numbers.tobytes(),
            setup=self._setup,
            device=device if isinstance(device, str) else None,
            folder=str(self._journal.folder) if self._shared else "",
        )

    def _sent_setup(self) -> Sent:
        setup = packed(self._result.ready.setup)
        assert setup.data is not None
        return self._sent(setup.data, "setup")

    def _sent(self, data: bytes, name: str) -> Sent:
        """Bytes for a worker: a file where both sides see it, else themselves.

        Raises:
            UsageError: They are too many to go along.
        """
        if self._shared:
            from vyrectl.files.replace import replace_file

            path = self._journal.folder / f"{name}.in"
            replace_file(path, [data])
            return Sent(digest_of(data), None, str(path), 0, len(data))
        if len(data) > MOST_SENT_BYTES:
            raise UsageError(
                f"{name} has {len(data)} bytes, and without a file system that all hosts share at most "
                f"{MOST_SENT_BYTES} are sent",
                fix="Give smaller shards with --shard-slots, smaller buffers, or put the ring where all hosts see it",
            )
        return Sent.of(data)

    def _is_shared(self) -> bool:
        """Whether every worker sees the journal's folder; one that is gone by now is not asked."""
        from vyrectl.files.replace import replace_file

        token = digest_of(str(time.time_ns()).encode()).encode()
        path = self._journal.folder / "seen.in"
        replace_file(path, [token])
        try:
            answers = self._client.run(sees, str(path), token, on_error="return").values()
            return all(one for one in answers if not isinstance(one, OSError))
        finally:
            path.unlink(missing_ok=True)

    def _stop_if_asked(self, heard: Signals) -> None:
        """Stop at a signal or when the time is over; what is out is called back.

        Raises:
            HostsStoppedError: One of both.
        """
        options, shards = self._request.options, len(self._result.ready.shards)
        late = options.timeout is not None and time.monotonic() - self._since >= options.timeout
        if not heard.received and not late:
            return
        self._client.cancel(list(self._out))
        number = heard.received[0] if heard.received else 0
        why = f"stopped by {signal.Signals(number).name}" if number else "stopped at --timeout"
        raise HostsStoppedError(why, stopped_code(number), self._in, shards, where=str(self._request.ring))

    def _kept(self) -> str:
        return f"{self._in} of {len(self._result.ready.shards)} shards are done and kept"

    def _lost(self) -> ClusterLostError:
        return ClusterLostError(
            f"the scheduler is gone; {self._kept()}",
            where=str(self._request.ring),
            fix="The same command again does the rest",
        )


def sees(path: str, token: bytes) -> bool:
    """Worker's side: whether a file is there, with these bytes."""
    try:
        return Path(path).read_bytes() == token
    except OSError:
        return False
