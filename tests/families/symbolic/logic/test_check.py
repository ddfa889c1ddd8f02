from __future__ import annotations

import ast
import inspect
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.families.symbolic.logic import LogicAnswer, answer_question, check_logic, prove, read_text
from proveout.families.symbolic.logic import _check as checker

FOLDER = Path(inspect.getfile(checker)).parent
TEXT = "Anne is big. Big people are kind. If someone is kind and not cold then they like the dog. Anne is not cold."
STATEMENT = "Anne likes the dog."
DATA = ("proofwriter", "prontoqa")


def rows(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / name / "test.jsonl").read_text(encoding="utf-8").splitlines()]


def answered(row: dict[str, Any]) -> LogicAnswer:
    return answer_question(row["context"], row["question"], row["options"])


@pytest.mark.parametrize("module", ["_check", "_check_reading", "_check_words"])
def test_the_checker_is_short_and_shares_nothing_with_what_it_checks(module: str) -> None:
    text = (FOLDER / f"{module}.py").read_text(encoding="utf-8")
    assert text.count("\n") < 200
    imported = {node.module or "" for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)}
    ours = {name.rsplit(".", 1)[-1] for name in imported if name.startswith("proveout")}
    assert ours <= {"_check_reading", "_check_words"}


@pytest.mark.data
@pytest.mark.parametrize("name", DATA)
def test_public_rows_are_answered_right_with_proofs_that_check(shared_data: Path, name: str) -> None:
    found = rows(shared_data, name)
    answers = [answered(row) for row in found]
    right = sum(answer.output == row["answer"] for row, answer in zip(found, answers, strict=True))
    assert right / len(found) >= 0.99
    for row, answer in zip(found, answers, strict=True):
        if answer.output:
            assert answer.proof is not None
            assert check_logic(answer.proof, row["context"], row["question"]) == []


@pytest.mark.data
@pytest.mark.parametrize("name", DATA)
def test_altered_proofs_of_public_rows_are_rejected(shared_data: Path, mutator: Any, name: str) -> None:
    mutate, done = mutator(11), 0
    for row in rows(shared_data, name)[::5]:
        proof = answered(row).proof
        for _ in range(15):
            how, altered = mutate.mutated(proof)
            assert check_logic(altered, row["context"], row["question"]), (how, altered)
            done += 1
    assert done >= 1000


def proofs(world: Any, assumed: Any) -> dict[str, tuple[str, Any]]:
    """A statement with its proof for each verdict that a world has."""
    program = read_text(world.text)
    found: dict[str, tuple[str, Any]] = {}
    for statement in world.statements[::4]:
        verdict = prove(program, statement, assumed)
        found.setdefault(verdict.truth, (statement, verdict.proof))
    return found


@pytest.mark.parametrize("assumed", ["open", "closed"])
def test_altered_proofs_are_rejected(oracle: Any, mutator: Any, assumed: str) -> None:
    mutate, done = mutator(3), Counter[str]()
    for seed in range(500, 530):
        world = oracle.make(seed)
        for truth, (statement, proof) in proofs(world, assumed).items():
            assert check_logic(proof, world.text, statement, assumed) == []
            for _ in range(30):
                how, altered = mutate.mutated(proof)
                assert check_logic(altered, world.text, statement, assumed), (how, world.text, statement, altered)
                done[truth] += 1
    assert done.total() >= 1000
    assert min(done.values()) >= 60
    assert len(done) == (4 if assumed == "open" else 3)


def test_each_way_of_altering_is_tried(mutator: Any) -> None:
    mutate, proof = mutator(0), prove(read_text(TEXT), STATEMENT).proof
    ways = Counter(mutate.mutated(proof)[0] for _ in range(500))
    assert set(ways) == {"value", "listed", "keyed", "claim", "steps", "cited", "removed"}


def test_a_proof_holds_for_its_text_and_statement_only(oracle: Any) -> None:
    proof = prove(read_text(TEXT), STATEMENT).proof
    assert check_logic(proof, TEXT, STATEMENT) == []
    assert check_logic(proof, TEXT, "Is the following statement true or false? " + STATEMENT) == []
    assert check_logic(proof, TEXT, "Anne does not like the dog.")
    assert check_logic(proof, TEXT, "Anne likes the cat.")
    for sentence in TEXT.split(". "):
        without = TEXT.replace(sentence.removesuffix(".") + ".", "").strip()
        assert check_logic(proof, without, STATEMENT), sentence
    # Words that do not change a length do not escape it either.
    for old, new in (
        ("big", "bad"),
        ("Anne", "Anna"),
        ("dog", "cat"),
        ("not cold", "now cold"),
        ("kind and", "kind, x"),
    ):
        assert check_logic(proof, TEXT.replace(old, new), STATEMENT), (old, new)


def test_unknown_is_rejected_once_something_follows() -> None:
    proof = prove(read_text("Anne is big. Big people are kind."), "Anne is cold.").proof
    assert check_logic(proof, "Anne is big. Big people are kind.", "Anne is cold.") == []
    assert check_logic(proof, "Anne is big. Big people are kind. Kind people are cold.", "Anne is cold.")


def test_the_order_of_keys_does_not_matter() -> None:
    proof = json.loads(json.dumps(prove(read_text(TEXT), STATEMENT).proof, sort_keys=True))
    assert check_logic(proof, TEXT, STATEMENT) == []


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_what_is_no_proof_is_rejected(anything: Any) -> None:
    assert check_logic(anything, TEXT, STATEMENT)


@pytest.mark.parametrize("text", ["Anne might be big.", "Anne is big!", "Big is people. Anne"])
def test_a_text_it_cannot_read_is_rejected(text: str) -> None:
    proof = prove(read_text("Anne is big."), "Anne is big.").proof
    assert check_logic(proof, text, "Anne is big.")[0].startswith("the text is not read")
