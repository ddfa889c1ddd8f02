from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proveout.gateway import Key, Limits, Tier
from proveout.gateway.limits import subjects_of
from proveout.gateway.limits._terms import NANO, nanodollars

OWN, OF_TIER, OF_TASK = (Limits(requests_per_minute=number) for number in (1, 2, 3))


def key(limits: Limits | None) -> Key:
    return Key(id="k", name="app", digest=b"", limits=limits)


def test_a_key_has_its_own_limits_or_those_of_its_tier() -> None:
    tier = Tier(limits=OF_TIER)
    assert subjects_of(key(OWN), tier) == (("key:k", OWN),)
    assert subjects_of(key(None), tier) == (("key:k", OF_TIER),)
    assert subjects_of(key(None), tier, "t", OF_TASK) == (("key:k", OF_TIER), ("task:t", OF_TASK))


def test_a_task_without_limits_is_counted_all_the_same() -> None:
    first, second = (subjects_of(key(None), Tier(), "t")[1][1] for _ in range(2))
    assert first == Limits()
    assert first is second  # the limiter compares by identity


@given(st.floats(0, 1e6))
def test_money_is_rounded_up_to_whole_nanodollars(usd: float) -> None:
    nano = nanodollars(usd)
    assert nano == int(nano)
    assert -2e-6 * max(usd, 1) <= nano - usd * NANO <= 1


@given(st.integers(0, 10**9))
def test_what_is_a_whole_number_of_nanodollars_stays_it(nano: int) -> None:
    assert nanodollars(nano / NANO) == nano
