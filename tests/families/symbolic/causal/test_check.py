from __future__ import annotations

import ast
import copy
import json
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from proveout.families.symbolic.causal import _check, answer_question, check_causal

MUTATIONS = 3000
FIELDS = ("background", "given_info", "question")
OPPOSITE = {"yes": "no", "no": "yes", "greater": "smaller", "smaller": "greater", "and": "or", "or": "and"}
Proof = dict[str, Any]


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path to every part of a proof."""
    if path:
        yield path
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, part in items:
        yield from places(part, (*path, key))


def altered(value: Any, rng: random.Random) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + rng.choice([-1, 1])
    if value is None:
        return 1
    if isinstance(value, str):
        return OPPOSITE.get(value, rng.choice([f"{value}0", value[:-1], f"-{value}", value.swapcase() + " "]))
    return None


def mutated(proof: Proof, rng: random.Random) -> Proof:
    """A proof with one part dropped, doubled, altered or swapped with another."""
    found = copy.deepcopy(proof)
    path = rng.choice(list(places(found)))
    parent: Any = found
    for key in path[:-1]:
        parent = parent[key]
    last = path[-1]
    ways: list[Callable[[], object]] = [lambda: parent.pop(last)]
    if isinstance(parent, list):
        other = rng.randrange(len(parent))
        ways.append(lambda: parent.insert(last, copy.deepcopy(parent[last])))
        ways.append(lambda: parent.__setitem__(slice(None), swapped(parent, last, other)))
    if not isinstance(parent[last], dict | list):
        ways += [lambda: parent.__setitem__(last, altered(parent[last], rng))] * 3
    rng.choice(ways)()
    return found


def swapped(parts: Sequence[Any], one: int, other: int) -> list[Any]:
    found = list(parts)
    found[one], found[other] = found[other], found[one]
    return found


@pytest.fixture(scope="module")
def proofs(told_cases: Callable[[Sequence[int]], list[dict[str, Any]]]) -> list[tuple[Proof, dict[str, str]]]:
    """Accepted proofs of all kinds of question."""
    found = []
    for case in told_cases([3]):
        inputs = {name: case[name] for name in FIELDS}
        proof = answer_question(**inputs).proof
        if proof is not None:
            found.append((json.loads(json.dumps(proof)), inputs))
    return found


def test_proofs_are_accepted_also_after_json(proofs: list[tuple[Proof, dict[str, str]]]) -> None:
    assert len(proofs) > 200
    assert [check_causal(proof, inputs) for proof, inputs in proofs] == [[]] * len(proofs)


def test_every_mutated_proof_is_rejected(proofs: list[tuple[Proof, dict[str, str]]]) -> None:
    rng, accepted, tried = random.Random(11), [], 0
    while tried < MUTATIONS:
        proof, inputs = rng.choice(proofs)
        mutant = mutated(proof, rng)
        # Compared as text, so that 1 and true count as different.
        if json.dumps(mutant) == json.dumps(proof):
            continue
        tried += 1
        if not check_causal(mutant, inputs):
            accepted.append((mutant, proof))
    assert accepted == []


def test_a_proof_of_another_text_is_rejected(proofs: list[tuple[Proof, dict[str, str]]]) -> None:
    rng = random.Random(5)
    for proof, inputs in proofs:
        for field in FIELDS:
            other = rng.choice(proofs)[1][field]
            if other != inputs[field]:
                assert check_causal(proof, {**inputs, field: other}) != []


def test_a_changed_number_in_the_text_is_noticed(proofs: list[tuple[Proof, dict[str, str]]]) -> None:
    for proof, inputs in proofs:
        if "%" in inputs["given_info"]:
            text = inputs["given_info"].replace("%", "7%", 1)
            assert check_causal(proof, {**inputs, "given_info": text}) != []


def test_both_answers_turned_round_are_rejected(proofs: list[tuple[Proof, dict[str, str]]]) -> None:
    for proof, inputs in proofs:
        turned = {**proof, "answer": OPPOSITE[proof["answer"]]}
        assert check_causal(turned, inputs) != []
        if proof["verdict"] in OPPOSITE:
            assert check_causal({**turned, "verdict": OPPOSITE[proof["verdict"]]}, inputs) != []


@pytest.mark.parametrize("junk", [{}, {"kind": "causal"}, {"kind": "other"}])
def test_what_is_no_proof_is_rejected(junk: dict[str, Any]) -> None:
    assert check_causal(junk, {"background": "", "given_info": "", "question": ""}) != []


def test_the_checker_shares_no_code_with_what_it_checks() -> None:
    folder = Path(_check.__file__).parent
    for path in folder.glob("_check*.py"):
        text = path.read_text(encoding="utf-8")
        assert text.count("\n") < 200, path.name
        imported = {node.module or "" for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)}
        own = {name for name in imported if name.startswith("proveout")}
        assert all("._check" in name for name in own), path.name
