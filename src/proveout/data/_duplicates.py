"""Exact and near duplicates among short texts."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Array = np.ndarray[Any, Any]

__all__ = ["near_duplicates", "normalised"]

SHINGLE = 4
BANDS, ROWS = 8, 4
# A bucket of more texts than this is compared along its sorted order only, which keeps the work linear.
CROWD = 24


def normalised(text: str) -> str:
    """The text as duplicates are judged: Unicode NFKC, case folded, white space joined.

    Example:
        >>> normalised("  Where  IS it? ")
        'where is it?'
    """
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def near_duplicates(texts: Sequence[str], *, similarity: float = 0.85) -> list[tuple[int, int, float]]:
    """Pairs of texts whose sets of character 4-grams have a Jaccard similarity of at least ``similarity``.

    Candidates come from MinHash with banding (Broder 1997; Leskovec et al., Mining of Massive Datasets, ch. 3): 8 bands
    of 4 rows find a pair of similarity 0.85 with probability 0.997; each is then checked exactly, so that no reported
    pair is false.

    Example:
        >>> near_duplicates(["how do i reset my password", "how do i reset my password?", "hello"])
        [(0, 1, 0.9583)]
    """
    if len(texts) < 2:  # noqa: PLR2004  one text has no pair
        return []
    signatures = _signatures(texts)
    pairs = {pair for band in range(BANDS) for pair in _candidates(signatures[:, band * ROWS : (band + 1) * ROWS])}
    sets: dict[int, frozenset[str]] = {}
    found = []
    for left, right in sorted(pairs):
        for row in (left, right):
            if row not in sets:
                sets[row] = _shingles(texts[row])
        score = len(sets[left] & sets[right]) / len(sets[left] | sets[right])
        if score >= similarity:
            found.append((left, right, round(score, 4)))
    return found


def _shingles(text: str) -> frozenset[str]:
    padded = text.ljust(SHINGLE)
    return frozenset(padded[at : at + SHINGLE] for at in range(len(padded) - SHINGLE + 1))


def _signatures(texts: Sequence[str]) -> Array:
    """MinHash signatures, shape (len(texts), BANDS * ROWS), of 64-bit hashes."""
    padded = [text.ljust(SHINGLE) for text in texts]
    lengths = np.array([len(text) for text in padded])
    points = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    windows = np.zeros(len(points) - SHINGLE + 1, dtype=np.uint64)
    for at in range(SHINGLE):
        windows = windows * np.uint64(0x100000001B3) + points[at : at + len(windows)]
    ends = np.cumsum(lengths)
    starts = ends - lengths
    crossing = np.concatenate([np.arange(end - SHINGLE + 1, end) for end in ends])
    windows[crossing[crossing < len(windows)]] = 0
    inside = np.ones(len(windows), dtype=bool)
    inside[crossing[crossing < len(windows)]] = False
    kept = windows[inside]
    offsets = starts - (SHINGLE - 1) * np.arange(len(texts))
    rng = np.random.default_rng(0)
    factors = rng.integers(1, 2**63, size=BANDS * ROWS, dtype=np.uint64) | np.uint64(1)
    columns = [np.minimum.reduceat(_mixed(kept * factor), offsets) for factor in factors]
    return np.stack(columns, axis=1)


def _mixed(values: Array) -> Array:
    """The finaliser of SplitMix64, so that low and high bits depend on all others."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(values ^ (values >> np.uint64(31)))


def _candidates(band: Array) -> Iterator[tuple[int, int]]:
    buckets: dict[bytes, list[int]] = defaultdict(list)
    for row, key in enumerate(np.ascontiguousarray(band)):
        buckets[key.tobytes()].append(row)
    for members in buckets.values():
        if len(members) > CROWD:
            yield from pairwise(members)
        else:
            yield from ((left, right) for at, left in enumerate(members) for right in members[at + 1 :])
