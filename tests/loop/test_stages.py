from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import msgspec
import pytest

import proveout
from proveout import data, families, loop, trial
from proveout.errors import BuildFailed, FamilyDoesNotFit, FamilyUnknown, TaskChanged, TaskInvalid
from proveout.ledger import LedgerReader
from proveout.store import Workspace
from proveout.task import Answer, Task
from proveout.testing import FakeComposed


def kinds(folder: Path) -> list[str]:
    with LedgerReader.open(Workspace(folder)) as reader:
        return [entry.kind for entry in reader.entries()]


def contents(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_each_word_of_the_loop_is_a_python_call(desk: Path) -> None:
    result = proveout.compare(desk, names=["retrieval", "llm"], embedder="tfidf")
    assert [one.family for one in result.candidates] == ["retrieval", "llm"]
    assert proveout.verify(desk).ok
    assert kinds(desk)[0] == "snapshot.taken"
    assert kinds(desk)[-1] == "trial.finished"


def test_opening_test_rows_is_always_in_the_ledger(desk: Path) -> None:
    proveout.build(desk, names=["retrieval"], embedder="tfidf")
    assert "snapshot.test_opened" not in kinds(desk)
    proveout.compare(desk, names=["retrieval"], embedder="tfidf")
    assert kinds(desk).count("snapshot.test_opened") == 1


@pytest.mark.parametrize("family", ["distilled", "retrieval", "llm"])
def test_two_builds_are_byte_identical(desk: Path, family: str) -> None:
    first = proveout.build(desk, names=[family], embedder="tfidf").built[0]
    other = desk.with_name("other")
    shutil.copytree(desk, other, ignore=shutil.ignore_patterns(".proveout"))
    second = proveout.build(other, names=[family], embedder="tfidf").built[0]
    assert first.id == second.id
    assert not second.reused
    assert contents(first.folder) == contents(second.folder)
    assert contents(desk / ".proveout" / "snapshots") == contents(other / ".proveout" / "snapshots")


def test_another_seed_or_embedder_is_another_candidate(desk: Path) -> None:
    ids = {proveout.build(desk, names=["llm"], seed=seed).built[0].id for seed in (0, 1)}
    assert len(ids) == 2


def test_a_family_that_does_not_fit_is_skipped_and_said(desk: Path) -> None:
    toml = desk / "task.toml"
    toml.write_text(toml.read_text(encoding="utf-8").replace('mode = "simulated"', 'mode = "none"'), encoding="utf-8")
    result = proveout.build(desk, names=["retrieval", "llm"], embedder="tfidf")
    assert [skip.family for skip in result.skipped] == ["llm"]
    with pytest.raises(FamilyDoesNotFit, match="endpoint"):
        proveout.build(desk, names=["llm"])
    with pytest.raises(FamilyUnknown, match="did you mean 'retrieval'"):
        proveout.build(desk, names=["retrievel"])


def test_an_edited_task_needs_a_new_snapshot(desk: Path) -> None:
    before = proveout.snapshot(desk)
    toml = desk / "task.toml"
    toml.write_text(toml.read_text(encoding="utf-8").replace("alpha = 0.01", "alpha = 0.02"), encoding="utf-8")
    with pytest.raises(TaskChanged):
        proveout.build(desk)
    assert proveout.snapshot(desk).id != before.id


def test_a_learning_curve_rises_and_resumes(desk: Path) -> None:
    result = proveout.compare(desk, names=["retrieval"], embedder="tfidf", learning_curve=True)
    points = result.curves[0].points
    assert [point.per_class for point in points][:3] == [1, 2, 4]
    assert points[-1].accuracy >= points[0].accuracy
    measured = kinds(desk).count("trial.curve_measured")
    proveout.compare(desk, names=["retrieval"], embedder="tfidf", learning_curve=True)
    assert kinds(desk).count("trial.curve_measured") == measured


def test_a_learning_curve_of_some_of_the_families(desk: Path) -> None:
    result = proveout.compare(desk, names=["distilled", "retrieval"], embedder="tfidf", learning_curve=["retrieval"])
    assert [curve.family for curve in result.curves] == ["retrieval"]
    with pytest.raises(FamilyUnknown, match="not among the families compared"):
        proveout.compare(desk, names=["distilled"], embedder="tfidf", learning_curve=["retrieval"])


CAUSAL = """
[causal]
[[causal.factors]]
name = "greeting"
role = "non-causal"
insert = ["Good day."]
"""


def test_the_causal_axis_needs_no_new_snapshot(desk: Path) -> None:
    with pytest.raises(TaskInvalid, match="name factors"):
        proveout.compare(desk, names=["retrieval"], embedder="tfidf", causal=True)
    before = proveout.compare(desk, names=["retrieval"], embedder="tfidf")
    toml = desk / "task.toml"
    toml.write_text(toml.read_text(encoding="utf-8") + CAUSAL, encoding="utf-8")
    after = proveout.compare(desk, names=["retrieval"], embedder="tfidf", causal=True)
    assert after.candidates[0].id == before.candidates[0].id
    assert after.candidates[0].quality == before.candidates[0].quality
    axes = after.candidates[0].axes
    assert axes.causal is not None
    assert axes.causal.invariance is not None
    assert axes.interpretability.checked is not None
    assert axes.interpretability.checked.value > 0.9
    assert proveout.verify(desk).ok


class EchoCandidate:
    """Answers with the first word."""

    def __init__(self, card: families.CandidateCard) -> None:
        self.card = card

    def answer(self, inputs: Sequence[Mapping[str, Any]]) -> list[Answer]:
        return [Answer(output={"intent": one["text"].split()[0]}, confidence=1.0) for one in inputs]

    def save(self, folder: Path) -> None:
        (folder / "card.json").write_bytes(msgspec.json.encode(self.card, order="sorted"))

    @classmethod
    def load(cls, folder: Path, cache: Path) -> Self:
        del cache
        return cls(msgspec.json.decode((folder / "card.json").read_bytes(), type=families.CandidateCard))


@families.family("echo-first")
class EchoFamily:
    """Learns nothing."""

    name = "echo-first"
    candidate = EchoCandidate

    def fits(self, task: Task) -> families.Fit:
        return families.Fit(ok=True)

    def build(
        self, task: Task, train: data.TrainSplit, select: data.SelectSplit, run: families.BuildRun
    ) -> EchoCandidate:
        assert len(train) == len(select) == 0
        return EchoCandidate(families.card_of(self.name, task, run))


def test_a_task_of_test_rows_alone_is_compared(tmp_path: Path) -> None:
    (tmp_path / "test.csv").write_text("text,intent\ncard lost,card\nrefund it,card\n", encoding="utf-8")
    toml = """
name = "desk"
kind = "classify"
[input]
type = "object"
properties.text = { type = "string" }
[output]
type = "object"
properties.intent = { enum = ["card", "refund"] }
[data]
test = ["test.csv"]
"""
    (tmp_path / "task.toml").write_text(toml + CAUSAL, encoding="utf-8")
    result = proveout.compare(tmp_path, names=["echo-first"], causal=True, interpret=True)
    assert (result.rows.train, result.rows.select, result.rows.certify, result.rows.test) == (0, 0, 0, 2)
    quality = result.candidates[0].quality
    assert quality.accuracy is not None
    assert (quality.accuracy.value, quality.accuracy.n) == (0.5, 2)
    assert quality.coverage is not None
    assert quality.accuracy_answered is not None
    assert proveout.verify(tmp_path).ok
    assert "Can its answers be checked" in trial.render_report(result)


@families.family("orders-fake")
class OrdersFamily:
    """Three steps, each of which can be learned anew."""

    name = "orders-fake"
    candidate = FakeComposed
    learned: ClassVar[list[tuple[str, int, int]]] = []
    cannot: ClassVar[set[str]] = set()

    def fits(self, task: Task) -> families.Fit:
        return families.Fit(ok=True)

    def build(
        self, task: Task, train: data.TrainSplit, select: data.SelectSplit, run: families.BuildRun
    ) -> FakeComposed:
        self.learned.append(("", run.seed, len(train)))
        return FakeComposed(families.card_of(self.name, task, run), errors={"intent": 0.2, "days": 0.1})

    def rebuild(
        self,
        candidate: families.Candidate,
        step: str,
        task: Task,
        train: data.TrainSplit,
        select: data.SelectSplit,
        run: families.BuildRun,
    ) -> FakeComposed:
        assert isinstance(candidate, FakeComposed)
        if step in self.cannot:
            raise BuildFailed("nothing to learn", why="one label is left", fix="add rows", about=step)
        self.learned.append((step, run.seed, len(train)))
        return candidate.rebuilt(step, run.seed)


def make_orders(tmp_path: Path) -> None:
    for name, seed in (("train", 1), ("test", 2)):
        rows = [
            f'"{row.inputs["text"]}",{row.expected["decision"]}' for row in FakeComposed.rows(60, seed) if row.expected
        ]
        (tmp_path / f"{name}.csv").write_text("\n".join(["text,decision", *rows]) + "\n", encoding="utf-8")
    toml = """
name = "orders"
kind = "decide"
target = "decision"
[input]
type = "object"
properties.text = { type = "string" }
[output]
type = "object"
properties.decision = { enum = ["approve", "ask", "refuse"] }
[data]
examples = ["train.csv"]
test = ["test.csv"]
"""
    (tmp_path / "task.toml").write_text(toml, encoding="utf-8")
    OrdersFamily.learned.clear()


def test_a_step_that_fewer_rows_cannot_teach_is_not_swapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_orders(tmp_path)
    monkeypatch.setattr(OrdersFamily, "cannot", {"intent"})
    axis = proveout.compare(tmp_path, names=["orders-fake"], modularity=True).candidates[0].axes.modularity
    assert axis is not None
    assert [step.name for step in axis.steps if step.swap] == ["days"]


def test_a_composed_candidate_is_taken_apart_once(tmp_path: Path) -> None:
    make_orders(tmp_path)
    first = proveout.compare(tmp_path, names=["orders-fake"], seed=4, modularity=True)
    axis = first.candidates[0].axes.modularity
    assert axis is not None
    assert axis.localised is not None
    assert axis.localised.value >= 0.9
    assert axis.leaked is not None
    assert (axis.leaked.value, axis.leaked.n) == (0.0, 60)
    assert axis.fix_of_whole is not None
    whole = first.rows.train
    kept = round(0.7 * whole)
    assert OrdersFamily.learned == [("", 4, whole), ("intent", 5, kept), ("days", 5, kept), ("", 5, kept)]
    second = proveout.compare(tmp_path, names=["orders-fake"], seed=4, modularity=True)
    assert second.candidates[0].axes == first.candidates[0].axes
    assert len(OrdersFamily.learned) == 4
    assert proveout.verify(tmp_path).ok
    plain = proveout.compare(tmp_path, names=["orders-fake"], seed=4)
    assert plain.candidates[0].axes.modularity is None
    assert plain.trial != first.trial


@pytest.mark.slow
def test_a_comparison_killed_at_any_moment_goes_on(desk: Path) -> None:
    command = [sys.executable, "-m", "proveout", "compare", str(desk), "--families", "distilled,retrieval", "--json"]
    for delay in (1.5, 2.5, 3.5):
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            time.sleep(delay)
            os.kill(process.pid, signal.SIGKILL)
        report = proveout.verify(desk) if (desk / ".proveout" / "ledger" / "key.pub").exists() else None
        assert report is None or report.ok, report
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert proveout.verify(desk).ok


def test_quiet_progress_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    loop.quiet("stage", 1, 2)
    assert capsys.readouterr() == ("", "")
