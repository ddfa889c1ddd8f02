from __future__ import annotations

import pytest

from proveout.errors import TextNotUnderstood
from proveout.families.symbolic.logic import prove, read_text
from proveout.families.symbolic.logic._lexicon import bases

PLURALS = {
    "cat": "cats",
    "wumpus": "wumpuses",
    "carpus": "carpi",
    "box": "boxes",
    "tabby": "tabbies",
    "painted lady": "painted ladies",
    "wolf": "wolves",
    "knife": "knives",
    "mouse": "mice",
    "woman": "women",
    "axis": "axes",
    "bacterium": "bacteria",
    "phenomenon": "phenomena",
    "larva": "larvae",
    "vertex": "vertices",
    "sheep": "sheep",
    "fish": "fish",
    "series": "series",
    "quiz": "quizzes",
    "child": "children",
    "natural number": "natural numbers",
    "Mersenne prime": "Mersenne primes",
    "worpus": "worpus",
}
VERBS = {
    "chase": "chases",
    "like": "likes",
    "watch": "watches",
    "carry": "carries",
    "miss": "misses",
    "see": "sees",
    "go": "goes",
}


@pytest.mark.parametrize("noun", PLURALS)
def test_plurals_are_joined_with_their_nouns(noun: str) -> None:
    plural = PLURALS[noun]
    text = f"Max is a {noun}. {plural[0].upper()}{plural[1:]} are odd. Every goblin is a {noun}. Rex is a goblin."
    assert prove(read_text(text), "Max is odd.").truth == "true"
    assert prove(read_text(text), "Rex is odd.").truth == "true"
    told = read_text(f"Goblins are {plural}. Max is a goblin.")
    assert prove(told, f"Max is a {noun}.").truth == "true"


@pytest.mark.parametrize("verb", VERBS)
def test_verbs_are_joined_with_their_third_person(verb: str) -> None:
    text = f"The cat {VERBS[verb]} the dog. If someone {VERBS[verb]} the dog then the dog does not {verb} them."
    assert prove(read_text(text), f"The cat does not {verb} the dog.").truth == "false"
    assert prove(read_text(text), f"The dog {VERBS[verb]} the cat.").truth == "false"
    assert (
        prove(read_text(text + f" Big things {verb} Bob. The cat is big."), f"The cat {VERBS[verb]} Bob.").truth
        == "true"
    )


def test_an_adjective_that_ends_like_a_plural_is_one() -> None:
    text = "Cats are nervous. Dogs are not herbivorous. Max is a cat. Rex is a dog."
    assert prove(read_text(text), "Max is nervous.").truth == "true"
    assert prove(read_text(text), "Rex is herbivorous.").truth == "false"


def test_an_adjective_and_a_noun_of_one_spelling_are_two() -> None:
    text = "Carrots are orange. Every orange is sweet. Max is a carrot. Rex is an orange."
    assert prove(read_text(text), "Max is orange.").truth == "true"
    assert prove(read_text(text), "Max is sweet.").truth == "unknown"
    assert prove(read_text(text), "Rex is orange.").truth == "unknown"


def test_a_described_noun_is_both_and_a_compound_is_one() -> None:
    described = read_text("Max is a big cat. Every cat is kind. Bob is big.")
    assert prove(described, "Max is kind.").truth == "true"
    assert prove(described, "Max is big.").truth == "true"
    compound = read_text("Lea is a painted lady. Painted ladies are butterflies. Every lady is kind.")
    assert compound.compounds == ("is a painted lady",)
    assert prove(compound, "Lea is a butterfly.").truth == "true"


def test_a_word_of_two_bases_is_refused() -> None:
    with pytest.raises(TextNotUnderstood) as error:
        read_text("Max is an axe. Rex is an axis. Axes are odd.")
    assert error.value.why == "'axes' can come from 'axe' and 'axis'"


def test_bases_do_not_end_in_nothing() -> None:
    assert list(bases("s")) == []
    assert "" not in set(bases("es"))
