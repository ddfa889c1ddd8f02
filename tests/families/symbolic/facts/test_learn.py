from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from proveout.errors import BuildFailed, FactInvalid
from proveout.families.symbolic.facts import LearnedReader, fit_reader, stated_facts
from proveout.families.symbolic.facts._learned import logit
from proveout.families.symbolic.policy import Fact


def shop_rows(count: int, start: int = 0) -> list[tuple[str, dict[str, object]]]:
    rows: list[tuple[str, dict[str, object]]] = []
    for number in range(start, start + count):
        facts: dict[str, object] = {"price": 20 + number % 50, "days": 1 + number % 40}
        parts = [f"it cost ${facts['price']}", f"it arrived {facts['days']} days ago", f"it rained {number % 9} days"]
        if number % 3:
            facts["opened"] = number % 3 == 1
            parts.append("i have used it" if facts["opened"] else "it is still sealed")
        if number % 4 == 0:
            facts["member"] = "gold"
            parts.append("i am a gold member")
        turn = number % len(parts)
        rows.append((". ".join(parts[turn:] + parts[:turn]), facts))
    return rows


@pytest.fixture(scope="module")
def facts() -> list[Fact]:
    return [
        Fact(name="opened", type="boolean"),
        Fact(name="member", type="enum", values=("none", "gold"), world="closed", default="none"),
        Fact(name="price", type="money", unit="USD", low=1, high=5000),
        Fact(name="days", type="duration", unit="day", low=0, high=365),
    ]


@pytest.fixture(scope="module")
def reader(facts: Sequence[Fact]) -> LearnedReader:
    return fit_reader(facts, shop_rows(150), shop_rows(60, 150))


def test_it_reads_new_rows(reader: LearnedReader, facts: Sequence[Fact]) -> None:
    right = 0
    for text, given in shop_rows(60, 210):
        said = reader.read(text, None)
        values = {name: one.values[0] for name, one in said.items() if one.verdict == "value"}
        right += values == stated_facts(facts, given)
    assert right >= 57


def test_an_amount_of_another_thing_is_not_taken(reader: LearnedReader) -> None:
    said = reader.read("it rained 4 days. it arrived 12 days ago", None)
    assert said["days"].values == (12,)


def test_a_fact_stands_at_its_span(reader: LearnedReader) -> None:
    text = "it cost $31. it is still sealed"
    said = reader.read(text, None)
    assert said["price"].span is not None
    assert text[slice(*said["price"].span)] == "$31"
    assert said["opened"].span is not None
    assert "sealed" in text[slice(*said["opened"].span)]


def test_it_is_stored_and_read_back_byte_for_byte(reader: LearnedReader, facts: Sequence[Fact], tmp_path: Path) -> None:
    again = fit_reader(facts, shop_rows(150), shop_rows(60, 150))
    for name, one in (("a", reader), ("b", again)):
        (tmp_path / name).mkdir()
        one.save(tmp_path / name)
    files = {path.name for path in (tmp_path / "a").iterdir()}
    assert files == {"facts.json", "facts.safetensors"}
    assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in files)
    loaded = LearnedReader.load(tmp_path / "a", facts)
    for text, _ in shop_rows(20, 300):
        assert loaded.read(text, None) == reader.read(text, None)
    assert loaded.chosen == reader.chosen


def test_the_threshold_says_on_which_rows_it_was_chosen(reader: LearnedReader) -> None:
    threshold = reader.chosen["threshold"]
    assert threshold["chosen_on"] == "select"
    assert threshold["right"] >= 0.98 * threshold["given"] > 0


@pytest.mark.parametrize("text", ["", "   ", "漢字 🙂", "word " * 3000, "$", "3 May 3 May"])
def test_odd_texts_are_read(reader: LearnedReader, text: str) -> None:
    for today in (None, date(2025, 1, 6)):
        assert reader.read(text, today) == reader.read(text, today)


def test_nothing_to_learn_is_said(facts: Sequence[Fact]) -> None:
    with pytest.raises(BuildFailed, match="no facts to learn"):
        fit_reader(facts, [("a", {}), ("b", {"member": "none"})], [])


def test_a_row_with_a_value_that_cannot_be_is_refused(facts: Sequence[Fact]) -> None:
    with pytest.raises(FactInvalid, match="price"):
        fit_reader(facts, [("a", {"price": -4})], [])


def test_without_rows_to_choose_on_it_is_as_strict_as_can_be(facts: Sequence[Fact]) -> None:
    reader = fit_reader(facts, shop_rows(60), [])
    assert reader.chosen["threshold"]["value"] == 0.999


def test_facts_of_no_policy_are_left_out(facts: Sequence[Fact]) -> None:
    assert stated_facts(facts, {"colour": "red", "member": "none", "opened": False}) == {"opened": False}


@pytest.mark.parametrize(("probability", "expected"), [(0.5, 0.0), (1.0, 20.7), (0.0, -20.7)])
def test_log_odds_are_finite(probability: float, expected: float) -> None:
    assert math.isclose(logit(probability), expected, abs_tol=0.1)
