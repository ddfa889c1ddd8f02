from __future__ import annotations

import ast
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import PolicyInvalid
from proveout.families.symbolic.policy import parse_expression
from proveout.families.symbolic.policy._expressions import Constant
from proveout.families.symbolic.policy._unparse import exact_text, expression_text

NAMES = st.sampled_from(["a", "b", "größe"])
LITERALS = st.one_of(
    st.integers(-50, 10**20).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5).map(repr),
    st.sampled_from(["True", "False", "date('2026-01-31')", "days(30)", "hours(-1.5)", "quantity(3, 'USD/day')"]),
)


def composed(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    ops = st.sampled_from(["and", "or", "==", "!=", "<", "<=", "+", "-", "*", "/"])
    return st.one_of(
        st.builds("({}) {} ({})".format, inner, ops, inner),
        st.builds("{} {} {}".format, inner, ops, inner),
        st.builds("not {}".format, inner),
        st.builds("-({})".format, inner),
        st.builds("({}) in [{}, {}]".format, inner, LITERALS, LITERALS),
        st.builds("({}) not in ({},)".format, inner, LITERALS),
        st.builds("({}) if ({}) else ({})".format, inner, inner, inner),
        st.builds("min({}, ({}))".format, inner, inner),
        st.builds("{} < {} < {}".format, inner, inner, inner),
    )


@given(st.recursive(NAMES | LITERALS, composed, max_leaves=8))
def test_the_text_is_read_back_to_the_same_tree(text: str) -> None:
    try:
        tree = parse_expression(text, "here")
    except PolicyInvalid:
        return
    written = expression_text(tree)
    assert parse_expression(written, "here") == tree
    assert expression_text(parse_expression(written, "here")) == written
    ast.parse(written, mode="eval")


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("(a and b) and (b and a)", "(a and b) and (b and a)"),
        ("a or (b and a)", "a or b and a"),
        ("not (a in ['x'])", 'a not in ["x"]'),
        ("a - (b - a)", "a - (b - a)"),
        ("(a - b) - a", "a - b - a"),
        ("a < b < 3", "a < b and b < 3"),
        ("(a == b) == a", "(a == b) == a"),
        ("-(a + b) * 2", "-(a + b) * 2"),
        ("a == 'it\\'s \"x\"\\n'", 'a == "it\'s \\"x\\"\\n"'),
        ("weeks(1.50)", "weeks(1.5)"),
        ("quantity(1, 'USD')", 'quantity(1, "USD")'),
    ],
)
def test_canonical_texts(text: str, canonical: str) -> None:
    assert expression_text(parse_expression(text, "here")) == canonical


@given(st.fractions())
def test_exact_numbers_are_read_back(value: Fraction) -> None:
    text = exact_text(value)
    assert Fraction(text) == value
    assert "e" not in text


def test_numbers_without_a_literal_are_refused() -> None:
    with pytest.raises(PolicyInvalid, match="without a literal"):
        expression_text(Constant(Fraction(1, 3)))
    with pytest.raises(PolicyInvalid, match="without a literal"):
        expression_text(Constant(Fraction(10**400 + 1, 2)))
