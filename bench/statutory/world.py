"""What a case's atoms say of persons: marriages, kin, homes, incomes and returns; all that is not stated is false."""

from __future__ import annotations

import re
from datetime import date, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from statutory.words import EVER, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from statutory.clauses import Atom, Reading

__all__ = ["Doubt", "World", "names", "year_span"]

_CHILD = frozenset({"son", "daughter", "child"})
_PARENT = frozenset({"father", "mother", "parent"})
_SIBLING = frozenset({"brother", "sister", "sibling"})
_STEP_CHILD = frozenset({"stepson", "stepdaughter", "stepchild"})
_STEP_PARENT = frozenset({"stepfather", "stepmother", "stepparent"})
_STEP_SIBLING = frozenset({"stepbrother", "stepsister"})
_SPOUSE = frozenset({"husband", "wife", "spouse", "surviving spouse", "widow", "widower"})


class Doubt(Exception):
    """The case can be read in more than one way, or says something that is not modelled."""


def names(text: str) -> list[str]:
    """The persons in an argument of an atom."""
    return re.findall(r"P_\w+", text)


def year_span(year: int) -> Span:
    """First and last day of a year."""
    return date(year, 1, 1), date(year, 12, 31)


def _overlap(one: Span, other: Span) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


class World:
    """The persons of a case.

    Args:
        reading: the atoms.
        assume_young: whether somebody whose birth is not stated is young enough for section 152(c)(3).
        assume_poor: whether somebody of whose income nothing is said has none, for section 152(d)(1)(B).

    Raises:
        Doubt: a marriage of three, a pronoun of nobody.
    """

    def __init__(self, reading: Reading, *, assume_young: bool = False, assume_poor: bool = True) -> None:
        self.atoms, self.assume_young, self.assume_poor = reading.atoms, assume_young, assume_poor
        if any("P_nobody" in value for one in self.atoms for value in one.args.values()):
            raise Doubt("a pronoun stands for nobody")
        self.people = sorted({name for one in self.atoms for value in one.args.values() for name in names(value)})
        self.deaths = {
            name: one.times[0][1][0] for one in self.of("died") if one.times for name in names(one.args["p"])
        }
        self.births = {name: one.times[0][1] for one in self.of("born") if one.times for name in names(one.args["p"])}
        self.marriages = list(self._marriages())
        self.kin = list(self._kin())

    def of(self, *kinds: str) -> list[Atom]:
        """The atoms of some kinds."""
        return [one for one in self.atoms if one.kind in kinds]

    def about(self, person: str, year: int, *kinds: str, keys: Iterable[str] = ("p",)) -> list[Atom]:
        """The atoms of some kinds that are of a person and hold at some time in a year."""
        return [
            one for one in self.of(*kinds)
            if any(person in names(one.args.get(key, "")) for key in keys) and self.holds(one, year)
        ]  # fmt: skip

    @staticmethod
    def holds(one: Atom, year: int) -> bool:
        """Whether an atom holds at some time in a year; one without a time holds ever."""
        return not one.times or any(_overlap(span, year_span(year)) for _, span in one.times)

    # marriage

    def _marriages(self) -> Iterator[tuple[str, str, Span]]:
        for one in self.of("married"):
            both = [*names(one.args["p"]), *names(one.args.get("other", ""))]
            if len(both) > 2:
                raise Doubt("more than two are married")
            yield both[0], both[1] if len(both) == 2 else f"{both[0]}__spouse", _lasting(one)
        wed = {frozenset(names(one.args["p"] + " " + one.args.get("other", ""))) for one in self.of("married")}
        for one in self.of("kin"):
            pair = {one.args["p"], one.args["who"]}
            if one.args["rel"] in _SPOUSE and "__" not in one.args["who"] and frozenset(pair) not in wed:
                yield one.args["p"], one.args["who"], _lasting(one)

    def spouse(self, person: str, year: int) -> str | None:
        """The spouse at the close of a year, or when the spouse died in that year; section 7703(a)(1)."""
        found = [name for name, span in self.spouses(person) if self._married(person, name, span, year)]
        alive = [name for name in found if not self.died(name, year)]
        if len(alive) > 1 or (len(found) > 1 and not alive):
            raise Doubt("two spouses")
        return next(iter(alive or found), None)

    def spouses(self, person: str) -> list[tuple[str, Span]]:
        """All whom a person has been married to, and when."""
        return [
            (right if left == person else left, span) for left, right, span in self.marriages if person in {left, right}
        ]

    def _married(self, person: str, name: str, span: Span, year: int) -> bool:
        first, last = year_span(year)
        death = self.deaths.get(name, date.max)
        own = self.deaths.get(person, date.max)
        return span[0] <= min(last, death) and span[1] >= min(last, death) and death >= first and own >= first

    def died(self, person: str, year: int) -> bool:
        """Whether a person died in that year."""
        return person in self.deaths and self.deaths[person].year == year

    def separated(self, person: str, year: int) -> bool:
        """Whether a decree separates a person from a spouse at the close of a year."""
        for one in self.of("separated"):
            if not one.times:
                raise Doubt("separated without a date")
            both = names(one.args["p"])
            if person in both and one.times[0][1][0] <= year_span(year)[1]:
                later = [span for name, span in self.spouses(person) if span[0] > one.times[0][1][0]]
                return not any(span[0] <= year_span(year)[1] for span in later)
        return False

    # kin

    def _kin(self) -> Iterator[tuple[str, str, str, Span]]:
        """Who, relation, of whom, when; all kin with the words of children and parents as child."""
        for one in self.of("kin"):
            rel = re.sub(r"s$", "", one.args["rel"].replace("children", "child"))
            rel = {"surviving spouse": "spouse"}.get(rel, rel)
            span = one.times[0][1] if one.times else EVER
            for who in names(one.args["who"]):
                for of in names(one.args["p"]):
                    yield from _related(who, rel, of, (span[0], date.max))
        for one in self.of("parents"):
            for child in names(one.args["p"]):
                yield from ((child, "child", of, EVER) for of in names(one.args["who"]))
        for one in self.of("siblings"):
            left, right = names(one.args["p"])[:2]
            yield from _related(left, "sibling", right, EVER)
        for one in self.of("adopted"):
            for of in names(one.args["p"]):
                yield one.args["who"], "child", of, (one.times[0][1][0] if one.times else date.min, date.max)

    def related(self, who: str, rel: str, year: int) -> set[str]:
        """All whose ``rel`` (child, sibling, stepchild, stepsibling, or another word) ``who`` is, in a year."""
        return {of for one, word, of, span in self.kin if (one, word) == (who, rel) and span[0] <= year_span(year)[1]}

    def closure(self, who: str, year: int) -> set[str]:
        """All whose descendant ``who`` is."""
        found: set[str] = set()
        open_ = [who]
        while open_:
            for of in self.related(open_.pop(), "child", year) - found:
                found.add(of)
                open_.append(of)
        return found

    # homes

    def same_abode(self, one: str, other: str, year: int, late: date | None = None) -> tuple[int, int]:
        """On how many days of how many in a year (or from a day of it on) two persons share an abode."""
        first, last = year_span(year)
        first = late or first
        spans = [(group, self._clipped(span, first, last)) for group, span in self._groups()]
        total = (last - first).days + 1
        if not any(one in group for group, _ in spans) or not any(other in group for group, _ in spans):
            return 0, total
        return sum(1 for day in _days(first, last) if self._joined(one, other, day, spans)), total

    def _clipped(self, span: Span, first: date, last: date) -> Span:
        return max(span[0], first), min(span[1], last)

    def _joined(self, one: str, other: str, day: date, spans: list[tuple[set[str], Span]]) -> bool:
        if self.deaths.get(one, date.max) < day or self.deaths.get(other, date.max) < day:
            return False
        if any(self._away(name, day) for name in (one, other)):
            return False
        reached, grown = {one}, True
        groups = [group for group, span in spans if span[0] <= day <= span[1]]
        while grown:
            grown = False
            for group in groups:
                if group & reached and not group <= reached:
                    reached |= group
                    grown = True
        return other in reached

    def _away(self, person: str, day: date) -> bool:
        return any(person in names(a.args["p"]) and _covers(a, day) for a in self.of("apart one", "abode elsewhere"))

    def _groups(self) -> Iterator[tuple[set[str], Span]]:
        for one in self.of("abode", "abode begins", "abode kept", "keeps"):
            if one.kind == "keeps" and "other" not in one.args:
                continue
            members = set(names(one.args["p"])) | set(names(one.args.get("other", "")))
            members |= set(names(one.args["keeper"])) if one.kind == "abode kept" else set()
            span = one.times[0][1] if one.times else EVER
            yield members, (span[0], date.max) if one.kind == "abode begins" else span

    def keeps(self, person: str, year: int) -> bool:
        """Whether a person furnishes over half of the cost of a home in a year."""
        shares = []
        for one in self.about(person, year, "keeps", "abode", "abode kept", "abode begins", keys=("p", "keeper")):
            if one.args.get("half"):
                shares.append(Fraction(51 if one.args["half"] in {"over half", "more than half"} else 50))
            elif one.kind == "keeps" or one.args.get("keeper") == person:
                shares.append(Fraction(one.args["q"][1:]) if "q" in one.args else Fraction(100))
        if len(set(shares)) > 1:
            raise Doubt("two shares of the cost of a home")
        return bool(shares) and shares[0] > 50

    # money

    def income(self, person: str, year: int) -> Fraction:
        """Gross income of a year: what is stated, and what others paid."""
        atoms = self.about(person, year, "income", keys=("p",)) + [
            one for one in self.of("paid", "outstanding", "bonus", "disability pay")
            if one.args["payee"] == person and self.paid_in(one, year)
        ]  # fmt: skip
        if len(atoms) > 1 and any("whole" in one.args for one in atoms):
            raise Doubt("a gross income and what may be a part of it")
        total = Fraction(0)
        for one in atoms:
            if one.kind == "income" and any(span != EVER and span[0].year != span[1].year for _, span in one.times):
                raise Doubt("an income of several years")
            total += Fraction(one.args["m"][1:])
        return total

    def income_stated(self, person: str, year: int) -> bool:
        """Whether anything is said of a person's income in a year."""
        return bool(self.about(person, year, "income", "noincome", "paid", keys=("p", "payee")))

    def paid_in(self, one: Atom, year: int) -> bool:
        """Whether a payment was made in a year."""
        stated = [span for kind, span in one.times if kind == "in"] or [span for _, span in one.times]
        if not stated:
            raise Doubt("a payment without a date")
        span = stated[0]
        if span[0].year != span[1].year and span[0].year <= year <= span[1].year:
            raise Doubt("a payment for several years")
        return span[0].year == year

    def files(self, person: str, year: int) -> str:
        """``joint``, ``separate`` or "" where nothing is stated."""
        found = {one.kind for one in self.about(person, year, "joint", "separate", keys=("p", "other"))}
        if len(found) > 1:
            dated = {
                one.kind for one in self.about(person, year, "joint", "separate", keys=("p", "other")) if one.times
            }
            if len(dated) != 1:
                raise Doubt("joint and separate returns")
            return next(iter(dated))
        return next(iter(found), "")

    def during(self, person: str, year: int, kind: str) -> bool:
        """Whether an atom of a kind holds of a person at any time in a year."""
        return bool(self.about(person, year, kind))

    def age_at_close(self, person: str, year: int) -> int | None:
        """Age on the last day of a year; None where the birth is not stated."""
        span = self.births.get(person)
        return None if span is None else year - span[0].year


def _days(first: date, last: date) -> Iterator[date]:
    day = first
    while day <= last:
        yield day
        day += timedelta(1)


def _covers(one: Atom, day: date) -> bool:
    return not one.times or any(span[0] <= day <= span[1] for _, span in one.times)


def _lasting(one: Atom) -> Span:
    if not one.times:
        return EVER
    kind, span = one.times[0]
    return span if kind in {"span", "until"} else (span[0], date.max)


def _related(who: str, rel: str, of: str, span: Span) -> Iterator[tuple[str, str, str, Span]]:
    if rel in _CHILD:
        yield who, "child", of, span
    elif rel in _PARENT:
        yield of, "child", who, span
    elif rel in _SIBLING:
        yield who, "sibling", of, span
        yield of, "sibling", who, span
    elif rel in _STEP_CHILD:
        yield who, "stepchild", of, span
    elif rel in _STEP_PARENT:
        yield of, "stepchild", who, span
    elif rel in _STEP_SIBLING:
        yield who, "stepsibling", of, span
        yield of, "stepsibling", who, span
    elif rel not in _SPOUSE:
        yield who, rel, of, span
