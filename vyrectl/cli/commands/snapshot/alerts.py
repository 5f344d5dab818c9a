"""`snapshot --watch --alert`: rules over every look, their state in the answer, and a line when one begins or ends.

Standard library only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vyrectl.telemetry.alert import AlertEvent, AlertRule, AlertWatch, values_of

if TYPE_CHECKING:
    from vyrectl.cli.commands.snapshot.watch import Tick

EXIT_ALERT = 6
"""As of other checks that were asked for (`--verify`, `--fail-on-fault`)."""


class Alerts:
    """Follows rules over the rings of a watch, each ring on its own."""

    def __init__(self, rules: Sequence[AlertRule]) -> None:
        self._rules = rules
        self._watches: dict[str, list[AlertWatch]] = {}

    def look(self, tick: Tick) -> list[AlertEvent]:
        """Hold every rule against a look; its rings get `alerts`, its events what began or ended.

        A ring that cannot be read has no values, so that no condition holds for it.
        """
        found: list[AlertEvent] = []
        for record in tick.full["rings"] if self._rules else ():
            name = record["ring"]
            watches = self._watches.setdefault(name, [AlertWatch(rule, name) for rule in self._rules])
            values = {} if "error" in record else values_of(record)
            events = [one.look(values, tick.moment) for one in watches]
            found += [event for event in events if event is not None]
            if "error" not in record:
                record["alerts"] = [one.to_record() for one in watches]
        for event in found:
            said = event.line.removeprefix(f"{event.ring}: ")
            tick.events.append({"ring": event.ring, "event": said})
        return found
