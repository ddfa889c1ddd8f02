"""Asking a composed candidate with outputs of its steps replaced: by the right ones, or by what a fault would give."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from proveout.errors import CandidateInvalid
from proveout.task import Answer, Example, canonical_json
from proveout.trial._credit import Team
from proveout.trial._faults import faulty

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from proveout.families import Composed, ComposedStep, Override
    from proveout.trial._scored import Ints

__all__ = ["Oracle", "Question", "ancestors", "outputs", "spread"]

Right = Callable[[Sequence[Example], Sequence[Answer]], "Ints"]
# Outputs of other rows that a fault draws from.
SEEN = 100
MISSING = object()


class Question(NamedTuple):
    """One row with the steps of a team replaced by their gold outputs, and a fault in one step.

    Attributes:
        row: index of the row.
        gold: names of steps; those that the row has no gold for give their own outputs.
        fault: step and name of the fault; nothing without one. A step replaced by gold has no fault.
    """

    row: int
    gold: Team = Team()
    fault: tuple[str, ...] = ()


class Oracle:
    """Asks each question once.

    Args:
        candidate: made of steps.
        examples: labelled rows.
        answers: its answers to them, with their traces.
        right: whether answers to examples are right as served.
        seed: of faults.
        chunk: rows per batch.

    Attributes:
        asked: number of answers asked for.
    """

    def __init__(
        self,
        candidate: Composed,
        examples: Sequence[Example],
        answers: Sequence[Answer],
        right: Right,
        *,
        seed: int = 0,
        chunk: int = 256,
    ) -> None:
        self.candidate = candidate
        self.examples = examples
        self.seed = seed
        self.asked = 0
        self.traces = [outputs(answer) for answer in answers]
        self.golds = [candidate.gold(example) for example in examples]
        self.answered_right = np.asarray(right(examples, answers), dtype=bool)
        self._right = right
        self._chunk = chunk
        self._known: dict[Question, bool] = {
            Question(row): bool(found) for row, found in enumerate(self.answered_right)
        }

    @cached_property
    def steps(self) -> tuple[ComposedStep, ...]:
        """Of the candidate."""
        return self.candidate.steps

    @cached_property
    def labelled(self) -> tuple[str, ...]:
        """Steps that some row has gold for, in the order of the steps."""
        known = {name for gold in self.golds for name in gold}
        return tuple(step.name for step in self.steps if step.name in known)

    @cached_property
    def seen(self) -> dict[str, list[Any]]:
        """Outputs of each step on rows spread evenly, which faults draw from."""
        rows = spread(range(len(self.traces)), SEEN)
        return {
            step.name: [self.traces[row][step.name] for row in rows if step.name in self.traces[row]]
            for step in self.steps
        }

    def right(self, questions: Sequence[Question]) -> Ints:
        """Whether each comes out right as served, booleans of shape (n,).

        Raises:
            CandidateInvalid: the candidate fails on a replaced output.
        """
        plain = [self._plain(question) for question in questions]
        groups: dict[Team, list[Question]] = defaultdict(list)
        for question in dict.fromkeys(plain):
            if question not in self._known:
                groups[question.gold | Team(question.fault[:1])].append(question)
        for steps, group in groups.items():
            for start in range(0, len(group), self._chunk):
                self._ask(sorted(steps), group[start : start + self._chunk])
        return np.array([self._known[question] for question in plain], dtype=bool)

    def fault_of(self, step: str, name: str, row: int, value: Any) -> Any:
        """What a fault makes of a step's output on a row."""
        return faulty(name, value, self.seen[step], [self.seed, step, self.examples[row].id])

    def happens(self, step: str, name: str, row: int) -> bool:
        """Whether a fault changes what a step gave on a row; a step that was skipped gave nothing."""
        value = self.traces[row].get(step, MISSING)
        return value is not MISSING and not same(value, self.fault_of(step, name, row, value))

    def _plain(self, question: Question) -> Question:
        """The question without what has no effect, so that equal ones are asked once."""
        gold = Team(question.gold & self.golds[question.row].keys())
        return Question(question.row, gold, () if question.fault[:1] and question.fault[0] in gold else question.fault)

    def _ask(self, steps: Sequence[str], questions: Sequence[Question]) -> None:
        examples = [self.examples[question.row] for question in questions]
        overrides: Mapping[str, Override] = {step: self._override(step, questions) for step in steps}
        answers = answers_with(self.candidate, [example.inputs for example in examples], overrides)
        self.asked += len(answers)
        self._known.update(zip(questions, map(bool, self._right(examples, answers)), strict=True))

    def _override(self, step: str, questions: Sequence[Question]) -> Override:
        def override(number: int, value: Any) -> Any:
            question = questions[number]
            if step in question.gold:
                return self.golds[question.row][step]
            return self.fault_of(step, question.fault[1], question.row, value)

        return override


def answers_with(
    candidate: Composed, inputs: Sequence[dict[str, Any]], overrides: Mapping[str, Override]
) -> list[Answer]:
    """Answers with outputs replaced, one an input.

    Raises:
        CandidateInvalid: the candidate fails, or gives another number of answers.
    """
    fix = "run testing.check_composed on it"
    about = f"the output of {', '.join(overrides) or 'no step'} replaced"
    try:
        answers = candidate.answer_with(inputs, overrides)
    except Exception as error:
        why = f"it raised {type(error).__name__}: {error}"
        raise CandidateInvalid("a composed candidate breaks the protocol", why=why, fix=fix, about=about) from error
    if len(answers) != len(inputs):
        why = f"it gave {len(answers)} answers to {len(inputs)} inputs"
        raise CandidateInvalid("a composed candidate breaks the protocol", why=why, fix=fix, about=about)
    return answers


def outputs(answer: Answer) -> dict[str, Any]:
    """What each step gave, by its name; a step that was skipped is not in it.

    Example:
        >>> from proveout.task import Evidence, Step
        >>> trace = (Step(name="intent", output="refund"),)
        >>> outputs(Answer(output={}, evidence=Evidence(trace=trace)))
        {'intent': 'refund'}
    """
    return {step.name: step.output for step in answer.evidence.trace}


def ancestors(steps: Iterable[ComposedStep]) -> dict[str, Team]:
    """For each step all that it needs, directly or not.

    Example:
        >>> from proveout.families import ComposedStep
        >>> chain = [
        ...     ComposedStep(name=name, does="code", needs=tuple(needs))
        ...     for name, needs in (("a", ""), ("b", "a"), ("c", "b"))
        ... ]
        >>> sorted(ancestors(chain)["c"])
        ['a', 'b']
    """
    found: dict[str, Team] = {}
    for step in steps:
        found[step.name] = Team(step.needs).union(*(found.get(name, Team()) for name in step.needs))
    return found


def same(one: Any, other: Any) -> bool:
    """Whether two outputs are the same JSON."""
    return canonical_json(one) == canonical_json(other)


def spread(rows: Sequence[int], count: int) -> list[int]:
    """At most ``count`` of the rows, spread evenly.

    Example:
        >>> spread(range(10), 3), spread([4, 7], 3)
        ([0, 3, 6], [4, 7])
    """
    count = min(count, len(rows))
    return [int(rows[number * len(rows) // count]) for number in range(count)]
