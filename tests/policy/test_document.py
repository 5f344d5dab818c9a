from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.policy.strategies import REQUESTS
from vyrectl import LaunchPolicy, LaunchRequest
from vyrectl.errors import InvalidInputError, LaunchRequestError
from vyrectl.policy.document import parse_document, policy_from, request_fields


def toml_of(fields: dict[str, int]) -> str:
    return "".join(f"{name} = {value}\n" for name, value in fields.items())


@settings(max_examples=50, derandomize=True, deadline=None)
@given(request=REQUESTS)
def test_a_request_survives_json_and_toml(request: LaunchRequest) -> None:
    fields = request.to_record()
    for text in (json.dumps(fields), toml_of({k: min(v, 2**63 - 1) for k, v in fields.items()})):
        read = request_fields(parse_document(text, "r"), "r")
        assert LaunchRequest(**read).to_record() == {k: min(v, read[k]) for k, v in fields.items()}
        assert read.keys() == fields.keys()


def test_a_table_gives_only_what_it_names() -> None:
    assert request_fields({"queue_len": 3, "schema": "x"}, "r") == {"queue_len": 3}
    assert policy_from({"saturated_waves": 9}, "p") == LaunchPolicy(saturated_waves=9)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"queue_len": 1', "r, line 1, column 16: this is no JSON"),
        ("queue_len 1", "this is no TOML"),
        ("[1]", "no object"),
        ("queue_len = 1\nqueue_len = 2", "this is no TOML"),
        ('{"queue_len": 1, "queue_len": 1}', "the key 'queue_len' stands twice"),
        ("[" * 100_000, "r: this is no JSON"),
        ('{"queue_len": ' + "9" * 5000 + "}", "r: this is no JSON"),
    ],
)
def test_what_does_not_parse_says_where(text: str, says: str) -> None:
    with pytest.raises(LaunchRequestError, match=r"^r[:,]") as caught:
        parse_document(text, "r")
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "value",
    ["true", "1.0", "1e3", '"1"', "null", "[1]", "{}", "-1", "4294967296", "NaN", "18446744073709551616"],
)
def test_wrong_values_name_key_range_and_file(value: str) -> None:
    table = parse_document(f'{{"queue_len": {value}}}', "r.json")
    with pytest.raises(LaunchRequestError) as caught:
        request_fields(table, "r.json")
    assert str(caught.value).startswith("r.json: queue_len is ")
    assert "queue_len is a u32: a whole number from 0 to 4294967295" in str(caught.value)


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"queue_length": 1}, "'queue_length' is no field of a launch request. Did you mean 'queue_len'?"),
        ({"zzz": 1}, "Fields: queue_len, requested_worker_groups"),
    ],
)
def test_unknown_keys_are_refused(table: dict[str, Any], says: str) -> None:
    with pytest.raises(LaunchRequestError) as caught:
        request_fields(table, "r")
    assert says in str(caught.value)


def test_policy_values_keep_their_own_widths() -> None:
    assert policy_from({"dense_frontier_threshold_bps": 65_535}, "p").dense_frontier_threshold_bps == 65_535
    with pytest.raises(LaunchRequestError, match="p: dense_frontier_threshold_bps is 65536"):
        policy_from({"dense_frontier_threshold_bps": 65_536}, "p")


@settings(max_examples=100, derandomize=True, deadline=None)
@given(text=st.text(max_size=80) | st.binary(max_size=80).map(lambda data: data.decode("latin-1")))
def test_any_text_is_a_table_or_an_error(text: str) -> None:
    refused = None
    try:
        request_fields(parse_document(text, "r"), "r")
    except InvalidInputError as error:
        refused = error
    assert refused is None or str(refused).startswith("r")
