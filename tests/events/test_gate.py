from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import TriggerInvalid
from proveout.events import ChangeGate, Event, FieldRule, GateSpec
from proveout.events._gate import SECOND, decode_context, encode_context

from .conftest import make_event


def gate(*rules: FieldRule, **spec: Any) -> ChangeGate:
    return ChangeGate(GateSpec(fields=rules, **spec), embed=embed)


def embed(texts: Sequence[str]) -> Any:
    """Directions by the share of the letter a."""
    angles = [text.count("a") / max(len(text), 1) for text in texts]
    return np.array([[np.cos(angle), np.sin(angle)] for angle in angles])


def ask(made: ChangeGate, data: Any, *, now: int = 0, key: str = "k") -> str:
    """Check, and answer when asked."""
    checked = made.check(key, make_event(1, data), now=now)
    if checked.ask:
        made.keep(key, checked.context, now=now, answer=f"answer to {data}")
    return checked.reason


def test_the_whole_of_the_data_counts_when_no_field_is_named() -> None:
    made = gate()
    assert ask(made, {"a": 1, "b": [1, 2]}) == "first"
    assert ask(made, {"b": [1, 2], "a": 1}) == "unchanged"
    assert ask(made, {"a": 1, "b": [2, 1]}) == "changed data"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (True, 1),
        (False, 0),
        (None, 0),
        (1, "1"),
        ([True], [1]),
        ({}, []),
        ("", None),
        (1, None),
        (b"1", "1"),
        ({"a": None}, {}),
    ],
)
def test_unlike_values_are_never_the_same(one: Any, other: Any) -> None:
    made = gate(FieldRule(path="data.x"))
    ask(made, {"x": one})
    assert ask(made, {"x": other}) == "changed data.x"


def test_equal_numbers_are_the_same_however_they_are_written() -> None:
    made = gate(FieldRule(path="data.x"))
    ask(made, {"x": 1})
    assert ask(made, {"x": 1.0}) == "unchanged"


def test_a_field_that_appears_or_goes_is_a_change() -> None:
    made = gate(FieldRule(path="data.x", absolute=5.0))
    assert [ask(made, data) for data in ({}, {}, {"x": 1}, {"x": None}, {})] == [
        "first", "unchanged", "changed data.x", "changed data.x", "changed data.x",
    ]  # fmt: skip


def test_slow_drift_triggers_because_the_last_answered_value_is_the_measure() -> None:
    made = gate(FieldRule(path="data.t", absolute=1.0))
    reasons = [ask(made, {"t": 20 + 0.3 * step}) for step in range(12)]
    assert [step for step, reason in enumerate(reasons) if reason != "unchanged"] == [0, 4, 8]


def test_a_relative_tolerance_is_a_share_of_the_answered_value() -> None:
    made = gate(FieldRule(path="data.t", relative=0.1))
    assert [ask(made, {"t": t}) for t in (-100, -109, -111, -100.5, 0, 0.0, 1e-9)] == [
        "first", "unchanged", "changed data.t", "unchanged", "changed data.t", "unchanged", "changed data.t",
    ]  # fmt: skip


@given(
    st.floats(allow_nan=True, allow_infinity=True) | st.integers() | st.booleans() | st.text(max_size=3) | st.none(),
    st.floats(allow_nan=True, allow_infinity=True) | st.integers() | st.booleans() | st.text(max_size=3) | st.none(),
    st.floats(0, 1e9),
)
def test_within_the_tolerance_is_the_only_way_to_be_unchanged(answered: Any, new: Any, tolerance: float) -> None:
    made = gate(FieldRule(path="data.x", absolute=tolerance))
    ask(made, {"x": answered})
    unchanged = ask(made, {"x": new}) == "unchanged"
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in (new, answered))
    if numbers:
        assert not unchanged or new == answered or abs(new - answered) <= tolerance
    else:
        assert unchanged == (type(new) is type(answered) and new == answered)


def test_meaning_is_measured_by_the_distance_of_embeddings() -> None:
    made = gate(FieldRule(path="data.text", distance=0.05))
    assert ask(made, {"text": "bbbb"}) == "first"
    assert ask(made, {"text": "bbbbbbbbbbbba"}) == "unchanged"
    assert ask(made, {"text": "aaaa"}) == "changed data.text"
    assert ask(made, {"text": 7}) == "changed data.text"


def test_a_distance_needs_an_embedder() -> None:
    with pytest.raises(TriggerInvalid, match="embedder"):
        ChangeGate(GateSpec(fields=(FieldRule(path="data.text", distance=0.1),)))


def test_a_call_that_failed_leaves_the_gate_as_it_was() -> None:
    made = gate(FieldRule(path="data.x"))
    assert made.check("k", make_event(1, {"x": 1}), now=0).ask
    assert made.check("k", make_event(2, {"x": 1}), now=0).reason == "first"


def test_keys_are_apart_and_bounded_by_use() -> None:
    made = gate(FieldRule(path="data.x"), max_keys=2)
    for key in ("a", "b", "a", "c"):
        ask(made, {"x": 1}, key=key)
    assert len(made) == 2
    assert made.evicted == ["b"]
    assert ask(made, {"x": 1}, key="a") == "unchanged"
    assert ask(made, {"x": 1}, key="b") == "first"


def test_an_answer_has_a_time_to_live_also_when_the_clock_was_set() -> None:
    made = gate(FieldRule(path="data.x"), ttl_seconds=60)
    assert ask(made, {"x": 1}, now=1000 * SECOND) == "first"
    assert ask(made, {"x": 1}, now=1059 * SECOND) == "unchanged"
    assert ask(made, {"x": 1}, now=1060 * SECOND) == "expired"
    assert ask(made, {"x": 1}, now=100 * SECOND) == "unchanged"
    assert ask(made, {"x": 1}, now=161 * SECOND) == "expired"


def test_what_is_remembered_can_be_stored_and_put_back() -> None:
    made = gate(FieldRule(path="data.x"), FieldRule(path="data.y"), FieldRule(path="data.z"))
    data = {"x": [1, {"é": None}], "y": 1.5}
    ask(made, data)
    kept = made.kept("k")
    assert kept is not None
    context = decode_context(encode_context(kept.context))
    fresh = gate(FieldRule(path="data.x"), FieldRule(path="data.y"), FieldRule(path="data.z"))
    fresh.load([("k", kept._replace(context=context))])
    assert ask(fresh, data) == "unchanged"
    fewer = gate(FieldRule(path="data.x"))
    fewer.load([("k", kept)])
    assert ask(fewer, data) == "first"


def test_an_event_read_from_json_gives_the_context_of_the_one_that_was_made() -> None:
    event = make_event(1, {"x": [True, 0.1], "s": "ü"})
    made = gate()
    assert made.context(event) == made.context(
        msgspec.convert(msgspec.json.decode(event.to_json()) | {"extensions": {}}, Event)
    )
