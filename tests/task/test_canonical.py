from __future__ import annotations

import math
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from proveout.task import canonical_json, content_hash

scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    scalars | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


@given(values)
def test_it_is_json_and_idempotent(value: Any) -> None:
    encoded = canonical_json(value)
    assert canonical_json(msgspec.json.decode(encoded)) == encoded


@given(st.dictionaries(st.text(), scalars, min_size=2))
def test_key_order_means_nothing(value: dict[str, Any]) -> None:
    turned = dict(reversed(value.items()))
    assert content_hash(turned) == content_hash(value)


def test_what_json_lacks_becomes_null() -> None:
    assert canonical_json([math.nan, math.inf]) == b"[null,null]"


def test_booleans_are_not_numbers() -> None:
    assert canonical_json([True, 1, 1.0]) == b"[true,1,1]"
