"""Learns an ordered rule list: sequential covering per label, concepts by merging, order and pruning on held-out rows.

Rules are grown term by term on the rows of their label that no earlier rule covers (Clark and Niblett 1989), by the
m-estimate of their precision (Cestnik 1990), and dropped where held-out rows speak against them (Cohen 1995). Rules of
one label that differ in one term become one rule over a concept: a group of terms, one of which must be there.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np
from scipy import sparse

from proveout.families.symbolic.induced._rules import Counts, InducedRule, Matcher, RuleList
from proveout.families.symbolic.induced._terms import terms_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Array = np.ndarray[Any, Any]
    Progress = Callable[[str, int, int], None]
    Rows = tuple[Sequence[str], Sequence[str]]

__all__ = ["induce", "precision_of"]

MOST_TERMS = 40_000
LEAST_ROWS = 2
LONGEST_RULE = 3
# Weight of the prior in the m-estimate: a rule of two rows, both right, is worth one half.
WEIGHT = 2.0
LEAST_PRECISION = 0.45
MOST_RULES_A_LABEL = 60
# A train row says less of a rule than a held-out one, since the rule was made to fit it.
TRAIN_WEIGHT = 0.25
PASSES = 3


class _Grown(NamedTuple):
    """A conjunction of terms, by index, with the train rows of its label and of others that it covers."""

    terms: tuple[int, ...]
    right: int
    wrong: int


class _Table:
    """Train rows by term."""

    def __init__(self, texts: Sequence[str], labels: Sequence[str]) -> None:
        rows = [list(terms_of(text)) for text in texts]
        counts = Counter(term for row in rows for term in row)
        kept = sorted((one for one in counts if counts[one] >= LEAST_ROWS), key=lambda one: (-counts[one], one))
        self.terms = kept[:MOST_TERMS]
        columns = {term: at for at, term in enumerate(self.terms)}
        held = [sorted(columns[term] for term in row if term in columns) for row in rows]
        ends = np.cumsum([0, *(len(one) for one in held)])
        indices = np.array([column for one in held for column in one], dtype=np.int32)
        shape = (len(rows), len(self.terms))
        self.by_row = sparse.csr_array((np.ones(len(indices), dtype=np.int32), indices, ends), shape=shape)
        self.by_term = self.by_row.tocsc()
        self.labels = np.array(labels)
        self.totals = self.counts(np.arange(len(rows)))
        # Of equal terms, the one of fewer words.
        self.words = np.array([term.count(" ") for term in self.terms])

    def counts(self, rows: Array) -> Array:
        """In how many of some rows each term is."""
        if not len(rows):
            return np.zeros(len(self.terms))
        return np.asarray(self.by_row[rows].sum(axis=0), dtype=float).ravel()

    def having(self, term: int) -> Array:
        """The rows that have a term."""
        start, stop = self.by_term.indptr[term : term + 2]
        return np.asarray(self.by_term.indices[start:stop])


def induce(rows: Rows, held: Rows, outside: Sequence[str], target: str, progress: Progress) -> RuleList:
    """Learn a list.

    Args:
        rows: texts and labels to learn from.
        held: others, to order and prune on.
        outside: texts of no label, which no rule should fire on.
        target: the field that labels are of.
        progress: called with a stage name, labels done and labels in all.
    """
    texts, labels = [*rows[0], *outside], [*rows[1], *[""] * len(outside)]
    seen = _Table(texts, labels)
    names = sorted(set(rows[1]))
    concepts: dict[str, tuple[str, ...]] = {}
    rules: list[InducedRule] = []
    for done, label in enumerate(names):
        progress("inducing rules", done, len(names))
        for literals in _merged([_spelled(seen, one) for one in _covering(seen, label)]):
            all_of = tuple(_concept(label, literal, concepts) for literal in literals)
            rules.append(InducedRule(id=f"{label}-{len(rules)}", all=all_of, then=label))
    progress("inducing rules", len(names), len(names))
    counts = Counter(rows[1])
    default = min(names, key=lambda name: (-counts[name], name))
    made = RuleList(target=target, default=default, concepts=concepts, rules=tuple(rules))
    return _numbered(_pruned(_ordered(made, (texts, labels), held), (texts, labels), held))


def _covering(seen: _Table, label: str) -> list[tuple[int, ...]]:
    """Rules that cover the label's rows one after the other."""
    left = np.flatnonzero(seen.labels == label)
    own = seen.counts(left)
    prior = len(left) / len(seen.labels)
    found: list[tuple[int, ...]] = []
    while len(left) >= LEAST_ROWS and len(found) < MOST_RULES_A_LABEL:
        one = _grown(seen, label, left, own, prior)
        if one is None or _estimate(one.right, one.wrong, prior) < LEAST_PRECISION:
            break
        found.append(one.terms)
        left = np.setdiff1d(left, _covered(seen, one.terms), assume_unique=True)
    return found


def _grown(seen: _Table, label: str, left: Array, own: Array, prior: float) -> _Grown | None:
    right, wrong = seen.counts(left), seen.totals - own
    best: _Grown | None = None
    terms: tuple[int, ...] = ()
    while len(terms) < LONGEST_RULE:
        scores = _estimate(right, wrong, prior) - 1e-6 * seen.words
        scores[right < LEAST_ROWS] = -1.0
        scores[list(terms)] = -1.0
        term = int(scores.argmax())
        one = _Grown((*terms, term), int(right[term]), int(wrong[term]))
        if scores[term] < 0 or (best is not None and scores[term] <= _estimate(best.right, best.wrong, prior) + 1e-3):
            return best
        best, terms = one, one.terms
        if one.wrong == 0:
            return best
        inside = _covered(seen, terms)
        right = seen.counts(np.intersect1d(inside, left, assume_unique=True))
        wrong = seen.counts(inside[seen.labels[inside] != label])
    return best


def _estimate(right: Any, wrong: Any, prior: float) -> Any:
    return (right + WEIGHT * prior) / (right + wrong + WEIGHT)


def _covered(seen: _Table, terms: Sequence[int]) -> Array:
    rows = seen.having(terms[0])
    for term in terms[1:]:
        rows = np.intersect1d(rows, seen.having(term), assume_unique=True)
    return rows


def _spelled(seen: _Table, terms: Sequence[int]) -> frozenset[str]:
    return frozenset(seen.terms[term] for term in terms)


def _merged(rules: Sequence[frozenset[str]]) -> list[tuple[tuple[str, ...], ...]]:
    """Conjunctions of groups of terms: rules that share all but one term are one, the rest of them a group."""
    left = list(dict.fromkeys(rules))
    made: list[tuple[tuple[str, ...], ...]] = []
    while left:
        shared = Counter(one - {term} for one in left if len(one) > 1 for term in one)
        common = max(shared, key=lambda one: (shared[one], sorted(one)), default=frozenset[str]())
        mine = [one for one in left if len(one) == len(common) + 1 and common < one] if common else []
        if len(mine) < 2:  # noqa: PLR2004  nothing to merge
            made += [tuple((term,) for term in sorted(one)) for one in left]
            break
        group = tuple(sorted(next(iter(one - common)) for one in mine))
        made.append((*((term,) for term in sorted(common)), group))
        left = [one for one in left if one not in mine]
    return made


def _concept(label: str, terms: tuple[str, ...], concepts: dict[str, tuple[str, ...]]) -> str:
    """The name of a group of terms; a term alone is its own name."""
    if len(terms) == 1:
        return terms[0]
    base = f"{label}: {terms[0]}"
    name = next(one for one in (base, *(f"{base} {number}" for number in range(2, 10_000))) if one not in concepts)
    concepts[name] = terms
    return name


def precision_of(rule: InducedRule, right: int = 0, fired: int = 0) -> float:
    """A rule's precision, train rows counting less than held-out ones; less one held-out row, to judge that row.

    Args:
        rule: with its counts.
        right: held-out rows to leave out that it was right about.
        fired: held-out rows to leave out.

    Example:
        >>> precision_of(InducedRule(id="r", all=("a",), then="x", train=Counts(8, 8), select=Counts(3, 4)))
        0.75
    """
    good = rule.select.right - right + TRAIN_WEIGHT * rule.train.right
    return (good + 1) / (rule.select.fired - fired + TRAIN_WEIGHT * rule.train.fired + 2)


def _counted(rules: RuleList, rows: Rows) -> dict[str, Counts]:
    """For each rule, the rows on which it is the first to fire."""
    matcher, right, fired = Matcher(rules), Counter[str](), Counter[str]()
    for text, label in zip(*rows, strict=True):
        at = matcher.first(text)
        if at < len(rules.rules):
            fired[rules.rules[at].id] += 1
            right[rules.rules[at].id] += rules.rules[at].then == label
    return {rule.id: Counts(right[rule.id], fired[rule.id]) for rule in rules.rules}


def _recounted(rules: RuleList, train: Rows, held: Rows) -> RuleList:
    counts = [_counted(rules, part) for part in (train, held)]
    kept = [msgspec.structs.replace(rule, train=counts[0][rule.id], select=counts[1][rule.id]) for rule in rules.rules]
    return msgspec.structs.replace(rules, rules=tuple(kept))


def _ordered(rules: RuleList, train: Rows, held: Rows) -> RuleList:
    """The most precise first, each judged alone."""
    alone = [_alone(rules, part) for part in (train, held)]
    judged = [msgspec.structs.replace(rule, train=alone[0][rule.id], select=alone[1][rule.id]) for rule in rules.rules]
    judged.sort(key=lambda rule: (-precision_of(rule), -rule.train.right, rule.id))
    return msgspec.structs.replace(rules, rules=tuple(judged))


def _alone(rules: RuleList, rows: Rows) -> dict[str, Counts]:
    """For each rule, the rows on which it fires, whatever fires before it."""
    by_concept = _concept_rows(rules, rows[0])
    labels = np.array(rows[1])
    found = {}
    for rule in rules.rules:
        inside = set.intersection(*(by_concept.get(concept, set()) for concept in rule.all))
        hits = labels[sorted(inside)] if inside else labels[:0]
        found[rule.id] = Counts(int((hits == rule.then).sum()), len(hits))
    return found


def _concept_rows(rules: RuleList, texts: Sequence[str]) -> Mapping[str, set[int]]:
    owners: dict[str, list[str]] = {}
    for concept in {name for rule in rules.rules for name in rule.all}:
        for term in rules.terms(concept):
            owners.setdefault(term, []).append(concept)
    found: dict[str, set[int]] = {}
    for row, text in enumerate(texts):
        for term in terms_of(text):
            for concept in owners.get(term, ()):
                found.setdefault(concept, set()).add(row)
    return found


def _pruned(rules: RuleList, train: Rows, held: Rows) -> RuleList:
    """Without rules that are more often wrong than right where they are the first to fire."""
    for _ in range(PASSES):
        counted = _recounted(rules, train, held)
        kept = tuple(rule for rule in counted.rules if rule.train.fired and precision_of(rule) > 1 / 2)
        rules = msgspec.structs.replace(counted, rules=kept)
        if len(kept) == len(counted.rules):
            break
    return _recounted(rules, train, held)


def _numbered(rules: RuleList) -> RuleList:
    """Ids in the order of the list, and no concept that is not used."""
    kept = tuple(msgspec.structs.replace(rule, id=f"r{at}") for at, rule in enumerate(rules.rules, start=1))
    used = {name for rule in kept for name in rule.all}
    concepts = {name: terms for name, terms in sorted(rules.concepts.items()) if name in used}
    return msgspec.structs.replace(rules, rules=kept, concepts=concepts)
