from __future__ import annotations

import time
from typing import Any

import pytest

from proveout.families.symbolic.logic import Literal, read_text, saturate
from proveout.families.symbolic.logic._chain import contradiction, premises, strata
from proveout.families.symbolic.logic._program import instance


@pytest.mark.parametrize("seed", range(100, 140))
@pytest.mark.parametrize("world", ["open", "closed"])
def test_each_literal_has_a_derivation_from_earlier_ones_and_no_rule_leads_out(
    oracle: Any, seed: int, world: Any
) -> None:
    program = read_text(oracle.make(seed).text)
    known = saturate(program, world)
    if known is None:
        assert strata(program.rules) is None
        return
    for literal, (at, name, rank) in known.items():
        rule = program.rules[at]
        needed, absent = premises(rule, name, world)
        assert instance(rule.head, name) == literal
        assert rank == 1 + max((known[one].rank for one in needed), default=-1)
        assert not any(one in known for one in absent)
    for rule in program.rules:
        for name in program.names:
            needed, absent = premises(rule, name, world)
            if all(one in known for one in needed) and not any(one in known for one in absent):
                assert instance(rule.head, name) in known


def test_derivations_of_the_open_world_are_the_shallowest() -> None:
    text = "Anne is a. If Anne is a then Anne is b. If Anne is b then Anne is c. If Anne is a then Anne is c."
    text = text.replace("is a", "is odd").replace("is b", "is big").replace("is c", "is cold")
    known = saturate(read_text(text))
    assert known is not None
    assert known[Literal("is cold", ("anne",))] == (3, "", 1)


def test_a_verb_can_have_the_variable_twice() -> None:
    program = read_text(
        "If someone likes the cat then they like themselves. If someone is big then they like the cat. The cat is big."
    )
    known = saturate(program)
    assert known is not None
    assert Literal("like", ("the cat", "the cat")) in known
    loves = read_text("If someone likes themselves then they are odd. Bob likes Bob. Anne likes Bob.")
    assert [one.args for one in saturate(loves) or () if one.predicate == "is odd"] == [("bob",)]


def test_thousands_of_rules_in_a_cycle_end_soon() -> None:
    words = [f"w{at}q" for at in range(5000)]
    rules = [f"If someone is {word} then they are {words[(at + 1) % len(words)]}." for at, word in enumerate(words)]
    program = read_text(f"Anne is {words[0]}. " + " ".join(rules))
    began = time.process_time()
    known = saturate(program)
    assert known is not None
    assert len(known) == 5000
    assert saturate(program, "closed") is not None
    assert time.process_time() - began < 10


def test_levels_grow_with_denials_only() -> None:
    program = read_text("If Anne is not big then Anne is kind. If Anne is kind then Anne is cold.")
    assert strata(program.rules) == {
        ("is kind", True): 1,
        ("is big", False): 0,
        ("is cold", True): 1,
        ("is big", True): 0,
    }


def test_a_contradiction_is_found_wherever_it_is() -> None:
    known = saturate(read_text("Bob is big. Big people are kind. Kind people are not big."))
    assert known is not None
    assert contradiction(known) == Literal("is big", ("bob",))
    assert contradiction(saturate(read_text("Bob is big. Anne is not big.")) or {}) is None
