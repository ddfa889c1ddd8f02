from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from proveout.families.symbolic.induced import InducedRule, RuleList, check_rules, written_rules
from proveout.families.symbolic.induced._candidate import proof_of as rules_proof
from proveout.families.symbolic.induced._rules import Matcher

RULES = RuleList(
    target="t",
    default="none",
    concepts={"loss": ("lost", "gone", "cannot find"), "pay": ("money back", "refund")},
    rules=(
        InducedRule(id="r1", all=("loss", "card"), then="card"),
        InducedRule(id="r2", all=("pay",), then="refund"),
        InducedRule(id="r3", all=("card", "new"), then="order"),
        InducedRule(id="r4", all=("card",), then="other"),
    ),
)
DOCUMENT = yaml.safe_load(written_rules(RULES))
TEXTS = [
    "My card is gone",
    "I cannot find my card",
    "I want my money back!",
    "a new card please",
    "the card",
    "hello there",
]


def proof_of(text: str) -> dict[str, Any]:
    return rules_proof(RULES, Matcher(RULES).fire(text))


@pytest.mark.parametrize("text", TEXTS)
def test_a_proof_is_accepted(text: str) -> None:
    assert check_rules(proof_of(text), DOCUMENT, text) == []


def mutated(proof: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """The proof with one part dropped, altered, swapped or duplicated."""
    made = copy.deepcopy(proof)
    matched, missing = made["matched"], made["missing"]
    changes: list[Callable[[], Any]] = [
        lambda: made.update(label=rng.choice(["card", "refund", "order", "other", "none", None, 3])),
        lambda: made.update(rule=rng.choice(["r1", "r2", "r3", "r4", "default", 1])),
        lambda: made.pop(rng.choice(sorted(made))),
        lambda: made.update(extra=1),
        lambda: made.update(kind="policy"),
        lambda: missing.append(rng.randint(-1, 2)),
        lambda: missing and missing.pop(),
        lambda: missing and missing.__setitem__(rng.randrange(len(missing)), rng.choice([-1, 0, 1, 2, True, "0"])),
        lambda: matched and matched.pop(rng.randrange(len(matched))),
        lambda: matched and matched.append(rng.choice(matched)),
        matched.reverse,
        lambda: matched and rng.choice(matched).update(start=rng.randint(-2, 20)),
        lambda: matched and rng.choice(matched).update(end=rng.randint(-2, 25)),
        lambda: matched and rng.choice(matched).update(term=rng.choice(["card", "gone", "my", "lost"])),
        lambda: matched and rng.choice(matched).update(concept=rng.choice(["loss", "card", "pay", "x"])),
        lambda: matched and rng.choice(matched).pop("term"),
        lambda: made.update(matched={}, missing="x"),
    ]
    rng.choice(changes)()
    return made


def claims(proof: dict[str, Any], text: str) -> bool:
    """Whether a changed proof is a true one all the same: another concept that is missing too, say."""
    spaced = f" {text.lower().strip('!')} "
    same = {key: value for key, value in proof.items() if key != "missing"}
    honest = proof_of(text)
    if same != {key: value for key, value in honest.items() if key != "missing"}:
        return False
    missing = proof.get("missing")
    if not isinstance(missing, list) or len(missing) != len(honest["missing"]):
        return False
    return all(
        type(number) is int
        and 0 <= number < len(rule.all)
        and not any(f" {term} " in spaced for term in RULES.terms(rule.all[number]))
        for number, rule in zip(missing, RULES.rules, strict=False)
    )


@settings(max_examples=600)
@given(st.sampled_from(TEXTS), st.integers(0, 2**32))
def test_a_mutated_proof_is_rejected(text: str, seed: int) -> None:
    proof = mutated(proof_of(text), random.Random(seed))
    if proof != proof_of(text) or any(type(one) is bool for one in proof.get("missing", ())):
        assert (check_rules(proof, DOCUMENT, text) == []) == claims(proof, text), proof


@pytest.mark.parametrize(("text", "other"), [(one, other) for one in TEXTS for other in TEXTS if one != other])
def test_a_proof_of_another_text_is_rejected(text: str, other: str) -> None:
    assert check_rules(proof_of(text), DOCUMENT, other) or proof_of(text) == proof_of(other)


def test_a_rule_changed_afterwards_is_noticed() -> None:
    document = copy.deepcopy(DOCUMENT)
    document["concepts"]["loss"].remove("gone")
    assert check_rules(proof_of("My card is gone"), document, "My card is gone")
    document["rules"].insert(0, {"id": "r0", "all": ["my"], "then": "none"})
    assert check_rules(proof_of("I want my money back!"), document, "I want my money back!")


@given(st.none() | st.integers() | st.text() | st.dictionaries(st.text(), st.integers()))
def test_what_is_no_proof_is_rejected(proof: Any) -> None:
    assert check_rules(proof, DOCUMENT, "my card")


def test_its_source_imports_nothing_of_its_neighbours() -> None:
    from importlib.resources import files  # noqa: PLC0415  only here

    source = (files("proveout.families.symbolic.induced") / "_check.py").read_text(encoding="utf-8")
    assert "from proveout" not in source
    assert source.count("\n") < 200
