from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.families.symbolic.dmn import feel
from proveout.families.symbolic.dmn._feel_functions import BUILTINS, called
from proveout.families.symbolic.dmn._feel_values import Fault, from_json_value

CASES = {
    'substring("foobar", 3)': "obar",
    'substring("foobar", 3, 3)': "oba",
    'substring("foobar", -2, 1)': "a",
    'substring("foobar", 0)': None,
    'substring("foobar", 9)': None,
    'substring(string: "foobar", start position: 3)': "obar",
    'substring(text: "foobar")': None,
    "substring(5, 1)": None,
    'substring(["foobar"], 3)': "obar",
    'string length("fo\\u00e9")': 3,
    'upper case("aBc4")': "ABC4",
    'lower case("aBc4")': "abc4",
    'substring before("foobar", "bar")': "foo",
    'substring before("foobar", "x")': "",
    'substring after("foobar", "ob")': "ar",
    'substring after("", "a")': "",
    'replace("abcd", "(ab)|(a)", "[1=$1][2=$2]")': "[1=ab][2=]cd",
    'replace("abc", "B", "x", "i")': "axc",
    'replace("abc", "(", "x")': None,
    'replace("a.c", "\\\\.", "\\\\$")': "a$c",
    'contains("foobar", "of")': False,
    'starts with("foobar", "fo")': True,
    'ends with("foobar", "r")': True,
    'matches("foobar", "^fo*b")': True,
    'matches("foobar", "*")': None,
    'split("John Doe", "\\\\s")': ["John", "Doe"],
    'split("a;b;;c", ";")': ["a", "b", "", "c"],
    'string join(["a", "b", null], "_")': "a_b",
    'string join(["a", 1])': None,
    "string(1.1)": "1.1",
    "string(true)": "true",
    "string(null)": None,
    'string([1, "a"])': '[1, "a"]',
    'string({a: "b"})': '{a: "b"}',
    'string(date("2024-01-01"))': "2024-01-01",
    'number("1 000,5", " ", ",")': 1000.5,
    'number("1,000.5", ",", ".")': 1000.5,
    'number("1.5")': 1.5,
    'number("x")': None,
    'number("1", ".", ".")': None,
    "not(false)": True,
    "list contains([1, null], null)": True,
    "list contains([1, 2], 3)": False,
    "count([1, 2, null])": 3,
    "count([])": 0,
    "min(1, 2, 3)": 1,
    "max([1, 2, 3])": 3,
    'min("b", "a")': "a",
    "min([])": None,
    'min(1, "a")': None,
    "sum([1, 2.5])": 3.5,
    "sum(1, 2, null)": None,
    "sum([])": None,
    'sum([@"PT1H", @"PT2H"])': "PT3H",
    "mean(1, 2, 3)": 2,
    "mean([])": None,
    "median(8, 2, 5, 3, 4)": 4,
    "median([6, 1, 2, 3])": 2.5,
    "median([])": None,
    "stddev(2, 4, 7, 5)": 2.0816659994661326,
    "stddev(1)": None,
    "mode(6, 3, 9, 6, 6)": [6],
    "mode([6, 1, 9, 6, 1])": [1, 6],
    "mode([])": [],
    "product(2, 3, 4)": 24,
    "all([true, true])": True,
    "all([])": True,
    "all([true, null])": None,
    "all([false, null])": False,
    "any([false, true])": True,
    "any([])": False,
    "any([null, true])": True,
    "sublist([4, 5, 6], 1, 2)": [4, 5],
    "sublist([4, 5, 6], -1)": [6],
    "sublist([4, 5, 6], 4)": None,
    "append([1], 2, 3)": None,
    "append([1], [2])": [1, 2],
    "append([1], 2)": [1, 2],
    "concatenate([1, 2], [3])": [1, 2, 3],
    "insert before([1, 3], 1, 2)": [2, 1, 3],
    "insert before([1, 3], 5, 2)": None,
    "remove([1, 2, 3], 2)": [1, 3],
    "list replace([2, 4, 7], 3, 6)": [2, 4, 6],
    "list replace([2, 4, 7], function(item, newItem) item < newItem, 5)": [5, 5, 7],
    "reverse([1, 2, 3])": [3, 2, 1],
    "index of([1, 2, 3, 2], 2)": [2, 4],
    "index of([1, null], null)": [2],
    "union([1, 2], [2, 3])": [1, 2, 3],
    "distinct values([1, 2, 1.0, [1], [1]])": [1, 2, [1]],
    "flatten([[1, 2], [[3]], 4])": [1, 2, 3, 4],
    "sort([3, 1, 2], function(x, y) x > y)": [3, 2, 1],
    "sort([3, 1, 2])": [1, 2, 3],
    'sort([3, "a"])': None,
    "decimal(1/3, 2)": 0.33,
    "decimal(2.5, 0)": 2,
    "decimal(1.5, 0)": 2,
    "decimal(1, 7000)": None,
    "floor(-1.5)": -2,
    "floor(-1.56, 1)": -1.6,
    "ceiling(1.5)": 2,
    "ceiling(-1.5)": -1,
    "round up(5.5, 0)": 6,
    "round up(-5.1, 0)": -6,
    "round down(-5.5, 0)": -5,
    "round half up(5.5, 0)": 6,
    "round half up(-5.5, 0)": -6,
    "round half down(5.5, 0)": 5,
    "abs(-10)": 10,
    'abs(@"-PT1H")': "PT1H",
    'abs(@"-P1M")': "P1M",
    "modulo(12, 5)": 2,
    "modulo(-12, 5)": 3,
    "modulo(12, -5)": -3,
    "modulo(10.1, 4.5)": 1.1,
    "modulo(1, 0)": None,
    "sqrt(16)": 4,
    "sqrt(-1)": None,
    "log(0)": None,
    "decimal(log(10), 5)": 2.30259,
    "decimal(exp(1), 5)": 2.71828,
    "exp(1e10)": None,
    "odd(5)": True,
    "odd(-3)": True,
    "even(2.5)": False,
    "even(0)": True,
    'day of week(date("2019-09-17"))': "Tuesday",
    'month of year(date("2019-09-17"))': "September",
    'day of year(date("2019-09-17"))': 260,
    'week of year(date("2003-12-29"))': 1,
    'is(date("2012-12-25"), date("2012-12-25"))': True,
    'is(time("23:00:50Z"), time("23:00:50+00:00"))': True,
    'is(time("23:00:50"), time("23:00:50Z"))': False,
    "is(1, 1.0)": True,
    'is(1, "1")': False,
    'date(date and time("2024-01-01T10:00:00"))': "2024-01-01",
    'time(date and time("2024-01-01T10:00:00Z"))': "10:00:00Z",
    "time(10, 30, 15.5)": "10:30:15.5",
    'time(10, 30, 0, @"PT2H")': "10:30:00+02:00",
    "time(25, 0, 0)": None,
    'get value({a: 1}, "a")': 1,
    'get value({a: 1}, "b")': None,
    "get entries({a: 1})": [{"key": "a", "value": 1}],
    'context put({a: 1}, "b", 2)': {"a": 1, "b": 2},
    'context put({a: {b: 1}}, ["a", "b"], 2)': {"a": {"b": 2}},
    'context put({a: 1}, ["a", "b"], 2)': None,
    "context merge([{a: 1}, {a: 2, b: 3}])": {"a": 2, "b": 3},
    'context([{key: "a", value: 1}])': {"a": 1},
    'context([{key: "a", value: 1}, {key: "a", value: 2}])': None,
    "before(1, 10)": True,
    "before([1..5), 5)": True,
    "before([1..5], 5)": False,
    "after(10, [1..5])": True,
    "meets([1..5], [5..10])": True,
    "meets([1..5), [5..10])": False,
    "met by([5..10], [1..5])": True,
    "overlaps([1..5], [5..8])": True,
    "overlaps([1..5), [5..8])": False,
    "overlaps([3..4], [1..8])": True,
    "overlaps before([1..5], [3..8])": True,
    "overlaps before([1..5], [6..8])": False,
    "overlaps after([3..8], [1..5])": True,
    "finishes(10, [1..10])": True,
    "finishes([5..10), [1..10])": False,
    "finished by([1..10], [5..10])": True,
    "includes([1..10], 5)": True,
    "includes([1..10], [1..10])": True,
    "includes((1..10], 1)": False,
    "during(5, [1..10])": True,
    "starts(1, [1..10])": True,
    "started by([1..10], [1..5])": True,
    "coincides([1..5], [1..5])": True,
    "coincides([1..5], (1..5])": False,
    'before(1, "a")': None,
    'range("[1..5)")': "[1..5)",
    'range("5")': None,
    "min()": None,
    "count()": 0,
}


@pytest.mark.parametrize(("text", "value"), CASES.items(), ids=CASES.keys())
def test_a_built_in_has_the_value_of_the_specification(text: str, value: Any) -> None:
    found = feel(text)
    assert found == value
    assert type(found) is type(value)


def test_every_built_in_is_tried() -> None:
    tried = " ".join(CASES) + 'date("") duration("") date and time("") years and months duration('
    assert [name for name in BUILTINS if f"{name}(" not in tried] == []


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-10, 10), st.floats(allow_nan=False), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=2)),
    max_leaves=6,
)


@given(st.sampled_from(sorted(BUILTINS)), st.lists(values, max_size=4))
def test_any_arguments_give_a_value_or_a_reason(name: str, given_values: list[Any]) -> None:
    try:
        called(name, [from_json_value(value) for value in given_values], ())
    except Fault as fault:
        assert str(fault)


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=12))
def test_aggregates_agree_with_python(items: list[int]) -> None:
    scope = {"items": items}
    assert feel("sum(items)", scope) == sum(items)
    assert feel("max(items) - min(items)", scope) == max(items) - min(items)
    assert feel("sort(items)", scope) == sorted(items)
    assert feel("reverse(reverse(items))", scope) == items
    assert feel("distinct values(items)", scope) == list(dict.fromkeys(items))
    assert feel("count(concatenate(items, items))", scope) == 2 * len(items)
