from __future__ import annotations

from pathlib import Path

import pytest

from proveout.errors import FactInvalid
from proveout.families.symbolic._case import Case, CaseReader
from proveout.families.symbolic.facts import PatternReader
from proveout.families.symbolic.policy import Policy, load_policy
from proveout.task import Task


@pytest.fixture
def policy(text_task: Task) -> Policy:
    return load_policy(text_task.root / "policy.yaml")


def reader(policy: Policy, fields: list[str], day: str = "") -> CaseReader:
    content = b'facts: {since: {amount: ["{duration} ago"]}, price: {amount: ["{money}"]}}'
    return CaseReader(policy, fields, [PatternReader(content, policy.facts)], day=day)


def test_fields_and_text_are_read_together(policy: Policy) -> None:
    case = reader(policy, ["opened", "text"]).case({"opened": False, "text": "It came 3 days ago for $20"})
    assert case.facts == {"opened": False, "since": 3, "price": 20}
    assert case.places["since"].span == (8, 18)
    assert case.weak


def test_a_text_that_contradicts_a_field_is_to_confirm(policy: Policy) -> None:
    case = reader(policy, ["since", "text"]).case({"since": 9, "text": "It came 3 days ago"})
    assert case.ambiguous == {"since": (9, 3)}
    assert case.facts == {}
    assert case.unconfirmed() == {"since": None}
    assert case.readings() == [{"since": 9}, {"since": 3}]


def test_too_many_readings_are_none() -> None:
    case = Case({}, {}, {"a": tuple(range(5)), "b": tuple(range(5))}, "")
    assert case.readings() == []


def test_the_day_dates_what_is_relative(policy: Policy) -> None:
    made = reader(policy, ["text", "on"], day="on")
    assert made.case({"text": "hello", "on": "2026-02-03T10:00:00"}).day is not None
    assert made.case({"text": "hello"}).day is None
    with pytest.raises(FactInvalid, match="no day"):
        made.case({"text": "hello", "on": "2026-02-30"})


def test_without_readers_only_fields_count(policy: Policy, tmp_path: Path) -> None:
    case = CaseReader(policy, ["since", "text"], []).case({"since": 3, "text": "It came 9 days ago", "opened": None})
    assert case.facts == {"since": 3}
    assert not case.weak
