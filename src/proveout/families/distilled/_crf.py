"""A linear-chain conditional random field over sparse features, trained by AdaGrad on whole batches at a time.

Lafferty, McCallum and Pereira (ICML 2001); Duchi, Hazan and Singer (JMLR 2011). Batches are laid out step by step, the
longest sequence first, so that each step of the recursions is one product of matrices.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np
from scipy import sparse

from proveout.families._spans import OUTSIDE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Array = np.ndarray[Any, Any]
    Arrays = Mapping[str, Array]

__all__ = ["Tagged", "allowed_steps", "fit_crf", "tag"]

RATE, EPOCHS, BATCH = 0.3, 12, 32
# Batches are cut from this many batches' worth of rows sorted by length.
POOL = 20
AT_ONCE = 64
SMALLEST = 1e-30


class Tagged(msgspec.Struct, frozen=True):
    """What the field makes of one sequence.

    Attributes:
        codes: the likeliest labels, shape (n,).
        log_p: of the whole sequence of them.
        marginals: the probability of each of them by itself, shape (n,).
    """

    codes: Array
    log_p: float
    marginals: Array


class _Layout(NamedTuple):
    """Sequences laid out step by step: ``order`` of the sequences, ``sizes`` of the steps, token row of each place."""

    order: Array
    sizes: list[int]
    rows: Array

    def steps(self) -> list[slice]:
        """The places of each step."""
        ends = np.cumsum([0, *self.sizes]).tolist()
        return [slice(start, end) for start, end in pairwise(ends)]


def _layout(starts: Array, lengths: Array) -> _Layout:
    order = np.argsort(-lengths, kind="stable")
    sizes = [int(np.sum(lengths > step)) for step in range(int(lengths.max(initial=0)))]
    rows = [starts[order[:size]] + step for step, size in enumerate(sizes)]
    return _Layout(order, sizes, np.concatenate(rows) if rows else np.zeros(0, dtype=int))


def allowed_steps(labels: Sequence[str]) -> Array:
    """Which label may follow which, shape (labels + 1, labels); the last row is the beginning.

    Example:
        >>> allowed_steps(["B-a", "I-a", "O"]).astype(int).tolist()
        [[1, 1, 1], [1, 1, 1], [1, 0, 1], [1, 0, 1]]
    """
    return np.array(
        [[not new.startswith("I-") or old[2:] == new[2:] for new in labels] for old in [*labels, OUTSIDE]], dtype=bool
    )


def fit_crf(
    features: Any,
    codes: Sequence[Array],
    allowed: Array,
    strength: float,
    *,
    seed: int,
    progress: Callable[[str, int, int], None],
) -> dict[str, Array]:
    """Maximise the likelihood of labels, with an L2 penalty of ``strength`` on the weights that a batch touches.

    Args:
        features: CSR of shape (tokens, features), the sequences one after another.
        codes: of the labels, an array for each sequence.
        allowed: what `allowed_steps` gave.
        strength: of the penalty.
        seed: of the order of batches.
        progress: called with a stage name, epochs done and epochs in all.

    Returns:
        ``weights`` (features, labels) and ``steps`` (labels + 1, labels), float16.
    """
    lengths = np.array([len(one) for one in codes])
    starts, truth = np.cumsum([0, *lengths[:-1]]), np.concatenate(codes)
    size = allowed.shape[1]
    values = {"weights": np.zeros((features.shape[1], size), np.float32), "steps": np.zeros(allowed.shape, np.float32)}
    squares = {name: np.full_like(array, 1e-4) for name, array in values.items()}
    rng = np.random.default_rng(seed)
    for epoch in range(EPOCHS):
        for rows in _batches(lengths, rng):
            layout = _layout(starts[rows], lengths[rows])
            part = features[layout.rows]
            touched, at = np.unique(part.indices, return_inverse=True)
            part = sparse.csr_array((part.data, at, part.indptr), shape=(part.shape[0], len(touched)))
            slopes = _slopes(part, truth[layout.rows], layout, (values["weights"][touched], values["steps"]), allowed)
            _step(values["weights"], squares["weights"], touched, slopes[0] / len(rows), strength)
            _step(values["steps"], squares["steps"], slice(None), slopes[1] / len(rows), strength)
        progress("fitting the tagger", epoch + 1, EPOCHS)
    return {name: array.astype(np.float16) for name, array in values.items()}


def _batches(lengths: Array, rng: np.random.Generator) -> list[Array]:
    drawn = rng.permutation(len(lengths))
    pools = [drawn[start : start + BATCH * POOL] for start in range(0, len(drawn), BATCH * POOL)]
    cut = [
        pool[np.argsort(lengths[pool], kind="stable")][start : start + BATCH]
        for pool in pools
        for start in range(0, len(pool), BATCH)
    ]
    return [cut[at] for at in rng.permutation(len(cut))]


def _step(values: Array, squares: Array, rows: Any, slope: Array, strength: float) -> None:
    slope = slope + strength * values[rows]
    squares[rows] += slope * slope
    values[rows] -= RATE * slope / np.sqrt(squares[rows])


def _slopes(part: Any, truth: Array, layout: _Layout, values: tuple[Array, Array], allowed: Array) -> tuple[Any, Array]:
    """Slopes of the negative log-likelihood with respect to weights and steps: expected minus observed counts."""
    moves = np.exp(values[1]) * allowed
    local, _ = _local(part @ values[0])
    before, after, scales = _recursions(local, moves, layout)
    expected = before * after
    steps = layout.steps()
    later = np.concatenate([np.arange(step.start, step.stop) for step in steps[1:]] or [np.zeros(0, dtype=int)])
    earlier = np.concatenate(
        [np.arange(last.start, last.start + size) for last, size in zip(steps, layout.sizes[1:], strict=False)]
        or [np.zeros(0, dtype=int)]
    )
    pairs = np.zeros_like(moves)
    pairs[:-1] = (before[earlier].T @ (local[later] * after[later] / scales[later, None])) * moves[:-1]
    pairs[-1] = expected[steps[0]].sum(axis=0)
    np.subtract.at(pairs, (truth[earlier], truth[later]), 1.0)
    np.subtract.at(pairs[-1], truth[steps[0]], 1.0)
    expected[np.arange(len(truth)), truth] -= 1.0
    return part.T @ expected, pairs


def _local(scores: Array) -> tuple[Array, Array]:
    highest = scores.max(axis=1, keepdims=True)
    return np.exp(scores - highest) + np.asarray(SMALLEST, scores.dtype), highest[:, 0]


def _recursions(local: Array, moves: Array, layout: _Layout) -> tuple[Array, Array, Array]:
    """Scaled forward and backward values, whose product is the marginal probability, and the scales."""
    before, after, scales = np.empty_like(local), np.ones_like(local), np.empty(len(local), local.dtype)
    steps = layout.steps()
    for number, step in enumerate(steps):
        size = step.stop - step.start
        begun = moves[-1] if number == 0 else before[steps[number - 1]][:size] @ moves[:-1]
        value = begun * local[step]
        scales[step] = value.sum(axis=1)
        before[step] = value / scales[step, None]
    for step, following in zip(reversed(steps[:-1]), reversed(steps[1:]), strict=True):
        size = following.stop - following.start
        value = (local[following] * after[following] / scales[following, None]) @ moves[:-1].T
        after[step.start : step.start + size] = value
    return before, after, scales


def tag(features: Any, lengths: Sequence[int], arrays: Arrays, allowed: Array) -> list[Tagged]:
    """The likeliest labels of each sequence, by Viterbi's algorithm.

    Args:
        features: CSR of shape (tokens, features), the sequences one after another.
        lengths: of the sequences.
        arrays: what `fit_crf` gave, ``weights`` as float32.
        allowed: what `allowed_steps` gave.
    """
    weights, moves = arrays["weights"], np.where(allowed, arrays["steps"].astype(np.float64), -np.inf)
    sizes = np.array(lengths, dtype=int)
    starts = np.cumsum([0, *sizes[:-1]])
    found: list[Tagged] = []
    for begin in range(0, len(sizes), AT_ONCE):
        part = slice(begin, begin + AT_ONCE)
        layout = _layout(starts[part], sizes[part])
        scores = np.asarray(features[layout.rows] @ weights, dtype=np.float64)
        found.extend(_tag(scores, layout, moves))
    return found


def _tag(scores: Array, layout: _Layout, moves: Array) -> list[Tagged]:
    codes, best = _viterbi(scores, layout, moves)
    local, highest = _local(scores)
    before, after, scales = _recursions(local, np.exp(moves), layout)
    marginals = (before * after)[np.arange(len(codes)), codes]
    totals = np.log(scales) + highest
    steps = layout.steps()
    result = [Tagged(np.zeros(0, dtype=int), 0.0, np.ones(0))] * len(layout.order)
    for rank, row in enumerate(layout.order):
        places = [step.start + rank for step in steps if rank < step.stop - step.start]
        if places:
            log_p = min(float(best[rank] - totals[places].sum()), 0.0)
            result[row] = Tagged(codes[places], log_p, np.minimum(marginals[places], 1.0))
    return result


def _viterbi(scores: Array, layout: _Layout, moves: Array) -> tuple[Array, Array]:
    """The code at each place, and the score of each sequence by rank."""
    steps = layout.steps()
    back = np.zeros(scores.shape, dtype=np.int32)
    reached = np.zeros_like(scores)
    for number, step in enumerate(steps):
        if number == 0:
            reached[step] = moves[-1] + scores[step]
            continue
        ways = reached[steps[number - 1]][: step.stop - step.start, :, None] + moves[:-1]
        back[step] = ways.argmax(axis=1)
        reached[step] = ways.max(axis=1) + scores[step]
    codes, best = np.zeros(len(scores), dtype=int), np.zeros(len(layout.order))
    following = np.zeros(0, dtype=int)
    for number in range(len(steps) - 1, -1, -1):
        step = steps[number]
        ended = reached[step][len(following) :]
        best[len(following) : len(following) + len(ended)] = ended.max(axis=1)
        if len(following):
            later = steps[number + 1]
            following = back[later][np.arange(len(following)), following]
        following = np.concatenate([following, ended.argmax(axis=1)])
        codes[step] = following
    return codes, best
