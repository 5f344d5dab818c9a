"""The language of --where: against Python's own integers, name by name, and against hostile texts."""

from __future__ import annotations

import operator
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ring.rings import OPS, edge_words, numbered, run_python, slots_of
from vyrectl.abi.dtype import SLOT_DTYPE
from vyrectl.abi.slot import FIELD_INDEX
from vyrectl.errors import WhereError
from vyrectl.ring.grammar import MAX_CHARACTERS
from vyrectl.ring.tree import COLUMNS
from vyrectl.ring.where import Where, compile_where

Row = dict[str, int]
NOT_COMPARED = "not compared with each other"
UNKNOWN = ("is no state", "is no priority", "is no flag")
FIRST = 1000
"""Number of the first slot in these tests."""

ARITHMETIC: dict[str, Callable[[int, int], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": operator.floordiv,
    "%": operator.mod,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "<<": operator.lshift,
    ">>": operator.rshift,
}
COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Expression:
    """A text and what Python makes of it; a condition is 0 where it meets a division by zero."""

    text: str
    value: Callable[[Row], int]


def condition(inner: Expression) -> Expression:
    def value(row: Row) -> int:
        try:
            return int(inner.value(row) != 0)
        except ZeroDivisionError:
            return 0

    return Expression(inner.text, value)


def joined(left: Expression, sign: str, right: Expression, combine: Callable[[int, int], int]) -> Expression:
    return Expression(
        f"({left.text} {sign} {right.text})", lambda row: int(combine(left.value(row), right.value(row)))
    )


def binary(left: Expression, sign: str, right: Expression) -> Expression:
    return joined(left, sign, right, ARITHMETIC[sign])


def shift(left: Expression, sign: str, right: Expression, most: int) -> Expression:
    amount = binary(right, "&", Expression(str(most), lambda row: most))
    return joined(left, sign, amount, ARITHMETIC[sign])


def chain(first: Expression, signs: list[str], others: list[Expression]) -> Expression:
    links = list(zip(signs, others, strict=False))
    text = first.text + "".join(f" {sign} {one.text}" for sign, one in links)

    def value(row: Row) -> int:
        values = [first.value(row), *(one.value(row) for _, one in links)]
        return int(all(COMPARISONS[s](values[at], values[at + 1]) for at, (s, _) in enumerate(links)))

    return condition(Expression(f"({text})", value))


def member(operand: Expression, negated: bool, members: list[Expression]) -> Expression:
    listed = "".join(f"{one.text}, " for one in members)
    text = f"({operand.text} {'not in' if negated else 'in'} ({listed}))"

    def value(row: Row) -> int:
        return int((operand.value(row) in [one.value(row) for one in members]) != negated)

    return condition(Expression(text, value))


def negation(inner: Expression) -> Expression:
    inner = condition(inner)
    return Expression(f"(not {inner.text})", lambda row: 1 - inner.value(row))


def logic(one: Expression, sign: str, other: Expression) -> Expression:
    combine = {"and": min, "or": max}[sign]
    return joined(condition(one), sign, condition(other), combine)


def unary(sign: str, inner: Expression) -> Expression:
    functions: dict[str, Callable[[int], int]] = {"-": operator.neg, "+": operator.pos, "~": operator.invert}
    apply = functions[sign]
    return Expression(f"({sign}{inner.text})", lambda row: apply(inner.value(row)))


def column(name: str) -> Expression:
    return Expression(name, lambda row: row[name])


def literal(number: int, show: Callable[[int], str]) -> Expression:
    return Expression(show(number), lambda row: number)


leaves = st.sampled_from(COLUMNS).map(column) | st.builds(literal, edge_words, st.sampled_from([str, hex]))


def deeper_number(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    return st.one_of(
        st.builds(binary, inner, st.sampled_from(["+", "-", "*", "//", "%", "&", "|", "^"]), inner),
        st.builds(shift, inner, st.sampled_from(["<<", ">>"]), inner, st.sampled_from([7, 31, 63])),
        st.builds(unary, st.sampled_from("-+~"), inner),
    )


def deeper_condition(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    return st.builds(logic, inner, st.sampled_from(["and", "or"]), inner) | st.builds(negation, inner)


numbers = st.recursive(leaves, deeper_number, max_leaves=5)
tests = st.one_of(
    st.builds(
        chain,
        numbers,
        st.lists(st.sampled_from(list(COMPARISONS)), min_size=1, max_size=3),
        st.lists(numbers, min_size=1, max_size=3),
    ),
    st.builds(member, numbers, st.booleans(), st.lists(numbers, max_size=4)),
    st.builds(binary, st.sampled_from(COLUMNS).map(column), st.just("&"), numbers),
)
expressions = st.recursive(tests, deeper_condition, max_leaves=4)
rows = st.lists(st.lists(edge_words, min_size=16, max_size=16), min_size=1, max_size=5)


def row_of(words: list[int], number: int) -> Row:
    return {name: words[index] for name, index in FIELD_INDEX.items()} | {"slot": number}


def compiled(text: str, *refusals: str) -> Where | None:
    """The condition, or None when it is refused for one of these reasons."""
    try:
        return compile_where(text, OPS)
    except WhereError as error:
        refused = error
    assert 0 <= refused.column <= len(text)
    assert any(reason in refused.what for reason in refusals), refused
    return None


@settings(max_examples=250)
@given(expressions, rows)
def test_every_condition_says_what_python_integers_say(
    expression: Expression, words: list[list[int]]
) -> None:
    refusals = (
        "division by zero",
        "64 bits",
        "shift",
        "deep",
        "longer",
        "list is empty",
        "every slot",
        "no slot",
    )
    where = compiled(expression.text, *refusals, *UNKNOWN, NOT_COMPARED)
    if where is not None:
        wanted = [condition(expression).value(row_of(row, FIRST + at)) for at, row in enumerate(words)]
        assert where.mask(slots_of(words), FIRST).tolist() == [bool(one) for one in wanted]


BARE = st.recursive(
    st.sampled_from(["state", "age_ticks", "param", "slot", "3", "0x10", "7"]),
    lambda inner: st.one_of(
        st.builds(
            lambda a, s, b: f"{a} {s} {b}",
            inner,
            st.sampled_from(["+", "-", "*", "&", "|", "^", "<", "==", ">=", "and", "or"]),
            inner,
        ),
        st.builds(lambda s, a: f"{s}{a}", st.sampled_from(["-", "~", "not "]), inner),
        st.builds(lambda a: f"{a} % 5", inner),
    ),
    max_leaves=8,
)


@settings(max_examples=200)
@given(BARE, rows)
def test_operators_bind_as_in_python(text: str, words: list[list[int]]) -> None:
    refusals = ("64 bits", "the condition breaks off", "no condition", "no number", "every slot", "no slot")
    where = compiled(text, *refusals, *UNKNOWN, NOT_COMPARED)
    if where is not None:
        wanted = [bool(eval(text, {}, row_of(row, at))) for at, row in enumerate(words)]
        assert where.mask(slots_of(words), 0).tolist() == wanted


def holds(text: str, **fields: int) -> bool:
    """Whether a condition holds for one slot with these fields."""
    return bool(compile_where(text, OPS).mask(numbered(1, **fields), 7)[0])


# --- names ---


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("state == paused", {"state": 4}),
        ("state == Paused", {"state": 4}),
        ("'PAUSED' == state", {"state": 4}),
        ('state == "wait_io"', {"state": 4}),
        ("state == published", {"state": 1}),
        ("STATE == ready", {"state": 1}),
        ("state in (ready, yielded)", {"state": 5}),
        ("state in (paused)", {"state": 4}),
        ("state in [paused]", {"state": 4}),
        ("state NOT IN (ready, done) AND NOT param == 3", {"state": 4}),
        ("priority <= high", {"priority": 1}),
        ("flags & paused", {"flags": 1}),
        ("flags & (paused | yielded) == paused", {"flags": 1}),
        ("flags == resume_ready | yielded", {"flags": 10}),
        ("state == yielded and flags & yielded", {"state": 5, "flags": 2}),
        ("state == paused and not flags & (yielded | 4)", {"state": 4, "flags": 1}),
        ("state_name == paused and op_name == spin", {"state": 4, "op_handle": 0x1005}),
        ("fault_name == bad_handle", {"state": 7, "continuation_data": 0xFFFFFF02}),
        ("fault_name in (user(33), orphaned)", {"state": 7, "continuation_data": 33}),
        ("data == 'USER(33)'", {"continuation_data": 33}),
        ("fault_code == 33", {"state": 7, "continuation_data": 33}),
        ("not fault_name == user(33)", {"state": 1, "continuation_data": 33}),
        ("state == unknown(99)", {"state": 99}),
        ("data == engine(0xffffff77)", {"continuation_data": 0xFFFFFF77}),
        ("priority * 10 + age // 4 > 12", {"priority": 1, "age_ticks": 12}),
        ("op // 0x100000 - 0x400 != tenant", {"op_handle": 0x40300005, "tenant_id": 2}),
        ("op_handle == spin", {"op_handle": 0x1005}),
        ("op == MY_OP", {"op_handle": 0x20000}),
        ("op == fault", {"op_handle": 0x1008}),
        ("state == fault", {"state": 7}),
        ("age > 3 and tenant == 2 and pc == 1", {"age_ticks": 4, "tenant_id": 2, "continuation_pc": 1}),
        ("epoch == never", {"resume_epoch": 2**32 - 1}),
        ("state == faulted and data == out_of_range", {"state": 7, "continuation_data": 0xFFFFFF03}),
        ("slot == 7", {}),
        ("age_ticks != 0", {"age_ticks": 5}),
        ("not age_ticks & 3", {"age_ticks": 4}),
        ("  state==0\n", {}),
        ("0 < age_ticks <= 5 < param", {"age_ticks": 5, "param": 6}),
    ],
)
def test_names_and_forms(text: str, fields: dict[str, int]) -> None:
    assert holds(text, **fields)


def test_an_operation_named_like_a_column_does_not_hide_it() -> None:
    where = compile_where("state == 5", {"state": 5, "param": 1})
    assert not where.mask(numbered(1, state=0))[0]
    assert where.mask(numbered(1, state=5))[0]


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("state == puased", "paused"),
        ("age_tick > 3", "age_ticks"),
        ("op == spni", "spin"),
        ("priority == hgih", "high"),
        ("flags & resume_redy", "resume_ready"),
        ("zzz", "Columns are state"),
    ],
)
def test_an_unknown_name_suggests_the_closest(text: str, suggestion: str) -> None:
    with pytest.raises(WhereError, match=suggestion):
        compile_where(text, OPS)


# --- arithmetic ---


@pytest.mark.parametrize(
    "text",
    [
        "param - age_ticks < 0",
        "age_ticks + age_ticks == 8589934590",
        "age_ticks * age_ticks == 18446744065119617025",
        "(age_ticks * age_ticks) // 18446744065119617025 == 1",
        "~age_ticks == -4294967296",
        "-age_ticks // 2 == -2147483648",
        "-age_ticks % 7 == 4",
        "age_ticks << 31 == 9223372034707292160",
        "(age_ticks << 32) >> 32 == age_ticks",
        "(age_ticks >> 40) + age_ticks == 4294967295",
        "(-1 >> age_ticks) + age_ticks == 4294967294",
        "age_ticks & -1 == age_ticks",
    ],
)
def test_nothing_wraps(text: str) -> None:
    assert holds(text, age_ticks=2**32 - 1)


def test_dividing_by_zero_makes_the_comparison_false_and_nothing_else() -> None:
    for text in (
        "10 // param > 0",
        "10 // param <= 0",
        "10 % param == 0",
        "param & 10 // param",
        "0 == 1 // param < 5",
        "1 // param in (0, 1)",
        "1 // param not in (0, 1)",
    ):
        assert not holds(text, param=0)
    assert holds("not 10 // param > 0", param=0)
    assert holds("state == 0 or 10 // param > 0", param=0)
    assert holds("10 // param > 0", param=3)


# --- types ---

MEANT = [
    ("state == paused or ready", 19, "state == paused or state == ready, or state in (paused, ready)"),
    ("state == paused or 'ready'", 19, "state in (paused, 'ready')"),
    ("state in (paused, ready) or done", 28, "state in (paused, ready, done)"),
    ("state == paused and ready", 20, "state in (paused, ready)"),
    ("op == spin or my_op", 14, "op in (spin, my_op)"),
    ("op == 3 or 4", 11, "op in (3, 4)"),
    ("age > 3 or 5", 11, "age > 5"),
    ("tenant == 3 or paused", 15, "state == paused"),
    ("state == high", 9, "priority == high"),
    ("priority == paused", 12, "state == paused"),
    ("priority in (high, paused)", 19, "state == paused"),
    ("priority < high < paused", 18, "state == paused"),
    ("fault == bad_handle", 0, "fault_name == bad_handle"),
    ("paused == 4", 0, "state == paused"),
    ("tenant == critical", 10, "priority == critical"),
    ("param == never", 9, "epoch == never"),
    ("param == done", 9, "state == done"),
    ("param == user(33)", 9, "fault_name == user(33)"),
    ("user(33)", 0, "fault_name == user(33)"),
    ("data == user(4294967041)", 8, ""),
    ("paused", 0, "state == paused"),
    ("not paused", 4, "state != paused"),
    ("resume_ready", 0, "flags & resume_ready"),
    ("flags", 0, "flags != 0"),
    ("not age", 4, "age == 0"),
    ("state == done and flags", 18, "flags != 0"),
    ("1", 0, "state == paused"),
    ("0 or state == paused", 0, "state == paused"),
    ("param + 1", 0, "Compare it with a number"),
    ("3 & 1", 0, "Compare it with a number"),
    ("state == (paused or ready)", 10, "state in (paused, ready)"),
    ("state in (paused or ready)", 10, "state in (paused, ready)"),
    ("state == paused | ready", 9, "state in (paused, ready)"),
    ("state & paused == 4", 8, "state == paused"),
    ("state == paused + 1", 9, "state == paused"),
    ("state == -paused", 10, "state == paused"),
    ("state == paused & tenant == 3", 9, "state == paused and tenant == 3"),
    ("state == priority", 9, ""),
    ("priority + 1 == high", 16, ""),
    ("op in (spin, tenant)", 13, ""),
    ("flags == param", 9, ""),
    ("(state == paused) == 1", 1, "and, or, not"),
    ("(not age == 1) + 1 == 1", 1, "and, or, not"),
    ("tenant not in ()", 14, "a variable is not set"),
    ("state in []", 9, "a variable is not set"),
    ("state != ready or state != done", 18, "state != ready and state != done"),
    ("age > 3 and (tenant != 1 or age != 1 or tenant != 2)", 40, "tenant != 1 and tenant != 2"),
    ("state not in (ready, done) or not age & 1 or state != paused", 45, "and state != paused"),
]


@pytest.mark.parametrize(
    "text",
    [
        "state != ready or tenant != 1",
        "state != ready or state != 1",
        "state not in (ready, done) or state != done",
        "age != tenant or age != 3",
        "state == ready and priority == high",
        "age >= 0 and tenant == 3",
        "slot >= 0 and slot < 5",
        "0 <= slot < 5",
        "state == ready and (age >= 0 or param > 3)",
        "state == ready and (3 <= slot < 3 and priority != high or 3 <= slot < 9 and priority != low)",
        "state > 7 or state == ready",
        "priority > 4",
        "flags & 0xfffffff0",
        "state == unknown(8) and priority != unknown(9)",
        "fault_name == user(33) or not fault_name == user(33)",
        "fault_name >= 0",
        "10 // param >= -10",
        "state in (ready, done) and state in (done, paused)",
        "slot in (1, 2) or slot > 1",
        "(flags & paused) == 1",
        "slot % 2 == 1",
        "state == ready and (5 < 3 < slot or slot > 2)",
        "fault_name == data",
        "op == tenant3:5 and tenant != 3",
        "fault_name != bad_handle or fault_name != out_of_range",
    ],
)
def test_other_alternatives_are_left_to_who_typed_them(text: str) -> None:
    compile_where(text, OPS)


@pytest.mark.parametrize(("text", "column", "meant"), MEANT)
def test_a_name_belongs_to_its_field_and_a_condition_is_no_number(text: str, column: int, meant: str) -> None:
    with pytest.raises(WhereError) as refused:
        compile_where(text, OPS)
    assert (refused.value.column, refused.value.exit_code) == (column, 2)
    assert meant in (refused.value.fix or "")


@pytest.mark.parametrize("text", [meant for _, _, meant in MEANT if " == " in meant or " in (" in meant])
def test_what_was_meant_is_in_the_language(text: str) -> None:
    compile_where(text.partition(", or ")[0], OPS)


# --- refusals ---

REFUSED = [
    ("", 0, "empty"),
    ("   ", 0, "empty"),
    ("state = 4", 6, "=="),
    ("state == 4 && param", 11, "and"),
    ("state || param", 6, "or"),
    ("!state", 0, "not"),
    ("state <> 4", 6, "!="),
    ("state ==", 8, "breaks off"),
    ("state == 4)", 10, "unmatched"),
    ("(state == 4", 0, "never closed"),
    ("state 4", 6, "parse"),
    ("state == 'paused", 9, "unterminated"),
    ("  state.real", 7, "has no place"),
    ("state == 1.5", 10, "whole numbers"),
    ("state == 1e3", 9, "no whole number"),
    ("age_ticks ** 2", 10, "no power"),
    ("(age_ticks) / 2", 12, "//"),
    ("state is 4", 6, "=="),
    ("abs(state)", 0, "no functions"),
    ("__import__('os')", 0, "no functions"),
    ("state[0]", 0, "not part"),
    ("state, param", 0, "parentheses"),
    ("state == (1, 2)", 9, "state in (1, 2)"),
    ("[x for x in (1, 2)]", 1, "breaks off"),
    ("1 if state else 2", 0, "and, or, not"),
    ("lambda: 1", 6, "has no place"),
    ("(yield)", 1, "state == yield"),
    ("state in (*param,)", 10, "not part"),
    ("state == None", 9, "no whole number"),
    ("state == True", 9, "no whole number"),
    ("state == b'x'", 9, "no whole number"),
    ("state == 4 # comment", 11, "has no place"),
    ("state == 4; param", 10, "has no place"),
    ("stäte == 4", 2, "has no place"),
    ("param // 0 == 1", 9, "division by zero"),
    ("param % (3 - 3) == 1", 9, "division by zero"),
    ("1 << param == 3", 5, "63"),
    ("1 << -1 == 3", 5, "negative"),
    ("1 >> (param - 1) == 3", 6, "negative"),
    ("param * param * param == 1", 0, "64 bits"),
    ("param == " + "9" * 20, 9, "64 bits"),
    ("param == -" + "9" * 20, 10, "64 bits"),
    ("slot in (1, 2) in (3, 4)", 5, "chained"),
]


@pytest.mark.parametrize(("text", "column", "message"), REFUSED)
def test_anything_else_is_refused_at_its_column(text: str, column: int, message: str) -> None:
    with pytest.raises(WhereError) as caught:
        compile_where(text, OPS)
    assert caught.value.column == column
    assert message in str(caught.value)
    assert caught.value.exit_code == 2
    assert f"column {column + 1}" in str(caught.value)


HOSTILE = {
    "parentheses": "(" * 10_000 + "1" + ")" * 10_000,
    "parentheses that fit": "(" * 2000 + "1" + ")" * 2000,
    "minuses": "-" * 4000 + "1",
    "complements": "~" * 4000 + "1",
    "nots": "not " * 1000 + "1",
    "a tower": "9**9**9**9",
    "digits": "9" * 4090,
    "hexadecimal digits": "0x" + "f" * 4000,
    "a shift": "1 << 1 << 1 << 127",
    "a sum": "+".join(["param"] * 600),
    "a product": "*".join(["param"] * 600),
    "comparisons": "<".join(["param"] * 600) + "**2",
    "a null": "state\0 == 1",
    "a surrogate": "\udc80",
    "an escape": "'\\x41'",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_texts_are_refused_quickly(text: str) -> None:
    start = time.process_time()
    with pytest.raises(WhereError) as caught:
        compile_where(text, OPS)
    assert time.process_time() - start < 2
    assert 0 <= caught.value.column <= max(len(text), MAX_CHARACTERS)
    assert max(map(len, caught.value.pointer().splitlines())) < 120


@given(st.text(alphabet="state()&|<>=!+-*/%~^,.'\"[] 019x\n#\\é", max_size=40))
def test_any_text_is_compiled_or_refused(text: str) -> None:
    where = compiled(text, "")
    if where is not None:
        assert where.mask(numbered(3)).shape == (3,)


def test_the_parser_warns_about_nothing() -> None:
    assert holds("slot > 5and state == 0")


@pytest.mark.alone
def test_a_million_slots_take_tens_of_milliseconds() -> None:
    slots = numbered(1 << 20, state=4)
    slots["age_ticks"] = np.arange(len(slots)) % 30
    where = compile_where("state == paused and age_ticks > 10", OPS)
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        found = sum(int(where.mask(slots[at : at + 32768], at).sum()) for at in range(0, len(slots), 32768))
        seconds.append(time.perf_counter() - start)
        assert found == int((np.arange(1 << 20) % 30 > 10).sum())
    assert min(seconds) < 0.2


def test_parsing_needs_no_numpy() -> None:
    run_python(
        "import sys\n"
        "from vyrectl.ring.where import compile_where\n"
        "compile_where('state == paused and age_ticks > 10', {})\n"
        "assert 'numpy' not in sys.modules\n"
    )


def test_only_states_and_priorities_are_told_how_they_are_ordered() -> None:
    codes = {"scale": 4097}
    assert compile_where("op > scale", codes).ordered == ()
    assert len(compile_where("priority > high", codes).ordered) == 1


# --- what is foregone ---

FOREGONE = [
    ("state == 8", 9, "unknown(8)"),
    ("8 != state", 0, "unknown(8)"),
    ("state in (ready, 8)", 17, "unknown(8)"),
    ("priority not in (5, high)", 17, "critical 0"),
    ("flags == 4096", 9, "resume_ready 8"),
    ("state == 99999999999", 9, "faulted 7"),
    ("tenant == -1", 0, "tenant == 4294967295"),
    ("slot == -1", 0, ""),
    ("slot < 0", 0, "slot <= 0"),
    ("priority < critical", 0, "priority <= critical"),
    ("epoch > never", 0, "epoch >= never"),
    ("epoch <= never", 0, "epoch < never"),
    ("age > 4294967295", 0, ""),
    ("age < 5000000000", 0, "--all"),
    ("age >= 0", 0, "age > 0"),
    ("state == ready or age >= 0", 18, "age > 0"),
    ("not age < 0", 4, ""),
    ("not (state == ready and age >= 0 and 1 == 1)", 37, ""),
    ("state == ready and age < 0", 19, "age <= 0"),
    ("state == ready and (age < 0 or slot < 0)", 20, ""),
    ("not age >= 0 or state == ready", 4, "age > 0"),
    ("age >= 0 and param >= 0", 0, "--all"),
    ("1 == 1", 0, "--all"),
    ("2 in (1, 2)", 0, "--all"),
    ("3 not in (1, 2)", 0, "--all"),
    ("age == age", 0, "--all"),
    ("age != age", 0, ""),
    ("flags & 0", 0, ""),
    ("flags & 1 == 2", 0, "flags & 2"),
    ("(param | 1) == 4", 0, ""),
    ("4 != (param & 3)", 0, "--all"),
    ("param % 4 == 4", 0, ""),
    ("10 // param > 10", 0, ""),
    ("10 // param not in (-11, 11)", None, ""),
    ("5 > slot > 7", 0, ""),
    ("slot in (1-5)", 0, "1 <= slot <= 5"),
    ("state == ready and state == done", 19, "state == ready or state == done"),
    ("state == ready and tenant == 3 and not state == ready", 35, "Leave one of them out"),
    ("slot > 5 and 3 > slot", 13, "slot > 5 or 3 > slot"),
    ("state in (ready, done) and state not in (done, ready)", 27, ""),
    ("fault_name == bad_handle and fault_name == orphaned", 29, "or fault_name == orphaned"),
    ("slot < 5 or slot > 3", 12, "slot < 5 and slot > 3"),
    ("state != ready or state == ready", 18, "Leave one of them out"),
]


@pytest.mark.parametrize(("text", "column", "meant"), FOREGONE)
def test_what_no_slot_or_every_slot_fulfils_is_refused(text: str, column: int | None, meant: str) -> None:
    if column is None:
        compile_where(text, OPS)
        return
    with pytest.raises(WhereError) as refused:
        compile_where(text, OPS)
    assert (refused.value.column, refused.value.exit_code) == (column, 2)
    assert meant in (refused.value.fix or "")
    offered = re.fullmatch(r"Did you mean (.*)\?.*", refused.value.fix or "")
    if offered:
        compile_where(offered[1], OPS)


SPELLINGS = [
    ("state = ready", "state == ready"),
    ("state === ready", "state == ready"),
    ("state =~ ready", "state == ready"),
    ("state <> ready", "state != ready"),
    ("state !== ready", "state != ready"),
    ("age => 3", "age >= 3"),
    ("state==ready && slot<4", "state==ready and slot<4"),
    ("state = ready || slot < 4", "state == ready or slot < 4"),
    ("!(state == ready)", "not (state == ready)"),
    ("(state == ready) & (tenant == 3)", "(state == ready) and (tenant == 3)"),
    ("(state == ready) | (tenant == 3)", "(state == ready) or (tenant == 3)"),
    ("state == ready; slot < 4", "state == ready and slot < 4"),
    ("state == ready, slot < 4", "state == ready and slot < 4"),
    ("state is ready", "state == ready"),
    ("state is not ready", "state != ready"),
    ("state -eq ready", "state == ready"),
    ("age gt 3", "age > 3"),
    ("state ready", "state == ready"),
    ("state not ready", "state != ready"),
    ("state:ready and tenant:3", "state == ready and tenant == 3"),
    ("state.ready", "state == ready"),
    ("state in {ready, done}", "state in (ready, done)"),
    ("state == ready, done", "state in (ready, done)"),
    ("state == ready/done", "state in (ready, done)"),
    ("slot in 1, 2", "slot in (1, 2)"),
    ("slot in 1-5", "1 <= slot <= 5"),
    ("slot == 1..5", "1 <= slot <= 5"),
    ("slot in (1:5)", "1 <= slot <= 5"),
    ("slot between 1 and 5", "1 <= slot <= 5"),
    ("slot > 1 and < 5", "slot > 1 and slot < 5"),
    ("age > 10k", "age > 10000"),
    ("age > 1e6", "age > 1000000"),
    ("age > 1_000", "age > 1000"),
    ("age > 2.0", "age > 2"),
    ("state == 'a = b' && slot = 3", None),
    ("op = 'spin' && slot = 3", "op == 'spin' and slot == 3"),
    ("state like rea", None),
    ("state == ready and", None),
    ("state = ready" + " && slot = 3" * 40, None),
]


@pytest.mark.parametrize(("text", "meant"), SPELLINGS)
def test_other_languages_spellings_are_answered_with_ours(text: str, meant: str | None) -> None:
    with pytest.raises(WhereError) as refused:
        compile_where(text, OPS)
    assert refused.value.exit_code == 2
    if meant is None:
        assert not (refused.value.fix or "").startswith("Did you mean state ==")
    else:
        assert refused.value.fix == f"Did you mean {meant}?"
        compile_where(meant, OPS)


@pytest.mark.parametrize("name", ["pass", "yield_", "from", "lambda", "class", "async", "global"])
def test_an_operation_may_be_called_what_pythons_grammar_takes(name: str) -> None:
    for text in (f"op == {name}", f"'{name}' == op", f"not op in (spin, {name}) or op == {name}"):
        where = compile_where(text.replace("not op in", "op in"), {**OPS, name: 0x30000})
        assert where.mask(numbered(1, op_handle=0x30000))[0]


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("state == true", "state is one of empty 0"),
        ("state == unknown", "state > 7"),
        ("priority == unknown", "priority > 4"),
        ("op == zzzzzz", "--op-names FILE"),
        ("tenant == 'zzzzzz'", "tenant_id is compared with whole numbers"),
        ("fault == user(33)", "fault_name == user(33)"),
        ("age > 10ms", ""),
        ("fault_name == zzzzzz", "fault_name is one of unknown_op"),
        ("abs(3) == state", "There are no functions"),
        ("state == ready adn slot < 4", "Did you mean 'and'?"),
    ],
)
def test_an_unknown_name_is_answered_with_those_of_its_column(text: str, known: str) -> None:
    with pytest.raises(WhereError) as refused:
        compile_where(text, OPS)
    assert known in (refused.value.fix or "")


@pytest.mark.parametrize(
    "text",
    [
        "(state == ready",
        "state == ready)",
        "state == 'ready",
        "param == 0x",
        "state ==",
        "1 2",
        "state == ready and",
        "[1",
        "",
    ],
)
def test_every_refusal_has_a_way_on(text: str) -> None:
    with pytest.raises(WhereError) as refused:
        compile_where(text, {})
    assert refused.value.fix


def test_zeros_before_a_number_say_nothing() -> None:
    slots = np.zeros(2, SLOT_DTYPE)
    slots["param"] = (10, 0)
    for text in ("param == 010", "010 == param", "param in (0010, 5)", "param == 0x00a", "param - 00 == 010"):
        assert compile_where(text, {}).mask(slots, 0).tolist() == [True, False]
