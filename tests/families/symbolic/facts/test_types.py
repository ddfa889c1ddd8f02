from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import FactInvalid
from proveout.families.symbolic.facts import fact_value, plain_value
from proveout.families.symbolic.policy import Fact

MONEY = Fact(name="price", type="money", unit="USD", low=1, high=5000)


@given(st.decimals(1, 5000, places=2))
def test_money_is_exact_and_goes_back_to_json(value: object) -> None:
    exact = fact_value(MONEY, str(value))
    assert exact == Fraction(str(value))
    assert fact_value(MONEY, plain_value(exact)) == exact


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        (MONEY, 0),
        (MONEY, 5001),
        (MONEY, True),
        (MONEY, "much"),
        (MONEY, float("nan")),
        (MONEY, None),
        (Fact(name="a", type="boolean"), 1),
        (Fact(name="a", type="enum", values=("x",)), "y"),
        (Fact(name="a", type="date"), "2025-02-30"),
        (Fact(name="a", type="date"), 5),
        (Fact(name="a", type="text"), 5),
    ],
)
def test_a_value_of_another_type_or_outside_the_range_is_refused(fact: Fact, value: object) -> None:
    with pytest.raises(FactInvalid, match=fact.name):
        fact_value(fact, value)


def test_whole_numbers_are_ints_and_dates_dates() -> None:
    assert fact_value(MONEY, 25.0) == 25
    assert isinstance(fact_value(MONEY, 25.0), int)
    day = fact_value(Fact(name="d", type="date"), "2025-01-06")
    assert day == date(2025, 1, 6)
    assert plain_value(day) == "2025-01-06"
