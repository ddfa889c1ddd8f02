from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from proveout.errors import DecisionModelInvalid
from proveout.families.symbolic.dmn import _feel_tree as tree
from proveout.families.symbolic.dmn import feel
from proveout.families.symbolic.dmn._feel_evaluate import Frame, Run, compile_expression, compile_tests
from proveout.families.symbolic.dmn._feel_functions import BUILTINS
from proveout.families.symbolic.dmn._feel_parser import parse_expression, parse_tests

WORDS = "if then else for in return some every satisfies and or between instance of function true false null"
PARTS = 'a b monthly income 1 1.5 .5 .. ** not( date( "x" \'x\' @"P1D" list<number> external ]1..2[ partial item'
PIECES = [
    *'()[]{}"\\?@.,:;-+*/=<>!# \n',
    *WORDS.split(" "),
    *PARTS.split(" "),
    "date and time(",
    "monthly income",
    "string length(",
    "\u00e9t\u00e9",
    "\U0001f600",
    "/*",
    "*/",
    "//",
    "\\u00",
]
NAMES = ["a", "b", "monthly income", "income", "a-b", "Student's name", "x.y"]
KNOWN = frozenset({*BUILTINS, *NAMES})
texts = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=25).map(" ".join))


@settings(max_examples=700)
@given(texts)
@example("(" * 10_000)
@example("[" * 10_000 + "1")
@example("-" * 10_000 + "1")
@example("not(" * 10_000)
@example("{a:" * 5_000)
@example("if " * 5_000)
@example("a" + ".a" * 5_000)
@example("a" + "[1]" * 5_000)
@example("1" + "+1" * 20_000)
@example("1" + "=1" * 5_000)
@example("a" + "(1)" * 5_000)
@example("function(a) " * 3_000)
@example("list<" * 3_000)
@example("1 instance of " + "list<" * 3_000)
@example("9" * 10_000)
@example("1e9999")
@example('"\\UFFFFFF"')
@example("@5")
@example("a in (")
@example("\x00")
def test_a_text_is_read_or_refused_with_its_place(text: str) -> None:
    scope = {"a": Decimal(1), "b": ["x"], "monthly income": None, "?": Decimal(2)}
    try:
        compile_expression(parse_expression(text, KNOWN, ("c d",)))(Frame(scope, Run()))
    except DecisionModelInvalid as refused:
        assert "character" in refused.why
    try:
        compile_tests(parse_tests(text, KNOWN, ("c d",)))(Frame(scope, Run()))
    except DecisionModelInvalid as refused:
        assert "character" in refused.why


@settings(max_examples=500)
@given(texts)
def test_evaluation_gives_json_or_refuses(text: str) -> None:
    try:
        value = feel(text, {"a": [1, {"c d": "2020-01-01"}], "b": "P1D", "monthly income": 2.5})
    except DecisionModelInvalid:
        return
    assert value is None or isinstance(value, bool | int | float | str | list | dict)


@pytest.mark.parametrize(
    "text", ["(" * 10_000 + "1" + ")" * 10_000, "[" * 10_000 + "]" * 10_000, "if true then " * 5_000]
)
def test_hostile_nesting_is_refused(text: str) -> None:
    with pytest.raises(DecisionModelInvalid, match="nested more than"):
        feel(text)


def test_a_long_flat_text_is_fine() -> None:
    assert feel("+".join(["1"] * 5_000)) == 5_000
    ladder = " else ".join(f"if {at} > 700 then {at}" for at in range(900))
    assert feel(ladder + " else 0") == 701
    assert feel(f"count([{', '.join(map(str, range(9_000)))}])") == 9_000
    with pytest.raises(DecisionModelInvalid, match="characters"):
        feel("1+" * 100_000 + "1")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("1 +", "character 4, the end"),
        ("(1", "expected ')' at character 3"),
        ("1 1", "expected the end at character 3: '1'"),
        ("[1, 2", "expected ',' at character 6"),
        ('"open', "a string is not closed at character 1"),
        ("{a 1}", "expected the name of an entry at character 2"),
        ("{a: 1, a: 2}", "twice"),
        ("for x return x", "expected a name and 'in'"),
        ("if 1 then 2", "expected 'else'"),
        ("1 between 2", "expected 'and'"),
        ("f(a: 1, 2)", "named and positional"),
        ("function(a, a) a", "the name of a parameter"),
        ("function(a) external {}", "other languages"),
        ("§", "no meaning"),
        ("[1..2", "the end of a range"),
        ("@1", "after @"),
        ("x instance of", "expected a name"),
    ],
)
def test_an_error_says_what_and_where(text: str, place: str) -> None:
    with pytest.raises(DecisionModelInvalid) as refused:
        parse_expression(text)
    assert place in refused.value.why


def test_the_longest_name_in_scope_wins() -> None:
    scope = {"a": 5, "b": 3, "a-b": 100, "monthly income": 7, "income": 1, "Student's name": "Ann", "x.y": 9}
    assert feel("a-b", scope) == 100
    assert feel("a -b", scope) == 100
    assert feel("b-a", scope) == -2
    assert feel("monthly   income + income", scope) == 8
    assert feel('Student\'s name + "!"', scope) == "Ann!"
    assert feel("x.y", scope) == 9
    assert feel("ab", scope) is None


def test_names_declared_within_are_in_scope_there() -> None:
    assert feel("for one item in [1, 2] return one item * 2") == [2, 4]
    assert feel("{net price: 10, gross price: net price * 1.2}.gross price") == 12
    assert feel("(function(first part, second part) first part + second part)(1, 2)") == 3
    assert feel("some big one in [1, 5] satisfies big one > 4") is True
    assert feel("[{unit price: 3}, {unit price: 9}][unit price > 5].unit price", {"x": {"unit price": 1}}) == [9]


def test_precedence_and_association() -> None:
    assert feel("1 + 2 * 3 ** 2") == 19
    assert feel("2 ** 3 ** 2") == 64
    assert feel("-2 ** 2") == 4
    assert feel("10 - 2 - 3") == 5
    assert feel("true or false and false") is True
    assert feel("1 + 1 = 2 and 2 < 3") is True
    assert feel("- - 3") == 3
    assert feel("2*-3") == -6


def test_trees() -> None:
    assert parse_expression("1") == tree.Literal(Decimal(1))
    assert parse_expression("x") == tree.Name("x", known=False)
    assert parse_tests("-") == tree.Tests(())
    assert parse_tests(" - ") == tree.Tests(())
    assert parse_tests("not(1, 2)").negated
    assert parse_tests("not(true) and false").tests[0] != tree.Tests(())
    assert len(parse_tests('"a", "b", < 3').tests) == 3
    assert isinstance(parse_tests("[1..2]").tests[0], tree.RangeOf)


def test_comments_and_spaces_are_skipped() -> None:
    assert feel("1 // one\n + /* two\n*/ 2") == 3
    assert feel("\u00a01\n+\t1") == 2


numbers = st.from_regex(r"-?([0-9]{1,5}(\.[0-9]{1,3})?|\.[0-9]{1,3})", fullmatch=True)
spaced = st.sampled_from(["", " ", "  "])
cells = st.one_of(
    numbers,
    st.from_regex(r'"[a-z ]{0,5}"', fullmatch=True),
    st.builds("{}{}{}".format, st.sampled_from(["<", "<=", ">", ">="]), spaced, numbers),
    st.builds(
        "{}{}{}..{}{}".format, st.sampled_from(list("[(]")), spaced, numbers, numbers, st.sampled_from(list(")]["))
    ),
)


@given(cells)
def test_ordinary_cells_have_the_tree_that_the_grammar_gives(cell: str) -> None:
    """A comment keeps a text from being read the short way."""
    assert parse_tests(cell) == parse_tests(cell + " // as written")
    assert parse_tests(cell) == parse_tests(cell, KNOWN)
