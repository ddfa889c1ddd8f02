from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import QuotaSpent, RateLimited, Refused
from proveout.gateway import Limits
from proveout.gateway._heads import pairs_of
from proveout.gateway.limits import Hold, Limiter, LocalSlots, SharedSlots, Slots, Spent

MIDNIGHT = 1_772_323_200.0  # the beginning of March 2026
DAY = 86_400.0
ONE_A_SECOND = Limits(requests_per_minute=60, burst_seconds=5)
TOKENS = Limits(tokens_per_minute=600, burst_seconds=10)  # a hundred at once, ten a second
MONEY = Limits(usd_per_day=1.0)


class Clock:
    """Both clocks; moving `seconds` moves both, setting `wall` is a jump."""

    def __init__(self) -> None:
        self.monotonic = 1000.0
        self.wall = MIDNIGHT + 3600.0

    def move(self, seconds: float) -> None:
        self.monotonic += seconds
        self.wall += seconds

    def limiter(self, slots: Slots) -> Limiter:
        return Limiter(slots, monotonic=lambda: self.monotonic, wall=lambda: self.wall)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["local", "shared"])
def slots(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Slots]:
    if request.param == "local":
        yield LocalSlots()
        return
    path = tmp_path / "limits.slots"
    SharedSlots.create(path, workers=2, size=64)
    with SharedSlots(path, worker=0) as shared:
        yield shared


def admitted(limiter: Limiter, limits: Limits, *, tokens: int = 0, usd: float = 0.0) -> bool:
    try:
        limiter.admit([("key:a", limits)], tokens=tokens, usd=usd)
    except Refused:
        return False
    return True


def refused(limiter: Limiter, *subjects: tuple[str, Limits], tokens: int = 0, usd: float = 0.0) -> Refused:
    with pytest.raises(Refused) as caught:
        limiter.admit(subjects, tokens=tokens, usd=usd)
    return caught.value


def test_a_burst_is_let_in_and_then_one_as_time_gives(slots: Slots, clock: Clock) -> None:
    limiter = clock.limiter(slots)
    assert [admitted(limiter, ONE_A_SECOND) for _ in range(6)] == [True] * 5 + [False]
    clock.move(0.999)
    assert not admitted(limiter, ONE_A_SECOND)
    clock.move(0.001)
    assert admitted(limiter, ONE_A_SECOND)
    assert not admitted(limiter, ONE_A_SECOND)


def test_a_rate_below_its_burst_still_lets_one_in(slots: Slots, clock: Clock) -> None:
    limits = Limits(requests_per_minute=1, burst_seconds=1)
    limiter = clock.limiter(slots)
    assert admitted(limiter, limits)
    error = refused(limiter, ("key:a", limits))
    assert error.retry_after == pytest.approx(60.0, abs=0.001)


def test_names_have_limits_of_their_own(slots: Slots, clock: Clock) -> None:
    limiter = clock.limiter(slots)
    limits = Limits(requests_per_minute=60, burst_seconds=1)
    limiter.admit([("key:a", limits)], tokens=0, usd=0)
    limiter.admit([("key:b", limits)], tokens=0, usd=0)
    assert refused(limiter, ("key:a", limits)).about == "key:a"


def test_what_was_not_used_is_given_back(slots: Slots, clock: Clock) -> None:
    limiter = clock.limiter(slots)
    held = limiter.admit([("key:a", TOKENS)], tokens=100, usd=0)
    assert not admitted(limiter, TOKENS, tokens=1)
    held.settle(tokens=30, usd=0)
    held.settle(tokens=0, usd=0)  # counts for nothing: it is settled
    assert admitted(limiter, TOKENS, tokens=70)
    assert not admitted(limiter, TOKENS, tokens=1)


def test_what_was_used_on_top_is_taken(slots: Slots, clock: Clock) -> None:
    limiter = clock.limiter(slots)
    limiter.admit([("key:a", TOKENS)], tokens=50, usd=0).settle(tokens=150, usd=0)
    assert refused(limiter, ("key:a", TOKENS), tokens=1).retry_after == pytest.approx(5.1, abs=0.001)


def test_what_has_drained_is_not_given_back(slots: Slots, clock: Clock) -> None:
    limiter = clock.limiter(slots)
    early = limiter.admit([("key:a", TOKENS)], tokens=100, usd=0)
    clock.move(10.0)
    late = limiter.admit([("key:a", TOKENS)], tokens=100, usd=0)
    early.settle(tokens=0, usd=0)
    assert not admitted(limiter, TOKENS, tokens=1)  # or two bursts would have been used at once
    clock.move(4.0)
    late.settle(tokens=0, usd=0)
    assert admitted(limiter, TOKENS, tokens=100)


def test_a_request_that_never_fits_is_told_so(slots: Slots, clock: Clock) -> None:
    limiter = clock.limiter(slots)
    error = refused(limiter, ("key:a", TOKENS), tokens=101)
    assert isinstance(error, RateLimited)
    assert error.retry_after is None
    assert "100 at once, and it may take 101" in error.why
    assert "max_tokens" in error.fix
    dear = refused(limiter, ("key:a", MONEY), usd=1.1)
    assert isinstance(dear, QuotaSpent)
    assert dear.retry_after is None


def test_several_limits_let_a_request_in_together_or_not_at_all(slots: Slots, clock: Clock) -> None:
    limiter = clock.limiter(slots)
    task = Limits(requests_per_minute=60, usd_per_day=10, burst_seconds=1)
    subjects = [("key:a", Limits(requests_per_minute=120, tokens_per_minute=60, usd_per_day=5)), ("task:t", task)]
    limiter.admit(subjects, tokens=10, usd=1)
    before = [slots.cells[index] for index in range(len(slots.cells))]
    assert refused(limiter, *subjects, tokens=10, usd=1).about == "task:t"
    assert [slots.cells[index] for index in range(len(slots.cells))] == before


def test_a_budget_stops(slots: Slots, clock: Clock) -> None:
    limiter = clock.limiter(slots)
    first = limiter.admit([("key:a", MONEY)], tokens=0, usd=0.6)
    assert not admitted(limiter, MONEY, usd=0.41)  # what is under way may yet cost 0.6
    second = limiter.admit([("key:a", MONEY)], tokens=0, usd=0.4)
    first.settle(tokens=0, usd=0.1)
    second.settle(tokens=0, usd=0.4)
    assert not admitted(limiter, MONEY, usd=0.500000001)
    assert admitted(limiter, MONEY, usd=0.5)
    error = refused(limiter, ("key:a", MONEY), usd=0.000000001)
    assert isinstance(error, QuotaSpent)
    assert "1 US dollars a day" in error.why
    assert error.retry_after == pytest.approx(MIDNIGHT + DAY - clock.wall, abs=0.01)
    assert admitted(limiter, MONEY)  # what costs nothing is no matter of money
    assert not admitted(limiter, Limits(usd_per_day=0), usd=0.000000001)


def test_days_and_months_begin_anew(slots: Slots, clock: Clock) -> None:
    limiter = clock.limiter(slots)
    limits = Limits(usd_per_day=1.0, usd_per_month=1.5)
    limiter.admit([("key:a", limits)], tokens=0, usd=1.0).settle(tokens=0, usd=1.0)
    clock.move(DAY)
    error = refused(limiter, ("key:a", limits), usd=1.0)
    assert "1.5 US dollars a month" in error.why
    assert error.retry_after == pytest.approx(MIDNIGHT + 31 * DAY - clock.wall, abs=0.01)
    clock.move(error.retry_after or 0)
    assert admitted(limiter, limits, usd=1.0)


def test_a_clock_set_back_opens_no_budget(slots: Slots, clock: Clock) -> None:
    limiter = clock.limiter(slots)
    limits = Limits(usd_per_day=1.0, usd_per_month=10.0)
    let_in = []
    for jump in (0.0, -DAY, 2 * DAY, -40 * DAY, 39 * DAY):
        clock.wall += jump
        try:
            limiter.admit([("key:a", limits)], tokens=0, usd=1.0).settle(tokens=0, usd=1.0)
        except QuotaSpent:
            continue
        let_in.append(jump)
    assert let_in == [0.0, 2 * DAY]  # the days that were never seen before
    clock.wall -= 300 * DAY
    error = refused(limiter, ("key:a", limits), usd=1.0)
    clock.move((error.retry_after or 0) - 1.0)
    refused(limiter, ("key:a", limits), usd=1.0)
    clock.move(1.0)
    assert clock.wall > MIDNIGHT + 2 * DAY  # once the latest day that was ever seen is over
    assert admitted(limiter, limits, usd=1.0)


def test_rates_do_not_see_the_wall_clock(slots: Slots, clock: Clock) -> None:
    limiter = clock.limiter(slots)
    assert [admitted(limiter, ONE_A_SECOND) for _ in range(6)] == [True] * 5 + [False]
    clock.wall += DAY
    assert not admitted(limiter, ONE_A_SECOND)
    clock.wall -= 9 * DAY
    clock.monotonic += 1.0
    assert admitted(limiter, ONE_A_SECOND)


def test_money_of_yesterday_that_is_settled_today_counts_today(slots: Slots, clock: Clock) -> None:
    limiter = clock.limiter(slots)
    held = limiter.admit([("key:a", MONEY)], tokens=0, usd=0.7)
    clock.move(DAY)
    assert not admitted(limiter, MONEY, usd=0.31)
    held.settle(tokens=0, usd=0.5)
    assert not admitted(limiter, MONEY, usd=0.51)
    assert admitted(limiter, MONEY, usd=0.5)


def test_what_the_ledger_says_was_spent_is_spent(slots: Slots, clock: Clock) -> None:
    limiter = clock.limiter(slots)
    limiter.fill({"key:a": Spent(day=0.25, month=3.0), "key:b": Spent(day=0.0, month=9.0)})
    assert not admitted(limiter, MONEY, usd=0.76)
    assert admitted(limiter, MONEY, usd=0.75)
    assert refused(limiter, ("key:b", Limits(usd_per_month=10)), usd=1.1).about == "key:b"


def test_other_limits_after_a_reload_hold_for_what_was_used_before(slots: Slots, clock: Clock) -> None:
    limiter = clock.limiter(slots)
    held = limiter.admit([("key:a", Limits())], tokens=50, usd=0.5)
    assert not admitted(limiter, MONEY, usd=0.51)
    held.settle(tokens=50, usd=0.5)
    assert not admitted(limiter, MONEY, usd=0.51)
    assert admitted(limiter, Limits(usd_per_day=2.0), usd=1.5)


def test_headers_tell_of_the_first_limit_in_the_format_of_the_api(slots: Slots, clock: Clock) -> None:
    limiter = clock.limiter(slots)
    own = Limits(requests_per_minute=60, tokens_per_minute=6000)
    held = limiter.admit([("key:a", own), ("task:t", Limits(requests_per_minute=1000))], tokens=864, usd=0)
    assert dict(pairs_of(held.head())) == {
        b"x-ratelimit-limit-requests": b"60",
        b"x-ratelimit-remaining-requests": b"59",
        b"x-ratelimit-reset-requests": b"1s",
        b"x-ratelimit-limit-tokens": b"6000",
        b"x-ratelimit-remaining-tokens": b"5136",
        b"x-ratelimit-reset-tokens": b"8.64s",
    }
    held.settle(tokens=9000, usd=0)
    assert dict(pairs_of(held.head()))[b"x-ratelimit-remaining-tokens"] == b"0"
    error = refused(limiter, ("key:a", own), tokens=1)
    assert dict(error.headers)[b"x-ratelimit-remaining-tokens"] == b"0"
    assert dict(error.headers)[b"x-ratelimit-reset-tokens"] == b"1m30s"
    assert limiter.admit([("key:b", Limits())], tokens=1, usd=0).head() == b""
    assert limiter.admit([], tokens=1, usd=1.0).head() == b""


def test_a_refusal_says_nothing_of_what_others_used(slots: Slots, clock: Clock) -> None:
    limiter = clock.limiter(slots)
    task = ("task:t", Limits(requests_per_minute=60, usd_per_day=1, burst_seconds=1))
    limiter.admit([("key:a", Limits()), task], tokens=0, usd=0.9)
    error = refused(limiter, ("key:b", Limits()), task, usd=0.5)
    assert error.headers == ()
    assert "0.9" not in str(error)
    assert "key:a" not in str(error)


class Guarded:
    """Numbers that are touched by whoever holds the lock, and by nobody else."""

    def __init__(self, slots: GuardedSlots, size: int) -> None:
        self._slots, self._numbers = slots, [0.0] * size

    def __getitem__(self, index: int) -> float:
        assert self._slots.locked
        return self._numbers[index]

    def __setitem__(self, index: int, value: float) -> None:
        assert self._slots.locked
        self._numbers[index] = value

    def __len__(self) -> int:
        return len(self._numbers)


class GuardedSlots:
    shared = True

    def __init__(self) -> None:
        self.locked = False
        self.cells = Guarded(self, 64)
        self.leases = Guarded(self, 8)

    def lock(self) -> None:
        assert not self.locked
        self.locked = True

    def unlock(self) -> None:
        assert self.locked
        self.locked = False

    def find(self, name: str) -> int:
        assert self.locked
        return len(name) - 5


def test_shared_numbers_are_touched_under_the_lock_only(clock: Clock) -> None:
    slots = GuardedSlots()
    limiter = clock.limiter(slots)
    limits = Limits(requests_per_minute=2, tokens_per_minute=60, usd_per_day=1.0)
    limiter.fill({"key:a": Spent(0.1, 0.1)})
    for used in (5, 20, 10):
        try:
            limiter.admit([("key:a", limits), ("task:t", limits)], tokens=10, usd=0.1).settle(tokens=used, usd=0.1)
        except RateLimited:
            assert used == 10
    assert not slots.locked


@dataclass
class Seen:
    """What a run of requests was let in, in the order of time."""

    requests: list[float] = field(default_factory=list)
    used: list[tuple[float, int]] = field(default_factory=list)


action = st.fixed_dictionaries(
    {
        "gap": st.sampled_from([0.0, 0.0, 0.01, 0.3, 1.0, 7.0, 40.0]),
        "worker": st.integers(0, 2),
        "tokens": st.integers(0, 120),
        "used": st.floats(0, 1),
        "settle": st.integers(0, 5),
    }
)
LIMITS = Limits(requests_per_minute=90, tokens_per_minute=600, burst_seconds=8)


@given(st.lists(action, max_size=60))
def test_no_interleaving_of_workers_exceeds_a_rate(actions: list[dict[str, Any]]) -> None:
    clock, slots, seen = Clock(), LocalSlots(), Seen()
    workers = [clock.limiter(slots) for _ in range(3)]
    under_way: list[tuple[Hold, int]] = []
    for one in actions:
        clock.move(one["gap"])
        if one["settle"] and under_way:
            held, used = under_way.pop(one["settle"] % len(under_way))
            held.settle(tokens=used, usd=0)
        try:
            held = workers[one["worker"]].admit([("key:a", LIMITS)], tokens=one["tokens"], usd=0)
        except RateLimited:
            continue
        used = int(one["tokens"] * one["used"])
        under_way.append((held, used))
        seen.requests.append(clock.monotonic)
        seen.used.append((clock.monotonic, used))
    for index, start in enumerate(seen.requests):
        for count, end in enumerate(seen.requests[index:], 1):
            assert count <= 12 + 1.5 * (end - start) + 1e-3
        total = 0
        for end, tokens in seen.used[index:]:
            total += tokens
            assert total <= 80 + 10 * (end - start) + 1e-3


spending = st.fixed_dictionaries(
    {
        "gap": st.sampled_from([0.0, 5.0, 3600.0, 20_000.0, DAY]),
        "jump": st.sampled_from([0.0, 0.0, 0.0, -3600.0, -2 * DAY, DAY]),
        "worker": st.integers(0, 2),
        "usd": st.floats(0, 1.2),
        "used": st.floats(0, 1),
        "settle": st.integers(0, 5),
    }
)


@given(st.lists(spending, max_size=60))
def test_no_interleaving_of_workers_exceeds_a_budget(actions: list[dict[str, Any]]) -> None:
    clock, slots = Clock(), LocalSlots()
    limits = Limits(usd_per_day=2.0, usd_per_month=5.0)
    workers = [clock.limiter(slots) for _ in range(3)]
    under_way: list[tuple[Hold, float]] = []
    # The latest day and month ever seen are the windows that money counts in.
    day, month = 0.0, ""
    days: dict[float, float] = {}
    months: dict[str, float] = {}
    for one in actions:
        clock.move(one["gap"])
        clock.wall = max(clock.wall + one["jump"], MIDNIGHT)
        day = max(day, clock.wall // DAY)
        month = max(month, _month(clock.wall))
        if one["settle"] and under_way:
            held, usd = under_way.pop(one["settle"] % len(under_way))
            held.settle(tokens=0, usd=usd)
            days[day] = days.get(day, 0.0) + usd
            months[month] = months.get(month, 0.0) + usd
        try:
            held = workers[one["worker"]].admit([("key:a", limits)], tokens=0, usd=one["usd"])
        except QuotaSpent:
            continue
        under_way.append((held, one["usd"] * one["used"]))
    assert all(total <= 2.0 + 1e-9 for total in days.values())
    assert all(total <= 5.0 + 1e-9 for total in months.values())


def _month(wall: float) -> str:
    return datetime.fromtimestamp(wall, tz=UTC).strftime("%Y-%m")


asked = st.tuples(st.integers(0, 100), st.floats(0, 1.0), st.sampled_from([0.0, 0.5, 4.0, 50_000.0]))
TIGHT = Limits(requests_per_minute=30, tokens_per_minute=600, usd_per_day=1.0, usd_per_month=3.0, burst_seconds=10)


@given(st.lists(asked, min_size=1, max_size=40), st.floats(0.0, 1e7))
def test_a_refusal_states_when_the_same_request_is_let_in(requests: list[tuple[int, float, float]], up: float) -> None:
    clock = Clock()
    clock.monotonic += up
    limiter = clock.limiter(LocalSlots())
    subjects = [("key:a", TIGHT), ("task:t", LIMITS)]
    for tokens, usd, gap in requests:
        clock.move(gap)
        try:
            held = limiter.admit(subjects, tokens=tokens, usd=usd)
        except Refused as error:
            if error.retry_after is None:
                assert tokens > 80  # more than the task ever takes at once
                continue
            if isinstance(error, RateLimited):
                clock.move(error.retry_after * 0.99 - 0.002)
                if error.retry_after > 1.0:
                    refused(limiter, *subjects, tokens=tokens, usd=usd)
                clock.move(error.retry_after * 0.01 + 0.002)
            else:
                clock.move(error.retry_after)
            held = limiter.admit(subjects, tokens=tokens, usd=usd)
        held.settle(tokens=tokens, usd=usd)
