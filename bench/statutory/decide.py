"""Decides grounded cases by the policies and checks each proof; looks for amounts by halving."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from proveout.families.symbolic.policy import Evaluator, check_policy, load_policy, policy_to_json
from statutory.world import Doubt

__all__ = ["Court"]

_FOLDER = Path(__file__).parent.parent / "sara"
_MOST_STEPS = 50


class _Law(msgspec.Struct, frozen=True):
    evaluator: Evaluator
    as_json: dict[str, Any]


class Court:
    """Decides, and counts the proofs that the checker accepts and those that it does not.

    Example:
        >>> Court().decide("dependents", {"asked": "152_c_1_E", "joint_return": True})
        'not'
    """

    laws: dict[str, _Law]

    def __init__(self) -> None:
        self.laws = {}
        for path in sorted(_FOLDER.glob("*.yaml")):
            policy = load_policy(path)
            self.laws[policy.name] = _Law(Evaluator(policy), policy_to_json(policy))
        self.seen: dict[str, tuple[str, str]] = {}
        self.rules: list[str] = []
        self.accepted = 0
        self.refused = 0

    def start(self) -> None:
        """Begins a case."""
        self.rules, self.accepted, self.refused = [], 0, 0
        self.seen.clear()

    def decide(self, name: str, facts: dict[str, Any]) -> str:
        """The decision, its proof checked.

        Raises:
            Doubt: nothing is decided, or the proof is refused.
        """
        key = json.dumps([name, facts], sort_keys=True)
        if key not in self.seen:
            self.seen[key] = self.proved(name, facts)
        decision, rule = self.seen[key]
        self.accepted += 1
        self.rules.append(rule)
        return decision

    def proved(self, name: str, facts: dict[str, Any]) -> tuple[str, str]:
        """The decision and its rule, the proof checked."""
        law = self.laws[name]
        verdict = law.evaluator.decide(facts)
        given = law.evaluator.normalise(facts).to_json()
        if verdict.status != "decided":
            raise Doubt(f"{name} does not decide: {', '.join(verdict.missing)}")
        if check_policy(json.loads(json.dumps(verdict.proof)), law.as_json, given):
            self.refused += 1
            raise Doubt("a proof was refused")
        return verdict.decision, verdict.rule

    def counted(self, facts: dict[str, Any]) -> tuple[str, int]:
        """The decision on income tax, with the number of steps of section 151(d)(3) that the policy accepts."""
        for steps in range(_MOST_STEPS + 1):
            verdict = self.laws["income-tax"].evaluator.decide(facts | {"steps": steps}, prove=False)
            if verdict.decision != "recount":
                return self.decide("income-tax", facts | {"steps": steps}), steps
        raise Doubt("no number of steps is right")

    def amount(self, name: str, facts: dict[str, Any]) -> int:
        """The whole dollars that a policy calls equal, found by halving its "less" and "more"; that decision is proved.

        Raises:
            Doubt: as `decide`.
        """
        low, high = 0, 1 << 40
        if name == "income-tax":
            facts = facts | {"steps": self.counted(facts | {"asked": "steps"})[1]}
        while low < high:
            middle = (low + high) // 2
            decision = self.laws[name].evaluator.decide(facts | {"claimed": middle}, prove=False).decision
            if decision == "equal":
                low = high = middle
            elif decision == "less":
                high = middle - 1
            elif decision == "more":
                low = middle + 1
            else:
                raise Doubt(f"{name} does not decide")
        if self.decide(name, facts | {"claimed": low}) != "equal":
            raise Doubt("no amount is right")
        return low
