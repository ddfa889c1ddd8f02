from __future__ import annotations

import functools
from typing import Any

import pytest

from proveout.families.modular.graph import Graph, Retry, StepSpec, StepStats
from proveout.families.modular.graph._cards import (
    end_card,
    input_lines,
    marks_of,
    percent,
    seconds,
    step_card,
    time_words,
)


def take(**parts: Any) -> Any:
    return parts


def stats(**changes: Any) -> StepStats:
    given: dict[str, Any] = {
        "calls": 90,
        "failures": 0,
        "p50_seconds": 0.012,
        "p95_seconds": 1,
        "total_seconds": 2,
        "share": 0.5,
    }
    return StepStats(**given | changes)


FULL = StepSpec(
    name="a",
    run=take,
    takes={"items": "input.xs"},
    each="items",
    retry=Retry(attempts=3),
    timeout_seconds=0.25,
    undo=take,
    keyed=True,
    isolated=True,
    memory_mb=64,
    sync=True,
)


def test_marks() -> None:
    assert marks_of(FULL) == [
        *("each of items", "3 tries", "at most 250 ms", "undo", "keyed", "own process", "64 MB", "synced"),
    ]
    assert marks_of(StepSpec(name="a", run=take, approval="Sure?")) == ["a person approves"]
    assert marks_of(StepSpec(name="a", run=take)) == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 µs"),
        (9.99e-4, "999 µs"),
        (0.0996, "100 ms"),
        (0.00996, "10 ms"),
        (0.0094, "9.4 ms"),
        (0.999, "999 ms"),
        (1.0, "1 s"),
        (90, "90 s"),
        (3600, "60 min"),
    ],
)
def test_seconds(value: float, text: str) -> None:
    assert seconds(value) == text


@pytest.mark.parametrize(
    ("share", "text"), [(0, "0 %"), (1e-9, "<0.1 %"), (0.001, "0.1 %"), (0.0999, "10.0 %"), (1, "100 %")]
)
def test_percent(share: float, text: str) -> None:
    assert percent(share) == text


def test_a_box_shows_time_share_and_failures_in_words() -> None:
    parts = str(step_card(FULL, stats(failures=10)).parts)
    assert "p50 12 ms · 50 % of time" in parts
    assert "▲ 10 % failed (10)" in parts
    assert "pg-failing" in parts
    assert "pg-failing" not in step_card(FULL, stats()).parts
    assert "pg-bar" not in step_card(FULL, None).parts
    assert time_words(stats(p50_seconds=None)) == "did not run"


def test_the_bar_is_as_long_as_the_share() -> None:
    card = step_card(FULL, stats(share=0.25))
    assert f'width="{(card.size.width - 24) / 4:.1f}"'.replace('.0"', '"') in card.parts


def test_more_fields_than_there_is_room_for() -> None:
    graph = Graph("g", takes={f"f{at}": int for at in range(9)}, steps=[StepSpec(name="a", run=take)], gives="a")
    assert input_lines(graph) == ["f0: int", "f1: int", "f2: int", "f3: int", "and 5 more"]
    assert "f0: int" in end_card("input", input_lines(graph)).parts


class Intent:
    version = "intent@3f2a"

    def __call__(self, **parts: Any) -> Any:
        return parts


@pytest.mark.parametrize(("run", "text"), [(Intent(), "intent@3f2a"), (functools.partial(take, a=1), "take")])
def test_a_box_shows_what_runs(run: Any, text: str) -> None:
    assert f">{text}</text>" in step_card(StepSpec(name="a", run=run), None).parts


def test_a_long_name_is_cut() -> None:
    card = step_card(StepSpec(name="a" * 99, run=take), None)
    assert card.size.width < 260
    assert "a" * 23 + "…" in card.parts
