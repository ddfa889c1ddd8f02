"""The comparison as a table in a terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rich import box
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from proveout.trial._format import DASH, milliseconds, money, percent, plus_minus, rate, short_id, size
from proveout.trial._kinds import Column, measure_of
from proveout.trial._verdict import chosen, has_scope, labels_needed, verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from proveout.trial._comparison import CandidateResult, Comparison
    from proveout.trial._estimates import Estimate

__all__ = ["render_table"]

Cell = Callable[["CandidateResult"], str]
# What a narrow terminal does without, first to last.
DROPPED = (
    "\nsize",
    "nDCG\n@10",
    "requests\nper s",
    "p95\nms",
    "macro\nF1",
    "\nECE",
    "as\nserved",
    "checked\n%",
    "causal\n%",
    "modular\n%",
)
UNBOUNDED = 1000


def render_table(comparison: Comparison, console: Console) -> None:
    """Print one row per candidate, what was chosen on which split, and the verdict.

    Example:
        >>> render_table.__name__  # docs/design/trials.md shows one
        'render_table'
    """
    columns = _columns(comparison)
    dropped = [heading for heading in DROPPED if heading in columns]
    hidden: list[str] = []
    while dropped and _width(_table(comparison, columns), console) > console.width:
        hidden.append(dropped.pop(0))
        del columns[hidden[-1]]
    console.print(_table(comparison, columns))
    for note in _notes(comparison, hidden):
        console.print(Text(note, style="dim"))
    console.print()
    for sentence in (*verdict(comparison), *labels_needed(comparison)):
        console.print(Text(sentence))


def _table(comparison: Comparison, columns: dict[str, Cell]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 0), collapse_padding=True, title=_title(comparison))
    table.title_justify = "left"
    table.title_style = "bold"
    table.add_column("candidate", no_wrap=True)
    for heading in columns:
        table.add_column(heading, justify="right", no_wrap=True)
    for one in comparison.candidates:
        table.add_row(_name(one, comparison), *(cell(one) for cell in columns.values()))
    return table


def _width(table: Table, console: Console) -> int:
    return Measurement.get(console, console.options.update(max_width=UNBOUNDED), table).maximum


def _title(comparison: Comparison) -> Text:
    return Text(f"{comparison.task.name}: {comparison.rows.test_labelled:,} test rows")


def _columns(comparison: Comparison) -> dict[str, Cell]:
    scoped = has_scope(comparison)
    first, *others = [one for one in measure_of(comparison.task.kind).columns if scoped or not one.for_scope]
    found: list[tuple[str, Cell]] = [
        (first.short, lambda one: plus_minus(one.quality.figure(first.figure))),
        *((column.short, _cell(column)) for column in others),
        *([RANKED] if any(_ranks_documents(one) for one in comparison.candidates) else []),
        *([CAUSAL] if any(one.axes.causal for one in comparison.candidates) else []),
        *([MODULAR] if any(one.axes.modularity for one in comparison.candidates) else []),
        ("checked\n%", lambda one: _percent(one.axes.interpretability.checked)),
        ("\nECE", lambda one: percent(one.calibration.ece)),
        ("p50\nms", lambda one: milliseconds(one.latency_ms.p50) + _mark(one)),
        ("p95\nms", lambda one: milliseconds(one.latency_ms.p95) + _mark(one)),
        ("requests\nper s", lambda one: rate(one.throughput_per_second)),
        ("USD per\n1,000", lambda one: money(one.cost_per_1000)),
        ("\nsize", lambda one: size(one.artifact_bytes)),
    ]
    return dict(found)


def _cell(column: Column) -> Cell:
    return lambda one: _percent(one.quality.figure(column.figure))


def _percent(estimate: Estimate | None) -> str:
    return DASH if estimate is None else percent(estimate.value)


CAUSAL: tuple[str, Cell] = (
    "causal\n%",
    lambda one: _percent(one.axes.causal.consistency if one.axes.causal else None),
)
MODULAR: tuple[str, Cell] = (
    "modular\n%",
    lambda one: _percent(one.axes.modularity.localised if one.axes.modularity else None),
)
RANKED: tuple[str, Cell] = (
    "nDCG\n@10",
    lambda one: _percent(one.quality.ranking.ndcg_at_10 if one.quality.ranking else None),
)


def _ranks_documents(one: CandidateResult) -> bool:
    return one.quality.ranking is not None and one.quality.ranking.of == "documents"


def _mark(one: CandidateResult) -> str:
    return "" if one.latency_ms.measured else "*"


def _name(one: CandidateResult, comparison: Comparison) -> Text:
    marks = {"incumbent": one.id == comparison.incumbent, "simulated": one.simulated}
    words = ", ".join(mark for mark, holds in marks.items() if holds)
    return Text(short_id(one.id)) + Text(f"\n({words})" if words else "", style="dim")


def _notes(comparison: Comparison, hidden: Sequence[str]) -> list[str]:
    rows = "in-scope rows" if has_scope(comparison) else "rows"
    notes = [f"{measure_of(comparison.task.kind).about.format(rows=rows)}; ± is at 95 %", _about_axes(comparison)]
    if any(one.replayed for one in comparison.candidates):
        notes.append("* as recorded with the answers, not measured here.")
    if hidden:
        names = ", ".join(" ".join(heading.split()) for heading in hidden)
        notes.append(f"left out in this width: {names}; the report and --json have all")
    notes += [f"{short_id(one.id)}: {picked}" for one in comparison.candidates if (picked := _picked(one))]
    notes += [f"{short_id(one.id)}: {said}" for one in comparison.candidates if (said := _facts(one))]
    notes += [f"skipped {one.family}: {one.reason}" for one in comparison.skipped]
    return [*notes, *(f"note: {warning}" for warning in comparison.warnings)]


def _facts(one: CandidateResult) -> str:
    found = one.quality.facts
    if found is None or found.rows_right is None or found.rows_clear is None:
        return ""
    clear, right = percent(found.rows_clear.value), percent(found.rows_right.value)
    return f"nothing to confirm in {clear} % of rows, and every fact read right in {right} % of these"


def _about_axes(comparison: Comparison) -> str:
    axes = [one.axes for one in comparison.candidates]
    parts = {
        "causal: harmonic mean of invariance, direction and flip": any(one.causal for one in axes),
        "modular: injected faults blamed on the step they are in": any(one.modularity for one in axes),
        "checked: answers whose proof or citation an independent checker accepts": True,
    }
    return "; ".join(about for about, shown in parts.items() if shown)


def _picked(one: CandidateResult) -> str:
    by_split: dict[str, list[str]] = {}
    for name, value, split in chosen(one):
        if split:
            by_split.setdefault(split, []).append(f"{name} {value}")
    return "; ".join(f"{', '.join(picks)} chosen on {split}" for split, picks in by_split.items())
