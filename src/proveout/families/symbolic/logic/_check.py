"""An independent checker of proofs about controlled English."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from proveout.families.symbolic.logic._check_reading import Unreadable, X
from proveout.families.symbolic.logic._check_words import Fact, Reading, Step, read_all

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["check_logic"]

STATEMENT = re.compile(r"(?:true|false|neither|un\w+)\s*[?:]\s*(\S.*)", re.IGNORECASE | re.DOTALL)


class _Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    literal: Fact
    sentence: int
    start: int
    end: int
    text: str
    substitution: dict[str, str]
    premises: list[int] = msgspec.field(name="from")
    absent: list[Fact]


class _Proof(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: Literal["logic"]
    world: Literal["open", "closed"]
    asked: list[Fact]
    truth: Literal["true", "false", "unknown", "contradictory"]
    whole: bool
    steps: list[_Step]


def check_logic(proof: dict[str, Any], context: str, question: str, world: str = "open") -> list[str]:
    """What is wrong with a proof about a text; empty when it is accepted.

    It reads the text and the question itself, by other means than the reader that made the proof, and then asks of each
    step whether its sentence states a rule of which it is an instance, and of the whole whether it decides the
    statement. A proof that something does not follow must hold all that does, and no rule may lead out of it.

    Args:
        proof: as `prove` or `answer_question` makes it.
        context: the text.
        question: the whole question, or the statement alone.
        world: the one that the statement is to be judged in, ``open`` or ``closed``.

    Example:
        >>> from proveout.families.symbolic.logic._question import answer_question
        >>> context, question = "Anne is big. Big people are kind.", "True or false: Anne is kind."
        >>> proof = answer_question(context, question, ["A) True", "B) False"]).proof
        >>> check_logic(proof, context, question)
        []
        >>> check_logic(proof, "Anne is big. Bad people are kind.", question)
        ['step 1 misquotes its sentence', 'step 1 is not what its sentence says']
    """
    try:
        found = msgspec.convert(proof, _Proof)
        asked = STATEMENT.search(question)
        reading = read_all(context, asked[1] if asked else question)
    except msgspec.ValidationError as error:
        return [f"it is no proof of this kind: {error}"]
    except Unreadable as error:
        return [f"the text is not read: {error}"]
    if msgspec.json.encode(found, order="sorted") != msgspec.json.encode(proof, order="sorted"):
        return ["it is not written as proofs are"]
    if found.world != world:
        return [f"it is about the {found.world} world"]
    return list(_Check(found, reading, context).problems())


class _Check:
    """One proof beside what the text says."""

    def __init__(self, proof: _Proof, reading: Reading, context: str) -> None:
        self.proof, self.reading, self.context = proof, reading, context
        self.closed = proof.world == "closed"
        self.facts = [step.literal for step in proof.steps]
        self.known = set(self.facts)
        self.levels = _levels(reading.rules)

    def problems(self) -> Iterator[str]:
        """All that is wrong."""
        if self.proof.asked != self.reading.asked:
            yield "it is about another statement"
        yield from (problem for at in range(len(self.facts)) for problem in self.step(at))
        yield from self.order()
        if self.closed and self.levels is None:
            if self.proof.truth != "contradictory" or self.facts or self.proof.whole:
                yield "negation depends on itself, and it is not said so"
        elif self.proof.whole:
            yield from self.everything()
        else:
            yield from self.goals()

    def step(self, at: int) -> Iterator[str]:
        """Whether a step follows from its sentence and its premises."""
        step, fact = self.proof.steps[at], self.facts[at]
        span = (step.start, step.end)
        if not 0 <= step.sentence < len(self.reading.spans) or self.reading.spans[step.sentence] != span:
            yield f"step {at} cites no sentence"
        elif self.context[step.start : step.end] != step.text:
            yield f"step {at} misquotes its sentence"
        if not all(0 <= one < at for one in step.premises) or step.premises != sorted(set(step.premises)):
            yield f"step {at} does not rest on earlier steps"
            return
        needed = {self.facts[one] for one in step.premises}
        absent = set(step.absent)
        if step.absent != sorted(absent) or absent & self.known or (absent and not self.closed):
            yield f"step {at} rests on something absent that is not"
        if set(step.substitution) - {X} or not any(
            self.instance(rule, step, (fact, needed, absent)) for rule in self.reading.rules
        ):
            yield f"step {at} is not what its sentence says"

    def instance(self, rule: Step, step: _Step, says: tuple[Fact, set[Fact], set[Fact]]) -> bool:
        """Whether a step applies a rule."""
        name = step.substitution.get(X, "")
        if rule.sentence != step.sentence or rule.variable != bool(step.substitution):
            return False
        return (not rule.variable or name in self.reading.names) and says == (
            rule.head.about(name),
            *self.premises(rule, name),
        )

    def premises(self, rule: Step, name: str) -> tuple[set[Fact], set[Fact]]:
        """What must be derived and what must not, for a rule about ``name``."""
        body = {one.about(name) for one in rule.body}
        absent = {one for one in body if self.closed and not one.positive}
        return body - absent, {one.denied() for one in absent}

    def order(self) -> Iterator[str]:
        """Steps stand in order of their depth, then of what they say; none is there twice."""
        ranks: list[int] = []
        for step in self.proof.steps:
            earlier = [ranks[one] for one in step.premises if 0 <= one < len(ranks)]
            ranks.append(1 + max(earlier, default=-1))
        keys = list(zip(ranks, self.facts, strict=True))
        if len(self.known) < len(self.facts) or keys != sorted(keys):
            yield "its steps are out of order"

    def everything(self) -> Iterator[str]:
        """The steps are all that follows: no rule leads out of them."""
        for rule in self.reading.rules:
            for name in self.reading.names if rule.variable else {""}:
                needed, absent = self.premises(rule, name)
                if needed <= self.known and not absent & self.known and rule.head.about(name) not in self.known:
                    yield f"something follows that it does not hold, by sentence {rule.sentence}"
        if self.proof.truth != self.verdict():
            yield f"what follows makes the statement {self.verdict()}"
        if not self.closed and self.proof.truth != "unknown":
            yield "it holds more than it needs"

    def verdict(self) -> str:
        """What all that follows makes of the statement."""
        if any(one.denied() in self.known for one in self.known):
            return "contradictory"
        if self.closed:
            holds = [
                one in self.known if one.positive else one.denied() not in self.known for one in self.reading.asked
            ]
            return "true" if all(holds) else "false"
        if any(one.denied() in self.known for one in self.reading.asked):
            return "false"
        return "true" if self.known >= set(self.reading.asked) else "unknown"

    def goals(self) -> Iterator[str]:
        """The steps lead to the statement, its negation or a contradiction, and to nothing else."""
        asked = set(self.reading.asked)
        used = {self.facts[one] for step in self.proof.steps for one in step.premises if 0 <= one < len(self.facts)}
        ends, denied = self.known - used, {one.denied() for one in asked} & self.known
        proved = {
            "true": asked <= self.known and ends <= asked,
            "false": bool(denied) and ends <= denied,
            "contradictory": any({one.denied(), *ends} <= self.known & {one, one.denied()} for one in self.facts),
        }
        if self.closed or not proved.get(self.proof.truth, False):
            yield f"it does not show that the statement is {self.proof.truth}"


def _levels(rules: list[Step]) -> dict[str, int] | None:
    """The level of each predicate above all it denies; None where one is above itself."""
    levels = {f"{one.predicate} {one.positive}": 0 for rule in rules for one in (rule.head, *rule.body)}
    for _ in range(len(levels) + 2):
        before = dict(levels)
        for rule in rules:
            head = f"{rule.head.predicate} {rule.head.positive}"
            below = [levels.get(f"{one.predicate} True", 0) + (not one.positive) for one in rule.body]
            levels[head] = max([levels[head], *below])
        if levels == before:
            return levels
    return None
