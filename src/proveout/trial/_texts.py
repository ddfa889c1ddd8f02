"""Answers from documents: exact match and token F1 as in SQuAD, support by the cited spans, and the right citation."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from proveout.task import Citation, canonical_json
from proveout.trial._estimates import Estimate, mean, share
from proveout.trial._metrics import metric
from proveout.trial._scored import JudgedRows, guess_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proveout.task import Answer, Example, Task
    from proveout.trial._scored import Floats, Ints

__all__ = [
    "Passages",
    "ScoredTexts",
    "exact_match",
    "is_relevant",
    "is_supported",
    "normalised",
    "score_texts",
    "text_key",
    "text_of",
    "token_overlap",
]

Json = dict[str, Any]
Passages = Callable[[Citation], str | None]

SUPPORT = 0.8
PASSAGES_KEPT = 4096
FIELD = "answer"
ARTICLES = re.compile(r"\b(a|an|the)\b")
PUNCTUATION = str.maketrans("", "", string.punctuation)
SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")


class ScoredTexts(JudgedRows, frozen=True, kw_only=True):
    """One candidate's texts beside the expected ones. In scope are the rows whose answer stands in the documents.

    A row is right when the texts match exactly, once normalised. A row without an answer in the documents has a null
    (or the task's out-of-scope text) for its expected output.

    Attributes:
        served_points: token F1 of what was served, shape (n,); 0 where it abstained.
        supported: rows whose served text the cited spans support; all False without documents to read.
        checkable: rows answered whose support can be checked.
        cited_right: rows whose first citation is of a relevant document.
        judged: rows answered whose relevant documents are known.
    """

    served_points: Floats
    supported: Ints
    checkable: Ints
    cited_right: Ints
    judged: Ints


def normalised(text: str) -> str:
    """Lower case without punctuation, articles and extra white space (Rajpurkar et al., 2016, arXiv:1606.05250).

    Example:
        >>> normalised("The  Café, an inn!")
        'café inn'
    """
    return " ".join(ARTICLES.sub(" ", text.lower().translate(PUNCTUATION)).split())


def exact_match(text: str, expected: str) -> bool:
    """Whether two texts are the same once normalised.

    Example:
        >>> exact_match("The Rhine.", "rhine")
        True
    """
    return normalised(text) == normalised(expected)


def token_overlap(text: str, expected: str) -> float:
    """F1 of the tokens that two normalised texts share, counted as multisets; SQuAD's second figure.

    Texts without a token have an F1 of 1 when both are, else of 0.

    Example:
        >>> round(token_overlap("in the river Rhine", "Rhine"), 3)
        0.5
    """
    found, wanted = (Counter(normalised(one).split()) for one in (text, expected))
    if not found or not wanted:
        return float(found == wanted)
    common = (found & wanted).total()
    return 2 * common / (found.total() + wanted.total())


def is_supported(text: str, spans: Sequence[str]) -> bool:
    """Whether each sentence stands in one of the spans: at least 0.8 of its distinct normalised tokens occur there.

    The definition is lexical, so that anybody can check it; a paraphrase fails it, and a negation may pass.

    Example:
        >>> is_supported("The Rhine flows north.", ["The Rhine flows to the north."])
        True
        >>> is_supported("The Rhine flows north. It is blue.", ["The Rhine flows to the north."])
        False
    """
    known = [_tokens(span) for span in spans]
    sentences = [_tokens(part) for part in SENTENCE_END.split(text)]
    return all(any(len(tokens & span) >= SUPPORT * len(tokens) for span in known) for tokens in sentences if tokens)


@lru_cache(maxsize=PASSAGES_KEPT)
def _tokens(text: str) -> frozenset[str]:
    # A passage is cited by many answers.
    return frozenset(normalised(text).split())


def text_of(task: Task, output: Json | None) -> str | None:
    """The scored text of an output, None where it says that the documents hold no answer.

    The field is the task's target; without one, the only field, or ``answer``, or the whole output as JSON.

    Example:
        >>> from proveout.task import Task
        >>> task = Task(name="t", kind="answer", input={}, output={"properties": {"answer": {}}})
        >>> text_of(task, {"answer": "Bonn"}), text_of(task, {"answer": None}), text_of(task, None)
        ('Bonn', None, None)
    """
    texts = _texts(task, output)
    return texts[0] if texts else None


def text_key(task: Task, output: Json | None) -> str | None:
    """A text that two outputs share when they match exactly; None where there is no answer."""
    text = text_of(task, output)
    return None if text is None else normalised(text)


def _texts(task: Task, output: Json | None) -> tuple[str, ...]:
    """The texts of an output; several expected answers to one question are an array."""
    if output is None:
        return ()
    field = _field(task)
    value = output.get(field) if field else output
    values = value if isinstance(value, list) else [value]
    texts = (one if isinstance(one, str) else canonical_json(one).decode() for one in values if one is not None)
    return tuple(text for text in texts if text.strip() and not _says_nothing(task, text))


def _field(task: Task) -> str:
    fields = task.output_fields
    return task.target or (fields[0] if len(fields) == 1 else FIELD if FIELD in fields else "")


def _says_nothing(task: Task, text: str) -> bool:
    return bool(task.out_of_scope) and normalised(text) == normalised(task.out_of_scope)


def is_relevant(document: str, relevant: Sequence[str]) -> bool:
    """Whether a document is among the relevant ones, which are named by path, by file name, or without its ending.

    Example:
        >>> is_relevant("docs/12.md", ["12"]), is_relevant("docs/12.md", ["docs/12.md"]), is_relevant("2.md", ["12"])
        (True, True, False)
    """
    path = PurePosixPath(document)
    return not {document, path.name, path.stem}.isdisjoint(relevant)


def score_texts(
    task: Task,
    examples: Sequence[Example],
    answers: Sequence[Answer],
    *,
    seed: int = 0,
    passages: Passages | None = None,
) -> ScoredTexts:
    """Lay texts beside the expected ones of labelled examples.

    Args:
        task: of kind ``answer``.
        examples: labelled rows.
        answers: one a row.
        seed: of resampling.
        passages: reads the span that a citation names, None when it cannot be read; without it support is unknown.

    Example:
        >>> from proveout.task import Answer, Example, Task
        >>> task = Task(name="t", kind="answer", input={}, output={"properties": {"answer": {}}})
        >>> rows = [Example(id="1", inputs={}, expected={"answer": "the Rhine"})]
        >>> score_texts(task, rows, [Answer(output={"answer": "River Rhine"}, confidence=0.7)]).points.round(2).tolist()
        [0.67]
    """
    wanted = [_texts(task, example.expected) for example in examples]
    guesses = [text_of(task, guess_of(answer)) for answer in answers]
    served = [text_of(task, answer.output) for answer in answers]
    in_scope = np.array([bool(texts) for texts in wanted], dtype=bool)
    answered = np.array([text is not None for text in served], dtype=bool)
    known = np.array([bool(example.relevant) for example in examples], dtype=bool)
    return ScoredTexts(
        in_scope=in_scope,
        rejected=~answered,
        guessed_right=_matches(guesses, wanted),
        served_right=np.where(in_scope, _matches(served, wanted), ~answered),
        points=_overlaps(guesses, wanted),
        served_points=_overlaps(served, wanted),
        supported=_supported(served, answers, passages),
        checkable=answered & (passages is not None),
        cited_right=_cited_right(answers, examples),
        judged=answered & known,
        confidence=np.array([answer.confidence for answer in answers], dtype=np.float64),
        seed=seed,
    )


def _matches(texts: Sequence[str | None], wanted: Sequence[tuple[str, ...]]) -> Ints:
    """Whether each text matches one of the expected ones; where none is expected, giving none matches."""
    rows = zip(texts, wanted, strict=True)
    found = [text is None and not golds if text is None or not golds else _any(text, golds) for text, golds in rows]
    return np.array(found, dtype=bool)


def _any(text: str, golds: Sequence[str]) -> bool:
    return any(exact_match(text, gold) for gold in golds)


def _overlaps(texts: Sequence[str | None], wanted: Sequence[tuple[str, ...]]) -> Floats:
    """The best token F1 over the expected texts; where none is expected, 1 for giving none."""
    rows = zip(texts, wanted, strict=True)
    found = [
        float(text is None and not golds)
        if text is None or not golds
        else max(token_overlap(text, gold) for gold in golds)
        for text, golds in rows
    ]
    return np.array(found, dtype=np.float64)


def _supported(served: Sequence[str | None], answers: Sequence[Answer], passages: Passages | None) -> Ints:
    if passages is None:
        return np.zeros(len(served), dtype=bool)
    spans = [[span for cited in answer.evidence.citations if (span := passages(cited))] for answer in answers]
    rows = zip(served, spans, strict=True)
    return np.array([text is not None and is_supported(text, read) for text, read in rows], dtype=bool)


def _cited_right(answers: Sequence[Answer], examples: Sequence[Example]) -> Ints:
    first = [answer.evidence.citations[:1] for answer in answers]
    rows = zip(first, examples, strict=True)
    return np.array([any(is_relevant(one.document, row.relevant) for one in cited) for cited, row in rows], dtype=bool)


@metric("token_f1", "answer")
def token_f1(scored: ScoredTexts) -> Estimate | None:
    """Mean token F1 over in-scope rows, with nothing rejected."""
    return mean(scored.points[scored.in_scope], scored.seed)


@metric("token_f1_at_threshold", "answer")
def token_f1_at_threshold(scored: ScoredTexts) -> Estimate | None:
    """Mean token F1 over in-scope rows as served: an abstention counts as 0."""
    return mean(scored.served_points[scored.in_scope], scored.seed)


@metric("supported", "answer")
def supported(scored: ScoredTexts) -> Estimate | None:
    """Share of answered rows each sentence of which stands in a cited span; None without documents to check in."""
    return share(scored.supported[scored.checkable])


@metric("citation_accuracy", "answer")
def citation_accuracy(scored: ScoredTexts) -> Estimate | None:
    """Share of answered rows whose first citation is of a relevant document; None where none is named."""
    return share(scored.cited_right[scored.judged])
