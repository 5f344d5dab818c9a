"""Names of operations from files, and how every lookup follows them."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vyrectl.engine.naming import Naming, named_by, remembered
from vyrectl.engine.op_names import files_of_environment, read_naming
from vyrectl.engine.ops import op_codes, op_doc, op_name
from vyrectl.errors import InvalidInputError

SOURCE = 'VYRE_OP(0x20001, gather, "collects") { return vyre_done(); }\n'


def names_in(tmp_path: Path, text: str, suffix: str = ".json") -> dict[int, str]:
    path = tmp_path / f"names{suffix}"
    path.write_text(text, encoding="utf-8")
    return dict(read_naming([path]).names)


@pytest.mark.parametrize(
    ("text", "suffix"),
    [
        ('{"0x20000": "gather", "131073": "a_b"}', ".json"),
        ('{"gather": 131072, "a_b": "0x20001"}', ".json"),
        ('[{"id": 131072, "name": "gather"}, {"id": "0x20001", "name": "a_b", "doc": "x"}]', ".json"),
        (
            '{"schema": "vyrectl.ops/1", "ops": [{"id": 131072, "name": "gather"}, {"id": 131073, "name": "a_b"}]}',
            "",
        ),
        ("id,name\n0x20000,gather\n131073,a_b\n", ".csv"),
        ("name,doc,opcode\ngather,collects,0x20000\na_b,,131073\n", ".csv"),
        ("# ours\n0x20000, gather\n\n0x20001, a_b\n", ".csv"),
        ("\ufeff0x20000,gather\r\n0x20001,a_b", ".txt"),
    ],
)
def test_names_in_every_form(text: str, suffix: str, tmp_path: Path) -> None:
    assert names_in(tmp_path, text, suffix) == {0x20000: "gather", 0x20001: "a_b"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no operation is named here"),
        ("{}", "no operation is named here"),
        ('{"0x20000": 3}', "is no name"),
        ('{"0x20000": "a b"}', "is no name"),
        ('{"0x20000": "a::b"}', "write mine_gather"),
        ('{"0x20000": "3d"}', "is no name"),
        ('{"0x20000": "\\u001b[31m"}', "is no name"),
        ('{"0x20000": "and"}', "is no name"),
        ('{"0x100000000": "far"}', "is no operation id"),
        ('{"far": 4294967296}', "is no u32"),
        ('{"half": 1.5}', "is no operation id"),
        ('{"yes": true}', "is no operation id"),
        ('{"0x20000": "a", "131072": "b"}', "is 'a' and 'b'"),
        ('{"a": 5000, "A": 5001}', "stands for"),
        ('{"memcpy": 5000}', "stands for"),
        ("0x20000", "is no name"),
        ("gather,0x20000", "is no operation id"),
        ('["gather"]', "no id or no name"),
        ("{", "does not parse"),
        ("[" * 100_000, "does not parse"),
    ],
)
def test_what_is_refused(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError) as caught:
        names_in(tmp_path, text)
    assert said in str(caught.value)
    assert "\x1b" not in str(caught.value)


@given(data=st.binary(max_size=200))
def test_any_bytes_give_names_or_a_refusal(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("names") / "names"
    path.write_bytes(data)
    with suppress(InvalidInputError):
        names = read_naming([path]).names
        assert all(name.isprintable() for name in names.values())


def test_a_given_name_goes_before_a_shipped_one() -> None:
    assert op_name(0x1000) == "scale"
    with named_by(Naming({0x1000: "theirs", 0x20000: "copy"}, {0x1000: "does"})):
        assert op_name(0x1000) == "theirs"
        assert op_doc(0x1000) == "does"
        assert op_codes()["copy"] == 0x20000
        assert op_name(0x1001) is None
        assert "scale" not in op_codes()
        assert op_name(5) == "memcpy"
    assert op_name(0x1000) == "scale"


def test_shipped_names_can_be_left_out() -> None:
    with named_by(Naming(shipped=False)):
        assert op_name(0x1000) is None
        assert op_doc(0x1000) is None
        assert op_name(0xFFFE) == "printf"


def test_sources_name_operations_too(tmp_path: Path) -> None:
    path = tmp_path / "mine.cl"
    path.write_text(SOURCE)
    naming = read_naming([path])
    assert (naming.names, naming.docs) == ({0x20001: "gather"}, {0x20001: "collects"})


def test_what_is_remembered_is_forgotten_with_the_names() -> None:
    @remembered(4)
    def shown(code: int) -> str | None:
        return op_name(code)

    assert shown(0x20000) is None
    with named_by(Naming({0x20000: "gather"})):
        assert shown(0x20000) == "gather"
    assert shown(0x20000) is None


def test_the_environment_names_files() -> None:
    assert files_of_environment({}) == []
    assert files_of_environment({"VYRECTL_OPS": "a.cl::b.json"}) == [Path("a.cl"), Path("b.json")]
