from __future__ import annotations

import json
from typing import Any

import pytest

from proveout.families.symbolic.logic import prove, read_text

TYPES = {str, int, bool, list, dict}


def types(node: Any) -> set[type]:
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return {type(node)}.union(*(types(one) for one in inner))


@pytest.mark.parametrize("seed", range(450, 470))
@pytest.mark.parametrize("assumed", ["open", "closed"])
def test_proofs_are_plain_json_and_cite_spans(oracle: Any, seed: int, assumed: Any) -> None:
    world = oracle.make(seed)
    for statement in world.statements[::17]:
        proof = prove(read_text(world.text), statement, assumed).proof
        assert types(proof) <= TYPES
        assert json.loads(json.dumps(proof)) == proof
        assert proof["kind"] == "logic"
        for at, step in enumerate(proof["steps"]):
            assert world.text[step["start"] : step["end"]] == step["text"]
            assert all(one < at for one in step["from"])


def test_a_proof_holds_only_what_it_needs() -> None:
    text = "Anne is big. Bob is big. Big people are kind. Kind people are cold. Anne is old."
    proof = prove(read_text(text), "Anne is cold.").proof
    assert [step["sentence"] for step in proof["steps"]] == [0, 2, 3]
    assert [step["from"] for step in proof["steps"]] == [[], [0], [1]]
    assert not proof["whole"]


def test_a_proof_that_nothing_follows_holds_all_that_does() -> None:
    proof = prove(read_text("Anne is big. Big people are kind."), "Anne is cold.").proof
    assert proof["whole"]
    assert [step["literal"]["predicate"] for step in proof["steps"]] == ["is big", "is kind"]
