"""Values of slots as types: dates, times, money, numbers and durations."""

from __future__ import annotations

from datetime import date  # noqa: TC003  callers resolve the annotations
from typing import TYPE_CHECKING, Any, Self

import msgspec

from proveout.families.modular.micro._days import DayReader, Moment, Order, Prefer
from proveout.families.modular.micro._kinds import MicroModel, Parameters, checked_parameters, micro_kind
from proveout.families.modular.micro._types import Slot, Slots, Value, ValueKind, Values
from proveout.families.symbolic.facts._grammars import amounts
from proveout.families.symbolic.facts._numbers import number_at
from proveout.families.symbolic.facts._words import words_of
from proveout.task import canonical_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from fractions import Fraction
    from pathlib import Path

    from proveout.families.modular.micro._encoders import Encoders
    from proveout.families.modular.micro._kinds import MicroRun
    from proveout.families.modular.micro._rows import MicroRows

    Read = Callable[["NormaliseModel", Slot, date | None], Value | None]

__all__ = ["NormaliseKind", "NormaliseModel", "NormaliseParameters"]

STATE = "normalise.json"
DAYS = frozenset({"date", "time", "datetime"})
# Parts of a day in which durations shorter than one are said; the grammars know none below an hour.
SHORT = {
    word: (unit, parts)
    for unit, parts, words in (
        ("minute", 1440, ("minute", "minutes", "min", "mins")),
        ("second", 86400, ("second", "seconds", "sec", "secs")),
    )
    for word in words
}
UNITS = (("day", 1), ("hour", 24), ("minute", 1440), ("second", 86400))


class NormaliseParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of kind ``normalise``.

    Attributes:
        kinds: of each slot's values; slots that are not named stay text.
        languages: ISO codes of the languages that dates are written in; the other kinds are read in English.
        prefer: which day is meant where one comes round, as a weekday does.
        order: of the numbers in ``4/3/2026``.
    """

    kinds: dict[str, ValueKind] = msgspec.field(default_factory=dict)
    languages: tuple[str, ...] = ("en",)
    prefer: Prefer = "future"
    order: Order = "MDY"


class NormaliseModel:
    """Reads the value of each slot as the type its slot has."""

    def __init__(self, parameters: NormaliseParameters) -> None:
        self._parameters = parameters
        self.days = (
            DayReader(parameters.languages, parameters.prefer, parameters.order)
            if DAYS & set(parameters.kinds.values())
            else None
        )

    @property
    def chosen(self) -> dict[str, Any]:
        """The kinds of the slots; nothing is chosen from rows."""
        return {"kinds": dict(self._parameters.kinds)}

    def __call__(self, slots: Slots, today: date | None = None) -> Values:
        """The values of one text's slots.

        Args:
            slots: of the text.
            today: the day it was written, which ``tomorrow`` is counted from; with None such values stay text. The
                clock is never asked.
        """
        return Values(tuple(self._value(slot, today) for slot in slots.slots))

    def _value(self, slot: Slot, today: date | None) -> Value:
        read = _READERS.get(self._parameters.kinds.get(slot.name, "text"))
        found = read(self, slot, today) if read is not None else None
        return found or Value(name=slot.name, text=slot.text, value=" ".join(slot.text.split()))

    def save(self, folder: Path) -> None:
        """Write the parameters."""
        (folder / STATE).write_bytes(canonical_json(self._parameters))

    @classmethod
    def load(cls, folder: Path, encoders: Encoders) -> Self:
        """Read what `save` wrote."""
        del encoders
        return cls(msgspec.json.decode((folder / STATE).read_bytes(), type=NormaliseParameters))


def _amount(kind: ValueKind) -> Read:
    """Reads the one amount of a kind that the value holds."""

    def read(model: NormaliseModel, slot: Slot, today: date | None) -> Value | None:
        del model, today
        found = [one for one in amounts(words_of(slot.text)) if one.kind == kind]
        exact = found[0].value if len(found) == 1 else None
        if exact is None:
            return None
        one = Value(name=slot.name, text=slot.text, kind=kind, unit=found[0].unit, doubtful=found[0].doubtful)
        if kind == "duration":
            return _in_best_unit(one, exact)
        plain = int(exact) if exact.denominator == 1 else float(exact)
        return msgspec.structs.replace(one, value=plain)

    return read


def _duration(model: NormaliseModel, slot: Slot, today: date | None) -> Value | None:
    """Days and longer by the grammars; minutes and seconds, which they do not know, by the word after a number."""
    words = words_of(slot.text)
    for at in range(len(words)):
        number = number_at(words, at)
        after = words[number.stop].text if number is not None and number.stop < len(words) else ""
        if number is not None and after in SHORT:
            made = Value(name=slot.name, text=slot.text, kind="duration", doubtful=number.doubtful)
            return _in_best_unit(made, number.value / SHORT[after][1])
    return _amount("duration")(model, slot, today)


def _in_best_unit(value: Value, days: Fraction) -> Value:
    """The largest unit in which a duration is whole; days where it is in none."""
    for unit, parts in UNITS:
        if (days * parts).denominator == 1:
            return msgspec.structs.replace(value, value=int(days * parts), unit=unit)
    return msgspec.structs.replace(value, value=float(days), unit="day")


def _day(kind: ValueKind) -> Read:
    """Reads a day, a time of day, or both."""

    def read(model: NormaliseModel, slot: Slot, today: date | None) -> Value | None:
        found = model.days.read(slot.text, today) if model.days else None
        said = _WRITTEN[kind](found, today is not None) if found else None
        if found is None or said is None:
            return None
        grain = found.grain if kind == "date" and found.grain != "time" else ""
        return Value(name=slot.name, text=slot.text, kind=kind, value=said, grain=grain, doubtful=found.doubtful)

    return read


def _as_date(found: Moment, known: bool) -> str | None:  # noqa: FBT001  a column of the table below
    # "at three" with no day is no day.
    return found.at.date().isoformat() if found.grain != "time" or known else None


def _as_time(found: Moment, _: bool) -> str | None:  # noqa: FBT001
    return found.at.strftime("%H:%M") if found.grain == "time" else None


def _as_datetime(found: Moment, known: bool) -> str | None:  # noqa: FBT001
    if found.grain != "time":
        return _as_date(found, known)
    return found.at.isoformat(timespec="minutes") if known else None


_WRITTEN: dict[str, Callable[[Moment, bool], str | None]] = {
    "date": _as_date,
    "time": _as_time,
    "datetime": _as_datetime,
}
_READERS: dict[str, Read] = {
    "money": _amount("money"),
    "number": _amount("number"),
    "duration": _duration,
    "date": _day("date"),
    "time": _day("time"),
    "datetime": _day("datetime"),
}


@micro_kind("normalise")
class NormaliseKind:
    """Written by people: no row is learned from."""

    name = "normalise"
    model: type[MicroModel] = NormaliseModel
    reads: frozenset[str] = frozenset()

    def settled(self, given: dict[str, Any], run: MicroRun) -> dict[str, Any]:
        """Parameters, checked."""
        del run
        return dict(msgspec.to_builtins(checked_parameters(given, NormaliseParameters, self.name)))

    def build(
        self, parameters: dict[str, Any], rows: MicroRows, run: MicroRun, needs: Mapping[str, MicroModel]
    ) -> NormaliseModel:
        """The model of those parameters.

        Raises:
            ExtraMissing: a slot holds days or times, and dateparser is not installed.
        """
        del rows, run, needs
        return NormaliseModel(checked_parameters(parameters, NormaliseParameters, self.name))
