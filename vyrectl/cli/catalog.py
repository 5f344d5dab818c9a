"""Every command, as data: its name, the module that defines it, the section it is listed under and its summary.

`--help` and the completion generator read this table, so that neither has to import a command's module. A test holds
each summary to the first line of the command's docstring. Standard library only.
"""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """One command.

    Attributes:
        name: What the user types.
        section: Heading in `vyrectl --help`.
        summary: First line of its help.
    """

    name: str
    section: str
    summary: str

    @property
    def module(self) -> str:
        """Module that holds the function `command`."""
        return f"vyrectl.cli.commands.{self.name}"


CATALOG: tuple[Entry, ...] = (
    Entry("encode", "Look and build", "Turn fields into one 64-byte slot."),
    Entry("decode", "Look and build", "Explain every word of a slot."),
    Entry("build", "Look and build", "Make a ring from a table or a seed."),
    Entry("inspect", "Look and build", "Show slots as a table."),
    Entry("snapshot", "Look and build", "Show queue telemetry."),
    Entry("map", "Look and build", "Draw the ring, a mark for each slot or run of slots."),
    Entry("diff", "Look and build", "Show what changed between two looks at a ring."),
    Entry("plot", "Look and build", "Draw a queue's depth, rates and ages over time."),
    Entry("top", "Look and build", "Watch a ring live, and edit it."),
    Entry("transition", "Edit", "Apply a lifecycle action to slots."),
    Entry("set", "Edit", "Write any word of any slots."),
    Entry("publish", "Edit", "Publish tasks into free slots."),
    Entry("control", "Edit", "Show or edit a control buffer, or make one."),
    Entry("check", "Care", "Look for what is broken in a ring."),
    Entry("recover", "Care", "Put a crashed run's orphans back."),
    Entry("repair", "Care", "Make faulted tasks ready again."),
    Entry("apply", "Plan", "Merge a ring's telemetry into a launch request."),
    Entry("plan", "Plan", "Recommend a launch for a queue, and say why."),
    Entry("converge", "Plan", "Iterate a step on the device until nothing changes."),
    Entry("launch", "Run", "Run a ring on a device."),
    Entry("debug", "Run", "Show the records of a debug log."),
    Entry("replay", "Run", "List a replay log, or run it again."),
    Entry("demo", "Run", "Build, run and draw a ring of real work."),
    Entry("bench", "Run", "Measure this device beside its own ceilings."),
    Entry("devices", "This machine", "List what can run a ring."),
    Entry("doctor", "This machine", "Say whether this machine is ready."),
    Entry("ops", "This machine", "List the operations a task may name."),
    Entry("schema", "This machine", "Print the JSON Schema of a command's answer."),
    Entry("completion", "This machine", "Print a shell's completion script."),
)

NAMES: tuple[str, ...] = tuple(entry.name for entry in CATALOG)


def find(name: str) -> Entry | None:
    """The entry of that name, or None."""
    return next((entry for entry in CATALOG if entry.name == name), None)
