from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from proveout.data import SelectSplit, TrainSplit
from proveout.errors import BuildFailed, PolicyInvalid
from proveout.families import BuildRun, Claim, check_proof, families
from proveout.families.symbolic.patterns import PatternCandidate, build_patterns, fits_patterns
from proveout.task import Answer, Task
from proveout.testing import check_family, make_task

Splits = tuple[TrainSplit, SelectSplit]
TRIP = "5 nights in Ulm for two of us with a desk"


def one(candidate: PatternCandidate, text: str) -> Answer:
    return candidate.answer([{"text": text}])[0]


def claim(answer: Answer, text: str, folder: Path, **changed: Any) -> Claim:
    assert answer.guess is not None
    assert answer.evidence.proof is not None
    fields = {"output": answer.guess, "proof": answer.evidence.proof, "inputs": {"text": text}, **changed}
    return Claim(folder=folder, **fields)


def test_it_keeps_the_promises_of_a_family(trips: Task, splits: Splits, tmp_path: Path) -> None:
    check_family(families.create("symbolic"), trips, splits, tmp_path)


def test_every_answer_has_a_proof_that_is_accepted(candidate: PatternCandidate, splits: Splits, saved: Path) -> None:
    for text in [*(row.inputs["text"] for row in splits[1].examples), TRIP, "hello", "York York 3 4", "é 漢 5"]:
        assert check_proof(claim(one(candidate, text), text, saved)) == ()


def test_it_fills_fields(candidate: PatternCandidate) -> None:
    answer = one(candidate, TRIP)
    assert answer.output == {"city": "Ulm", "nights": 5, "room": "double", "extras": ["desk"]}
    assert "city 'Ulm': p" in answer.evidence.note
    city = next(step.output for step in answer.evidence.trace if step.name == "city")
    assert (city["start"], city["end"], city["text"]) == (12, 15, "Ulm")


def test_it_finds_values_that_it_never_saw(candidate: PatternCandidate) -> None:
    guess = one(candidate, "12 nights in Rome for me").guess
    assert guess == {"city": "Rome", "nights": 12, "room": "single", "extras": []}


def test_a_text_without_a_value_is_answered_with_less_confidence(candidate: PatternCandidate) -> None:
    hello = one(candidate, "hello")
    assert hello.confidence < 0.5 < one(candidate, TRIP).confidence
    assert hello.evidence.proof is not None
    assert hello.evidence.proof["none"] == ["city", "extras", "nights"]


@pytest.mark.parametrize("changed", [{"city": "Bonn"}, {"nights": 4}, {"room": "single"}, {"extras": []}, {"more": 1}])
def test_another_output_is_rejected(candidate: PatternCandidate, saved: Path, changed: dict[str, Any]) -> None:
    answer = one(candidate, TRIP)
    assert answer.output is not None
    assert check_proof(claim(answer, TRIP, saved, output=answer.output | changed))


def test_another_input_or_proof_is_rejected(candidate: PatternCandidate, saved: Path) -> None:
    answer = one(candidate, TRIP)
    assert check_proof(claim(answer, TRIP, saved, inputs={"text": TRIP.replace("Ulm", "Bonn")}))
    for path in (("values", 0, "end"), ("closed", "room", "label"), ("none",), ("closed", "room")):
        proof: Any = copy.deepcopy(answer.evidence.proof)
        inside = proof
        for key in path[:-1]:
            inside = inside[key]
        inside[path[-1]] = "x"
        assert check_proof(claim(answer, TRIP, saved, proof=proof))


def test_a_person_may_edit_the_patterns(saved: Path, tmp_path: Path) -> None:
    for path in saved.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    document = yaml.safe_load((tmp_path / "patterns.yaml").read_bytes())
    document["common"].append("near")
    document["patterns"].insert(0, {"id": "mine", "field": "city", "before": "near", "value": "<name>"})
    (tmp_path / "patterns.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    edited = PatternCandidate.load(tmp_path, tmp_path)
    text = "5 nights near Rome"
    answer = one(edited, text)
    assert answer.guess is not None
    assert answer.guess["city"] == "Rome"
    assert check_proof(claim(answer, text, tmp_path)) == ()
    assert check_proof(claim(answer, text, saved))
    document["patterns"][0]["field"] = "town"
    (tmp_path / "patterns.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    with pytest.raises(PolicyInvalid, match="town"):
        PatternCandidate.load(tmp_path, tmp_path)


def test_its_card_says_what_was_chosen(candidate: PatternCandidate) -> None:
    said = candidate.card.parameters
    assert said["patterns"]["chosen_on"] == "select"
    assert said["patterns"]["value"] == len(candidate.patterns.patterns)
    assert said["fields"] == {
        "city": "in the text",
        "nights": "in the text",
        "room": "closed set",
        "extras": "in the text",
    }


def test_what_it_fits(trips: Task) -> None:
    assert fits_patterns(trips).ok
    assert "kind is classify" in fits_patterns(make_task()).reason
    output = {"type": "object", "properties": {"a[0]": {"type": "string"}}}
    odd = Task(name="odd", kind="extract", input=trips.input, output=output)
    assert "a[0]" in fits_patterns(odd).reason


def test_rows_without_a_value_are_nothing_to_learn(trips: Task, splits: Splits, tmp_path: Path) -> None:
    run = BuildRun(seed=0, snapshot="0" * 64, cache=tmp_path)
    with pytest.raises(BuildFailed, match="nothing to learn"):
        build_patterns(trips, TrainSplit(snapshot="0" * 64, examples=()), splits[1], run)


def test_without_rows_to_choose_on_it_is_built(trips: Task, splits: Splits, tmp_path: Path) -> None:
    run = BuildRun(seed=0, snapshot="0" * 64, cache=tmp_path)
    built = build_patterns(trips, splits[0], SelectSplit(snapshot="0" * 64, examples=()), run)
    assert one(built, TRIP).output is not None
