"""The layout against the spec's own table, written out here a second time."""

from __future__ import annotations

import struct

import numpy as np

from vyrectl import SLOT_DTYPE
from vyrectl.abi import control, limits
from vyrectl.abi.slot import FIELD_ALIASES, FIELD_INDEX, FIELD_NAMES, FIELDS, SLOT_STRUCT, WORK_ITEM_FIELDS

SPEC_WORDS = [
    "state",
    "op_handle",
    "tenant_id",
    "priority",
    "input_handle",
    "output_handle",
    "param",
    "continuation_pc",
    "continuation_data",
    "resume_epoch",
    "task_id",
    "parent_task_id",
    "age_ticks",
    "requeue_count",
    "yield_count",
    "flags",
]


def test_the_words_stand_in_the_order_of_the_spec() -> None:
    assert list(FIELD_NAMES) == SPEC_WORDS
    assert [field.index for field in FIELDS] == list(range(16))
    assert [field.offset_bytes for field in FIELDS] == list(range(0, 64, 4))
    assert [FIELD_INDEX[name] for name in SPEC_WORDS] == list(range(16))


def test_the_dtype_has_the_same_words_at_the_same_places() -> None:
    assert SLOT_DTYPE.itemsize == 64
    assert SLOT_DTYPE.names == tuple(SPEC_WORDS)
    assert SLOT_DTYPE.fields is not None
    for index, name in enumerate(SPEC_WORDS):
        dtype, offset = SLOT_DTYPE.fields[name][:2]
        assert (dtype, offset) == (np.dtype("<u4"), 4 * index)


def test_struct_and_dtype_read_the_same_little_endian_words() -> None:
    data = struct.pack("<16I", *range(0x01020304, 0x01020304 + 16))
    assert data[0] == 4
    assert list(SLOT_STRUCT.unpack(data)) == [int(word) for word in np.frombuffer(data, SLOT_DTYPE)[0]]


def test_the_work_item_is_words_1_4_5_6() -> None:
    assert [FIELD_INDEX[name] for name in WORK_ITEM_FIELDS] == [1, 4, 5, 6]


def test_short_names_mean_fields_and_shadow_none() -> None:
    assert set(FIELD_ALIASES.values()) <= set(FIELD_NAMES)
    assert not set(FIELD_ALIASES) & set(FIELD_NAMES)


def test_every_field_says_what_it_is() -> None:
    assert all(field.meaning for field in FIELDS)


def test_limits_are_those_of_a_u32_word_index() -> None:
    assert limits.MAX_SLOTS == 268_435_455
    assert limits.MAX_SLOTS * limits.SLOT_WORDS <= limits.U32_MAX < (limits.MAX_SLOTS + 1) * limits.SLOT_WORDS
    assert limits.SLOT_BYTES == 64


def test_control_regions_are_those_of_the_spec() -> None:
    spans = {region.name: (region.first, region.end - 1) for region in control.REGIONS}
    assert spans == {
        "SHUTDOWN": (0, 0),
        "DONE_COUNT": (1, 1),
        "TENANT_BASE": (2, 2),
        "TENANT_MASKS": (3, 31),
        "TENANT_QUOTA": (32, 63),
        "TENANT_FAIRNESS": (64, 95),
        "METRICS": (96, 127),
        "EPOCH": (128, 128),
        "PRIORITY_OFFSETS": (129, 134),
        "PRIORITY_STARVATION": (135, 135),
        "PRIORITY_FAIRNESS": (136, 140),
    }
    assert control.OBSERVABLE_FIRST == 160
