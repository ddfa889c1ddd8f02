from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import TaskInvalid
from proveout.task import Causal, CausalFactor, Task, parse_task, pattern_of
from proveout.task._causal import causal_problem

BASE = """
name = "desk"
kind = "decide"
target = "decision"
[input]
type = "object"
properties.text = { type = "string" }
properties.price = { type = "number" }
[output]
type = "object"
properties.decision = { enum = ["approve", "refuse"] }
[causal]
order = ["refuse", "approve"]
[[causal.factors]]
"""
GOOD = {
    "inserted": 'name = "hi"\nrole = "non-causal"\nfield = "text"\ninsert = ["Hi."]',
    "a number": 'name = "price"\nrole = "causal"\nfield = "price"\nrange = [0, 9]\ndirection = "up"\nthreshold = [5]',
    "found": 'name = "d"\nrole = "causal"\nfield = "text"\nfind = "([0-9]{1,3}) days"\nrange = [0, 9]',
    "groups": 'name = "n"\nrole = "protected"\nfield = "text"\ninsert = ["{}"]\ngroups = { a = ["A"], b = ["B"] }',
}
BAD = {
    "no field": 'name = "hi"\nrole = "non-causal"\ninsert = ["Hi."]',
    "unknown field": 'name = "hi"\nrole = "non-causal"\nfield = "body"\ninsert = ["Hi."]',
    "no text to edit": 'name = "hi"\nrole = "non-causal"\nfield = "price"\ninsert = ["Hi."]',
    "find cannot be used": 'name = "d"\nrole = "causal"\nfield = "text"\nfind = "(a+)+"\nvalues = ["a"]',
    "range is none": 'name = "p"\nrole = "causal"\nfield = "price"\nrange = [9, 0]',
    "template has no place": 'name = "p"\nrole = "causal"\nfield = "price"\nrange = [0, 9]\ntemplate = "days"',
    "two ways to edit": 'name = "p"\nrole = "causal"\nfield = "text"\ninsert = ["Hi."]\nvalues = ["a"]',
    "nothing to put there": 'name = "p"\nrole = "causal"\nfield = "text"\nfind = "a"',
    "no way to edit it": 'name = "p"\nrole = "causal"\nfield = "text"',
    "a direction without numbers": 'name = "p"\nrole = "causal"\nfield = "text"\nvalues = ["a"]\ndirection = "up"',
    "must not matter": 'name = "p"\nrole = "non-causal"\nfield = "price"\nrange = [0, 9]\nthreshold = [5]',
    "not protected": 'name = "p"\nrole = "causal"\nfield = "text"\ngroups = { a = ["A"], b = ["B"] }',
    "cannot be compared": 'name = "p"\nrole = "protected"\nfield = "text"\ngroups = { a = ["A"] }',
    "no place for": 'name = "p"\nrole = "protected"\nfield = "text"\ninsert = ["x"]\ngroups = { a = ["A"], b = ["B"] }',
    "wrong value": 'name = "p"\nrole = "cause"\nfield = "text"\nvalues = ["a"]',
    "unknown key": 'name = "p"\nrole = "causal"\nfield = "text"\nvalue = ["a"]',
}


@pytest.mark.parametrize("name", GOOD)
def test_a_factor_is_read(name: str) -> None:
    assert len(parse_task((BASE + GOOD[name]).encode()).causal.factors) == 1


@pytest.mark.parametrize("what", BAD)
def test_a_factor_that_cannot_be_used_is_refused(what: str) -> None:
    with pytest.raises(TaskInvalid, match=what):
        parse_task((BASE + BAD[what]).encode())


def test_names_and_order() -> None:
    twice = CausalFactor(name="a", role="causal", values=("x",))
    assert "one name" in problem(factors=(twice, twice))
    assert "no label" in problem(order=("maybe",))
    assert "repeats" in problem(order=("approve", "approve"))
    assert "without an order" in problem(factors=(CausalFactor(name="a", role="causal", range=(0, 1), direction="up"),))


def problem(**fields: Any) -> str:
    output = {"properties": {"y": {"enum": ["approve", "refuse"]}}}
    schema: dict[str, Any] = {"properties": {"text": {}}}
    found = causal_problem(
        Task(name="t", kind="decide", input=schema, output=output, target="y", causal=Causal(**fields))
    )
    return found[0] if found else ""


@pytest.mark.parametrize(
    "find",
    [
        "(",
        "(a)(b)",
        "(a+)+b",
        "(a|b+)*c",
        "(?=a)b",
        r"(a)\1",
        ".*.*x",
        "a" * 2000,
        "(?:a{1,900}){1,900}",
        "[z-a]",
        "[[a]",
    ],
)
def test_patterns_that_are_refused(find: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  each has its own words
        pattern_of(find)


@pytest.mark.parametrize("find", ["a", "([0-9]{1,3}) days", r"\bcame (\w+) ago", "(?:x|yz) ?(.*)$", r"(\d++) of \d++"])
def test_patterns_that_are_taken(find: str) -> None:
    pattern_of(find)


@given(st.text(alphabet=r"ab(|)*+?{}1,2[]\d.^$", max_size=14))
def test_a_pattern_is_refused_or_quick(find: str) -> None:
    try:
        pattern = pattern_of(find)
    except ValueError:
        return
    begun = time.process_time()
    pattern.search("a" * 400 + "!")
    assert time.process_time() - begun < 1
