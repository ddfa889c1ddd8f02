"""Answers and expected outputs side by side, as arrays of one element a row: what every metric reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, Self

import msgspec
import numpy as np
import numpy.typing as npt

from proveout.task import canonical_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proveout.task import Answer, Example, Task

__all__ = ["NO_LABEL", "Floats", "Ints", "JudgedRows", "Scored", "ScoredRows", "guess_of", "label_of", "score"]

Ints = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
NO_LABEL = -1


class ScoredRows(Protocol):
    """What the rows of every kind know, most of it as arrays of shape (n,)."""

    @property
    def seed(self) -> int:
        """Of resampling."""
        ...

    @property
    def confidence(self) -> Floats:
        """Probability in [0, 1] that the guess is right, as stated."""
        ...

    @property
    def in_scope(self) -> Ints:
        """Rows that have an answer."""
        ...

    @property
    def has_scope(self) -> bool:
        """Whether a row can be out of scope at all."""
        ...

    @property
    def rejected(self) -> Ints:
        """Rows left without an answer, as served."""
        ...

    @property
    def guessed_right(self) -> Ints:
        """Rows whose guess, with nothing rejected, is right."""
        ...

    @property
    def served_right(self) -> Ints:
        """Rows right as served; an out-of-scope row is right when rejected."""
        ...

    @property
    def points(self) -> Floats:
        """How right each guess is, in [0, 1]: what is compared with the incumbent."""
        ...

    def rows(self, keep: Ints) -> Self:
        """The same for the rows that ``keep``, a mask or indices, names."""
        ...


class JudgedRows(msgspec.Struct, frozen=True, kw_only=True):
    """Rows judged one by one: the base of kinds without labels. See `ScoredRows` for what each array means."""

    in_scope: Ints
    rejected: Ints
    guessed_right: Ints
    served_right: Ints
    points: Floats
    confidence: Floats
    seed: int = 0

    @property
    def has_scope(self) -> bool:
        """Whether some row is out of scope."""
        return bool(np.any(~self.in_scope))

    def rows(self, keep: Ints) -> Self:
        """The same for the rows that ``keep``, a mask or indices, names."""
        values = {name: getattr(self, name) for name in self.__struct_fields__}
        arrays = {name: value[keep] for name, value in values.items() if isinstance(value, np.ndarray)}
        return msgspec.structs.replace(self, **arrays)


class Scored(msgspec.Struct, frozen=True, kw_only=True):
    """One candidate's answers to n rows, beside the expected outputs.

    Attributes:
        labels: label names, sorted; the codes below index into them.
        truth: expected label codes, shape (n,).
        guess: codes of the guesses, shape (n,); -1 where there is none.
        output: codes of the answers as served, shape (n,); -1 where it abstained.
        confidence: shape (n,), in [0, 1].
        out_of_scope: code of the out-of-scope label; -1 when the task has none.
        seed: of resampling.

    Example:
        >>> import numpy as np
        >>> rows = np.array([0, 1])
        >>> scored = Scored(labels=("a", "oos"), truth=rows, guess=rows, output=rows, confidence=rows, out_of_scope=1)
        >>> scored.in_scope.tolist(), scored.rejected.tolist()
        ([True, False], [False, True])
    """

    labels: tuple[str, ...]
    truth: Ints
    guess: Ints
    output: Ints
    confidence: Floats
    out_of_scope: int = NO_LABEL
    seed: int = 0

    @property
    def in_scope(self) -> Ints:
        """Rows whose expected label is not the out-of-scope one: all rows when the task has none."""
        return np.asarray(self.truth != self.out_of_scope)

    @property
    def rejected(self) -> Ints:
        """Rows it abstained on or labelled out of scope, as served."""
        return np.asarray((self.output == NO_LABEL) | (self.output == self.out_of_scope))

    @property
    def guessed_right(self) -> Ints:
        """Rows whose guess is the expected label."""
        return np.asarray(self.guess == self.truth)

    @property
    def served_right(self) -> Ints:
        """Rows answered rightly as served; an out-of-scope row is right when rejected."""
        return np.where(self.in_scope, self.output == self.truth, self.rejected)

    @property
    def points(self) -> Floats:
        """1 where the guess is the expected label, else 0."""
        return np.asarray(self.guessed_right, dtype=np.float64)

    @property
    def has_scope(self) -> bool:
        """Whether the task has an out-of-scope label."""
        return self.out_of_scope >= 0

    def rows(self, keep: Ints) -> Scored:
        """The same for the rows that ``keep``, a mask or indices, names."""
        arrays = {name: getattr(self, name)[keep] for name in ("truth", "guess", "output", "confidence")}
        return msgspec.structs.replace(self, **arrays)


def label_of(task: Task, output: dict[str, Any] | None) -> str | None:
    """The scored part of an output, as text: its target field, or the whole output when the task names none.

    Example:
        >>> from proveout.task import Task
        >>> task = Task(name="t", kind="classify", input={}, output={}, target="intent")
        >>> label_of(task, {"intent": "refund"}), label_of(task, {"intent": 3}), label_of(task, None)
        ('refund', '3', None)
    """
    if output is None:
        return None
    value = output.get(task.target) if task.target else output
    return value if isinstance(value, str) else canonical_json(value).decode()


def guess_of(answer: Answer) -> dict[str, Any] | None:
    """The best output were nothing rejected.

    Example:
        >>> from proveout.task import Answer
        >>> guess_of(Answer(output={"intent": "refund"}, confidence=0.9))
        {'intent': 'refund'}
    """
    return answer.guess if answer.guess is not None else answer.output


def score(task: Task, examples: Sequence[Example], answers: Sequence[Answer], *, seed: int = 0) -> Scored:
    """Lay answers beside the expected outputs of labelled examples.

    Example:
        >>> from proveout.task import Answer, Example, Task
        >>> task = Task(name="t", kind="classify", input={}, output={}, target="y")
        >>> rows = [Example(id="1", inputs={}, expected={"y": "b"})]
        >>> score(task, rows, [Answer(output={"y": "a"}, guess={"y": "a"}, confidence=0.7)]).labels
        ('a', 'b')
    """
    truth = [label_of(task, example.expected) for example in examples]
    guess = [label_of(task, guess_of(answer)) for answer in answers]
    output = [label_of(task, answer.output) for answer in answers]
    found = {label for label in (*truth, *guess, *output) if label is not None}
    labels = tuple(sorted(found | ({task.out_of_scope} if task.out_of_scope else set())))
    codes: dict[str | None, int] = {label: code for code, label in enumerate(labels)}

    def coded(column: Sequence[str | None]) -> Ints:
        return np.array([codes.get(label, NO_LABEL) for label in column], dtype=np.int64)

    return Scored(
        labels=labels,
        truth=coded(truth),
        guess=coded(guess),
        output=coded(output),
        confidence=np.array([answer.confidence for answer in answers], dtype=np.float64),
        out_of_scope=codes[task.out_of_scope] if task.out_of_scope else NO_LABEL,
        seed=seed,
    )
