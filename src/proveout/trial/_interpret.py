"""The interpretability axis: how many answers carry evidence that holds, and whether it is what they stand on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from proveout.task import Answer
from proveout.trial._estimates import Estimate, mean, share
from proveout.trial._rationale import Unit, confidence_in, most_important, proof_units, reduced, units_of
from proveout.trial._scored import guess_of

if TYPE_CHECKING:
    from pathlib import Path

    from proveout.families import CandidateCard
    from proveout.task import Example, Task
    from proveout.trial._evidence import EvidenceChecker
    from proveout.trial._scored import Ints

__all__ = [
    "Ask",
    "Faithfulness",
    "InterpretabilityAxis",
    "Rationale",
    "faithfulness",
    "interpretability",
    "proof_steps",
]

Key = Callable[[dict[str, Any] | None], str | None]
# Asks a candidate about other inputs, for a purpose, and gives its answers with the ledger entries that hold them.
Ask = Callable[[str, Sequence[dict[str, Any]]], tuple[Sequence[Answer], tuple[int, ...]]]
SAMPLED = 40


class Loss(msgspec.Struct, frozen=True):
    """A mean loss of confidence, from -1 to 1, with its 95 % interval and the number of rows."""

    value: float
    low: float
    high: float
    n: int


class Faithfulness(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the words an answer is said to stand on are those it stands on (DeYoung et al., ACL 2020, pp. 4443-4458).

    Attributes:
        sufficiency: mean of the confidence lost when only those words are kept, from -1 to 1; 0 is best.
        comprehensiveness: mean of the confidence lost when those words are left out; the more, the better.
        kept: mean share of the input's words that they are.
        from_proofs: rows whose words are those that the proof names; the others' were found by leaving out each word.
        rows: rows measured, spread evenly over those answered.
        ledger: entries of the recorded answers.
    """

    sufficiency: Loss | None
    comprehensiveness: Loss | None
    kept: float | None
    from_proofs: int
    rows: int
    ledger: tuple[int, ...]


class InterpretabilityAxis(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of one candidate over its definite answers: those it gave, neither abstaining nor out of scope.

    Attributes:
        checked: share whose proof, citations or neighbours an independent checker accepts; None without answers.
        proved: share that carry a proof.
        proof_steps: median number of steps of the proofs; None without any.
        evidence: number of answers by kind of evidence: ``proof``, ``citations``, ``neighbours``, ``none``.
        refused: number of answers whose evidence was not accepted, by its kind.
        faithfulness: with ``--interpret``, else None.
    """

    checked: Estimate | None
    proved: Estimate | None
    proof_steps: float | None
    evidence: dict[str, int]
    refused: dict[str, int]
    faithfulness: Faithfulness | None = None


class Rationale(msgspec.Struct, frozen=True):
    """Of one row: its input, the units of it, and those the answer stands on."""

    inputs: dict[str, Any]
    units: tuple[Unit, ...]
    chosen: frozenset[int]


def interpretability(
    checker: EvidenceChecker,
    examples: Sequence[Example],
    answers: Sequence[Answer],
    answered: Ints,
    candidate: tuple[CandidateCard, Path],
) -> InterpretabilityAxis:
    """The figures that need no more answers.

    Args:
        checker: of the snapshot.
        examples: labelled test rows.
        answers: one a row.
        answered: mask of the definite ones, shape (n,).
        candidate: its card and its files.
    """
    rows = [int(row) for row in np.flatnonzero(answered)]
    found = [checker.check(examples[row], answers[row], *candidate) for row in rows]
    proofs = [proof for row in rows if (proof := answers[row].evidence.proof) is not None]
    return InterpretabilityAxis(
        checked=share(np.array([not one.problems for one in found], dtype=bool)),
        proved=share(np.array([one.kind == "proof" for one in found], dtype=bool)),
        proof_steps=float(np.median([proof_steps(proof) for proof in proofs])) if proofs else None,
        evidence=dict(sorted(Counter(one.kind for one in found).items())),
        refused=dict(sorted(Counter(one.kind for one in found if one.problems).items())),
    )


def proof_steps(proof: Any) -> int:
    """Steps of a proof: the length of its ``steps``, or the number of objects it is made of.

    Example:
        >>> proof_steps({"kind": "a", "steps": [1, 2, 3]}), proof_steps({"kind": "b", "of": [{"if": {}}]})
        (3, 3)
    """
    if isinstance(proof, dict):
        steps = proof.get("steps")
        return len(steps) if isinstance(steps, list) else 1 + sum(proof_steps(value) for value in proof.values())
    return sum(proof_steps(value) for value in proof) if isinstance(proof, list) else 0


def faithfulness(
    task: Task,
    examples: Sequence[Example],
    answers: Sequence[Answer],
    answered: Ints,
    ask: tuple[Ask, Key],
    seed: int,
) -> Faithfulness:
    """Ask again with the words the answers stand on alone, and without them.

    A row whose proof names no words gets the fifth of its words whose absence, one by one, costs most confidence.
    """
    asking, key = ask
    sample = _spread(np.flatnonzero(answered))
    parts = [(examples[row], answers[row], tuple(units_of(task, examples[row].inputs))) for row in sample]
    parts = [part for part in parts if len(part[2]) > 1]
    found, indexes = _rationales(task, parts, asking, key)
    pairs = [
        reduced(one.inputs, one.units, kept)
        for one in found
        for kept in (one.chosen, set(range(len(one.units))) - one.chosen)
    ]
    said, more = asking("interpret: rationales", pairs) if pairs else ((), ())
    before = [(answer.confidence, key(guess_of(answer))) for _, answer, _ in parts]
    lost = [
        [confidence - confidence_in(task, said[2 * row + side], wanted, key) for side in (0, 1)]
        for row, (confidence, wanted) in enumerate(before)
    ]
    columns = np.array(lost, dtype=np.float64).reshape(-1, 2)
    named = [bool(proof_units(answer.evidence.proof, units)) for _, answer, units in parts]
    return Faithfulness(
        sufficiency=_signed_mean(columns[:, 0], seed),
        comprehensiveness=_signed_mean(columns[:, 1], seed),
        kept=float(np.mean([len(one.chosen) / len(one.units) for one in found])) if found else None,
        from_proofs=sum(named),
        rows=len(parts),
        ledger=(*indexes, *more),
    )


def _spread(rows: Ints) -> list[int]:
    count = min(SAMPLED, len(rows))
    return [int(rows[number * len(rows) // count]) for number in range(count)]


def _rationales(
    task: Task, parts: Sequence[tuple[Example, Answer, tuple[Unit, ...]]], ask: Ask, key: Key
) -> tuple[list[Rationale], tuple[int, ...]]:
    """The units each answer stands on: those its proof names, or those that cost most when left out."""
    named = [proof_units(answer.evidence.proof, units) for _, answer, units in parts]
    asked = [
        (at, left_out) for at, (_, _, units) in enumerate(parts) if not named[at] for left_out in range(len(units))
    ]
    inputs = [
        reduced(parts[at][0].inputs, parts[at][2], set(range(len(parts[at][2]))) - {left_out}) for at, left_out in asked
    ]
    said, indexes = ask("interpret: occlusion", inputs) if inputs else ((), ())
    losses: list[list[float]] = [[] for _ in parts]
    for (at, _), answer in zip(asked, said, strict=True):
        whole = parts[at][1]
        losses[at].append(whole.confidence - confidence_in(task, answer, key(guess_of(whole)), key))
    return [
        Rationale(example.inputs, units, frozenset(named[at] or most_important(losses[at])))
        for at, (example, _, units) in enumerate(parts)
    ], indexes


def _signed_mean(values: Any, seed: int) -> Loss | None:
    """Mean of numbers from -1 to 1, with the interval of their mean as shares."""
    found = mean((np.asarray(values) + 1) / 2, seed)
    if found is None:
        return None
    value, low, high = (2 * end - 1 for end in (found.value, found.low, found.high))
    return Loss(value, low, high, found.n)
