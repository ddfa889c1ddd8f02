"""The risk-coverage curve with the certified point, as SVG without anything outside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup, escape

from proveout.certify._words import share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proveout.certify._decide import Part

__all__ = ["risk_coverage_plot"]

WIDTH, HEIGHT = 640.0, 320.0
LEFT, TOP, RIGHT, BOTTOM = 58.0, 18.0, 612.0, 270.0
# The loss axis ends at this multiple of alpha: what is far above it needs no scale.
CEILING = 4.0
LETTER = 7.2
STEPS = (1, 2, 2.5, 5, 10)


class Axes(NamedTuple):
    """Maps shares of traffic and losses to the drawing."""

    low: float
    high: float

    def x(self, coverage: float) -> float:
        """Across."""
        return LEFT + (RIGHT - LEFT) * coverage

    def y(self, loss: float) -> float:
        """Up; what lies outside is drawn at the edge."""
        inside = min(max(loss, self.low), self.high)
        return BOTTOM - (BOTTOM - TOP) * (inside - self.low) / (self.high - self.low)


def risk_coverage_plot(part: Part, alpha: float, *, claim: str) -> Markup:
    """Loss measured at each threshold over the share it serves, with alpha and the certified threshold marked."""
    points = [(step.served / part.rows, (step.worse - step.better) / part.units) for step in part.path if part.rows]
    axes = Axes(*_range([loss for _, loss in points], alpha))
    name = "disagreement" if claim == "agreement" else "net accuracy loss"
    described = f"{name} of {part.segment or 'all traffic'} at {len(points)} thresholds; allowed {share(alpha)}"
    parts = [*_grid(axes, name), _limit(axes, alpha), _curve(axes, points)]
    if part.threshold is not None:
        parts += _certified(axes, part)
    body = Markup("").join(parts)
    title = escape(f"Risk over coverage: {part.segment or 'all traffic'}")
    return Markup(
        '<svg viewBox="0 0 {:g} {:g}" role="img" aria-label="{}"><title>{}</title><desc>{}</desc>{}</svg>'
    ).format(WIDTH, HEIGHT, title, title, described, body)


def _range(losses: Sequence[float], alpha: float) -> tuple[float, float]:
    low = max(min(0.0, *losses, 0.0), -CEILING * alpha) if losses else 0.0
    return low, max(min(max([*losses, 1.6 * alpha]), CEILING * alpha), 1.6 * alpha)


def _ticks(low: float, high: float) -> list[float]:
    raw = (high - low) / 5
    power = 10.0**-20
    while power * 10 <= raw:
        power *= 10
    step = next(power * factor for factor in STEPS if power * factor >= raw * 0.999)
    first = -int(-low / step + 1e-9) if low < 0 else 0
    return [round(step * at, 12) for at in range(first, int(high / step + 1e-9) + 1)]


def _grid(axes: Axes, name: str) -> list[Markup]:
    parts = []
    for loss in _ticks(axes.low, axes.high):
        parts.append(_line((LEFT, axes.y(loss)), (RIGHT, axes.y(loss)), "grid"))
        parts.append(_text(LEFT - 8, axes.y(loss) + 4, share(loss).replace("-", "\N{MINUS SIGN}"), "end"))
    tenths = range(0, 11, 2)
    parts += [_text(axes.x(tenth / 10), BOTTOM + 19, f"{tenth * 10} %", "middle") for tenth in tenths]
    parts.append(_line((LEFT, BOTTOM), (RIGHT, BOTTOM), "axis"))
    parts.append(_text((LEFT + RIGHT) / 2, BOTTOM + 40, "share of traffic served", "middle", "axis-name"))
    parts.append(_text(LEFT, TOP - 6, f"{name} measured", "start", "axis-name"))
    return parts


def _limit(axes: Axes, alpha: float) -> Markup:
    label = _text(LEFT + 6, axes.y(alpha) - 6, f"allowed {share(alpha)}", "start", "limit-name")
    return _line((LEFT, axes.y(alpha)), (RIGHT, axes.y(alpha)), "limit") + label


def _curve(axes: Axes, points: Sequence[tuple[float, float]]) -> Markup:
    """A line through the thresholds that lie within the axes; where it leaves them it ends."""
    shown = []
    for coverage, loss in points:
        shown.append(f"{axes.x(coverage):.1f},{axes.y(loss):.1f}")
        if loss > axes.high:
            break
    return Markup('<polyline class="curve c0" points="{}"></polyline>').format(" ".join(shown))


def _certified(axes: Axes, part: Part) -> list[Markup]:
    loss = (part.worse - part.better) / part.units
    x, y, bound = axes.x(part.coverage), axes.y(loss), axes.y(part.bound if part.bound is not None else loss)
    label = f"certified: {share(round(part.coverage, 4))}"
    left = x + 10 + len(label) * LETTER > RIGHT
    place = (x - 10, "end") if left else (x + 10, "start")
    below = min(y + 22, BOTTOM - 8)
    return [
        Markup('<rect class="served" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"></rect>').format(
            LEFT, TOP, x - LEFT, BOTTOM - TOP
        ),
        _line((x, y), (x, bound), "whisker"),
        _line((x - 5, bound), (x + 5, bound), "whisker"),
        Markup('<circle class="dot c0" cx="{:.1f}" cy="{:.1f}" r="5.5"></circle>').format(x, y),
        _text(place[0], below, label, place[1], "name c0"),
    ]


def _line(start: tuple[float, float], end: tuple[float, float], class_: str) -> Markup:
    return Markup('<line class="{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"></line>').format(
        class_, *start, *end
    )


def _text(x: float, y: float, content: str, anchor: str, class_: str = "label") -> Markup:
    return Markup('<text class="{}" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(
        class_, x, y, anchor, content
    )
