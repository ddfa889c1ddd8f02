from __future__ import annotations

import itertools
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from proveout.errors import ArtifactCorrupt, CandidateInvalid, CandidateNotFound
from proveout.ledger import Ledger, LedgerReader
from proveout.task import Answer, Usage
from proveout.trial import LatencyPlan, compare_schema, comparison_to_json
from proveout.trial._entries import AnswersRecorded, LatencyRecorded, TrialFinished, TrialStarted
from proveout.trial._recording import digest

Bench = Any  # the fixture's class lives in conftest, which a test module cannot import


def valid(comparison: Any) -> dict[str, Any]:
    """The JSON of a comparison, checked against the schema; NaN would not survive strict JSON."""
    value: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(comparison_to_json(comparison)))
    jsonschema.Draft202012Validator(compare_schema()).validate(value)
    return value


def entries(bench: Bench, body: type[Any]) -> list[Any]:
    with LedgerReader.open(bench.workspace) as reader:
        return [one.body() for one in reader.entries(kind=body.kind)]


def test_figures_of_a_known_candidate(bench: Bench) -> None:
    labels = ["a"] * 30 + ["b"] * 10
    result = bench.trial_of(labels, lambda _inputs, _n: bench.said("a", 0.75, usage=Usage(usd=0.002)))
    found = valid(result)["candidates"][0]
    assert found["quality"]["accuracy"] | {"low": 0, "high": 0} == {"value": 0.75, "low": 0, "high": 0, "n": 40}
    assert found["quality"]["out_of_scope_recall"] is None
    assert found["calibration"]["ece"] == pytest.approx(0.0)
    assert found["cost"]["provider_per_1000"] == pytest.approx(2.0)
    assert found["cost_per_1000"] == pytest.approx(2.0 + found["cpu_seconds_per_1000"] / 3600 * 0.05)
    assert found["artifact_bytes"] == 1000
    # Three chunks of 16, each between two readings of a clock that ticks a millisecond.
    assert found["throughput_per_second"] == pytest.approx(40 / 0.003)
    assert found["latency_ms"]["p50"] == pytest.approx(1.0)
    assert found["latency_ms"]["measured"] is True
    assert found["family"] == "distilled"


def test_every_figure_traces_to_entries_and_test_rows_open_once(bench: Bench) -> None:
    result = bench.trial_of(["a", "b"] * 20, lambda _inputs, _n: bench.said("a"))
    one = result.candidates[0]
    with LedgerReader.open(bench.workspace) as reader:
        chunks: list[Any] = [reader.entry(index).body() for index in one.ledger.answers]
        assert isinstance(reader.entry(one.ledger.latency).body(), LatencyRecorded)
        assert isinstance(reader.entry(result.ledger[0]).body(), TrialStarted)
    assert [(chunk.start, chunk.rows) for chunk in chunks] == [(0, 16), (16, 16), (32, 8)]
    for chunk in chunks:
        path = bench.workspace.trials / "answers" / chunk.hash[:2] / f"{chunk.hash}.json"
        assert digest(path.read_bytes()) == chunk.hash
    finished = entries(bench, TrialFinished)[0]
    content = (bench.workspace.trials / f"{result.trial}.json").read_bytes()
    assert digest(content) == finished.hash
    assert msgspec.json.decode(content) == valid(result)


def test_test_rows_are_opened_once_for_all_candidates(bench: Bench) -> None:
    task = bench.task()
    snapshot = bench.Snapshot(task, bench.rows(["a", "b"]), bench.rows(["a", "b", "a"]))
    built = [bench.built(snapshot, lambda _i, _n: bench.said("a"), name) for name in ("distilled", "retrieval")]
    bench.compare(task, snapshot, built)
    assert len(snapshot.purposes) == 1
    assert all(one.id in snapshot.purposes[0] for one in built)


def test_the_same_trial_again_measures_nothing_anew(bench: Bench) -> None:
    task = bench.task()
    snapshot = bench.Snapshot(task, bench.rows(["a", "b"]), bench.rows(["a", "b"] * 20))
    one = bench.built(snapshot, lambda _inputs, number: bench.said("a" if number % 3 else "b"))
    first = bench.compare(task, snapshot, [one])
    asked = one.candidate.asked
    second = bench.compare(task, snapshot, [one])
    assert one.candidate.asked == asked
    assert second.candidates == first.candidates
    assert second.trial == first.trial


def test_a_lost_chunk_is_answered_anew_and_a_changed_one_is_refused(bench: Bench) -> None:
    task = bench.task()
    snapshot = bench.Snapshot(task, bench.rows(["a", "b"]), bench.rows(["a", "b"] * 20))
    one = bench.built(snapshot, lambda _inputs, number: bench.said("a", 0.5 + number / 1000))
    bench.compare(task, snapshot, [one])
    path = next((bench.workspace.trials / "answers").rglob("*.json"))
    path.write_bytes(path.read_bytes().replace(b'"a"', b'"b"', 1))
    with pytest.raises(ArtifactCorrupt, match="delete the file and compare again"):
        bench.compare(task, snapshot, [one])
    path.unlink()
    asked = one.candidate.asked
    bench.compare(task, snapshot, [one])
    assert one.candidate.asked - asked in {8, 16}


KILLED = """
import os, runpy, signal, sys
from pathlib import Path
conftest = runpy.run_path({conftest!r})
bench = conftest["Bench"](Path({folder!r}))
task = bench.task()
snapshot = bench.Snapshot(task, bench.rows(["a", "b"]), bench.rows(["a", "b"] * 40))
def answer(inputs, number):
    if number == {kill_at}:
        os.kill(os.getpid(), signal.SIGKILL)
    return bench.said("a")
result = bench.compare(task, snapshot, [bench.built(snapshot, answer)])
print(result.candidates[0].quality.accuracy.value, bench.workspace.root)
"""


def test_a_killed_trial_goes_on_at_the_first_missing_chunk(bench: Bench, tmp_path: Path) -> None:
    conftest = str(Path(__file__).with_name("conftest.py"))
    code = textwrap.dedent(KILLED).format(conftest=conftest, folder=str(tmp_path), kill_at=40)
    killed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert [body.start for body in entries(bench, AnswersRecorded)] == [0, 16]
    assert entries(bench, TrialFinished) == []
    task = bench.task()
    snapshot = bench.Snapshot(task, bench.rows(["a", "b"]), bench.rows(["a", "b"] * 40))
    one = bench.built(snapshot, lambda _inputs, _n: bench.said("a"))
    result = bench.compare(task, snapshot, [one])
    assert [body.start for body in entries(bench, AnswersRecorded)] == [0, 16, 32, 48, 64]
    assert one.candidate.asked == 48 + 1 + 8  # the missing rows, one warm-up, eight timed requests
    assert result.candidates[0].quality.accuracy.n == 80
    assert len(entries(bench, TrialFinished)) == 1


def test_no_in_scope_rows(bench: Bench) -> None:
    result = bench.trial_of(["oos"] * 20, lambda _i, _n: bench.abstained("a"), out_of_scope="oos")
    found = valid(result)["candidates"][0]
    assert found["quality"]["accuracy"] is None
    assert found["quality"]["out_of_scope_recall"]["value"] == 1.0
    assert found["calibration"]["ece"] is None
    assert any("accuracy is not defined" in warning for warning in result.warnings)


def test_abstaining_everywhere(bench: Bench) -> None:
    result = bench.trial_of(["a", "b"] * 10, lambda _i, _n: Answer(abstention="empty input"))
    quality = valid(result)["candidates"][0]["quality"]
    assert quality["coverage"]["value"] == 0.0
    assert quality["accuracy"]["value"] == quality["accuracy_at_threshold"]["value"] == 0.0
    assert quality["accuracy_answered"] is None


def test_one_row_and_no_row(bench: Bench) -> None:
    assert valid(bench.trial_of(["a"], lambda _i, _n: bench.said("a")))["rows"]["test_labelled"] == 1
    empty = valid(bench.trial_of([], lambda _i, _n: bench.said("a")))["candidates"][0]
    assert (empty["quality"]["accuracy"], empty["latency_ms"]["p50"]) == (None, None)


def test_rows_without_expected_output_are_left_out_and_counted(bench: Bench) -> None:
    result = bench.trial_of(["a", None, "b", None], lambda _i, _n: bench.said("a"))
    assert (result.rows.test, result.rows.test_labelled) == (4, 2)
    assert result.candidates[0].quality.accuracy.n == 2
    assert any(warning.startswith("2 of 4 test rows") for warning in result.warnings)


def test_odd_labels_and_segments(bench: Bench) -> None:
    labels = ['say "hi"', "<b>&amp;</b>", "日本語", "e\u0301\u202e", "a,b\nc"]
    guesses = itertools.cycle(reversed(labels))
    found = valid(bench.trial_of(labels * 4, lambda _i, _n: bench.said(next(guesses))))
    assert set(found["candidates"][0]["quality"]["confusion"]["labels"]) == set(labels)


def test_against_a_replayed_incumbent(bench: Bench) -> None:
    result = bench.showcase(300)
    distilled, retrieval, llm = result.candidates
    assert (result.incumbent, result.incumbent_simulated) == (llm.id, True)
    assert llm.quality.vs_incumbent is None
    found = distilled.quality.vs_incumbent
    assert found.difference == pytest.approx(distilled.quality.accuracy.value - llm.quality.accuracy.value)
    assert found.n == distilled.quality.accuracy.n
    assert retrieval.quality.segments[0].name == "app"
    assert llm.latency_ms.measured is False
    assert llm.throughput_per_second is None
    assert llm.ledger.latency is None
    assert llm.latency_ms.p50 == pytest.approx(1000 * 0.82, rel=0.1)  # from Usage: log-normal around exp(-0.2)
    valid(result)


def test_against_answers_recorded_in_the_rows(bench: Bench) -> None:
    task = bench.task(mode="recorded")
    rows = [msgspec.structs.replace(row, incumbent={"intent": "a"}) for row in bench.rows(["a", "b"] * 20)]
    snapshot = bench.Snapshot(task, rows, [*rows[:30], *bench.rows(["b"] * 10)])
    result = bench.compare(task, snapshot, [bench.built(snapshot, lambda _i, _n: bench.said("b"))])
    assert result.incumbent == "recorded"
    found = result.candidates[0].quality.vs_incumbent
    assert (found.n, found.difference, found.agreement) == (30, 0.0, 0.0)


def test_an_unknown_incumbent_and_a_foreign_candidate_are_refused(bench: Bench) -> None:
    task = bench.task()
    snapshot = bench.Snapshot(task, bench.rows(["a", "b"]), bench.rows(["a", "b"]))
    other = bench.Snapshot(task, bench.rows(["b", "a"]), bench.rows(["a"]))
    one = bench.built(snapshot, lambda _i, _n: bench.said("a"))
    with pytest.raises(CandidateNotFound, match="name one of them"):
        bench.compare(task, snapshot, [one], incumbent="llm@nowhere")
    with pytest.raises(CandidateInvalid, match="build it again"):
        bench.compare(task, other, [one])


@pytest.mark.parametrize("broken", [float("nan"), 1.5, -0.1])
def test_a_candidate_that_breaks_the_protocol_is_refused(bench: Bench, broken: float) -> None:
    with pytest.raises(CandidateInvalid, match="outside 0 to 1"):
        bench.trial_of(["a", "b"], lambda _i, _n: bench.said("a", broken))


def test_slow_requests_stop_within_the_budget(bench: Bench) -> None:
    plan = LatencyPlan(warm_up=0, requests=300, budget_seconds=0.01, least=5)
    result = bench.trial_of(["a"] * 100, lambda _i, _n: bench.said("a"), latency=plan)
    assert 5 <= result.candidates[0].latency_ms.n < 20


def test_progress_reaches_the_end(bench: Bench) -> None:
    from proveout.trial import compare  # noqa: PLC0415  the one test that calls it directly

    task = bench.task()
    snapshot = bench.Snapshot(task, bench.rows(["a"]), bench.rows(["a", "b"] * 20))
    seen: list[tuple[str, int, int]] = []
    with Ledger.open(bench.workspace) as ledger:
        compare(
            bench.workspace,
            task,
            snapshot,
            [bench.built(snapshot, lambda _i, _n: bench.said("a"))],
            ledger=ledger,
            progress=lambda *step: seen.append(step),
            options=bench.options(),
        )
    assert seen == [("measure distilled", done, 40) for done in (16, 32, 40)]


def test_the_schema_knows_every_field_and_refuses_others(bench: Bench) -> None:
    value = valid(bench.showcase(60))
    value["candidates"][0]["surprise"] = 1
    with pytest.raises(jsonschema.ValidationError, match="surprise"):
        jsonschema.Draft202012Validator(compare_schema()).validate(value)
