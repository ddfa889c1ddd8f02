from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from proveout.families.modular.engine import RunEnded, RunStarted, SqliteEngine, _traces
from proveout.families.modular.graph import Graph, Retry
from proveout.ledger import EntryBody, Ledger, LedgerReader
from proveout.store import Workspace

Make = Callable[..., SqliteEngine]
Chain = Callable[..., Graph]


def double(value: int) -> int:
    return 2 * value


class Flaky:
    __name__ = "flaky"
    version = "flaky@1"

    def __init__(self) -> None:
        self.tries = 0

    def __call__(self, value: int) -> int:
        self.tries += 1
        if self.tries == 1:
            raise ConnectionError("down")
        return value


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(Workspace(tmp_path / "desk")) as made:
        yield made


def entries(ledger: Ledger) -> list[EntryBody]:
    with LedgerReader.open(ledger.workspace) as reader:
        return [entry.body() for entry in reader.entries()]


def kinds(ledger: Ledger) -> list[str]:
    return [body.kind for body in entries(ledger)]


def test_a_run_leaves_its_trace(engine: Make, chain: Chain, ledger: Ledger) -> None:
    graph = chain(double, Flaky(), flaky={"retry": Retry(attempts=2)})
    one = engine(graph, ledger=ledger)
    result = one.run("chain", {"value": 2})
    started, ended = entries(ledger)
    assert isinstance(started, RunStarted)
    assert isinstance(ended, RunEnded)
    assert (started.run, started.graph_version) == (ended.run, ended.graph_version) == (result.id, graph.fingerprint)
    assert ended.status == "done"
    traced = [(step.name, step.attempt, step.outcome) for step in ended.steps]
    assert traced == [("double", 1, "done"), ("flaky", 1, "failed"), ("flaky", 2, "done")]
    assert ended.steps[0].output == ended.steps[2].output != ended.steps[1].output
    assert one.publish() == 0


def test_a_failure_and_a_cancellation_are_traced(engine: Make, chain: Chain, ledger: Ledger) -> None:
    one = engine(chain(Flaky()), ledger=ledger)
    one.run("chain", {"value": 2})
    one.cancel(one.start("chain", {"value": 2}))
    ends = [body for body in entries(ledger) if isinstance(body, RunEnded)]
    assert [(body.status, body.error[:13]) for body in ends] == [("failed", "flaky: a step"), ("cancelled", "")]


def test_what_ran_without_a_ledger_is_appended_later(engine: Make, chain: Chain, ledger: Ledger) -> None:
    engine(chain(double)).run("chain", {"value": 2})
    with_ledger = engine(chain(double), ledger=ledger)
    waiting = with_ledger.start("chain", {"value": 2})
    assert kinds(ledger) == ["run.started"]
    assert with_ledger.recover() == ()
    assert kinds(ledger) == ["run.started", "run.started", "run.ended"]
    with_ledger.resume(waiting)
    assert kinds(ledger)[3:] == ["run.ended"]


@pytest.mark.parametrize("kind", [RunStarted.kind, RunEnded.kind])
def test_a_kill_between_the_append_and_its_note_doubles_nothing(
    engine: Make, chain: Chain, ledger: Ledger, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    one = engine(chain(double), ledger=ledger)
    execute = one._journal.execute

    def die(statement: str, values: tuple[object, ...] = ()) -> int:
        if "SET traced" in statement and kind in kinds(ledger):
            raise Killed
        return execute(statement, values)

    monkeypatch.setattr(one._journal, "execute", die)
    with pytest.raises(Killed):
        one.run("chain", {"value": 2}, run_id="r")
    one.close()
    other = engine(chain(double), ledger=ledger)
    other.recover()
    assert other.resume("r").output == 4
    assert other.publish() == 0
    assert kinds(ledger) == ["run.started", "run.ended"]


def test_a_kill_before_the_append_loses_nothing(
    engine: Make, chain: Chain, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    one = engine(chain(double), ledger=ledger)
    with monkeypatch.context() as patched:
        patched.setattr(_traces, "_ended", die)
        with pytest.raises(Killed):
            one.run("chain", {"value": 2}, run_id="r")
    one.close()
    assert engine(chain(double), ledger=ledger).recover() == ()
    assert kinds(ledger) == ["run.started", "run.ended"]
