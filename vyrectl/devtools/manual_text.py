"""What the manual page says beside the commands: exit codes, files and environment variables, as data.

Text in backticks is literal. Standard library only. The tests hold `EXIT_CODES` to the error classes and
`ENVIRONMENT` to the variables that the sources read.
"""

from __future__ import annotations

DATE = "2026-11-22"
"""Day of the manual page; set it with a release."""

SUMMARY = "inspect, edit, build and run task rings"

DESCRIPTION = (
    "A task ring is a file of 64-byte task slots that a persistent GPU kernel claims, runs, pauses, yields, requeues "
    "and finishes. `vyrectl` builds such rings, looks into them, edits them, says what their queue is up to, and runs "
    "them on any OpenCL device, or without one on a reference backend in pure Python.",
    "Data goes to standard output, talk and errors to standard error. Through a pipe no table is cut. Wherever a RING "
    "is only read, `-` is standard input. Numbers may be decimal or 0x; states, priorities, flags, operations and "
    "fault codes may be given by name, fields by their names or short names.",
)

START = (
    "vyrectl demo                                   # real work, drawn",
    "vyrectl build ring.bin --synthetic 1000 --seed 7",
    "vyrectl snapshot ring.bin --by priority",
    "vyrectl inspect ring.bin --where 'state == paused'",
    "vyrectl launch ring.bin --verify",
    "vyrectl check ring.bin",
)
"""First steps."""

FORMATS = (
    "`table` is for people: on a terminal it fits its width, in a pipe it shows everything. `json` is one object whose "
    "`schema` names the command; its keys are the field names of the wire. `jsonl` is one object a row, `csv` one "
    "line a row below the column names. `vyrectl schema` prints the JSON Schema of each command's answer.",
    "With `--json` or `--format jsonl` an error is a JSON object too, on standard error: what went wrong, where, what "
    "to do about it, and the exit code.",
)

SLOTS = (
    "SLOTS and `--slots` take indices and ranges: `0-15,20`. `--where` takes a condition over a slot's fields: field "
    "names, `slot` (the index), numbers, names of states, priorities, flags, operations and faults, `never` for the "
    "epoch that never comes, comparisons, `in` with a list in parentheses, `and`, `or`, `not`, and whole-number "
    "arithmetic (`+ - * // % & | ^ ~ << >>`). It binds as in Python; nothing in it is ever executed.",
)

WHERE_EXAMPLES = (
    "--where 'state == paused and age > 10'",
    "--where 'tenant in (3, 5) and not flags & yielded'",
    "--where 'state == faulted and data == out_of_range'",
    "--where 'slot % 64 == 0'",
)

EXIT_CODES: dict[int, str] = {
    0: "All went well. A launch that drained is 0: faulted and paused tasks are counted outcomes.",
    1: "Failed: a path is missing or unreadable, the disk is full, another process holds the ring; `diff` found "
    "differences; a launch stalled.",
    2: "Usage: an unknown command, option, action or name, a malformed `--where`.",
    3: "A ring or another input file is invalid, or `check` found errors.",
    4: "An illegal transition, or a counter at its end.",
    5: "No usable device, or the device or a kernel died.",
    6: "`--verify` found a broken promise, a task faulted under `--fail-on-fault`, or an alert began under "
    "`--alert-exits`.",
    7: "A launch stood still under `--stall-ends`.",
    124: "A timeout or a step budget was met with claimable work left.",
    130: "Stopped by Ctrl-C (SIGINT).",
    141: "Nobody read standard output any more (SIGPIPE).",
    143: "Stopped by SIGTERM.",
}

FILES: dict[str, str] = {
    "RING": "A run of slots: no header, no trailer. An edit writes a new file and renames it over the old one, or "
    "changes one page in one write: killed at any moment, it leaves the old ring or the new.",
    "RING.lock": "Who writes RING locks this file; it is never deleted or renamed. Who finds it held exits with 1 and "
    "names the holder.",
    "RING.bak": "The old ring, where `--backup` asked for it.",
    "RING.live": "Lies beside a ring that a launch works on in place, for other processes to meet it: `vyrectl control "
    "RING.live` shows and changes the control buffer of that launch.",
    "FILE.cl": "Operations of your own in OpenCL C: `VYRE_OP(id, name, documentation) { ... }`. The header `vyre_op.h` "
    "says what they may use; `vyrectl ops FILE.cl` lists them.",
    "FILE.npy": "Buffers of a launch, as numpy saves them.",
    "FILE.vrrl": "A replay log, which `launch --record` writes and `replay` reads.",
    "CONTROL": "A control buffer: shutdown, epoch, who may run, and counts. See `vyrectl control`.",
}

ENVIRONMENT: dict[str, str] = {
    "VYRECTL_DEVICE": "The default of `--device`: an id, `cpu`, `gpu`, a part of a name, or `reference`.",
    "VYRECTL_CACHE": "Where built kernels are kept, or `off`; a folder of the user's cache by default.",
    "VYRECTL_OPS": "Files with the names of operations, for all commands; `:` stands between two.",
    "VYRECTL_PAGER": "Pager for long tables on a terminal, before `PAGER`; `cat` for none.",
    "PAGER": "Pager for long tables; `less` by default.",
    "LESS": "Options of less(1), before those that vyrectl would give it.",
    "NO_COLOR": "When set, no colours unless `--color always`.",
    "LC_ALL": "Where the locale is not UTF-8 (`LC_ALL`, `LC_CTYPE`, `LANG`, the first that is set), lines are drawn in "
    "ASCII.",
    "LC_CTYPE": "See `LC_ALL`.",
    "LANG": "See `LC_ALL`.",
    "TERM": "`dumb` for a terminal that cannot be redrawn: `--watch` writes one picture below the other, `top` "
    "refuses.",
    "COLUMNS": "Width of the terminal.",
    "XDG_CACHE_HOME": "Where caches of built kernels lie; `~/.cache` by default.",
    "XDG_CONFIG_HOME": "Where `--install-completion` puts the scripts of fish and PowerShell.",
    "XDG_DATA_HOME": "Where `--install-completion` puts the script of bash.",
    "BASH_COMPLETION_USER_DIR": "The same, before `XDG_DATA_HOME`.",
    "HOME": "Where the user's folders lie, also those that a CPU driver writes into.",
    "TMPDIR": "Where temporary files are made, `/tmp` by default.",
    "OCL_ICD_VENDORS": "Folder of the `.icd` files that name OpenCL drivers, read by the OpenCL loader and `doctor`.",
    "VYRECTL_TRUST_DRIVERS": "When set, no driver or device is tried in a process of its own before one opens it.",
    "POCL_AFFINITY": "Set to 1, PoCL pins its threads to cores, which makes short kernels quicker.",
}
"""Variable -> what it does."""

SEE_ALSO = ("clinfo(1)", "jq(1)", "less(1)")

README = "The README of vyrectl has a tutorial, and says what is promised about edits and launches."
