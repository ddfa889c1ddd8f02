"""The page's drawings: bars of a month's costs, savings over time, net present values, and a tornado."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from proveout.economics._runrate import PARTS
from proveout.economics._words import days_words, usd_short, usd_words
from proveout.page import Scale, figure, line, linear_ticks, tag, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proveout.economics._breakeven import BreakEven
    from proveout.economics._drivers import Driver
    from proveout.economics._runrate import RunRate

__all__ = ["PART_COLOURS", "bars_plot", "curve_plot", "tornado_plot", "worth_plot"]

WIDTH = 480.0
GUTTER, RIGHT = 92.0, 466.0
ROW, BAR = 34.0, 18.0
TORNADO_GUTTER, TORNADO_ROWS = 190.0, 10
PART_COLOURS = {part: number for number, part in enumerate(part for part in PARTS if part != "errors")}


def bars_plot(rates: Sequence[RunRate]) -> Markup:
    """US dollars a month by part; what errors cost stands on no bill and is drawn as an outline."""
    across = Scale(0, max(*(rate.total_usd_per_month for rate in rates), 1e-09), GUTTER, RIGHT - 60)
    bottom = 10 + ROW * len(rates)
    drawn = [part for number, rate in enumerate(rates) for part in _bar(rate, 10 + ROW * number, across)]
    described = "; ".join(f"{rate.architecture}: {usd_words(rate.total_usd_per_month)} a month" for rate in rates)
    scale = _money_axis(across, 10, bottom)
    return figure(WIDTH, bottom + 24, "Costs of a month", described, *scale, *drawn)


def _bar(rate: RunRate, top: float, across: Scale) -> list[Markup]:
    y, at = top + (ROW - BAR) / 2, 0.0
    parts = [text(GUTTER - 10, y + BAR - 5, rate.architecture, anchor="end", class_="axis-name")]
    for name, usd in rate.usd_per_month.items():
        left, right = across(at), across(at + usd)
        box = {"x": left, "y": y, "width": max(0.0, right - left), "height": BAR}
        if name == "errors":
            parts.append(tag("rect", **box, class_="outline"))
        else:
            parts.append(tag("g", tag("rect", **box, class_="bar"), class_=f"c{PART_COLOURS[name]}"))
        at += usd
    parts.append(text(across(at) + 6, y + BAR - 5, usd_words(rate.total_usd_per_month)))
    return parts


def _money_axis(across: Scale, top: float, bottom: float, ticks: int = 4) -> list[Markup]:
    return [
        part
        for tick in linear_ticks(across.low, across.high, ticks)
        for part in (
            line((across(tick), top), (across(tick), bottom), "grid"),
            text(across(tick), bottom + 17, usd_short(tick), anchor="middle"),
        )
    ]


def curve_plot(move: BreakEven, colour: int) -> Markup:
    """What is saved by the end of each day, less what was spent once, with the band from P10 to P90."""
    days = [point[0] for point in move.curve]
    amounts = [amount for point in move.curve for amount in point[1:]]
    low, high = min(0.0, *amounts), max(0.0, *amounts)
    margin = (high - low) * 0.06 or 1.0
    across = Scale(0, max(days), 62.0, RIGHT)
    up = Scale(low - margin, high + margin, 270.0, 14.0)
    bottom = up(up.low)
    lower, upper = ([(across(day), up(point[end])) for day, *point in move.curve] for end in (1, 2))
    band = tag("path", d=f"{_path(lower)}L{_path(upper[::-1])[1:]}Z", class_="band")
    middle = tag("path", d=_path([(across(day), up(net)) for day, net, *_ in move.curve]), class_="curve")
    axes = [
        *(line((62.0, up(tick)), (RIGHT, up(tick)), "grid") for tick in linear_ticks(up.low, up.high)),
        *(text(54, up(tick) + 4, usd_short(tick), anchor="end") for tick in linear_ticks(up.low, up.high)),
        *(text(across(tick), bottom + 18, f"{tick:,.0f}", anchor="middle") for tick in linear_ticks(0, max(days))),
        line((62.0, up(0)), (RIGHT, up(0)), "axis"),
        text((62.0 + RIGHT) / 2, bottom + 36, "days after the move", anchor="middle", class_="axis-name"),
    ]
    marks = _paid_back(move, across, up)
    described = f"{usd_words(move.net_usd)} saved after {days_words(max(days))}; paid back: {days_words(move.days)}"
    drawn = tag("g", band, middle, *marks, class_=f"c{colour % 6}")
    return figure(WIDTH, bottom + 44, f"Saved by moving to {move.new}", described, *axes, drawn)


def _paid_back(move: BreakEven, across: Scale, up: Scale) -> list[Markup]:
    if not move.days or move.days > across.high:
        return []
    x, y = across(move.days), up(0)
    side = "end" if x > (across.start + across.end) / 2 else "start"
    label = text(x + (-9 if side == "end" else 9), y - 9, days_words(move.days), anchor=side, class_="name")
    return [tag("circle", cx=x, cy=y, r=5.0, class_="dot"), label]


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in points)


def worth_plot(moves: Sequence[BreakEven], colours: dict[str, int]) -> Markup:
    """Net present value of each move: P50 as a dot, P10 to P90 as a whisker."""
    ends = [end for move in moves for end in (move.npv.p10, move.npv.p90, 0.0) if end is not None]
    if not moves:
        return Markup("")
    margin = (max(ends) - min(ends)) * 0.05 or 1.0
    across = Scale(min(ends) - margin, max(ends) + margin, GUTTER, RIGHT)
    bottom = 10 + ROW * len(moves)
    drawn = [_worth(move, 10 + ROW * (number + 0.5), across, colours) for number, move in enumerate(moves)]
    zero = line((across(0), 10), (across(0), bottom), "axis")
    described = "; ".join(f"{move.new}: {usd_words(move.npv.p50)}" for move in moves)
    axis = _money_axis(across, 10, bottom)
    return figure(WIDTH, bottom + 24, "Net present value", described, *axis, zero, *drawn)


def _worth(move: BreakEven, y: float, across: Scale, colours: dict[str, int]) -> Markup:
    low, middle, high = (across(end or 0.0) for end in (move.npv.p10, move.npv.p50, move.npv.p90))
    return tag(
        "g",
        text(GUTTER - 10, y + 4, move.new, anchor="end", class_="axis-name"),
        line((low, y), (high, y), "whisker"),
        *(line((end, y - 5), (end, y + 5), "whisker") for end in (low, high)),
        tag("circle", cx=middle, cy=y, r=5.0, class_="dot"),
        class_=f"c{colours[move.new] % 6}",
    )


def tornado_plot(drivers: Sequence[Driver], *, centre: float, colour: int) -> Markup:
    """How far each figure alone moves the net present value, the strongest first."""
    shown = drivers[:TORNADO_ROWS]
    if not shown:
        return Markup("")
    ends = [end for one in shown for end in (one.npv_usd_at_low, one.npv_usd_at_high)]
    low, high = min(0.0, centre, *ends), max(0.0, centre, *ends)
    across = Scale(low, high, TORNADO_GUTTER, RIGHT - 4)
    bottom = 10 + 25.0 * len(shown)
    drawn = [part for number, one in enumerate(shown) for part in _driver(one, 10 + 25.0 * number, across, colour)]
    marks = [
        line((across(0), 10), (across(0), bottom), "axis"),
        line((across(centre), 10), (across(centre), bottom), "frontier"),
    ]
    described = "; ".join(
        f"{one.name}: {usd_words(one.npv_usd_at_low)} to {usd_words(one.npv_usd_at_high)}" for one in shown
    )
    return figure(
        WIDTH, bottom + 24, "What it hangs on", described, *_money_axis(across, 10, bottom, 3), *drawn, *marks
    )


def _driver(one: Driver, top: float, across: Scale, colour: int) -> list[Markup]:
    left, right = sorted((across(one.npv_usd_at_low), across(one.npv_usd_at_high)))
    box = tag("rect", x=left, y=top + 5, width=max(1.0, right - left), height=15.0, class_="bar")
    opacity = 1.0 if one.uncertain else 0.45
    return [
        text(TORNADO_GUTTER - 10, top + 17, one.name, anchor="end"),
        tag("g", box, class_=f"c{colour % 6}", opacity=opacity),
    ]
