"""Answers one case: reads it, grounds it, decides by the policies; or says why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from statutory.clauses import Reading, read_case
from statutory.kin import Kin
from statutory.questions import Query, read_question
from statutory.tax import Taxpayer
from statutory.world import Doubt, World

if TYPE_CHECKING:
    from statutory.decide import Court

__all__ = ["Outcome", "answer_case"]


class Outcome(msgspec.Struct, frozen=True):
    """An answer.

    Attributes:
        guess: ``Entailment``, ``Contradiction``, an amount, or "" for none; of what was understood.
        understood: share of the sentences that were.
        reason: why there is no answer; "" where there is one.
        proofs: how many proofs it stands on, all accepted.
        rules: the provisions that decided, in order.
    """

    guess: str
    understood: float
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
        guess = _answer(reading, query, court)
    except Doubt as doubt:
        return Outcome("", understood, reason or str(doubt))
    return Outcome(guess, understood, reason, court.accepted, tuple(court.rules))


def _answer(reading: Reading, query: Query, court: Court) -> str:
    world = World(reading)
    if not query.people:
        raise Doubt("the question names nobody")
    group = query.section.partition("_")[0]
    if not query.section:
        return str(_whole_tax(world, query, court))
    found = _GROUPS[group](world, query, court)
    return "Entailment" if found else "Contradiction"


def _whole_tax(world: World, query: Query, court: Court) -> int:
    facts = Taxpayer(world, court, query.people[0], query.year).facts()
    return court.amount("income-tax", facts | {"asked": "tax"})


def _income(world: World, query: Query, court: Court) -> bool:
    taxpayer = Taxpayer(world, court, query.people[0], _year(world, query))
    facts = taxpayer.facts() | {"asked": query.section} | _claim(query)
    if query.section.startswith("1_"):
        parts = query.section.split("_")
        if set(parts[2:]) - {"i", "ii", "iii", "iv", "v"}:
            raise Doubt("the question: a paragraph of section 1")
        facts |= {"asked": "1", "schedule": parts[1], "bracket": (parts[2:] or ["any"])[0]}
    if query.section == "151_c" and len(query.people) > 1:
        facts["claims_this_dependent"] = taxpayer.kin.entitled(query.people[0], query.people[1])
    return court.counted(facts)[0] == "applies"


def _claim(query: Query) -> dict[str, object]:
    return {"claims": True, "claimed": query.amount, "at_most": query.at_most} if query.amount else {}


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


_GROUPS = dict.fromkeys(("1", "2", "63", "68", "151", "7703"), _income) | {"152": _dependents}
