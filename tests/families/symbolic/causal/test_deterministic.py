from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proveout.families.symbolic.causal import Equation, parse_graph, twin

GRAPH = parse_graph("A -> M, B -> M, M -> Y, B -> Y")


@given(st.sampled_from(["and", "or"]), st.sampled_from(["and", "or"]), st.tuples(*[st.integers(0, 1)] * 3))
def test_two_worlds_share_what_has_no_cause(first: str, second: str, values: tuple[int, int, int]) -> None:
    a, b, m = values
    rules = [
        Equation("M", 1, (("A", 1), ("B", 1)), "and" if first == "and" else "or"),
        Equation("Y", 1, (("M", 1), ("B", 1)), "and" if second == "and" else "or"),
    ]
    found = twin(GRAPH, rules, {"A": a, "B": b}, {"M": m}, "Y")
    assert found.value == ((m and b) if second == "and" else (m or b))
    [(actual, after)] = found.worlds
    assert actual["M"] == ((a and b) if first == "and" else (a or b))
    assert after["A"] == actual["A"]


def test_evidence_of_an_effect_tells_of_its_cause() -> None:
    rules = [Equation("M", 1, (("X", 1),), "and"), Equation("Y", 1, (("M", 1), ("U", 1)), "and")]
    graph = parse_graph("X -> M -> Y, U -> Y")
    assert twin(graph, rules, {"Y": 1}, {"X": 0}, "Y").value == 0
    assert twin(graph, rules, {"X": 0, "Y": 0}, {"X": 1}, "Y").value is None


def test_evidence_against_the_rules_and_missing_rules_are_said() -> None:
    graph = parse_graph("X -> M -> Y")
    rules = [Equation("M", 1, (("X", 1),), "and"), Equation("Y", 1, (("M", 1),), "and")]
    assert "no world agrees" in twin(graph, rules, {"X": 1, "Y": 0}, {"X": 0}, "Y").reason
    assert "no rule says" in twin(graph, rules[1:], {}, {"X": 0}, "Y").reason
