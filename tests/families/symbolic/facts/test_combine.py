from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.families.symbolic.facts import (
    FactReading,
    ReaderTrust,
    Said,
    combine,
    measure_trust,
    read_facts,
)
from proveout.families.symbolic.policy import Fact

OPEN = Fact(name="f", type="enum", values=("x", "y"))
CLOSED = Fact(name="f", type="enum", values=("x", "y"), world="closed", default="x")
TRUSTED = ReaderTrust(right={"a": {"f": 50}}, given={"a": {"f": 50}})
VALUE, OTHER = (Said(verdict="value", values=(one,), span=(0, 1)) for one in ("y", "x"))
NOTHING, DOUBT, UNSURE = Said(verdict="nothing"), Said(verdict="doubt", values=("x",)), Said(verdict="doubt")


def made(one: Said | None, other: Said | None, fact: Fact = OPEN, trust: ReaderTrust | None = None) -> str:
    said = {"a": {"f": one} if one else {}, "b": {"f": other} if other else {}}
    reading = combine(said, [fact], trust)
    if reading.ambiguous:
        return "ask " + ",".join(str(value) for value in reading.ambiguous[0].candidates)
    return str(reading.facts["f"].value) if reading.facts else "unstated"


@pytest.mark.parametrize(
    ("one", "other", "fact", "trust", "expected"),
    [
        (VALUE, VALUE, OPEN, None, "y"),
        (VALUE, OTHER, OPEN, TRUSTED, "ask y,x"),
        (VALUE, None, OPEN, None, "ask y"),
        (VALUE, None, OPEN, TRUSTED, "y"),
        (None, VALUE, OPEN, TRUSTED, "ask y"),
        (VALUE, NOTHING, OPEN, TRUSTED, "ask y"),
        (VALUE, DOUBT, OPEN, TRUSTED, "y"),
        (VALUE, DOUBT, OPEN, None, "ask y,x"),
        (NOTHING, None, OPEN, None, "unstated"),
        (NOTHING, NOTHING, OPEN, None, "unstated"),
        (NOTHING, DOUBT, OPEN, None, "ask x"),
        (None, DOUBT, OPEN, None, "ask x"),
        (None, UNSURE, OPEN, None, "ask "),
        (None, None, OPEN, None, "unstated"),
        (OTHER, NOTHING, CLOSED, None, "unstated"),
        (VALUE, NOTHING, CLOSED, None, "ask y,x"),
        (OTHER, None, CLOSED, None, "unstated"),
    ],
)
def test_agreement_gives_a_fact_and_the_rest_a_question(
    one: Said | None, other: Said | None, fact: Fact, trust: ReaderTrust | None, expected: str
) -> None:
    assert made(one, other, fact, trust) == expected


SAIDS = st.sampled_from([None, VALUE, OTHER, NOTHING, DOUBT, UNSURE])


@given(SAIDS, SAIDS, SAIDS, st.sampled_from([OPEN, CLOSED]), st.sampled_from([None, TRUSTED]))
def test_a_given_fact_is_never_contradicted(
    one: Said | None, other: Said | None, third: Said | None, fact: Fact, trust: ReaderTrust | None
) -> None:
    said = {name: {"f": part} if part else {} for name, part in zip("abc", (one, other, third), strict=True)}
    reading = combine(said, [fact], trust)
    assert not ({one.fact for one in reading.ambiguous} & set(reading.facts))
    for fact_read in reading.facts.values():
        sure = [part for parts in said.values() for part in parts.values() if part.verdict != "doubt"]
        assert all(part.values == (fact_read.value,) for part in sure)
        assert set(fact_read.readers) <= set(said)
        assert fact_read.value != fact.default


def test_a_reader_alone_in_the_task_is_believed_unless_in_doubt() -> None:
    assert combine({"a": {"f": VALUE}}, [OPEN]).facts["f"].value == "y"
    assert combine({"a": {"f": DOUBT}}, [OPEN]).ambiguous[0].candidates == ("x",)


class Scripted:
    def __init__(self, name: str, answers: Mapping[str, Said]) -> None:
        self.name = name
        self.answers = answers

    def read(self, text: str, today: date | None) -> dict[str, Said]:
        return {"f": self.answers[text]} if text in self.answers else {}


def rows(count: int) -> list[tuple[str, dict[str, object]]]:
    return [(str(number), {"f": "y"}) for number in range(count)]


def test_trust_is_earned_where_a_reader_speaks_alone() -> None:
    always = Scripted("a", {str(number): VALUE for number in range(20)})
    silent = Scripted("b", {})
    trust = measure_trust([always, silent], rows(20), [OPEN])
    assert trust.believes("a", "f")
    assert not trust.believes("b", "f")
    assert read_facts([always, silent], "3", [OPEN], trust=trust).facts["f"].readers == ("a",)


def test_a_reader_that_errs_alone_is_not_believed() -> None:
    errs = Scripted("a", {str(number): OTHER if number % 4 == 0 else VALUE for number in range(20)})
    trust = measure_trust([errs, Scripted("b", {})], rows(20), [OPEN])
    assert not trust.believes("a", "f")
    assert read_facts([errs, Scripted("b", {})], "3", [OPEN], trust=trust).ambiguous


def test_few_rows_are_no_ground_for_trust() -> None:
    one = Scripted("a", {"0": VALUE})
    assert not measure_trust([one, Scripted("b", {})], rows(1), [OPEN]).believes("a", "f")


@pytest.mark.parametrize(("right", "level"), list(product([90, 98, 100], [0.9, 0.98, 1.0])))
def test_the_level_decides(right: int, level: float) -> None:
    trust = ReaderTrust(level=level, right={"a": {"f": right}}, given={"a": {"f": 100}})
    assert trust.believes("a", "f") == (right >= 100 * level)


def test_no_rows_measure_nothing(shop_facts: Sequence[Fact]) -> None:
    trust = measure_trust([Scripted("a", {})], [], shop_facts)
    assert trust.right == {}
    assert combine({}, shop_facts, trust) == FactReading({}, ())
