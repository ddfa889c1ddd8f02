"""What a person could change to be decided otherwise: the smallest permitted change, proved."""

from __future__ import annotations

from collections import OrderedDict
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from proveout.families.symbolic.facts import plain_value
from proveout.families.symbolic.policy import Change, NoChange, Reasoner, normalise, smallest_change
from proveout.task import canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from proveout.families.symbolic.policy import Policy

__all__ = ["Recourse", "Way"]

MOST_KEPT = 1024


class Way(NamedTuple):
    """A proof for `check_counterfactual`, None where the prover's budget was spent; and a sentence."""

    proof: dict[str, Any] | None
    text: str


class Recourse:
    """Finds smallest changes; the latest are kept.

    Args:
        policy: that decides.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._kept: OrderedDict[bytes, Way] = OrderedDict()

    @cached_property
    def _reasoner(self) -> Reasoner:
        # Not before it is needed: the policy is encoded for the prover, an optional library.
        return Reasoner(self._policy)

    def change(self, facts: Mapping[str, Any], wanted: str) -> Way:
        """The smallest change after which the policy decides as wanted, or that there is none.

        Raises:
            ExtraMissing: the prover is not installed.
        """
        key = canonical_json([dict(facts), wanted])
        if key not in self._kept:
            self._kept[key] = self._found(facts, wanted)
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return self._kept[key]

    def _found(self, facts: Mapping[str, Any], wanted: str) -> Way:
        known = normalise(self._policy, facts)
        found = smallest_change(self._reasoner, known.values, wanted)
        if isinstance(found, Change):
            steps = ", ".join(f"{name} from {_shown(old)} to {_shown(new)}" for name, (old, new) in found.facts.items())
            given = ", ".join(f"{name} is {_shown(value)}" for name, value in found.given.items())
            return Way(
                found.proof, f"Smallest change to {wanted}: {steps or 'none'}{f', if {given}' if given else ''}."
            )
        if isinstance(found, NoChange):
            return Way(found.proof, f"No permitted change leads to {wanted}.")
        return Way(None, f"Whether a change leads to {wanted} is too complex to prove.")


def _shown(value: Any) -> str:
    return str(plain_value(value))
