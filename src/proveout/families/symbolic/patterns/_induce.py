"""Learns patterns in stages, the most precise first; a stage sees what the stages before it left.

Contexts of the annotated values, generalised by classes and lists, are the candidates, as in Ciravegna's (2001) LP2; a
candidate is counted on all rows, narrowed by a word elsewhere in the text where that helps, and kept where Wilson's
lower bound of its precision is high enough and it finds values that no earlier pattern did (sequential covering).
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy import sparse

from proveout.families.symbolic.patterns._match import LONGEST
from proveout.families.symbolic.patterns._patterns import NAME, WORDS, Counts, Pattern
from proveout.families.symbolic.patterns._rows import Key

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from proveout.families.symbolic.patterns._rows import Row

    Progress = Callable[[str, int, int], None]
    Array = np.ndarray[Any, Any]

__all__ = ["induce", "lower_bound"]

# Lower bounds of precision, one a stage.
STAGES = (0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.5)
LEAST_RIGHT, LEAST_NEW = 3, 2
# What is left for a candidate may be this much less precise than all that it finds.
LEFT_BELOW = 0.1
# A candidate right so often and not more precise than this is narrowed by words, of the most frequent ones.
NARROWED_RIGHT, NARROWED_BELOW, MOST_SIGNS = 5, 0.95, 400
ONE_SIGMA = 1.0
VALUES = ("<class>", NAME, WORDS)
DIGITS = 3


class _Candidate(NamedTuple):
    """A pattern to be, with the lower bound of its precision, how often it is right, and its key's number."""

    bound: float
    right: int
    field: str
    key: Key
    sign: str
    number: int


def lower_bound(right: int, found: int) -> float:
    """Wilson's lower bound, by one standard deviation, of a share; 0 for no rows (Wilson 1927).

    Example:
        >>> round(lower_bound(9, 10), 3), lower_bound(0, 0)
        (0.766, 0.0)
    """
    if not found:
        return 0.0
    share, square = right / found, ONE_SIGMA**2
    spread = ONE_SIGMA * math.sqrt(share * (1 - share) / found + square / (4 * found * found))
    return (share + square / (2 * found) - spread) / (1 + square / found)


def induce(rows: Sequence[Row], single: Collection[str], progress: Progress) -> list[Pattern]:
    """Learn patterns in the order in which they are to be tried, with their counts on the rows.

    Args:
        rows: to learn from; their values are taken as patterns find them.
        single: fields of at most one value.
        progress: called with a stage name, stages done and stages in all.
    """
    kept: list[Pattern] = []
    counts = Counter(word for row in rows for word in row.signs)
    frequent = frozenset(sorted(counts, key=lambda word: (-counts[word], word))[:MOST_SIGNS])
    for done, bound in enumerate(STAGES):
        progress("inducing patterns", done, len(STAGES))
        for row in rows:
            row.refresh()
        found = _Found(rows, _proposed(rows, single), single)
        kept += _cover(found, _ranked(found, frequent, bound), bound, len(kept))
    progress("inducing patterns", len(STAGES), len(STAGES))
    return kept


def _proposed(rows: Sequence[Row], single: Collection[str]) -> set[tuple[str, Key]]:
    """What describes enough of the values that are still to be found."""
    counts: Counter[tuple[str, Key]] = Counter()
    for row in rows:
        for first, stop, field in row.gold:
            if _is_open(row, first, stop, field, single):
                counts.update((field, key) for key in _described(row, first, stop, field))
    return {one for one, count in counts.items() if count >= LEAST_RIGHT}


def _is_open(row: Row, first: int, stop: int, field: str, single: Collection[str]) -> bool:
    is_full = field in single and any(field == other for *_, other in row.taken)
    return not is_full and row.is_free(first, stop)


def _described(row: Row, first: int, stop: int, field: str) -> Iterator[Key]:
    around = [(before, after) for before in row.before[first] for after in row.after[stop]]
    for form in row.forms(first, stop, field):
        yield from (Key(before, form, after) for before, after in around)
    if stop <= first + LONGEST:
        yield from (Key(before, WORDS, after) for before, after in around if before and after)


class _Found:
    """What candidates match in rows, looked for once a stage.

    Args:
        rows: to look in.
        keys: with their fields.
        single: fields of at most one value.
    """

    def __init__(self, rows: Sequence[Row], keys: Collection[tuple[str, Key]], single: Collection[str]) -> None:
        self.rows, self.single, self.keys = rows, single, sorted(keys)
        self._numbers: dict[Key, list[int]] = {}
        for number, (_, key) in enumerate(self.keys):
            self._numbers.setdefault(key, []).append(number)
        self._values = frozenset(key.value for key in self._numbers)
        self._afters: dict[str, set[str]] = {}
        for key in self._numbers:
            if key.value == WORDS:
                self._afters.setdefault(key.before, set()).add(key.after)
        matches = [match for at, row in enumerate(rows) for match in self._matches(at, row)]
        self.matches = np.array(matches, dtype=np.int64).reshape(-1, 5)
        self.matches = self.matches[np.argsort(self.matches[:, 1], kind="stable")]
        self._begins = np.searchsorted(self.matches[:, 1], np.arange(len(self.keys) + 1))

    def _matches(self, at: int, row: Row) -> Iterator[tuple[int, int, int, int, bool]]:
        """Row, number of the key, place, and whether it is right."""
        for key, first, stop in self._keyed(row):
            for number in self._numbers.get(key, ()):
                field = self.keys[number][0]
                if _is_open(row, first, stop, field, self.single):
                    yield at, number, first, stop, (first, stop, field) in row.gold

    def _keyed(self, row: Row) -> Iterator[tuple[Key, int, int]]:
        for first, stop, value in row.places(self._values):
            yield from (
                (Key(before, value, after), first, stop) for before in row.before[first] for after in row.after[stop]
            )
        yield from row.stretches(self._afters)

    def of(self, number: int) -> Array:
        """The matches of one key."""
        return self.matches[self._begins[number] : self._begins[number + 1]]

    def counts(self) -> tuple[Array, Array]:
        """For each key, how many matches are right, and how many there are."""
        size = len(self.keys)
        right = np.bincount(self.matches[:, 1], weights=self.matches[:, 4], minlength=size)
        return right.astype(int), np.bincount(self.matches[:, 1], minlength=size)

    def by_sign(self, signs: Sequence[str], numbers: Array) -> tuple[Any, Any]:
        """For some keys and each sign, the matches in rows that have it: right ones, and all; sparse."""
        columns = {sign: at for at, sign in enumerate(signs)}
        held = [[columns[sign] for sign in sorted(row.signs) if sign in columns] for row in self.rows]
        ends = np.cumsum([0, *(len(one) for one in held)])
        flat = np.array([one for part in held for one in part], dtype=np.int64)
        table = sparse.csr_array((np.ones(len(flat)), flat, ends), shape=(len(self.rows), len(signs)))
        mine = self.matches[np.isin(self.matches[:, 1], numbers)]
        shape = len(self.keys), len(self.rows)
        all_of, right = (
            sparse.csr_array((weights, (mine[:, 1], mine[:, 0])), shape=shape) @ table
            for weights in (np.ones(len(mine)), mine[:, 4].astype(float))
        )
        return right.tocsr(), all_of.tocsr()


def _ranked(found: _Found, frequent: Collection[str], bound: float) -> list[_Candidate]:
    """Candidates that are precise enough, best first; of equals, the one of a context and a general value."""
    right, total = found.counts()
    bounds = np.array([lower_bound(int(one), int(of)) for one, of in zip(right, total, strict=True)])
    made = [
        _Candidate(float(bounds[number]), int(right[number]), *found.keys[number], "", number)
        for number in np.flatnonzero((right >= LEAST_RIGHT) & (bounds >= bound)).tolist()
    ]
    wide = np.flatnonzero((right >= NARROWED_RIGHT) & (bounds < NARROWED_BELOW))
    made += _narrowed(found, wide, bounds, frequent, bound) if len(wide) else []
    return sorted(made, key=_rank)


def _narrowed(
    found: _Found, wide: Array, bounds: Array, frequent: Collection[str], bound: float
) -> Iterator[_Candidate]:
    """Candidates with a word, or a value found before, that must be in the text and makes them more precise."""
    fields = {sign for row in found.rows for sign in row.signs if len(sign) > 1 and sign[0] == "["}
    signs = sorted({*frequent, *fields})
    right, total = found.by_sign(signs, wide)
    for number in wide.tolist():
        part = slice(right.indptr[number], right.indptr[number + 1])
        of = dict(zip(*(getattr(total[[number]].tocoo(), name).tolist() for name in ("col", "data")), strict=True))
        for column, count in zip(right.indices[part].tolist(), right.data[part].tolist(), strict=True):
            low = lower_bound(int(count), int(of[column])) if count >= LEAST_RIGHT else 0.0
            if low >= bound and low > bounds[number]:
                field, key = found.keys[number]
                yield _Candidate(low, int(count), field, key, signs[column], number)


def _rank(one: _Candidate) -> tuple[Any, ...]:
    is_bare = not (one.key.before or one.key.after)
    said = len(" ".join(one.key)), one.key, one.field, one.sign
    return (-round(one.bound, DIGITS), -one.right, is_bare, _kind(one.key.value), *said)


def _kind(value: str) -> int:
    """The more general, the lower: of patterns that find the same in these rows, it finds more in others."""
    return VALUES.index(value) if value in VALUES else len(VALUES) * value.startswith("{")


def _cover(found: _Found, candidates: Sequence[_Candidate], bound: float, number: int) -> Iterator[Pattern]:
    """Those that find values no earlier one found, and that are precise on what is left to find."""
    for candidate in candidates:
        field, sign = candidate.field, candidate.sign
        matches = [
            (at, first, stop, right)
            for at, _, first, stop, right in found.of(candidate.number).tolist()
            if (not sign or sign in found.rows[at].signs) and _is_open(found.rows[at], first, stop, field, found.single)
        ]
        right = sum(one[3] for one in matches)
        if right < LEAST_NEW or lower_bound(right, len(matches)) < bound - LEFT_BELOW:
            continue
        number += 1
        for at, first, stop, _ in sorted(matches, key=lambda one: (one[0], one[1] - one[2], one[1])):
            if _is_open(found.rows[at], first, stop, field, found.single):
                found.rows[at].taken.append((first, stop, field))
        yield Pattern(
            id=f"p{number}",
            field=field,
            before=candidate.key.before,
            value=candidate.key.value,
            after=candidate.key.after,
            also=(sign,) if sign else (),
            train=Counts(right, len(matches)),
        )
