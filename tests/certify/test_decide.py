from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proveout import certify
from proveout.certify import Claim, Grid, Row, decide

CLAIMS: tuple[Claim, ...] = ("agreement", "non-inferiority")
EVIDENCE = st.lists(
    st.builds(
        Row,
        input=st.just("i"),
        unit=st.sampled_from("abcdefgh"),
        segment=st.sampled_from(["", "x"]),
        score=st.none() | st.sampled_from([0.1, 0.3, 0.5, 0.7, 0.9]),
        student=st.none() | st.sampled_from("pq"),
        incumbent=st.none() | st.sampled_from("pq"),
        student_right=st.none() | st.booleans(),
        incumbent_right=st.none() | st.booleans(),
    ),
    max_size=40,
)
GRID = (0.9, 0.5, 0.1)


def plainly(rows: list[Row], tau: float, claim: str) -> tuple[int, int, int]:
    """Served rows, units lost and units gained, row by row."""
    worst: dict[str, int] = {}
    served = 0
    for row in rows:
        is_served = row.score is not None and row.score >= tau
        served += is_served
        loss = (int(row.disagrees) if claim == "agreement" else row.net) if is_served else 0
        worst[row.unit] = max(worst.get(row.unit, -1), loss)
    return served, sum(loss == 1 for loss in worst.values()), sum(loss == -1 for loss in worst.values())


@given(rows=EVIDENCE, claim=st.sampled_from(CLAIMS), alone=st.booleans())
def test_counts_are_those_of_a_plain_loop(rows: list[Row], claim: Claim, alone: bool) -> None:  # noqa: FBT001
    if alone:
        rows = [msgspec.structs.replace(row, unit=str(at)) for at, row in enumerate(rows)]
    bets = (0.5,) * 3 if claim != "agreement" else ()
    (part,) = decide(rows, Grid(claim=claim, alpha=0.2, delta=0.3, thresholds=GRID, bets=bets))
    assert [(step.served, step.worse, step.better) for step in part.path] == [plainly(rows, tau, claim) for tau in GRID]
    assert part.units == len({row.unit for row in rows})


@given(rows=EVIDENCE, at=st.integers(0, 39), right=st.booleans())
def test_a_label_never_takes_a_certificate_away(rows: list[Row], at: int, right: bool) -> None:  # noqa: FBT001
    grid = Grid(claim="non-inferiority", alpha=0.3, delta=0.3, thresholds=GRID, bets=(0.5, 0.4, 0.3))
    unlabelled = [msgspec.structs.replace(row, student_right=None, incumbent_right=None) for row in rows]
    labelled = [
        msgspec.structs.replace(row, student_right=right, incumbent_right=not right) if number == at else row
        for number, row in enumerate(unlabelled)
    ]
    (before,), (after,) = decide(unlabelled, grid), decide(labelled, grid)
    assert after.passed >= before.passed


@pytest.mark.parametrize("claim", CLAIMS)
def test_all_agree_and_none_agree(made: Any, claim: Claim) -> None:
    agreeing = made.rows(600, wrong=0.0)
    plan = made.plan(agreeing, claim=claim, alpha=0.01)
    (part,) = decide(agreeing, plan.grid)
    assert part.threshold == plan.grid.thresholds[-1]
    assert part.bound is not None
    assert part.bound <= 0.01
    differing = [
        msgspec.structs.replace(row, incumbent="i", student_right=False, incumbent_right=True) for row in agreeing
    ]
    (part,) = decide(differing, plan.grid)
    assert (part.threshold, part.coverage, part.bound) == (None, 0.0, None)


@pytest.mark.parametrize("claim", CLAIMS)
def test_the_bound_is_where_the_test_turns(made: Any, claim: Claim) -> None:
    rows = made.rows(2000, wrong=0.01)
    plan = made.plan(made.rows(800, seed=9, wrong=0.01), claim=claim, alpha=0.03)
    (part,) = decide(rows, plan.grid)
    assert part.bound is not None
    assert (part.worse - part.better) / part.units < part.bound <= 0.03


def test_no_rows_certify_nothing() -> None:
    (part,) = decide([], Grid(claim="agreement", alpha=0.1, delta=0.1, thresholds=(0.5,)))
    assert (part.rows, part.threshold, part.path[0].p) == (0, None, 1.0)


def test_a_candidate_that_is_never_sure_certifies_nothing(made: Any) -> None:
    rows = [msgspec.structs.replace(row, score=None) for row in made.rows(400)]
    plan = made.plan(rows)
    assert plan.grid.thresholds == ()
    (part,) = decide(rows, plan.grid)
    assert (part.threshold, part.path) == (None, ())


def test_a_session_loses_what_its_worst_row_does() -> None:
    row = Row(input="i", unit="a", segment="", score=0.9, student="s", incumbent="s")
    bad = msgspec.structs.replace(row, incumbent="i", student_right=False, incumbent_right=True)
    good = msgspec.structs.replace(row, incumbent="i", student_right=True, incumbent_right=False)
    grid = Grid(claim="non-inferiority", alpha=0.1, delta=0.1, thresholds=(0.5,), bets=(0.5,))
    outcomes = {(1, 0): [row, bad, good], (0, 1): [good, good], (0, 0): [row, good]}
    for (worse, better), rows in outcomes.items():
        (part,) = decide(rows, grid)
        assert (part.path[0].worse, part.path[0].better, part.units) == (worse, better, 1)


def test_segments_get_their_own_thresholds_and_one_may_get_none(made: Any) -> None:
    names = ("easy", "hard")
    rows = made.rows(4000, wrong=0.005, segments=names)
    rows = [msgspec.structs.replace(row, incumbent="i") if row.segment == "hard" else row for row in rows]
    plan = made.plan(made.rows(1000, seed=3, wrong=0.005, segments=names), alpha=0.005)
    easy, hard = decide(rows, plan.grid)
    assert (easy.segment, hard.segment) == names
    assert easy.threshold is not None
    assert hard.threshold is None


@settings(max_examples=20)
@given(st.permutations(range(60)))
def test_the_order_of_rows_means_nothing(made_order: list[int]) -> None:
    rows = [
        Row(input=str(at), unit=str(at // 2), segment="", score=at / 60, student="s", incumbent="s" if at % 7 else "i")
        for at in range(60)
    ]
    grid = Grid(claim="agreement", alpha=0.3, delta=0.2, thresholds=(0.8, 0.4, 0.1))
    assert decide(rows, grid) == decide([rows[at] for at in made_order], grid)


@pytest.mark.parametrize("claim", CLAIMS)
def test_certificates_keep_their_promise_and_the_naive_rule_does_not(claim: Claim) -> None:
    """2,000 draws with a known truth, the grid chosen on rows of its own each time."""
    rng = np.random.default_rng(4)
    draws, count, alpha = 2000, 400, 0.05
    thresholds = np.linspace(0.98, 0.0, 50)
    # A row differs with probability 0.4 · (1 - score)²; of those, four in five lose.
    cost = 1.0 if claim == "agreement" else 0.6
    true = cost * 0.4 * (1 - thresholds) ** 3 / 3
    bets = [certify.kelly_bet(risk * 800 / 0.6 * 0.8, risk * 800 / 0.6 * 0.2, 800, alpha) for risk in true]
    broken = naive_broken = 0
    for _ in range(draws):
        score = np.sort(rng.random(count))[::-1]
        differ = rng.random(count) < 0.4 * (1 - score) ** 2
        loses = rng.random(count) < 0.8
        at = np.searchsorted(-score, -thresholds, side="right")
        running = [np.concatenate([[0], np.cumsum(one)])[at] for one in (differ & loses, differ & ~loses)]
        worse, better = (running[0] + running[1], 0 * running[1]) if claim == "agreement" else running
        if claim == "agreement":
            p_values = certify.binomial_p(worse, count, alpha)
        else:
            p_values = certify.betting_p(worse, better, count, alpha, bets)
        ((passed, _),) = certify.reject_in_sequence([list(map(float, p_values))], 0.05)
        naive = np.flatnonzero(worse - better <= alpha * count)
        broken += passed > 0 and true[passed - 1] > alpha
        naive_broken += bool(len(naive)) and true[naive[-1]] > alpha
    assert broken / draws <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / draws)
    assert naive_broken / draws > 0.3


def test_the_band_of_the_share_served_counts_sessions_and_not_their_rows(made: Any) -> None:
    rows = made.rows(900, wrong=0.0, sessions=300)
    (part,) = certify.decide(rows, made.plan(rows, alpha=0.1).grid)
    assert part.units == 300
    assert part.coverage - part.coverage_low == pytest.approx(certify.coverage_margin(300))
