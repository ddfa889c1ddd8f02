"""Whether the words an answer stands on are found, and what happens without them."""

from __future__ import annotations

from typing import Any

import jsonschema
import msgspec
import pytest

from proveout.families import Claim, proof_checker
from proveout.task import Answer, Evidence, Example, Task
from proveout.trial import compare_schema, comparison_to_json
from proveout.trial._interpret import proof_steps
from proveout.trial._rationale import proof_units, reduced, units_of
from proveout.trial._verify import verify_trial

Bench = Any  # the fixture's class lives in conftest, which a test module cannot import
FILLER = "one two three four five six seven eight nine"


@proof_checker("test-word")
def check_word(claim: Claim) -> list[str]:
    """A proof that names where in the text its word stands."""
    start, end = claim.proof["span"]
    return [] if claim.inputs["text"][start:end] == claim.output["intent"] else ["the word is not there"]


def rows(bench: Bench, labels: list[str]) -> list[Example]:
    return [
        msgspec.structs.replace(row, inputs={"text": f"{FILLER} {label}"})
        for row, label in zip(bench.rows(labels), labels, strict=True)
    ]


def compared(bench: Bench, answerer: Any, labels: list[str], **fields: Any) -> Any:
    task = bench.task()
    snapshot = bench.Snapshot(task, bench.rows(["a", "b"]), rows(bench, labels))
    return bench.compare(task, snapshot, [bench.built(snapshot, answerer, **fields)], interpret=True)


def by_word(inputs: dict[str, Any], _number: int) -> Answer:
    """Sure where the label's word is there; else a guess at random odds."""
    words = inputs["text"].split()
    label = next((word for word in words if word in {"a", "b"}), None)
    return Answer(output={"intent": label or "a"}, confidence=1.0 if label else 0.5)


def test_occlusion_finds_the_word_that_counts(bench: Bench) -> None:
    result = compared(bench, by_word, ["a"] * 6)
    found = result.candidates[0].axes.interpretability.faithfulness
    jsonschema.Draft202012Validator(compare_schema()).validate(
        msgspec.json.decode(msgspec.json.encode(comparison_to_json(result)))
    )
    assert (found.rows, found.from_proofs) == (6, 0)
    assert found.kept == pytest.approx(0.2)
    assert found.sufficiency.value == pytest.approx(0.0)
    assert found.comprehensiveness.value == pytest.approx(0.5)
    assert "match the ledger" in verify_trial(bench.workspace, result.trial)


def test_words_that_do_not_count_lose_nothing(bench: Bench) -> None:
    result = compared(bench, lambda _inputs, _n: bench.said("a", 0.7), ["a", "b"] * 3)
    found = result.candidates[0].axes.interpretability.faithfulness
    assert (found.sufficiency.value, found.comprehensiveness.value) == (pytest.approx(0), pytest.approx(0))


def test_a_proof_names_its_words_and_is_checked(bench: Bench) -> None:
    def proving(inputs: dict[str, Any], number: int) -> Answer:
        answer, start = by_word(inputs, number), len(FILLER) + 1
        proof = {"kind": "test-word", "span": [start, start + 1 + (number == 1)], "steps": [1, 2]}
        return msgspec.structs.replace(answer, evidence=Evidence(proof=proof))

    result = compared(bench, proving, ["a", "b"] * 5)
    axis = result.candidates[0].axes.interpretability
    assert axis.checked.value == pytest.approx(1.0)
    assert axis.proved.value == 1.0
    assert axis.proof_steps == 2.0
    assert axis.evidence == {"proof": 10}
    assert axis.faithfulness.from_proofs == 10
    assert axis.faithfulness.comprehensiveness.value == pytest.approx(0.5)


def test_answers_without_evidence_are_unchecked_and_abstentions_do_not_count(bench: Bench) -> None:
    result = bench.trial_of(["a", "b"] * 10, lambda _i, n: bench.said("a") if n % 2 else bench.abstained("a"))
    axis = result.candidates[0].axes.interpretability
    assert (axis.checked.value, axis.checked.n) == (0.0, 10)
    assert axis.evidence == {"none": 10}
    nothing = bench.trial_of(["a"], lambda _i, _n: bench.abstained("a")).candidates[0].axes.interpretability
    assert nothing.checked is None


def test_neither_rows_nor_answers(bench: Bench) -> None:
    for labels in ([], ["a"]):
        result = compared(bench, lambda _i, _n: bench.abstained("a"), labels)
        found = comparison_to_json(result)["candidates"][0]["axes"]["interpretability"]["faithfulness"]
        assert (found["rows"], found["sufficiency"]) == (0, None)


def test_a_replay_is_not_asked(bench: Bench) -> None:
    result = compared(bench, by_word, ["a"] * 3, simulated=True)
    assert result.candidates[0].axes.interpretability.faithfulness is None


def test_long_texts_are_cut_into_runs_of_words() -> None:
    task = Task(name="t", kind="classify", input={"properties": {"a": {}, "b": {}, "n": {}}}, output={})
    inputs: dict[str, Any] = {"a": "word " * 1000, "b": "other", "n": 3}
    units = units_of(task, inputs)
    assert 90 <= len(units) <= 101
    assert reduced(inputs, units, set()) == {"a": "", "b": "", "n": 3}
    assert reduced(inputs, units, set(range(len(units))))["a"].split() == inputs["a"].split()


def test_spans_of_a_proof() -> None:
    task = Task(name="t", kind="classify", input={"properties": {"text": {}}}, output={})
    units = units_of(task, {"text": "ab cd ef"})
    proof = {"of": [{"start": 3, "end": 5}, {"document": "x.md", "start": 0, "end": 9}, {"span": ["0", 3]}]}
    assert proof_units(proof, units) == {1}
    assert proof_steps(proof) == 4
    assert proof_units(None, units) == set()
