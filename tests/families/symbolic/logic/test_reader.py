from __future__ import annotations

from typing import Any

import pytest

from proveout.errors import TextNotUnderstood
from proveout.families.symbolic.logic import Literal, read_statement, read_text
from proveout.families.symbolic.logic._check_words import read_all


def test_an_empty_text_says_nothing() -> None:
    program = read_text("")
    assert (program.sentences, program.rules, program.names) == ((), (), ())


def test_rules_refer_to_their_sentences() -> None:
    text = "Anne is big and kind.\n Cats are big."
    program = read_text(text)
    assert [rule.sentence for rule in program.rules] == [0, 0, 1]
    assert [text[one.start : one.end] for one in program.sentences] == ["Anne is big and kind.", "Cats are big."]


def test_names_are_all_that_are_named_in_text_and_statement() -> None:
    program, asked = read_statement("Anne likes the bald eagle. If Bob is big then Bob is kind.", "Zoe is big.")
    assert program.names == ("anne", "bob", "the bald eagle", "zoe")
    assert asked.literals == (Literal("is big", ("zoe",)),)


def test_case_of_names_does_not_matter() -> None:
    assert read_text("Anne is big. If anne is big then ANNE is kind.").names == ("anne",)


@pytest.mark.parametrize(
    "statement", ["If Anne is big then Anne is kind.", "Every cat is big.", "No cat is big.", "Nobody is big."]
)
def test_only_statements_about_somebody_are_asked(statement: str) -> None:
    with pytest.raises(TextNotUnderstood, match="is not understood"):
        read_statement("Anne is big.", statement)


@pytest.mark.parametrize("seed", range(400, 440))
def test_random_worlds_are_read_as_they_were_meant(oracle: Any, seed: int) -> None:
    world = oracle.make(seed)
    program = read_text(world.text)
    assert len(program.sentences) == len(world.rules)
    assert len(program.rules) == len(world.rules)
    for rule, (head, body) in zip(program.rules, world.rules, strict=True):
        assert rule.head.positive == head[2]
        assert [arg.replace("?x", "X") for arg in rule.head.args] == [
            arg if arg == "X" else arg.lower() for arg in head[1]
        ]
        assert len(rule.body) == len({(one[0], one[1], one[2]) for one in body})
    checkers = read_all(world.text, world.statements[0]).rules
    assert [rule.sentence for rule in checkers] == [rule.sentence for rule in program.rules]
