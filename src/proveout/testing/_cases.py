"""A refund desk whose truth is known: cases, the policy behind the log, and what each plan is really worth."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

from proveout.families.symbolic.effects import Case, Event, Step, Verdict

__all__ = ["RefundDesk"]

HISTORY, AMOUNT, FLAG = ("bad", "new", "good"), ("small", "large"), ("suspicious", "clean")
EVIDENCE, OFFERED = ("unasked", "none", "weak", "strong"), ("no", "yes")
ACTIONS = ("ask", "approve", "refuse", "offer", "escalate")
RESULTS = ("abused", "lost", "kept", "open")
KINDS = {"honest": 0.55, "careless": 0.25, "abuser": 0.2}
HISTORY_OF = {"honest": (0.15, 0.35, 0.5), "careless": (0.3, 0.45, 0.25), "abuser": (0.45, 0.4, 0.15)}
FLAG_OF = {"honest": (0.1, 0.9), "careless": (0.4, 0.6), "abuser": (0.9, 0.1)}
SHOWN = {"honest": (0.1, 0.25, 0.65), "careless": (0.35, 0.45, 0.2), "abuser": (0.55, 0.35, 0.1)}
RESULT = {
    "ask": {"honest": (0.0, 0.01, 0.0, 0.99), "careless": (0.0, 0.02, 0.0, 0.98), "abuser": (0.0, 0.03, 0.0, 0.97)},
    "approve": {
        "honest": (0.02, 0.03, 0.95, 0.0),
        "careless": (0.3, 0.05, 0.65, 0.0),
        "abuser": (0.93, 0.02, 0.05, 0.0),
    },
    "refuse": {"honest": (0.0, 0.85, 0.15, 0.0), "careless": (0.0, 0.45, 0.55, 0.0), "abuser": (0.0, 0.1, 0.9, 0.0)},
    "offer": {"honest": (0.02, 0.23, 0.5, 0.25), "careless": (0.1, 0.15, 0.6, 0.15), "abuser": (0.6, 0.05, 0.1, 0.25)},
    "escalate": {
        "honest": (0.01, 0.19, 0.8, 0.0),
        "careless": (0.05, 0.2, 0.75, 0.0),
        "abuser": (0.2, 0.05, 0.75, 0.0),
    },
}
PRICE = {"small": 20.0, "large": 60.0}
PAID = {"ask": 0.0, "approve": 1.0, "refuse": 0.0, "offer": 0.5, "escalate": 0.4}
COST = {"ask": 1.0, "approve": 0.0, "refuse": 0.0, "offer": 1.0, "escalate": 20.0}
WORTH = {"abused": -120.0, "lost": -40.0, "kept": 60.0, "open": 0.0}
NOISE, STEPS = 2.0, 3

State = dict[str, Any]
Beliefs = dict[str, float]
Policy = Callable[[State], Mapping[str, float]]


class RefundDesk:
    """Simulates cases, and says what is best without having seen them.

    The kind of a customer is hidden. Whoever acts in the log sees a flag that tells much of it, and approves where it
    is clean; whoever plans does not see the flag. So approvals went well in the log for another reason than being
    approvals, and a model that does not adjust for the flag approves too much.

    Example:
        >>> desk = RefundDesk(seed=1)
        >>> [event.action for event in desk.cases(1)[0].events]
        ['ask', 'approve']
        >>> round(desk.optimal(2), 1)
        10.4
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311  a simulation needs repeatable numbers, not secret ones

    def declaration(self, *, adjusted: bool = True) -> dict[str, Any]:
        """The table ``[consequences]``; not adjusted, the flag is left out as if the log had been kept without it."""
        state: dict[str, Any] = {
            "history": {"values": HISTORY, "parents": ["kind"]},
            "amount": {"values": AMOUNT},
            "evidence": {"values": EVIDENCE, "parents": ["kind"]},
            "offered": {"values": OFFERED, "parents": ["kind"]},
            "flag": {"values": FLAG, "parents": ["kind"]},
        }
        told = ["kind", "action"]
        after = {
            "result": {"values": RESULTS, "parents": told},
            "evidence": {"values": EVIDENCE, "parents": ["evidence", *told]},
            "offered": {"values": OFFERED, "parents": ["offered", "action"]},
            "spent": {"parents": ["amount", "action", "next.result"]},
        }
        if not adjusted:
            del state["flag"]
        return {
            "actions": ACTIONS,
            "safe": "escalate",
            "seen": sorted(state),
            "hidden": {"kind": []},
            "state": state,
            "after": after,
            "reward": {"result": WORTH, "spent": -1.0},
            "ends": {"result": ["abused", "lost", "kept"]},
        }

    def cases(self, number: int) -> list[Case]:
        """Logged cases."""
        return [self._case(str(at)) for at in range(number)]

    def rules(self, state: Mapping[str, Any], action: str) -> Verdict:
        """What is allowed: large sums need strong evidence, and strong evidence is not refused."""
        broken = _broken(state, action)
        if broken:
            return Verdict("refused", {"kind": "rule", "rule": broken}, broken)
        if action == "refuse" and state["history"] == "new" and state["evidence"] == "unasked":
            return Verdict("underdetermined", None, "whether a new customer was heard is not known")
        return Verdict("allowed", {"kind": "rule", "action": action, "state": dict(state)})

    def optimal(self, steps: int) -> float:
        """Mean reward of the best policy that keeps the rules and sees what a plan sees."""
        return sum(p * self._best(state, kinds, steps) for state, kinds, p in _starts())

    def worth(self, first: Callable[[State], Step]) -> float:
        """Mean reward, in truth, of the plan that is made for each state."""
        return sum(p * self._followed(first(dict(state)), state, kinds) for state, kinds, p in _starts())

    def logged(self, steps: int) -> float:
        """Mean reward of the policy behind the log."""
        total = 0.0
        for state, kinds, p in _starts():
            for at, flag in enumerate(FLAG):
                share = sum(weight * FLAG_OF[kind][at] for kind, weight in kinds.items())
                given = {kind: weight * FLAG_OF[kind][at] / share for kind, weight in kinds.items()}
                total += p * share * self._acted({**state, "flag": flag}, given, steps)
        return total

    def kinds(self, history: str) -> dict[str, float]:
        """What a history tells of the kind of a customer."""
        return next(kinds for state, kinds, _ in _starts() if state["history"] == history)

    def _case(self, name: str) -> Case:
        kind = self._draw(KINDS)
        state = {
            "history": self._draw(dict(zip(HISTORY, HISTORY_OF[kind], strict=True))),
            "amount": self._draw(dict.fromkeys(AMOUNT, 0.5)),
            "evidence": "unasked",
            "offered": "no",
            "flag": self._draw(dict(zip(FLAG, FLAG_OF[kind], strict=True))),
        }
        events: list[Event] = []
        while len(events) < STEPS:
            action = self._draw(self._policy(state))
            result = self._draw(dict(zip(RESULTS, RESULT[action][kind], strict=True)))
            evidence = self._draw(_shown(state, action, kind))
            offered = "yes" if action == "offer" else state["offered"]
            spent = round(_spent(state, action, result) + self._random.gauss(0, NOISE), 2)
            after: dict[str, str | float] = {"result": result, "evidence": evidence, "offered": offered, "spent": spent}
            events.append(Event(dict(state), action, after))
            if result != "open":
                break
            state = {**state, "evidence": evidence, "offered": offered}
        return Case(name, tuple(events))

    def _draw(self, shares: Mapping[str, float]) -> str:
        return self._random.choices(list(shares), list(shares.values()))[0]

    def _policy(self, state: Mapping[str, Any]) -> dict[str, float]:
        """Who acts in the log follows the flag, keeps the rules, and now and then tries something else."""
        liked = {"clean": "approve", "suspicious": "refuse"}[state["flag"]]
        weights = dict.fromkeys(ACTIONS, 0.06)
        weights |= {"ask": 0.4 if state["evidence"] == "unasked" else 0.06, "escalate": 0.12, liked: 1.0}
        able = {action: weight for action, weight in weights.items() if self.rules(state, action).status == "allowed"}
        return {action: weight / sum(able.values()) for action, weight in able.items()}

    def _best(self, state: State, kinds: Beliefs, steps: int) -> float:
        def later(new: State, told: Beliefs) -> float:
            return self._best(new, told, steps - 1) if steps > 1 else 0.0

        able = [action for action in ACTIONS if self.rules(state, action).status == "allowed"] or ["escalate"]
        return max(self._value(state, kinds, action, later) for action in able)

    def _acted(self, state: State, kinds: Beliefs, steps: int) -> float:
        def later(new: State, told: Beliefs) -> float:
            return self._acted(new, told, steps - 1) if steps > 1 else 0.0

        return sum(p * self._value(state, kinds, action, later) for action, p in self._policy(state).items())

    def _followed(self, step: Step, state: State, kinds: Beliefs) -> float:
        def later(new: State, told: Beliefs) -> float:
            for follow in step.follows:
                if follow.step and follow.step.state == new:
                    return self._followed(follow.step, new, told)
            return 0.0

        return self._value(state, kinds, step.action, later)

    def _value(self, state: State, kinds: Beliefs, action: str, later: Callable[[State, Beliefs], float]) -> float:
        """Expected reward in truth: over the kinds, their results, and what the customer then shows."""
        total = 0.0
        for at, result in enumerate(RESULTS):
            p = sum(weight * RESULT[action][kind][at] for kind, weight in kinds.items())
            total += p * (WORTH[result] - _spent(state, action, result))
        if not any(RESULT[action][kind][-1] for kind in kinds):
            return total
        for evidence in EVIDENCE:
            told = {
                kind: weight * RESULT[action][kind][-1] * _shown(state, action, kind).get(evidence, 0.0)
                for kind, weight in kinds.items()
            }
            p = sum(told.values())
            if p:
                new = {**state, "evidence": evidence, "offered": "yes" if action == "offer" else state["offered"]}
                total += p * later(new, {kind: weight / p for kind, weight in told.items()})
        return total


def _starts() -> list[tuple[State, Beliefs, float]]:
    """First states as a plan sees them, what they tell of the kind, and their share."""
    found = []
    for (at, history), amount in product(enumerate(HISTORY), AMOUNT):
        told = {kind: share * HISTORY_OF[kind][at] for kind, share in KINDS.items()}
        p = sum(told.values())
        state = {"history": history, "amount": amount, "evidence": "unasked", "offered": "no"}
        found.append((state, {kind: weight / p for kind, weight in told.items()}, p / len(AMOUNT)))
    return found


def _broken(state: Mapping[str, Any], action: str) -> str:
    """The rule that an action would break, or nothing."""
    rules = {
        "ask": (state["evidence"] != "unasked", "a customer is asked once"),
        "offer": (state["offered"] == "yes", "one offer is made"),
        "approve": (state["amount"] == "large" and state["evidence"] != "strong", "large sums need strong evidence"),
        "refuse": (state["evidence"] == "strong", "strong evidence is not refused"),
    }
    broken, rule = rules.get(action, (False, ""))
    return rule if broken else ""


def _shown(state: Mapping[str, Any], action: str, kind: str) -> dict[str, float]:
    if action == "ask" and state["evidence"] == "unasked":
        return dict(zip(EVIDENCE[1:], SHOWN[kind], strict=True))
    return {state["evidence"]: 1.0}


def _spent(state: Mapping[str, Any], action: str, result: str) -> float:
    paid = PAID[action] * PRICE[state["amount"]] if result in {"kept", "abused"} else 0.0
    return paid + COST[action]
