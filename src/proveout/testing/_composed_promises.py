"""The suite every composed candidate passes: what it promises besides what every candidate does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.families import Composed, agrees
from proveout.task import Answer, Example, canonical_json
from proveout.trial import faults, faulty

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from proveout.families import Candidate, Override

__all__ = ["check_composed"]

Right = Callable[[Example, Answer], bool]
TOLERANCE = 1e-3
# Rows answered rightly among which some output of a step must be right.
ENOUGH = 5


def _is_expected(example: Example, answer: Answer) -> bool:
    found = answer.output if answer.guess is None else answer.guess
    return canonical_json(found) == canonical_json(example.expected)


def check_composed(candidate: Candidate, examples: Sequence[Example], *, right: Right = _is_expected) -> None:
    """Try what a composed candidate promises, on rows with expected outputs.

    Args:
        candidate: one that satisfies `Composed`.
        examples: some rows; a dozen will do.
        right: whether an answer is right; unless stated, when its guess is the expected output.

    Raises:
        AssertionError: a promise is broken; the message says which.

    Example:
        >>> from proveout.testing import FakeComposed
        >>> desk = FakeComposed(FakeComposed.card_for("s"), errors={"intent": 0.3})
        >>> check_composed(desk, FakeComposed.rows(12))
    """
    if not isinstance(candidate, Composed):
        raise AssertionError("a composed candidate has steps, answer_with and gold")  # noqa: TRY004  as all promises
    case = _Case(candidate, candidate, tuple(examples), right)
    for promise in (_order, _plain, _own_outputs, _one_row, _downstream, _gold, _gold_is_whole, _no_error):
        promise(case)


class _Case(msgspec.Struct, frozen=True):
    """What every promise is tried on: the candidate, twice for its two protocols, and rows."""

    whole: Any
    composed: Any
    examples: tuple[Example, ...]
    right: Right

    @property
    def names(self) -> list[str]:
        """Of the steps, in their order."""
        return [step.name for step in self.composed.steps]

    def answers(self, overrides: Mapping[str, Override]) -> list[Answer]:
        """To all rows."""
        found: list[Answer] = self.composed.answer_with([example.inputs for example in self.examples], overrides)
        return found

    def broken(self, step: str, fault: str, seen: Sequence[Any], number: int, value: Any) -> Any:
        """What a fault makes of a step's output."""
        return faulty(fault, value, seen, [step, number])


def _order(case: _Case) -> None:
    names = case.names
    _promise(bool(names), "has steps")
    _promise(len(set(names)) == len(names), f"names each step once: {names}")
    for number, step in enumerate(case.composed.steps):
        early = set(step.needs) <= set(names[:number])
        _promise(early, f"lists a step behind those it needs: {step.name} needs {', '.join(step.needs)}")


def _plain(case: _Case) -> None:
    plain = case.whole.answer([example.inputs for example in case.examples])
    _alike(plain, case.answers({}), "answers the same with no overrides")
    for answer in plain:
        named = [step.name for step in answer.evidence.trace]
        known = [name for name in case.names if name in named]
        _promise(named == known, f"has each step it took once in its trace, in order: {named} of {case.names}")
        for step in answer.evidence.trace:
            _promise(_is_plain(step.output), f"has plain JSON in its trace: {step.name} gave {step.output!r}")


def _own_outputs(case: _Case) -> None:
    plain = case.answers({})
    for name in case.names:
        called: dict[int, Any] = {}

        def same(number: int, value: Any, called: dict[int, Any] = called) -> Any:
            called[number] = value
            return value

        _alike(plain, case.answers({name: same}), f"answers the same when {name} is replaced by its own output")
        own = {row: given[name] for row, answer in enumerate(plain) if name in (given := _given(answer))}
        told = f"calls an override of {name} once a row that takes the step, with the row's number and its output"
        _promise(canonical_json(_listed(called)) == canonical_json(_listed(own)), told)


def _one_row(case: _Case) -> None:
    """A replaced output of one row is in the trace of that row and leaves other rows as they were."""
    plain = case.answers({})
    for name in case.names:
        seen = _seen(plain, name)

        def first(number: int, value: Any, name: str = name, seen: Sequence[Any] = seen) -> Any:
            return case.broken(name, "another row", seen, 0, value) if number == 0 else value

        found = case.answers({name: first})
        _alike(plain[1:], found[1:], f"leaves other rows as they were when {name} is replaced on one")
        before, after = (_given(answers[0]).get(name) for answers in (plain, found))
        wanted = case.broken(name, "another row", seen, 0, before) if name in _given(plain[0]) else before
        _promise(_equal(after, wanted), f"has the replaced output of {name} in its trace: {after!r} is not {wanted!r}")


def _downstream(case: _Case) -> None:
    """A replaced output changes steps behind it alone."""
    plain = case.answers({})
    needs: dict[str, set[str]] = {}
    for step in case.composed.steps:
        needs[step.name] = set(step.needs).union(*(needs[name] for name in step.needs))
    for name in case.names:
        found = case.answers({name: partial(case.broken, name, "another row", _seen(plain, name))})
        for other in case.names:
            if other == name or name in needs[other]:
                continue
            same = all(_equal(_given(a).get(other), _given(b).get(other)) for a, b in zip(plain, found, strict=True))
            _promise(same, f"changes {other} when {name} is replaced, though {other} does not need {name}")


def _gold(case: _Case) -> None:
    golds = [case.composed.gold(example) for example in case.examples]
    strangers = sorted({name for gold in golds for name in gold} - set(case.names))
    _promise(not strangers, f"has gold for its steps alone: {strangers}")
    _promise(all(_is_plain(gold) for gold in golds), "has plain JSON as gold")
    told = "gives the expected output once each step gives its gold"
    overrides = {name: partial(_golden, golds, name) for name in {name for gold in golds for name in gold}}
    ends = _ends(case)
    for example, gold, answer in zip(case.examples, golds, case.answers(overrides), strict=True):
        # A step that nothing needs decides the answer: without its gold the answer may be wrong.
        if ends <= gold.keys():
            _promise(case.right(example, answer), f"{told}: row {example.id} has {answer.output}")
    if len(ends) == 1:
        (last,) = ends
        for example, gold, answer in zip(
            case.examples, golds, case.answers({last: partial(_golden, golds, last)}), strict=True
        ):
            if last in gold and last in _given(answer):
                _promise(case.right(example, answer), f"{told}, {last} alone: row {example.id} has {answer.output}")


def _gold_is_whole(case: _Case) -> None:
    """An output that is right can be replaced by its gold, and where answers are right some outputs are."""
    plain = case.answers({})
    golds = [case.composed.gold(example) for example in case.examples]
    for step in case.composed.steps:
        name = step.name
        found = case.answers({name: partial(_golden, golds, name)})
        rows = [
            row
            for row, answer in enumerate(plain)
            if name in golds[row] and name in _given(answer) and case.right(case.examples[row], answer)
        ]
        right = [row for row in rows if agrees(step, _given(plain[row])[name], golds[row][name])]
        told = f"gives an output of {name} that agrees with gold, on some of {len(rows)} rows answered rightly"
        _promise(bool(right) or len(rows) < ENOUGH, f"{told}: state the fields that are judged")
        for row in right:
            told = f"stays right when an output of {name} that is right is replaced by its gold, a whole output"
            _promise(
                case.right(case.examples[row], found[row]), f"{told}: {golds[row][name]} makes {found[row].output}"
            )


def _golden(golds: Sequence[Mapping[str, Any]], name: str, number: int, value: Any) -> Any:
    return golds[number].get(name, value)


def _ends(case: _Case) -> set[str]:
    """Steps that no other needs."""
    return set(case.names) - {name for step in case.composed.steps for name in step.needs}


def _no_error(case: _Case) -> None:
    plain = case.answers({})
    for name in case.names:
        for fault in faults.names():
            told = f"answers or abstains when {name} has the fault {fault!r}"
            try:
                found = case.answers({name: partial(case.broken, name, fault, _seen(plain, name))})
            except Exception as error:
                raise AssertionError(f"a composed candidate {told}; it raised {error!r}") from error
            _promise(len(found) == len(case.examples), f"{told}; {len(found)} answers came")


def _given(answer: Answer) -> dict[str, Any]:
    return {step.name: step.output for step in answer.evidence.trace}


def _seen(answers: Iterable[Answer], name: str) -> list[Any]:
    return [given[name] for answer in answers if name in (given := _given(answer))]


def _listed(values: Mapping[int, Any]) -> list[Any]:
    return [[row, values[row]] for row in sorted(values)]


def _equal(one: Any, other: Any) -> bool:
    return canonical_json(one) == canonical_json(other)


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(name, str) and _is_plain(item) for name, item in value.items())
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, str | int | float)


def _alike(left: Sequence[Answer], right: Sequence[Answer], promise: str) -> None:
    _promise(len(left) == len(right), f"{promise}; {len(left)} answers and {len(right)}")
    for row, (one, other) in enumerate(zip(left, right, strict=True)):
        same = (one.output, one.guess, one.abstention) == (other.output, other.guess, other.abstention)
        close = abs(one.confidence - other.confidence) <= TOLERANCE
        traces = _equal(_given(one), _given(other))
        _promise(same and close and traces, f"{promise}; row {row}: {one} and {other}")


def _promise(holds: bool, promise: str) -> None:  # noqa: FBT001  reads as a sentence
    if not holds:
        raise AssertionError(f"a composed candidate {promise}")
