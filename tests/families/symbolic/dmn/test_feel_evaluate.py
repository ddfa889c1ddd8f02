"""What FEEL means, case by case from the text of OMG DMN 1.3."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.families.symbolic.dmn import feel
from proveout.families.symbolic.dmn._feel_evaluate import INPUT, Frame, Run, compile_tests
from proveout.families.symbolic.dmn._feel_functions import BUILTINS
from proveout.families.symbolic.dmn._feel_parser import parse_tests
from proveout.families.symbolic.dmn._feel_values import from_json_value

LOGIC = {
    # Kleene's tables: null is what is not known, and anything that is no boolean counts as null.
    "true and null": None,
    "false and null": False,
    "null and false": False,
    "true or null": True,
    "false or null": None,
    "null or null": None,
    '"a" and true': None,
    '"a" or true': True,
    "not(null)": None,
    'not("a")': None,
    "not(true)": False,
}
NULLS = {
    "null = null": True,
    "null != null": False,
    "1 = null": False,
    "1 != null": True,
    "null < 1": None,
    "1 + null": None,
    "null * 2": None,
    '"a" + null': None,
    '1 + "a"': None,
    '"a" = 1': None,
    "-null": None,
    "null.a": None,
    "null[1]": None,
    "{a: 1}.b": None,
    "nowhere": None,
    "1 / 0": None,
    "0 ** -1": None,
    "if null then 1 else 2": 2,
    'if "a" then 1 else 2': 2,
    "null between 1 and 2": None,
    "1 between null and 2": None,
    "null in (1..2)": None,
    "[1, null]": [1, None],
    "nothing(1)": None,
}
NUMBERS = {
    "0.1 + 0.2 = 0.3": True,
    "0.1 + 0.2": 0.3,
    "1.0 = 1": True,
    "10 / 4": 2.5,
    "1 / 3 * 3 = 1": False,
    "string(1 / 3)": "0.3333333333333333333333333333333333",
    "9999999999999999999999999999999999 + 1 = 10000000000000000000000000000000000": True,
    "2 ** 0.5 > 1.414213562373 and 2 ** 0.5 < 1.414213562374": True,
    ".5 + 1": 1.5,
    "1e3": 1000,
    "(1 + 2) * 3": 9,
    "string(1.50)": "1.5",
    "9e6144 * 10": None,
}
STRINGS = {
    r'"a\"b"': 'a"b',
    r'"\u0041\n\t\\"': "A\n\t\\",
    r'"\U01F600"': "\U0001f600",
    r'"\d"': "\\d",
    '"a" + "b"': "ab",
    '"a" < "b"': True,
    '"B" < "a"': True,
    '"a" - "b"': None,
}
RANGES = {
    "1 in (1..5]": False,
    "5 in (1..5]": True,
    "1 in [1..5)": True,
    "5 in [1..5)": False,
    "1 in ]1..5]": False,
    "5 in [1..5[": False,
    "3 in (1..5)": True,
    '"b" in ["a".."c"]': True,
    'date("2020-02-01") in [date("2020-01-01")..date("2020-12-31")]': True,
    '"a" in [1..5]': None,
    "5 in > 4": True,
    "5 in (> 4, < 2)": True,
    "3 in (> 4, < 2)": False,
    "5 in (1, 5)": True,
    "5 in [1, 5]": True,
    "5 in (4..6)": True,
    "5 in (< 10)": True,
    "[1..5] = [1..5]": True,
    "[1..5] = (1..5]": False,
    "(>= 5).start included": True,
    "[1..5].end": 5,
    '[1.."a"]': None,
    "1 between 1 and 2": True,
    "2 between 1 and 2": True,
    "3 between 1 and 2": False,
}
LISTS = {
    "[1, 2, 3][1]": 1,
    "[1, 2, 3][-1]": 3,
    "[1, 2, 3][0]": None,
    "[1, 2, 3][4]": None,
    "[1, 2, 3][1.5]": None,
    "[1, 2, 3][item >= 2]": [2, 3],
    "[1, 2, 3][item > 5]": [],
    "[][item > 5]": [],
    "5[1]": 5,
    "5[item > 3]": [5],
    "5[2]": None,
    "[{a: 1, b: 2}, {a: 3, b: 4}][a > 1].b": [4],
    "[{a: 1}, {a: 3}].a": [1, 3],
    "[{a: 1}, {b: 3}][a = 1]": [{"a": 1}],
    "[1, 2] = [1, 2]": True,
    "[1, 2] = [2, 1]": False,
    "[1] = 1": None,
    "1 in [[1, 2], 3]": True,
    "for i in [1, 2], j in [10, 20] return i + j": [11, 21, 12, 22],
    "for i in 3..1 return i": [3, 2, 1],
    "for i in (0..3) return i": [1, 2],
    "for i in 1..5 return if i = 1 then 1 else i * partial[-1]": [1, 2, 6, 24, 120],
    "for i in 5 return i": [5],
    "for i in null return i": None,
    "for i in 1..2.5 return i": None,
    "for i in 1..100000000 return i": None,
    'for d in @"2024-02-28"..@"2024-03-01" return d': ["2024-02-28", "2024-02-29", "2024-03-01"],
    "some i in [1, 2] satisfies i > 1": True,
    "some i in [] satisfies i > 1": False,
    "every i in [] satisfies i > 1": True,
    "every i in [1, null] satisfies i > 0": None,
    "some i in [1, null] satisfies i > 0": True,
    "every i in [1, 2] satisfies i > 1": False,
}
CONTEXTS = {
    "{a: 1, b: a + 1}": {"a": 1, "b": 2},
    '{"a b": 1}.a b': 1,
    "{a: {b: {c: 5}}}.a.b.c": 5,
    "{a: 1, b: 2} = {b: 2, a: 1}": True,
    "{a: 1} = {a: 1, b: 2}": False,
    "{}": {},
    "{f: function(x) x + 1, y: f(2)}.y": 3,
    "{x: 1, y: {x: 2, z: x}}.y.z": 2,
}
DATES = {
    'date("2024-01-31") + duration("P1M")': "2024-02-29",
    'date("2023-01-31") + duration("P1M")': "2023-02-28",
    'date("2024-02-29") + duration("P1Y")': "2025-02-28",
    'date("2024-03-31") - duration("P1M")': "2024-02-29",
    'date("2024-02-29") - duration("P4Y")': "2020-02-29",
    'date("2023-02-29")': None,
    'date("2024-02-30")': None,
    'date("2100-02-29")': None,
    'date("2000-02-29")': "2000-02-29",
    'date("24-02-01")': None,
    "date(2024, 2, 29)": "2024-02-29",
    "date(2023, 2, 29)": None,
    "date(2023, 2.5, 1)": None,
    'time("24:00:00")': None,
    'time("23:59:60")': None,
    'time("12:00")': None,
    'date("2024-03-01") - date("2024-02-28")': "P2D",
    'date("2024-02-28") + duration("P1DT25H")': "2024-03-01",
    '(date("2024-03-01") - date("2024-02-28")).days': 2,
    'date("2024-01-01") < date("2024-01-02")': True,
    'date("2024-01-01") < date and time("2024-01-02T00:00:00")': None,
    'date and time("2024-01-01T12:00:00+02:00") = date and time("2024-01-01T10:00:00Z")': True,
    'date and time("2024-01-01T12:00:00") = date and time("2024-01-01T12:00:00Z")': False,
    'date and time("2024-01-01T12:00:00") < date and time("2024-01-01T12:00:00Z")': None,
    'date and time("2024-01-01T12:00:00.250Z")': "2024-01-01T12:00:00.25Z",
    'date and time("2024-06-01T12:00:00@Europe/Nowhere")': None,
    'date and time("2024-01-01") ': "2024-01-01T00:00:00",
    'date and time(date("2024-01-01"), time("10:00:00"))': "2024-01-01T10:00:00",
    'time("23:00:00") + duration("PT2H")': "01:00:00",
    'time("10:00:00Z") - time("09:00:00Z")': "PT1H",
    'time("10:00:00+02:00")': "10:00:00+02:00",
    'time("10:00:00Z").time offset': "PT0S",
    'duration("P1Y2M").months': 2,
    'duration("-P14M").years': -1,
    'duration("P1DT36H").days': 2,
    'duration("P1Y") = duration("P12M")': True,
    'duration("P1Y") = duration("P365D")': None,
    'duration("P1M1D")': None,
    'duration("P1Y") > duration("P11M")': True,
    'duration("PT90M")': "PT1H30M",
    'duration("P1D") * 2.5': "P2DT12H",
    'duration("P1Y") / duration("P1M")': 12,
    'duration("P1Y") / 2': "P6M",
    '-duration("PT1S")': "-PT1S",
    'date("9999-12-31") + duration("P1D")': None,
    'date("0001-01-01") - duration("P1M")': None,
    '@"2024-02-29".day': 29,
    '@"PT5S"': "PT5S",
    'date("2024-02-29").weekday': 4,
    'date("2024-02-29").hour': None,
    'years and months duration(date("2011-12-22"), date("2013-08-24"))': "P1Y8M",
    'years and months duration(date("2013-08-24"), date("2011-12-22"))': "-P1Y8M",
}
TYPES = {
    "1 instance of number": True,
    '"a" instance of number': False,
    "null instance of number": False,
    "null instance of Any": True,
    "[1, 2] instance of list<number>": True,
    '[1, "a"] instance of list<number>': False,
    "{a: 1} instance of context<a: number>": True,
    "{a: 1} instance of context<b: number>": False,
    '@"P1D" instance of days and time duration': True,
    '@"P1Y" instance of years and months duration': True,
    "[1..2] instance of range<number>": True,
    "function(a) a instance of number": "function(a)",
    "(function(a) a) instance of function<number> -> number": True,
}
FUNCTIONS = {
    "(function(a, b) a - b)(5, 3)": 2,
    "(function(a, b) a - b)(b: 5, a: 3)": -2,
    "(function(a) a)(1, 2)": None,
    "(function(a) a)(b: 2)": None,
    "1(2)": "unread",
    "{f: function(n) if n <= 1 then 1 else 2, r: f(5)}.r": 2,
}
ALL = LOGIC | NULLS | NUMBERS | STRINGS | RANGES | LISTS | CONTEXTS | DATES | TYPES | FUNCTIONS
ALL.pop("1(2)")


@pytest.mark.parametrize(("text", "value"), ALL.items(), ids=ALL.keys())
def test_an_expression_has_the_value_of_the_specification(text: str, value: Any) -> None:
    found = feel(text)
    assert found == value
    assert type(found) is type(value)


UNARY: list[tuple[str, Any, bool | None]] = [
    ("-", None, True),
    ("-", 5, True),
    ("5", 5, True),
    ("5", "5", None),
    ("< 5", 4, True),
    ("< 5", None, None),
    ("< 5", "a", None),
    ("not(< 5)", 4, False),
    ("not(< 5)", 6, True),
    ("not(< 5)", None, None),
    ('"a", "b"', "b", True),
    ('"a", "b"', "c", False),
    ('not("a", "b")', "c", True),
    ('not("a", "b")', "a", False),
    ("null", None, True),
    ("null", 1, False),
    ("not(null)", 1, True),
    ("not(null)", None, False),
    ("[1..5)", 5, False),
    ("(1..5], 7", 7, True),
    ("true", True, True),
    ("true", None, False),
    ("true", 1, None),
    ("false", False, True),
    ("? > 3 and ? < 5", 4, True),
    ("? > 3 and ? < 5", 5, False),
    ('contains(?, "x")', "axb", True),
    ('starts with(?, "x")', "axb", False),
    ("[1, 2, 3]", 2, True),
    ("[1, 2, 3]", 4, False),
    ("limit", 7, True),
    ("< limit", 6, True),
    ("not(limit)", 6, True),
    ("many", "b", True),
    ("many", "z", False),
    ('date("2024-01-01")', "2024-01-01", True),
    ('> date("2024-01-01")', "2024-01-02", True),
    ('> date("2024-01-01")', "no date", None),
    ('@"PT2H"', "PT120M", True),
    ("= 5", 5, True),
    ("!= 5", 5, False),
]


@pytest.mark.parametrize(("text", "value", "passes"), UNARY)
def test_unary_tests(text: str, value: Any, passes: Any) -> None:
    names = {"limit": from_json_value(7), "many": from_json_value(["a", "b"])}
    test = compile_tests(parse_tests(text, frozenset({*BUILTINS, *names})))
    assert test(Frame({**names, INPUT: from_json_value(value)}, Run())) is passes


def test_why_something_is_null_is_noted() -> None:
    run = Run()
    test = compile_tests(parse_tests("1 / 0"))
    test(Frame({INPUT: None}, run))
    test(Frame({INPUT: None}, run))
    assert len(run.errors) == 1
    assert "DivisionByZero" in run.errors[0]


def test_recursion_without_end_is_null() -> None:
    assert feel("{f: function(n) n, g: f(f(f(1)))}.g") == 1
    grown = "for i in 1..60 return if i = 1 then [1, 1] else [partial[-1], partial[-1]]"
    assert feel(f"count({grown})") == 60


@given(st.integers(-(10**15), 10**15), st.integers(-(10**15), 10**15))
def test_whole_numbers_reckon_as_python_does(left: int, right: int) -> None:
    scope = {"a": left, "b": right}
    assert feel("a + b", scope) == left + right
    assert feel("a - b", scope) == left - right
    assert feel("a * b = b * a", scope) is True
    assert feel("a < b", scope) is (left < right)
    assert feel("(a + b) - b = a", scope) is True


@given(st.dates(), st.integers(-3000, 3000))
def test_months_are_added_to_the_same_day_or_the_months_last(day: Any, months: int) -> None:
    found = feel("date(d) + duration(m)", {"d": day.isoformat(), "m": f"{'-' if months < 0 else ''}P{abs(months)}M"})
    year, month = divmod(12 * day.year + day.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        assert found is None
        return
    assert found[:7] == f"{year:04}-{month + 1:02}"
    assert int(found[8:]) in {day.day, 28, 29, 30}
    assert int(found[8:]) <= day.day


@given(st.lists(st.one_of(st.none(), st.booleans(), st.integers(-5, 5)), max_size=6))
def test_a_list_that_goes_in_comes_out(items: list[Any]) -> None:
    assert feel("items", {"items": items}) == items
    assert feel("items[true]", {"items": items}) == items
    assert feel("for one in items return one", {"items": items}) == items
