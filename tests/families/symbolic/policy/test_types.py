from __future__ import annotations

import pytest

from proveout.errors import PolicyInvalid
from proveout.families.symbolic.policy import Definition, Fact, parse_expression
from proveout.families.symbolic.policy._types import Typer

FACTS = [
    Fact(name="price", type="money", unit="USD"),
    Fact(name="fee", type="money", unit="EUR"),
    Fact(name="late", type="duration", unit="day"),
    Fact(name="wait", type="duration", unit="hour"),
    Fact(name="term", type="duration", unit="month"),
    Fact(name="count", type="number"),
    Fact(name="refunds", type="number", unit="refund"),
    Fact(name="bought", type="date"),
    Fact(name="today", type="date"),
    Fact(name="kind", type="enum", values=("home", "garden")),
    Fact(name="sort", type="enum", values=("garden", "car")),
    Fact(name="note", type="text"),
    Fact(name="ok", type="boolean"),
]
DEFINITIONS = [
    Definition(name="age", means=parse_expression("today - bought", "age")),
    Definition(name="limit", means=parse_expression("10 + 20", "limit")),
]
TYPER = Typer(FACTS, DEFINITIONS)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("1 + 2", "a plain number"),
        ("price + 3", "a quantity in USD"),
        ("2 * price - price / 2", "a quantity in USD"),
        ("price / price", "a plain number"),
        ("price / late", "a quantity in USD/day"),
        ("price / late * late > 3 * price", "a boolean"),
        ("late / wait", "a plain number"),
        ("late + wait", "a quantity in hour"),
        ("today - bought", "a quantity in day"),
        ("today + late", "a date"),
        ("late + today", "a date"),
        ("today - weeks(2)", "a date"),
        ("age + 1", "a quantity in day"),
        ("abs(-price)", "a quantity in USD"),
        ("max(late, hours(3), days(1))", "a quantity in hour"),
        ("min(today, bought)", "a date"),
        ("price if ok else 3", "a quantity in USD"),
        ("'home' if ok else kind", "an enum"),
        ("quantity(3, 'USD/days')", "a quantity in USD/day"),
        ("late > limit", "a boolean"),
        ("late > 30", "a boolean"),
        ("term > years(1)", "a boolean"),
        ("kind == 'home'", "a boolean"),
        ("kind == sort", "a boolean"),
        ("note != kind", "a boolean"),
        ("kind in ['home']", "a boolean"),
        ("late in [1, 2, weeks(1)]", "a boolean"),
        ("today == date('2026-01-01')", "a boolean"),
        ("ok == (count > 3)", "a boolean"),
        ("price / late > 3", "a boolean"),
    ],
)
def test_kinds(text: str, kind: str) -> None:
    assert str(TYPER.kind(parse_expression(text, "here"), "here")) == kind


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("price > fee", "price is a quantity in USD, and fee is a quantity in EUR"),
        ("price + late > 3", "price is a quantity in USD, and late is a quantity in day"),
        ("late > months(1)", "days and months"),
        ("late > years(1)", "days and months"),
        ("count > late", "a plain number, and late"),
        ("refunds > count", "a quantity in refund"),
        ("today + term > today", "a month has no fixed number of days"),
        ("today + 3 > today", "a bare number no unit"),
        ("late - today > 3", "add or subtract days"),
        ("today + bought > today", "add or subtract days"),
        ("today > 3", "write a date as"),
        ("today > '2026-01-01'", "write a date as"),
        ("today * 2 > today", "add or subtract"),
        ("kind == 'gardn'", "did you mean 'garden'"),
        ("kind in ['home', 'gardn']", "did you mean 'garden'"),
        ("kind > 'home'", "no order"),
        ("note < 'b'", "no order"),
        ("ok > False", "no order"),
        ("kind == 3", "kind is an enum"),
        ("ok == 1", "ok is a boolean"),
        ("ok and count", "a condition is needed"),
        ("not price", "a condition is needed"),
        ("price if count else price", "a condition is needed"),
        ("ok + 1 > 2", "a number is needed"),
        ("note + 'x' == 'x'", "a number is needed"),
        ("-ok == 3", "a number is needed"),
        ("abs(today) == today", "a number is needed"),
        ("-today == today", "a number is needed"),
        ("max(kind, 'home') == 'home'", "a number is needed"),
        ("prise > 3", "did you mean 'price'"),
        ("late + wait > 3", "3 has no unit, and stands beside several"),
        ("late + hours(12) > 2", "has no unit"),
        ("late > quantity(1, 'a b')", "no name of a unit"),
        ("price < quantity(1, 'EUR')", "a quantity in EUR"),
        ("note == '\\ud800'", "surrogate"),
    ],
)
def test_what_means_nothing_is_refused(text: str, message: str) -> None:
    with pytest.raises(PolicyInvalid, match=message):
        TYPER.kind(parse_expression(text, "rule r"), "rule r")


def test_definitions_without_end_are_refused() -> None:
    deep = [Definition(name=f"d{at}", means=parse_expression(f"d{at + 1} + 1", "d")) for at in range(60)]
    deep.append(Definition(name="d60", means=parse_expression("1", "d")))
    with pytest.raises(PolicyInvalid, match="more than 40 deep"):
        Typer([], deep).kind(parse_expression("d0 > 1", "here"), "here")
    circle = [
        Definition(name="a", means=parse_expression("b", "a")),
        Definition(name="b", means=parse_expression("a", "b")),
    ]
    with pytest.raises(PolicyInvalid, match="circle: a -> b -> a"):
        Typer([], circle).kind(parse_expression("a", "here"), "here")
