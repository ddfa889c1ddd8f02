from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import TextNotUnderstood
from proveout.families.symbolic.causal._read_given import read_given
from proveout.families.symbolic.causal._read_question import read_question
from proveout.families.symbolic.causal._read_text import read_background
from proveout.families.symbolic.causal._read_values import Values


def test_conditions_part_where_the_design_is_complete() -> None:
    text = " ".join(
        f"For {a} and {b}, the probability of ringing is {n}%."
        for n, (a, b) in enumerate((a, b) for a in ("salt and pepper", "sugar") for b in ("cats", "dogs and birds"))
    )
    facts = read_given(text).facts
    assert [[one.text for one in fact.given] for fact in facts] == [
        ["salt and pepper", "cats"], ["salt and pepper", "dogs and birds"], ["sugar", "cats"], ["sugar", "dogs and birds"],  # noqa: E501  four rows of two
    ]  # fmt: skip
    assert all(text[one.start : one.end] == one.text for fact in facts for one in (*fact.of, *fact.given))


def test_joint_outcomes_part_where_the_second_is_shared() -> None:
    facts = read_given("The probability of no tea and milk is 5%. The probability of tea and milk is 20.5%.").facts
    assert [[one.text for one in fact.of] for fact in facts] == [["no tea", "milk"], ["tea", "milk"]]
    assert facts[1].number == "20.5"


def test_rules_keep_what_is_one_thing() -> None:
    text = "We know that luck or a degree or higher causes pay, and we know that pay and luck causes joy and not grief."
    first, second = read_given(text).rules
    assert ([one.text for one in first.causes], first.joined) == (["luck", "a degree or higher"], "or")
    assert ([one.text for one in second.effects], second.joined) == (["joy", "not grief"], "and")


def test_observations_of_two_things_part() -> None:
    assert [one.text for one in read_given("We observed the cat sleeps and no dog.").observed] == [
        "the cat sleeps",
        "no dog",
    ]


@pytest.mark.parametrize(
    ("text", "kind", "direction"),
    [
        ("Is a more likely than b overall?", "marginal", "more"),
        ("Is the chance of y smaller when observing x?", "correlation", "smaller"),
        ("Will x decrease the chance of y?", "ate", "decrease"),
        ("If we look at c, does the chance of y increase when x?", "exp_away", "increase"),
        ("For x, would it be less likely to see y if not x?", "ett", "less"),
        ("If we disregard the mediation effect through m, would x negatively affect y?", "nde", "negatively"),
        ("Does x positively affect y through m and n?", "nie", "positively"),
        ("If we look at c, does it mean that x does not affect y?", "collider_bias", "does not affect"),
        ("To understand how x affects y, is it more correct to use the Method 2 than Method 1?", "backadj", "2"),
        ("Would y if x instead of not x?", "det-counterfactual", ""),
    ],
)
def test_the_ten_questions(text: str, kind: str, direction: str) -> None:
    found = read_question(text)
    assert (found.kind, found.direction) == (kind, direction)
    assert all(text[one.start : one.end] == one.text for one in found.phrases.values())


def test_backgrounds_tell_edges_and_what_is_hidden() -> None:
    text = "Only these conditions: The CEO has a direct effect on pay, joy and work. Joy is unobserved."
    found = read_background(text)
    assert found.graph.edges == (("the ceo", "pay"), ("the ceo", "joy"), ("the ceo", "work"))
    assert found.graph.unobserved == ("joy",)


@pytest.mark.parametrize("reader", [read_given, read_question, read_background])
@given(text=st.text(max_size=100))
def test_any_text_is_read_or_refused(reader: object, text: str) -> None:
    assert callable(reader)
    try:
        reader(text)
    except TextNotUnderstood as error:
        assert error.fix


def test_a_phrase_without_negation_is_one_and_the_first_of_two_is_the_reference() -> None:
    assert Values([("smokers", "nonsmokers")], []).said == {"smokers": 1, "nonsmokers": 0}
    assert Values([("blue-collar workers", "white-collar workers")], []).of("white-collar job") == 1
    assert Values([("in the dry season", "in the rainy season")], []).of("the season had been dry") == 0
    found = Values([("cats", "dogs")], [])
    assert (found.of("birds"), found.assumed) == (1, ["birds"])


def test_pairs_of_the_question_are_opposite() -> None:
    found = Values([], ["old age"], [("high age", "some other age")])
    assert found.said["high age"] != found.said["some other age"]
