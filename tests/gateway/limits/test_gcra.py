from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proveout.gateway.limits._gcra import booked, refundable

MOST = 10.0
moment = st.integers(0, 100).map(lambda tenths: tenths / 10)


@given(st.lists(st.tuples(moment, moment), max_size=30))
def test_no_interval_sees_more_than_the_burst_and_what_time_has_given(requests: list[tuple[float, float]]) -> None:
    now = arrival = 0.0
    admitted: list[tuple[float, float]] = []
    for gap, seconds in requests:
        now += gap
        if booked(arrival, now, seconds) - now <= MOST:
            arrival = booked(arrival, now, seconds)
            admitted.append((now, seconds))
    assert_conforms(admitted)


def assert_conforms(admitted: list[tuple[float, float]]) -> None:
    for index, (start, _) in enumerate(admitted):
        taken = 0.0
        for end, seconds in admitted[index:]:
            taken += seconds
            assert taken <= MOST + (end - start) + 1e-6


booking = st.fixed_dictionaries({"gap": moment, "held": moment, "used": st.floats(0, 1), "settles": st.integers(0, 8)})


@given(st.lists(booking, max_size=30))
def test_refunds_never_let_what_was_really_used_exceed_the_limit(requests: list[dict[str, float]]) -> None:
    now = arrival = total = 0.0
    admitted: list[tuple[float, float]] = []
    open_bookings: list[tuple[int, float, float]] = []  # when it settles, its mark, what it does not need
    for step, one in enumerate(requests):
        now += one["gap"]
        for _, mark, unused in [one for one in open_bookings if one[0] <= step]:
            arrival -= refundable(arrival, now, total, mark, unused)
        open_bookings = [one for one in open_bookings if one[0] > step]
        if booked(arrival, now, one["held"]) - now <= MOST:
            arrival, total = booked(arrival, now, one["held"]), total + one["held"]
            used = one["held"] * one["used"]
            admitted.append((now, used))
            open_bookings.append((step + int(one["settles"]), total, one["held"] - used))
    assert_conforms(admitted)


@given(moment, moment, moment)
def test_a_booking_that_has_not_drained_is_given_back_whole(ahead: float, seconds: float, now: float) -> None:
    arrival = booked(now + ahead, now, seconds)
    assert abs(refundable(arrival, now, total=100.0, mark=100.0, seconds=seconds) - seconds) < 1e-9


def test_a_bucket_that_has_drained_gives_nothing_back() -> None:
    assert refundable(5.0, 6.0, total=5.0, mark=5.0, seconds=5.0) == 0.0
    assert refundable(9.0, 5.0, total=9.0, mark=3.0, seconds=3.0) == 0.0
