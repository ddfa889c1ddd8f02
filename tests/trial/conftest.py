"""Fakes for trials: a snapshot of rows made up here, and candidates whose answers are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import pytest

from proveout import data
from proveout.families import Built, CandidateCard
from proveout.ledger import Ledger
from proveout.store import Workspace
from proveout.task import Answer, Evidence, Example, Incumbent, Neighbour, Task, Usage, content_hash, fingerprint
from proveout.trial import Clock, Comparison, LatencyPlan, TrialOptions, compare

Mode = Literal["recorded", "endpoint", "simulated", "none"]
Answerer = Callable[[dict[str, Any], int], Answer]
QUICK = LatencyPlan(warm_up=1, requests=8)


class FakeSnapshot:
    """Splits handed in, and how often the test rows were opened."""

    def __init__(self, task: Task, train: Sequence[Example], test: Sequence[Example]) -> None:
        self.task = fingerprint(task)
        self.id = content_hash([[row.id, row.inputs, row.expected] for row in (*train, *test)])
        self._train, self._test = tuple(train), tuple(test)
        self.purposes: list[str] = []
        self.texts: dict[str, bytes] = {}

    @property
    def documents(self) -> tuple[data.Document, ...]:
        return tuple(data.Document(path, "", len(content)) for path, content in self.texts.items())

    def read_document(self, document: data.Document) -> bytes:
        return self.texts[document.path]

    def train(self) -> data.TrainSplit:
        return data.TrainSplit(snapshot=self.id, examples=self._train)

    def select(self) -> data.SelectSplit:
        return data.SelectSplit(snapshot=self.id, examples=())

    def certify(self) -> data.CertifySplit:
        return data.CertifySplit(snapshot=self.id, examples=())

    def open_test(self, ledger: Ledger, purpose: str) -> data.TestSplit:
        assert ledger is not None
        self.purposes.append(purpose)
        return data.TestSplit(snapshot=self.id, examples=self._test)


class FakeCandidate:
    """Answers by a function of the inputs; counts what it was asked."""

    def __init__(self, card: CandidateCard, answerer: Answerer) -> None:
        self.card = card
        self._answerer = answerer
        self.asked = 0

    def answer(self, inputs: Sequence[Any]) -> list[Answer]:
        start, self.asked = self.asked, self.asked + len(inputs)
        return [self._answerer(one, start + number) for number, one in enumerate(inputs)]

    def save(self, folder: Path) -> None:
        (folder / "model.bin").write_bytes(b"x" * 1000)

    @classmethod
    def load(cls, folder: Path) -> Self:
        raise NotImplementedError(folder)


class Ticking:
    """A clock on which each reading is ``step`` after the one before."""

    def __init__(self, step: float = 0.001) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


class Bench:
    """What a test of a trial needs, made short."""

    Snapshot = FakeSnapshot
    Ticking = Ticking

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workspace = Workspace(folder)
        self.workspace.ensure()

    @staticmethod
    def task(labels: Sequence[str] = ("a", "b"), out_of_scope: str = "", mode: Mode = "none") -> Task:
        every = sorted({*labels, *([out_of_scope] if out_of_scope else [])})
        return Task(
            name="desk",
            kind="classify",
            input={"type": "object", "properties": {"text": {"type": "string"}}},
            output={"type": "object", "properties": {"intent": {"enum": every}}},
            target="intent",
            out_of_scope=out_of_scope,
            incumbent=Incumbent(mode=mode),
        )

    @staticmethod
    def rows(labels: Sequence[str | None], segments: Sequence[str] = ()) -> list[Example]:
        return [
            Example(
                id=str(number),
                inputs={"text": f"row {number} {label}"},
                expected=None if label is None else {"intent": label},
                segment=segments[number % len(segments)] if segments else None,
            )
            for number, label in enumerate(labels)
        ]

    @staticmethod
    def said(label: str, confidence: float = 0.9, **fields: Any) -> Answer:
        return Answer(output={"intent": label}, guess={"intent": label}, confidence=confidence, **fields)

    @staticmethod
    def abstained(label: str, confidence: float = 0.2, **fields: Any) -> Answer:
        return Answer(guess={"intent": label}, confidence=confidence, abstention="low confidence", **fields)

    def card(self, snapshot: FakeSnapshot, family: str = "distilled", **fields: Any) -> CandidateCard:
        parameters = {"threshold": {"value": 0.41, "chosen_on": "select"}, "embedder": "tfidf"}
        whole = {"parameters": parameters, "seed": 0, "code": "1", **fields}
        return CandidateCard(family=family, task=snapshot.task, snapshot=snapshot.id, **whole)

    def built(self, snapshot: FakeSnapshot, answerer: Answerer, family: str = "distilled", **fields: Any) -> Built:
        card = self.card(snapshot, family, **fields)
        folder = self.folder / "built" / family
        folder.mkdir(parents=True, exist_ok=True)
        candidate = FakeCandidate(card, answerer)
        candidate.save(folder)
        identifier = f"{family}@{content_hash(card)[:16]}"
        return Built(
            id=identifier, candidate=candidate, folder=folder, reused=False, wall_seconds=1.5, cpu_seconds=1.25
        )

    def options(self, **changes: Any) -> TrialOptions:
        whole = {"latency": QUICK, "chunk": 16, "clock": Clock(Ticking(), Ticking()), **changes}
        return TrialOptions(**whole)

    def compare(self, task: Task, snapshot: Any, built: Sequence[Built], **changes: Any) -> Comparison:
        with Ledger.open(self.workspace) as ledger:
            return compare(self.workspace, task, snapshot, built, ledger=ledger, options=self.options(**changes))

    def trial_of(self, labels: Sequence[str | None], answerer: Answerer, **fields: Any) -> Comparison:
        """Compare one fake on rows of these labels."""
        task = self.task(sorted({label for label in labels if label}) or ["a"], fields.pop("out_of_scope", ""))
        snapshot = FakeSnapshot(task, self.rows(["a", "b"]), self.rows(labels))
        return self.compare(task, snapshot, [self.built(snapshot, answerer)], **fields)

    def showcase(self, rows: int = 600, labels: int = 7) -> Comparison:
        """Three families with mistakes, abstentions, segments and a simulated incumbent: for tables and reports."""
        names = [f"intent_{number}" for number in range(labels)]
        task = self.task(names, "oos", mode="simulated")
        rng = np.random.default_rng(7)
        truth = [names[code] if code < labels else "oos" for code in rng.integers(0, labels + 1, rows)]
        examples = self.rows(truth, segments=("app", "web", "phone"))
        snapshot = FakeSnapshot(task, self.rows(names * 4), examples)
        wanted = dict(zip((row.inputs["text"] for row in examples), truth, strict=True))
        return self.compare(
            task,
            snapshot,
            [
                self.built(snapshot, noisy(wanted, names, 0.05, 1, 0.0), "distilled"),
                self.built(snapshot, noisy(wanted, names, 0.11, 2, 0.0), "retrieval"),
                self.built(snapshot, noisy(wanted, names, 0.06, 3, 0.0006), "llm", simulated=True),
            ],
        )


def noisy(wanted: dict[str, str], names: list[str], errors: float, seed: int, usd: float) -> Answerer:
    """Answers that are wrong at a known rate, with confidences that know a little about it; a pure function."""

    def answer(inputs: dict[str, Any], _number: int) -> Answer:
        text = inputs["text"]
        rng = np.random.default_rng([seed, int(content_hash(text)[:8], 16)])
        truth = wanted[text]
        wrong = truth == "oos" or rng.random() < errors
        label = names[int(rng.integers(len(names)))] if wrong else truth
        confidence = float(rng.beta(2, 3) if wrong else rng.beta(12, 1.2))
        neighbour = Neighbour(example="12", fingerprint="ab" * 32, similarity=0.83, output={"intent": label})
        fields: dict[str, Any] = {
            "confidence": confidence,
            "evidence": Evidence(neighbours=(neighbour,)),
            "usage": Usage(usd=usd, wall_seconds=float(rng.lognormal(-0.2, 0.3))),
        }
        if confidence < 0.41:
            return Bench.abstained(label, **fields)
        return Bench.said(label, **fields)

    return answer


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A workspace and short ways to fill it."""
    return Bench(tmp_path)
