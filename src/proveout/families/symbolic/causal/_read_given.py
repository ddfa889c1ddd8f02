"""The sentences of given information: probabilities, correlations, methods and deterministic rules."""

from __future__ import annotations

import re
from itertools import islice, pairwise, product
from typing import TYPE_CHECKING, Literal

import msgspec

from proveout.families.symbolic.causal._read_text import Phrase, fail, phrase, sentences

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Fact", "Given", "Method", "Rule", "read_given"]

NUMBER = r"(?:is|was|equals) (?P<number>\d+(?:\.\d+)?)\s*%"
FLAGS = re.IGNORECASE | re.DOTALL
OVERALL = re.compile(rf"the (?:overall|general|total) probability (?:of|that) (?P<of>.+?) {NUMBER}", FLAGS)
JOINT = re.compile(rf"the (?:joint )?probability (?:of|that) (?P<of>.+) {NUMBER}", FLAGS)
GIVEN = re.compile(
    rf"(?:for|among|given|in) (?P<given>.+), the (?:probability|chance) (?:of|that) (?P<of>.+?) {NUMBER}", FLAGS
)
CORRELATION = re.compile(
    r"(?:for|among|in) (?P<given>.+), the correlation between (?P<one>.+?) and (?P<other>.+) is "
    r"(?P<number>[+-]?\d+(?:\.\d+)?)",
    FLAGS,
)
DIRECT = re.compile(r"we look directly at how (?P<x>.+?) correlates with (?P<y>.+?) in general", FLAGS)
BY_CASE = re.compile(
    r"we look at (?:this correlation|how (?P<x>.+?) correlates with (?P<y>.+?)) case by case according to (?P<z>.+)",
    FLAGS,
)
METHOD = re.compile(r"method (?P<number>[12])\s*:\s*", re.IGNORECASE)
CAUSES = re.compile(r"(?:and )?(?:we know that )?(?P<cause>.+?) (?:causes|cause|leads to) (?P<effect>.+)", FLAGS)
RULES = re.compile(r",? and we know that |,? we know that ", re.IGNORECASE)
OBSERVED = re.compile(r"we (?:have )?observed? (?:that )?(?P<what>.+)", FLAGS)
AND = re.compile(r" and ", re.IGNORECASE)
# "A degree or higher" is one thing.
OR = re.compile(
    r" or (?!(?:higher|lower|more|less|above|below|older|younger|greater|fewer|better|worse|not)\b)", re.IGNORECASE
)
TRIES = 512


class Fact(msgspec.Struct, frozen=True):
    """A stated probability (``of`` has one or two phrases) or, with ``correlation``, a correlation among some."""

    sentence: Phrase
    of: tuple[Phrase, ...]
    given: tuple[Phrase, ...]
    number: str
    correlation: bool = False


class Method(msgspec.Struct, frozen=True):
    """A way to look at data: directly (no ``by``), or case by case."""

    sentence: Phrase
    number: int
    x: Phrase | None
    y: Phrase | None
    by: Phrase | None


class Rule(msgspec.Struct, frozen=True):
    """That causes, all of them or any of them, bring about effects."""

    sentence: Phrase
    causes: tuple[Phrase, ...]
    joined: Literal["and", "or"]
    effects: tuple[Phrase, ...]


class Given(msgspec.Struct, frozen=True):
    """What a given information says."""

    facts: tuple[Fact, ...] = ()
    methods: tuple[Method, ...] = ()
    rules: tuple[Rule, ...] = ()
    observed: tuple[Phrase, ...] = ()
    sentences: tuple[Phrase, ...] = ()


def read_given(text: str) -> Given:
    """The sentences of a given information.

    Raises:
        TextNotUnderstood: a sentence that is none of those known.

    Example:
        >>> [fact] = read_given("For smokers, the probability of cancer is 69%.").facts
        >>> fact.given[0].text, fact.of[0].text, fact.number
        ('smokers', 'cancer', '69')
    """
    facts: list[Fact] = []
    methods: list[Method] = []
    rules: list[Rule] = []
    observed: list[Phrase] = []
    told = tuple(sentences("given_info", text))
    for one in told:
        if (fact := _fact(one)) is not None:
            facts.append(fact)
        elif (method := _method(one)) is not None:
            methods.append(method)
        elif found := OBSERVED.fullmatch(one.text):
            observed.extend(_parts(_group(one, found, "what"), AND))
        elif found_rules := list(_rules(one)):
            rules.extend(found_rules)
        else:
            raise fail("a sentence of the given information is not understood", one.text)
    return Given(tuple(_split(facts)), tuple(methods), tuple(rules), tuple(observed), told)


def _group(one: Phrase, found: re.Match[str], name: str, shift: int = 0) -> Phrase:
    """A group of a match as a piece of its field."""
    at = one.start + shift
    return phrase(one.field, " " * at + found.string, at + found.start(name), at + found.end(name))


def _fact(one: Phrase) -> Fact | None:
    if found := CORRELATION.fullmatch(one.text):
        return Fact(
            one,
            (_group(one, found, "one"), _group(one, found, "other")),
            (_group(one, found, "given"),),
            found["number"],
            correlation=True,
        )
    for pattern in (GIVEN, OVERALL, JOINT):
        if found := pattern.fullmatch(one.text):
            given = (_group(one, found, "given"),) if pattern is GIVEN else ()
            of = _group(one, found, "of")
            # Marked by an empty second phrase until all sentences are seen: "A and B" may be one thing or two.
            return Fact(
                one, (of,) if pattern is not JOINT else (of, phrase(of.field, "", 0, 0)), given, found["number"]
            )
    return None


def _method(one: Phrase) -> Method | None:
    head = METHOD.match(one.text)
    if head is None:
        return None
    rest, shift = one.text[head.end() :], head.end()
    if found := DIRECT.fullmatch(rest):
        return Method(one, int(head["number"]), _group(one, found, "x", shift), _group(one, found, "y", shift), None)
    if found := BY_CASE.fullmatch(rest):
        ends = [_group(one, found, name, shift) if found[name] else None for name in ("x", "y")]
        return Method(one, int(head["number"]), ends[0], ends[1], _group(one, found, "z", shift))
    return None


def _rules(one: Phrase) -> Iterator[Rule]:
    start = 0
    for end in [*(found.span() for found in RULES.finditer(one.text)), (len(one.text), len(one.text))]:
        part = one.text[start : end[0]]
        if part.strip(" ,"):
            found = CAUSES.fullmatch(part)
            if found is None:
                raise fail("a rule is not understood", part)
            cause, effect = _group(one, found, "cause", start), _group(one, found, "effect", start)
            joined: Literal["and", "or"] = "or" if OR.search(cause.text) else "and"
            yield Rule(one, _parts(cause, OR if joined == "or" else AND), joined, _parts(effect, AND))
        start = end[1]


def _parts(one: Phrase, by: re.Pattern[str]) -> tuple[Phrase, ...]:
    """The pieces of a phrase between conjunctions."""
    cuts = [found.span() for found in by.finditer(one.text)]
    starts, ends = [0, *(end for _, end in cuts)], [*(start for start, _ in cuts), len(one.text)]
    shifted = " " * one.start + one.text
    return tuple(phrase(one.field, shifted, one.start + a, one.start + b) for a, b in zip(starts, ends, strict=True))


def _split(facts: list[Fact]) -> Iterator[Fact]:
    """Facts with conditions and joint outcomes parted at the conjunctions that make a complete design.

    Four sentences "for A and C", "for A and D", "for B and C", "for B and D" part where two and two values remain.
    """
    parted: dict[int, tuple[Phrase, ...]] = {}
    for at_fields in _designs(facts):
        wanted = [facts[at].of[0] if len(facts[at].of) > 1 else facts[at].given[0] for at in at_fields]
        joint = len(facts[at_fields[0]].of) > 1
        parted |= dict(zip(at_fields, _design(wanted, joint=joint), strict=True))
    for at, fact in enumerate(facts):
        if at not in parted:
            yield fact
        elif len(fact.of) > 1:
            yield msgspec.structs.replace(fact, of=parted[at])
        else:
            yield msgspec.structs.replace(fact, given=parted[at])


def _designs(facts: list[Fact]) -> list[list[int]]:
    """Facts that belong together: conditions of the same outcome, and joint outcomes."""
    found: dict[tuple[str, bool], list[int]] = {}
    for at, fact in enumerate(facts):
        if fact.correlation:
            continue
        if len(fact.of) > 1:
            found.setdefault(("", True), []).append(at)
        elif fact.given:
            found.setdefault((fact.of[0].text.lower(), False), []).append(at)
    return list(found.values())


def _design(wanted: list[Phrase], *, joint: bool) -> list[tuple[Phrase, ...]]:
    """The pieces of each phrase of a design."""
    factors = 2 if joint else max(1, (len(wanted) - 1).bit_length())
    if factors == 1:
        return [(one,) for one in wanted]
    options = [list(_cuts(one, factors)) for one in wanted]
    best, least = None, 10**6
    for choice in islice(product(*options), TRIES):
        values = [len({pieces[at].text.lower() for pieces in choice}) for at in range(factors)]
        if (
            len({tuple(piece.text.lower() for piece in pieces) for pieces in choice}) == len(wanted)
            and sum(values) < least
        ):
            best, least = choice, sum(values)
    if best is None:
        raise fail("the conditions cannot be told apart", " / ".join(one.text for one in wanted))
    return list(best)


def _cuts(one: Phrase, factors: int) -> Iterator[tuple[Phrase, ...]]:
    """Each way to part a phrase at conjunctions into so many pieces."""
    pieces = _parts(one, AND)
    if len(pieces) < factors:
        return
    places = [[at] for at in range(1, len(pieces))]
    for _ in range(factors - 2):
        places = [[*cut, at] for cut in places for at in range(cut[-1] + 1, len(pieces))]
    shifted = " " * one.start + one.text
    for cut in places:
        bounds = [0, *cut, len(pieces)]
        yield tuple(phrase(one.field, shifted, pieces[a].start, pieces[b - 1].end) for a, b in pairwise(bounds))
