"""A candidate of three steps whose errors are known."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING, Any, Self

import msgspec

from proveout.families import CandidateCard, ComposedStep
from proveout.task import Answer, Evidence, Example, Step, Task, canonical_json, content_hash

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from proveout.families import Override

__all__ = ["FakeComposed"]

INTENTS, DECISIONS = ("cancel", "exchange", "refund"), ("approve", "ask", "refuse")
LIMITS = {"cancel": 7, "exchange": 60, "refund": 30}
WORDS = re.compile(r"please (\w+) order \d+, it came (\d+) days ago")
STEPS = ("intent", "days", "decide")


class FakeComposed:
    """Decides on orders in three steps: ``intent`` and ``days`` read the text, and ``decide`` needs both.

    Each step is wrong on its own known share of rows, drawn from the text and the step's seed: equal texts are
    answered equally. What should have come out stands in the text, so that every step has gold.

    Args:
        card: what it is tied to.
        errors: share of rows on which a step is wrong, by its name; 0 for those not named.
        seeds: of each step's errors.
        labelled: steps that gold is given for.
        leaks: steps that learning a step anew changes too, though they do not need it: what must not happen.

    Example:
        >>> row = FakeComposed.rows(1)[0]
        >>> row.inputs["text"], row.expected
        ('please exchange order 0, it came 53 days ago', {'decision': 'approve'})
        >>> desk = FakeComposed(FakeComposed.card_for("s"), errors={"days": 1.0})
        >>> desk.answer([row.inputs])[0].output
        {'decision': 'refuse'}
    """

    def __init__(
        self,
        card: CandidateCard,
        *,
        errors: Mapping[str, float] | None = None,
        seeds: Mapping[str, int] | None = None,
        labelled: Sequence[str] = STEPS,
        leaks: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.card = card
        self._errors = dict(errors or {})
        self._seeds = dict.fromkeys(STEPS, 0) | dict(seeds or {})
        self._labelled = tuple(labelled)
        self._leaks = {name: tuple(others) for name, others in (leaks or {}).items()}

    @staticmethod
    def task() -> Task:
        """The task it answers."""
        return Task(
            name="orders",
            kind="decide",
            target="decision",
            input={"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}},
            output={"type": "object", "properties": {"decision": {"enum": list(DECISIONS)}}},
        )

    @staticmethod
    def rows(count: int, seed: int = 0) -> list[Example]:
        """Rows whose right answers are known."""
        rng = random.Random(seed)  # noqa: S311  made-up rows need no secret
        found = []
        for number in range(count):
            intent, days = rng.choice(INTENTS), rng.randrange(90)
            text = f"please {intent} order {number}, it came {days} days ago"
            found.append(Example(id=str(number), inputs={"text": text}, expected={"decision": _decided(intent, days)}))
        return found

    @staticmethod
    def card_for(snapshot: str, task: str = "", seed: int = 0) -> CandidateCard:
        """A card."""
        return CandidateCard(family="composed", task=task, snapshot=snapshot, code="1", seed=seed, parameters={})

    @property
    def steps(self) -> tuple[ComposedStep, ...]:
        """Its three steps; a confidence is no part of what is right."""
        does: dict[str, Any] = {"intent": "learned", "days": "learned", "decide": "rule"}
        needs = {"decide": ("intent", "days")}
        return tuple(
            ComposedStep(
                name=name,
                does=does[name],
                needs=needs.get(name, ()),
                version=f"{name}@{self._seeds[name]}",
                judged=("intent",) if name == "intent" else (),
            )
            for name in STEPS
        )

    def answer(self, inputs: Sequence[Mapping[str, Any]]) -> list[Answer]:
        """Answers in order."""
        return self.answer_with(inputs, {})

    def answer_with(self, inputs: Sequence[Mapping[str, Any]], overrides: Mapping[str, Override]) -> list[Answer]:
        """Answers with the outputs of some steps replaced."""
        return [self._answer(one["text"], number, overrides) for number, one in enumerate(inputs)]

    def gold(self, example: Example) -> dict[str, Any]:
        """What each step should give."""
        intent, days = _read(example.inputs["text"])
        whole = {"intent": {"intent": intent, "confidence": 1.0}, "days": {"days": days}, "decide": example.expected}
        return {name: whole[name] for name in self._labelled}

    def rebuilt(self, step: str, seed: int) -> FakeComposed:
        """Itself with one step wrong on other rows, as often; with every step where ``step`` is ""."""
        anew = {step, *self._leaks.get(step, ())} if step else set(STEPS)
        seeds = {name: seed if name in anew else before for name, before in self._seeds.items()}
        return FakeComposed(self.card, errors=self._errors, seeds=seeds, labelled=self._labelled, leaks=self._leaks)

    def save(self, folder: Path) -> None:
        """Write all that it is made of."""
        state = [msgspec.to_builtins(self.card), self._errors, self._seeds, self._labelled, self._leaks]
        (folder / "composed.json").write_bytes(canonical_json(state))

    @classmethod
    def load(cls, folder: Path, cache: Path) -> Self:
        """Read what `save` wrote."""
        del cache
        card, errors, seeds, labelled, leaks = msgspec.json.decode((folder / "composed.json").read_bytes())
        return cls(
            msgspec.convert(card, CandidateCard), errors=errors, seeds=seeds, labelled=tuple(labelled), leaks=leaks
        )

    def _answer(self, text: str, number: int, overrides: Mapping[str, Override]) -> Answer:
        trace: list[Step] = []

        def given(name: str, value: Any) -> Any:
            found = overrides[name](number, value) if name in overrides else value
            trace.append(Step(name=name, output=found))
            return found

        intent, days = _read(text)
        if self._slips("intent", text):
            intent = INTENTS[(INTENTS.index(intent) + 1) % len(INTENTS)] if intent in INTENTS else "refund"
        told = given("intent", {"intent": intent, "confidence": 0.9})
        waited = given("days", {"days": days + 90 if self._slips("days", text) else days})
        decision = _decided(told.get("intent"), waited.get("days")) if _usable(told, waited) else None
        if decision is not None:
            if self._slips("decide", text):
                decision = DECISIONS[(DECISIONS.index(decision) + 1) % len(DECISIONS)]
            decision = _label(given("decide", {"decision": decision}))
        evidence = Evidence(trace=tuple(trace))
        if decision is None:
            return Answer(abstention="a step failed", confidence=0.0, evidence=evidence)
        output = {"decision": decision}
        return Answer(output=output, guess=output, confidence=0.9, evidence=evidence)

    def _slips(self, step: str, text: str) -> bool:
        drawn = int(content_hash([self._seeds[step], step, text])[:12], 16) / 16**12
        return drawn < self._errors.get(step, 0.0)


def _read(text: str) -> tuple[str, int]:
    found = WORDS.match(text)
    return (found[1], int(found[2])) if found else ("", 0)


def _usable(told: Any, waited: Any) -> bool:
    if not isinstance(told, dict) or not isinstance(waited, dict):
        return False
    return isinstance(told.get("intent"), str) and isinstance(waited.get("days"), int)


def _decided(intent: str, days: int) -> str:
    if intent not in LIMITS:
        return "ask"
    return "approve" if days < LIMITS[intent] else "refuse"


def _label(value: Any) -> str | None:
    label = value.get("decision") if isinstance(value, dict) else None
    return label if isinstance(label, str) else None
