from __future__ import annotations

import time
from datetime import date

import pytest

from proveout.families.modular.micro._days import DayReader


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/Los_Angeles"])
def test_the_zone_and_the_clock_of_the_machine_change_nothing(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        found = DayReader(("en",), "future", "MDY").read("tomorrow at 11 pm", date(2001, 12, 31))
        assert found is not None
        assert (found.at.isoformat(), found.grain) == ("2002-01-01T23:00:00", "time")
    finally:
        monkeypatch.undo()
        time.tzset()


def test_other_languages_are_read_where_they_are_named() -> None:
    reader = DayReader(("de",), "future", "DMY")
    found = reader.read("übermorgen", date(2026, 1, 15))
    assert found is not None
    assert found.at.date() == date(2026, 1, 17)
    assert reader.read("the day after tomorrow", date(2026, 1, 15)) is None
