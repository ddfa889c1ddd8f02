"""From facts to a customer's message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proveout.demo._chance import chance
from proveout.demo._facts import PHYSICAL
from proveout.demo._wording import ago, day_and_month, mistyped, money, number_words, span

if TYPE_CHECKING:
    import random
    from datetime import date

    from proveout.demo._facts import Category, Facts, Reason

    Phrases = dict[str, Any]

__all__ = ["write_message"]

_DAYS = ("days_since_delivery", "days_since_order", "days_late")
_ENDS = (".", "!", "?", ":)")
# What is no parcel is neither dented nor sent back.
_INTANGIBLE: dict[tuple[Reason | None, Category | None], str] = {
    ("damaged", "digital"): "faulty_file",
    ("damaged", "gift_card"): "faulty_file",
    ("changed_mind", "digital"): "unwanted_file",
    ("changed_mind", "gift_card"): "unwanted_card",
}
_TYPED_IN_A_HURRY = {"email": 0.15, "chat": 0.4, "app": 0.3}
_LOWER_CASE = {"email": 0.03, "chat": 0.35, "app": 0.2}


def write_message(facts: Facts, *, today: date, channel: str, phrases: Phrases, rng: random.Random) -> str:
    """A message that states the facts that are known, in one of the registers of ``phrases``, and no others.

    Args:
        facts: what the customer says.
        today: the day of writing.
        channel: ``email``, ``chat`` or ``app``; chat is typed faster.
        phrases: the content of ``desk/phrases.json``.
        rng: the only source of variation.
    """
    registers = phrases["registers"]
    register = rng.choices(list(registers), [one["weight"] for one in registers.values()])[0]
    style = "terse" if register == "terse" else "full"
    told = [name for name in facts.stated() if name not in {"reason", "category"}]
    rng.shuffle(told)
    clauses = [_fact(name, facts, style, today, phrases, rng) for name in told]
    for aside in _asides(facts, registers[register], phrases, rng):
        clauses.insert(rng.randint(0, len(clauses)), aside if style == "terse" else _ended(aside))
    lead = _lead(facts, style, phrases, rng)
    body = _joined([lead, *clauses], register, rng)
    return _signed(body, registers[register], channel, rng)


def _lead(facts: Facts, style: str, phrases: Phrases, rng: random.Random) -> str:
    item = rng.choice(phrases["items"][facts.category or "none"])
    kind: str = _INTANGIBLE.get((facts.reason, facts.category), facts.reason or "none")
    options = phrases["reason"][kind][style]
    if kind == "damaged" and style == "full":
        options = options + phrases["damage"][facts.category or "none"]
    return str(rng.choice(options).format(item=item))


def _fact(name: str, facts: Facts, style: str, today: date, phrases: Phrases, rng: random.Random) -> str:
    node = phrases[name]
    for step in _path(name, facts):
        node = node[step]
    value = getattr(facts, name)
    options = node[style] if isinstance(node, dict) else node
    if name in _DAYS:
        return _dated(options, value, today, rng)
    number = number_words(value) if name == "refunds_this_year" and chance(0.4, rng) else value
    price = money(value, rng) if name == "price" else ""
    return str(rng.choice(options).format(n=number, price=price))


def _path(name: str, facts: Facts) -> tuple[str, ...]:
    """Where the phrases of a fact stand below its name."""
    value = getattr(facts, name)
    paths = {
        "opened": (facts.category or "none", str(value).lower()),
        "downloaded": (str(value).lower(),),
        "days_late": ("some" if value else "zero",),
        "injury": (facts.category or "none",),
        "tracking": (value,),
        "shipping": (value,),
        "member": (value,),
    }
    return paths.get(name, ())


def _dated(options: list[str], days: int, today: date, rng: random.Random) -> str:
    if not days:
        # "for 0 days" is nothing anybody writes.
        options = [one for one in options if "{span}" not in one and "{date}" not in one]
    past, now = day_and_month(today, days, rng)
    return rng.choice(options).format(ago=ago(days, rng), span=span(days, rng), date=past, today=now)


def _asides(facts: Facts, register: dict[str, Any], phrases: Phrases, rng: random.Random) -> list[str]:
    """Chatter of the register, and remarks that sound like facts of this case and are none."""
    traps = phrases["traps"]
    possible = {
        "no_member": facts.member == "none",
        "no_final_sale": facts.reason == "changed_mind" and not facts.final_sale,
        "no_photo": facts.reason == "damaged" and facts.category in PHYSICAL and not facts.photo,
        "no_injury": facts.reason == "damaged" and facts.category in PHYSICAL and not facts.injury,
        "no_legal": not facts.legal_threat,
        "no_refunds": facts.refunds_this_year == 0,
    }
    found = [rng.choice(traps[name]) for name, fits in possible.items() if fits and chance(0.1, rng)]
    found += rng.sample(traps["always"], rng.choice([0, 0, 1, 1, 2]))
    if chance(0.5, rng):
        found.append(rng.choice(register["chatter"]))
    return [_filled(one, rng) for one in found]


def _filled(remark: str, rng: random.Random) -> str:
    return remark.format(
        ago=ago(rng.randint(3, 90), rng),
        price=money(float(rng.randint(15, 900)), rng),
        years=rng.randint(2, 15),
        order=f"#{rng.randint(10_000, 99_999)}",
        two=rng.randint(10, 99),
        age=rng.randint(25, 70),
        floor=rng.choice(["second", "third", "fourth", "5th", "9th"]),
        calls=rng.choice(["two", "three", "4", "5"]),
        day=rng.choice(["2nd", "9th", "14th", "21st", "30th"]),
    )


def _joined(clauses: list[str], register: str, rng: random.Random) -> str:
    """Clauses as running text; some neighbours share a sentence."""
    if register == "terse":
        return rng.choice([". ", ", ", " - ", "; "]).join(clauses)
    text = clauses[0]
    for clause in clauses[1:]:
        if not text.endswith(_ENDS) and not clause.endswith(_ENDS) and chance(0.4, rng):
            text += rng.choice([" and ", ", and ", ", ", " - "]) + clause
        else:
            text = f"{_ended(text)} {_capital(clause)}"
    return _ended(_capital(text))


def _signed(body: str, register: dict[str, Any], channel: str, rng: random.Random) -> str:
    opening, request, closing = (rng.choice(register[part]) for part in ("openings", "requests", "closings"))
    if request:
        request = _capital(request) if body.endswith(_ENDS) else request
        body = f"{body}{' ' if body.endswith(_ENDS) else rng.choice(['. ', ', '])}{request}"
    if chance(_TYPED_IN_A_HURRY[channel], rng):
        body = mistyped(body, rng)
    comma = "" if not opening or opening.endswith(_ENDS) else ","
    gap = "\n\n" if channel == "email" and opening and closing else " "
    text = gap.join(part for part in (opening + comma, body, closing) if part)
    return text.lower() if chance(_LOWER_CASE[channel], rng) else text


def _ended(text: str) -> str:
    return text if text.endswith(_ENDS) else f"{text}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
