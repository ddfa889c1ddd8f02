"""Contrast rows of the desk: two messages that differ in the words for one fact, and the right decision of both."""

from __future__ import annotations

import random
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from proveout.demo._messages import write_message
from proveout.demo._reference import decide
from proveout.demo._scenarios import TARGETS, draw_facts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from proveout.demo._facts import Facts

    Phrases = dict[str, Any]
    # Facts before and after, factor, role, and both texts.
    Pair = tuple[Facts, Facts, str, str, str, str]

__all__ = ["ContrastLine", "contrast_lines"]

# What is changed, from what to what, and how many pairs there are of it. Numbers straddle a threshold of the policy; no
# number of days is one of whole weeks, which take one draw more to write.
CHANGES: tuple[tuple[str, Any, Any, int], ...] = (
    ("days_since_delivery", 30, 31, 14),
    ("days_since_delivery", 60, 61, 14),
    ("days_since_delivery", 13, 15, 8),
    ("days_since_order", 13, 15, 8),
    ("days_since_order", 20, 22, 8),
    ("price", 400.0, 401.0, 12),
    ("refunds_this_year", 4, 5, 10),
    ("opened", False, True, 12),
    ("downloaded", False, True, 8),
    ("member", "gold", "silver", 10),
    ("tracking", "in_transit", "lost", 8),
    ("tracking", "delivered", "lost", 6),
)
REWORDED = 24
NAMED = 16
LONGEST_CHANGE = 14
TRIES = 4000
WOMEN = ("Emma", "Anna", "Maria", "Fatima")
MEN = ("James", "Daniel", "Omar", "Peter")
_CHANNEL = "email"
_DAY = date(2025, 9, 12)


class ContrastLine(NamedTuple):
    """One line of ``contrast.csv``; ``pair`` is empty in the message that others were made from."""

    id: str
    pair: str
    factor: str
    role: str
    value: str
    text: str
    decision: str
    rule: str
    facts: str


def contrast_lines(seed: int, phrases: Phrases, taken: set[str]) -> Iterator[ContrastLine]:
    """Pairs of messages, none of whose texts is in ``taken``, lower-cased and with single spaces.

    Both messages of a pair are written from the same state of the generator, so that they share all words but those
    for the fact that was changed; a pair that differs in more is thrown away.
    """
    rng = random.Random(f"contrast {seed}")  # noqa: S311  messages are made up, nothing is kept secret
    found: list[Pair] = []
    for name, old, new, count in CHANGES:
        found += _pairs(count, partial(_changed, name, old, new, phrases, rng), taken)
    found += _pairs(REWORDED, partial(_reworded, phrases, rng), taken)
    found += _pairs(NAMED, partial(_signed, phrases, rng), taken)
    for number, (before, after, factor, role, first, second) in enumerate(found, start=1):
        base = f"c{number:03d}a"
        yield _line(base, "", (factor, role), before, first)
        yield _line(f"c{number:03d}b", base, (factor, role), after, second)


def _pairs(count: int, draw: Callable[[], Pair | None], taken: set[str]) -> list[Pair]:
    found: list[Pair] = []
    for _ in range(TRIES):
        pair = draw()
        if pair is not None and not any(_key(text) in taken for text in pair[4:]):
            taken.update(_key(text) for text in pair[4:])
            found.append(pair)
        if len(found) == count:
            break
    return found


def _key(text: str) -> str:
    return " ".join(text.casefold().split())


def _changed(name: str, old: Any, new: Any, phrases: Phrases, rng: random.Random) -> Pair | None:
    """A pair whose right decisions differ, or None where this draw gives none."""
    drawn = draw_facts(rng.choice(list(TARGETS)), rng)
    if getattr(drawn, name) is None or (isinstance(old, str) and getattr(drawn, name) != old):
        return None
    before, after = (msgspec.structs.replace(drawn, **{name: value}) for value in (old, new))
    if decide(before).decision == decide(after).decision or not _is_possible(before) or not _is_possible(after):
        return None
    texts = _twice((before, phrases), (after, phrases), rng)
    return texts and (before, after, name, "causal", *texts)


def _is_possible(facts: Facts) -> bool:
    """Whether the parcel was ordered before it came."""
    ordered, came = facts.days_since_order, facts.days_since_delivery
    return ordered is None or came is None or ordered > came


def _reworded(phrases: Phrases, rng: random.Random) -> Pair | None:
    """A pair that says one fact in two ways."""
    facts = draw_facts(rng.choice(list(TARGETS)), rng)
    told = [name for name in facts.stated() if name in phrases and name not in {"reason", "category"}]
    if not told:
        return None
    name = rng.choice(told)
    other = {**phrases, name: _turned(phrases[name])}
    texts = _twice((facts, phrases), (facts, other), rng)
    return texts and (facts, facts, "wording", "non-causal", *texts)


def _turned(options: Any) -> Any:
    """Each list of phrases with its first at the end: the same draw takes another one of them."""
    if isinstance(options, dict):
        return {name: _turned(inner) for name, inner in options.items()}
    return [*options[1:], *options[:1]]


def _signed(phrases: Phrases, rng: random.Random) -> Pair:
    """A pair of messages signed by two first names."""
    facts = draw_facts(rng.choice(list(TARGETS)), rng)
    text, _ = _written(facts, phrases, rng.randrange(2**32))
    women, men = rng.choice(WOMEN), rng.choice(MEN)
    return (facts, facts, "first_name", "protected", f"{text} {women}", f"{text} {men}")


def _twice(one: tuple[Facts, Phrases], other: tuple[Facts, Phrases], rng: random.Random) -> tuple[str, str] | None:
    """Two texts that share all words but one run, or None where the generators went apart on the way."""
    state = rng.randrange(2**32)
    (first, here), (second, there) = _written(*one, state), _written(*other, state)
    return (first, second) if here == there and _differ_once(first, second) else None


def _written(facts: Facts, phrases: Phrases, state: int) -> tuple[str, float]:
    """A message, and the number that the generator would give next."""
    rng = random.Random(state)  # noqa: S311  as above
    return write_message(facts, today=_DAY, channel=_CHANNEL, phrases=phrases, rng=rng), rng.random()


def _differ_once(first: str, second: str) -> bool:
    """Whether two texts share all words but one run of them."""
    one, other = first.split(), second.split()
    if one == other:
        return False
    shortest = min(len(one), len(other))
    head = next((at for at in range(shortest) if one[at] != other[at]), shortest)
    tail = next((at for at in range(shortest - head) if one[-1 - at] != other[-1 - at]), shortest - head)
    return max(len(one), len(other)) - head - tail <= LONGEST_CHANGE


def _line(name: str, pair: str, edited: tuple[str, str], facts: Facts, text: str) -> ContrastLine:
    decision, rule = decide(facts)
    factor, role = edited
    value = getattr(facts, factor, None)
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else ""
    stated = msgspec.json.encode(facts.stated()).decode()
    return ContrastLine(name, pair, factor, role, str(number), text, decision, rule, stated)
