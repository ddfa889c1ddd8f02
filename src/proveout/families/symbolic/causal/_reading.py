"""A causal question read: graph, stated probabilities and query, with the phrase that each comes from."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import msgspec

from proveout.errors import TextNotUnderstood
from proveout.families.symbolic.causal._expression import Term, events
from proveout.families.symbolic.causal._query import Query
from proveout.families.symbolic.causal._read_given import Fact, Given, read_given
from proveout.families.symbolic.causal._read_link import Groups, grouped, links
from proveout.families.symbolic.causal._read_question import Question, read_question
from proveout.families.symbolic.causal._read_text import Background, Phrase, fail, read_background
from proveout.families.symbolic.causal._read_values import Values
from proveout.families.symbolic.causal._stated import Stated, rounded

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Mention", "Reading", "readings"]

NAMED = frozenset({"nde", "nie", "collider_bias", "backadj"})
FLIP = {"greater": "smaller", "smaller": "greater"}
KINDS = {"marginal": "probability", "correlation": "association", "exp_away": "association"}


class Mention(msgspec.Struct, frozen=True):
    """A phrase, the variable it speaks of and the value it says; no value where it only names the variable."""

    phrase: Phrase
    variable: str
    value: int | None


class Reading(msgspec.Struct, frozen=True):
    """One way to read a causal question.

    Args:
        background: the graph and its sentences.
        given: the sentences of the given information.
        question: the question's form.
        roles: the mention of each role of the question.
        mentions: all mentions, in order of appearance.
        stated: the probabilities, with their sentences in ``facts``.
        facts: the sentence of each of them.
        assumed: phrases whose value no word decides.
        texts: the fields as given.
    """

    background: Background
    given: Given
    question: Question
    roles: dict[str, Mention]
    mentions: tuple[Mention, ...]
    stated: tuple[Stated, ...]
    facts: tuple[Fact, ...]
    assumed: tuple[str, ...]
    texts: dict[str, str] = {}

    def query(self) -> tuple[Query, str, Fraction]:
        """The quantity asked for, whether it is asked to be greater or smaller, and than what."""
        kind, asked, x = self.question.kind, self.question.asked, self.roles.get("x")
        outcome = self.roles["y"]
        value = 1 if outcome.value is None else outcome.value
        if kind == "marginal":
            return Query("probability", outcome.variable, value=value), asked, Fraction(1, 2)
        if x is None:
            raise fail("the question names no cause", self.question.kind)
        if kind == "ett":
            level = 1 if x.value is None else x.value
            query = Query("ett", outcome.variable, x.variable, value=value, level=level)
            return query, FLIP[asked] if level == 1 else asked, Fraction(0)
        if kind in {"nde", "nie"}:
            mediators = tuple(sorted(one.variable for role, one in self.roles.items() if role.startswith("m")))
            return (
                Query(
                    "nde" if kind == "nde" else "nie",
                    outcome.variable,
                    x.variable,
                    mediators,
                    value=self._stated_value(outcome.variable),
                ),
                asked,
                Fraction(0),
            )
        given = tuple((one.variable, one.value or 0) for role, one in self.roles.items() if role == "given")
        name = "ate" if kind == "ate" else "association"
        query = Query("ate" if name == "ate" else "association", outcome.variable, x.variable, given=given, value=value)
        return query, FLIP[asked] if x.value == 0 else asked, Fraction(0)

    def _stated_value(self, name: str) -> int:
        """The value of an outcome whose probability is stated, when the question only names the outcome."""
        values = [dict(one.term.of)[name] for one in self.stated if name in dict(one.term.of)]
        return int(values[0]) if values else 1


def readings(background: str, given_info: str, question: str) -> tuple[list[Reading], list[Reading]]:
    """The ways to read a causal question, several only when words and graph do not decide; and less likely ones.

    Raises:
        TextNotUnderstood: a sentence or phrase that is outside the grammar.
        GraphInvalid: the background's graph has a cycle.

    Example:
        >>> [found], _ = readings(
        ...     "Smoking has a direct effect on cancer.",
        ...     "For nonsmokers, the probability of cancer is 10%. For smokers, the probability of cancer is 30%.",
        ...     "Will smoking increase the chance of cancer?",
        ... )
        >>> found.query()[0], [str(one.term) for one in found.stated]
        (Query(kind='ate', outcome='cancer', treatment='smoking', mediators=(), given=(), value=1, level=1),
         ['P(cancer=1 | smoking=0)', 'P(cancer=1 | smoking=1)'])
    """
    told, given, asked = read_background(background), read_given(given_info), read_question(question)
    texts = {"background": background, "given_info": given_info, "question": question}
    if asked.kind == "backadj":
        return [msgspec.structs.replace(_methods(told, given, asked), texts=texts)], []
    groups = grouped(given, asked)
    best, further = links(groups, told.graph)
    likely = [_reading(told, given, asked, (groups, link)) for link in best]
    less = [one for link in further for one in _tried(told, given, asked, (groups, link))]
    with_texts = [[msgspec.structs.replace(one, texts=texts) for one in ways] for ways in (likely, less)]
    return with_texts[0], with_texts[1]


def _tried(told: Background, given: Given, asked: Question, link: tuple[Groups, dict[int, str]]) -> Iterator[Reading]:
    """A less likely reading, if it makes sense."""
    try:
        yield _reading(told, given, asked, link)
    except TextNotUnderstood:
        return


def _reading(told: Background, given: Given, asked: Question, link: tuple[Groups, dict[int, str]]) -> Reading:
    groups, found = link
    values = {
        name: _values(given, asked, groups, {at for at, taken in found.items() if taken == name})
        for name in set(found.values())
    }

    def mention(one: Phrase, *, named: bool = False) -> Mention:
        name = found[groups.of[one.key]]
        return Mention(one, name, None if named else values[name].of(one.key))

    roles = {role: mention(one, named=_only_named(asked.kind)) for role, one in asked.phrases.items()}
    facts = tuple(fact for fact in given.facts if not fact.correlation)
    pairs = [(tuple(map(mention, fact.of)), tuple(map(mention, fact.given))) for fact in facts]
    stated = tuple(rounded(_term(*pair), fact.number) for pair, fact in zip(pairs, facts, strict=True))
    _consistent(stated, facts)
    others = [mention(one, named=True) for fact in given.facts if fact.correlation for one in (*fact.of, *fact.given)]
    others += [mention(one) for rule in given.rules for one in (*rule.causes, *rule.effects)]
    others += [mention(one) for one in given.observed]
    mentions = (*(one for pair in pairs for side in pair for one in side), *others, *roles.values())
    assumed = tuple(dict.fromkeys(text for one in values.values() for text in one.assumed))
    return Reading(told, given, asked, roles, mentions, stated, facts, assumed)


def _only_named(kind: str) -> bool:
    """Whether a question only names its variables, and says no values of them."""
    return kind in NAMED


def _term(of: tuple[Mention, ...], given: tuple[Mention, ...]) -> Term:
    left, right = ({one.variable: one.value or 0 for one in side} for side in (of, given))
    return Term(events(dict(left)), events(dict(right)))


def _consistent(stated: tuple[Stated, ...], facts: tuple[Fact, ...]) -> None:
    """Refuse two numbers for one probability: then a phrase has been misread, or the text contradicts itself."""
    known: dict[Term, Stated] = {}
    for one, fact in zip(stated, facts, strict=True):
        if known.setdefault(one.term, one) != one:
            raise fail("two sentences seem to state one probability differently", fact.sentence.text)


def _values(given: Given, asked: Question, groups: Groups, members: set[int]) -> Values:
    """The values of a variable, from the phrases of its groups."""
    pairs = list(dict.fromkeys(pair for pair in _contrasts(given) if groups.of[pair[0]] in members))
    alone = [one.key for fact in given.facts for one in (*fact.of, *fact.given)]
    alone += [one.key for rule in given.rules for one in (*rule.causes, *rule.effects)]
    alone += [one.key for one in given.observed]
    opposed = []
    if "other" in asked.phrases:
        first = "y" if asked.kind == "marginal" else "x"
        opposed = [(asked.phrases[first].key, asked.phrases["other"].key)]
    return Values(
        pairs,
        [text for text in dict.fromkeys(alone) if groups.of[text] in members],
        [pair for pair in opposed if groups.of[pair[0]] in members],
    )


def _contrasts(given: Given) -> Iterator[tuple[str, str]]:
    """Pairs of phrases at the same place of sentences that differ there, in order of appearance."""
    places: dict[tuple[object, ...], list[str]] = {}
    for fact in given.facts:
        if fact.correlation:
            continue
        for at, one in enumerate(fact.given):
            places.setdefault((fact.of[0].key, len(fact.given), at), []).append(one.key)
        if len(fact.of) > 1:
            places.setdefault((fact.of[-1].key, "joint"), []).append(fact.of[0].key)
    for texts in places.values():
        different = list(dict.fromkeys(texts))
        if len(different) == 2:  # noqa: PLR2004  a binary variable has two values
            yield different[0], different[1]
        elif len(different) > 2:  # noqa: PLR2004  as above
            raise fail("a variable has more than two values", " / ".join(different))


def _methods(told: Background, given: Given, asked: Question) -> Reading:
    """A question about methods, whose phrases are the variables' own names."""
    names = set(told.graph.variables)

    def mention(one: Phrase) -> Mention:
        if one.key not in names:
            raise fail("a phrase is no variable of the background", one.text)
        return Mention(one, one.key, None)

    roles = {role: mention(one) for role, one in asked.phrases.items() if role in {"x", "y"}}
    mentions = [mention(one) for method in given.methods for one in (method.x, method.y, method.by) if one is not None]
    return Reading(told, given, asked, roles, (*mentions, *roles.values()), (), (), ())
