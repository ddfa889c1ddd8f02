"""A candidate that is a graph of micro-models."""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING, Any, Literal, Self

import msgspec

from proveout.errors import ProveoutError
from proveout.families._composed import ComposedStep
from proveout.families._protocol import CandidateCard
from proveout.families._serving import measured
from proveout.families.modular._gold import stated_gold
from proveout.families.modular._recipe import ANSWER, Part, graph_of
from proveout.families.modular._recipes import recipe_named
from proveout.families.modular.graph import run_graph
from proveout.families.modular.micro import Encoders, load_micro
from proveout.task import Answer, Evidence, Step, canonical_json, input_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from proveout.families._composed import Override
    from proveout.families.modular._draft import Draft
    from proveout.families.modular.graph import GraphRun
    from proveout.task import Example

__all__ = ["ModularCandidate", "ModularState"]

STATE, PARTS, CARD = "modular.json", "parts", "micro.json"
Json = dict[str, Any]


class ModularState(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored of a candidate besides its micro-models.

    Attributes:
        card: of the candidate.
        fields: input fields of the task, sorted.
        recipe: its name.
        settings: of the steps that are no micro-models.
        parts: id of each micro-model, by step.
        gold: column of the examples that holds a step's right output, by step.
    """

    card: CandidateCard
    fields: tuple[str, ...]
    recipe: str
    settings: Json
    parts: dict[str, str]
    gold: dict[str, str] = {}


class ModularCandidate:
    """Micro-models joined by a graph; each answer's trace holds what every step gave."""

    def __init__(self, state: ModularState, parts: Mapping[str, Part]) -> None:
        self._state, self._parts = state, dict(parts)
        self._recipe = recipe_named(state.recipe)
        self.graph = graph_of(self._recipe, state.settings, parts)

    @property
    def card(self) -> CandidateCard:
        """What it is tied to."""
        return self._state.card

    @property
    def state(self) -> ModularState:
        """What is stored besides the micro-models."""
        return self._state

    @property
    def parts(self) -> dict[str, Part]:
        """The micro-models, by step."""
        return dict(self._parts)

    @property
    def steps(self) -> tuple[ComposedStep, ...]:
        """Each step of the graph but the last, which only joins what the others give."""
        judged = self._recipe.judged(self._state.settings)
        return tuple(
            ComposedStep(
                name=node.name,
                does=self._does(node.name),
                needs=node.needs,
                version=node.version,
                judged=judged.get(node.name, ()),
            )
            for node in self.graph.nodes.values()
            if node.name != ANSWER
        )

    def _does(self, step: str) -> Literal["learned", "rule", "code"]:
        part = self._parts.get(step)
        if part is None:
            return "code"
        return "learned" if part.card.learned else "rule"

    def answer(self, inputs: Sequence[Mapping[str, Any]]) -> list[Answer]:
        """Answer a batch, in order."""
        return [self._one(one, {}) for one in inputs]

    def answer_with(self, inputs: Sequence[Mapping[str, Any]], overrides: Mapping[str, Override]) -> list[Answer]:
        """Answer a batch with the outputs of some steps replaced."""
        return [self._one(one, _of_row(overrides, row)) for row, one in enumerate(inputs)]

    def _one(self, inputs: Mapping[str, Any], replace: Mapping[str, Callable[[Any], Any]]) -> Answer:
        wall, cpu = time.perf_counter(), time.process_time()
        if not input_text(self._state.fields, inputs).strip():
            return Answer(abstention="empty input", usage=measured(0.0, 0.0))
        try:
            run = self.run(inputs, replace)
        except ProveoutError as error:
            # One input that a step cannot work with says nothing of the others.
            usage = measured(time.perf_counter() - wall, time.process_time() - cpu)
            return Answer(abstention=f"{error.about}: {error.what}: {error.why}", usage=usage)
        usage = measured(time.perf_counter() - wall, time.process_time() - cpu)
        return _answer(run, usage)

    def run(self, inputs: Mapping[str, Any], replace: Mapping[str, Callable[[Any], Any]] | None = None) -> GraphRun:
        """Run the graph on one input.

        Raises:
            StepFailed: a step cannot work with it.
        """
        return run_graph(self.graph, self.graph_input(inputs), replace=replace)

    def graph_input(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """The input of the graph, from that of the task: its fields, and the text that they make."""
        return {"inputs": dict(inputs), "text": input_text(self._state.fields, inputs)}

    def functions(self) -> dict[str, Callable[..., Any]]:
        """Each micro-model as a function of its version, for graphs that people write."""
        return {name: _function(part) for name, part in self._parts.items()}

    def gold(self, example: Example) -> Json:
        """The right output of each step, as far as the example states it.

        Raises:
            RowInvalid: a column that ``modular.gold`` names holds what is no output of its step.
        """
        known = self._recipe.gold(self._state.settings, example)
        steps = {step.name: step for step in self.steps}
        stated = stated_gold(self._state.gold, steps, self.graph, example)
        return {name: value for name, value in {**known, **stated}.items() if name in steps}

    def save(self, folder: Path) -> None:
        """Write the state, each micro-model in a folder of its own, and what the checker of proofs reads."""
        (folder / STATE).write_bytes(canonical_json(self._state))
        for name, part in self._parts.items():
            place = folder / PARTS / name
            place.mkdir(parents=True)
            part.model.save(place)
            (place / CARD).write_bytes(canonical_json(part.card))
        for name, content in self._recipe.checked_files(self._state.settings, self._parts).items():
            (folder / name).write_bytes(content)

    @classmethod
    def load(cls, folder: Path, cache: Path) -> Self:
        """Read what `save` wrote."""
        state = msgspec.json.decode((folder / STATE).read_bytes(), type=ModularState)
        encoders = Encoders(cache)
        parts = {}
        for name, identifier in state.parts.items():
            card, model = load_micro(folder / PARTS / name, cache, encoders)
            parts[name] = Part(id=identifier, card=card, model=model)
        return cls(state, parts)


def _function(part: Part) -> Callable[..., Any]:
    call = part.model.__call__

    @functools.wraps(call)
    def run(*arguments: Any, **named: Any) -> Any:
        return call(*arguments, **named)

    run.__dict__["version"] = part.id
    return run


def _of_row(overrides: Mapping[str, Override], row: int) -> dict[str, Callable[[Any], Any]]:
    def bound(override: Override) -> Callable[[Any], Any]:
        def replaced(own: Any) -> Any:
            shown = _unproved(own)
            given = override(row, shown)
            # What is handed back as it came keeps its proof.
            return own if given == shown else given

        return replaced

    return {step: bound(override) for step, override in overrides.items()}


def _answer(run: GraphRun, usage: Any) -> Answer:
    draft: Draft = run.output
    trace = tuple(_shown(step) for step in run.trace if step.name != ANSWER)
    evidence = Evidence(
        citations=draft.citations,
        proof=draft.proof,
        trace=trace,
        alternatives=draft.alternatives,
        note=draft.note,
    )
    return Answer(
        output=draft.output,
        guess=draft.guess,
        confidence=draft.confidence,
        abstention=draft.abstention,
        evidence=evidence,
        usage=usage,
    )


def _shown(step: Step) -> Step:
    """A step without its proof, which stands in the evidence already."""
    return Step(name=step.name, output=_unproved(step.output), wall_seconds=step.wall_seconds)


def _unproved(output: Any) -> Any:
    return {name: value for name, value in output.items() if name != "proof"} if isinstance(output, dict) else output
