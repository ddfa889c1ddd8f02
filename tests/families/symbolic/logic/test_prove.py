from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from proveout.errors import TextNotUnderstood
from proveout.families.symbolic.logic import check_logic, prove, read_text

SEEDS = range(60)


def denied(fact: Any) -> Any:
    return (fact[0], fact[1], not fact[2])


@pytest.mark.parametrize("seed", SEEDS)
def test_open_verdicts_are_those_of_the_naive_fixpoint_over_ground_rules(oracle: Any, seed: int) -> None:
    world = oracle.make(seed)
    known = oracle.least(oracle.ground(world), None)
    clash = any(denied(fact) in known for fact in known)
    program = read_text(world.text)
    for fact, statement in list(zip(world.facts, world.statements, strict=True))[::5]:
        truth = "true" if fact in known else "false" if denied(fact) in known else "unknown"
        verdict = prove(program, statement)
        assert verdict.truth == ("contradictory" if clash else truth), (world.text, statement)
        assert check_logic(verdict.proof, world.text, statement) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_closed_verdicts_are_those_of_the_well_founded_model(oracle: Any, seed: int) -> None:
    world = oracle.make(seed + 1000)
    certain, possible = oracle.well_founded(oracle.ground(world))
    clash = any(denied(fact) in certain for fact in certain)
    program = read_text(world.text)
    for fact, statement in list(zip(world.facts, world.statements, strict=True))[::7]:
        verdict = prove(program, statement, world="closed")
        assert check_logic(verdict.proof, world.text, statement, "closed") == []
        if verdict.truth == "contradictory" and not verdict.proof["steps"]:
            continue  # denies in a circle, which the model can survive
        assert certain == possible
        holds = ((fact[0], fact[1], True) in certain) == fact[2]
        assert verdict.truth == ("contradictory" if clash else "true" if holds else "false"), (world.text, statement)


def test_the_worlds_are_of_all_sorts(oracle: Any) -> None:
    """The two tests above would prove little if their worlds were all alike."""
    seen: Counter[str] = Counter()
    for seed in SEEDS:
        world = oracle.make(seed)
        for statement in world.statements[::23]:
            seen["open " + prove(read_text(world.text), statement).truth] += 1
            closed = prove(read_text(world.text), statement, world="closed")
            seen["closed " + closed.truth + ("" if closed.proof["steps"] else " in a circle")] += 1
    kinds = ["true", "false", "contradictory"]
    assert all(seen[f"{world} {kind}"] > 5 for world in ("open", "closed") for kind in kinds), seen
    assert seen["open unknown"] > 10
    assert seen["closed contradictory in a circle"] > 10


@pytest.mark.parametrize(
    ("text", "statement", "opened", "closed"),
    [
        ("", "Anne is kind.", "unknown", "false"),
        ("Anne is kind.", "Anne is kind.", "true", "true"),
        ("Anne is not kind.", "Anne is kind.", "false", "false"),
        ("Anne is kind.", "Anne is kind and big.", "unknown", "false"),
        ("Anne is kind. Anne is not big.", "Anne is kind and big.", "false", "false"),
        ("Anne is kind and big.", "Anne is kind, big and not cold.", "unknown", "true"),
        # A negative premise must be derived in the open world, and fails to be derived in the closed.
        ("If someone is not big then they are kind. Anne is cold.", "Anne is kind.", "unknown", "true"),
        ("If someone is not big then they are kind. Anne is not big.", "Anne is kind.", "true", "true"),
        # A rule works in the direction in which it is said.
        ("Big people are kind. Anne is not kind.", "Anne is big.", "unknown", "false"),
        # But "no" and "nobody" deny both ways.
        ("No cat is a dog. Rex is a dog.", "Rex is a cat.", "false", "false"),
        ("Nobody who likes the dog is big. Anne is big.", "Anne likes the dog.", "false", "false"),
        ("Nothing is big. Anne is cold.", "Anne is big.", "false", "false"),
        ("Everyone is kind. Anne is cold.", "Anne is kind.", "true", "true"),
        ("Everyone is kind. Anne is cold.", "Bob is kind.", "true", "true"),
        ("Anne is kind. Anne is not kind.", "Bob is big.", "contradictory", "contradictory"),
        # Denies in a circle: the closed world has no one answer.
        (
            "If Anne is not big then Anne is kind. If Anne is kind then Anne is big.",
            "Anne is big.",
            "unknown",
            "contradictory",
        ),
        # Chains of denials are no circle.
        (
            "If Bob is not big then Bob is kind. If Bob is not kind then Bob is cold.",
            "Bob is cold.",
            "unknown",
            "false",
        ),
        # Cycles end.
        ("If Anne is big then Anne is kind. If Anne is kind then Anne is big.", "Anne is big.", "unknown", "false"),
        ("If someone sees the cat then the cat sees them. Bob sees the cat.", "The cat sees Bob.", "true", "true"),
    ],
)
def test_verdicts(text: str, statement: str, opened: str, closed: str) -> None:
    program = read_text(text)
    assert prove(program, statement).truth == opened
    assert check_logic(prove(program, statement).proof, text, statement) == []
    verdict = prove(program, statement, world="closed")
    assert verdict.truth == closed
    assert check_logic(verdict.proof, text, statement, "closed") == []
    # Which world it is was not the proof's to choose.
    assert check_logic(verdict.proof, text, statement)


def test_a_statement_is_read_with_the_text() -> None:
    """Only the statement shows that "felines" are things and no quality."""
    assert prove(read_text("Wumpuses are felines. Max is a wumpus."), "Max is a feline.").truth == "true"
    assert prove(read_text("Wumpuses are feline. Max is a wumpus."), "Max is feline.").truth == "true"
    assert prove(read_text("The dog chases the cat."), "The dog does not chase the cat.").truth == "false"


@pytest.mark.parametrize(
    "statement", ["", "Is it?", "Cats are kind.", "Anne is kind. Bob is kind.", "Somebody is kind."]
)
def test_a_statement_outside_the_grammar_is_not_judged(statement: str) -> None:
    with pytest.raises(TextNotUnderstood) as error:
        prove(read_text("Anne is kind."), statement)
    assert error.value.why


def test_same_text_same_proof() -> None:
    text = "Anne is big and kind. Big, kind people are cold. If someone is cold then they like the dog."
    proofs = [prove(read_text(text), "Anne likes the dog.").proof for _ in range(2)]
    assert proofs[0] == proofs[1]
