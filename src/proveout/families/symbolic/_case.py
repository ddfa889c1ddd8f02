"""The facts of one case: input fields that are facts, and what readers make of the rest."""

from __future__ import annotations

from datetime import date, datetime
from itertools import islice, product
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import FactInvalid
from proveout.families.symbolic.facts import FactReading, plain_value, read_facts
from proveout.task import input_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from proveout.families.symbolic.facts import FactReader, ReaderTrust
    from proveout.families.symbolic.policy import Policy

__all__ = ["Case", "CaseReader", "Place"]

Json = dict[str, Any]
# Readings of an ambiguous text that are decided one by one.
MOST_READINGS = 16


class Place(msgspec.Struct, frozen=True):
    """Where a fact was read: characters of the text, end exclusive, and the readers that agree."""

    span: tuple[int, int] | None
    readers: tuple[str, ...]


class Case(msgspec.Struct, frozen=True):
    """What is known of a case.

    Attributes:
        facts: stated facts as JSON values.
        places: of those that were read in the text.
        ambiguous: of facts to confirm, the values they may have; None for not stated.
        text: that was read.
        day: of the case, where the task names the field that holds it.
    """

    facts: Json
    places: dict[str, Place] = {}
    ambiguous: dict[str, tuple[Any, ...]] = {}
    text: str = ""
    day: date | None = None

    @property
    def weak(self) -> bool:
        """Whether a fact stands on one reader alone."""
        return any(len(place.readers) == 1 for place in self.places.values())

    def unconfirmed(self) -> Json:
        """The facts, those to confirm unknown; one that may not be stated at all is left out."""
        return self.facts | {name: None for name, values in self.ambiguous.items() if None not in values}

    def readings(self) -> list[Json]:
        """Each way to settle what is ambiguous, likeliest first; none where there are too many or no candidates."""
        sizes = 1
        for values in self.ambiguous.values():
            sizes *= len(values)
        if not self.ambiguous or not 0 < sizes <= MOST_READINGS:
            return []
        ways = islice(product(*self.ambiguous.values()), MOST_READINGS)
        settled = [dict(zip(self.ambiguous, way, strict=True)) for way in ways]
        return [self.facts | {name: value for name, value in one.items() if value is not None} for one in settled]


class CaseReader:
    """Reads inputs of one task as facts of its policy.

    Args:
        policy: whose facts these are.
        fields: input fields of the task, sorted.
        readers: of text; none where the fields are the facts.
        trust: of the readers, measured on the SelectSplit.
        day: input field with the day of the case; "" for none.
    """

    def __init__(
        self,
        policy: Policy,
        fields: Sequence[str],
        readers: Sequence[FactReader],
        trust: ReaderTrust | None = None,
        day: str = "",
    ) -> None:
        names = {fact.name for fact in policy.facts}
        self._facts = policy.facts
        # A fact to confirm may not be stated at all: it is then unknown, or its default in a closed world.
        self._unstated = {
            fact.name: None if fact.default is None else plain_value(fact.default) for fact in policy.facts
        }
        self._given = [field for field in fields if field in names]
        self._read = [field for field in fields if field not in names and field != day]
        self._readers, self._trust, self._day = readers, trust, day

    def text(self, inputs: Mapping[str, Any]) -> str:
        """The fields that are no facts, as one text."""
        return input_text(self._read, inputs) if self._read else ""

    def case(self, inputs: Mapping[str, Any]) -> Case:
        """The facts of one input.

        Raises:
            FactInvalid: the day is no date.
        """
        text, day = self.text(inputs), self._today(inputs)
        given = {field: inputs[field] for field in self._given if inputs.get(field) is not None}
        if not self._readers:
            return Case(given, {}, {}, text, day)
        reading = read_facts(self._readers, text, self._facts, today=day, trust=self._trust)
        return self._joined(given, reading, text, day)

    def _today(self, inputs: Mapping[str, Any]) -> date | None:
        value = inputs.get(self._day) if self._day else None
        if value is None or value == "":
            return None
        try:
            return datetime.fromisoformat(str(value)).date()
        except ValueError as error:
            fix = "write it as 2026-01-31"
            raise FactInvalid("no day", why=f"{str(value)[:40]!r}: {error}", fix=fix, about=self._day) from error

    def _joined(self, given: Json, reading: FactReading, text: str, day: date | None) -> Case:
        """Fields and text together: where they contradict each other, the fact is to confirm."""
        read = {name: plain_value(fact.value) for name, fact in reading.facts.items()}
        unsure = {
            one.fact: self._candidates(one.fact, [plain_value(value) for value in one.candidates])
            for one in reading.ambiguous
            if one.fact not in given
        }
        for name in given.keys() & read.keys():
            if given[name] != read[name]:
                unsure[name] = (given[name], read[name])
        sure = {name: value for name, value in {**read, **given}.items() if name not in unsure}
        places = {
            name: Place(fact.span, fact.readers)
            for name, fact in reading.facts.items()
            if name in sure and name not in given
        }
        return Case(sure, places, unsure, text, day)

    def _candidates(self, name: str, values: list[Any]) -> tuple[Any, ...]:
        return tuple(dict.fromkeys([*values, self._unstated[name]]))
