"""Whole trials of kinds other than classify: the comparison, its JSON, the table and the report."""

from __future__ import annotations

import io
from typing import Any, get_args

import jsonschema
import msgspec
import pytest
from rich.console import Console

from proveout.task import Answer, Citation, Evidence, Example, Incumbent, Kind, Step, Task
from proveout.trial import compare_schema, comparison_to_json, render_report, render_table, verdict
from proveout.trial._kinds import KINDS

Bench = Any  # the fixture's class lives in conftest, which a test module cannot import


def valid(comparison: Any) -> dict[str, Any]:
    value: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(comparison_to_json(comparison)))
    jsonschema.Draft202012Validator(compare_schema()).validate(value)
    return value


def table(comparison: Any, width: int = 100) -> str:
    out = io.StringIO()
    render_table(comparison, Console(file=out, width=width, no_color=True))
    return out.getvalue()


def task_of(kind: Any, *fields: str) -> Task:
    properties = {name: {"type": ["string", "null"]} for name in fields}
    return Task(
        name="desk",
        kind=kind,
        input={"type": "object", "properties": {"text": {"type": "string"}}},
        output={"type": "object", "properties": properties},
        incumbent=Incumbent(mode="recorded"),
    )


def extraction(bench: Bench) -> Any:
    """Forty receipts: a candidate that misses the date of every fourth, an incumbent that misses every second."""
    task = task_of("extract", "date", "total")
    rows = [
        Example(
            id=str(at),
            inputs={"text": f"row {at}"},
            expected={"date": f"{at} May", "total": f"{at} EUR"},
            incumbent={"date": f"{at} May" if at % 2 else None, "total": f"{at} EUR"},
            segment="web" if at < 10 else "app",
        )
        for at in range(40)
    ]
    snapshot = bench.Snapshot(task, rows, rows)

    def answer(inputs: dict[str, Any], _number: int) -> Answer:
        at = int(inputs["text"].split()[1])
        return Answer(output={"date": f"{at} May" if at % 4 else "1 June", "total": f"{at}  EUR"}, confidence=0.8)

    return bench.compare(task, snapshot, [bench.built(snapshot, answer)])


def answering(bench: Bench) -> Any:
    """Thirty questions, six without an answer in the documents: it finds half of the others, and cites."""
    task = task_of("answer", "answer")
    rows = [
        Example(
            id=str(at),
            inputs={"text": f"row {at}"},
            expected={"answer": f"the town {at}" if at % 5 else None},
            incumbent={"answer": "town"},
            relevant=(f"{at}",) if at % 5 else (),
        )
        for at in range(30)
    ]
    snapshot = bench.Snapshot(task, rows, rows)
    snapshot.texts = {f"docs/{at}.md": f"It is town {at}.".encode() for at in range(30)}

    def answer(inputs: dict[str, Any], _number: int) -> Answer:
        at = int(inputs["text"].split()[1])
        if not at % 5:
            return Answer(abstention="not in the documents", confidence=0.3)
        cited = [at, at + 1] if at % 2 else [(at + 1) % 30, at]
        spans = tuple(Citation(document=f"docs/{n}.md", fingerprint="f", start=0, end=99) for n in cited if n < 30)
        trace = (Step(name="retrieve", output=None, wall_seconds=0.004),)
        return Answer(
            output={"answer": f"Town {at}." if at % 2 else "some other town"},
            confidence=0.8,
            evidence=Evidence(citations=spans, trace=trace),
        )

    return bench.compare(task, snapshot, [bench.built(snapshot, answer, "retrieval")])


def test_a_trial_of_extract(bench: Bench) -> None:
    result = extraction(bench)
    found = valid(result)
    quality = found["candidates"][0]["quality"]
    assert (found["headline"], found["rows"]["test_out_of_scope"]) == ("accuracy", 0)
    assert quality["accuracy"]["value"] == pytest.approx(30 / 40)
    assert {name: quality["other"][name]["value"] for name in ("precision", "recall", "f1")} == dict.fromkeys(
        ("precision", "recall", "f1"), pytest.approx(70 / 80)
    )
    assert [(one["field"], one["f1"]["value"]) for one in quality["fields"]] == [("date", 0.75), ("total", 1.0)]
    assert quality["field_errors"] == [{"field": "date", "missing": 0, "spurious": 0, "wrong": 10}]
    assert [(part["name"], part["headline"]["n"]) for part in quality["segments"]] == [("app", 30), ("web", 10)]
    versus = quality["vs_incumbent"]
    assert (versus["test"], versus["difference"], versus["n"]) == ("McNemar, exact", pytest.approx(10 / 40), 40)
    assert versus["agreement"] == pytest.approx(20 / 40)
    assert quality["ranking"] is quality["macro_f1"] is None


def test_a_trial_of_answer(bench: Bench) -> None:
    result = answering(bench)
    found = valid(result)
    quality = found["candidates"][0]["quality"]
    assert (found["headline"], found["rows"]["test_out_of_scope"]) == ("token_f1", 6)
    assert quality["accuracy"]["value"] == pytest.approx(12 / 24)
    assert quality["other"]["token_f1"]["value"] == pytest.approx((12 * 1 + 12 * 2 / 5) / 24)
    assert quality["coverage"]["value"] == pytest.approx(24 / 30)
    assert quality["out_of_scope_recall"]["value"] == quality["out_of_scope_precision"]["value"] == 1.0
    assert quality["other"]["supported"]["value"] == pytest.approx(12 / 24)
    assert quality["other"]["citation_accuracy"]["value"] == pytest.approx(12 / 24)
    ranking = quality["ranking"]
    assert (ranking["of"], ranking["recall_at_1"]["value"], ranking["recall_at_5"]["value"]) == ("documents", 0.5, 1.0)
    assert ranking["mrr"]["value"] == pytest.approx(0.75)
    assert ranking["retrieval_ms"]["p50"] == pytest.approx(4.0)
    versus = quality["vs_incumbent"]
    assert (versus["test"], versus["n"], versus["agreement"]) == ("paired permutation", 24, 0.0)
    assert versus["difference"] == pytest.approx(quality["other"]["token_f1"]["value"] - 2 / 3)


@pytest.mark.parametrize(
    ("trial", "words"),
    [
        (extraction, ["exact", "micro", "Precision", "Most frequent field errors", "every field right in 75.0 %"]),
        (answering, ["token", "Supported", "left open", "mean token F1 of 70.0 %", "How well it searches", "nDCG"]),
    ],
)
def test_table_verdict_and_report_name_the_figures_of_the_kind(bench: Bench, trial: Any, words: list[str]) -> None:
    result = trial(bench)
    text = table(result, 120)
    assert max(len(line) for line in text.splitlines()) <= 120
    page = render_report(result)
    shown = " ".join(f"{text} {page} {' '.join(verdict(result))}".split())
    assert [word for word in words if word not in shown] == []
    assert "oos" not in text
    assert "macro" not in text.lower()
    assert "It took no label for another" not in page


def test_no_row_and_a_candidate_that_never_answers(bench: Bench) -> None:
    for kind in ("extract", "answer"):
        task = task_of(kind, "answer")
        for count in (0, 3):
            rows = [Example(id=str(at), inputs={"text": "x"}, expected={"answer": "y"}) for at in range(count)]
            snapshot = bench.Snapshot(task, rows, rows)
            built = bench.built(snapshot, lambda _inputs, _n: Answer(abstention="empty input"))
            result = bench.compare(task, snapshot, [built])
            quality = valid(result)["candidates"][0]["quality"]
            assert quality["accuracy"] == (None if count == 0 else quality["accuracy_at_threshold"])
            assert "nan" not in (render_report(result) + table(result)).lower().split()


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_column_names_a_metric_of_its_kind(kind: str) -> None:
    measure = KINDS[kind]
    known = measure.metrics.names()
    assert {column.figure for column in measure.columns} <= set(known)
    assert measure.columns[0].figure == measure.headline


def test_every_kind_of_a_task_is_measured() -> None:
    assert set(get_args(Kind)) == set(KINDS)
