from __future__ import annotations

from importlib.resources import as_file, files

from proveout.families.symbolic.policy import Evaluator, load_policy, parse_policy, render_proof

with as_file(files("proveout.demo") / "desk" / "policy.yaml") as path:
    DESK = Evaluator(load_policy(path))
LATE = {
    "reason": "changed_mind",
    "category": "home",
    "days_since_delivery": 40,
    "opened": False,
    "member": "gold",
    "price": 24.5,
}


def test_short_is_one_line() -> None:
    proof = DESK.decide(LATE).proof
    assert render_proof(proof, "short") == "approve, by rule window-gold (loyalty-and-escalation.md 6.5)"


def test_medium_adds_the_facts() -> None:
    stated, usual = render_proof(DESK.decide(LATE).proof).splitlines()[1:]
    known = ["reason = changed_mind", "member = gold", "category = home", "days_since_delivery = 40", "opened = no"]
    assert stated == f"facts: {', '.join([*known, 'price = 24.5'])}"
    assert usual == "not stated, so as usual: injury = no, legal_threat = no, final_sale = no, refunds_this_year = 0"


def test_full_shows_every_step() -> None:
    text = render_proof(DESK.decide(LATE).proof, "full")
    assert "\nbecause\n" in text
    assert "      opened: no\n" in text
    assert "rule window-late is overridden by window-gold" in text
    assert 'rules digital-used, digital-late do not apply, because\n  category == "digital": no' in text


def test_what_is_missing_is_said() -> None:
    text = render_proof(DESK.decide({"reason": "changed_mind", "category": "home"}).proof)
    assert text.splitlines()[0] == "ask: not decided yet; missing: days_since_delivery, opened"
    assert "rule window-late (returns-window.md 1.1), refuse: waits for days_since_delivery" in text


def test_no_decision_says_why() -> None:
    policy = parse_policy(
        "{version: 1,name: p, decisions: [a, b], facts: [{name: n, type: number}], rules: [{id: x, if: n > 1, then: a},"
        " {id: y, if: n > 2, then: b, cites: {document: d.md}}, {id: z, if: 1 / n > 9, then: b}]}"
    )
    evaluator = Evaluator(policy)
    assert render_proof(evaluator.decide({"n": 1}).proof, "short") == "no decision: no rule applies"
    conflict = render_proof(evaluator.decide({"n": 3}).proof, "short")
    assert conflict == "no decision: rules x and y (d.md) contradict each other"
    assert "a division by zero has no value" in render_proof(evaluator.decide({"n": 0}).proof)
