from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proveout.task import Answer, Example, Task
from proveout.trial._fields import field_errors, field_key, field_quality, field_values, score_fields
from proveout.trial._kinds import measure_of

FIELDS = ("date", "items", "total")
TASK = Task(
    name="receipts", kind="extract", input={}, output={"type": "object", "properties": {name: {} for name in FIELDS}}
)
METRICS = measure_of("extract").metrics
VALUE = st.sampled_from([None, "", "a", "b", 1, 1.0, 2])
OUTPUT = st.fixed_dictionaries({}, optional={"date": VALUE, "total": VALUE, "items": st.lists(VALUE, max_size=4)})


def scored(*pairs: tuple[dict[str, Any], dict[str, Any] | None]) -> Any:
    examples = [Example(id=str(at), inputs={}, expected=expected) for at, (expected, _) in enumerate(pairs)]
    answers = [
        Answer(output=given, confidence=0.5) if given is not None else Answer(abstention="empty input")
        for _, given in pairs
    ]
    return score_fields(TASK, examples, answers)


def value(name: str, rows: Any) -> float | None:
    found = METRICS.create(name)(rows)
    return None if found is None else found.value


def naive_values(given: Any) -> list[Any]:
    """Values of a field as a list, without any cleverness."""
    several = given if isinstance(given, list) else [given]
    return [one for one in several if one is not None and one != ""]


def naive_counts(pairs: list[tuple[dict[str, Any], dict[str, Any]]]) -> tuple[int, int, int]:
    hits = gave = wanted = 0
    for expected, said in pairs:
        for name in FIELDS:
            left, ours = naive_values(expected.get(name)), naive_values(said.get(name))
            gave, wanted = gave + len(ours), wanted + len(left)
            for one in ours:
                if one in left:
                    left.remove(one)
                    hits += 1
    return hits, gave, wanted


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(OUTPUT, OUTPUT), min_size=1, max_size=8))
def test_counts_equal_those_of_a_naive_implementation(pairs: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    rows = scored(*pairs)
    hits, gave, wanted = naive_counts(pairs)
    assert (rows.hits.sum(), rows.given.sum(), rows.wanted.sum()) == (hits, gave, wanted)
    assert value("precision", rows) == (pytest.approx(hits / gave) if gave else None)
    assert value("recall", rows) == (pytest.approx(hits / wanted) if wanted else None)
    assert value("f1", rows) == (pytest.approx(2 * hits / (gave + wanted)) if gave + wanted else None)
    exact = [naive_counts([pair]) for pair in pairs]
    assert value("accuracy", rows) == pytest.approx(np.mean([len(set(counts)) == 1 for counts in exact]))


@settings(deadline=None, max_examples=60)
@given(OUTPUT, OUTPUT)
def test_two_outputs_share_a_key_when_all_values_match(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert (field_key(one) == field_key(other)) == bool(scored((one, other)).guessed_right[0])


def test_white_space_is_collapsed_and_case_is_kept() -> None:
    assert field_values(" New \n York") == field_values("New York")
    assert field_values("new york") != field_values("New York")
    assert field_values([["b", "a"]]) == field_values([["a", "b"]])
    assert field_values({"city": " Bonn "}) == field_values({"city": "Bonn"})
    assert field_values([True]) != field_values([1])


def test_an_abstention_misses_every_value_and_is_never_right() -> None:
    rows = scored(({"date": "1 May"}, None), ({}, None), ({}, {}))
    assert rows.guessed_right.tolist() == [False, False, True]
    assert value("coverage", rows) == pytest.approx(1 / 3)
    assert value("accuracy_answered", rows) == 1.0
    assert value("recall", rows) == 0.0
    assert value("precision", rows) is None
    assert value("out_of_scope_precision", rows) is None


def test_a_guess_that_was_rejected_counts_unless_served() -> None:
    rows = score_fields(
        TASK,
        [Example(id="1", inputs={}, expected={"total": 3})],
        [Answer(guess={"total": 3}, confidence=0.2, abstention="low confidence")],
    )
    assert (value("accuracy", rows), value("accuracy_at_threshold", rows)) == (1.0, 0.0)


def test_fields_and_their_errors_by_hand() -> None:
    rows = scored(
        ({"date": "1 May", "items": ["tea", "tea"]}, {"date": "2 May", "items": ["tea"]}),
        ({"date": "3 May"}, {"total": 4}),
        ({"date": "4 May"}, {"date": "4 May"}),
    )
    columns: Any = field_quality(rows)
    date, items, total = columns
    assert (date.field, date.precision.value, date.recall.value, date.n) == ("date", 1 / 2, pytest.approx(1 / 3), 3)
    assert (items.precision.value, items.recall.value) == (1.0, 0.5)
    assert (total.precision.value, total.recall, total.f1.value, total.n) == (0.0, None, 0.0, 0)
    found = [(one.field, one.missing, one.spurious, one.wrong) for one in field_errors(rows)]
    assert found == [("date", 1, 0, 1), ("items", 0, 0, 1), ("total", 0, 1, 0)]


def test_nothing_is_defined_on_no_rows() -> None:
    none = scored(({"date": "x"}, {"date": "x"})).rows(np.zeros(1, dtype=bool))
    assert {name: METRICS.create(name)(none) for name in METRICS.names()} == dict.fromkeys(METRICS.names())
