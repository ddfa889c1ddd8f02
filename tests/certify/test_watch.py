from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from proveout import certify
from proveout.ledger import Ledger
from proveout.store import Workspace


def test_audits_in_the_ledger_raise_an_alarm_that_names_its_action(made: Any, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    certificate, _ = made.certificate(made.plan(made.rows(800, seed=7), alpha=0.03), made.rows(900))
    audits = [
        certify.TrafficAudited(certificate=name, served=True, loss=int(at % 5 == 0))
        for at in range(80)
        for name in (certificate.id, "certificate@other")
    ]
    with Ledger.open(workspace) as ledger:
        ledger.append_many(audits[:20])
        quiet = certify.lifelong_state(workspace, certificate)
        assert (quiet.audits, quiet.losses) == (10, 2)
        assert certify.alarm_of(certificate, quiet) is None
        ledger.append_many(audits[20:])
        state = certify.lifelong_state(workspace, certificate)
        assert (state.audits, state.losses) == (80, 16)
        alarm = certify.alarm_of(certificate, state)
        assert alarm is not None
        assert alarm.certificate == certificate.id
        assert "roll the release back" in alarm.action
        ledger.append(alarm)


def test_what_certifies_nothing_is_not_watched(made: Any, tmp_path: Path) -> None:
    nothing, _ = made.certificate(made.plan(made.rows(800, seed=7)), made.rows(40))
    with pytest.raises(ValueError, match="certifies nothing"):
        certify.lifelong_state(Workspace(tmp_path), nothing)
    assert certify.alarm_of(nothing, certify.LifelongState()) is None
