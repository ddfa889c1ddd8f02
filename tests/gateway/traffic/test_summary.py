from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from proveout.gateway import RequestServed
from proveout.gateway.traffic import Totals, features, traffic_rows
from proveout.ledger import Ledger
from proveout.store import Workspace

SORTS, WRITES = "You sort messages.", "You write replies to customers."


def served(number: int, template: str, text: str, **others: Any) -> RequestServed:
    asked = {"messages": [{"role": "system", "content": template}, {"role": "user", "content": text}]}
    answer = msgspec.json.encode({"choices": [{"message": {"content": f"to {text}"}}]}).decode()
    given: dict[str, Any] = {
        "operation": "chat",
        "received": 1_700_000_000_000_000_000 + number,
        "model": "gpt",
        "status": 200,
        "input": asked,
        "answer": answer,
        "input_hash": text,
        "tokens_in": 10,
        "tokens_out": 2,
        "usd": 0.001,
        "microseconds": 1000 * (number + 1),
    }
    return RequestServed(id=str(number), **(given | others))


@pytest.fixture
def home(tmp_path: Path) -> Workspace:
    workspace = Workspace(tmp_path)
    bodies = [served(number, SORTS, f"m{number % 3}") for number in range(6)]
    bodies += [served(6, WRITES, "long", usd=1.0), served(7, WRITES, "x", status=500, error="UpstreamFailed")]
    bodies += [served(8, WRITES, "y", status=499), served(9, WRITES, "z", input=None, answer="")]
    with Ledger.open(workspace) as ledger:
        ledger.append_many(bodies)
    return workspace


def test_features_are_told_apart_by_their_template(home: Workspace) -> None:
    dearest, sorts, unkept = features(home)
    assert dearest.begins == WRITES
    assert (dearest.totals.requests, dearest.totals.failed, dearest.totals.cancelled) == (3, 1, 1)
    assert sorts.begins == SORTS
    assert (sorts.totals.requests, sorts.totals.repeated, sorts.totals.tokens_in) == (6, 3, 60)
    assert sorts.totals.usd == pytest.approx(0.006)
    assert (sorts.totals.percentile(0.5), sorts.totals.percentile(0.99)) == (3.0, 6.0)
    assert (unkept.template, unkept.totals.requests) == ("", 1)


def test_rows_are_those_that_were_answered_and_kept(home: Workspace) -> None:
    rows = list(traffic_rows(home))
    assert [row.id for row in rows] == ["0", "1", "2", "3", "4", "5", "6"]
    assert (rows[0].text, rows[0].answer, rows[0].time) == ("m0", "to m0", "2023-11-14T22:13:20.000+00:00")


def test_rows_of_one_feature(home: Workspace) -> None:
    dearest = features(home)[0]
    assert [row.id for row in traffic_rows(home, model="gpt", template=dearest.template)] == ["6"]
    assert list(traffic_rows(home, model="other")) == []


def test_no_requests_have_no_percentile() -> None:
    assert Totals().percentile(0.5) is None
