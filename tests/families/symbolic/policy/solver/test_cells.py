from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import FactInvalid
from proveout.families.symbolic.policy import Definition, Fact, Policy, Rule, parse_expression
from proveout.families.symbolic.policy._cells import bounds, code_of, find_cells, value_of


def cells_of(fact: Fact, *texts: str, defined: str = "True") -> Any:
    rules = tuple(Rule(id=text, when=parse_expression(text, "rule"), then="yes") for text in texts)
    definition = Definition(name="defined", means=parse_expression(defined, "definition"))
    policy = Policy(name="p", version=1, decisions=("yes",), facts=(fact,), definitions=(definition,), rules=rules)
    return find_cells(policy)[fact.name]


def ends(fact: Fact, *texts: str) -> list[tuple[Any, Any]]:
    return [(cell.low, cell.high) for cell in cells_of(fact, *texts).cells]


def test_a_threshold_cuts_between_two_steps() -> None:
    days = Fact(name="n", type="duration", unit="day", low=0, high=100, step=Fraction(1))
    assert ends(days, "n > 30", "n >= 31", "30 < n") == [(0, 30), (31, 100)]
    assert ends(days, "n == 30") == [(0, 29), (30, 30), (31, 100)]
    assert ends(days, "n > weeks(2)") == [(0, 14), (15, 100)]
    assert ends(days, "n > 30.5 or n < 0 or n > 100 or n > 700") == [(0, 30), (31, 100)]
    assert ends(days, "n in [0, 100]") == [(0, 0), (1, 99), (100, 100)]
    cents = Fact(name="n", type="money", unit="USD", step=Fraction(1, 100))
    assert ends(cents, "n < 2.505") == [(None, 250), (251, None)]


def test_continuous_cells_are_open_where_the_threshold_is_not_in_them() -> None:
    found = cells_of(Fact(name="n", type="number", low=0), "n > 1", "n < 2").cells
    shown = [(cell.low, cell.high, cell.open_low, cell.open_high, cell.sample) for cell in found]
    assert shown == [(0, 1, False, False, 0), (1, 2, True, True, Fraction(3, 2)), (2, None, False, False, 2)]


def test_definitions_count_and_arithmetic_makes_cells_inexact() -> None:
    days = Fact(name="n", type="number", low=0, high=9, step=Fraction(1))
    assert len(cells_of(days, "defined", defined="n > 4").cells) == 2
    assert cells_of(days, "n > 4").exact
    assert not cells_of(days, "n > 4", "n * 2 > 5").exact
    assert not cells_of(days, "defined", defined="n - 1 > 5").exact


def test_texts_have_a_cell_for_all_others() -> None:
    found = cells_of(Fact(name="city", type="text"), 'city == "Rome" or city in ["Oslo", "other text 1"]').cells
    assert [cell.sample for cell in found] == ["Oslo", "Rome", "other text 1", "other text 2"]


@given(st.fractions(), st.sampled_from([None, Fraction(1), Fraction(1, 100), Fraction(1, 3)]))
def test_a_value_is_of_its_code_and_in_one_cell(value: Fraction, step: Fraction | None) -> None:
    fact = Fact(name="n", type="number", low=-50, high=50, step=step)
    code = code_of(fact, value)
    allowed = -50 <= value <= 50 and (step is None or (value / step).denominator == 1)
    assert (code is not None) is allowed
    if code is not None:
        assert value_of(fact, code) == value
        found = cells_of(fact, "n > 3", "n == 7", "n < -20.5")
        cell = found.cells[found.number_of(fact, value)]
        assert cell.low < code or (cell.low == code and not cell.open_low)
        assert code <= cell.high
        for text in ("n > 3", "n == 7", "n < -20.5"):
            op, number = text.split()[1:]
            compare = {">": Fraction.__gt__, "==": Fraction.__eq__, "<": Fraction.__lt__}[op]
            assert compare(value, Fraction(number)) == compare(Fraction(str(cell.sample)), Fraction(number))


def test_values_of_another_type_are_refused() -> None:
    wrong: list[tuple[Any, Any]] = [
        ("boolean", 1),
        ("number", True),
        ("number", "3"),
        ("date", 3),
        ("enum", 3),
        ("text", None),
    ]
    for kind, value in wrong:
        with pytest.raises(FactInvalid):
            code_of(Fact(name="n", type=kind, values=("a",)), value)
    assert bounds(Fact(name="n", type="date", low=date(1, 1, 2))) == (2, date.max.toordinal())
