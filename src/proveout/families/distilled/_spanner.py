"""Spans in a text by a linear-chain CRF: what it is fitted to, and what it finds."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from proveout.families._spans import OUTSIDE, Span, bio_decode, bio_encode, tokenise
from proveout.families.distilled._crf import allowed_steps, fit_crf, tag
from proveout.families.distilled._features import (
    Gazetteer,
    feature_matrix,
    features_of,
    gazetteer_of,
    vocabulary_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from proveout.families._spans import Token
    from proveout.families.distilled._crf import Tagged

    Array = np.ndarray[Any, Any]
    Progress = Callable[[str, int, int], None]
    Row = tuple[str, Sequence[Span]]

__all__ = ["REGULARISATION", "FittedSpanner", "FoundSpans", "Spanner", "Terms", "fit_spanner", "spans_found"]

REGULARISATION = (0.0, 3e-5, 3e-4)


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What weights of a CRF stand for.

    Attributes:
        labels: BIO labels, sorted.
        vocabulary: names of features.
        gazetteer: values of the TrainSplit.
    """

    labels: tuple[str, ...] = (OUTSIDE,)
    vocabulary: tuple[str, ...] = ()
    gazetteer: Gazetteer = Gazetteer({})


class FoundSpans(msgspec.Struct, frozen=True):
    """The spans of one text.

    Attributes:
        spans: from left to right.
        sure: the probability of the least sure token of each.
        log_p: of the whole sequence of labels.
    """

    spans: tuple[Span, ...]
    sure: tuple[float, ...]
    log_p: float


class FittedSpanner(msgspec.Struct, frozen=True):
    """A CRF for each regularisation that was tried, over the same terms.

    Attributes:
        terms: of all.
        strengths: of the L2 penalty.
        arrays: ``weights`` and ``steps`` for each.
    """

    terms: Terms
    strengths: tuple[float, ...]
    arrays: tuple[dict[str, Any], ...]


class Spanner:
    """A CRF ready to tag.

    Args:
        terms: what the weights stand for.
        arrays: ``weights`` (features, labels) and ``steps`` (labels + 1, labels), as `fit_crf` gives them.
    """

    def __init__(self, terms: Terms, arrays: Mapping[str, Array]) -> None:
        self._terms = terms
        self._columns = {name: at for at, name in enumerate(terms.vocabulary)}
        self._allowed = allowed_steps(terms.labels)
        # Stored in half the bytes; SciPy multiplies by nothing that narrow.
        self._wide = {**arrays, "weights": arrays["weights"].astype(np.float32)}

    def find(self, texts: Sequence[str], contexts: Sequence[str] = ()) -> list[FoundSpans]:
        """The likeliest spans of each text.

        Args:
            texts: to tag.
            contexts: what is known of each text as a whole, where the CRF was fitted with such.
        """
        known = contexts or [""] * len(texts)
        features = [
            features_of(text, self._terms.gazetteer, context=context)
            for text, context in zip(texts, known, strict=True)
        ]
        tagged = tag(feature_matrix(features, self._columns), [len(one) for one in features], self._wide, self._allowed)
        return [self._found(text, one) for text, one in zip(texts, tagged, strict=True)]

    def _found(self, text: str, tagged: Tagged) -> FoundSpans:
        tokens = tokenise(text)
        labels = [self._terms.labels[code] for code in tagged.codes]
        return spans_found(tokens, labels, tagged.marginals, tagged.log_p)


def spans_found(tokens: Sequence[Token], labels: Sequence[str], marginals: Array, log_p: float) -> FoundSpans:
    """The spans of BIO labels, each as sure as its least sure token.

    Args:
        tokens: of the text.
        labels: theirs.
        marginals: the probability of each label, shape (tokens,).
        log_p: of all labels together.

    Example:
        >>> spans_found(tokenise("to Bonn"), ["O", "B-city"], np.array([0.9, 0.8]), -0.3)
        FoundSpans(spans=(Span(start=3, end=7, field='city'),), sure=(0.8,), log_p=-0.3)
    """
    spans = bio_decode(tokens, labels)
    starts = [token.start for token in tokens]
    within = [slice(bisect_left(starts, span.start), bisect_left(starts, span.end)) for span in spans]
    return FoundSpans(spans, tuple(float(marginals[one].min()) for one in within), log_p)


def fit_spanner(
    rows: Sequence[Row],
    strengths: Sequence[float],
    *,
    seed: int,
    progress: Progress,
    contexts: Sequence[str] = (),
) -> FittedSpanner:
    """Fit a CRF for each regularisation.

    Args:
        rows: texts with their spans.
        strengths: of the L2 penalty.
        seed: of the order of batches.
        progress: called with a stage name, epochs done and epochs in all.
        contexts: what is known of each text as a whole; none of them where nothing is.
    """
    tags = [bio_encode(tokenise(text), spans) for text, spans in rows]
    labels = tuple(sorted({OUTSIDE}.union(*tags)))
    if labels == (OUTSIDE,):
        empty = {"weights": np.zeros((0, 1), np.float16), "steps": np.zeros((2, 1), np.float16)}
        return FittedSpanner(Terms(), tuple(strengths[:1]), (empty,))
    gazetteer = gazetteer_of(rows)
    known = contexts or [""] * len(rows)
    features = [
        features_of(text, gazetteer, spans, context) for (text, spans), context in zip(rows, known, strict=True)
    ]
    vocabulary = vocabulary_of(features)
    matrix = feature_matrix(features, {name: at for at, name in enumerate(vocabulary)})
    codes = [np.array([labels.index(label) for label in one], dtype=int) for one in tags]
    allowed = allowed_steps(labels)
    fitted = tuple(fit_crf(matrix, codes, allowed, one, seed=seed, progress=progress) for one in strengths)
    return FittedSpanner(Terms(labels=labels, vocabulary=vocabulary, gazetteer=gazetteer), tuple(strengths), fitted)
