from __future__ import annotations

from typing import Any

import msgspec
import pytest

from proveout import certify
from proveout.certify import Grid
from proveout.errors import CertificateForeign
from proveout.families import CandidateCard


def test_a_grid_goes_down_and_ends_at_the_last_row(made: Any) -> None:
    rows = made.rows(500)
    grid = certify.choose_grid(rows, claim="agreement", alpha=0.01, delta=0.05)
    assert list(grid.thresholds) == sorted(grid.thresholds, reverse=True)
    assert len(grid.thresholds) == 100
    assert grid.thresholds[-1] == min(row.score for row in rows if row.score is not None)
    assert grid.bets == ()
    net = certify.choose_grid(rows, claim="non-inferiority", alpha=0.01, delta=0.05)
    assert len(net.bets) == len(net.thresholds)


@pytest.mark.parametrize(
    "changes",
    [{"alpha": 0.0}, {"alpha": 1.0}, {"delta": -0.1}, {"thresholds": (0.1, 0.5)}, {"claim": "non-inferiority"}],
)
def test_a_grid_that_makes_no_sense_is_refused(changes: dict[str, Any]) -> None:
    fields: dict[str, Any] = {"claim": "agreement", "alpha": 0.1, "delta": 0.1, "thresholds": (0.5,)}
    with pytest.raises(ValueError, match=r"between 0 and 1|go down|its bet"):
        Grid(**fields | changes)


def test_what_is_expected_is_what_equal_rows_certify(made: Any) -> None:
    rows = made.rows(1000, wrong=0.005)
    grid = certify.choose_grid(rows, claim="agreement", alpha=0.02, delta=0.05)
    expected = certify.expect(rows, grid, 1000)
    (part,) = certify.decide(rows, grid)
    assert expected.threshold == part.threshold
    assert expected.coverage == pytest.approx(part.coverage)
    assert certify.expect(rows, grid, 50).threshold is None


def test_a_plan_is_named_by_all_it_says(made: Any) -> None:
    rows = made.rows(200)
    plan = made.plan(rows)
    assert plan.hash == made.plan(rows).hash
    for field in ("task", "snapshot", "candidate", "unit"):
        assert msgspec.structs.replace(plan, **{field: "other"}).hash != plan.hash


def test_a_candidate_of_another_task_or_snapshot_is_refused() -> None:
    card = CandidateCard(family="distilled", task="t", snapshot="s", code="1", seed=0, parameters={})
    certify.check_candidate("distilled@1", card, task="t", snapshot="s")
    for task, snapshot in (("u", "s"), ("t", "r")):
        with pytest.raises(CertificateForeign, match="does not belong here"):
            certify.check_candidate("distilled@1", card, task=task, snapshot=snapshot)
