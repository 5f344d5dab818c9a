"""Names of states, priorities, flags, opcodes and fault codes, and what is made of words without one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vyrectl.abi.faults import ENGINE_FAULTS, FIRST_ENGINE_FAULT, fault_meaning, fault_name
from vyrectl.abi.opcodes import (
    CONTROL_OPCODES,
    SHIPPED_FIRST,
    SHIPPED_LAST,
    is_builtin_opcode,
    is_publishable_opcode,
    is_system_opcode,
)
from vyrectl.abi.states import (
    KNOWN_FLAGS,
    PROTOCOL_STATE_NAMES,
    SCHEDULABLE,
    TRANSITIONABLE,
    TaskFlag,
    TaskPriority,
    TaskState,
    known_priority,
    known_state,
    parse_flags,
    parse_priority,
    parse_state,
    priority_name,
    state_name,
)
from vyrectl.cli.describe import flag_list
from vyrectl.errors import UnknownNameError

u32 = st.integers(0, 2**32 - 1)


def test_states_are_those_of_the_spec() -> None:
    labels = [state.label for state in TaskState]
    assert labels == ["Empty", "Ready", "Running", "Done", "Paused", "Yielded", "Requeued", "Faulted"]
    assert [int(state) for state in TaskState] == list(range(8))
    assert list(PROTOCOL_STATE_NAMES.values()) == [
        "EMPTY",
        "PUBLISHED",
        "CLAIMED",
        "DONE",
        "WAIT_IO",
        "YIELD",
        "REQUEUE",
        "FAULT",
    ]


def test_named_subsets() -> None:
    assert {state.label for state in SCHEDULABLE} == {"Ready", "Yielded", "Requeued"}
    assert {state.label for state in TRANSITIONABLE} == {"Ready", "Running", "Paused", "Yielded", "Requeued"}


def test_priorities_and_flags_are_those_of_the_spec() -> None:
    assert [(one.label, int(one)) for one in TaskPriority] == [
        ("Critical", 0),
        ("High", 1),
        ("Normal", 2),
        ("Low", 3),
        ("Idle", 4),
    ]
    assert [(one.name, int(one)) for one in TaskFlag] == [
        ("PAUSED", 1),
        ("YIELDED", 2),
        ("REQUEUE_REQUESTED", 4),
        ("RESUME_READY", 8),
    ]
    assert KNOWN_FLAGS == 15


@given(u32)
def test_an_unknown_word_is_shown_and_never_coerced(word: int) -> None:
    if word > 7:
        assert known_state(word) is None
        assert state_name(word) == f"unknown({word})"
    else:
        assert known_state(word) == word
    if word > 4:
        assert known_priority(word) is None
        assert priority_name(word) == f"unknown({word})"
    else:
        assert known_priority(word) == word


@given(u32)
def test_flag_words_survive_being_shown_and_read(word: int) -> None:
    assert parse_flags("|".join(flag_list(word)) or "-") == word


@pytest.mark.parametrize(
    ("text", "word"), [("paused", 4), (" Ready ", 1), ("WAIT_IO", 4), ("published", 1), ("FAULT", 7)]
)
def test_states_are_read_by_both_names_in_any_case(text: str, word: int) -> None:
    assert parse_state(text) == word


@pytest.mark.parametrize("text", ["none", "-", ""])
def test_no_flags(text: str) -> None:
    assert parse_flags(text) == 0


def test_an_unknown_name_suggests_the_closest() -> None:
    for parse, text, close in (
        (parse_state, "puased", "paused"),
        (parse_priority, "hihg", "high"),
        (parse_flags, "resume_redy", "resume_ready"),
    ):
        with pytest.raises(UnknownNameError) as caught:
            parse(text)
        assert close in str(caught.value)
        assert caught.value.exit_code == 2


def test_opcode_ranges_are_those_of_the_spec() -> None:
    for code in (0, 7, 0xFFF0, 0xFFFF, 0x8000_0000, 0xFFFF_FFFF):
        assert is_system_opcode(code)
    for code in (8, 0xFFEF, 0x1_0000, 0x7FFF_FFFF, SHIPPED_FIRST, SHIPPED_LAST):
        assert not is_system_opcode(code)
        assert not is_builtin_opcode(code)
        assert is_publishable_opcode(code)
    for code in (0, 7, 0x8000_0001, 0xFFFE, 0xFFFF_FFFF):
        assert is_builtin_opcode(code)
        assert is_publishable_opcode(code)
    for code in (0xFFFD, 0xFFF0, 0x8000_0000, 0x8000_0002):
        assert not is_publishable_opcode(code)


def test_control_opcodes_are_all_in_the_system_range_and_named_once() -> None:
    assert all(is_system_opcode(one.code) for one in CONTROL_OPCODES)
    assert (
        len({one.code for one in CONTROL_OPCODES})
        == len({one.name for one in CONTROL_OPCODES})
        == len(CONTROL_OPCODES)
    )


def test_engine_faults_lie_above_every_user_code_and_have_names() -> None:
    assert (
        len({fault.code for fault in ENGINE_FAULTS})
        == len({fault.name for fault in ENGINE_FAULTS})
        == len(ENGINE_FAULTS)
    )
    for fault in ENGINE_FAULTS:
        assert fault.code > FIRST_ENGINE_FAULT
        assert fault_name(fault.code) == fault.name
        assert fault_meaning(fault.code) == fault.meaning
    assert fault_name(7) == "user(7)"
    assert fault_name(0xFFFF_FF80) == "engine(4294967168)"
    assert "operation" in fault_meaning(7)


def test_a_flag_that_is_named_twice_is_set_once() -> None:
    assert parse_flags("paused|yielded+PAUSED") == TaskFlag.PAUSED | TaskFlag.YIELDED
