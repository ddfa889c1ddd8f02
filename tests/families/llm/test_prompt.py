from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import TaskInvalid
from proveout.families.llm._prompt import BUILT_IN, Shot, fitting, instructions, pool_of, spread, template_of
from proveout.families.llm._tokens import estimated_tokens
from proveout.task import Incumbent
from proveout.testing import make_splits, make_task


def test_the_built_in_template_states_schema_and_description() -> None:
    said = instructions(make_task(description="Route it."), template_of(make_task()))
    assert said.startswith("Route it.\n")
    assert '"enum":["card","hours","oos","refund"]' in said


def test_a_template_of_the_task(tmp_path: Path) -> None:
    (tmp_path / "prompt.txt").write_text("One of $labels. It costs $$1.", encoding="utf-8")
    task = make_task(incumbent=Incumbent(prompt="prompt.txt"), root=tmp_path)
    assert instructions(task, template_of(task)) == "One of card, hours, oos, refund. It costs $1."


@pytest.mark.parametrize(("template", "said"), [("$nonsense", "unknown place 'nonsense'"), ("costs $ 1", "Invalid")])
def test_a_wrong_template_names_the_places(tmp_path: Path, template: str, said: str) -> None:
    task = make_task(incumbent=Incumbent(prompt="prompt.txt"), root=tmp_path)
    with pytest.raises(TaskInvalid, match=rf"{said}.*\$schema"):
        instructions(task, template)


def test_spread_shows_every_output_before_it_repeats_one() -> None:
    train, _ = make_splits()
    shown = [one.expected["intent"] for one in spread(pool_of(train.examples), 8) if one.expected]
    assert sorted(shown[:4]) == sorted(shown[4:]) == ["card", "hours", "oos", "refund"]


def test_the_order_of_the_rows_does_not_matter() -> None:
    train, _ = make_splits()
    assert pool_of(train.examples) == pool_of(train.examples[::-1])
    assert template_of(make_task()) == BUILT_IN


@given(st.lists(st.integers(0, 400), max_size=20), st.integers(0, 20), st.integers(0, 600), st.integers(1, 500))
def test_no_more_is_shown_than_fits(sizes: list[int], count: int, taken: int, room: int) -> None:
    ranked = [Shot("é" * size, "") for size in sizes]
    found = fitting(ranked, count, taken, room)
    assert len(found) <= count
    assert not found or estimated_tokens(taken + sum(len(shot.asked.encode()) for shot in found)) <= room
