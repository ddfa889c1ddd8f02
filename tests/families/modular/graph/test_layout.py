from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.families.modular.graph._layout import BEND, Size, fitted, layers_of, layout


@st.composite
def drawings(draw: st.DrawFn) -> tuple[dict[str, Size], list[tuple[str, str]]]:
    count = draw(st.integers(1, 12))
    sizes = {f"b{at}": Size(draw(st.floats(5, 200)), draw(st.floats(5, 90))) for at in range(count)}
    pairs = [(f"b{one}", f"b{other}") for other in range(count) for one in range(other)]
    return sizes, draw(st.lists(st.sampled_from(pairs), max_size=20, unique=True)) if pairs else []


@given(drawings())
def test_boxes_keep_apart_and_wires_lead_down(drawing: tuple[dict[str, Size], list[tuple[str, str]]]) -> None:
    sizes, edges = drawing
    found = layout(sizes, edges, 30.0)
    boxes = [
        (corner.x, corner.y, corner.x + sizes[name].width, corner.y + sizes[name].height)
        for name, corner in found.corners.items()
    ]
    for at, (left, top, right, bottom) in enumerate(boxes):
        assert left >= -1e-6
        assert right <= found.size.width + 1e-6
        assert bottom <= found.size.height + 1e-6
        for other in boxes[:at]:
            apart = left >= other[2] or right <= other[0] or top >= other[3] or bottom <= other[1]
            assert apart, "boxes overlap"
    for source, target in edges:
        route = found.routes[source, target]
        assert all(one.y <= other.y + 1e-6 for one, other in pairwise(route))
        assert route[0].y == pytest.approx(found.corners[source].y + sizes[source].height)
        assert route[-1].y == pytest.approx(found.corners[target].y)
        assert found.corners[target].x - 1e-6 <= route[-1].x <= found.corners[target].x + sizes[target].width + 1e-6


@given(drawings())
def test_no_wire_passes_through_a_box(drawing: tuple[dict[str, Size], list[tuple[str, str]]]) -> None:
    sizes, edges = drawing
    found = layout(sizes, edges, 30.0)
    for (source, target), route in found.routes.items():
        for leave, enter in pairwise(route):
            if leave.x != enter.x:
                continue
            for name, corner in found.corners.items():
                beside = leave.x <= corner.x or leave.x >= corner.x + sizes[name].width
                away = enter.y <= corner.y + 1e-6 or leave.y >= corner.y + sizes[name].height - 1e-6
                assert name in {source, target} or beside or away


@given(drawings())
def test_the_same_graph_is_drawn_the_same(drawing: tuple[dict[str, Size], list[tuple[str, str]]]) -> None:
    assert layout(*drawing, 30.0) == layout(*drawing, 30.0)


def test_crossings_that_need_not_be_are_undone() -> None:
    sizes = {name: Size(50, 20) for name in ("a", "b", "c", "d")}
    corners = layout(sizes, [("a", "d"), ("b", "c")], 30.0).corners
    assert (corners["a"].x < corners["b"].x) == (corners["d"].x < corners["c"].x)


def test_a_chain_is_straight() -> None:
    sizes = {name: Size(50, 20) for name in ("a", "b", "c")}
    found = layout(sizes, [("a", "b"), ("b", "c"), ("a", "c")], 30.0)
    assert abs(found.corners["a"].x - found.corners["b"].x) < 50
    assert len(found.routes["a", "c"]) == 5, "it bends around the box between"
    bend = found.routes["a", "c"][2].x
    assert not found.corners["b"].x - BEND / 2 < bend < found.corners["b"].x + 50 + BEND / 2


def test_what_comes_from_nothing_stands_just_above_what_needs_it() -> None:
    assert layers_of(["late", "a", "b", "c", "alone"], [("a", "b"), ("b", "c"), ("late", "c")]) == {
        "late": 1,
        "a": 0,
        "b": 1,
        "c": 2,
        "alone": 0,
    }


numbers = st.floats(-1000, 1000)


@given(st.lists(st.tuples(numbers, st.floats(0, 50), st.floats(0.1, 10)), min_size=1, max_size=8), st.data())
def test_a_fit_keeps_distances_and_no_other_is_nearer(
    rows: list[tuple[float, float, float]], data: st.DataObject
) -> None:
    wanted, apart, weights = [row[0] for row in rows], [row[1] for row in rows[1:]], [row[2] for row in rows]
    found = fitted(wanted, apart, weights)

    def cost(places: list[float]) -> float:
        return sum(weight * (place - want) ** 2 for place, want, weight in zip(places, wanted, weights, strict=True))

    assert all(second - first >= least - 1e-6 for (first, second), least in zip(pairwise(found), apart, strict=True))
    other = sorted(data.draw(st.lists(numbers, min_size=len(rows), max_size=len(rows))))
    moved = [place + sum(apart[:at]) for at, place in enumerate(other)]
    assert cost(found) <= cost(moved) + 1e-3
    assert cost(found) <= cost([(one + two) / 2 for one, two in zip(found, moved, strict=True)]) + 1e-3
