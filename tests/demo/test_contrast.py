"""Each pair differs in the words for one fact, and both decisions are right."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import msgspec
import pytest

from proveout.demo._contrast import CHANGES, ContrastLine, _differ_once
from proveout.demo._facts import Facts
from proveout.demo._reference import decide
from proveout.demo._scenarios import TARGETS, draw_facts
from proveout.task import load_task

Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def lines(desk: Path) -> Rows:
    with (desk / "data" / "contrast.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def facts_of(line: dict[str, str]) -> Facts:
    return msgspec.json.decode(line["facts"], type=Facts)


def test_pairs_of_every_change(lines: Rows) -> None:
    assert tuple(lines[0]) == ContrastLine._fields
    wanted = sum(count for *_, count in CHANGES) + 24 + 16
    assert len(lines) == 2 * wanted
    assert 140 <= wanted <= 180
    assert {line["role"] for line in lines} == {"causal", "non-causal", "protected"}
    assert len({line["text"] for line in lines}) == len(lines)


def test_a_pair_differs_in_one_fact_and_one_run_of_words(lines: Rows) -> None:
    for base, edited in zip(lines[::2], lines[1::2], strict=True):
        assert (base["pair"], edited["pair"]) == ("", base["id"])
        assert _differ_once(base["text"], edited["text"])
        before, after = facts_of(base), facts_of(edited)
        changed = [name for name in Facts.__struct_fields__ if getattr(before, name) != getattr(after, name)]
        assert changed == ([edited["factor"]] if edited["role"] == "causal" else [])
        assert (base["decision"] != edited["decision"]) == (edited["role"] == "causal")


def test_every_decision_is_right(lines: Rows) -> None:
    for line in lines:
        assert decide(facts_of(line)) == (line["decision"], line["rule"])


def test_no_text_stands_in_the_other_files(lines: Rows, examples: Rows, test_rows: Rows) -> None:
    known = {" ".join(row["text"].casefold().split()) for row in [*examples, *test_rows]}
    assert not known & {" ".join(line["text"].casefold().split()) for line in lines}


def test_waiting_longer_never_helps(desk: Path) -> None:
    """The direction that the task states is true of the policy."""
    task = load_task(desk)
    order = {label: rank for rank, label in enumerate(task.causal.order)}
    rng = random.Random(4)
    for target in TARGETS:
        for _ in range(4):
            facts = draw_facts(target, rng)
            if facts.days_since_delivery is None:
                continue
            days = [msgspec.structs.replace(facts, days_since_delivery=day) for day in range(121)]
            ranks = [order[decide(one).decision] for one in days]
            assert ranks == sorted(ranks, reverse=True), facts


def test_the_factors_of_the_task_are_those_of_the_rows(desk: Path, lines: Rows) -> None:
    task = load_task(desk)
    numbers = {factor.name: factor.threshold for factor in task.causal.factors if factor.threshold}
    stated = {line["factor"] for line in lines if line["value"]}
    assert stated <= set(numbers)
    for line in lines:
        if line["value"]:
            assert any(abs(float(line["value"]) - edge) <= 1 for edge in numbers[line["factor"]])
