"""Near texts that ask different things are told apart, and rewordings are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.gateway.cache import difference

DIFFERENT = [
    ("cancel my order 123", "cancel my order 124", "numbers differ"),
    ("cancel my order a-123", "cancel my order a-124", "numbers differ"),
    ("cancel my order A-123", "cancel my order B-123", "names differ"),
    ("refund $12.50", "refund $125.0", "numbers differ"),
    ("refund 10€", "refund 10$", "numbers differ"),
    ("it is -5 degrees", "it is 5 degrees", "numbers differ"),
    ("book for two people", "book for three people", "numbers differ"),
    ("meet on Monday", "meet on tuesday", "numbers differ"),
    ("move it from 5 to 7", "move it from 7 to 5", "numbers differ"),
    ("order \uff11\uff12\uff13", "order 124", "numbers differ"),
    ("refund it", "do not refund it", "a negation differs"),
    ("I want this", "I don't want this", "a negation differs"),
    ("I want this", "I don\u2019t want this", "a negation differs"),
    ("Ich will das", "Ich will das nicht", "a negation differs"),
    ("je le veux", "je ne le veux pas", "a negation differs"),
    ("pay with a card", "pay without a card", "a negation differs"),
    ("send it to Anna", "send it to Ben", "names differ"),
    ("fly from Rome to Oslo", "fly from Oslo to Rome", "names differ"),
    ("what does AWS cost", "what does GCP cost", "names differ"),
    ("write to a@x.org", "write to b@x.org", "addresses differ"),
    ("see https://x.org/a", "see https://x.org/b", "addresses differ"),
    ("enable the alarm", "disable the alarm", "an opposite differs"),
    ("turn it on", "turn it off", "an opposite differs"),
    ("delete it before lunch", "delete it after lunch", "an opposite differs"),
    ("buy the shares", "sell the shares", "an opposite differs"),
]
SAME = [
    ("Where is my card?", "where is my card"),
    ("Where is my card?", "Please, where's my card"),
    ("cancel order 123", "please cancel my order 123."),
    ("I lost my card", "my card is lost, I think"),
    ("Do not refund it.", "please do not refund it"),
    ("Fly to Oslo, please", "I would fly to Oslo"),
    ("MY CARD IS LOST", "my card is lost"),
]


@pytest.mark.parametrize(("one", "other", "why"), DIFFERENT)
def test_a_different_question_is_told_apart(one: str, other: str, why: str) -> None:
    assert difference({"text": one}, {"text": other}) == f"text: {why}"
    assert difference({"text": other}, {"text": one}) == f"text: {why}"


@pytest.mark.parametrize(("one", "other"), SAME)
def test_another_wording_is_not(one: str, other: str) -> None:
    assert difference({"text": one}, {"text": other}) == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [({"n": 1}, {"n": 2}), ({"n": 1}, {"n": True}), ({"n": 1}, {}), ({"n": [1]}, {"n": [2]}), ({"n": "1"}, {"n": 1})],
)
def test_values_that_are_no_text_must_be_equal(one: dict[str, object], other: dict[str, object]) -> None:
    assert difference(one, other) == "n: values differ"


TEXTS = st.dictionaries(st.sampled_from("ab"), st.text(max_size=40))


@given(TEXTS)
def test_nothing_differs_from_itself(inputs: dict[str, str]) -> None:
    assert difference(inputs, dict(inputs)) == ""


@given(TEXTS, TEXTS)
def test_it_does_not_matter_which_comes_first(one: dict[str, str], other: dict[str, str]) -> None:
    assert difference(one, other) == difference(other, one)


@given(st.text(max_size=30), st.integers(0, 10**9), st.integers(0, 10**9), st.text(max_size=30))
def test_another_number_is_always_seen(before: str, one: int, other: int, after: str) -> None:
    left, right = ({"text": f"{before} {number} {after}"} for number in (one, other))
    assert (difference(left, right) == "") is (one == other)
