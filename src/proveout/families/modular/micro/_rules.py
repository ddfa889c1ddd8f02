"""A policy's decision on a case, with its proof."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import msgspec

from proveout.errors import FactInvalid
from proveout.families.modular.micro._kinds import MicroModel, Parameters, checked_parameters, micro_kind
from proveout.families.modular.micro._types import Decision
from proveout.families.symbolic._case import Case  # noqa: TC001  callers resolve the annotations
from proveout.families.symbolic._decider import Decider
from proveout.families.symbolic.policy import policy_from_json, policy_to_json
from proveout.task import canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from proveout.families.modular.micro._encoders import Encoders
    from proveout.families.modular.micro._kinds import MicroRun
    from proveout.families.modular.micro._rows import MicroRows
    from proveout.families.symbolic.policy import Policy

__all__ = ["RulesKind", "RulesModel", "RulesParameters"]

STATE = "rules.json"


class RulesParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of kind ``rules``.

    Attributes:
        policy: what `policy_to_json` gives, or a policy file's content.
        recourse: decision to the decision somebody would rather have; needs the prover.
    """

    policy: dict[str, Any]
    recourse: dict[str, str] = msgspec.field(default_factory=dict)


class RulesModel:
    """Decides cases by a policy.

    Attributes:
        policy: that decides.
    """

    def __init__(self, parameters: RulesParameters) -> None:
        self._parameters = parameters
        self.policy: Policy = policy_from_json(parameters.policy)
        self._decider = Decider(self.policy, parameters.recourse)

    @property
    def chosen(self) -> dict[str, Any]:
        """The policy's name, version and hash; nothing is chosen from rows."""
        return {"policy": {"name": self.policy.name, "version": self.policy.version, "hash": self.policy.hash}}

    def __call__(self, case: Case) -> Decision:
        """What is decided of one case; no decision, with the reason, where facts are missing or cannot be so."""
        try:
            found = self._decider.outcome(case)
        except FactInvalid as error:
            return Decision(abstention=f"{error.about}: {error.what}: {error.why}")
        return Decision(
            decision=found.decision,
            abstention=found.abstention,
            guess=found.guess,
            proof=found.proof,
            note=found.note,
        )

    def save(self, folder: Path) -> None:
        """Write the policy."""
        said = {"policy": policy_to_json(self.policy), "recourse": self._parameters.recourse}
        (folder / STATE).write_bytes(canonical_json(said))

    @classmethod
    def load(cls, folder: Path, encoders: Encoders) -> Self:
        """Read what `save` wrote."""
        del encoders
        return cls(msgspec.json.decode((folder / STATE).read_bytes(), type=RulesParameters))


@micro_kind("rules")
class RulesKind:
    """Written by people: no row is learned from."""

    name = "rules"
    model: type[MicroModel] = RulesModel
    reads: frozenset[str] = frozenset()

    def settled(self, given: dict[str, Any], run: MicroRun) -> dict[str, Any]:
        """The policy in its explicit form, so that a comment or a line break changes nothing.

        Raises:
            PolicyInvalid: the policy contradicts itself.
        """
        del run
        found = checked_parameters(given, RulesParameters, self.name)
        return {"policy": policy_to_json(policy_from_json(found.policy)), "recourse": found.recourse}

    def build(
        self, parameters: dict[str, Any], rows: MicroRows, run: MicroRun, needs: Mapping[str, MicroModel]
    ) -> RulesModel:
        """The policy, ready to decide."""
        del rows, run, needs
        return RulesModel(checked_parameters(parameters, RulesParameters, self.name))
