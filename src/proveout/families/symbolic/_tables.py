"""Decisions by a DMN model: the input fields are its inputs, and the trace is the proof."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import DecisionModelInvalid
from proveout.families._protocol import BuildRun, CandidateCard, Fit, card_of
from proveout.families._serving import measured
from proveout.families.symbolic._sureness import Sureness, sureness
from proveout.families.symbolic.dmn import DecisionModel, decide, dmn_json, from_json
from proveout.task import Answer, Evidence, Task, canonical_json

if TYPE_CHECKING:
    from pathlib import Path

    from proveout.data import SelectSplit, TrainSplit
    from proveout.task import Example

__all__ = ["APPROACH", "TableCandidate", "build_tables", "fits_tables"]

APPROACH = "decision model"
FILE = "model.json"
ENDINGS = (".dmn", ".xml", ".json")
Inputs = Mapping[str, Any]


class TableState(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored of a candidate: the model, the decision asked, and input fields by the names of its inputs."""

    card: CandidateCard
    model: dict[str, Any]
    decision: str
    fields: dict[str, str]
    target: str
    sureness: Sureness


class TableCandidate:
    """Decides by a DMN model, and abstains with the reason where the model comes to nothing."""

    def __init__(self, state: TableState) -> None:
        self._state = state
        self._model = from_json(state.model)

    @property
    def card(self) -> CandidateCard:
        """What it is tied to."""
        return self._state.card

    def answer(self, inputs: Sequence[Inputs]) -> list[Answer]:
        """Answer a batch, in order."""
        return [self._one(one) for one in inputs]

    def _one(self, inputs: Inputs) -> Answer:
        wall, cpu = time.perf_counter(), time.process_time()
        given = model_inputs(self._state.fields, inputs)
        found = decide(self._model, self._state.decision, given)
        usage = measured(time.perf_counter() - wall, time.process_time() - cpu)
        evidence = Evidence(proof=found.proof, note="; ".join(found.errors))
        if found.value is None:
            why = "; ".join(found.errors) or "the model comes to nothing"
            return Answer(abstention=why, evidence=msgspec.structs.replace(evidence, proof=None), usage=usage)
        output = {self._state.target: found.value}
        sure = self._state.sureness.of(weak=bool(found.errors))
        return Answer(output=output, guess=output, confidence=sure, evidence=evidence, usage=usage)

    def save(self, folder: Path) -> None:
        """Write its one file."""
        (folder / FILE).write_bytes(canonical_json(self._state))

    @classmethod
    def is_in(cls, folder: Path) -> bool:
        """Whether the folder holds one."""
        return (folder / FILE).is_file()

    @classmethod
    def load(cls, folder: Path, cache: Path) -> TableCandidate:
        """Read what `save` wrote."""
        del cache
        return cls(msgspec.json.decode((folder / FILE).read_bytes(), type=TableState))


def model_inputs(fields: Mapping[str, str], inputs: Inputs) -> dict[str, Any]:
    """An input as the model's inputs, by the names that the model has for them."""
    return {name: inputs[field] for name, field in fields.items() if field in inputs}


def fits_tables(task: Task) -> Fit:
    """A task of kind ``decide`` or ``classify`` whose rules are a DMN model."""
    if not task.rules.policy.endswith(ENDINGS):
        return Fit(ok=False, reason="it decides by a DMN model, and rules.policy names none")
    if task.kind not in {"decide", "classify"}:
        return Fit(ok=False, reason=f"a DMN model decides, and the task's kind is {task.kind}")
    return Fit(ok=True)


def build_tables(task: Task, train: TrainSplit, select: SelectSplit, run: BuildRun) -> TableCandidate:
    """Read and check the model; nothing is learned.

    Raises:
        DecisionModelInvalid: it cannot be read, or no input field is one of its inputs.
    """
    del train
    path = task.root / task.rules.policy
    source = _source(path)
    model = from_json(source)
    decision = task.rules.decision or _last(model)
    fields = _fields(model, task)
    sure = sureness(_judged(task, model, decision, fields, select.examples))
    card = card_of("symbolic", task, run, approach=APPROACH, model=model.name, decision=decision, **sure.parameters())
    return TableCandidate(
        TableState(card=card, model=source, decision=decision, fields=fields, target=task.target, sureness=sure)
    )


def _source(path: Path) -> dict[str, Any]:
    if path.suffix != ".json":
        return dmn_json(path)
    try:
        found = msgspec.json.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError) as error:
        raise _invalid("cannot read the model", str(error), "correct the file", str(path)) from error
    if not isinstance(found, dict):
        raise _invalid("cannot read the model", "it is no JSON object", "correct the file", str(path))
    return found


def _last(model: DecisionModel) -> str:
    """The decision that no other needs."""
    needed = {need for node in model.decisions for need in node.requires}
    ends = [node.name for node in model.decisions if node.name not in needed]
    if len(ends) == 1:
        return ends[0]
    why = f"{', '.join(ends) or 'no decision'} could be meant"
    raise _invalid("which decision is asked", why, "name it in rules.decision", model.name)


def _fields(model: DecisionModel, task: Task) -> dict[str, str]:
    """Input fields by the model's names of them; spaces, underscores and case make no difference."""
    plain = {_plain(field): field for field in task.input_fields}
    found = {node.name: plain[_plain(node.name)] for node in model.inputs if _plain(node.name) in plain}
    if not found and model.inputs:
        why = (
            f"the model takes {', '.join(node.name for node in model.inputs)}; the task {', '.join(task.input_fields)}"
        )
        raise _invalid("no input field is an input of the model", why, "name the fields alike", model.name)
    return found


def _plain(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())


def _invalid(what: str, why: str, fix: str, about: str) -> DecisionModelInvalid:
    return DecisionModelInvalid(what, why=why, fix=fix, about=about)


def _judged(
    task: Task, model: DecisionModel, decision: str, fields: Mapping[str, str], examples: Sequence[Example]
) -> Iterator[tuple[bool, bool]]:
    for example in examples:
        found = decide(model, decision, model_inputs(fields, example.inputs))
        if example.expected is not None and found.value is not None:
            yield bool(found.errors), found.value == example.expected.get(task.target)
