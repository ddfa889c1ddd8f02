"""What each kind of task is measured by: one row of a table for each, and no other place that knows the kinds apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec

from proveout._registry import Registry
from proveout.task import Answer, Example, Task
from proveout.trial._fields import field_errors, field_key, field_quality, score_fields
from proveout.trial._metrics import Metric, answer_metrics, class_quality, confusion, extract_metrics, metrics
from proveout.trial._scored import ScoredRows, label_of, score
from proveout.trial._texts import Passages, score_texts, text_key

__all__ = ["KINDS", "Column", "Measure", "measure_of", "points_of"]

Output = dict[str, Any] | None


class Column(NamedTuple):
    """One figure of quality in the table and the report.

    Attributes:
        figure: its name in ``quality``.
        short: heading in a terminal, of two lines.
        long: heading in the report, of two lines.
        for_scope: shown only where rows can be out of scope.
    """

    figure: str
    short: str
    long: str
    for_scope: bool = False


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """How answers of one kind are measured.

    Attributes:
        score: lays the answers to labelled rows beside the expected outputs, with the seed of resampling and a reader
            of cited spans.
        metrics: by name; those that `Quality` has no field for stand in ``quality.other``.
        tables: the fields of `Quality` that hold finer tables, from what ``score`` gave.
        key: a text that two outputs share when they say the same; None for no answer.
        headline: the figure that candidates are ranked, drawn and compared with the incumbent by.
        name: of the headline, for a sentence or an axis.
        claim: the verdict's first sentence after the candidate's name.
        columns: of the table and the report, the headline first.
        about: what the columns mean.
        flawless: what the report says in place of a table of mistakes that is empty; "" for a kind without one.
    """

    score: Callable[[Task, Sequence[Example], Sequence[Answer], int, Passages | None], ScoredRows]
    metrics: Registry[Metric]
    tables: Callable[[Any], dict[str, Any]]
    key: Callable[[Task, Output], str | None]
    headline: str
    name: str
    claim: str
    columns: tuple[Column, ...]
    about: str
    flawless: str = ""


def _score_labels(
    task: Task, examples: Sequence[Example], answers: Sequence[Answer], seed: int, _passages: Passages | None
) -> ScoredRows:
    return score(task, examples, answers, seed=seed)


def _score_fields(
    task: Task, examples: Sequence[Example], answers: Sequence[Answer], seed: int, _passages: Passages | None
) -> ScoredRows:
    return score_fields(task, examples, answers, seed=seed)


def _score_texts(
    task: Task, examples: Sequence[Example], answers: Sequence[Answer], seed: int, passages: Passages | None
) -> ScoredRows:
    return score_texts(task, examples, answers, seed=seed, passages=passages)


def _field_key(_task: Task, output: Output) -> str | None:
    return field_key(output)


LABELS = Measure(
    score=_score_labels,
    metrics=metrics,
    tables=lambda scored: {"classes": class_quality(scored), "confusion": confusion(scored)},
    key=label_of,
    headline="accuracy",
    name="accuracy",
    claim="answers {value} % of {scope} right",
    columns=(
        Column("accuracy", "accuracy\n%", "Accuracy\n%"),
        Column("accuracy_at_threshold", "as\nserved", "As served\n%"),
        Column("out_of_scope_recall", "oos\nrecall", "Out-of-scope\nrecall %", for_scope=True),
        Column("macro_f1", "macro\nF1", "Macro F1\n%"),
    ),
    about="accuracy, F1, ECE in %: {rows}, nothing rejected; as served: abstaining counts as wrong",
    flawless="It took no label for another.",
)
FIELDS = Measure(
    score=_score_fields,
    metrics=extract_metrics,
    tables=lambda scored: {"fields": field_quality(scored), "field_errors": field_errors(scored)},
    key=_field_key,
    headline="accuracy",
    name="exact match",
    claim="gets every field right in {value} % of {scope}",
    columns=(
        Column("accuracy", "exact\nmatch %", "Exact match\n%"),
        Column("accuracy_at_threshold", "as\nserved", "As served\n%"),
        Column("precision", "preci-\nsion", "Precision\n%"),
        Column("recall", "\nrecall", "Recall\n%"),
        Column("f1", "micro\nF1", "Micro F1\n%"),
    ),
    about="exact match (all fields right), precision, recall, F1 of values, ECE in %: {rows}, nothing rejected; "
    "as served: abstaining counts as wrong",
    flawless="It got no field wrong.",
)
TEXTS = Measure(
    score=_score_texts,
    metrics=answer_metrics,
    tables=lambda _scored: {},
    key=text_key,
    headline="token_f1",
    name="token F1",
    claim="answers with a mean token F1 of {value} % over {scope}",
    columns=(
        Column("token_f1", "token\nF1 %", "Token F1\n%"),
        Column("accuracy", "exact\nmatch", "Exact match\n%"),
        Column("token_f1_at_threshold", "as\nserved", "As served\n%"),
        Column("coverage", "ans-\nwered", "Answered\n%"),
        Column("out_of_scope_recall", "left\nopen", "Rightly\nleft open %", for_scope=True),
        Column("supported", "sup-\nported", "Supported\n%"),
        Column("citation_accuracy", "cited\nright", "Cited right\n%"),
    ),
    about="token F1, exact match, ECE in %: {rows}, nothing rejected; as served: token F1, abstaining counts as 0; "
    "left open: rows without an answer in the documents that got none; supported: answers each sentence of which "
    "stands in a cited span; cited right: the first citation is of a relevant document",
)
KINDS: dict[str, Measure] = {"classify": LABELS, "decide": LABELS, "extract": FIELDS, "answer": TEXTS}


def measure_of(kind: str) -> Measure:
    """How a kind of task is measured.

    Example:
        >>> measure_of("answer").headline
        'token_f1'
    """
    return KINDS[kind]


def points_of(task: Task, examples: Sequence[Example], answers: Sequence[Answer]) -> list[float | None]:
    """How right each guess is, from 0 to 1, as a trial would score it; None for a row that is out of scope.

    Example:
        >>> from proveout.testing import make_task
        >>> row = Example(id="1", inputs={"text": "hi"}, expected={"label": "a"})
        >>> points_of(make_task(), [row], [Answer(output={"label": "a"}, guess={"label": "a"})])
        [1.0]
    """
    scored = measure_of(task.kind).score(task, examples, answers, 0, None)
    pairs = zip(scored.points.tolist(), scored.in_scope.tolist(), strict=True)
    return [float(points) if inside else None for points, inside in pairs]
