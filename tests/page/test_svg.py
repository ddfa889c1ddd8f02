from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.page._svg import Box, Scale, linear_ticks, log_ticks, place, tag


@given(st.text())
def test_no_text_becomes_markup(content: str) -> None:
    inner = str(tag("text", content, title=content)).removeprefix("<text").removesuffix("</text>")
    assert "<" not in inner
    assert inner.count(">") == 1


@given(st.floats(-1e3, 1e3), st.floats(0.001, 1e3))
def test_ticks_are_few_rising_and_inside(low: float, width: float) -> None:
    ticks = linear_ticks(low, low + width)
    assert 2 <= len(ticks) <= 11
    assert ticks == sorted(set(ticks))
    assert all(low - 1e-6 <= tick <= low + width + 1e-6 for tick in ticks)


def test_log_ticks_are_thinned() -> None:
    assert len(log_ticks(1e-9, 1e9)) <= 6


@given(st.lists(st.tuples(st.floats(60, 400), st.floats(30, 270)), min_size=1, max_size=12))
def test_placed_labels_never_overlap(points: list[tuple[float, float]]) -> None:
    taken: list[Box] = []
    area = Box(0, 0, 480, 300)
    for number, point in enumerate(points):
        place(point, f"candidate {number}", taken, area)
    assert all(box.inside(area) for box in taken)
    assert not any(one.overlaps(other) for n, one in enumerate(taken) for other in taken[:n])


def test_a_flat_scale_centres() -> None:
    assert Scale(3, 3, 0, 10)(3) == pytest.approx(5)
