"""Which phrase speaks of which variable of the graph."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import msgspec

from proveout.families.symbolic.causal._read_text import fail
from proveout.families.symbolic.causal._words import Bag, attribute, bag, first_place, met, overlap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from proveout.families.symbolic.causal._graph import Graph
    from proveout.families.symbolic.causal._read_given import Fact, Given, Rule
    from proveout.families.symbolic.causal._read_question import Question

__all__ = ["Groups", "grouped", "links"]

# How much each sign of a link counts. Shared words outweigh the shape of the graph, which only breaks ties.
SAME_NAME, SAME_WORDS, SAME_TOPIC = 1.5, 1.0, 0.6
TOGETHER, STRANGERS = 0.5, -0.3
UNOBSERVED = -0.2
ANCESTOR, PARENT = 0.15, 0.1
RULE = 1.0
TOPIC = 4.0
FIRST = 0.08
ROOT = 0.1
RARE = 0.6
SURE, CLEAR = 0.6, 0.4
NEAR, MOST = 0.04, 4
FURTHER = 0.6
EFFECTS = frozenset({"ate", "ett", "nde", "nie"})


class Groups(msgspec.Struct, frozen=True):
    """Phrases grouped by being about one variable, and what the text says of how the groups relate.

    Args:
        texts: the different phrases of each group, in lower case, in order of appearance.
        of: the group of a phrase.
        apart: pairs of groups that are of different variables.
        likely: pairs of groups, the first of which is stated as a condition of the second.
        rules: groups of causes and of an effect.
        seen: groups of what was observed.
    """

    texts: tuple[tuple[str, ...], ...]
    of: dict[str, int]
    apart: frozenset[frozenset[int]]
    likely: tuple[tuple[int, int], ...]
    rules: tuple[tuple[tuple[int, ...], int], ...]
    seen: tuple[int, ...]


class _Union:
    """Phrases merged into groups."""

    def __init__(self) -> None:
        self.parent: dict[str, str] = {}

    def find(self, text: str) -> str:
        self.parent.setdefault(text, text)
        while self.parent[text] != text:
            text = self.parent[text]
        return text

    def join(self, one: str, other: str) -> None:
        a, b = self.find(one), self.find(other)
        if a != b:
            self.parent[b] = a


def grouped(given: Given, question: Question) -> Groups:
    """The phrases of a text, merged where its shape says that they are of one variable."""
    union = _Union()
    _join_designs(union, given.facts)
    for rule in given.rules:
        for one in (*rule.causes, *rule.effects):
            union.find(one.key)
    for one in given.observed:
        union.find(one.key)
    asked = {role: one.key for role, one in question.phrases.items()} if question.kind != "backadj" else {}
    for text in asked.values():
        union.find(text)
    if "other" in asked:
        union.join(asked["y" if question.kind == "marginal" else "x"], asked["other"])
    roots = list(dict.fromkeys(union.find(text) for text in union.parent))
    of = {text: roots.index(union.find(text)) for text in union.parent}
    texts = tuple(tuple(text for text in union.parent if of[text] == at) for at in range(len(roots)))
    apart = frozenset(pair for pair in _apart(given, asked, of) if len(pair) > 1)
    return Groups(
        texts,
        of,
        apart,
        tuple(_likely(given.facts, question, asked, of)),
        tuple(_rules(given.rules, of)),
        tuple(of[one.key] for one in given.observed),
    )


def _join_designs(union: _Union, facts: Sequence[Fact]) -> None:
    """Conditions at the same place of sentences about the same outcome are values of one variable."""
    first: dict[tuple[object, ...], str] = {}
    for fact in facts:
        for one in (*fact.of, *fact.given):
            union.find(one.key)
        for at, one in enumerate(fact.given if not fact.correlation else ()):
            union.join(first.setdefault((fact.of[0].key, len(fact.given), at), one.key), one.key)
        if len(fact.of) > 1 and not fact.correlation:
            union.join(first.setdefault((fact.of[-1].key, "joint"), fact.of[0].key), fact.of[0].key)


def _apart(given: Given, asked: dict[str, str], of: dict[str, int]) -> Iterator[frozenset[int]]:
    """Groups that one sentence, or the question, tells apart."""
    for fact in given.facts:
        yield from (frozenset(of[one.key] for one in pair) for pair in combinations((*fact.of, *fact.given), 2))
    for rule in given.rules:
        yield from (frozenset(of[one.key] for one in pair) for pair in combinations((*rule.causes, *rule.effects), 2))
    for sentence in given.sentences:
        seen = [of[one.key] for one in given.observed if sentence.start <= one.start < sentence.end]
        yield from (frozenset(pair) for pair in combinations(seen, 2))
    roles = [text for role, text in asked.items() if role in {"x", "y", "given"}]
    yield from (frozenset(of[text] for text in pair) for pair in combinations(roles, 2))


def _likely(
    facts: Sequence[Fact], question: Question, asked: dict[str, str], of: dict[str, int]
) -> Iterator[tuple[int, int]]:
    seen = {(of[one.key], of[fact.of[0].key]) for fact in facts if not fact.correlation for one in fact.given}
    seen |= {(of[fact.of[0].key], of[fact.of[1].key]) for fact in facts if len(fact.of) > 1 and not fact.correlation}
    if question.kind in EFFECTS:
        seen.add((of[asked["x"]], of[asked["y"]]))
    yield from sorted(seen)


def _rules(rules: Sequence[Rule], of: dict[str, int]) -> Iterator[tuple[tuple[int, ...], int]]:
    for rule in rules:
        for effect in rule.effects:
            yield tuple(of[one.key] for one in rule.causes), of[effect.key]


def links(groups: Groups, graph: Graph) -> tuple[list[dict[int, str]], list[dict[int, str]]]:
    """The best assignments of groups to variables, more than one when equally good; and the next ones, best first.

    Raises:
        TextNotUnderstood: a phrase that no assignment can place.
    """
    names = graph.variables
    shared = _shared(groups, names)
    table = [_scores(texts, names, shared) for texts in groups.texts]
    ties = {
        (a, b): _tie(groups.texts[a], groups.texts[b])
        for a, b in combinations(range(len(table)), 2)
        if frozenset((a, b)) not in groups.apart
    }
    order = sorted(range(len(table)), key=lambda at: -max(table[at].values()))
    for sure in (SURE, float("inf")):
        search = _Search(groups, graph, table, ties, sure)
        search.go(order, {}, 0.0)
        best, further = search.best()
        if best:
            return best, further
    raise fail("the phrases fit no variables of the background", " / ".join(texts[0] for texts in groups.texts))


def _shared(groups: Groups, names: Sequence[str]) -> dict[str, float]:
    """How many names have each word; more for a word of several names that phrases of different variables have too."""
    bags = [bag(name) for name in names]
    said = [frozenset(stem for text in texts for stem in bag(text).stems) for texts in groups.texts]
    shared = {stem: float(sum(stem in one.stems for one in bags)) for words in bags for stem in words.stems}
    for stem, count in shared.items():
        having = [at for at, stems in enumerate(said) if stem in stems]
        if count > 1 and any(frozenset(pair) in groups.apart for pair in combinations(having, 2)):
            shared[stem] = count * TOPIC
    return shared


def _scores(texts: Sequence[str], names: Sequence[str], shared: dict[str, float]) -> dict[str, float]:
    """How well each variable's name fits a group, by words."""
    bags, said = {name: bag(name) for name in names}, [(text, bag(text)) for text in texts]
    found = {name: max([_fit(name, bags[name], one, shared) for one in said]) for name in names}
    # Of two names met in a phrase, the first is what it is about.
    places = {name: min([first_place(bags[name], words) for _, words in said]) for name in names}
    nearest = min(places.values())
    return {name: fit + FIRST * (places[name] == nearest and fit > 0) for name, fit in found.items()}


def _fit(name: str, words: Bag, said: tuple[str, Bag], shared: dict[str, float]) -> float:
    text, found = said
    if name == text:
        return SAME_NAME
    # Words that no other name has tell more; a whole name met tells more than a part of a longer one.
    total = sum([met(stem, found) / shared[stem] for stem in words.stems])
    rare, whole = min(1.0, total), total / max(1, len(words.stems))
    fit = SAME_WORDS * (RARE * rare + (1 - RARE) * whole)
    return max(fit, SAME_TOPIC if attribute(words, found) else 0.0)


def _tie(one: Sequence[str], other: Sequence[str]) -> float:
    """How much two groups have in common, between 0 and 1."""
    best = 0.0
    for a in one:
        for b in other:
            left, right = bag(a), bag(b)
            best = max(best, overlap(left, right) / max(1, min(len(left.stems), len(right.stems))))
    return min(1.0, best)


class _Search:
    """All assignments of groups to variables, by depth first, with their scores."""

    def __init__(
        self,
        groups: Groups,
        graph: Graph,
        table: list[dict[str, float]],
        ties: dict[tuple[int, int], float],
        sure: float,
    ) -> None:
        self._sure = sure
        self._groups, self._graph, self._table, self._ties = groups, graph, table, ties
        self._found: list[tuple[float, dict[int, str]]] = []
        self._above = {name: graph.ancestors(name) for name in graph.variables}

    def go(self, left: list[int], done: dict[int, str], score: float) -> None:
        if not left:
            self._found.append((score + self._shape(done), dict(done)))
            return
        at, *rest = left
        for name in self._options(at):
            if any(frozenset((at, other)) in self._groups.apart for other, taken in done.items() if taken == name):
                continue
            self.go(rest, {**done, at: name}, score + self._gain(at, name, done))

    def _options(self, at: int) -> list[str]:
        """All variables, or the only one that its words leave."""
        ranked = sorted(self._table[at].items(), key=lambda item: (-item[1], item[0]))
        best, second = ranked[0][1], ranked[1][1] if len(ranked) > 1 else 0.0
        return [ranked[0][0]] if best >= self._sure and best - second >= CLEAR else [name for name, _ in ranked]

    def _gain(self, at: int, name: str, done: dict[int, str]) -> float:
        gain = self._table[at][name] + (UNOBSERVED if name in self._graph.unobserved else 0.0)
        for other, taken in done.items():
            if taken == name:
                tie = self._ties.get((min(at, other), max(at, other)), 0.0)
                gain += TOGETHER * tie if tie else STRANGERS
        return gain

    def _shape(self, done: dict[int, str]) -> float:
        """How well the assignment fits what the text says of conditions and causes."""
        score = 0.0
        for cause, effect in self._groups.likely:
            a, b = done[cause], done[effect]
            score += ANCESTOR * (a in self._above[b]) + PARENT * (a in self._graph.parents(b))
        for causes, effect in self._groups.rules:
            parents = set(self._graph.parents(done[effect]))
            score += RULE * sum(1 if done[cause] in parents else -1 for cause in causes)
        caused = {done[effect] for _, effect in self._groups.rules}
        return score + ROOT * sum(done[at] not in caused for at in self._groups.seen)

    def best(self) -> tuple[list[dict[int, str]], list[dict[int, str]]]:
        ranked = sorted(self._found, key=lambda item: (-item[0], sorted(item[1].items())))
        good = [done for score, done in ranked[:MOST] if score >= ranked[0][0] - NEAR]
        return good, [done for score, done in ranked[len(good) : len(good) + MOST] if score >= ranked[0][0] - FURTHER]
