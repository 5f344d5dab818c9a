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
        topic: Page of the documentation that shows it.
    """

    name: str
    section: str
    summary: str
    topic: str = ""

    @property
    def module(self) -> str:
        """Module that holds the function `command`."""
        return f"vyrectl.cli.commands.{self.name}"


CATALOG: tuple[Entry, ...] = (
    Entry("encode", "Look and build", "Turn fields into one 64-byte slot.", "rings"),
    Entry("decode", "Look and build", "Explain every word of a slot.", "rings"),
    Entry("build", "Look and build", "Make a ring from a table or a seed.", "rings"),
    Entry("inspect", "Look and build", "Show slots as a table.", "look"),
    Entry("open", "Look and build", "Say what a file or a folder holds.", "dumps"),
    Entry("snapshot", "Look and build", "Show queue telemetry.", "telemetry"),
    Entry("map", "Look and build", "Draw the ring, a mark for each slot or run of slots.", "look"),
    Entry("diff", "Look and build", "Show what changed between two looks at a ring.", "look"),
    Entry("plot", "Look and build", "Draw a queue's depth, rates and ages over time.", "telemetry"),
    Entry("report", "Look and build", "Write one page about rings, to send to somebody.", "look"),
    Entry("top", "Look and build", "Watch a ring live, and edit it.", "look"),
    Entry("transition", "Edit", "Apply a lifecycle action to slots.", "edit"),
    Entry("set", "Edit", "Write any word of any slots.", "edit"),
    Entry("publish", "Edit", "Publish tasks into free slots.", "edit"),
    Entry("control", "Edit", "Show or edit a control buffer, or make one.", "control"),
    Entry("why", "Care", "Say why a queue does not move.", "why"),
    Entry("check", "Care", "Look for what is broken in a ring.", "care"),
    Entry("recover", "Care", "Put a crashed run's orphans back.", "care"),
    Entry("repair", "Care", "Make faulted tasks ready again.", "care"),
    Entry("apply", "Plan", "Merge a ring's telemetry into a launch request.", "plan"),
    Entry("plan", "Plan", "Recommend a launch for a queue, and say why.", "plan"),
    Entry("converge", "Plan", "Iterate a step on the device until nothing changes.", "converge"),
    Entry("launch", "Run", "Run a ring on a device.", "launch"),
    Entry("workers", "Run", "Show what each worker of a launch has in hand.", "launch"),
    Entry("worker", "Run", "Print the command that starts a Dask worker for launches.", "devices"),
    Entry("debug", "Run", "Show the records of a debug log.", "control"),
    Entry("io", "Run", "Show the requests of an I/O queue.", "dumps"),
    Entry("replay", "Run", "List a replay log, or run it again.", "control"),
    Entry("demo", "Run", "Build, run and draw a ring of real work.", "tutorial"),
    Entry("bench", "Run", "Measure this device beside its own ceilings.", "bench"),
    Entry("help", "This machine", "Show a page of the documentation, or a command's help.", "formats"),
    Entry("devices", "This machine", "List what can run a ring.", "devices"),
    Entry("doctor", "This machine", "Say whether this machine is ready.", "devices"),
    Entry("ops", "This machine", "List the operations a task may name.", "operations"),
    Entry("schema", "This machine", "Print the JSON Schema of a command's answer.", "formats"),
    Entry("completion", "This machine", "Print a shell's completion script.", "formats"),
)

NAMES: tuple[str, ...] = tuple(entry.name for entry in CATALOG)


def find(name: str) -> Entry | None:
    """The entry of that name, or None."""
    return next((entry for entry in CATALOG if entry.name == name), None)
