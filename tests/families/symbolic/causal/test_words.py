from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.families.symbolic.causal._words import attribute, bag, first_place, opposite, overlap, signed, stem


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
     "cannot swim", "don't set", "vaccine refusal", "out of wax", "non-competitive"],
)  # fmt: skip
def test_negations_are_seen(text: str) -> None:
    assert bag(text).negated


@pytest.mark.parametrize("text", ["university", "until", "uncle", "nonsense", "under", "unpq", "not unvaccinated"])
def test_what_only_looks_like_a_negation_is_none(text: str) -> None:
    assert not bag(text).negated


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
