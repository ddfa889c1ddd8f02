from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from proveout.gateway.providers import Breaker

AFTER, SECONDS = 3, 10.0


class BreakerMachine(RuleBasedStateMachine):
    """Calls begin and end in any order, while time passes."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.breaker = Breaker(AFTER, SECONDS, clock=lambda: self.now)
        self.under_way: list[int] = []
        self.opened = float("-inf")
        self.probes = 0

    @rule()
    def begin(self) -> None:
        before = self.breaker.state
        permit = self.breaker.enter()
        if before == "open":
            # Open: nobody calls before the time is over, and somebody may as soon as it is.
            assert (permit is not None) == (self.now - self.opened >= SECONDS)
        if before == "closed":
            assert permit is not None
        if permit is not None:
            self.under_way.append(permit)

    @precondition(lambda self: self.under_way)
    @rule(data=st.data(), well=st.sampled_from([True, False, None]))
    def end(self, *, data: st.DataObject, well: bool | None) -> None:
        permit = self.under_way.pop(data.draw(st.integers(0, len(self.under_way) - 1)))
        before, failures = self.breaker.state, self.breaker.failures
        self.breaker.record(permit, well=well)
        after = self.breaker.state
        if before == "open":
            assert after == "open"
        if before == "closed" and after == "open":
            assert well is False
            assert failures + 1 == AFTER
        if after == "open" and before != "open":
            self.opened = self.now

    @rule(seconds=st.sampled_from([0.5, 4.0, SECONDS]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def it_is_never_shut_for_good(self) -> None:
        assert self.breaker.seconds_left <= SECONDS


TestBreaker = BreakerMachine.TestCase
TestBreaker.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)


def opened(clock: list[float]) -> Breaker:
    breaker = Breaker(2, SECONDS, clock=lambda: clock[0])
    for _ in range(2):
        breaker.record(breaker.enter(), well=False)
    assert breaker.state == "open"
    return breaker


def test_one_request_at_a_time_may_try() -> None:
    clock = [0.0]
    breaker = opened(clock)
    clock[0] = SECONDS
    assert breaker.enter() is not None
    assert breaker.enter() is None


def test_a_try_that_works_closes_and_one_that_fails_opens_again() -> None:
    clock = [0.0]
    breaker = opened(clock)
    clock[0] = SECONDS
    breaker.record(breaker.enter(), well=False)
    assert (breaker.state, breaker.enter()) == ("open", None)
    clock[0] = 2 * SECONDS
    breaker.record(breaker.enter(), well=True)
    assert (breaker.state, breaker.failures) == ("closed", 0)


def test_a_try_without_a_verdict_lets_the_next_one_in() -> None:
    clock = [0.0]
    breaker = opened(clock)
    clock[0] = SECONDS
    breaker.record(breaker.enter(), well=None)
    assert breaker.enter() is not None


def test_a_try_that_never_ends_holds_the_place_for_a_while_only() -> None:
    clock = [0.0]
    breaker = opened(clock)
    clock[0] = SECONDS
    assert breaker.enter() is not None
    clock[0] = 2 * SECONDS
    assert breaker.enter() is not None


def test_a_late_answer_from_before_changes_nothing() -> None:
    breaker = Breaker(1, SECONDS, clock=lambda: 0.0)
    late, failing = breaker.enter(), breaker.enter()
    breaker.record(failing, well=False)
    breaker.record(late, well=True)
    assert breaker.state == "open"


def test_failures_count_in_a_row_only_and_429_counts_for_nothing() -> None:
    breaker = Breaker(2, SECONDS, clock=lambda: 0.0)
    states = []
    for well in (False, True, False, True, False, None, None, False):
        breaker.record(breaker.enter(), well=well)
        states.append(breaker.state)
    assert states == ["closed"] * 7 + ["open"]
