from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.events import MISSING, Event
from proveout.events._paths import compile_path, is_path

DATA = {"a": {"b": [10, {"c": None}]}, "0": "zero", "x": False}
EVENT = Event(id="1", source="/s", type="t", subject="hall", extensions={"region": "eu"}, data=DATA)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("data", DATA),
        ("data.x", False),
        ("data.0", "zero"),
        ("data.a.b.0", 10),
        ("data.a.b.1.c", None),
        ("data.a.b.2", MISSING),
        ("data.a.b.-1", MISSING),
        ("data.a.b.c", MISSING),
        ("data.x.y", MISSING),
        ("subject", "hall"),
        ("dataschema", MISSING),
        ("time", MISSING),
        ("extensions.region", "eu"),
        ("extensions.zone", MISSING),
    ],
)
def test_a_path_leads_to_a_value_or_nowhere(path: str, value: Any) -> None:
    assert is_path(path)
    assert compile_path(path)(EVENT) is value or compile_path(path)(EVENT) == value


@pytest.mark.parametrize("path", ["", "data.", ".a", "datum", "extensions", "extensions.a.b", "subject.a", "data..a"])
def test_what_is_no_path(path: str) -> None:
    assert not is_path(path)


@given(
    st.recursive(
        st.none() | st.booleans() | st.text() | st.integers(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ),
    st.lists(st.sampled_from(["a", "0", "1", "é"]), min_size=1, max_size=4),
)
def test_any_data_can_be_asked_for_any_path(data: Any, steps: list[str]) -> None:
    event = Event(id="1", source="/s", type="t", data=data)
    compile_path(".".join(["data", *steps]))(event)
