from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from proveout.data import SelectSplit, TrainSplit
from proveout.families import BuildRun, Claim, check_proof, families
from proveout.families.symbolic._language import LanguageCandidate, build_language, fits_language, said_of
from proveout.task import Answer, Example, Task
from proveout.testing import check_family, make_task

TEXT = {"type": "string"}
ASKED = "Is the following statement true or false? "
THREE = ["A) True", "B) False", "C) Uncertain"]
CONTEXT = "Anne is kind. Kind people are not big."
SMOKING = {
    "background": "Smoking has a direct effect on tar deposit. Tar deposit has a direct effect on cancer.",
    "given_info": "For nonsmokers, the probability of cancer is 10%. For smokers, the probability of cancer is 30%.",
    "question": "Will smoking increase the chance of cancer?",
}
EQUAL = {**SMOKING, "given_info": SMOKING["given_info"].replace("30%", "10%")}


def logic(statement: str, context: str = CONTEXT, options: Any = THREE) -> dict[str, Any]:
    return {"context": context, "question": ASKED + statement, "options": options}


def task_of(*fields: str, output: str = "answer", **extra: Any) -> Task:
    properties = {name: {} if name == "options" else TEXT for name in fields}
    return Task(
        name="questions",
        kind="answer",
        input={"type": "object", "properties": properties},
        output={"type": "object", "properties": {output: TEXT, **extra}},
    )


LOGIC = task_of("context", "question", "options")
CAUSAL = task_of("background", "given_info", "question")
EXPECTED = {"Anne is kind.": "A", "Anne is big.": "B", "Anne is cold.": "C"}


def splits(*select: tuple[dict[str, Any], str]) -> tuple[TrainSplit, SelectSplit]:
    rows = [(logic(statement), letter) for statement, letter in EXPECTED.items()]
    train, held = (
        tuple(
            Example(id=f"{name}{at}", inputs=inputs, expected={"answer": output})
            for at, (inputs, output) in enumerate(part)
        )
        for name, part in (("train", rows), ("select", select))
    )
    return TrainSplit(snapshot="0" * 64, examples=train), SelectSplit(snapshot="0" * 64, examples=held)


def built(task: Task, tmp_path: Path, *select: tuple[dict[str, Any], str]) -> LanguageCandidate:
    return build_language(task, *splits(*select), BuildRun(seed=0, snapshot="0" * 64, cache=tmp_path))


def claim(inputs: dict[str, Any], answer: Answer, folder: Path, **changed: Any) -> Claim:
    assert answer.output is not None
    assert answer.evidence.proof is not None
    fields = {"inputs": inputs, "output": answer.output, "proof": answer.evidence.proof, **changed}
    return Claim(folder=folder, **fields)


def test_it_keeps_the_promises_of_a_family(tmp_path: Path) -> None:
    check_family(families.create("symbolic"), LOGIC, splits((logic("Anne is kind."), "A")), tmp_path)


def test_it_is_what_the_family_builds_and_loads(tmp_path: Path) -> None:
    run = BuildRun(seed=0, snapshot="0" * 64, cache=tmp_path)
    candidate = families.create("symbolic").build(CAUSAL, *splits(), run)
    assert isinstance(candidate, LanguageCandidate)
    assert not LanguageCandidate.is_in(tmp_path)
    candidate.save(tmp_path)
    loaded = families.create("symbolic").candidate.load(tmp_path, tmp_path)
    assert isinstance(loaded, LanguageCandidate)
    assert loaded.answer([SMOKING])[0].output == {"answer": "yes"}


@pytest.mark.parametrize(("statement", "letter"), EXPECTED.items())
def test_logic_is_answered_by_its_option(statement: str, letter: str, tmp_path: Path) -> None:
    inputs = logic(statement)
    (answer,) = built(LOGIC, tmp_path).answer([inputs])
    assert answer.output == answer.guess == {"answer": letter}
    assert answer.evidence.proof is not None
    assert answer.evidence.proof["kind"] == "logic"
    assert check_proof(claim(inputs, answer, tmp_path)) == ()


@pytest.mark.parametrize("options", [THREE, json.dumps(THREE), ["C) Unknown", "B) false", "A) true"]])
def test_options_are_a_list_or_its_text(options: Any, tmp_path: Path) -> None:
    inputs = logic("Anne is big.", options=options)
    (answer,) = built(LOGIC, tmp_path).answer([inputs])
    assert answer.output == {"answer": "B"}
    assert check_proof(claim(inputs, answer, tmp_path)) == ()


@pytest.mark.parametrize(("question", "output"), [("increase", "yes"), ("decrease", "no")])
def test_causes_are_answered_with_a_proof(question: str, output: str, tmp_path: Path) -> None:
    inputs = {**SMOKING, "question": f"Will smoking {question} the chance of cancer?"}
    (answer,) = built(CAUSAL, tmp_path).answer([inputs])
    assert answer.output == {"answer": output}
    assert answer.evidence.proof is not None
    assert answer.evidence.proof["kind"] == "causal"
    assert check_proof(claim(inputs, answer, tmp_path)) == ()


@pytest.mark.parametrize(
    ("inputs", "named"),
    [
        (logic("Anne is kind.", context="Anne is kind. Bob might be big."), "'Bob might be big.'"),
        (logic("Anne is very kind."), "'Anne is very kind.'"),
        ({**SMOKING, "background": "Smoking is pleasant."}, "Smoking is pleasant"),
        ({**SMOKING, "question": "Why does one smoke?"}, "Why does one smoke"),
    ],
)
def test_what_is_not_understood_is_named(inputs: dict[str, Any], named: str, tmp_path: Path) -> None:
    (answer,) = built(LOGIC, tmp_path).answer([inputs])
    assert answer.output is None
    assert answer.evidence.proof is None
    assert named in answer.abstention


@pytest.mark.parametrize(
    "inputs", [{}, {"question": "Why?"}, logic("Anne is kind.", options=["A) Rex"]), {**SMOKING, "given_info": None}]
)
def test_what_no_reader_is_for_is_said_so(inputs: dict[str, Any], tmp_path: Path) -> None:
    (answer,) = built(LOGIC, tmp_path).answer([inputs])
    assert "no question that a reader is for" in answer.abstention
    assert answer.confidence == 0


def test_a_weak_answer_is_less_sure_and_says_why(tmp_path: Path) -> None:
    sure, weak = built(CAUSAL, tmp_path).answer([SMOKING, EQUAL])
    assert said_of(EQUAL).weak
    assert not said_of(SMOKING).weak
    assert weak.output == {"answer": "no"}
    assert "undecided at this precision" in weak.evidence.note
    assert weak.confidence < sure.confidence
    assert check_proof(claim(EQUAL, weak, tmp_path)) == ()


def test_rows_to_select_on_say_how_sure_an_answer_is(tmp_path: Path) -> None:
    often_wrong = built(CAUSAL, tmp_path, *[(SMOKING, "no")] * 8, *[(EQUAL, "no")] * 8)
    sure, weak = often_wrong.answer([SMOKING, EQUAL])
    assert sure.confidence < 0.3
    assert weak.confidence > 0.8
    assert often_wrong.card.parameters["confidence"] == {"value": sure.confidence, "chosen_on": "select"}
    assert "chosen_on" not in built(CAUSAL, tmp_path).card.parameters["confidence"]


def test_rows_that_are_not_understood_say_nothing(tmp_path: Path) -> None:
    candidate = built(LOGIC, tmp_path, *[(logic("Anne is very kind."), "A")] * 8)
    assert candidate.answer([logic("Anne is kind.")])[0].confidence == 0.99


@pytest.mark.parametrize("inputs", [logic("Anne is kind."), logic("Anne is cold."), SMOKING, EQUAL])
def test_another_output_input_or_proof_is_rejected(inputs: dict[str, Any], tmp_path: Path) -> None:
    (answer,) = built(LOGIC, tmp_path).answer([inputs])
    assert answer.output is not None
    assert answer.evidence.proof is not None
    for output in {"A", "B", "C", "yes", "no"} - {answer.output["answer"]}:
        assert check_proof(claim(inputs, answer, tmp_path, output={"answer": output}))
    changed = "Anne is tall. Tall people are big." if "context" in inputs else "Rain has a direct effect on mud."
    other = inputs | {"context" if "context" in inputs else "background": changed}
    assert check_proof(claim(other, answer, tmp_path))
    for key in answer.evidence.proof:
        proof = copy.deepcopy(answer.evidence.proof)
        proof[key] = "something else"
        assert check_proof(claim(inputs, answer, tmp_path, proof=proof)), key
        del proof[key]
        assert check_proof(claim(inputs, answer, tmp_path, proof=proof)), key


def test_what_it_fits() -> None:
    assert fits_language(LOGIC).ok
    assert fits_language(CAUSAL).ok
    assert "context, question, options or background" in fits_language(make_task()).reason
    assert "one output field" in fits_language(task_of("context", "question", "options", more=TEXT)).reason


def test_the_output_field_is_the_tasks(tmp_path: Path) -> None:
    task = task_of("context", "question", "options", output="letter")
    assert built(task, tmp_path).answer([logic("Anne is kind.")])[0].output == {"letter": "A"}
