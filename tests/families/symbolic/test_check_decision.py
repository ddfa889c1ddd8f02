from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from proveout.families import Claim, check_proof
from proveout.families.symbolic._decisions import DecisionCandidate
from proveout.task import Task

Build = Callable[..., DecisionCandidate]
MESSAGES = [
    "It is broken and cost $80.",
    "It came 45 days ago.",
    "It came 3 days ago, or 4 days ago. It is broken, photo attached.",
    "I want my money back.",
]


@pytest.fixture
def claims(text_task: Task, build: Build, tmp_path: Path) -> list[Claim]:
    candidate = build(text_task)
    folder = tmp_path / "files"
    folder.mkdir()
    candidate.save(folder)
    answers = candidate.answer([{"text": text} for text in MESSAGES])
    made = [
        Claim(inputs={"text": text}, output=answer.output or {}, proof=answer.evidence.proof or {}, folder=folder)
        for text, answer in zip(MESSAGES, answers, strict=True)
    ]
    assert all(check_proof(claim) == () for claim in made)
    return made


def changed(claim: Claim, **parts: Any) -> Claim:
    fields: dict[str, Any] = {
        "inputs": claim.inputs,
        "output": claim.output,
        "proof": claim.proof,
        "folder": claim.folder,
    }
    return Claim(**(fields | parts))


def test_another_output_input_or_candidate_is_refused(claims: list[Claim], tmp_path: Path) -> None:
    for claim in claims:
        other = next(one for one in ("approve", "refuse") if claim.output != {"decision": one})
        assert check_proof(changed(claim, output={"decision": other}))
    quoting = claims[0]
    assert "quotes what the text does not say" in check_proof(changed(quoting, inputs={"text": "Nothing at all."}))[0]
    with pytest.raises(FileNotFoundError):
        check_proof(changed(quoting, folder=tmp_path / "nowhere"))


def test_a_promised_change_is_checked_and_must_be_there(claims: list[Claim]) -> None:
    claim = claims[0]
    bare = {key: value for key, value in claim.proof.items() if key != "recourse"}
    assert "neither shown nor ruled out" in check_proof(changed(claim, proof=bare))[0]
    promise = copy.deepcopy(dict(claim.proof))
    promise["recourse"]["change"] = {"damaged": [True, False]}
    assert check_proof(changed(claim, proof=promise))
    unasked = dict(claims[2].proof) | {"recourse": claim.proof["recourse"]}
    assert "nobody asked for" in check_proof(changed(claims[2], proof=unasked))[0]


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        yield from (leaf for key, part in value.items() for leaf in leaves(part, (*path, key)))
    elif isinstance(value, list):
        yield from (leaf for at, part in enumerate(value) for leaf in leaves(part, (*path, at)))
    else:
        yield path


def mutated(proof: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """A really different proof: one value changed, or one part dropped."""
    made = copy.deepcopy(proof)
    path = rng.choice(list(leaves(made)))
    parent = made
    for key in path[:-1]:
        parent = parent[key]
    old = parent[path[-1]]
    if rng.random() < 0.3:
        del parent[path[-1]]
    elif isinstance(old, bool):
        parent[path[-1]] = not old
    else:
        parent[path[-1]] = old + 1 if isinstance(old, int) else f"{old}x"
    return made


def test_mutated_proofs_are_refused(claims: list[Claim]) -> None:
    rng = random.Random(0)
    taken = []
    for number in range(600):
        claim = claims[number % len(claims)]
        proof = mutated(dict(claim.proof), rng)
        if not check_proof(changed(claim, proof=proof)):
            taken.append(proof)
    assert taken == []


def test_facts_of_fields_are_those_of_the_input(fields_task: Task, build: Build, tmp_path: Path) -> None:
    candidate = build(fields_task)
    candidate.save(tmp_path)
    inputs = {"since": "1 week", "opened": False, "price": "USD 24.99"}
    answer = candidate.answer([inputs])[0]
    claim = Claim(inputs=inputs, output=answer.output or {}, proof=answer.evidence.proof or {}, folder=tmp_path)
    assert check_proof(claim) == ()
    for other in ({"since": 8}, {"opened": True}, {"price": 25}, {"since": "1 month"}, {"damaged": True}):
        assert any("not as the input says" in problem for problem in check_proof(changed(claim, inputs=inputs | other)))
