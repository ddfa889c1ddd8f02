from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proveout.events._order import Planner, backoff, position

from .conftest import START, at, make_event, trigger


@given(st.integers(0, 10**30), st.integers(0, 10**30))
def test_sequences_sort_as_numbers(one: int, other: int) -> None:
    made = trigger(order="sequence")
    places = [position(made, make_event(1, extensions={"sequence": str(n)}), seq=1, now=0) for n in (one, other)]
    assert (places[0] < places[1]) == (one < other)


@given(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9))
def test_times_sort_also_before_the_epoch(one: int, other: int) -> None:
    made = trigger(order="time")
    places = [position(made, make_event(1, time=at(n - START / 1e9)), seq=1, now=START) for n in (one, other)]
    assert (places[0] < places[1]) == (one < other)


def test_the_key_is_text_whatever_it_is_read_from() -> None:
    def key(path: str, data: object) -> str:
        return Planner([trigger(key=path)]).plan(make_event(1, data), seq=1, now=0)[0].key

    assert key("data.customer", {"customer": 7}) == "7"
    assert key("data.customer", {"customer": {"b": 1, "a": 2}}) == '{"a":2,"b":1}'
    assert key("data.customer", {}) == ""
    assert key("subject", None) == "hall"


@given(st.integers(1, 10_000))
def test_backoff_grows_and_ends(attempts: int) -> None:
    made = trigger(backoff_seconds=0.5)
    assert 0 < backoff(made, attempts) <= backoff(made, attempts + 1) <= 3600 * 10**9
