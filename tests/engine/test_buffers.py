"""What `--buffer` may say, which files are arrays, and how the table lays buffers out for a device."""

from __future__ import annotations

import io
import pickle
import random
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vyrectl.abi.engine import TYPE_ABSENT, TYPE_F32, TYPE_I32, TYPE_OTHER, TYPE_U32
from vyrectl.engine.buffer_options import parse_buffer_option
from vyrectl.engine.buffers import ARENA_ALIGN_BYTES, MAX_HANDLE, TABLE_DTYPE, Buffer, BufferTable
from vyrectl.engine.npy import load_npy, save_npy
from vyrectl.errors import FileError, InvalidInputError, UsageError, VyrectlError


def npy(header: str, body: bytes = bytes(64), version: tuple[int, int] = (1, 0)) -> bytes:
    """A file with any header."""
    text = header.encode("latin-1")
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    length = struct.pack("<H" if version == (1, 0) else "<I", len(text))
    return b"\x93NUMPY" + bytes(version) + length + text + body


def header(descr: str = "'<f4'", order: str = "False", shape: str = "(4,)") -> str:
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}}}"


# --- files --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype="<u4").reshape(2, 3),
        np.arange(6, dtype=">f4"),
        np.asfortranarray(np.arange(6.0, dtype=np.float32).reshape(2, 3)),
        np.float32(7).reshape(()),
        np.zeros(0, np.int32),
        np.arange(4, dtype=np.complex64),
        np.array([True, False]),
    ],
    ids=lambda array: f"{array.dtype} {array.shape}",
)
def test_an_array_comes_back_contiguous_and_little_endian(
    tmp_path: Path, array: np.ndarray[Any, Any]
) -> None:
    np.save(tmp_path / "x.npy", array)
    loaded = load_npy(tmp_path / "x.npy")
    assert (loaded == array).all()
    assert loaded.shape == array.shape
    assert loaded.flags.c_contiguous
    assert loaded.flags.writeable
    assert loaded.dtype.str[0] in "<|"


HOSTILE = {
    "empty": b"",
    "cut in the magic": b"\x93NUM",
    "cut in the header": npy(header())[:40],
    "cut in the data": npy(header(shape="(17,)")),
    "pickle": pickle.dumps([1, 2]),
    "objects": npy(header("'|O'")),
    "pickled objects": npy(header("'|O'"), pickle.dumps([print])),
    "text": b"1 2 3\n",
    "future version": npy(header(), version=(4, 0)),
    "header of 4 GiB": b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + bytes(64),
    "shape past 2^64": npy(header(shape="(99999999999999999999999,)")),
    "shape whose product wraps": npy(header(shape="(1099511627776, 16777216)")),
    "shape of exabytes": npy(header(shape="(4611686018427387904,)")),
    "negative shape": npy(header(shape="(-4, -4)")),
    "true shape": npy(header(shape="(True,)")),
    "shape of text": npy(header(shape="('a',)")),
    "no shape": npy("{'descr': '<f4', 'fortran_order': False}"),
    "open bracket": npy(header() + " ["),
    "open string": npy("'''"),
    "deep nesting": npy("[" * 4000),
    "code": npy("__import__('os').system('true')"),
    "unhashable key": npy("{{}: 1}"),
    "descr of an empty tuple": npy(header("()")),
    "descr of a comma": npy(header("','")),
    "descr with an open bracket": npy(header("'f4,('")),
    "records": npy(header("[('a', '<f4')]")),
    "dates": npy(header("'<M8[ns]'")),
    "texts": npy(header("'<U1'")),
    "raw bytes": npy(header("'|V16'"), bytes(64)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_array_of_numbers_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "x.npy"
    path.write_bytes(HOSTILE[name])
    with pytest.raises(InvalidInputError, match=r"no \.npy array of numbers") as caught:
        load_npy(path)
    assert caught.value.where == str(path)


def test_an_archive_is_no_array(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", a=np.arange(3))
    with pytest.raises(InvalidInputError):
        load_npy(tmp_path / "x.npz")


def test_damaged_headers_never_escape_as_something_else(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    dice = random.Random(5)
    whole = npy(header())
    for _ in range(1500):
        damaged = bytearray(whole)
        for _ in range(dice.randint(1, 4)):
            damaged[dice.randrange(128)] = dice.choice(b"'\"(){}[],:<>fiuVOMm0123456789LTrue\\\n\0\xff")
        path.write_bytes(damaged)
        try:
            array = load_npy(path)
        except InvalidInputError:
            continue
        assert array.dtype.kind in "biufc"


def test_headers_of_python_2_are_read_in_silence(tmp_path: Path) -> None:
    (tmp_path / "x.npy").write_bytes(npy(header(shape="(4L,)")))
    assert load_npy(tmp_path / "x.npy").shape == (4,)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.npy", tmp_path):
        with pytest.raises(FileError):
            load_npy(path)


def test_save_is_atomic_and_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    path.write_bytes(b"old")
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    save_npy(path, array)
    assert (np.load(path) == array).all()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["x.npy", "x.npy.bak"]


def test_a_save_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.npy"
    path.write_bytes(b"old")

    def no_space(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", no_space)
    with pytest.raises(FileError):
        save_npy(path, np.zeros(9))
    assert path.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == ["x.npy"]


# --- the option ---------------------------------------------------------------------------------------------


def test_an_input_file(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.arange(3, dtype=np.float32))
    handle, buffer = parse_buffer_option(f"0x10={tmp_path}/x.npy")
    assert (handle, buffer.writable, buffer.output, buffer.type_code) == (16, False, None, TYPE_F32)
    assert buffer.array.tolist() == [0, 1, 2]


def test_a_file_that_is_read_and_written(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.asfortranarray(np.arange(6, dtype=np.int32).reshape(2, 3)))
    handle, buffer = parse_buffer_option(f"7={tmp_path}/x.npy:{tmp_path}/y.npy")
    assert (handle, buffer.writable, buffer.output) == (7, True, tmp_path / "y.npy")
    table = BufferTable({handle: buffer})
    buffer.array.reshape(-1).view("<u4")[:] = 9
    assert table.save_outputs() == [tmp_path / "y.npy"]
    assert (np.load(tmp_path / "y.npy") == 9).all()


@pytest.mark.parametrize(
    ("spec", "dtype", "shape", "output"),
    [
        ("zeros:float32:1048576", "<f4", (1_048_576,), None),
        ("zeros:u4:3x0x2", "<u4", (3, 0, 2), None),
        ("zeros:>i4:2X3:out.npy", "<i4", (2, 3), Path("out.npy")),
        ("zeros:f8:4:a:b.npy", "<f8", (4,), Path("a:b.npy")),
        ("zeros:uint32:4:", "<u4", (4,), None),
    ],
)
def test_zeros(spec: str, dtype: str, shape: tuple[int, ...], output: Path | None) -> None:
    handle, buffer = parse_buffer_option(f"1={spec}")
    assert (handle, buffer.writable, buffer.output) == (1, True, output)
    assert (buffer.array.dtype.str, buffer.array.shape) == (dtype, shape)
    assert not buffer.array.any()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "0=",
        "=x.npy",
        "x=x.npy",
        "-1=x.npy",
        "65536=x.npy",
        "1.5=x.npy",
        "ARGS=x.npy",
        "0=zeros:",
        "0=zeros:float32",
        "0=zeros:float32:",
        "0=zeros:float32:ten",
        "0=zeros:float32:-4",
        "0=zeros:float32:4x",
        "0=zeros:O:4",
        "0=zeros:U4:4",
        "0=zeros:M8[s]:4",
        "0=zeros:u4,f4:4",
        "0=zeros:,:4",
        "0=zeros:no_such:4",
        "0=zeros:float32:99999999999999999999",
        "0=zeros:float32:4611686018427387904",
        "0=zeros:float64:9223372036854775807",
    ],
)
def test_options_that_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_buffer_option(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("0=zeros:flaot32:4:o.npy", "Did you mean zeros:float32:4:o.npy?"),
        ("0=zeros:u32:4", "Did you mean zeros:uint32:4?"),
        ("0=zeros:char:4", "Did you mean zeros:int8:4?"),
        ("0=zeros:complex64:4", "Types are uint8, "),
        ("0=zeros:float32:3,4", "Did you mean zeros:float32:3x4?"),
        ("0=zeros:float32:(3, 4):o.npy", "Did you mean zeros:float32:3x4:o.npy?"),
        ("0=zeros:float32:ten", "A shape is 1048576 or 768x1024"),
        ("0=zeros:4:float32", "The element type stands first: zeros:float32:4"),
        ("0=zeros:3x4:u4", "The element type stands first: zeros:u4:3x4"),
        ("0=zeros:4", "Write zeros:DTYPE:SHAPE"),
        ("1=zeroes:uint32:4:o.npy", "Did you mean 1=zeros:uint32:4:o.npy?"),
    ],
)
def test_zeros_that_are_misspelt_are_answered_with_what_was_meant(text: str, meant: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_buffer_option(text)
    assert meant in (refused.value.fix or "")


@given(st.text(alphabet="0x19=:zerosfloatu4,(){}[]' \0-args.npy"))
def test_any_option_is_read_or_refused(text: str) -> None:
    try:
        handle, _ = parse_buffer_option(text)
    except VyrectlError:
        return
    assert handle == "args" or 0 <= int(handle) <= MAX_HANDLE


# --- the table ----------------------------------------------------------------------------------------------


def test_layout_is_aligned_and_apart() -> None:
    table = BufferTable(
        {
            0: Buffer(np.zeros(65, np.float32), False),
            3: Buffer(np.zeros(3, np.uint8), True),
            4: Buffer(np.zeros(0, np.int32), True),
            5: Buffer(np.zeros((2, 2), np.uint32), True),
            "args": Buffer(np.zeros((2, 4), np.uint32), False),
        }
    )
    rows, size = table.layout()
    assert rows.dtype == TABLE_DTYPE
    assert TABLE_DTYPE.itemsize == 24
    absent = (0, 0, TYPE_ABSENT, 0)
    assert rows.tolist() == [
        (0, 260, TYPE_F32, 0),
        absent,
        absent,
        (512, 3, TYPE_OTHER, 1),
        (768, 0, TYPE_I32, 1),
        (768, 16, TYPE_U32, 1),
        (1024, 32, TYPE_U32, 0),
    ]
    assert size == 1280
    assert (rows["offset"] % ARENA_ALIGN_BYTES == 0).all()
    assert table.argument_handle == table.handle_count == 6


def test_an_empty_table() -> None:
    table = BufferTable()
    rows, size = table.layout()
    assert (len(rows), size, table.argument_handle, table.rows) == (0, 0, 0, [])


@pytest.mark.parametrize("handle", [-1, 65_536, "1", 1.0, None])
def test_handles_that_are_refused(handle: Any) -> None:
    with pytest.raises(UsageError, match="is no buffer handle"):
        BufferTable({handle: Buffer(np.zeros(1), False)})


def test_the_argument_table() -> None:
    signed = BufferTable({"args": Buffer(np.full((1, 4), -1, np.int32), True)})
    assert signed.arguments is not None
    assert not signed.arguments.writable
    assert signed.arguments.array.tolist() == [[2**32 - 1] * 4]


@pytest.mark.parametrize("array", [np.zeros(3, np.uint32), np.zeros(4, np.uint64), np.zeros(4, np.float32)])
def test_argument_tables_that_are_refused(array: Any) -> None:
    with pytest.raises(InvalidInputError, match="an argument table is uint32"):
        BufferTable({"args": Buffer(array, False)})


def test_plain_arrays_are_written_when_they_are_writeable() -> None:
    given_array, lent_array = np.arange(3), np.arange(3, dtype=np.uint32)
    given_array.flags.writeable = False
    table = BufferTable.of({0: given_array, 1: lent_array})
    assert (table.by_handle[0].writable, table.by_handle[1].writable) == (False, True)
    assert table.by_handle[1].array is lent_array
    assert BufferTable.of(table) is table
    assert BufferTable.of(None).rows == []


def test_a_given_array_of_any_layout_is_copied_into_order() -> None:
    array = np.arange(6, dtype=">u4").reshape(2, 3).T
    array.flags.writeable = False
    buffer = BufferTable.of({0: array}).by_handle[0]
    assert buffer.array.flags.c_contiguous
    assert buffer.array.dtype.str == "<u4"
    assert (buffer.array == array).all()


@pytest.mark.parametrize(
    "value",
    [
        np.arange(6).reshape(2, 3).T,
        np.arange(8)[::2],
        np.arange(3, dtype=">u4"),
        np.array([None]),
        [1, 2],
        b"abcd",
    ],
    ids=["transposed", "strided", "big-endian", "objects", "list", "bytes"],
)
def test_values_that_are_refused(value: Any) -> None:
    with pytest.raises(UsageError):
        BufferTable.of({0: value})


def test_outputs_are_saved(tmp_path: Path) -> None:
    out = tmp_path / "out.npy"
    table = BufferTable({2: Buffer(np.arange(4), True, out), 0: Buffer(np.zeros(1), True)})
    assert table.save_outputs() == [out]
    assert np.load(io.BytesIO(out.read_bytes())).tolist() == [0, 1, 2, 3]
