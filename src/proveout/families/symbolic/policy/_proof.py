"""The proof of a verdict: plain JSON that an independent checker can follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from proveout.families.symbolic.policy._compile import Compiled
from proveout.families.symbolic.policy._dump import plain_value
from proveout.families.symbolic.policy._steps import Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from proveout.families.symbolic.policy._compile import Values
    from proveout.families.symbolic.policy._facts import Facts

__all__ = ["Coded", "Prover"]


class Coded(msgspec.Struct, frozen=True, gc=False):
    """A rule made ready to be decided and explained.

    Attributes:
        id: of the rule.
        then: its decision.
        priority: the highest decides.
        fires: its condition, compiled.
        above: ranks of the rules that override it.
        step: its condition, for proofs.
        conjuncts: the parts of it that must all hold, for refutations.
        head: what a proof says of the rule: id, decision, priority, citation.
    """

    id: str
    then: str
    priority: int
    fires: Compiled
    above: tuple[int, ...]
    step: Step
    conjuncts: tuple[Step, ...]
    head: tuple[tuple[str, Any], ...]


class Prover:
    """Collects what a verdict stands on.

    A rule that holds is shown with its whole condition; one that fails by one conjunct of it that is false, or by the
    active rule that overrides it. Rules that fail for the same reason share it.
    """

    def __init__(self, rules: Sequence[Coded], facts: Facts, active: Callable[[int], bool | None]) -> None:
        self._rules, self._facts, self._active = rules, facts, active
        self._values: Values = facts.values
        self._holds: dict[int, dict[str, Any]] = {}
        self._fails: set[int] = set()
        self._used: dict[str, Any] = {}

    def holds(self, *ranks: int) -> None:
        """Show that rules fire, and that nothing that overrides them is active; they come before what that takes."""
        new = [rank for rank in ranks if rank not in self._holds]
        for rank in new:
            rule = self._rules[rank]
            self._holds[rank] = {**dict(rule.head), "since": rule.step.explain(self._values, self._used)}
        for rank in new:
            if self._rules[rank].above:
                self.fail(self._rules[rank].above)

    def fail(self, ranks: Iterable[int]) -> None:
        """Note rules of which it must be shown that they are not active."""
        for rank in ranks:
            if rank not in self._fails:
                self._fails.add(rank)
                if self._rules[rank].above and self._rules[rank].fires(self._values) is not False:
                    self.holds(self._overrider(rank))

    def waiting(self, ranks: Sequence[int]) -> tuple[list[dict[str, Any]], list[str]]:
        """The rules that may still be active, with the unknown facts they wait for; and these facts once each."""
        missing: dict[str, Any] = {}
        shown = []
        for rank in ranks:
            found: dict[str, Any] = {}
            self._unknown(rank, found)
            shown.append({**dict(self._rules[rank].head), "for": list(found)})
            missing |= found
        return shown, list(missing)

    def parts(self) -> dict[str, Any]:
        """``facts``, ``holds``, ``fails`` and ``overridden`` of the proof."""
        groups: dict[str, dict[str, Any]] = {}
        overridden = []
        for rank in sorted(self._fails):
            rule = self._rules[rank]
            for step in rule.conjuncts:
                if step.value(self._values) is False:
                    if step.text not in groups:
                        groups[step.text] = {"since": step.explain(self._values, self._used), "rules": []}
                    groups[step.text]["rules"].append(rule.id)
                    break
            else:
                overridden.append({"rule": rule.id, "by": self._rules[self._overrider(rank)].id})
        return {
            "holds": list(self._holds.values()),
            "fails": list(groups.values()),
            "overridden": overridden,
            "facts": self._shown_facts(),
        }

    def _overrider(self, rank: int) -> int:
        return next(other for other in self._rules[rank].above if self._active(other))

    def _unknown(self, rank: int, found: dict[str, Any]) -> None:
        rule = self._rules[rank]
        rule.step.unknown(self._values, found)
        for other in rule.above:
            if self._active(other) is None:
                self._unknown(other, found)

    def _shown_facts(self) -> dict[str, Any]:
        stated: dict[str, Any] = {}
        default: dict[str, Any] = {}
        for name in self._used:
            value = self._values[name]
            if value is not None:
                (stated if name in self._facts.stated else default)[name] = plain_value(value)
        return {"stated": stated, "default": default}
