"""The values of one fact, for the checkers: which are allowed, and one of every stretch that a policy tells apart."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from proveout.families.symbolic.policy._check_language import Reader
    from proveout.families.symbolic.policy._check_logic import SolverLogic

__all__ = ["Domain", "plain_number"]

_STEPS = {"money": Fraction(1, 100), "duration": Fraction(1), "date": Fraction(1)}
# Facts without a step are changed in multiples of this.
_GRID = Fraction(1, 1000)


class Domain:
    """One fact: its value now (None while it is unknown), and whether it may be changed."""

    def __init__(self, reader: Reader, name: str, now: Any, *, lever: bool) -> None:
        self._reader, self.name, self.now, self._fact = reader, name, now, reader.facts[name]
        ends = self._fact.get("range", [None, None])
        self._low, self._high = (end if end is None else plain_number(self._fact, end) for end in ends)
        step = self._fact.get("step", _STEPS.get(self._fact["type"]))
        self._step = None if step in {None, "any"} else Fraction(step)
        self._grid = self._step or (_GRID if lever else None)
        self._listed = [False, True] if self._fact["type"] == "boolean" else self._fact.get("values")

    def span(self) -> Fraction:
        """What a distance is measured by: the width of the range, or without one the value now."""
        low, high = self._low, self._high
        whole = high - low if low is not None and high is not None else 0
        return Fraction(whole or max(abs(self.now), Fraction(1)))

    def allowed(self, value: Any) -> bool:
        """Whether the fact may have a value."""
        if self._fact["type"] in {"boolean", "enum", "text"}:
            kind = bool if self._fact["type"] == "boolean" else str
            return isinstance(value, kind) and (self._listed is None or value in self._listed)
        inside = (self._low is None or value >= self._low) and (self._high is None or value <= self._high)
        return inside and (self._step is None or (value / self._step).denominator == 1)

    def values(self) -> list[Any] | None:
        """One value of every stretch, its ends among them; None where these cannot be told."""
        constants = self._constants()
        if self._listed or constants is None:
            return list(self._listed) if self._listed else None
        if self._fact["type"] == "text":
            texts = [str(text) for text in constants]
            return sorted({*texts, "".join(texts) + "?", self.now or "?"})
        numbers = [Fraction(number) for number in constants]
        ends = [end for end in (self._low, self._high, self.now) if end is not None]
        if self._grid is None:
            return [value for value in _between(sorted({*numbers, *ends})) if self.allowed(value)]
        near = {
            (where + offset) * self._grid
            for number in [*numbers, *ends]
            for where in (floor(number / self._grid), ceil(number / self._grid))
            for offset in (-1, 0, 1)
        }
        return sorted(value for value in {*near, *ends, Fraction(0)} if self.allowed(value))

    def _constants(self) -> list[Any] | None:
        """The literals it is compared with, in its own unit; None where it is more than compared with literals."""
        counts, beside = self._reader.uses
        compared = beside.get(self.name, [])
        if len(compared) != counts[self.name]:
            return None
        return [self._reader.in_unit_of(self.name, one) for literals in compared for one in literals]

    def variable(self, logic: SolverLogic, reader: Reader, solver: Any) -> Any:
        """A variable of z3 that has the values of the fact; of one that may be changed, those of its grid or as now."""
        z3 = logic.z3
        if self._fact["type"] == "boolean":
            return z3.Bool(self.name)
        if self._fact["type"] in {"enum", "text"}:
            number = z3.ToReal(z3.Int(self.name))
            listed = [number == logic.literal(reader.number(value)) for value in self._listed or ()]
            solver.add(z3.Or(listed) if listed else number >= 0)
            return number
        number = z3.Real(self.name)
        if self._grid is not None:
            count = z3.ToReal(z3.Int(f"steps of {self.name}"))
            same = [number == logic.literal(self.now)] if self.now is not None else []
            solver.add(z3.Or(number == count * logic.literal(self._grid), *same))
        solver.add(*([] if self._low is None else [number >= logic.literal(self._low)]))
        solver.add(*([] if self._high is None else [number <= logic.literal(self._high)]))
        return number


def plain_number(fact: dict[str, Any], value: Any) -> Any:
    """A JSON value as it is computed with: a truth value, a text, or an exact number (of a date its day).

    Raises:
        ValueError: it is not a value of the fact's type.
    """
    if fact["type"] in {"boolean", "enum", "text"}:
        return value
    if isinstance(value, bool | float):
        raise ValueError(f"{value!r} is no exact number")  # noqa: TRY004  the checker's own report catches one kind
    return Fraction(date.fromisoformat(value).toordinal() if fact["type"] == "date" else value)


def _between(numbers: list[Fraction]) -> list[Fraction]:
    middles = [(one + other) / 2 for one, other in pairwise(numbers)]
    outside = [numbers[0] - 1, numbers[-1] + 1] if numbers else [Fraction(0)]
    return sorted({*numbers, *middles, *outside})
