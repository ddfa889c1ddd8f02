from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from proveout.families import Claim, check_proof, proof_checkers
from proveout.families.symbolic import causal, logic
from proveout.families.symbolic._checkers import (
    check_causal_claim,
    check_logic_claim,
    check_patterns_claim,
    check_rules_claim,
)

LOGIC: dict[str, Any] = {
    "context": "Anne is kind. Kind people are not big.",
    "question": "Is the following statement true or false? Anne is big.",
    "options": ["A) True", "B) False", "C) Unknown"],
}
CAUSAL = {
    "background": "Smoking has a direct effect on cancer.",
    "given_info": "For nonsmokers, the probability of cancer is 10%. For smokers, the probability of cancer is 30%.",
    "question": "Will smoking increase the chance of cancer?",
}
RULES = {
    "version": 1,
    "target": "intent",
    "default": "none",
    "concepts": {},
    "rules": [{"id": "r1", "all": ["card"], "then": "card"}],
}
MATCH = {"concept": "card", "term": "card", "start": 3, "end": 7}
FIRED = {"kind": "rules", "rule": "r1", "label": "card", "matched": [MATCH], "missing": []}


def logic_claim(output: Any, inputs: dict[str, Any] = LOGIC) -> Claim:
    proof = logic.answer_question(LOGIC["context"], LOGIC["question"], LOGIC["options"]).proof
    assert proof is not None
    return Claim(inputs=inputs, output={"answer": output}, proof=proof, folder=Path())


def causal_claim(output: Any, inputs: dict[str, Any] = CAUSAL) -> Claim:
    proof = causal.answer_question(**CAUSAL).proof
    assert proof is not None
    return Claim(inputs=inputs, output={"answer": output}, proof=proof, folder=Path())


def test_each_kind_has_its_checker() -> None:
    assert {"logic", "causal", "rules", "patterns", "decision", "dmn"} <= set(proof_checkers.names())


@pytest.mark.parametrize(
    "options", [LOGIC["options"], json.dumps(LOGIC["options"]), ["c. uncertain", "b. false", "a. true"]]
)
def test_the_option_that_the_proof_means_is_the_answer(options: Any) -> None:
    inputs = {**LOGIC, "options": options}
    assert check_logic_claim(logic_claim("B", inputs)) == []
    for letter in ("A", "C", "D", "", None):
        assert check_logic_claim(logic_claim(letter, inputs))


def test_options_that_are_changed_change_the_answer() -> None:
    turned = {**LOGIC, "options": ["A) False", "B) True", "C) Unknown"]}
    assert check_logic_claim(logic_claim("B", turned))
    assert check_logic_claim(logic_claim("A", turned)) == []
    doubled = {**LOGIC, "options": ["A) False", "B) False"]}
    assert check_logic_claim(logic_claim("B", doubled))


def test_a_causal_answer_is_the_proofs() -> None:
    assert check_causal_claim(causal_claim("yes")) == []
    assert check_causal_claim(causal_claim("no"))
    assert check_causal_claim(causal_claim("yes", {**CAUSAL, "given_info": CAUSAL["given_info"].replace("10%", "40%")}))


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    (tmp_path / "induced.json").write_text('{"fields": ["text"]}', encoding="utf-8")
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(RULES), encoding="utf-8")
    return tmp_path


def test_a_rule_gives_the_answer(rules: Path) -> None:
    claim = Claim(inputs={"text": "my card"}, output={"intent": "card"}, proof=FIRED, folder=rules)
    assert check_rules_claim(claim) == []
    other = Claim(inputs={"text": "my card"}, output={"intent": "none"}, proof=FIRED, folder=rules)
    assert check_rules_claim(other) == ["the rule gives another answer"]
    assert check_rules_claim(Claim(inputs={"text": "my cat"}, output={"intent": "card"}, proof=FIRED, folder=rules))


FORMS = [
    {"name": "city", "in_text": True, "many": False, "numeric": False, "empty": []},
    {"name": "intent", "in_text": False, "many": False, "numeric": False, "empty": [None]},
]
PATTERNS = {
    "common": [],
    "classes": {},
    "lists": {},
    "patterns": [{"id": "p1", "field": "city", "before": "to", "value": "<words>", "after": "<end>"}],
}
CLOSED = {**RULES, "default": "null", "rules": [{"id": "r1", "all": ["card"], "then": '"card"'}]}
FOUND: dict[str, Any] = {
    "kind": "patterns",
    "values": [{"field": "city", "pattern": "p1", "start": 11, "end": 15, "text": "Bonn"}],
    "none": [],
    "closed": {"intent": {**FIRED, "label": '"card"'}},
}
TEXT = "my card to Bonn"


@pytest.fixture
def patterns(tmp_path: Path) -> Path:
    state = {"fields": ["text"], "forms": FORMS, "spelled": {}}
    (tmp_path / "patterns.json").write_text(json.dumps(state), encoding="utf-8")
    (tmp_path / "patterns.yaml").write_text(yaml.safe_dump(PATTERNS), encoding="utf-8")
    (tmp_path / "closed.yaml").write_text(yaml.safe_dump({"intent": CLOSED}), encoding="utf-8")
    return tmp_path


def found(folder: Path, output: dict[str, Any], text: str = TEXT, **changed: Any) -> Claim:
    return Claim(inputs={"text": text}, output=output, proof={**FOUND, **changed}, folder=folder)


def test_patterns_and_rules_give_the_output(patterns: Path) -> None:
    assert check_patterns_claim(found(patterns, {"city": "Bonn", "intent": "card"})) == []


@pytest.mark.parametrize(
    "output",
    [
        {"city": "Bonn", "intent": "cart"},
        {"city": "Bonn"},
        {"city": "Bonn", "intent": None},
        {"city": "bonn", "intent": "card"},
        {"intent": "card"},
        {"city": "Bonn", "intent": "card", "more": 1},
    ],
)
def test_another_output_is_rejected(patterns: Path, output: dict[str, Any]) -> None:
    assert check_patterns_claim(found(patterns, output))


def test_closed_fields_need_their_proofs(patterns: Path) -> None:
    whole = {"city": "Bonn", "intent": "card"}
    assert check_proof(found(patterns, whole, closed={}))
    assert check_proof(found(patterns, whole, closed={"intent": {**FIRED, "label": '"cart"'}}))
    assert check_proof(found(patterns, whole, closed={**FOUND["closed"], "more": FIRED}))
    assert check_proof(found(patterns, whole, text="my cart to Bonn"))
