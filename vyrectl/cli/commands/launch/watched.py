"""What `launch` says while the child works: progress, debug records, what became of old files; and a feed's end."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

from vyrectl.cli.commands.launch.progress import LaunchProgress
from vyrectl.cli.output import Output, write_line

if TYPE_CHECKING:
    from vyrectl.hosting.supervisor import Message
    from vyrectl.launching.report_record import LaunchRecord
    from vyrectl.protocol.debug_format import Formats

SHOWN_SETTLED = 16


def watcher(output: Output, progress: LaunchProgress, texts: Formats) -> Callable[[Message], None]:
    """What is told each message of the child (`vyrectl.hosting.supervised.launch_file`)."""

    def watch(message: Message) -> None:
        if "debug" in message:
            progress.clear()
            _show_debug(output, message["debug"], texts)
        elif "doing" in message:
            progress.doing(message["doing"])
        elif "stopping" in message:
            progress.stopping(message["stopping"], message["grace_s"])
        elif "backup" in message:
            output.talk(f"the old ring is {message['backup']}")
        elif "outputs" in message:
            progress.clear()
            for text in message["outputs"]:
                output.talk(text)
        elif "device_died" in message:
            progress.clear()
            output.talk(_loss(message["device_died"]))
        elif "resumed" in message:
            known, shards = message["resumed"]
            output.talk(f"the journal holds {known} of {shards} shards")
        elif "said" in message:
            progress.clear()
            output.talk(message["said"])
        elif "settled" in message:
            _show_settled(output, message["settled"])
        else:
            progress.update(message)

    return watch


def _loss(died: Message) -> str:
    """A device's process that died, and what becomes of its shard."""
    text = f"{died['device']} {died['how']}"
    if died["shard"] is not None:
        fate = "is set aside, the others go on" if died["set_aside"] else "waits for another process"
        text += f"; {died['shard']} {fate}"
    if died["ending"]:
        return text
    return text + ("; it is started again" if died["again"] else "; the launch goes on without it")


def _show_settled(output: Output, settled: dict[str, list[int]]) -> None:
    """What taking the lock had finished of a killed launch's work."""
    for what, slots in (
        ("finished", settled["finished"]),
        ("faulted, may not run twice", settled["faulted"]),
    ):
        if slots:
            shown = ", ".join(map(str, slots[:SHOWN_SETTLED])) + (
                ", ..." if len(slots) > SHOWN_SETTLED else ""
            )
            output.talk(f"left half-way by a killed launch and {what}: slots {shown}")


def _show_debug(output: Output, news: Sequence[tuple[int, list[int]]], texts: Formats) -> None:
    from vyrectl.cli.debug_rows import debug_line, debug_rows
    from vyrectl.protocol.debug_log import DebugRecord

    records = [
        DebugRecord(format_id, cast("tuple[int, int, int]", tuple(arguments)))
        for format_id, arguments in news
    ]
    for row in debug_rows(records, texts):
        output.talk(debug_line(row))


def show_fed(output: Output, report: LaunchRecord) -> None:
    """The end of a feed: the report as the last line of the answers, and for people on stderr."""
    write_line(json.dumps({"report": {"schema": "vyrectl.launch/1", **report}}))
    if output.is_table and not output.quiet:
        from vyrectl.cli.commands.launch.view import view

        output.console(stderr=True).print(view(report))
