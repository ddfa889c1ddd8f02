from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from proveout.gateway.limits._calendar import day_end, month_end, windows_at

instants = st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1))  # noqa: DTZ001  made aware below


@given(instants)
def test_an_instant_lies_in_its_windows_and_the_next_windows_begin_where_they_end(when: datetime) -> None:
    wall = when.replace(tzinfo=UTC).timestamp()
    found = windows_at(wall)
    assert found.start <= wall < found.end == day_end(found.day)
    assert windows_at(found.end).day == found.day + 1
    assert windows_at(month_end(found.month)).month == found.month + 1
    assert windows_at(month_end(found.month) - 0.01).month == found.month
    following = datetime.fromtimestamp(month_end(found.month), tz=UTC)
    assert (following.day, following.hour, following.minute) == (1, 0, 0)
    assert following - when.replace(tzinfo=UTC) <= timedelta(days=31)
