from __future__ import annotations

from typing import Any

import pytest

from proveout.errors import DataEmpty, FactInvalid, ProveoutError, SplitTooSmall
from proveout.families.symbolic.effects import Case, Event, read_consequences
from proveout.families.symbolic.effects._rows import rows_of

GOOD = Event({"sign": "good", "level": 1}, "act", {"end": "won", "level": 2.0})


def test_events_become_columns(table: dict[str, Any]) -> None:
    rows, numbers, first = rows_of(read_consequences(table), [Case(str(at), (GOOD, GOOD)) for at in range(20)])
    assert rows.columns["next.level"].tolist() == [2.0] * 40
    assert rows.columns["action"].tolist() == ["act"] * 40
    assert numbers.tolist() == [at // 2 for at in range(40)]
    assert first.tolist() == [True, False] * 20


@pytest.mark.parametrize(
    ("events", "number", "error"),
    [
        ((), 20, DataEmpty),
        ((GOOD,), 19, SplitTooSmall),
        ((Event(GOOD.state, "jump", GOOD.after),), 20, FactInvalid),
        ((Event({"sign": "good"}, "act", GOOD.after),), 20, FactInvalid),
        ((Event(GOOD.state, "act", {"end": "fine", "level": 1.0}),), 20, FactInvalid),
    ],
)
def test_what_does_not_fit_is_named(
    table: dict[str, Any], events: tuple[Event, ...], number: int, error: type[ProveoutError]
) -> None:
    with pytest.raises(error) as raised:
        rows_of(read_consequences(table), [Case(f"case {at}", events) for at in range(number)])
    assert raised.value.fix
