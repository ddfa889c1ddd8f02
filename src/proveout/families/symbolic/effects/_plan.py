"""Planning two or three actions ahead, under rules that forbid what is not proved allowed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from proveout.errors import FactInvalid, ProveoutError
from proveout.families.symbolic.effects._branches import Belief, Branch, Known, branches
from proveout.families.symbolic.effects._consequences import ConsequenceModel
from proveout.families.symbolic.effects._events import Value
from proveout.families.symbolic.effects._predict import Span

if TYPE_CHECKING:
    from proveout.families.symbolic.effects._consequences import Mechanisms

__all__ = ["ALLOWED", "Allowed", "Follow", "Plan", "Pruned", "Step", "Verdict", "plan"]

ALLOWED = "allowed"
UNSUPPORTED = "unsupported"
DEEPEST = 3


class Verdict(msgspec.Struct, frozen=True):
    """What the rules say of an action in a state.

    Attributes:
        status: ``allowed``, or anything else: ``refused``, ``underdetermined``, ``unknown``.
        proof: why, as a JSON object with a ``kind``; without one nothing is proved.
        reason: the same in a sentence.
    """

    status: str
    proof: dict[str, Any] | None = None
    reason: str = ""


Allowed = Callable[[Mapping[str, Value], str], Verdict]


class Pruned(msgspec.Struct, frozen=True):
    """An action that was not considered, and why."""

    action: str
    status: str
    reason: str
    proof: dict[str, Any] | None = None


class Follow(msgspec.Struct, frozen=True):
    """One outcome of a step, and the step that follows; None where the case is over or the plan ends."""

    after: dict[str, Value]
    probability: float
    reward: float
    step: Step | None


class Step(msgspec.Struct, frozen=True):
    """What to do in one state.

    Attributes:
        state: what is known.
        action: what to do.
        value: expected reward from here to the plan's end.
        fallback: nothing was proved allowed, so that the safe action is taken; it was not proved either.
        proof: the proof that the action is allowed; None of a fallback.
        considered: the value of each action that is proved allowed.
        pruned: the others, each with its reason.
        follows: what may come of it, in order of the declaration.
    """

    state: dict[str, Value]
    action: str
    value: float
    fallback: bool
    proof: dict[str, Any] | None
    considered: dict[str, float]
    pruned: tuple[Pruned, ...]
    follows: tuple[Follow, ...]


class Plan(msgspec.Struct, frozen=True):
    """The best plan among those whose every action is proved allowed.

    Attributes:
        depth: actions looked ahead.
        least: logged events that an action needed to be considered.
        value: expected reward of the first step and its 95 % interval.
        first: what to do now; what to do next depends on what comes of it.
        warnings: what to be careful about.
    """

    depth: int
    least: int
    value: Span
    first: Step
    warnings: tuple[str, ...] = ()

    def proof(self) -> dict[str, Any]:
        """The plan as plain JSON, for a checker that finds it again by itself."""
        return {"kind": "plan", "depth": self.depth, "least": self.least, "step": msgspec.to_builtins(self.first)}


class _Search(msgspec.Struct, frozen=True):
    """What stays the same during a search; verdicts and outcomes so far, because rules may be slow."""

    model: ConsequenceModel
    allowed: Allowed
    least: int
    verdicts: dict[tuple[Any, ...], Verdict]
    known: Known

    def verdict(self, state: dict[str, Value], action: str) -> Verdict:
        key = (action, *sorted(state.items()))
        if key not in self.verdicts:
            self.verdicts[key] = self._asked(state, action)
        return self.verdicts[key]

    def _asked(self, state: dict[str, Value], action: str) -> Verdict:
        supported = self.model.supported(state, action)
        if supported < self.least:
            return Verdict(UNSUPPORTED, None, f"{supported} logged cases like this were met by it")
        try:
            verdict: Any = self.allowed(dict(state), action)
        except ProveoutError as error:
            return Verdict("unknown", None, str(error))
        if isinstance(verdict, Verdict):
            return verdict
        return Verdict("unknown", None, f"the rules answered {type(verdict).__name__}, which is no verdict")


def plan(
    model: ConsequenceModel, state: Mapping[str, Value], allowed: Allowed, *, depth: int = 2, least: int = 1
) -> Plan:
    """The plan of highest expected reward, by exact expectimax over the discrete outcomes (Michie 1966).

    Args:
        model: the consequence model.
        state: what is known; a discrete variable may be left out, and is averaged over.
        allowed: the rules. Only a verdict of status ``allowed`` with a proof permits an action: what is refused,
            unknown or underdetermined is forbidden.
        depth: actions to look ahead, at most 3.
        least: logged events in that state an action must have been taken at to be considered.

    Raises:
        FactInvalid: the state is not of the declaration, the depth is out of range, or an unknown variable changes.
    """
    if not 1 <= depth <= DEEPEST:
        fix = f"choose 1 to {DEEPEST}"
        raise FactInvalid("the depth is out of range", why=f"it is {depth}", fix=fix, about="depth")
    known = model.known(state)
    changing = sorted(name for name in model.discrete if name not in known and name in model.spec.after)
    if changing:
        why = "it changes with the actions, so that a plan must know it"
        raise FactInvalid("a fact is missing", why=why, fix="give it", about=changing[0])
    search = _Search(model, allowed, least, {}, {})
    belief = model.belief(known)
    first = _step(search, known, belief, depth)
    again = [_worth(model, one, first, belief, {}) for one in model.replicas] or [first.value]
    low, high = np.quantile(again, [0.025, 0.975])
    span = Span(first.value, min(first.value, float(low)), max(first.value, float(high)))
    warnings = ("nothing is proved allowed: the safe action is not proved either",) if first.fallback else ()
    return Plan(depth, least, span, first, warnings)


def _step(search: _Search, state: dict[str, Value], belief: Belief, depth: int) -> Step:
    """The best allowed action, the first declared where some tie; the safe one where none is allowed."""
    options: dict[str, tuple[float, tuple[Follow, ...]]] = {}
    pruned = []
    for action in search.model.spec.actions:
        verdict = search.verdict(state, action)
        if _proved(verdict):
            options[action] = _option(search, state, belief, action, depth)
        else:
            pruned.append(Pruned(action, verdict.status, _why(verdict), verdict.proof))
    fallback = not options
    action = search.model.spec.safe if fallback else max(options, key=lambda one: options[one][0])
    value, follows = _option(search, state, belief, action, depth) if fallback else options[action]
    proof = None if fallback else search.verdict(state, action).proof
    considered = {one: found for one, (found, _) in options.items()}
    return Step(state, action, value, fallback, proof, considered, tuple(pruned), follows)


def _option(
    search: _Search, state: dict[str, Value], belief: Belief, action: str, depth: int
) -> tuple[float, tuple[Follow, ...]]:
    """The value of an action, and what follows each of its outcomes."""
    value, follows = 0.0, []
    for branch in branches(search.model, search.model.mechanisms, state, belief, action, search.known):
        step = None
        if depth > 1 and not search.model.spec.over(branch.after):
            step = _step(search, _next(search.model, state, branch), branch.belief, depth - 1)
        value += branch.probability * (branch.reward + (step.value if step else 0.0))
        follows.append(Follow(branch.after, branch.probability, branch.reward, step))
    return value, tuple(follows)


def _next(model: ConsequenceModel, state: Mapping[str, Value], branch: Branch) -> dict[str, Value]:
    return {**state, **{name: value for name, value in branch.after.items() if name in model.spec.state}}


def _worth(model: ConsequenceModel, mechanisms: Mechanisms, step: Step, belief: Belief, known: Known) -> float:
    """Expected reward of the same plan, were those the mechanisms."""
    found = branches(model, mechanisms, step.state, belief, step.action, known)
    total = 0.0
    for branch, follow in zip(found, step.follows, strict=True):
        later = _worth(model, mechanisms, follow.step, branch.belief, known) if follow.step else 0.0
        total += branch.probability * (branch.reward + later)
    return total


def _proved(verdict: Verdict) -> bool:
    return verdict.status == ALLOWED and isinstance(verdict.proof, dict) and bool(verdict.proof.get("kind"))


def _why(verdict: Verdict) -> str:
    if verdict.status == ALLOWED:
        return verdict.reason or "it is said to be allowed without a proof"
    return verdict.reason or f"it is {verdict.status}"
