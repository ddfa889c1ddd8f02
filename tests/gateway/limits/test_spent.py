from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from proveout.gateway._entries import RequestServed
from proveout.gateway.limits import Cost, Spent, fold_spent, spent_from_ledger
from proveout.ledger import EntryBody, Ledger, entry
from proveout.store import Workspace

MARCH = 1_772_323_200
NOON = MARCH + 9 * 86_400 + 43_200.0


@entry("test.noise", version=1)
class Noise(EntryBody, frozen=True, kw_only=True):
    usd: float = 99.0


def served(at: float, usd: float, *, key: str = "a", task: str = "", microseconds: int = 0) -> RequestServed:
    return RequestServed(
        id="1",
        operation="chat",
        received=int(at * 1e9),
        model="m",
        status=200,
        key=key,
        task=task,
        usd=usd,
        microseconds=microseconds,
        answer="long" * 100,
    )


def test_the_ledger_says_what_was_spent_this_day_and_month(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    assert spent_from_ledger(workspace, NOON) == {}
    entries = [
        served(MARCH - 1, 100.0),
        served(MARCH - 1, 4.0, microseconds=2_000_000),  # it ended in March
        served(MARCH + 5, 2.0, task="t"),
        Noise(),
        served(NOON - 43_201, 0.5),
        served(NOON - 10, 0.25, key="b", task="t"),
        served(NOON - 5, 0.0, key="free"),
        served(NOON + 86_400, 1.0),  # the clock was set back since
    ]
    with Ledger.open(workspace) as ledger:
        ledger.append_many(entries[:4])
        ledger.append_many(entries[4:])
        assert spent_from_ledger(workspace, NOON) == {
            "key:a": Spent(day=1.0, month=7.5),
            "key:b": Spent(day=0.25, month=0.25),
            "task:t": Spent(day=0.25, month=2.25),
        }


def test_requests_about_a_subject_count_until_the_subject_is_erased(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    with Ledger.open(workspace) as ledger:
        ledger.append(served(NOON, 1.0), subject="ada")
        ledger.append(served(NOON, 2.0))
        assert spent_from_ledger(workspace, NOON)["key:a"].day == 3.0
        ledger.erase_subject("ada")
    assert spent_from_ledger(workspace, NOON)["key:a"].day == 2.0


@pytest.mark.parametrize("field", Cost.__struct_fields__)
def test_a_cost_reads_the_record_as_it_is_written(field: str) -> None:
    written = served(NOON, 0.5, task="t", microseconds=7)
    read = msgspec.json.decode(msgspec.json.encode(written), type=Cost)
    assert getattr(read, field) == getattr(written, field)


def test_nothing_is_nothing() -> None:
    assert fold_spent([], NOON) == {}
