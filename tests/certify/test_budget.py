from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from proveout import certify
from proveout.errors import DeltaSpent
from proveout.ledger import Ledger
from proveout.store import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


@pytest.fixture
def ledger(workspace: Workspace) -> Iterator[Ledger]:
    with Ledger.open(workspace) as opened:
        yield opened


def test_the_same_look_spends_once(made: Any, workspace: Workspace, ledger: Ledger) -> None:
    plan = made.plan(made.rows(300))
    first = certify.open_look(workspace, ledger, plan, {"a"}, budget=0.05)
    again = certify.open_look(workspace, ledger, plan, {"a"}, budget=0.05)
    assert first == again
    assert (first.before, first.spent, first.looks) == (0.0, 0.05, ())
    assert len(ledger) == 1


def test_another_look_at_the_same_rows_is_refused_and_said(made: Any, workspace: Workspace, ledger: Ledger) -> None:
    plan = made.plan(made.rows(300))
    other = msgspec.structs.replace(plan, candidate="retrieval@1")
    certify.open_look(workspace, ledger, plan, {"a"}, budget=0.05)
    with pytest.raises(DeltaSpent, match=r"--budget 0\.1"):
        certify.open_look(workspace, ledger, other, {"a"}, budget=0.05)
    assert len(ledger) == 1
    wider = certify.open_look(workspace, ledger, other, {"a"}, budget=0.1)
    assert (wider.before, wider.looks) == (0.05, (plan.hash,))


def test_looks_planned_with_less_fit(made: Any, workspace: Workspace, ledger: Ledger) -> None:
    plan = made.plan(made.rows(300))
    for at in range(5):
        grid = msgspec.structs.replace(plan.grid, delta=0.01)
        one = msgspec.structs.replace(plan, grid=grid, candidate=f"distilled@{at}")
        assert certify.open_look(workspace, ledger, one, {"a"}, budget=0.05).before == pytest.approx(0.01 * at)
    with pytest.raises(DeltaSpent):
        certify.open_look(workspace, ledger, plan, {"a"}, budget=0.05)


def test_new_rows_have_a_budget_of_their_own_and_a_new_snapshot_of_old_rows_has_not(
    made: Any, workspace: Workspace, ledger: Ledger
) -> None:
    rows = made.rows(400)
    plan = made.plan(made.rows(300))
    certify.open_look(workspace, ledger, plan, {row.input for row in rows}, budget=0.05)
    certify.store_certificate(workspace, ledger, *made.certificate(plan, rows))
    later = msgspec.structs.replace(plan, snapshot="6" * 64)
    assert certify.open_look(workspace, ledger, later, {"new"}, budget=0.05).before == 0.0
    another = msgspec.structs.replace(plan, snapshot="7" * 64)
    with pytest.raises(DeltaSpent):
        certify.open_look(workspace, ledger, another, {"newer", rows[0].input}, budget=0.05)


def test_a_look_whose_evidence_is_gone_counts(made: Any, workspace: Workspace, ledger: Ledger) -> None:
    plan = made.plan(made.rows(300))
    certify.open_look(workspace, ledger, plan, {"a"}, budget=0.05)
    with pytest.raises(DeltaSpent):
        certify.open_look(workspace, ledger, msgspec.structs.replace(plan, candidate="x@1"), {"b"}, budget=0.05)


def test_asking_again_until_it_certifies_is_refused_and_more_labels_are_not(
    made: Any, workspace: Workspace, ledger: Ledger
) -> None:
    plan, rows = made.plan(made.rows(300)), made.rows(400, unlabelled=0.5)
    certify.check_repeat(workspace, plan, rows)
    certify.store_certificate(workspace, ledger, *made.certificate(plan, rows))
    certify.check_repeat(workspace, plan, [msgspec.structs.replace(row, student_right=True) for row in rows])
    other = [msgspec.structs.replace(rows[0], incumbent="z"), *rows[1:]]
    with pytest.raises(DeltaSpent, match="gave other answers"):
        certify.check_repeat(workspace, plan, other)
    certify.check_repeat(workspace, msgspec.structs.replace(plan, candidate="x@1"), other)
