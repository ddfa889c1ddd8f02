from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proveout.gateway import Tier
from proveout.gateway.limits import Shedder

TIERS = {"free": Tier(priority=-1, share=0.3), "standard": Tier(), "paid": Tier(priority=1)}
names = st.sampled_from(["a", "b", "c", "d", "unnamed"])
tiers = st.dictionaries(
    names.filter(lambda name: name != "unnamed"),
    st.builds(Tier, priority=st.integers(-3, 3), share=st.floats(0.05, 1.0)),
    min_size=1,
)
counts = st.dictionaries(names, st.integers(0, 60), max_size=5)


@given(st.integers(1, 100), tiers, counts)
def test_a_higher_priority_is_never_refused_while_a_lower_one_is_let_in(
    most: int, tiers: dict[str, Tier], under_way: dict[str, int]
) -> None:
    shedder = Shedder(most, tiers)
    known = tiers | {"unnamed": Tier()}
    for low, lower in known.items():
        for high, higher in known.items():
            if higher.priority > lower.priority and shedder.admits(low, under_way):
                assert shedder.admits(high, under_way)


@given(st.integers(1, 100), tiers, st.lists(names, max_size=150))
def test_neither_the_room_nor_a_share_is_exceeded(most: int, tiers: dict[str, Tier], arrivals: list[str]) -> None:
    shedder = Shedder(most, tiers)
    under_way: dict[str, int] = {}
    for name in arrivals:
        if shedder.admits(name, under_way):
            under_way[name] = under_way.get(name, 0) + 1
    assert sum(under_way.values()) <= most
    for name, tier in tiers.items():
        assert under_way.get(name, 0) <= max(tier.share * most + 1, 1)


@given(st.integers(1, 1000), tiers)
def test_whoever_comes_first_is_let_in(most: int, tiers: dict[str, Tier]) -> None:
    shedder = Shedder(most, tiers)
    assert all(shedder.admits(name, {}) for name in [*tiers, "unnamed"])


def test_free_is_shed_first_then_standard_and_paid_last() -> None:
    shedder = Shedder(100, TIERS)

    def who(**under_way: int) -> list[str]:
        return [name for name in TIERS if shedder.admits(name, under_way)]

    assert who(free=29, standard=10) == ["free", "standard", "paid"]
    assert who(free=30) == ["standard", "paid"]
    assert who(standard=80) == ["standard", "paid"]
    assert who(standard=60, paid=30) == ["paid"]
    assert who(standard=60, paid=40) == []
