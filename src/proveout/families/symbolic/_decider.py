"""Deciding cases by a policy: with a proof, and with what has to be confirmed where readings disagree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from proveout.errors import FactInvalid
from proveout.families.symbolic._recourse import Recourse
from proveout.families.symbolic.policy import Evaluator, render_proof

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from proveout.families.symbolic._case import Case
    from proveout.families.symbolic.policy import Policy, Verdict

__all__ = ["Decider", "Outcome"]

# Policies whose rules depend on the day are made ready for this many days at a time.
MOST_DAYS = 64


class Outcome(NamedTuple):
    """What is made of a case: no decision where it abstains, with the reason; then ``guess`` is the likeliest one."""

    case: Case
    decision: str
    abstention: str
    guess: str
    proof: dict[str, Any] | None
    note: str


class Ready(NamedTuple):
    """A policy made ready for the rules in force on one day."""

    evaluator: Evaluator
    recourse: Recourse


class Decider:
    """Decides cases by one policy.

    Args:
        policy: that decides.
        recourse: decision to the decision somebody would rather have: of the first, the smallest change to the second
            is part of the proof.
    """

    def __init__(self, policy: Policy, recourse: Mapping[str, str]) -> None:
        self._policy, self._wanted = policy, recourse
        self._questions = {fact.name: fact.question for fact in policy.facts}
        self._dated = any(rule.starts or rule.ends for rule in policy.rules)
        self._ready: dict[date | None, Ready] = {}

    def outcome(self, case: Case) -> Outcome:
        """What is decided of one case, and why.

        Raises:
            FactInvalid: a fact cannot have that value, or a policy with dated rules is given no day.
        """
        ready = self._on(case.day)
        verdict = ready.evaluator.decide(case.unconfirmed())
        if verdict.status == "undetermined" and case.ambiguous:
            return self._ambiguous(case, verdict, ready)
        return self._settled(case, ready, [(case.unconfirmed(), verdict)])

    def _on(self, day: date | None) -> Ready:
        if not self._dated:
            day = None
        elif day is None:
            fix = "name the input field that holds it in rules.day, and fill it"
            raise FactInvalid("no day", why="rules of the policy begin or end some day", fix=fix, about="rules.day")
        if day not in self._ready:
            if len(self._ready) >= MOST_DAYS:
                self._ready.clear()
            in_force = self._policy if day is None else self._policy.in_force(day)
            self._ready[day] = Ready(Evaluator(self._policy, on=day), Recourse(in_force))
        return self._ready[day]

    def _ambiguous(self, case: Case, verdict: Verdict, ready: Ready) -> Outcome:
        """Decided all the same where every reading is decided alike; else somebody has to confirm."""
        ways = [(facts, ready.evaluator.decide(facts)) for facts in case.readings()]
        if ways and len({(one.status, one.decision) for _, one in ways}) == 1:
            return self._settled(case, ready, ways)
        matter = [name for name in verdict.missing if name in case.ambiguous] or sorted(case.ambiguous)
        shown = "; ".join(_to_confirm(name, case.ambiguous[name]) for name in matter)
        guess = ways[0][1].decision if ways else verdict.decision
        return Outcome(case, "", f"ambiguous, please confirm: {shown}", guess, None, self._question(matter[0]))

    def _settled(self, case: Case, ready: Ready, ways: Sequence[tuple[dict[str, Any], Verdict]]) -> Outcome:
        verdict = ways[0][1]
        if not verdict.decision:
            return Outcome(case, "", _why_not(verdict), "", None, render_proof(verdict.proof, "short"))
        proof: dict[str, Any] = {
            "kind": "decision",
            "decision": verdict.decision,
            "readings": [
                {"facts": ready.evaluator.normalise(facts).to_json(), "policy": one.proof} for facts, one in ways
            ],
            "places": {
                name: {"span": list(place.span), "text": case.text[place.span[0] : place.span[1]]}
                for name, place in case.places.items()
                if place.span
            },
        }
        note = render_proof(verdict.proof, "short")
        if verdict.status == "undetermined" and verdict.missing:
            note = f"{note} {self._question(verdict.missing[0])}".strip()
        wanted = self._wanted.get(verdict.decision)
        if wanted:
            change = ready.recourse.change(ways[0][0], wanted)
            proof["recourse"] = change.proof
            note = f"{note} {change.text}".strip()
        return Outcome(case, verdict.decision, "", verdict.decision, proof, note)

    def _question(self, name: str) -> str:
        return self._questions[name]


def _to_confirm(name: str, values: Sequence[Any]) -> str:
    said = " or ".join("not stated" if value is None else str(value) for value in values)
    return f"{name} ({said})"


def _why_not(verdict: Verdict) -> str:
    if verdict.status == "conflict":
        return "the policy contradicts itself on this case"
    if verdict.status == "uncovered":
        return "no rule of the policy covers this case"
    if not verdict.missing:
        return "a condition divides by zero, and so has no value"
    return f"facts are missing: {', '.join(verdict.missing)}"
