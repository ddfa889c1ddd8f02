"""Answers one case: reads it, grounds it, decides by the policies; or says why not."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import msgspec

from proveout.errors import FactInvalid
from statutory.clauses import read_case
from statutory.excise import Employer, Service, services
from statutory.kin import Kin
from statutory.questions import Query, read_question
from statutory.tax import Taxpayer
from statutory.world import Doubt, World

if TYPE_CHECKING:
    from statutory.decide import Court

__all__ = ["Outcome", "answer_case"]

# Young, without income: an answer has to be the same whatever is assumed of persons of whom nothing is said. The first
# is the benchmark's own convention, that what is not stated is false.
_ASSUMED = ((False, True), (True, True), (False, False), (True, False))


class Outcome(msgspec.Struct, frozen=True):
    """An answer.

    Attributes:
        guess: ``Entailment``, ``Contradiction``, an amount, or "" for none; of what was understood.
        understood: share of the sentences that were.
        sentences: how many there are.
        reason: why there is no answer; "" where there is one.
        proofs: how many proofs it stands on, all accepted.
        rules: the provisions that decided, in order.
    """

    guess: str
    understood: float
    sentences: int
    reason: str
    proofs: int = 0
    rules: tuple[str, ...] = ()


def answer_case(text: str, question: str, court: Court) -> Outcome:
    """The answer to a question about a case; it counts as given only where ``reason`` is empty."""
    reading = read_case(text)
    court.start()
    understood = (reading.sentences - len(reading.unread)) / max(1, reading.sentences)
    reason = f"not understood: {reading.unread[0]}" if reading.unread else ""
    try:
        query = read_question(question)
        guesses = [_answer(World(reading, assume_young=a, assume_poor=b), query, court) for a, b in _ASSUMED]
    except (Doubt, FactInvalid) as doubt:
        return Outcome("", understood, reading.sentences, reason or str(doubt))
    guess = guesses[0]
    if len(set(guesses)) > 1:
        reason = reason or "depends on an age or an income that is not stated"
    return Outcome(guess, understood, reading.sentences, reason, court.accepted, tuple(court.rules))


def _answer(world: World, query: Query, court: Court) -> str:
    if not query.people:
        raise Doubt("the question names nobody")
    group = query.section.partition("_")[0]
    if not query.section:
        return str(_whole_tax(world, query, court))
    if group not in _GROUPS:
        raise Doubt("no policy for this section")
    found = _GROUPS[group](world, query, court)
    return "Entailment" if found else "Contradiction"


def _whole_tax(world: World, query: Query, court: Court) -> int:
    person, year = query.people[0], query.year
    taxpayer = Taxpayer(world, court, person, year)
    if taxpayer.joint and any(one.payer == taxpayer.mate for one in services(world)):
        raise Doubt("the spouse is an employer")
    tax = court.amount("income-tax", taxpayer.facts() | {"asked": "tax"})
    employer = Employer(world, court, person, year)
    excise = court.amount("excise", employer.facts() | {"asked": "tax"}) if employer.services else 0
    return tax + excise


def _income(world: World, query: Query, court: Court) -> bool:
    taxpayer = Taxpayer(world, court, query.people[0], _year(world, query))
    if query.section != "151_c" and set(query.people[1:]) - {taxpayer.mate}:
        raise Doubt("the question: a person whose part is not modelled")
    facts = taxpayer.facts() | {"asked": query.section} | _claim(query)
    if query.section.startswith("1_"):
        parts = query.section.split("_")
        if set(parts[2:]) - {"i", "ii", "iii", "iv", "v"}:
            raise Doubt("the question: a paragraph of section 1")
        facts |= {"asked": "1", "schedule": parts[1], "bracket": (parts[2:] or ["any"])[0]}
    if query.section == "151_b" and taxpayer.mate in query.people:
        facts["for_spouse"] = True
    if query.section == "151_c" and len(query.people) > 1:
        facts["claims_this_dependent"] = taxpayer.kin.entitled(query.people[0], query.people[1])
    return court.counted(facts)[0] == "applies"


def _claim(query: Query) -> dict[str, object]:
    at_most = {"at_most": True} if query.at_most else {}
    return {"claims": True, "claimed": query.amount} | at_most if query.amount else {}


def _dependents(world: World, query: Query, court: Court) -> bool:
    who = next((one for one in query.people if one != query.taxpayer), "")
    taxpayer = query.taxpayer
    others = [one for one in world.people if one != who]
    if not taxpayer and query.section.startswith(("152_b", "152_c_1_E", "152_d_1_B")):
        taxpayer = others[0] if others else ""
    elif not taxpayer:
        taxpayer = others[0] if len(others) == 1 else ""
    if not who or not taxpayer:
        raise Doubt("the question: whose dependent")
    return Kin(world, court, _year(world, query)).asked(query.section, who, taxpayer)


def _year(world: World, query: Query) -> int:
    """The year asked for; without one, that of the last thing that begins."""
    if query.year:
        return query.year
    years = [span[0].year for one in world.atoms for _, span in one.times]
    if not years:
        raise Doubt("the question: which year")
    return max(years)


def _excise(world: World, query: Query, court: Court) -> bool:
    year = _year(world, query)
    if query.section.startswith(("3306_b", "3306_c")):
        one = _service(world, query)
        employer = Employer(world, court, one.payer, year)
        facts = employer.service_facts(one, year)
        if query.section in {"3306_b_1", "3306_b_10_B"}:
            raise Doubt("the question: which part of a payment")
    else:
        facts = Employer(world, court, query.people[0], year).facts() | _claim(query)
    return court.decide("excise", facts | {"asked": query.section}) == "applies"


def _service(world: World, query: Query) -> Service:
    """The one payment or employment that the question means."""
    found = [
        one for one in services(world)
        if set(query.people) <= {one.payer, one.payee, one.atom.args.get("payee", "")} and _at(world, one, query)
    ]  # fmt: skip
    if query.section.startswith("3306_b"):
        found = [one for one in found if one.atom.kind != "employed"]
        if len(query.people) > 1 or len(found) > 1:
            found = [one for one in found if one.payer == query.people[0]]
        if query.amount:
            found = [one for one in found if one.amount == Fraction(query.amount)]
        for word in ("fund", "insurance"):
            if word in query.text:
                found = [one for one in found if one.atom.kind == word]
    if len({(one.payer, one.payee, one.purpose, one.atom.place) for one in found}) != 1:
        raise Doubt("the question: which payment or employment")
    if query.section.startswith("3306_b") and len(found) > 1:
        raise Doubt("the question: which payment")
    return found[0]


def _at(world: World, one: Service, query: Query) -> bool:
    return not query.year or world.holds(one.atom, query.year)


_GROUPS = dict.fromkeys(("1", "2", "63", "68", "151", "7703"), _income) | {
    "152": _dependents,
    "3301": _excise,
    "3306": _excise,
}
