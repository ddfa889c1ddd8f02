"""The comparison as one HTML file that opens offline: no script, no request, nothing outside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec
from markupsafe import Markup

from proveout.page import environment, page_style
from proveout.trial import _format
from proveout.trial._axes_plot import Mark, axis_plot
from proveout.trial._kinds import measure_of
from proveout.trial._plots import Dot, curves_plot, heat_map, pareto_plot, reliability_plot
from proveout.trial._verdict import chosen, has_scope, labels_needed, limits, verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jinja2 import Environment

    from proveout.trial._comparison import CandidateResult, Comparison
    from proveout.trial._estimates import Estimate
    from proveout.trial._kinds import Measure

__all__ = ["render_report"]

LONGEST_TEXT = 600
COLOURS = 6
LONGEST_NAME = 20


class View(NamedTuple):
    """What a candidate's section shows besides its figures."""

    one: CandidateResult
    colour: str
    reliability: Markup
    heat: Markup
    chosen: list[tuple[str, str, str]]


def render_report(comparison: Comparison) -> str:
    """One self-contained HTML page, byte-identical for equal comparisons.

    Every text of a row, a label or a parameter is escaped, and the page's Content-Security-Policy allows its own style
    sheet and nothing else.

    Example:
        >>> render_report.__name__  # docs/design/trials.md writes one
        'render_report'
    """
    style = page_style()
    colours = {one.family: number for number, one in enumerate(comparison.candidates)}
    measure = measure_of(comparison.task.kind)
    scoped = has_scope(comparison)
    return (
        _environment()
        .get_template("report.html")
        .render(
            c=comparison,
            style=style.sheet,
            style_hash=style.source,
            measure=measure,
            scoped=scoped,
            columns=[column for column in measure.columns if scoped or not column.for_scope],
            about=_about(measure, scoped=scoped),
            title=_capital(measure.name),
            ranked=[one for one in comparison.candidates if one.quality.ranking],
            reading=[one for one in comparison.candidates if one.quality.facts],
            verdict=verdict(comparison),
            plots=_plots(comparison),
            causal=[one for one in comparison.candidates if one.axes.causal],
            causal_tests=_causal_tests(comparison),
            causal_plot=axis_plot("Causal axis", _causal_marks(comparison)),
            taken_apart=[one for one in comparison.candidates if one.axes.modularity],
            blame_plots=_blame_plots(comparison),
            checked_plot=axis_plot("Interpretability axis", _checked_marks(comparison)),
            faithful=[one for one in comparison.candidates if one.axes.interpretability.faithfulness],
            curves=curves_plot(comparison.curves, colours),
            labels_needed=labels_needed(comparison),
            segments=_segments(comparison),
            views=[_view(one, number) for number, one in enumerate(comparison.candidates)],
            limits=limits(comparison),
        )
    )


def _about(measure: Measure, *, scoped: bool) -> str:
    return _capital(measure.about.format(rows="in-scope rows" if scoped else "all rows")) + "."


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]


def _environment() -> Environment:
    names = ("interval", "milliseconds", "money", "percent", "points", "rate", "short_id", "size")
    filters = {name: getattr(_format, name) for name in names}
    return environment("proveout.trial", {**filters, "clip": _clip, "spans": _spans})


def _view(one: CandidateResult, number: int) -> View:
    name = _format.short_id(one.id)
    bins = one.calibration.bins
    return View(
        one=one,
        colour=f"c{number % COLOURS}",
        reliability=reliability_plot(bins, name=name, colour=number) if bins else Markup(""),
        heat=heat_map(one.quality.confusion, name=name, colour=number),
        chosen=chosen(one),
    )


def _plots(comparison: Comparison) -> list[tuple[Markup, str]]:
    costs: list[float | None] = [one.cost_per_1000 for one in comparison.candidates]
    waits = [one.latency_ms.p50 for one in comparison.candidates]
    name = measure_of(comparison.task.kind).name
    title = _capital(name)
    axes = [
        (f"{title} over cost", "cost per 1,000 requests, USD", "$", _dots(comparison, costs)),
        (f"{title} over latency at batch 1", "median latency, ms", "", _dots(comparison, waits)),
    ]
    return [
        (pareto_plot(dots, title=title, axes=(axis, name), unit=unit), title)
        for title, axis, unit, dots in axes
        if dots
    ]


def _dots(comparison: Comparison, values: Iterable[float | None]) -> list[Dot]:
    found = []
    for number, (one, x) in enumerate(zip(comparison.candidates, values, strict=True)):
        figure = one.quality.figure(comparison.headline)
        if figure is not None and x is not None:
            name = f"{one.family} (simulated)" if one.simulated else one.family
            found.append(Dot(name, x, figure.value, figure.low, figure.high, number))
    return found


CAUSAL_ROWS = {
    "consistency": "consistency",
    "invariance": "invariance",
    "direction": "direction",
    "flip": "flip",
    "group_consistency": "group consistency",
    "boundary_error": "boundary error",
    "protected_gap": "protected gap",
}


def _causal_marks(comparison: Comparison) -> list[Mark]:
    return [
        Mark(row, one.family, found, number)
        for figure, row in CAUSAL_ROWS.items()
        for number, one in enumerate(comparison.candidates)
        if one.axes.causal and (found := getattr(one.axes.causal, figure))
    ]


def _causal_tests(comparison: Comparison) -> list[tuple[str, str, list[Estimate | None]]]:
    """One row for each factor and measure, with the figure of each candidate that was asked."""
    columns = [
        {(test.factor, test.measure): test.share for test in one.axes.causal.tests}
        for one in comparison.candidates
        if one.axes.causal
    ]
    named = sorted({name for column in columns for name in column})
    return [
        (factor, measure.replace("_", " "), [column.get((factor, measure)) for column in columns])
        for factor, measure in named
    ]


def _checked_marks(comparison: Comparison) -> list[Mark]:
    axes = [(number, one.family, one.axes.interpretability) for number, one in enumerate(comparison.candidates)]
    return [
        Mark(row, family, found, number)
        for row in ("checked", "proved")
        for number, family, axis in axes
        if (found := axis.checked if row == "checked" else axis.proved)
    ]


def _blame_plots(comparison: Comparison) -> list[tuple[str, Markup]]:
    """For each composed candidate where its wrong answers begin, step by step."""
    found = []
    for number, one in enumerate(comparison.candidates):
        axis = one.axes.modularity
        if axis is None:
            continue
        parts = [*((step.name, step.blame) for step in axis.steps), ("the rest", axis.rest)]
        marks = [Mark(_short(name), one.family, _shown(part), number) for name, part in parts if part]
        if axis.steps and marks:
            found.append((one.family, axis_plot(f"Where wrong answers of {one.family} begin", marks)))
    return found


def _shown(part: Estimate) -> Estimate:
    """A part that fits on a scale from 0; a right output that does harm is in the table."""
    value, low, high = (min(1.0, max(0.0, end)) for end in (part.value, part.low, part.high))
    return msgspec.structs.replace(part, value=value, low=low, high=high)


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _segments(comparison: Comparison) -> list[tuple[str, int, list[Estimate | None]]]:
    columns = [{part.name: part for part in one.quality.segments} for one in comparison.candidates]
    names = sorted({name for column in columns for name in column})
    return [
        (name, columns[0][name].n, [column[name].headline if name in column else None for column in columns])
        for name in names
    ]


def _clip(value: str) -> str:
    return value if len(value) <= LONGEST_TEXT else f"{value[:LONGEST_TEXT]}… ({len(value):,} characters)"


def _spans(indexes: Iterable[int]) -> str:
    """Runs of consecutive numbers: ``3 to 7, 9``."""
    runs: list[list[int]] = []
    for index in sorted(indexes):
        if runs and index == runs[-1][1] + 1:
            runs[-1][1] = index
        else:
            runs.append([index, index])
    return ", ".join(str(first) if first == last else f"{first} to {last}" for first, last in runs)
