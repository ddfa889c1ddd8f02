from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.families.symbolic.causal import Query, Stated, evaluate, parse_graph, rounded, term
from proveout.families.symbolic.causal._bounds import Interval, bounds, values

NUMBERS = st.fractions(-2, 2, max_denominator=20)


def rounded_terms(model: Any, wanted: Sequence[tuple[str, ...]], digits: int) -> list[Stated]:
    """Probabilities of a model as a text would state them."""
    found = []
    for of, *given_ in wanted:
        for setting in product((0, 1), repeat=len(given_)):
            known = dict(zip(given_, setting, strict=True))
            found.append(rounded(term({of: 1}, known), f"{100 * model.p({of: 1}, known):.{digits}f}"))
    return found


CASES: dict[tuple[str, str], list[tuple[str, ...]]] = {
    ("confounding", "ate"): [("Y", "V1", "X"), ("V1",)],
    ("confounding", "ett"): [("Y", "V1", "X"), ("V1",), ("X", "V1")],
    ("frontdoor", "ate"): [("Y", "X", "V3"), ("V3", "X"), ("X",)],
    ("mediation", "nie"): [("Y", "X", "V2"), ("V2", "X")],
    ("mediation", "nde"): [("Y", "X", "V2"), ("V2", "X")],
    ("diamondcut", "ate"): [("Y", "V1", "X"), ("V1",)],
    ("chain", "ate"): [("Y", "X")],
}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("digits", [0, 1])
@pytest.mark.parametrize("case", sorted(CASES))
def test_bounds_of_rounded_numbers_contain_the_truth(
    case: tuple[str, str],
    digits: int,
    seed: int,
    ten_graphs: Mapping[str, str],
    told_model: Callable[[str, int], Any],
) -> None:
    name, kind = case
    model, graph = told_model(name, seed), parse_graph(ten_graphs[name])
    query = Query("ate", "Y", "X")
    if kind == "ett":
        query = Query("ett", "Y", "X")
    elif kind in {"nde", "nie"}:
        query = Query("nde" if kind == "nde" else "nie", "Y", "X", ("V2",))
    found = evaluate(graph, query, rounded_terms(model, CASES[case], digits))
    exact = evaluate(graph, query, rounded_terms(model, CASES[case], 9))
    assert found.interval is not None
    assert exact.value is not None
    assert found.value is not None
    low, high = found.interval
    assert low <= exact.value <= high
    assert low <= found.value <= high
    if found.answer != "undecided":
        assert found.answer == exact.point == found.point


def test_bounds_are_exact_where_the_formula_is_monotone() -> None:
    stated = [rounded(term({"Y": 1}, {"X": x}), number) for x, number in ((0, "30"), (1, "50"))]
    found = evaluate(parse_graph("X -> Y"), Query("ate", "Y", "X"), stated)
    assert found.interval == (Fraction(19, 100), Fraction(21, 100))


def test_corners_reach_the_bounds_of_a_ratio() -> None:
    """The bounds of an effect by a joint probability are the least and largest over all corners."""
    stated = [
        rounded(term({"X": 1}), "40"),
        rounded(term({"X": 1, "Y": 1}), "20"),
        rounded(term({"X": 0, "Y": 1}), "30"),
    ]
    found = evaluate(parse_graph("X -> Y"), Query("association", "Y", "X"), stated)
    ends = []
    for corner in product(*((one.low, one.high) for one in stated)):
        numbers = values(found.lines, corner)
        plus, minus = found.ends
        assert minus is not None
        ends.append(numbers[plus] - numbers[minus])
    assert found.interval == (min(ends), max(ends))


def test_what_may_divide_by_zero_has_no_bounds() -> None:
    stated = [
        rounded(term({"X": 1}), "99.9"),
        rounded(term({"X": 1, "Y": 1}), "20"),
        rounded(term({"X": 0, "Y": 1}), "0"),
    ]
    wide = [*stated[1:], Stated(stated[0].term, stated[0].point, Fraction(99, 100), Fraction(1))]
    found = evaluate(parse_graph("X -> Y"), Query("association", "Y", "X"), wide)
    assert found.interval is None
    assert found.answer == "undecided"
    assert bounds(found.lines, wide, found.ends[0], found.ends[1]) is None


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS, st.fractions(0, 1), st.fractions(0, 1))
def test_interval_arithmetic_holds_every_result(
    a: Fraction, b: Fraction, c: Fraction, d: Fraction, s: Fraction, t: Fraction
) -> None:
    one, other = Interval(min(a, b), max(a, b)), Interval(min(c, d), max(c, d))
    x, y = one.low + s * (one.high - one.low), other.low + t * (other.high - other.low)
    for found, value in ((one + other, x + y), (one - other, x - y), (one * other, x * y), (1 - one, 1 - x)):
        assert found.low <= value <= found.high
    if not other.low <= 0 <= other.high:
        quotient = one / other
        assert quotient.low <= x / y <= quotient.high
