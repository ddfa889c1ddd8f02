from __future__ import annotations

from collections import Counter

import pytest

from proveout.families.symbolic.effects import Case
from proveout.testing._cases import ACTIONS, KINDS, RESULT, SHOWN, RefundDesk


def test_shares_add_up() -> None:
    for shares in [*(of for one in RESULT.values() for of in one.values()), *SHOWN.values(), KINDS.values()]:
        assert sum(shares) == pytest.approx(1)


def test_equal_seeds_give_equal_cases() -> None:
    assert RefundDesk(3).cases(20) == RefundDesk(3).cases(20) != RefundDesk(4).cases(20)


def test_the_log_keeps_the_rules_and_tries_everything() -> None:
    desk = RefundDesk(0)
    events = [event for case in desk.cases(2000) for event in case.events]
    assert all(desk.rules(event.state, event.action).status == "allowed" for event in events)
    assert set(Counter(event.action for event in events)) == set(ACTIONS)


def reward(desk: RefundDesk, case: Case) -> float:
    worth = desk.declaration()["reward"]["result"]
    return sum(float(worth[str(event.after["result"])]) - float(event.after["spent"]) for event in case.events)


def test_the_logged_policy_is_worth_what_its_cases_bring() -> None:
    desk = RefundDesk(0)
    mean = sum(reward(desk, case) for case in desk.cases(8000)) / 8000
    assert desk.logged(3) == pytest.approx(mean, abs=2.5)


def test_the_best_policy_is_better_and_asks() -> None:
    desk = RefundDesk(0)
    assert desk.optimal(2) > desk.optimal(1) + 2 > desk.logged(2)
