from __future__ import annotations

import io
from typing import Any

import msgspec
import pytest
from rich.console import Console

from proveout.task import Causal, CausalFactor
from proveout.trial import render_table, verdict

Bench = Any  # the fixture's class lives in conftest, which a test module cannot import


def shown(comparison: Any, width: int = 100) -> str:
    out = io.StringIO()
    render_table(comparison, Console(file=out, width=width, no_color=True))
    return out.getvalue()


def test_a_hundred_columns_hold_the_table_whole(bench: Bench) -> None:
    result = bench.showcase(300)
    text = shown(result)
    lines = text.splitlines()
    assert max(len(line) for line in lines) <= 100
    assert "…" not in text
    assert "\x1b" not in text
    for one in result.candidates:
        row = next(line for line in lines if one.id[:12] in line)
        assert f"{one.quality.accuracy.value * 100:.1f}" in row
    assert "(incumbent, simulated)" in text
    assert "chosen on select" in text


@pytest.mark.parametrize("width", [60, 80])
def test_a_narrow_terminal_leaves_columns_out_and_no_figure_is_cut(bench: Bench, width: int) -> None:
    result = bench.showcase(300)
    text = shown(result, width)
    assert max(len(line) for line in text.splitlines()) <= width
    assert "…" not in text
    assert " size" in " ".join(text.split()).partition("left out in this width:")[2]
    accuracy = result.candidates[0].quality.accuracy
    assert f"{accuracy.value * 100:.1f} ±" in text
    assert "$0.60" in text


def test_markup_in_labels_and_names_is_not_interpreted(bench: Bench) -> None:
    task = bench.task(["[red]x[/red]", "[/]"])
    snapshot = bench.Snapshot(task, bench.rows(["[/]"]), bench.rows(["[/]", "[red]x[/red]"]))
    built = bench.built(
        snapshot, lambda _i, _n: bench.said("[/]"), parameters={"a": {"value": "[/x]", "chosen_on": "[b]"}}
    )
    assert "a [/x] chosen on [b]" in shown(bench.compare(task, snapshot, [built]))


def test_undefined_figures_are_dashes(bench: Bench) -> None:
    text = shown(bench.trial_of([], lambda _i, _n: bench.said("a")))
    assert "\N{EN DASH}" in text
    assert "nan" not in text.lower()


def test_the_verdict_says_more_fewer_or_neither(bench: Bench) -> None:
    task = bench.task()
    rows = bench.rows(["a", "b"] * 100)
    snapshot = bench.Snapshot(task, rows, rows)

    def against(ours: float, theirs: float) -> str:
        def right_for(count: float) -> Any:
            def answer(inputs: dict[str, Any], _n: int) -> Any:
                number, label = inputs["text"].split()[1:]
                return bench.said(label if int(number) < 200 * count else "neither")

            return answer

        pair = [
            bench.built(snapshot, right_for(ours), code=f"{ours}"),
            bench.built(snapshot, right_for(theirs), "llm", code=f"{theirs}"),
        ]
        return verdict(bench.compare(task, snapshot, pair))[1]

    assert "20.0 points more than the incumbent" in against(0.9, 0.7)
    assert "20.0 points fewer than the incumbent" in against(0.7, 0.9)
    assert "No difference from the incumbent is shown" in against(0.9, 0.9)


def test_the_axes_have_their_columns(bench: Bench) -> None:
    factor = CausalFactor(name="greeting", role="non-causal", insert=("Hello.",))
    task = msgspec.structs.replace(bench.task(), causal=Causal(factors=(factor,)))
    rows = bench.rows(["a", "b"] * 10)
    snapshot = bench.Snapshot(task, rows, rows)
    built = bench.built(snapshot, lambda _inputs, _n: bench.said("a"))
    with_causal, without = (shown(bench.compare(task, snapshot, [built], causal=on), 140) for on in (True, False))
    assert "causal checked" in " ".join(with_causal.split())
    assert "harmonic mean" in with_causal
    assert "causal" not in without
    assert "checked" in without
