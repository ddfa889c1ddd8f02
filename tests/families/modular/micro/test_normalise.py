from __future__ import annotations

import builtins
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import ExtraMissing, TaskInvalid
from proveout.families.modular.micro import (
    BuiltMicro,
    NormaliseModel,
    NormaliseParameters,
    Slot,
    Slots,
    Value,
)
from proveout.families.modular.micro._types import ValueKind

Build = Callable[..., BuiltMicro]
THURSDAY = date(2026, 1, 15)
KINDS: tuple[ValueKind, ...] = ("money", "number", "duration", "date", "time", "datetime", "text")


def one(kind: ValueKind, text: str, today: date | None = None, **parameters: Any) -> Value:
    model = NormaliseModel(NormaliseParameters(kinds={"slot": kind}, **parameters))
    slot = Slot(name="slot", start=0, end=len(text), text=text)
    return model(Slots(slots=(slot,)), today).values[0]


@pytest.mark.parametrize(
    ("kind", "text", "value", "unit", "doubtful"),
    [
        ("money", "$1,299.50", 1299.5, "USD", False),
        ("money", "1.299,00 €", 1299, "EUR", False),
        ("money", "about 20 quid", 20, "GBP", True),
        ("number", "twenty-five", 25, "", False),
        ("number", "for 4", 4, "", False),
        ("duration", "three weeks", 21, "day", False),
        ("duration", "90 minutes", 90, "minute", False),
        ("duration", "two hours", 2, "hour", False),
        ("duration", "120 minutes", 2, "hour", False),
        ("duration", "thirty secs", 30, "second", False),
        ("duration", "a month", 30, "day", True),
    ],
)
def test_amounts(kind: ValueKind, text: str, value: float, unit: str, doubtful: object) -> None:
    found = one(kind, text)
    assert (found.kind, found.value, found.unit, found.doubtful) == (kind, value, unit, doubtful)
    assert type(found.value) is type(value)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("money", "20"),
        ("money", "$5 or $6"),
        ("number", "a few"),
        ("number", "order #92793"),
        ("duration", "a while"),
        ("duration", "a few days"),
        ("date", "banana"),
        ("date", "5"),
        ("date", ""),
        ("time", "friday"),
        ("text", "  New   York "),
    ],
)
def test_what_cannot_be_read_stays_text(kind: ValueKind, text: str) -> None:
    found = one(kind, text, THURSDAY)
    assert (found.kind, found.value, found.text) == ("text", " ".join(text.split()), text)


@pytest.mark.parametrize(
    ("kind", "text", "value", "grain"),
    [
        ("date", "tomorrow", "2026-01-16", "day"),
        ("date", "next friday", "2026-01-16", "day"),
        ("date", "in 3 weeks", "2026-02-05", "week"),
        ("date", "the day after tomorrow", "2026-01-17", "day"),
        ("date", "March 4th", "2026-03-04", "day"),
        ("date", "2 days ago", "2026-01-13", "day"),
        ("time", "three pm", "15:00", ""),
        ("time", "9:30 am", "09:30", ""),
        ("datetime", "tomorrow at 3pm", "2026-01-16T15:00", ""),
        ("datetime", "in two hours", "2026-01-15T02:00", ""),
        ("datetime", "tomorrow", "2026-01-16", ""),
    ],
)
def test_days_and_times_are_counted_from_the_reference_day(kind: ValueKind, text: str, value: str, grain: str) -> None:
    found = one(kind, text, THURSDAY)
    assert (found.kind, found.value, found.grain, found.doubtful) == (kind, value, grain, False)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("date", "2026-03-04", "2026-03-04"),
        ("date", "4 March 2026", "2026-03-04"),
        ("time", "three pm", "15:00"),
        ("date", "tomorrow", None),
        ("date", "next friday", None),
        ("date", "March 4th", None),
        ("date", "three pm", None),
        ("datetime", "three pm", None),
        ("datetime", "2026-03-04 at 5 pm", "2026-03-04T17:00"),
    ],
)
def test_without_a_reference_day_only_what_needs_none(kind: ValueKind, text: str, value: str | None) -> None:
    found = one(kind, text)
    assert (found.kind, found.value) == ((kind, value) if value else ("text", text))


def test_days_come_round_in_the_direction_that_is_preferred() -> None:
    assert one("date", "friday", THURSDAY, prefer="future").value == "2026-01-16"
    assert one("date", "friday", THURSDAY, prefer="past").value == "2026-01-09"


def test_numbers_of_a_date_in_either_order_are_doubtful() -> None:
    american, european = (one("date", "4/3/2026", THURSDAY, order=order) for order in ("MDY", "DMY"))
    assert (american.value, european.value) == ("2026-04-03", "2026-03-04")
    assert american.doubtful
    assert european.doubtful
    assert not one("date", "4/30/2026", THURSDAY).doubtful
    assert not one("date", "2026-03-04", THURSDAY).doubtful


@given(st.text(max_size=30), st.sampled_from(KINDS), st.sampled_from([None, THURSDAY]))
def test_no_text_breaks_it(text: str, kind: ValueKind, today: date | None) -> None:
    found = MODELS[kind](Slots(slots=(Slot(name="slot", start=0, end=len(text), text=text),)), today).values[0]
    assert found.text == text
    assert found.kind in {kind, "text"}


MODELS = {kind: NormaliseModel(NormaliseParameters(kinds={"slot": kind})) for kind in KINDS}


def test_it_says_which_extra_is_missing_and_needs_it_for_days_alone(
    make: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name.startswith("dateparser"):
            raise ModuleNotFoundError(name="dateparser")
        return found(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ExtraMissing, match=r"proveout\[dates\]"):
        make("normalise", parameters={"kinds": {"when": "date"}})
    assert make("normalise", parameters={"kinds": {"price": "money"}}).card.chosen == {"kinds": {"price": "money"}}


def test_it_is_kept_as_it_was_made(make: Build) -> None:
    first, again = (make("normalise", parameters={"kinds": {"when": "date"}, "prefer": "past"}) for _ in range(2))
    assert again.reused
    slots = Slots(slots=(Slot(name="when", start=0, end=6, text="friday"),))
    assert again.model(slots, THURSDAY) == first.model(slots, THURSDAY)
    with pytest.raises(TaskInvalid, match="Invalid enum value"):
        make("normalise", parameters={"kinds": {"when": "day"}})
