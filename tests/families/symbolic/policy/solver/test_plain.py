from __future__ import annotations

import pytest

from proveout.families.symbolic.policy import Definition, Fact, parse_expression
from proveout.families.symbolic.policy._plain import Plainer

FACTS = [
    Fact(name="late", type="duration", unit="day"),
    Fact(name="spent", type="duration", unit="hour"),
    Fact(name="age", type="duration", unit="month"),
    Fact(name="bought", type="date"),
    Fact(name="now", type="date"),
    Fact(name="price", type="money", unit="USD"),
    Fact(name="fee", type="money", unit="USD/day"),
]
DEFINITIONS = [Definition(name="waited", means=parse_expression("now - bought", "here"))]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("late > weeks(2)", "late > 14"),
        ("hours(36) <= late", "1.5 <= late"),
        ("late + spent > 3", "late * 24 + spent > 3"),
        ("late > spent", "late * 24 > spent"),
        ("age >= years(2)", "age >= 24"),
        ("waited > weeks(1)", "waited > 7"),
        ("bought + weeks(1) < now", "bought + 7 < now"),
        ('bought >= date("0001-01-10")', "bought >= 10"),
        ("late in [days(1), weeks(1)]", "late in [1, 7]"),
        ("late / spent > 2", "late / spent * 24 > 2"),
        ("fee * late > price", "fee * late > price"),
        ("max(late, weeks(1)) > 3", "max(late, 7) > 3"),
        ("(late if late > 1 else weeks(1)) > 3", "(late if late > 1 else 7) > 3"),
        ("-late < 3 and not late == 1", "-late < 3 and not late == 1"),
    ],
)
def test_units_and_dates_are_written_out(text: str, plain: str) -> None:
    assert Plainer(FACTS, DEFINITIONS).plain(parse_expression(text, "a")) == parse_expression(plain, "b")
