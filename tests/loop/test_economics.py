"""cost and decide on a task whose trial has ended."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from proveout import economics, loop, trial
from proveout.economics import (
    ArchitectureTerms,
    Certified,
    Criterion,
    CriterionScore,
    Decided,
    GateTerms,
    PriceTerms,
    Scenario,
    Traffic,
)
from proveout.errors import ArtifactCorrupt, PriceUnknown, ScenarioInvalid, ScenarioNotFound, TrialNotFound
from proveout.ledger import LedgerReader
from proveout.store import Workspace
from proveout.task import Usage, fingerprint, load_task

INTENTS = {"card": "my card {} is lost", "refund": "please refund order {}"}
BUSY = Scenario(
    traffic=Traffic(queries_per_day=50_000.0),
    architectures={"retrieval": ArchitectureTerms(engineer_hours=20.0, ops_usd_per_month=50.0)},
    gates=GateTerms(most_quality_loss=0.05),
)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose comparison has ended: a simulated LLM and a retrieval candidate."""
    root = tmp_path_factory.mktemp("economics")
    for name, start, stop in (("train", 0, 60), ("test", 60, 100)):
        rows = [f"{text.format(number)},{intent}" for number in range(start, stop) for intent, text in INTENTS.items()]
        (root / f"{name}.csv").write_text("\n".join(["text,intent", *rows]) + "\n", encoding="utf-8")
    folder = root / "desk"
    loop.new(
        folder,
        kind="classify",
        examples=[root / "train.csv"],
        test=[root / "test.csv"],
        inputs=["text"],
        outputs=["intent"],
    )
    loop.compare(folder, names=["llm", "retrieval"], embedder="tfidf")
    return folder


def test_costs_are_those_of_the_latest_trial(desk: Path) -> None:
    found = loop.cost(desk, scenario=BUSY)
    comparison = trial.latest_trial(Workspace(desk), task=fingerprint(load_task(desk)))
    assert (found.trial, found.incumbent) == (comparison.trial, "llm")
    by_family = {one.family: one for one in comparison.candidates}
    for rate in found.rates:
        per_request = by_family[rate.architecture].cost_per_1000 / 1000
        running = rate.usd_per_month["provider"] + rate.usd_per_month["processor"]
        assert running == pytest.approx(per_request * 50_000 * 365 / 12, abs=1e-5)
        assert rate.candidate == by_family[rate.architecture].id


def test_a_decision_is_written_to_the_ledger_with_what_it_stands_on(desk: Path) -> None:
    found = loop.decide(desk, scenario=BUSY)
    assert (found.verdict, found.to) == ("migrate", "retrieval")
    with LedgerReader.open(Workspace(desk)) as reader:
        body = list(reader.entries(kind=Decided.kind))[-1].body()
    assert isinstance(body, Decided)
    assert (body.verdict, body.to, body.trial) == (found.verdict, found.to, found.cost.trial)
    assert body.candidate.startswith("retrieval@")
    assert loop.verify(desk).ok


def test_low_volume_says_do_not_migrate(desk: Path) -> None:
    quiet = msgspec.structs.replace(BUSY, traffic=Traffic(queries_per_day=300.0))
    found = loop.decide(desk, scenario=quiet)
    assert found.verdict == "do not migrate"
    assert "never breaks even" in found.reason


def test_a_certificate_handed_in_sets_the_share_that_is_passed_on(desk: Path) -> None:
    candidate = next(one.candidate for one in loop.cost(desk, scenario=BUSY).rates if one.architecture == "retrieval")
    own = Certified(
        certificate="certificate@1", candidate=candidate, claim="agreement", alpha=0.01, delta=0.05, coverage=0.7
    )
    other = msgspec.structs.replace(own, candidate="retrieval@other", coverage=0.1)
    found = loop.decide(desk, scenario=BUSY, certificates=[own, other])
    parameters = {one.name: one for one in found.cost.parameters}
    assert parameters["retrieval.escalation_rate"].quantity == pytest.approx(0.3)
    assert "certificate" in {gate.name for gate in found.options[0].gates}


def test_scores_stand_on_what_is_in_the_folder(desk: Path) -> None:
    def criteria(evidence: str) -> Scenario:
        scores = {name: CriterionScore(score=0.5, evidence=evidence) for name in ("llm", "retrieval")}
        return msgspec.structs.replace(BUSY, criteria=(Criterion(name="ours", weight=1.0, scores=scores),))

    assert loop.decide(desk, scenario=criteria("ledger:0")).scores
    for missing in ("ledger:99999", "trial@00"):
        with pytest.raises(ScenarioInvalid, match="not in this folder"):
            loop.decide(desk, scenario=criteria(missing))


def test_no_scenario_and_no_trial(desk: Path, tmp_path: Path) -> None:
    with pytest.raises(ScenarioNotFound):
        loop.cost(desk)
    (tmp_path / "task.toml").write_bytes((desk / "task.toml").read_bytes())
    with pytest.raises(TrialNotFound) as caught:
        loop.cost(tmp_path, scenario=BUSY)
    assert "proveout compare" in caught.value.fix


def test_a_trial_of_the_task_as_it_was(desk: Path) -> None:
    toml = desk / "task.toml"
    content = toml.read_text(encoding="utf-8")
    toml.write_text(content.replace("alpha = 0.01", "alpha = 0.02"), encoding="utf-8")
    try:
        with pytest.raises(TrialNotFound, match="as it was before it was edited"):
            loop.cost(desk, scenario=BUSY)
    finally:
        toml.write_text(content, encoding="utf-8")


def test_an_altered_trial_is_refused(desk: Path) -> None:
    path = next((desk / ".proveout" / "trials").glob("trial@*.json"))
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"cost_per_1000": 0.6', b'"cost_per_1000": 9.6'))
    try:
        assert path.read_bytes() != content
        with pytest.raises(ArtifactCorrupt):
            loop.cost(desk, scenario=BUSY)
    finally:
        path.write_bytes(content)


def test_answers_recorded_in_the_rows_stand_for_an_incumbent(desk: Path) -> None:
    task = load_task(desk)
    comparison = trial.latest_trial(Workspace(desk), task=fingerprint(task))
    recorded = msgspec.structs.replace(comparison, incumbent="recorded", candidates=comparison.candidates[1:])
    found = loop.measurements_of(task, recorded, {})
    assert found.incumbent == "recorded"
    own, paired = recorded.candidates[0].quality.figure(recorded.headline), recorded.candidates[0].quality.vs_incumbent
    assert own is not None
    assert paired is not None
    assert found.candidates[-1].quality == pytest.approx(own.value - paired.difference)
    terms = {"recorded": ArchitectureTerms(model="gpt-4o-mini", tokens_in=800.0, tokens_out=20.0)}
    scenario = msgspec.structs.replace(BUSY, architectures=terms)
    inputs = economics.resolve(scenario, found, loop.price_list(task))
    assert inputs.parameters["recorded.usd_per_million_in"].source.startswith("genai-prices")
    priced = msgspec.structs.replace(scenario, prices=PriceTerms())
    odd = msgspec.structs.replace(terms["recorded"], model="no-such-model-9")
    with pytest.raises(PriceUnknown):
        economics.resolve(
            msgspec.structs.replace(priced, architectures={"recorded": odd}), found, loop.price_list(task)
        )


def test_a_candidate_whose_price_nobody_knew_has_none(desk: Path) -> None:
    task = load_task(desk)
    comparison = trial.latest_trial(Workspace(desk), task=fingerprint(task))
    one = comparison.candidates[0]
    unpriced = {"prices": {"value": "price unknown, counted as 0 USD", "warning": "the list does not know it"}}
    changed = msgspec.structs.replace(
        comparison, candidates=(msgspec.structs.replace(one, parameters=unpriced), *comparison.candidates[1:])
    )
    found = loop.measurements_of(task, changed, {one.id: Usage(tokens_in=700, tokens_out=9)})
    own = found.candidates[0]
    assert (own.provider_usd_per_1000, own.price_unknown) == (None, "the list does not know it")
    assert (own.tokens_in, own.tokens_out) == (700.0, 9.0)
    with pytest.raises(PriceUnknown):
        economics.resolve(BUSY, found, loop.price_list(task))


def test_energy_is_measured_where_there_are_counters(desk: Path, tmp_path: Path) -> None:
    assert loop.measured_joules(economics.EnergyMeter(tmp_path)) is None
    found = loop.cost(desk, scenario=BUSY, joules_per_cpu_second=8.0)
    assert [rate.energy[0].source for rate in found.rates if rate.architecture == "retrieval"] == ["measured"]
    estimated = loop.cost(desk, scenario=BUSY).rates
    assert [rate.energy[0].source for rate in estimated if rate.architecture == "retrieval"] == ["estimated"]


@pytest.mark.parametrize(
    ("source", "counts"),
    [("", True), ("expected labels", True), ("recorded", True), ("column other", False), ("llm@0", False)],
)
def test_a_certificate_against_another_incumbent_is_left_out(desk: Path, source: str, counts: bool) -> None:  # noqa: FBT001
    task = load_task(desk)
    comparison = trial.latest_trial(Workspace(desk), task=fingerprint(task))
    own = Certified(
        certificate="certificate@1",
        candidate=next(one.id for one in comparison.candidates if one.family == "retrieval"),
        claim="agreement",
        alpha=0.01,
        delta=0.05,
        coverage=0.7,
        incumbent=source,
    )
    assert loop.measurements_of(task, comparison, {}, [own]).certificates == ((own,) if counts else ())
    same = msgspec.structs.replace(own, incumbent=comparison.incumbent or "")
    assert loop.measurements_of(task, comparison, {}, [same]).certificates == (same,)
