"""Several readers, one reading: agreement gives a fact, disagreement a question."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from proveout.families.symbolic.facts._types import Ambiguity, FactReading, ReadFact

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from proveout.families.symbolic.facts._types import FactReader, Said, Value
    from proveout.families.symbolic.policy import Fact

    Saids = Mapping[str, Mapping[str, Said]]

__all__ = ["ReaderTrust", "combine", "measure_trust", "read_facts"]

LEVEL = 0.98
LEVELS = (0.9, 0.95, 0.98, 0.99, 1.0)
LEAST_ROWS = 5


class ReaderTrust(msgspec.Struct, frozen=True, kw_only=True):
    """How often a reader is right when it states a fact alone, on the SelectSplit.

    Attributes:
        level: share right from which a reader is believed alone.
        right: by reader and fact, rows where the value that it alone gave was right.
        given: by reader and fact, rows where it alone gave a value.
    """

    level: float = LEVEL
    right: dict[str, dict[str, int]] = {}
    given: dict[str, dict[str, int]] = {}

    def believes(self, reader: str, fact: str) -> bool:
        """Whether the reader may state the fact alone; where it did so in few rows, all facts together count.

        Example:
            >>> trust = ReaderTrust(right={"patterns": {"price": 99}}, given={"patterns": {"price": 100}})
            >>> trust.believes("patterns", "price"), trust.believes("learned", "price")
            (True, False)
        """
        given, right = self.given.get(reader, {}), self.right.get(reader, {})
        if given.get(fact, 0) >= LEAST_ROWS:
            return right.get(fact, 0) >= self.level * given[fact]
        total = sum(given.values())
        return total >= LEAST_ROWS and sum(right.values()) >= self.level * total


def combine(said: Saids, facts: Sequence[Fact], trust: ReaderTrust | None = None) -> FactReading:
    """What the readers make of a text together.

    A fact is given when two readers state the same value and none another, or when one states it, no other says
    otherwise, and it is trusted alone. A fact that any reader states or doubts and that is not given is ambiguous. A
    single reader has nobody to agree with, so without ``trust`` it is believed where it is not in doubt itself.

    Args:
        said: by reader, what it says of each fact.
        facts: of the policy; what is not stated of a closed one is its default.
        trust: of the readers; None when nothing was measured.

    Example:
        >>> from proveout.families.symbolic.facts._types import Said
        >>> from proveout.families.symbolic.policy import Fact
        >>> one, other = (Said(verdict="value", values=(value,)) for value in (True, False))
        >>> combine({"a": {"opened": one}, "b": {"opened": other}}, [Fact(name="opened", type="boolean")]).ambiguous
        (Ambiguity(fact='opened', candidates=(True, False)),)
    """
    found: dict[str, ReadFact] = {}
    unsure: list[Ambiguity] = []
    for fact in facts:
        spoken = {name: one[fact.name] for name, one in said.items() if fact.name in one}
        if not spoken:
            continue
        claims = _claims(fact, spoken)
        if _is_settled(fact, spoken, claims, trust, len(said)):
            value = next(iter(claims), None)
            if value is not None:
                found[fact.name] = _fact(value, claims[value], spoken)
        else:
            unsure.append(Ambiguity(fact.name, _candidates(fact, spoken)))
    return FactReading(found, tuple(unsure))


def _claims(fact: Fact, spoken: Mapping[str, Said]) -> dict[Value | None, list[str]]:
    """By value, the readers that are sure of it; None for "it is not stated", which a closed default says too."""
    claims: dict[Value | None, list[str]] = {}
    for reader, one in spoken.items():
        if one.verdict != "doubt":
            value = one.values[0] if one.verdict == "value" else None
            is_default = fact.world == "closed" and value == fact.default
            claims.setdefault(None if is_default else value, []).append(reader)
    return claims


def _is_settled(
    fact: Fact,
    spoken: Mapping[str, Said],
    claims: Mapping[Value | None, Sequence[str]],
    trust: ReaderTrust | None,
    readers: int,
) -> bool:
    doubting = [one for one in spoken.values() if one.verdict == "doubt"]
    if len(claims) != 1:
        return not claims and not doubting
    value, agreed = next(iter(claims.items()))
    if len(agreed) > 1 or readers == 1:
        return not any(value not in one.values and one.values for one in doubting)
    if value is None:
        return not doubting
    return trust is not None and trust.believes(agreed[0], fact.name)


def _fact(value: Value, agreed: Sequence[str], spoken: Mapping[str, Said]) -> ReadFact:
    span = next((spoken[reader].span for reader in agreed if spoken[reader].span), None)
    return ReadFact(value, span, tuple(agreed))


def _candidates(fact: Fact, spoken: Mapping[str, Said]) -> tuple[Value, ...]:
    values = [value for one in spoken.values() for value in one.values]
    if fact.world == "closed" and fact.default is not None and any(one.verdict == "nothing" for one in spoken.values()):
        values.append(fact.default)
    return tuple(dict.fromkeys(values))


def read_facts(
    readers: Sequence[FactReader],
    text: str,
    facts: Sequence[Fact],
    *,
    today: date | None = None,
    trust: ReaderTrust | None = None,
) -> FactReading:
    """The facts that a text states, as far as the readers agree.

    Args:
        readers: that read it, each by itself.
        text: of one input.
        facts: of the policy.
        today: the day it was written, where known.
        trust: of the readers, from `measure_trust`.

    Example:
        >>> from proveout.families.symbolic.facts import PatternReader
        >>> from proveout.families.symbolic.policy import Fact
        >>> facts = [Fact(name="price", type="money", unit="USD")]
        >>> reader = PatternReader(b'facts: {price: {amount: ["{money}"]}}', facts)
        >>> reading = read_facts([reader], "It was $24.99", facts)
        >>> reading.facts["price"].value, reading.facts["price"].span
        (Fraction(2499, 100), (7, 13))
    """
    return combine({reader.name: reader.read(text, today) for reader in readers}, facts, trust)


def measure_trust(
    readers: Sequence[FactReader],
    rows: Sequence[tuple[str, Mapping[str, Any]]],
    facts: Sequence[Fact],
    joint: float = LEVEL,
) -> ReaderTrust:
    """How often each reader is right alone, and the least level at which the readings keep a promise.

    The level is the least of `LEVELS` at which, of the rows with nothing ambiguous, a share ``joint`` has every fact
    right; the strictest where none does.

    Args:
        readers: to measure.
        rows: of the SelectSplit: texts with the facts they state.
        facts: of the policy.
        joint: share of rows.
    """
    said = [{reader.name: reader.read(text, None) for reader in readers} for text, _ in rows]
    wanted = [{fact.name: given.get(fact.name, fact.default) for fact in facts} for _, given in rows]
    counted = ReaderTrust(right=_tally(said, wanted, facts, right=True), given=_tally(said, wanted, facts, right=False))
    for level in LEVELS:
        trust = msgspec.structs.replace(counted, level=level)
        judged = [
            _is_right(reading, one, facts)
            for row, one in zip(said, wanted, strict=True)
            if not (reading := combine(row, facts, trust)).ambiguous
        ]
        if judged and sum(judged) >= joint * len(judged):
            return trust
    return msgspec.structs.replace(counted, level=LEVELS[-1])


def _is_right(reading: FactReading, wanted: Mapping[str, Value | None], facts: Sequence[Fact]) -> bool:
    read = {fact.name: reading.facts[fact.name].value if fact.name in reading.facts else fact.default for fact in facts}
    return read == wanted


def _tally(
    said: Sequence[Saids], wanted: Sequence[Mapping[str, Value | None]], facts: Sequence[Fact], *, right: bool
) -> dict[str, dict[str, int]]:
    """By reader and fact, rows where it alone gave a value; only those where that was right, if asked for them."""
    counts: dict[str, dict[str, int]] = {name: {} for row in said[:1] for name in row}
    for row, truth in zip(said, wanted, strict=True):
        for fact in facts:
            claims = _claims(fact, {name: one[fact.name] for name, one in row.items() if fact.name in one})
            alone = [(value, names[0]) for value, names in claims.items() if len(claims) == len(names) == 1]
            for value, name in alone:
                if value is not None and (not right or value == truth[fact.name]):
                    counts[name][fact.name] = counts[name].get(fact.name, 0) + 1
    return counts
