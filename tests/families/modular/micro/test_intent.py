from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import BuildFailed
from proveout.families.modular.micro import BuiltMicro, MicroRow, MicroRows
from proveout.families.modular.micro._intent import simplest

Build = Callable[..., BuiltMicro]


@pytest.mark.parametrize("level", ["flat", "two"])
def test_intents_of_texts_never_seen(make: Build, rows: MicroRows, level: str) -> None:
    model = make("intent", parameters={"levels": [level]}).model
    known = [row for row in rows.select if row.inside]
    found = [model(row.text) for row in known]
    assert [one.label for one in found] == [row.intent for row in known]
    assert [one.domain for one in found] == [row.domain for row in known]
    assert all(0 < one.confidence < 1 for one in found)


def test_a_batch_is_its_texts_one_by_one(make: Build, rows: MicroRows) -> None:
    texts = [row.text for row in rows.select] + ["", "ß 東京 \x00"]
    for level in ("flat", "two"):
        model = make("intent", parameters={"levels": [level]}).model
        assert model.many(texts) == [model(text) for text in texts]  # type: ignore[attr-defined]


def test_the_simplest_that_is_as_good_is_chosen_and_all_are_told(make: Build) -> None:
    chosen = make("intent").card.chosen
    assert (chosen["levels"], chosen["chosen_on"]) == ("flat", "select")
    assert [one["levels"] for one in chosen["tried"]] == ["flat", "two"]
    assert all(0 < one["right"] <= one["of"] for one in chosen["tried"])


def test_domains_may_be_given_or_come_with_rows_or_not_at_all(make: Build, rows: MicroRows) -> None:
    named = {"weather": "a", "forecast": "a", "book": "b", "cancel": "b"}
    assert make("intent", parameters={"domains": named}).model("book a table in Oslo").domain == "b"
    bare = MicroRows(train=tuple(msgspec.structs.replace(row, domain="") for row in rows.train), select=rows.select[:0])
    assert make("intent", rows=bare).model("book a table in Oslo").domain == ""


def test_one_intent_is_nothing_to_learn(make: Build) -> None:
    with pytest.raises(BuildFailed, match="1 different intents"):
        make("intent", rows=MicroRows(train=(MicroRow(text="hello there", intent="greet"),)))


def test_two_levels_with_no_row_to_choose_on(make: Build, rows: MicroRows) -> None:
    model = make("intent", rows=MicroRows(train=rows.train), parameters={"levels": ["two"]}).model
    assert model("weather in Oslo").label == "weather"


@given(st.lists(st.lists(st.booleans(), min_size=9, max_size=9), min_size=1, max_size=5))
def test_simplest_is_the_first_within_an_error_of_the_best(right: list[list[bool]]) -> None:
    arrays = [np.array(one) for one in right]
    chosen = simplest(arrays)
    best = max(float(one.mean()) for one in arrays)
    error = (best * (1 - best) / 9) ** 0.5
    assert arrays[chosen].mean() >= best - error
    assert all(one.mean() < best - error for one in arrays[:chosen])
