"""The drawing of an axis: each figure a row, each candidate a mark with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup

from proveout.page import Scale, figure, line, tag, text
from proveout.trial._format import percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proveout.trial._estimates import Estimate

__all__ = ["Mark", "axis_plot"]

WIDTH, GUTTER, ROW, LANE = 480.0, 150.0, 24.0, 11.0
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


class Mark(NamedTuple):
    """One figure of one candidate: the row it stands in, whose it is, and its colour."""

    row: str
    name: str
    estimate: Estimate
    colour: int


def axis_plot(title: str, marks: Sequence[Mark]) -> Markup:
    """Shares from 0 to 100 % with their intervals, one row a figure; nothing without marks."""
    if not marks:
        return Markup("")
    rows = list(dict.fromkeys(mark.row for mark in marks))
    across = Scale(0, 1, GUTTER, WIDTH - 16)
    drawn: list[Markup] = []
    top = 8.0
    for row in rows:
        own = [mark for mark in marks if mark.row == row]
        height = max(ROW, LANE * len(own) + 10)
        middle = top + height / 2
        drawn.append(text(GUTTER - 12, middle + 4, row, anchor="end", class_="axis-name"))
        first = middle - LANE * (len(own) - 1) / 2
        drawn += [_mark(mark, first + LANE * number, across) for number, mark in enumerate(own)]
        top += height
        drawn.append(line((across(0), top), (across(1), top), "grid"))
    scale = [
        part
        for tick in TICKS
        for part in (
            line((across(tick), 8), (across(tick), top), "grid"),
            text(across(tick), top + 17, f"{tick * 100:.0f}", anchor="middle"),
        )
    ]
    described = "; ".join(f"{mark.row} of {mark.name}: {percent(mark.estimate.value)} %" for mark in marks)
    return figure(WIDTH, top + 24, title, described, *scale, *drawn)


def _mark(mark: Mark, y: float, across: Scale) -> Markup:
    found = mark.estimate
    return tag(
        "g",
        line((across(found.low), y), (across(found.high), y), "whisker"),
        tag("circle", cx=across(found.value), cy=y, r=4.5, class_="dot"),
        class_=f"c{mark.colour % 6}",
    )
