"""A fake whose steps are wrong at known rates gets the figures that follow."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import jsonschema
import msgspec
import numpy as np
import pytest
from rich.console import Console

from proveout.errors import ArtifactCorrupt, CandidateInvalid
from proveout.families import Built, Candidate, ComposedStep, Override
from proveout.ledger import LedgerReader
from proveout.task import Answer, Evidence, Example, Step, fingerprint
from proveout.testing import FakeComposed
from proveout.trial import (
    ModularityAxis,
    ModularityPlan,
    compare_schema,
    comparison_to_json,
    faults,
    render_report,
    render_table,
    verify_trial,
)
from proveout.trial._entries import ModularityMeasured
from proveout.trial._modularity_record import outcomes_path

Bench = Any  # the fixture's class lives in conftest, which a test module cannot import
ERRORS = {"intent": 0.15, "days": 0.08, "decide": 0.04}


def rebuild(candidate: Candidate, step: str) -> Candidate:
    assert isinstance(candidate, FakeComposed)
    return candidate.rebuilt(step, seed=1)


def compared(
    bench: Bench,
    rows: int = 100,
    kind: type[FakeComposed] = FakeComposed,
    plan: ModularityPlan | None = None,
    **parts: Any,
) -> Any:
    """A comparison of the fake beside a candidate that is one piece."""
    task = FakeComposed.task()
    examples = FakeComposed.rows(rows)
    snapshot = bench.Snapshot(task, FakeComposed.rows(20, seed=5), examples)
    desk = kind(FakeComposed.card_for(snapshot.id, fingerprint(task)), **parts)
    folder = bench.folder / "composed"
    folder.mkdir(exist_ok=True)
    desk.save(folder)
    identifier = f"composed@{kind.__name__.lower()}{sorted(parts)}"
    one = Built(id=identifier, candidate=desk, folder=folder, reused=False, wall_seconds=1.0, cpu_seconds=1.0)
    other = bench.built(snapshot, lambda _inputs, _n: bench.said("approve"))
    whole = msgspec.structs.replace(other, candidate=Saying(other.candidate.card))
    return bench.compare(task, snapshot, [one, whole], modularity=plan or ModularityPlan(rebuild=rebuild, sample=24))


class Saying:
    """Always approves."""

    def __init__(self, card: Any) -> None:
        self.card = card

    def answer(self, inputs: Sequence[Mapping[str, Any]]) -> list[Answer]:
        return [Answer(output={"decision": "approve"}, confidence=0.5)] * len(inputs)

    def save(self, folder: Any) -> None:
        raise NotImplementedError(folder)


def axis_of(result: Any) -> ModularityAxis:
    axis: ModularityAxis = result.candidates[0].axes.modularity
    return axis


def test_the_figures_of_a_candidate_with_full_gold(bench: Bench) -> None:
    result = compared(bench, rows=300, plan=ModularityPlan(rebuild=rebuild), errors=ERRORS)
    jsonschema.Draft202012Validator(compare_schema()).validate(
        msgspec.json.decode(msgspec.json.encode(comparison_to_json(result)))
    )
    axis = axis_of(result)
    steps = {step.name: step for step in axis.steps}
    assert axis.undefined == {}
    assert axis.localised is not None
    assert axis.localised.value >= 0.95
    assert axis.localised == axis.localised_with_gold
    assert axis.localised_overall is not None
    assert axis.localised_overall.value == 1.0
    for name, rate in ERRORS.items():
        accuracy = steps[name].own_accuracy
        assert accuracy is not None
        assert accuracy.low <= 1 - rate <= accuracy.high
    as_run, own = (getattr(steps["decide"], name).value for name in ("accuracy", "own_accuracy"))
    assert as_run < own
    assert axis.rest is not None
    assert axis.rest.value == 0
    assert axis.exact
    assert axis.wrong == axis.wrong_rows == round((1 - result.candidates[0].quality.accuracy.value) * 300)


@pytest.mark.parametrize("part", ["blame", "shapley"])
def test_the_parts_of_wrong_answers_add_up(bench: Bench, part: str) -> None:
    axis = axis_of(compared(bench, errors=ERRORS))
    parts = [getattr(step, part).value for step in axis.steps]
    assert axis.rest is not None
    assert sum(parts) == pytest.approx(1 - axis.rest.value)


def test_blame_falls_on_the_one_step_that_is_wrong(bench: Bench) -> None:
    axis = axis_of(compared(bench, errors={"days": 0.3}))
    blame = {step.name: step.blame.value for step in axis.steps if step.blame}
    assert blame == {"intent": 0.0, "days": 1.0, "decide": 0.0}
    # The last step's gold would hide it as well: in any order the blame is shared.
    shapley = {step.name: step.shapley.value for step in axis.steps if step.shapley}
    assert shapley == {"intent": pytest.approx(0), "days": pytest.approx(0.5), "decide": pytest.approx(0.5)}
    assert [step.fixes.value for step in axis.steps if step.fixes] == [0.0, 1.0, 1.0]


def test_labels_that_are_wrong_are_the_rest(bench: Bench) -> None:
    class Mislabelled(FakeComposed):
        """Its gold of the last step is another than the rows expect."""

        def gold(self, example: Example) -> dict[str, Any]:
            return {**super().gold(example), "decide": {"decision": "nothing"}}

    axis = axis_of(compared(bench, kind=Mislabelled, errors={"decide": 0.2}))
    assert axis.rest is not None
    assert axis.rest.value == 1.0


def test_masked_faults_are_counted_and_not_localised(bench: Bench) -> None:
    axis = axis_of(compared(bench, rows=60))
    found = {(one.step, one.fault): one for one in axis.faults}
    # Nothing reads the confidence of an intent, the one number there.
    number = found["intent", "number"]
    assert (number.injected, number.masked, number.localised, number.named) == (24, 24, 0, "")
    label = found["decide", "label"]
    assert (label.injected, label.masked, label.localised, label.named) == (24, 0, 24, "decide")
    assert ("days", "boolean") not in found
    injected, masked = (sum(getattr(one, part) for one in axis.faults) for part in ("injected", "masked"))
    assert axis.masked is not None
    assert axis.masked.value == pytest.approx(masked / injected)
    for step in axis.steps:
        own = [one for one in axis.faults if one.step == step.name]
        assert (step.injected, step.masked) == (sum(one.injected for one in own), sum(one.masked for one in own))


def test_without_gold_of_a_step_its_faults_are_blamed_elsewhere(bench: Bench) -> None:
    result = compared(bench, errors=ERRORS, labelled=("intent", "decide"))
    axis = axis_of(result)
    steps = {step.name: step for step in axis.steps}
    assert axis.without_gold == ("days",)
    assert steps["days"].blame is None
    assert steps["days"].localised is not None
    assert steps["days"].localised.value == 0.0
    assert max(steps["days"].if_unlabelled, key=lambda name: steps["days"].if_unlabelled[name]) == "decide"
    assert "days" not in steps["days"].if_unlabelled
    assert axis.localised is not None
    assert axis.localised_with_gold is not None
    assert axis.localised.value < 0.9 <= axis.localised_with_gold.value
    assert any("no row has gold for days" in warning for warning in result.warnings)


def test_without_any_gold_all_is_rest(bench: Bench) -> None:
    axis = axis_of(compared(bench, errors=ERRORS, labelled=()))
    assert axis.rest is not None
    assert axis.rest.value == 1.0
    assert axis.localised is not None
    assert axis.localised.value == 0.0
    assert set(axis.undefined) == {"localised_with_gold"}
    assert {name for step in axis.steps for name in step.if_unlabelled} == {"rest"}


def test_hidden_gold_shows_whom_the_blame_would_fall_on(bench: Bench) -> None:
    axis = axis_of(compared(bench))
    assert axis.localised is not None
    assert axis.localised.value == 1.0  # no step is wrong by itself, so that there is one fault at a time
    steps = {step.name: step for step in axis.steps}
    # Where a field was dropped the last step does not run, so that no right output of it could help.
    assert set(steps["intent"].if_unlabelled) == {"decide", "rest"}
    assert set(steps["decide"].if_unlabelled) == {"rest"}


def test_a_swap_changes_what_is_behind_and_nothing_else(bench: Bench) -> None:
    axis = axis_of(compared(bench, errors=ERRORS))
    steps = {step.name: step for step in axis.steps}
    assert steps["decide"].swap is None
    for name in ("intent", "days"):
        swap = steps[name].swap
        assert swap is not None
        assert 0 < swap.behind.value <= swap.own.value < 0.4
        assert swap.answer.value <= swap.behind.value
        assert (swap.leaked.value, swap.leaked_to) == (0.0, ())
        assert 0 < swap.leaked.high < 0.05
    assert axis.leaked is not None
    assert axis.leaked.value == 0.0
    assert axis.fix_of_whole == pytest.approx(1.0)  # each reading of the clock is as far from the one before


def test_a_leak_is_caught(bench: Bench) -> None:
    result = compared(bench, errors=ERRORS, leaks={"intent": ["days"]})
    axis = axis_of(result)
    swap = axis.steps[0].swap
    assert swap is not None
    assert swap.leaked_to == ("days",)
    assert swap.leaked.low > 0
    assert axis.leaked is not None
    assert axis.leaked.value == pytest.approx(swap.leaked.value / 2)
    assert any("learning intent anew changed days" in warning for warning in result.warnings)


def test_a_family_that_cannot_rebuild_has_no_swaps(bench: Bench) -> None:
    axis = axis_of(compared(bench, plan=ModularityPlan(rebuild=lambda _candidate, _step: None)))
    assert axis.leaked is None
    assert axis.undefined["leaked"] == "no step was learned anew"
    assert all(step.swap is None for step in axis.steps)


def test_a_step_that_cannot_be_learned_anew_leaves_the_others_theirs(bench: Bench) -> None:
    def some(candidate: Candidate, step: str) -> Candidate | None:
        return None if step == "intent" else rebuild(candidate, step)

    axis = axis_of(compared(bench, rows=24, plan=ModularityPlan(rebuild=some)))
    assert [step.name for step in axis.steps if step.swap] == ["days"]


def test_a_rebuild_of_other_steps_is_refused(bench: Bench) -> None:
    def other(candidate: Candidate, step: str) -> Candidate:
        return Chain(candidate.card) if step == "days" else rebuild(candidate, step)

    with pytest.raises(CandidateInvalid, match=r"days: .* it is not made of intent, days, decide"):
        compared(bench, rows=12, plan=ModularityPlan(rebuild=other))


def test_one_piece_and_a_replay_have_no_figures(bench: Bench) -> None:
    result = compared(bench)
    other = result.candidates[1].axes.modularity
    assert set(other.undefined.values()) == {"one piece"}
    assert other.localised is None
    replayed = (
        bench.trial_of(["a"], lambda _i, _n: bench.said("a"), modularity=ModularityPlan()).candidates[0].axes.modularity
    )
    assert replayed is not None
    assert bench.trial_of(["a"], lambda _i, _n: bench.said("a")).candidates[0].axes.modularity is None


def test_experiments_are_in_the_ledger_and_done_once(bench: Bench) -> None:
    first = compared(bench, rows=40, errors=ERRORS)
    second = compared(bench, rows=40, errors=ERRORS)
    assert second == msgspec.structs.replace(first, ledger=second.ledger)
    with LedgerReader.open(bench.workspace) as reader:
        bodies = [entry.body() for entry in reader.entries(kind=ModularityMeasured.kind)]
    entries = [body for body in bodies if isinstance(body, ModularityMeasured)]
    assert [entry.answers for entry in entries] == [axis_of(first).asked]
    assert "match the ledger" in verify_trial(bench.workspace, first.trial)
    path = outcomes_path(bench.workspace, entries[0].hash)
    path.write_bytes(path.read_bytes().replace(b"true", b"false", 1))
    with pytest.raises(ArtifactCorrupt, match="does not match the hash"):
        verify_trial(bench.workspace, first.trial)
    with pytest.raises(ArtifactCorrupt, match="experiments were changed"):
        compared(bench, rows=40, errors=ERRORS)
    path.unlink()
    assert axis_of(compared(bench, rows=40, errors=ERRORS)).localised == axis_of(first).localised


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_few_rows(bench: Bench, rows: int) -> None:
    result = compared(bench, rows=rows, errors={"intent": 1.0})
    axis = axis_of(result)
    jsonschema.Draft202012Validator(compare_schema()).validate(
        msgspec.json.decode(msgspec.json.encode(comparison_to_json(result)))
    )
    assert axis.sampled == rows
    assert "Can it be taken apart" in render_report(result)


def test_a_candidate_that_fails_on_a_replaced_output_is_named(bench: Bench) -> None:
    class Fragile(FakeComposed):
        def answer_with(self, inputs: Sequence[Mapping[str, Any]], overrides: Mapping[str, Override]) -> list[Answer]:
            answers = super().answer_with(inputs, overrides)
            return answers if all(answer.output for answer in answers) else answers[:1]

    with pytest.raises(CandidateInvalid, match="gave 1 answers"):
        compared(bench, kind=Fragile)

    class Raising(FakeComposed):
        def answer_with(self, inputs: Sequence[Mapping[str, Any]], overrides: Mapping[str, Override]) -> list[Answer]:
            if overrides:
                raise ZeroDivisionError("no days")
            return super().answer_with(inputs, overrides)

    with pytest.raises(CandidateInvalid, match="ZeroDivisionError"):
        compared(bench, kind=Raising)


DECIDED = {row.inputs["text"]: row.expected["decision"] for row in FakeComposed.rows(60) if row.expected}


class Chain(FakeComposed):
    """Ten steps one behind the other, each of which hands on what it got; one is wrong on some rows."""

    wrong = "s6"

    @property
    def steps(self) -> tuple[ComposedStep, ...]:
        return tuple(ComposedStep(name=f"s{at}", does="code", needs=(f"s{at - 1}",) if at else ()) for at in range(10))

    def answer(self, inputs: Sequence[Mapping[str, Any]]) -> list[Answer]:
        return self.answer_with(inputs, {})

    def answer_with(self, inputs: Sequence[Mapping[str, Any]], overrides: Mapping[str, Override]) -> list[Answer]:
        return [self._one(one["text"], number, overrides) for number, one in enumerate(inputs)]

    def gold(self, example: Example) -> dict[str, Any]:
        assert example.expected is not None
        return {step.name: example.expected["decision"] for step in self.steps}

    def _one(self, text: str, number: int, overrides: Mapping[str, Override]) -> Answer:
        value = DECIDED[text]
        trace = []
        for step in self.steps:
            if step.name == self.wrong and len(text) % 3 == 0:
                value = "ask" if value != "ask" else "refuse"
            if step.name in overrides:
                value = overrides[step.name](number, value)
            trace.append(Step(name=step.name, output=value))
        return Answer(output={"decision": value}, evidence=Evidence(trace=tuple(trace)))


def test_a_long_chain_is_blamed_along_the_graph_exactly(bench: Bench) -> None:
    axis = axis_of(compared(bench, rows=60, kind=Chain, plan=ModularityPlan(sample=12)))
    assert not axis.exact  # any order of ten steps is too many to count
    blame = {step.name: step.blame.value for step in axis.steps if step.blame}
    assert blame == {f"s{at}": float(at == 6) for at in range(10)}
    shapley = [step.shapley.value for step in axis.steps if step.shapley]
    assert sum(shapley) == pytest.approx(1)
    assert max(shapley[:6]) == pytest.approx(0)
    assert min(shapley[6:]) > 0.1


def test_the_axis_has_its_column_and_its_section(bench: Bench) -> None:
    result = compared(bench, errors=ERRORS)
    out = io.StringIO()
    render_table(result, Console(file=out, width=140, no_color=True))
    lines = out.getvalue().splitlines()
    assert "modular" in out.getvalue()
    row = next(line for line in lines if "composed@" in line)
    axis = axis_of(result)
    assert axis.localised is not None
    assert f"{axis.localised.value * 100:.1f}" in row
    html = render_report(result)
    assert "Can it be taken apart" in html
    assert "one piece" in html
    assert render_report(result) == html


def test_hostile_names_of_steps_are_inert(bench: Bench) -> None:
    result = compared(bench, rows=30, errors=ERRORS)
    hostile = "<script>alert(1)</script>{{ 7*7 }}\"'&"
    axis = axis_of(result)
    steps = tuple(
        msgspec.structs.replace(step, name=hostile, needs=(hostile,), if_unlabelled={hostile: 1}) for step in axis.steps
    )
    faults_ = tuple(msgspec.structs.replace(one, step=hostile, fault=hostile, named=hostile) for one in axis.faults)
    renamed = msgspec.structs.replace(axis, steps=steps, faults=faults_)
    one = result.candidates[0]
    one = msgspec.structs.replace(one, axes=msgspec.structs.replace(one.axes, modularity=renamed))
    html = render_report(msgspec.structs.replace(result, candidates=(one,)))
    assert html.count("&lt;script&gt;alert(1)") > len(steps)
    assert "<script" not in html


def test_every_fault_of_the_registry_is_tried(bench: Bench) -> None:
    @faults.register("upside down")
    def _upside_down() -> Any:
        return lambda value, _seen, _rng: value[::-1] if isinstance(value, str) else value

    try:
        assert "upside down" not in {one.fault for one in axis_of(compared(bench, rows=9)).faults}
        chain = axis_of(compared(bench, rows=9, kind=Chain, plan=ModularityPlan(sample=4)))
        assert "upside down" in {one.fault for one in chain.faults}
    finally:
        faults._factories.pop("upside down")


def test_equal_seeds_give_equal_figures(bench: Bench) -> None:
    first, second = (axis_of(compared(bench, rows=50, errors=ERRORS, seeds={"intent": seed})) for seed in (3, 3))
    assert first == second
    assert np.isfinite([one.localised for one in first.faults]).all()
