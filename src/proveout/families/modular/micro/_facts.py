"""The facts of a policy that a text states: the slots of a decision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import msgspec

from proveout.families.modular.micro._kinds import MicroModel, Parameters, checked_parameters, micro_kind
from proveout.families.symbolic._case import Case, CaseReader
from proveout.families.symbolic._readers import load_readers, save_readers, taught_readers
from proveout.families.symbolic.facts import LearnedReader, PatternReader, ReaderTrust
from proveout.families.symbolic.policy import policy_from_json, policy_to_json
from proveout.task import canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from proveout.families.modular.micro._encoders import Encoders
    from proveout.families.modular.micro._kinds import MicroRun
    from proveout.families.modular.micro._rows import MicroRow, MicroRows
    from proveout.families.symbolic.facts import FactReader

__all__ = ["FactsKind", "FactsModel", "FactsParameters"]

STATE = "facts.json"


class FactsParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of kind ``facts``.

    Attributes:
        policy: what `policy_to_json` gives.
        readers: content of the YAML file with the phrases that state its facts; "" where the inputs are the facts.
        fields: input fields; those that are facts of the policy are taken as they are, the others are read as text.
        day: input field with the day of the case; "" for none.
    """

    policy: dict[str, Any]
    readers: str = ""
    fields: tuple[str, ...] = ("text",)
    day: str = ""


class _State(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored besides the readers."""

    parameters: FactsParameters
    trust: ReaderTrust | None
    chosen: dict[str, Any]


class FactsModel:
    """Reads a case from the inputs of a task: by phrases, and by what was learned where rows say their facts."""

    def __init__(self, state: _State, readers: Sequence[FactReader]) -> None:
        self._state, self._readers = state, readers
        policy = policy_from_json(state.parameters.policy)
        fields = sorted(state.parameters.fields)
        self._cases = CaseReader(policy, fields, readers, state.trust, state.parameters.day)

    @property
    def chosen(self) -> dict[str, Any]:
        """The readers, how far they are trusted, and the rows that were chosen on."""
        return self._state.chosen

    def __call__(self, inputs: dict[str, Any]) -> Case:
        """The case that one input states.

        Raises:
            FactInvalid: the day is no date.
        """
        return self._cases.case(inputs)

    def save(self, folder: Path) -> None:
        """Write policy, readers and trust."""
        (folder / STATE).write_bytes(canonical_json(self._state))
        save_readers(self._readers, folder)

    @classmethod
    def load(cls, folder: Path, encoders: Encoders) -> Self:
        """Read what `save` wrote."""
        del encoders
        state = msgspec.json.decode((folder / STATE).read_bytes(), type=_State)
        return cls(state, load_readers(folder, policy_from_json(state.parameters.policy)))


@micro_kind("facts")
class FactsKind:
    """Phrases that people wrote, and beside them a reader learned from rows that say their facts."""

    name = "facts"
    model: type[MicroModel] = FactsModel
    reads = frozenset({"text", "facts"})

    def settled(self, given: dict[str, Any], run: MicroRun) -> dict[str, Any]:
        """The policy in its explicit form.

        Raises:
            PolicyInvalid: the policy contradicts itself.
        """
        del run
        found = checked_parameters(given, FactsParameters, self.name)
        policy = policy_to_json(policy_from_json(found.policy))
        return dict(msgspec.to_builtins(msgspec.structs.replace(found, policy=policy)))

    def build(
        self, parameters: dict[str, Any], rows: MicroRows, run: MicroRun, needs: Mapping[str, MicroModel]
    ) -> FactsModel:
        """Learn a second reader from the TrainSplit, and measure both on the SelectSplit.

        Raises:
            PolicyInvalid: a phrase cannot be read, or is for no fact of the policy.
        """
        del needs
        asked = checked_parameters(parameters, FactsParameters, self.name)
        policy = policy_from_json(asked.policy)
        if not asked.readers:
            return FactsModel(_State(parameters=asked, trust=None, chosen={"readers": []}), [])
        first = PatternReader(asked.readers.encode(), policy.facts, about=self.name)
        stated = (_stated(rows.train), _stated(rows.select))
        readers, trust = taught_readers(first, policy, stated, run.seed, run.cache, run.progress)
        chosen: dict[str, Any] = {
            "readers": [reader.name for reader in readers],
            **({"trust_level": {"value": trust.level, "chosen_on": "select"}} if trust else {}),
            **{key: value for one in readers if isinstance(one, LearnedReader) for key, value in one.chosen.items()},
        }
        return FactsModel(_State(parameters=asked, trust=trust, chosen=chosen), readers)


def _stated(rows: Sequence[MicroRow]) -> list[tuple[str, dict[str, Any]]]:
    return [(row.text, row.facts) for row in rows if row.facts is not None]
