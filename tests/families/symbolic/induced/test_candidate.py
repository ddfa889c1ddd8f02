from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from proveout.data import SelectSplit, TrainSplit
from proveout.errors import BuildFailed, PolicyInvalid
from proveout.families import BuildRun, Fit
from proveout.families.symbolic.induced import RuleCandidate, build_rules, check_rules, written_rules
from proveout.families.symbolic.induced._candidate import wilson_bounds
from proveout.task import Task
from proveout.testing import check_family, make_splits, make_task


class RuleFamily:
    """The rules as a family."""

    name = "symbolic"
    candidate = RuleCandidate

    def fits(self, task: Task) -> Fit:
        return Fit(ok=task.kind == "classify", reason="it learns one label")

    def build(self, task: Task, train: TrainSplit, select: SelectSplit, run: BuildRun) -> RuleCandidate:
        return build_rules(task, train, select, run)


@pytest.fixture(scope="module")
def candidate(tmp_path_factory: pytest.TempPathFactory) -> RuleCandidate:
    run = BuildRun(seed=0, snapshot="0" * 64, cache=tmp_path_factory.mktemp("cache"))
    return build_rules(make_task(), *make_splits(), run)


def test_it_keeps_the_promises_of_a_family(tmp_path: Path) -> None:
    check_family(RuleFamily(), make_task(), make_splits(), tmp_path)


def test_every_answer_has_a_proof_that_is_accepted(candidate: RuleCandidate) -> None:
    document = yaml.safe_load(written_rules(candidate.rules))
    for example in make_splits()[1].examples:
        text = example.inputs["text"]
        (answer,) = candidate.answer([{"text": text}])
        assert answer.evidence.proof is not None
        assert check_rules(answer.evidence.proof, document, text) == []
        assert answer.guess == {"intent": answer.evidence.proof["label"]}


def test_an_answer_cites_the_rule_and_its_precision(candidate: RuleCandidate) -> None:
    (answer,) = candidate.answer([{"text": "my card 99 is lost"}])
    assert answer.output == {"intent": "card"}
    assert "held-out rows" in answer.evidence.note
    assert answer.confidence > 0.8


def test_where_no_rule_fires_it_abstains(candidate: RuleCandidate) -> None:
    answer, empty = candidate.answer([{"text": "zzz qqq"}, {"text": "  "}])
    assert answer.abstention == "out of scope"
    assert answer.evidence.note == "no rule fires"
    assert answer.confidence < 0.5
    assert empty.abstention == "empty input"


def test_a_person_may_edit_the_rules(candidate: RuleCandidate, tmp_path: Path) -> None:
    candidate.save(tmp_path)
    path = tmp_path / "rules.yaml"
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    document["rules"].insert(0, {"id": "mine", "all": ["zzz"], "then": "refund", "select": {"right": 99, "fired": 99}})
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    edited = RuleCandidate.load(tmp_path, tmp_path)
    (answer,) = edited.answer([{"text": "zzz qqq"}])
    assert answer.output == {"intent": "refund"}
    assert answer.evidence.proof is not None
    assert answer.evidence.proof["rule"] == "mine"


def test_an_edit_to_a_label_that_is_not_there_is_refused(candidate: RuleCandidate, tmp_path: Path) -> None:
    candidate.save(tmp_path)
    path = tmp_path / "rules.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("then: card", "then: cart"), encoding="utf-8")
    with pytest.raises(PolicyInvalid, match="cart"):
        RuleCandidate.load(tmp_path, tmp_path)


def test_one_label_is_nothing_to_learn(tmp_path: Path) -> None:
    train, select = make_splits()
    only = tuple(row for row in train.examples if row.expected == {"intent": "card"})
    run = BuildRun(seed=0, snapshot=train.snapshot, cache=tmp_path)
    with pytest.raises(BuildFailed, match="1 different labels"):
        build_rules(make_task(), TrainSplit(snapshot=train.snapshot, examples=only), select, run)


def test_without_rows_to_choose_on_it_is_built(tmp_path: Path) -> None:
    train, _ = make_splits()
    run = BuildRun(seed=0, snapshot=train.snapshot, cache=tmp_path)
    built = build_rules(make_task(), train, SelectSplit(snapshot=train.snapshot, examples=()), run)
    assert built.answer([{"text": "my card 1 is lost"}])[0].guess == {"intent": "card"}


def test_intervals_hold_the_share() -> None:
    for right in range(11):
        low, high = wilson_bounds(right, 10)
        assert -1e-9 <= low - 1e-9 <= right / 10 <= high + 1e-9 <= 1 + 1e-9


def test_its_files_say_that_they_are_its(candidate: RuleCandidate, tmp_path: Path) -> None:
    assert not RuleCandidate.is_in(tmp_path)
    candidate.save(tmp_path)
    assert RuleCandidate.is_in(tmp_path)
