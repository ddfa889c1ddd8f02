"""Evidence: what each row says, without its text; and the checks that rows must pass before they may testify."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np

from proveout.data import CertifySplit, SelectSplit, TrainSplit, grouped, normalised
from proveout.errors import EvidenceUnusable
from proveout.task import content_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from proveout.task import Answer, Example

    Key = Callable[[dict[str, Any] | None], str | None]
    Text = Callable[[Mapping[str, Any]], str]

__all__ = ["COLUMNS", "Repeats", "Row", "Verdict", "check_rows", "evidence_bytes", "rows_of", "units_of"]

COLUMNS = ("input", "unit", "segment", "score", "student", "incumbent", "student_right", "incumbent_right")
FORMAT = 1
SHORT = 16
SHOWN = 3
Repeats = Literal["refuse", "once"]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row of evidence; texts and answers stand in it as hashes only.

    Attributes:
        input: hash of the inputs.
        unit: rows of one unit are dependent and count as one; each row its own where there are no sessions.
        segment: the part of the traffic; "" where the row names none.
        score: how sure the candidate was; None where it declined, so that the incumbent answers at any threshold.
        student: hash of the candidate's answer, as it is compared; None where it gave none.
        incumbent: the same of the incumbent's.
        student_right: whether it is right; None where nobody has said.
        incumbent_right: the same of the incumbent.

    Example:
        >>> row = Row(input="a", unit="1", segment="", score=0.9, student="x", incumbent="y")
        >>> row.disagrees, row.net, row.lacks_label
        (True, 1, True)
    """

    input: str
    unit: str
    segment: str
    score: float | None
    student: str | None
    incumbent: str | None
    student_right: bool | None = None
    incumbent_right: bool | None = None

    @property
    def disagrees(self) -> bool:
        """Whether the two answers differ, or one of them is missing."""
        return self.student is None or self.student != self.incumbent

    @property
    def lacks_label(self) -> bool:
        """Whether the answers differ and nobody has said which is right."""
        return self.disagrees and (self.student_right is None or self.incumbent_right is None)

    @property
    def net(self) -> int:
        """What serving it loses in accuracy: 1, 0 or -1; 1 where nobody has said which answer is right."""
        if not self.disagrees:
            return 0
        return 1 if self.lacks_label else int(bool(self.incumbent_right)) - int(bool(self.student_right))


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a person said of two answers to one input that differ."""

    input: str
    student: str | None
    incumbent: str | None
    student_right: bool
    incumbent_right: bool


def rows_of(
    examples: Sequence[Example],
    answers: Sequence[Answer],
    incumbents: Sequence[dict[str, Any] | None],
    key: Key,
    *,
    units: Sequence[str],
    verdicts: Sequence[Verdict] = (),
) -> list[Row]:
    """Evidence from examples, the candidate's answers and the incumbent's, in one order.

    Args:
        examples: of one split.
        answers: the candidate's.
        incumbents: the incumbent's outputs; None where none is known, which counts as another answer than the
            candidate's, and as right where it is not known to be wrong.
        key: a text that two outputs share when they say the same.
        units: from `units_of`.
        verdicts: what people said of answers that differ; they stand above the expected output.
    """
    said = {(one.input, one.student, one.incumbent): one for one in verdicts}
    rows = []
    for example, answer, incumbent, unit in zip(examples, answers, incumbents, units, strict=True):
        label, ours, theirs = key(example.expected), key(answer.output), key(incumbent)
        row = Row(
            input=content_hash(example.inputs)[: 2 * SHORT],
            unit=unit,
            segment=example.segment or "",
            score=None if answer.abstained else float(answer.confidence),
            student=_short(ours),
            incumbent=_short(theirs),
            student_right=None if label is None else ours == label,
            incumbent_right=None if label is None else theirs is None or theirs == label,
        )
        verdict = said.get((row.input, row.student, row.incumbent))
        if verdict is not None:
            row = msgspec.structs.replace(
                row, student_right=verdict.student_right, incumbent_right=verdict.incumbent_right
            )
        rows.append(row)
    return rows


def units_of(examples: Sequence[Example], text: Text, repeats: Repeats = "refuse") -> list[str]:
    """A name for each row's unit: its session, joined with rows of the same text where ``repeats`` is ``once``."""
    links = []
    sessions: dict[str, int] = {}
    texts: dict[str, int] = {}
    for at, example in enumerate(examples):
        if example.session is not None:
            links.append((sessions.setdefault(example.session, at), at))
        if repeats == "once":
            links.append((texts.setdefault(normalised(text(example.inputs)), at), at))
    return [str(first) for first in grouped(len(examples), links)]


def check_rows(
    certify: CertifySplit, select: SelectSplit, train: TrainSplit, text: Text, *, repeats: Repeats = "refuse"
) -> None:
    """Refuse rows that a candidate or a threshold has seen, and rows that stand twice.

    Raises:
        EvidenceUnusable: they name the rows.
        TypeError: the splits are not the three they should be.
    """
    for split, kind in ((certify, CertifySplit), (select, SelectSplit), (train, TrainSplit)):
        if not isinstance(split, kind):
            raise TypeError(f"this must be a {kind.__name__}, and is a {type(split).__name__}")
    for seen in (train, select):
        known = {normalised(text(one.inputs)) for one in seen.examples}
        sessions = {one.session for one in seen.examples if one.session is not None}
        leaked = [one for one in certify.examples if normalised(text(one.inputs)) in known or one.session in sessions]
        _refuse(leaked, f"rows of the CertifySplit stand in the {type(seen).__name__} too", "they were learned from")
    if repeats == "refuse":
        first: set[str] = set()
        repeated = [one for one in certify.examples if _again(first, normalised(text(one.inputs)))]
        fix = "remove the copies, or count each distinct input once with --repeats once, which the certificate says"
        _refuse(repeated, "rows of the CertifySplit stand there twice", "copies are no independent rows", fix)


def _again(seen: set[str], value: str) -> bool:
    if value in seen:
        return True
    seen.add(value)
    return False


def _refuse(rows: Sequence[Example], what: str, why: str, fix: str = "take a new snapshot of rows that differ") -> None:
    if rows:
        named = ", ".join(one.provenance or one.id for one in rows[:SHOWN])
        raise EvidenceUnusable(what, why=f"{len(rows):,} rows, {named} among them: {why}", fix=fix, about=rows[0].id)


def evidence_bytes(rows: Sequence[Row]) -> tuple[bytes, str]:
    r"""The evidence file, of one form only, and its SHA-256.

    Example:
        >>> content, name = evidence_bytes([])
        >>> content.endswith(b"}\n"), len(name)
        (True, 64)
    """
    table = [[getattr(row, column) for column in COLUMNS] for row in rows]
    document = {"columns": list(COLUMNS), "format": FORMAT, "rows": table}
    content = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode() + b"\n"
    return content, hashlib.sha256(content).hexdigest()


def _short(key: str | None) -> str | None:
    return None if key is None else content_hash(key)[:SHORT]


class Table(msgspec.Struct, frozen=True):
    """Evidence as arrays, one element a row: score (-inf where declined), loss, missing label, unit, segment."""

    score: np.ndarray[Any, np.dtype[np.float64]]
    loss: np.ndarray[Any, np.dtype[np.int64]]
    missing: np.ndarray[Any, np.dtype[np.bool_]]
    unit: np.ndarray[Any, np.dtype[np.int64]]
    segment: np.ndarray[Any, Any]

    def part(self, keep: np.ndarray[Any, np.dtype[np.bool_]]) -> Table:
        """Some of its rows."""
        return Table(self.score[keep], self.loss[keep], self.missing[keep], self.unit[keep], self.segment[keep])


def table_of(rows: Sequence[Row], claim: str) -> Table:
    """Evidence as arrays for one claim."""
    net = claim != "agreement"
    names: dict[str, int] = {}
    return Table(
        score=np.array([-np.inf if row.score is None else row.score for row in rows], dtype=float),
        loss=np.array([row.net if net else int(row.disagrees) for row in rows], dtype=np.int64),
        missing=np.array([net and row.lacks_label for row in rows], dtype=bool),
        unit=np.array([names.setdefault(row.unit, len(names)) for row in rows], dtype=np.int64),
        segment=np.array([row.segment for row in rows], dtype=object),
    )
