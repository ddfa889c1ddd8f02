from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import FaultUnknown
from proveout.task import canonical_json
from proveout.trial import faults, faulty

LEAVES = st.none() | st.booleans() | st.integers(-1000, 1000) | st.floats(-1e6, 1e6) | st.text(max_size=5)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)


@given(st.sampled_from(faults.names()), JSON, st.lists(JSON, max_size=4), st.integers(0, 5))
def test_a_fault_of_any_output_is_repeatable_plain_and_changes_nothing_in_place(
    name: str, value: Any, seen: list[Any], seed: int
) -> None:
    before = copy.deepcopy((value, seen))
    found = faulty(name, value, seen, [seed])
    assert found == faulty(name, value, seen, [seed])
    assert (value, seen) == before
    canonical_json(found)


@pytest.mark.parametrize(
    ("name", "value", "able"),
    [
        ("label", {"intent": "refund"}, True),
        ("label", {"days": 3}, False),
        ("number", {"days": 3}, True),
        ("number", {"urgent": True}, False),
        ("boolean", {"urgent": True}, True),
        ("boolean", {"days": 1}, False),
        ("dropped", {"days": 3}, True),
        ("dropped", [3], False),
        ("dropped", {}, False),
        ("truncated", {"slots": [1]}, True),
        ("truncated", {"slots": []}, False),
        ("another row", 3, True),
    ],
)
def test_a_fault_happens_to_what_it_is_for(name: str, value: Any, able: bool) -> None:  # noqa: FBT001
    found = faulty(name, value, [{"intent": "card", "days": 9, "slots": [1, 2]}], [0])
    assert (found != value) == able


def test_what_a_fault_draws_from() -> None:
    seen = [{"intent": "card", "days": 1}, {"intent": "hours", "days": 41}]
    row = {"intent": "refund", "days": 7, "urgent": False}
    labels = {faulty("label", row, seen, [seed])["intent"] for seed in range(20)}
    assert labels == {"card", "hours"}
    days = {faulty("number", row, seen, [seed])["days"] for seed in range(20)}
    assert days == {7 - 20, 7 + 20}
    assert faulty("boolean", row, seen, [0])["urgent"] is True
    assert {tuple(faulty("dropped", row, seen, [seed])) for seed in range(20)} == {
        ("days", "urgent"),
        ("intent", "urgent"),
        ("intent", "days"),
    }
    assert faulty("another row", row, seen, [0]) in seen
    assert faulty("another row", row, [row], [0]) == row


def test_one_part_deep_inside_changes_alone() -> None:
    row = {"slots": [{"name": "day", "text": "friday"}, {"name": "day", "text": "noon"}]}
    seen = [{"slots": [{"name": "city", "text": "rome"}]}]
    found = faulty("label", row, seen, [3])
    changed = [
        (old, new)
        for one, other in zip(row["slots"], found["slots"], strict=True)
        for old, new in zip(one.items(), other.items(), strict=True)
        if old != new
    ]
    assert len(changed) == 1


def test_an_unknown_fault_is_answered_with_the_nearest() -> None:
    with pytest.raises(FaultUnknown, match="did you mean 'label'"):
        faulty("lable", 1, [], [0])
