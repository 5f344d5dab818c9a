"""Tasks from JSON lines and CSV: values, defaults, and an error with its line for everything else."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ring.rings import OPS, edge_words, slots_of
from vyrectl import SLOT_DTYPE, Ring
from vyrectl.abi.limits import SLOT_WORDS
from vyrectl.abi.slot import FIELD_ALIASES, FIELD_INDEX, FIELD_NAMES
from vyrectl.errors import InvalidInputError
from vyrectl.ring import tables
from vyrectl.ring.tables import MAX_LINE_CHARACTERS, read_csv, read_jsonl
from vyrectl.task.arrays import SlotArray


def from_jsonl(text: str | bytes) -> SlotArray:
    data = text if isinstance(text, bytes) else text.encode()
    return read_jsonl(io.BytesIO(data), op_codes=OPS, source="tasks.jsonl")


def from_csv(text: str | bytes) -> SlotArray:
    data = text if isinstance(text, bytes) else text.encode()
    return read_csv(io.BytesIO(data), op_codes=OPS, source="tasks.csv")


def row(**fields: int) -> list[int]:
    """The 16 words of a task, the first of its table unless said otherwise."""
    words = [0] * SLOT_WORDS
    for name, value in ({"state": 1, "priority": 2, "task_id": 1} | fields).items():
        words[FIELD_INDEX[name]] = value
    return words


# --- what is read ---


@given(st.lists(st.lists(edge_words, min_size=16, max_size=16), min_size=1, max_size=5))
def test_any_words_survive_both_tables(words: list[list[int]]) -> None:
    wanted = slots_of(words).tobytes()
    lines = "".join(json.dumps(dict(zip(FIELD_NAMES, one, strict=True))) + "\n" for one in words)
    assert from_jsonl(lines).tobytes() == wanted
    table = io.StringIO()
    csv.writer(table).writerows([FIELD_NAMES, *words])
    assert from_csv(table.getvalue()).tobytes() == wanted
    quoted = io.StringIO()
    csv.writer(quoted, quoting=csv.QUOTE_ALL).writerows(
        [FIELD_NAMES, *([hex(word) for word in one] for one in words)]
    )
    assert from_csv(quoted.getvalue()).tobytes() == wanted


VALUES: list[tuple[str, str, int]] = [
    ("state", "paused", 4),
    ("state", "WAIT_IO", 4),
    ("state", "99", 99),
    ("priority", "Critical", 0),
    ("flags", "PAUSED|0x10", 17),
    ("flags", "none", 0),
    ("op_handle", "spin", 0x1005),
    ("op_handle", "My_Op", 0x20000),
    ("op", "0x1000", 0x1000),
    ("age", "7", 7),
    ("resume_epoch", "never", 2**32 - 1),
    ("param", "0xFFFFFFFF", 2**32 - 1),
    ("param", "007", 7),
    ("param", "  8 ", 8),
    ("param", "0000000000000000009", 9),
]


@pytest.mark.parametrize(("name", "text", "word"), VALUES)
def test_values_by_number_and_by_name(name: str, text: str, word: int) -> None:
    wanted = slots_of([row(**{FIELD_ALIASES.get(name, name): word})])
    assert from_jsonl(json.dumps({name: text})).tobytes() == wanted.tobytes()
    assert from_csv(f"{name}\n{text}\n").tobytes() == wanted.tobytes()


def test_the_same_name_means_what_it_means_in_each_column() -> None:
    slots = from_csv("state,flags,op\nyielded,yielded,fault\nyielded,yielded,fault\n")
    assert slots["state"].tolist() == [5, 5]
    assert slots["flags"].tolist() == [2, 2]
    assert slots["op_handle"].tolist() == [0x1008, 0x1008]


def test_defaults_and_task_ids_count_tasks_not_lines() -> None:
    lines = '\n{}\n   \n{"task_id": 40}\n\n{"state": "empty"}\n'
    assert (
        from_jsonl(lines).tobytes() == slots_of([row(), row(task_id=40), row(state=0, task_id=3)]).tobytes()
    )
    table = "\ntask_id,state\n\n,\n  \n40,\n,empty\n"
    assert from_csv(table).tobytes() == slots_of([row(), row(task_id=40), row(state=0, task_id=3)]).tobytes()


def test_no_tasks_are_an_empty_ring() -> None:
    assert len(from_jsonl("")) == len(from_jsonl("\n\n")) == len(from_csv("state\n")) == 0


@pytest.mark.parametrize("read", [from_jsonl, from_csv])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_byte_order_marks(read: Callable[[bytes], SlotArray], end: bytes, mark: bytes) -> None:
    lines = [b'{"param": 5}', b'{"param": 6}'] if read is from_jsonl else [b"param", b"5", b"6"]
    assert read(mark + end.join(lines))["param"].tolist() == [5, 6]


def test_text_streams_and_the_result_can_be_changed_and_saved() -> None:
    slots = read_jsonl(io.StringIO('{"param": 5}\n'), op_codes=OPS, source="-")
    assert slots.dtype == SLOT_DTYPE
    slots["param"] += np.uint32(1)
    assert Ring.from_slots(slots).snapshot().ready_count == 1


def test_cells_may_be_quoted_and_hold_a_line_break() -> None:
    assert from_csv('"param","op"\n"5","sp""in"\n'.replace('sp""in', "spin"))["param"].tolist() == [5]
    with pytest.raises(InvalidInputError, match="line 3, column param"):
        from_csv('param,op\n"x\ny",nop\n')


def test_columns_in_any_order_and_case() -> None:
    assert from_csv(" Param ,OP\n5,spin\n").tobytes() == slots_of([row(param=5, op_handle=0x1005)]).tobytes()
    assert from_jsonl('{"b": 1}'.replace("b", "Tenant"))["tenant_id"].tolist() == [1]


# --- what is refused ---

BAD_JSONL: list[tuple[bytes, str, str]] = [
    (b'{"stat": 1}', "unknown key 'stat'", "Did you mean 'state'"),
    (b'{"colour": 1}', "unknown key 'colour'", "Fields are state"),
    (b'{"state": 1, "state": 1}', "the key state comes twice", ""),
    (b'{"age": 1, "age_ticks": 1}', "the key age_ticks comes twice", ""),
    (b'{"param": 1, "p\\u0061ram": 1}', "the key param comes twice", ""),
    (b'{"state": "redy"}', "unknown state 'redy'", "ready"),
    (b'{"op": "spun"}', "unknown op 'spun'", "spin"),
    (b'{"flags": "paused|pasued"}', "unknown flag 'pasued'", "paused"),
    (b'{"resume_epoch": "later"}', "unknown epoch 'later'", ""),
    (b'{"param": true}', "param is true", ""),
    (b'{"param": null}', "param is null", ""),
    (b'{"param": 1.0}', "param is 1.0", ""),
    (b'{"param": NaN}', "param is nan", ""),
    (b'{"param": 1e3}', "param is 1000.0", ""),
    (b'{"param": -1}', "param is -1", ""),
    (b'{"param": 4294967296}', "param is 4294967296", "4294967295"),
    (b'{"param": "4294967296"}', "param is 4294967296", ""),
    (b'{"flags": "0x1ffffffff"}', "flags is 8589934591", ""),
    (b'{"param": [1]}', "param is a list", ""),
    (b'{"param": {"a": 1}}', "param is an object", ""),
    (b'{"param": "spin"}', "param is 'spin'", ""),
    (b'{"param": ""}', "param is ''", ""),
    (b'{"state": "-1"}', "state is '-1'", ""),
    (b"[1]", "no JSON object", ""),
    (b"7", "no JSON object", ""),
    (b'"state"', "no JSON object", ""),
    (b'[["state", 1]]', "no JSON object", ""),
    (b"{", "not JSON", ""),
    (b"{'state': 1}", "not JSON", ""),
    (b"{} {}", "more text after the object", ""),
    (b'{"param": ' + b"[" * 100_000, "not JSON", ""),
    (b'{"param": ' + b"9" * 5000 + b"}", "not JSON", ""),
    (b'{"param": \xff}', "byte 11 of the line is no UTF-8", ""),
    (b'{"param": 1}\0', "NUL byte", ""),
    (b" " * (MAX_LINE_CHARACTERS + 1), "longer than 1 MiB", ""),
]


@pytest.mark.parametrize(("line", "what", "fix"), BAD_JSONL)
def test_a_bad_json_line_is_named(line: bytes, what: str, fix: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        from_jsonl(b'{"state": 1}\n\n' + line + b"\n{}\n")
    assert what in caught.value.what
    assert fix in str(caught.value.fix)
    assert str(caught.value.where).startswith("tasks.jsonl, line 3")
    assert caught.value.exit_code == 3
    assert len(str(caught.value)) < 600


BAD_CSV: list[tuple[bytes, str, str]] = [
    (b"1", "has 1 cells and the header 2", "line 3"),
    (b"1,2,3", "has 3 cells and the header 2", "line 3"),
    (b"1,x", "age_ticks is 'x'", "line 3, column age_ticks"),
    (b"1,-1", "age_ticks is '-1'", "line 3, column age_ticks"),
    (b"1,1.5", "age_ticks is '1.5'", "line 3, column age_ticks"),
    (b"1,1_0", "age_ticks is '1_0'", "line 3, column age_ticks"),
    (b"1,4294967296", "age_ticks is 4294967296", "line 3, column age_ticks"),
    (b"1," + "٣".encode(), "is no whole number", "line 3, column age_ticks"),
    (b"redy,1", "unknown state 'redy'", "line 3, column state"),
    (b'1,"2', "not CSV", "line"),
    (b'"1"x,2', "not CSV", "line 3"),
    (b"\xff,1", "no UTF-8", "line 3"),
    (b"1,\0", "NUL", "line 3"),
    (b"1," + b"9" * 200_000, "not CSV", "line 3"),
]


@pytest.mark.parametrize(("line", "what", "where"), BAD_CSV)
def test_a_bad_csv_line_is_named(line: bytes, what: str, where: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        from_csv(b"state,age\n1,1\n" + line + b"\n2,2\n")
    assert what in str(caught.value)
    assert str(caught.value.where).startswith(f"tasks.csv, {where}")


@pytest.mark.parametrize(
    ("header", "what"),
    [
        (b"", "no header line"),
        (b"\n\n", "no header line"),
        (b"state,colour\n", "unknown column 'colour'"),
        (b"state,\n", "unknown column ''"),
        (b"state,State\n", "the column state comes twice"),
        (b"age,age_ticks\n", "the column age_ticks comes twice"),
        (b"1,2\n", "unknown column '1'"),
    ],
)
def test_a_bad_header_is_named(header: bytes, what: str) -> None:
    with pytest.raises(InvalidInputError, match=what) as caught:
        from_csv(header)
    assert "tasks.csv" in str(caught.value.where)


@given(st.binary(max_size=60), st.sampled_from([from_jsonl, from_csv]))
def test_any_bytes_are_read_or_refused(data: bytes, read: Callable[[bytes], SlotArray]) -> None:
    try:
        slots = read(data)
    except InvalidInputError as error:
        refused: InvalidInputError | None = error
    else:
        refused = None
        assert slots.dtype == SLOT_DTYPE
    assert refused is None or refused.where is not None


@given(
    st.lists(
        st.sampled_from(["{}", '{"state":', "1", '"op"', ",", "}", "[", "]", "\n", '"nop"', " "]), max_size=12
    )
)
def test_any_pieces_of_json_are_read_or_refused(pieces: list[str]) -> None:
    try:
        slots = from_jsonl("".join(pieces))
    except InvalidInputError as error:
        refused: InvalidInputError | None = error
    else:
        refused = None
        assert len(slots) <= len(pieces)
    assert refused is None or "line" in str(refused.where)


@pytest.mark.alone
def test_a_task_line_takes_microseconds() -> None:
    count = 20_000
    lines = b"".join(
        b'{"op_handle": "spin", "priority": %d, "param": %d}\n' % (n % 5, n) for n in range(count)
    )
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        assert len(from_jsonl(lines)) == count
        seconds.append(time.perf_counter() - start)
    assert min(seconds) / count < 20e-6


def test_what_is_remembered_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_MEMO_TEXTS", 2)
    names = ["param", "input", "output", "tenant"]
    lines = [json.dumps({name: str(number), "op": "nop"}) for number, name in enumerate(names * 3)]
    slots = from_jsonl("\n".join(lines))
    assert slots["param"].tolist() == [0, 0, 0, 0, 4, 0, 0, 0, 8, 0, 0, 0]
    assert slots["tenant_id"].tolist() == [0, 0, 0, 3, 0, 0, 0, 7, 0, 0, 0, 11]


def test_tasks_may_be_taken_as_they_come() -> None:
    rows = tables.TaskRows(OPS, "feed", "field")
    rows.add_pairs((("param", 3),))
    assert rows.take()["param"].tolist() == [3]
    assert len(rows.take()) == 0
    rows.add_pairs((("param", 4),))
    taken = rows.take()
    assert (taken["param"].tolist(), taken["task_id"].tolist()) == ([4], [2])
