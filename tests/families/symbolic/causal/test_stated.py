from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import product
from typing import Any

import pytest

from proveout.families.symbolic.causal import Stated, parse_graph, rounded, term
from proveout.families.symbolic.causal._bounds import values
from proveout.families.symbolic.causal._stated import Resolver


def exact(model: Any, of: Mapping[str, int], given: Mapping[str, int] | None = None) -> Stated:
    point = Fraction(model.p(of, given)).limit_denominator(10**12)
    return Stated(term(of, given), point, point, point)


@pytest.mark.parametrize("seed", range(5))
def test_bayes_and_total_probability_follow_from_conditionals(seed: int, told_model: Callable[[str, int], Any]) -> None:
    model = told_model("confounding", seed)
    stated = [exact(model, {"V1": 1}), *(exact(model, {"X": 1}, {"V1": v}) for v in (0, 1))]
    stated += [exact(model, {"Y": 1}, {"V1": v, "X": x}) for v, x in product((0, 1), repeat=2)]
    resolver = Resolver(parse_graph("V1 -> X -> Y, V1 -> Y"), stated)
    for of, given in [
        ({"V1": 1}, {"X": 1}),
        ({"V1": 0}, {"X": 0}),
        ({"Y": 1}, {"X": 1}),
        ({"Y": 1}, {}),
        ({"X": 1, "Y": 1}, {}),
        ({"X": 0}, {}),
        ({"V1": 1}, {"X": 1, "Y": 0}),
    ]:
        lines = resolver.lines(term(of, given))
        assert lines, (of, given)
        number = values(lines, [one.point for one in stated])[-1]
        assert float(number) == pytest.approx(model.p(of, given))


def test_joint_probabilities_give_conditional_ones(told_model: Callable[[str, int], Any]) -> None:
    model = told_model("chain", 1)
    stated = [exact(model, {"X": 1}), exact(model, {"X": 0, "Y": 1}), exact(model, {"X": 1, "Y": 1})]
    resolver = Resolver(parse_graph("X -> V2 -> Y"), stated)
    for of, given in [({"Y": 1}, {"X": 0}), ({"Y": 0}, {"X": 1}), ({"Y": 1}, {}), ({"X": 1, "Y": 0}, {})]:
        lines = resolver.lines(term(of, given))
        assert float(values(lines, [one.point for one in stated])[-1]) == pytest.approx(model.p(of, given))


def test_independence_needs_the_graph() -> None:
    stated = [rounded(term({"Y": 1}, {"M": m}), "40") for m in (0, 1)]
    wanted = term({"Y": 1}, {"M": 1, "X": 1})
    assert [line.rule for line in Resolver(parse_graph("X -> M -> Y"), stated).lines(wanted)] == [
        "stated",
        "independence",
    ]
    assert Resolver(parse_graph("X -> M -> Y, X -> Y"), stated).lines(wanted) == []


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [("69", "0.685", "0.695"), ("0", "0", "0.005"), ("100", "0.995", "1"), ("12.5", "0.1245", "0.1255")],
)
def test_a_stated_number_stands_for_all_that_round_to_it(text: str, low: str, high: str) -> None:
    found = rounded(term({"Y": 1}), text)
    assert (found.low, found.high) == (Fraction(low), Fraction(high))
    assert found.low <= found.point <= found.high
