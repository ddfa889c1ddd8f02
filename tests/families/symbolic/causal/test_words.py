from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.families.symbolic.causal._words import (
    attribute,
    bag,
    contrasting,
    first_place,
    opposite,
    overlap,
    signed,
    stem,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("smoking", "nonsmokers"), ("eating citrus", "citrus intake"),
        ("vaccinated", "vaccination"), ("fame", "famous"),
        ("waking up", "wakes up"), ("wife", "wives"),
        ("hospitalized", "hospitalization"),
        ("encouraged", "encouragement"),
        ("intelligent", "intelligence"), ("allergic", "allergy"), ("has taken", "taking"), ("residency", "residents"),
    ],
)  # fmt: skip
def test_forms_of_a_word_are_alike(one: str, other: str) -> None:
    assert overlap(bag(one), bag(other)) >= 0.7


@pytest.mark.parametrize(
    ("one", "other"), [("xevo", "xevu"), ("tijv", "tijw"), ("zuph", "zupj"), ("rain", "raid"), ("man", "male")]
)
def test_other_words_are_not(one: str, other: str) -> None:
    assert overlap(bag(one), bag(other)) == 0


@pytest.mark.parametrize(
    "text",
    ["not smoking", "does not smoke", "nonsmokers", "unvaccinated", "no tar", "absence of citrus", "without a degree",
     "cannot swim", "don't set", "vaccine refusal", "out of wax", "non-competitive", "heater off",
     "avoids flu", "recovers from a cold", "cured of a cold", "sugar-free", "jobless", "iron deficiency", "inactive",
     "gets rejected", "insufficient light", "discouragement", "the lamp is off now"],
)  # fmt: skip
def test_negations_are_seen(text: str) -> None:
    assert bag(text).negated


@pytest.mark.parametrize(
    "text",
    [
        "university",
        "until",
        "uncle",
        "nonsense",
        "under",
        "unpq",
        "not unvaccinated",
        "lamp on",
        "less",
        "off the coast",
        "not refusing",
        "free entry",
        "regardless",
    ],
)
def test_what_only_looks_like_a_negation_is_none(text: str) -> None:
    assert not bag(text).negated


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("the tide is low", "increased tide"), ("few gulls", "many gulls"),
        ("basic school or lower", "a degree or higher"), ("penguin joy", "joy of the penguin"),
    ],
)  # fmt: skip
def test_much_and_little_are_opposite_across_scales(one: str, other: str) -> None:
    assert opposite(bag(one), bag(other)) == ("joy" not in one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("the child has straight hair", "curly hair"), ("grey eyes", "the cat has green eyes"),
        ("low newborn weight", "is born with a normal weight"), ("attic-shift post", "a cellar-shift post"),
        ("the decision to keep the boat", "decides to sell the boat"),
    ],
)  # fmt: skip
def test_other_qualities_of_one_thing_are_contrasting(one: str, other: str) -> None:
    assert contrasting(bag(one), bag(other))
    assert contrasting(bag(other), bag(one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("eats garlic", "garlic intake"), ("high pay", "increased pay"), ("has a severe cough", "severe night cough"),
        ("the guest eats garlic", "guests consuming garlic"), ("curly hair", "the child has curly hair"),
    ],
)  # fmt: skip
def test_other_words_for_the_same_are_not(one: str, other: str) -> None:
    assert not contrasting(bag(one), bag(other))


def test_opposites_and_negations_turn_the_sign() -> None:
    assert signed(bag("low salary"), bag("high salary")) < 0
    assert signed(bag("not high salary"), bag("low salary")) > 0
    assert signed(bag("people who smoke"), bag("smoking")) == 1
    assert opposite(bag("dark room"), bag("bright room"))
    assert attribute(bag("gender"), bag("male"))
    told = bag("captains who execute prisoners")
    assert first_place(bag("captain"), told) < first_place(bag("prisoner"), told)


@given(st.text(max_size=40), st.text(max_size=40))
def test_signs_are_symmetric_and_bounded(one: str, other: str) -> None:
    found = signed(bag(one), bag(other))
    assert -1 <= found <= 1
    assert stem(stem(one.lower())) is not None
