from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from proveout.families._embedders import fit_embedder
from proveout.families._labels import Labelled, labelled
from proveout.families._protocol import BuildRun
from proveout.families.distilled._head import SCALES, fit_head
from proveout.families.distilled._student import DistilledCandidate, Encoding, fit_student
from proveout.task import Example
from proveout.testing import make_splits, make_task

VAGUE = {"text": "card refund day"}


def student(folder: Path, spoil: int = 0, held: Labelled | None = None) -> DistilledCandidate:
    """A student on TF-IDF; ``spoil`` rows of the card label say hours."""
    train, select = make_splits()
    rows = labelled(make_task(), train.examples)
    cards = [at for at, label in enumerate(rows.labels) if label == "card"][:spoil]
    for at in cards:
        rows.labels[at] = "hours"
    run = BuildRun(seed=0, snapshot=train.snapshot, cache=folder, embedder="tfidf")
    encoding = Encoding(embedder=fit_embedder("tfidf", rows.texts, folder), said={"extra": {"value": 1}})
    held = labelled(make_task(), select.examples) if held is None else held
    return fit_student("distilled", make_task(), rows, held, encoding, run)


def test_it_answers_with_the_right_label_and_a_probability(tmp_path: Path) -> None:
    candidate = student(tmp_path)
    rows = [example for example in make_splits()[1].examples if example.expected != {"intent": "oos"}]
    answers = candidate.answer([row.inputs for row in rows])
    right = [(answer.guess or answer.output) == row.expected for answer, row in zip(answers, rows, strict=True)]
    assert np.mean(right) >= 0.95
    assert all(0 <= (answer.confidence or 0) <= 1 for answer in answers)


def test_where_more_labels_are_likely_the_evidence_names_them(tmp_path: Path) -> None:
    candidate = student(tmp_path)
    sure, vague = candidate.answer([{"text": "please refund order 3"}, VAGUE])
    assert sure.evidence.alternatives == ()
    assert set(vague.evidence.alternatives) <= {"card", "hours", "refund"}
    candidate._state = replaced(candidate._state, least=-np.inf)
    everything = candidate.answer([VAGUE])[0].evidence.alternatives
    assert sorted(everything) == ["card", "hours", "refund"]
    assert everything[0] == (vague.guess or vague.output or {})["intent"]


def replaced(state: Any, least: float) -> Any:
    import msgspec  # noqa: PLC0415  here only

    return msgspec.structs.replace(state, conformal=msgspec.structs.replace(state.conformal, least=least))


def test_wrong_labels_are_listed_and_kept_with_the_candidate(tmp_path: Path) -> None:
    candidate = student(tmp_path, spoil=4)
    named = {one.example for one in candidate.suspects}
    rows = labelled(make_task(), make_splits()[0].examples)
    wrong = {example.id for example, label in zip(rows.examples, rows.labels, strict=True) if label == "card"}
    assert len(named & wrong) >= 3
    assert {(one.given, one.suggested) for one in candidate.suspects} == {("hours", "card")}
    folder = tmp_path / "saved"
    folder.mkdir()
    candidate.save(folder)
    assert DistilledCandidate.load(folder, tmp_path).suspects == candidate.suspects
    assert candidate.card.parameters["suspect_labels"]["value"] == len(candidate.suspects)


def test_what_is_loaded_answers_as_what_was_saved(tmp_path: Path) -> None:
    candidate, folder = student(tmp_path), tmp_path / "saved"
    folder.mkdir()
    candidate.save(folder)
    loaded = DistilledCandidate.load(folder, tmp_path)
    inputs = [VAGUE, {"text": ""}, {"text": "sing song number 3"}, {"text": "please refund order 3"}]
    for one, other in zip(candidate.answer(inputs), loaded.answer(inputs), strict=True):
        assert (one.output, one.guess, one.confidence, one.evidence) == (
            *(other.output, other.guess, other.confidence, other.evidence),
        )
    assert loaded.card == candidate.card


def test_the_card_says_what_was_chosen_and_who_taught(tmp_path: Path) -> None:
    parameters = student(tmp_path).card.parameters
    assert parameters["regularisation"]["chosen_on"] == "select"
    assert parameters["teacher"] == {"value": "labels", "rows": 0}
    assert parameters["embedder"]["value"] == "tfidf"
    assert parameters["extra"] == {"value": 1}


def test_the_incumbents_answers_teach_where_there_is_no_label(tmp_path: Path) -> None:
    train, _ = make_splits()
    taught = [Example(id=row.id, inputs=row.inputs, incumbent=row.expected) for row in train.examples]
    rows = labelled(make_task(), taught)
    run = BuildRun(seed=0, snapshot=train.snapshot, cache=tmp_path, embedder="tfidf")
    encoding = Encoding(embedder=fit_embedder("tfidf", rows.texts, tmp_path))
    held = labelled(make_task(), make_splits()[1].examples)
    candidate = fit_student("distilled", make_task(), rows, held, encoding, run)
    assert candidate.card.parameters["teacher"] == {"value": "incumbent", "rows": len(taught)}


@pytest.mark.parametrize("held", [Labelled([], [], [], [], 0), Labelled(["a"], ["stranger"], [], [], 0)])
def test_a_select_split_that_says_little_still_gives_a_candidate(tmp_path: Path, held: Labelled) -> None:
    answer = student(tmp_path, held=held).answer([{"text": "please refund order 3"}])[0]
    assert (answer.guess or answer.output) == {"intent": "refund"}
    assert len(answer.evidence.alternatives) == 3


def test_a_head_trained_with_the_embedding_is_kept_and_scaled(tmp_path: Path) -> None:
    train, select = make_splits()
    rows, held = labelled(make_task(), train.examples), labelled(make_task(), select.examples)
    run = BuildRun(seed=0, snapshot=train.snapshot, cache=tmp_path, embedder="tfidf")
    embedder = fit_embedder("tfidf", rows.texts, tmp_path)
    head = fit_head(embedder.embed(rows.texts), rows.labels, 10.0)
    unsure = {name: array / 4 for name, array in head.items()}
    encoding = Encoding(embedder=embedder, head=unsure, unseen=(embedder.embed(rows.texts), 10.0))
    candidate = fit_student("distilled-tuned", make_task(), rows, held, encoding, run)
    assert candidate.card.parameters["scale"] == {"value": max(SCALES), "chosen_on": "select"}
    assert "regularisation" not in candidate.card.parameters
    np.testing.assert_allclose(candidate._arrays["weights"], unsure["weights"] * max(SCALES), rtol=1e-6)


def test_names_of_labels_are_rows_where_that_helps(tmp_path: Path) -> None:
    train, select = make_splits()
    first = {str((row.expected or {})["intent"]): row for row in reversed(train.examples)}
    few = [first[label] for label in ("card", "hours", "refund")]
    rows, held = labelled(make_task(), few), labelled(make_task(), select.examples)
    run = BuildRun(seed=0, snapshot=train.snapshot, cache=tmp_path, embedder="tfidf")
    words = [*(row.inputs["text"] for row in train.examples), "card", "hours", "refund"]
    encoding = Encoding(embedder=fit_embedder("tfidf", words, tmp_path))
    said = fit_student("distilled", make_task(), rows, held, encoding, run).card.parameters["label_names"]
    assert said == {"value": True, "chosen_on": "select"}
    many = labelled(make_task(), train.examples * 9)
    assert "label_names" not in fit_student("distilled", make_task(), many, held, encoding, run).card.parameters
