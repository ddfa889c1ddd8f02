from __future__ import annotations

import time
from typing import Any

import pytest

from proveout.families.symbolic.logic import Literal, derive, read_text, saturate
from proveout.families.symbolic.logic._chain import premises
from proveout.families.symbolic.logic._program import instance


@pytest.mark.parametrize("seed", range(200, 260))
def test_it_derives_what_forward_chaining_does_and_nothing_else(oracle: Any, seed: int) -> None:
    program = read_text(oracle.make(seed).text)
    known = saturate(program) or {}
    predicates = {(one.predicate, len(one.args)) for rule in program.rules for one in (rule.head, *rule.body)}
    goals = [
        Literal(predicate, args, positive)
        for predicate, arity in predicates
        for name in program.names
        for args in ([(name, other) for other in program.names] if arity == 2 else [(name,)])
        for positive in (True, False)
    ]
    for goal in goals:
        found = derive(program, goal)
        assert (found is not None) == (goal in known)
        for literal, (at, name, rank) in (found or {}).items():
            needed, _ = premises(program.rules[at], name, "open")
            assert instance(program.rules[at].head, name) == literal
            assert all((found or {})[one].rank < rank for one in needed)


def test_it_looks_at_nothing_that_does_not_bear_on_the_goal() -> None:
    noise = " ".join(f"If someone is n{at}q then they are n{at + 1}q." for at in range(5000))
    program = read_text(f"Anne is big. Big people are kind. Anne is n0q. {noise}")
    began = time.process_time()
    found = derive(program, Literal("is kind", ("anne",)))
    assert time.process_time() - began < 0.5
    assert found is not None
    assert len(found) == 2


def test_cycles_end() -> None:
    program = read_text("If Bob is big then Bob is kind. If Bob is kind then Bob is big.")
    assert derive(program, Literal("is big", ("bob",))) is None


def test_a_predicate_of_another_arity_is_another() -> None:
    assert derive(read_text("Bob is big."), Literal("is big", ("bob", "bob"))) is None
