from __future__ import annotations

import re
from typing import Any

import pytest

from proveout.families.symbolic.logic import prove, read_text, render

TEXT = (
    "Anne is big. The cat chases Anne. If someone is big then they do not like the cat. "
    "If someone is not cold then they carry Anne."
)

RULE = '"If someone is big then they do not like the cat."'


def shown(statement: str, detail: Any, world: Any = "open") -> str:
    return render(prove(read_text(TEXT), statement, world).proof, detail)


def test_three_lengths() -> None:
    assert shown("Anne likes the cat.", "short") == "False by the text: Anne likes the cat."
    assert shown("Anne likes the cat.", "medium").splitlines()[1:] == [
        "- Anne is big.",
        "- If someone is big then they do not like the cat.",
    ]
    assert shown("Anne likes the cat.", "full").splitlines()[1:] == [
        '1. Anne is big, as it says: "Anne is big."',
        f"2. it is not so that Anne likes the cat, from 1, as it says: {RULE}",
    ]


def test_what_is_not_known_and_what_is_absent() -> None:
    assert "from which neither it nor its negation follows" in shown("Anne is kind.", "short")
    closed = shown("The cat carries Anne.", "full", "closed")
    assert closed.startswith("True by the text if what does not follow from it is false: the cat carries Anne.")
    assert "as it does not follow that the cat is cold" in closed
    clash = prove(read_text("Anne is big. Anne is not big."), "Bob is big.").proof
    assert "something and its negation" in render(clash, "short")
    circle = prove(read_text("If Anne is not big then Anne is big."), "Anne is big.", "closed").proof
    assert "in a circle" in render(circle)


@pytest.mark.parametrize("seed", range(300, 310))
def test_every_step_of_a_proof_is_shown_and_quoted(oracle: Any, seed: int) -> None:
    world = oracle.make(seed)
    for statement in world.statements[::11]:
        proof = prove(read_text(world.text), statement).proof
        full = render(proof, "full")
        assert len(re.findall(r"^\d+\. ", full, re.MULTILINE)) == len(proof["steps"])
        assert all(f'"{step["text"]}"' in full for step in proof["steps"])
        assert len(render(proof, "short")) < len(render(proof)) + 1 <= len(full) + 1
