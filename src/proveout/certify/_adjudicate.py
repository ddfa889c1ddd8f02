"""The smallest queue of labels that a certificate of non-inferiority needs, and its round trip as CSV."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.certify._decide import decide
from proveout.certify._entries import RowAdjudicated
from proveout.certify._rows import Row, Verdict
from proveout.errors import LabelsInvalid
from proveout.ledger import LedgerReader
from proveout.task import content_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from proveout.certify._plan import Plan
    from proveout.store import Workspace
    from proveout.task import Answer, Example

__all__ = [
    "VERDICTS",
    "Question",
    "aim_reached",
    "questions_csv",
    "questions_of",
    "read_questions_csv",
    "settled",
    "verdicts_of",
]

# What a person may say: whether answer A is right, and whether answer B is.
VERDICTS = {"a": (True, False), "b": (False, True), "both": (True, True), "neither": (False, False)}
SHORT = 16
HEADER = ["id", "input", "answer_a", "answer_b", "asked", "verdict"]
# A spreadsheet takes a cell that begins with one of these for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Two answers to one input that differ; which is whose is not shown, so that nobody favours one.

    Attributes:
        id: of the example.
        text: the input.
        answer_a: one answer.
        answer_b: the other.
        student_is_a: whether A is the candidate's.
        row: its evidence.
        at: its place among the rows.
    """

    id: str
    text: str
    answer_a: str
    answer_b: str
    student_is_a: bool
    row: Row
    at: int

    @property
    def asked(self) -> str:
        """A name of the row and its two answers; a letter first, so that a spreadsheet takes it for no number."""
        return f"q{content_hash([self.row.input, self.row.student, self.row.incumbent])[:SHORT]}"

    def said(self, verdict: str, *, snapshot: str, by: str) -> RowAdjudicated:
        """The ledger entry of a verdict, one of `VERDICTS`."""
        a_right, b_right = VERDICTS[verdict]
        return RowAdjudicated(
            snapshot=snapshot,
            example=self.id,
            input=self.row.input,
            student=self.row.student,
            incumbent=self.row.incumbent,
            student_right=a_right if self.student_is_a else b_right,
            incumbent_right=b_right if self.student_is_a else a_right,
            by=by,
        )


def questions_of(
    plan: Plan,
    rows: Sequence[Row],
    examples: Sequence[Example],
    answers: Sequence[Answer],
    incumbents: Sequence[dict[str, Any] | None],
    text: Callable[[Mapping[str, Any]], str],
) -> list[Question]:
    """Rows to be labelled, in the order that settles the certificate soonest; none under the claim of agreement.

    Only a row that would be served at the threshold aimed at, on which the answers differ, can change the outcome.
    The surest come first: they count at every threshold tested. Labelling may stop as soon as `aim_reached`.
    """
    aim = plan.expected.threshold
    if plan.grid.claim == "agreement":
        return []
    least = aim if aim is not None else min(plan.grid.thresholds, default=float("inf"))
    found = [at for at, row in enumerate(rows) if row.lacks_label and row.score is not None and row.score >= least]
    found.sort(key=lambda at: (-(rows[at].score or 0.0), rows[at].input))
    return [_question(rows[at], examples[at], answers[at].output, incumbents[at], text, at) for at in found]


def _question(
    row: Row,
    example: Example,
    ours: dict[str, Any] | None,
    theirs: dict[str, Any] | None,
    text: Callable[[Mapping[str, Any]], str],
    at: int,
) -> Question:
    student_is_a = int(row.input[-1], 16) % 2 == 0
    first, second = (ours, theirs) if student_is_a else (theirs, ours)
    return Question(
        id=example.id,
        text=text(example.inputs),
        answer_a=_shown(first),
        answer_b=_shown(second),
        student_is_a=student_is_a,
        row=row,
        at=at,
    )


def _shown(output: dict[str, Any] | None) -> str:
    if output is None:
        return "(no answer)"
    if len(output) == 1:
        (value,) = output.values()
        return value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return msgspec.json.encode(output, order="sorted").decode()


def settled(rows: Sequence[Row], given: Mapping[int, RowAdjudicated]) -> list[Row]:
    """Rows with verdicts put in, by place."""
    return [
        msgspec.structs.replace(row, student_right=given[at].student_right, incumbent_right=given[at].incumbent_right)
        if at in given
        else row
        for at, row in enumerate(rows)
    ]


def aim_reached(plan: Plan, rows: Sequence[Row]) -> bool:
    """Whether the threshold aimed at is certified already, with every label that is missing counted as a loss.

    To stop here is allowed: a label can only lower a loss that is put at its highest, so that whoever stops early has
    certified nothing that all labels would not have.
    """
    aim = plan.expected.threshold
    parts = decide(rows, plan.grid)
    return aim is not None and all(part.threshold is not None and part.threshold <= aim for part in parts)


def questions_csv(questions: Sequence[Question]) -> str:
    """The queue as CSV; ``verdict`` is to be filled with ``a``, ``b``, ``both`` or ``neither``."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(HEADER)
    writer.writerows(
        [_inert(one.id), *map(_inert, (one.text, one.answer_a, one.answer_b)), one.asked, ""] for one in questions
    )
    return buffer.getvalue()


def verdicts_of(workspace: Workspace) -> list[Verdict]:
    """What people said so far, oldest first: a fold over the ledger."""
    with LedgerReader.open(workspace) as reader:
        bodies = [found.body() for found in reader.entries(kind=RowAdjudicated.kind)]
    return [
        Verdict(
            input=body.input,
            student=body.student,
            incumbent=body.incumbent,
            student_right=body.student_right,
            incumbent_right=body.incumbent_right,
        )
        for body in bodies
        if isinstance(body, RowAdjudicated)
    ]


def _inert(value: str) -> str:
    return f"'{value}" if value.startswith(FORMULA) else value


def read_questions_csv(content: str, questions: Sequence[Question], about: str) -> dict[int, str]:
    """Verdicts by the place of their row; lines without one are left for later.

    Raises:
        LabelsInvalid: a column is missing, a row is not of the queue, was asked about other answers (of another
            candidate or incumbent), stands twice, or its verdict is not known.
    """
    known = {_inert(one.id): one for one in questions}
    found: dict[int, str] = {}
    for where, line in _lines(content, about):
        verdict = (line["verdict"] or "").strip().lower()
        if not verdict:
            continue
        if verdict not in VERDICTS:
            raise _invalid("no such verdict", f"{verdict!r} is none of {', '.join(VERDICTS)}", where)
        question = known.get(_inert(line["id"] or ""))
        if question is None:
            raise _invalid("a row that was not asked about", f"{line['id']!r} is not in the queue", where)
        if line.get("asked", question.asked) != question.asked:
            raise _invalid("a verdict on other answers", f"{line['id']!r} was asked about two others", where)
        if found.setdefault(question.at, verdict) != verdict:
            raise _invalid("two verdicts on one row", f"{line['id']!r} stands there twice", where)
    return found


def _lines(content: str, about: str) -> Iterator[tuple[str, dict[str, str | None]]]:
    """Each line with its place."""
    reader = csv.DictReader(io.StringIO(content))
    try:
        if not {"id", "verdict"} <= set(reader.fieldnames or []):
            raise _invalid("a column is missing", f"it has {reader.fieldnames}, and id and verdict are needed", about)
        for line in reader:
            yield f"{about}:{reader.line_num}", line
    except csv.Error as error:
        raise _invalid("it is no CSV", str(error), f"{about}:{reader.line_num}") from error


def _invalid(what: str, why: str, about: str) -> LabelsInvalid:
    return LabelsInvalid(what, why=why, fix="correct the file, or write it anew with --csv", about=about)
