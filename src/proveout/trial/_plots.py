"""The report's drawings: Pareto plot, reliability diagram, confusion heat map, learning curves."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup

from proveout.page import Box, Scale, figure, line, linear_ticks, log_ticks, place, tag, text
from proveout.trial._format import percent, significant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from proveout.trial._calibration import Bin
    from proveout.trial._comparison import Curve
    from proveout.trial._metrics import Confusion

__all__ = ["Dot", "curves_plot", "frontier", "heat_map", "pareto_plot", "reliability_plot"]

WIDTH, HEIGHT = 480.0, 330.0
AREA = Box(46.0, 14.0, 466.0, 284.0)
SQUARE = 300.0
CUT = 18


class Dot(NamedTuple):
    """A candidate in a Pareto plot: what it takes (lower is better), its accuracy with interval, and its colour."""

    name: str
    x: float
    value: float
    low: float
    high: float
    colour: int


def frontier(dots: Sequence[Dot]) -> list[Dot]:
    """The dots that no other one beats on both axes, cheapest first.

    Example:
        >>> cheap, dear, bad = Dot("a", 1, 0.9, 0, 1, 0), Dot("b", 9, 0.95, 0, 1, 1), Dot("c", 9, 0.8, 0, 1, 2)
        >>> [dot.name for dot in frontier([dear, bad, cheap])]
        ['a', 'b']
    """
    found: list[Dot] = []
    for dot in sorted(dots, key=lambda dot: (dot.x, -dot.value)):
        if not found or dot.value > found[-1].value:
            found.append(dot)
    return found


def pareto_plot(dots: Sequence[Dot], *, title: str, axes: tuple[str, str], unit: str) -> Markup:
    """Quality with intervals over a logarithmic axis of what it takes, with the frontier drawn; axes are named."""
    floor = min((dot.x for dot in dots if dot.x > 0), default=1.0)
    shown = [dot._replace(x=dot.x if dot.x > 0 else floor / 10) for dot in dots]
    across = Scale(min(dot.x for dot in shown) / 3, max(dot.x for dot in shown) * 3, AREA.left, AREA.right, log=True)
    low, high = min(dot.low for dot in shown), max(dot.high for dot in shown)
    margin = max(0.01, (high - low) * 0.12)
    up = Scale(max(0.0, low - margin), min(1.0, high + margin), AREA.bottom, AREA.top)
    steps = [(tick, f"{unit}{significant(tick, 1)}") for tick in log_ticks(across.low, across.high)]
    axis, name = axes
    described = "; ".join(f"{dot.name}: {axis} {significant(dot.x)}, {name} {percent(dot.value)} %" for dot in dots)
    best = [(across(dot.x), up(dot.value)) for dot in frontier(shown)]
    return figure(
        WIDTH,
        HEIGHT,
        title,
        described,
        *_axes(across, up, steps, (axis, f"{name}, %")),
        _staircase(best),
        *(_whisker(dot, across, up) for dot in shown),
        *_dot_labels(shown, across, up),
    )


def _whisker(dot: Dot, across: Scale, up: Scale) -> Markup:
    x, colour = across(dot.x), f"c{dot.colour % 6}"
    return tag(
        "g",
        line((x, up(dot.low)), (x, up(dot.high)), "whisker"),
        *(line((x - 4, up(end)), (x + 4, up(end)), "whisker") for end in (dot.low, dot.high)),
        tag("circle", cx=x, cy=up(dot.value), r=5.5, class_="dot"),
        class_=colour,
    )


def _staircase(points: Sequence[tuple[float, float]]) -> Markup:
    if not points:
        return Markup("")
    path = f"M{points[0][0]:.1f},{AREA.bottom:.1f}V{points[0][1]:.1f}"
    path += "".join(f"H{x:.1f}V{y:.1f}" for x, y in points[1:]) + f"H{AREA.right:.1f}"
    return tag("path", d=path, class_="frontier")


def _dot_labels(dots: Sequence[Dot], across: Scale, up: Scale) -> list[Markup]:
    taken = [Box(across(dot.x) - 7, up(dot.high) - 2, across(dot.x) + 7, up(dot.low) + 2) for dot in dots]
    labels = []
    for dot in sorted(dots, key=lambda dot: -dot.value):
        spot = place((across(dot.x), up(dot.value)), dot.name, taken, AREA)
        if spot:
            labels.append(_name(spot, dot.name, f"name c{dot.colour % 6}"))
    return labels


def _name(spot: tuple[float, float, str], content: str, class_: str) -> Markup:
    x, y, anchor = spot
    return text(x, y, content, anchor=anchor, class_=class_)


def _axes(across: Scale, up: Scale, steps: Sequence[tuple[float, str]], names: tuple[str, str]) -> list[Markup]:
    rows = linear_ticks(up.low, up.high)
    grid = [line((AREA.left, up(tick)), (AREA.right, up(tick)), "grid") for tick in rows]
    digits = 1 if len(rows) > 1 and rows[1] - rows[0] < 0.00999 else 0  # noqa: PLR2004  steps below one per cent
    left = [text(AREA.left - 8, up(tick) + 4, f"{tick * 100:.{digits}f}", anchor="end") for tick in rows]
    below = [text(across(tick), AREA.bottom + 18, label, anchor="middle") for tick, label in steps]
    marks = [line((across(tick), AREA.bottom), (across(tick), AREA.bottom + 4), "axis") for tick, _ in steps]
    return [
        *grid,
        line((AREA.left, AREA.bottom), (AREA.right, AREA.bottom), "axis"),
        *marks,
        *left,
        *below,
        text((AREA.left + AREA.right) / 2, HEIGHT - 6, names[0], anchor="middle", class_="axis-name"),
        text(AREA.left + 4, AREA.top - 2, names[1], class_="axis-name"),
    ]


def reliability_plot(bins: Sequence[Bin], *, name: str, colour: int) -> Markup:
    """Share right against confidence, bin by bin; on the diagonal a confidence means what it says."""
    across, up = Scale(0, 1, 40, SQUARE - 10), Scale(0, 1, SQUARE - 40, 12)
    ticks = [0.0, 0.25, 0.5, 0.75, 1.0]
    axes = [
        *(line((across(0), up(tick)), (across(1), up(tick)), "grid") for tick in ticks),
        *(text(34, up(tick) + 4, f"{tick * 100:.0f}", anchor="end") for tick in ticks),
        *(text(across(tick), SQUARE - 22, f"{tick * 100:.0f}", anchor="middle") for tick in ticks),
        text(across(0.5), SQUARE - 4, "confidence, %", anchor="middle", class_="axis-name"),
        text(across(0) + 4, 24, "right, %", class_="axis-name"),
        line((across(0), up(0)), (across(1), up(1)), "diagonal"),
    ]
    path = "".join(
        f"{'L' if number else 'M'}{across(part.confidence):.1f},{up(part.accuracy):.1f}"
        for number, part in enumerate(bins)
    )
    drawn = [tag("path", d=path, class_="curve")] if len(bins) > 1 else []
    for part in bins:
        x = across(part.confidence)
        drawn += [
            line((x, up(part.low)), (x, up(part.high)), "whisker"),
            tag("circle", cx=x, cy=up(part.accuracy), r=3.5, class_="dot"),
        ]
    described = "; ".join(
        f"confidence {percent(part.confidence)} %: {percent(part.accuracy)} % right of {part.n}" for part in bins
    )
    marks = tag("g", *drawn, class_=f"c{colour % 6}")
    return figure(SQUARE, SQUARE, f"Reliability of {name}", described, *axes, marks)


def heat_map(confusion: Confusion, *, name: str, colour: int) -> Markup:
    """The confusion matrix, each row shaded by its share; nothing when there are too many labels."""
    labels = confusion.labels
    if not labels:
        return Markup("")
    gutter = 16 + min(CUT, max(len(label) for label in labels)) * 6.6
    cell = max(31.0, min(44.0, 300 / len(labels)))
    side = cell * len(labels)
    parts: list[Markup] = []
    for row, counts in enumerate(confusion.counts):
        y = gutter + row * cell
        parts.append(text(gutter - 8, y + cell / 2 + 4, _cut(labels[row]), anchor="end"))
        turned = f"rotate(-90 {gutter + (row + 0.5) * cell:.1f} {gutter - 8:.1f})"
        parts.append(
            tag(
                "text",
                _cut(labels[row]),
                x=gutter + (row + 0.5) * cell + 4,
                y=gutter - 8,
                transform=turned,
                class_="label",
            )
        )
        parts += _heat_row(counts, (gutter, y), cell)
    total = gutter + side + 8
    described = "rows: expected label; columns: answered label. " + "; ".join(
        f"{pair.expected} answered as {pair.answered}: {pair.count}" for pair in confusion.pairs
    )
    shaded = tag("g", *parts, class_=f"c{colour % 6}")
    return figure(total, total, f"Confusion matrix of {name}", described, shaded)


def _heat_row(counts: Sequence[int], corner: tuple[float, float], cell: float) -> list[Markup]:
    total = max(1, sum(counts))
    parts: list[Markup] = []
    for column, count in enumerate(counts):
        x, share = corner[0] + column * cell, count / total
        box = {"x": x + 1, "y": corner[1] + 1, "width": cell - 2, "height": cell - 2, "rx": 2.0}
        parts += [tag("rect", **box, class_="cell-ground"), tag("rect", **box, class_="cell", fill_opacity=share)]
        if count:
            tone = "cell-strong" if share > 0.55 else "cell-weak"  # noqa: PLR2004  where light text reads better
            parts.append(text(x + cell / 2, corner[1] + cell / 2 + 4, f"{count}", anchor="middle", class_=tone))
    return parts


def _cut(label: str) -> str:
    return label if len(label) <= CUT else f"{label[: CUT - 1]}…"


def curves_plot(curves: Sequence[Curve], colours: Mapping[str, int]) -> Markup:
    """Accuracy over examples per label, on a log2 axis, with intervals over seeds; a colour for each family."""
    points = [point for curve in curves for point in curve.points]
    if not points:
        return Markup("")
    sizes = sorted({point.per_class for point in points})
    across = Scale(sizes[0], max(sizes[-1], sizes[0] * 2), AREA.left + 14, AREA.right - 70, log=True)
    low = min(point.accuracy if point.low is None else point.low for point in points)
    up = Scale(max(0.0, low - 0.03), 1.0, AREA.bottom, AREA.top)
    shown = [size for number, size in enumerate(sizes) if number == len(sizes) - 1 or size * 1.5 <= sizes[-1]]
    steps = [(float(size), f"{size:,}") for size in shown]
    taken: list[Box] = []
    drawn = [_curve(curve, colours.get(curve.family, 5), across, up, taken) for curve in curves if curve.points]
    described = "; ".join(
        f"{curve.family} with {point.per_class} per label: {percent(point.accuracy)} %"
        for curve in curves
        for point in curve.points
    )
    axes = _axes(across, up, steps, ("examples per label", "accuracy, %"))
    return figure(WIDTH, HEIGHT, "Learning curves", described, *axes, *drawn)


def _curve(curve: Curve, colour: int, across: Scale, up: Scale, taken: list[Box]) -> Markup:
    spots = [(across(point.per_class), up(point.accuracy)) for point in curve.points]
    path = "".join(f"{'L' if number else 'M'}{x:.1f},{y:.1f}" for number, (x, y) in enumerate(spots))
    whiskers = [
        line((across(point.per_class), up(point.low)), (across(point.per_class), up(point.high)), "whisker")
        for point in curve.points
        if point.low is not None and point.high is not None
    ]
    dots = [tag("circle", cx=x, cy=y, r=3.5, class_="dot") for x, y in spots]
    spot = place(spots[-1], curve.family, taken, Box(0, 0, WIDTH, HEIGHT))
    label = [_name(spot, curve.family, "name")] if spot else []
    return tag("g", tag("path", d=path, class_="curve"), *whiskers, *dots, *label, class_=f"c{colour % 6}")
