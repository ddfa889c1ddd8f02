from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from proveout import loop
from proveout.errors import BudgetExceeded, ProviderError
from proveout.families import BuildRun, EndpointCandidate, LlmFamily
from proveout.task import Incumbent
from proveout.testing import FakeProvider, Reply, answering, completion, make_splits, make_task, refusal

Endpoint = Callable[[str], Incumbent]


def read(body: dict[str, Any]) -> dict[str, str]:
    return {"intent": "card" if "card" in body["messages"][-1]["content"] else "refund"}


def call_it(desk: Path, url: str, *, cap: str = "") -> None:
    text = (desk / "task.toml").read_text(encoding="utf-8").partition("[incumbent")[0]
    settings = f'mode = "endpoint"\nmodel = "m"\nbase_url = "{url}"\nself_agreement_rows = 2\nmax_tokens = 50\n'
    prices = "usd_per_million_in = 1.0\nusd_per_million_out = 2.0\n"
    (desk / "task.toml").write_text(f"{text}{cap}[incumbent]\n{settings}{prices}", encoding="utf-8")


def test_a_comparison_reports_what_serving_costs_though_answers_are_kept(desk: Path) -> None:
    with FakeProvider(answering(read, wait=0.01)) as fake:
        call_it(desk, fake.url)
        loop.snapshot(desk)
        first = loop.compare(desk, names=["llm"])
        calls = len(fake.requests)
        again = loop.compare(desk, names=["llm"])
        assert len(fake.requests) == calls
    for comparison in (first, again):
        found = comparison.candidates[0]
        assert found.quality.accuracy is not None
        assert found.quality.accuracy.value == 1
        assert found.cost.provider_per_1000 == pytest.approx(0.02)
        assert (found.latency_ms.p50 or 0) >= 10
        assert found.replayed


def test_a_comparison_stops_at_the_cap_and_goes_on_where_it_stopped(desk: Path) -> None:
    with FakeProvider(answering(read)) as fake:
        call_it(desk, fake.url, cap="[budgets]\nbuild_usd = 0.0024\n")
        loop.snapshot(desk)
        with pytest.raises(BudgetExceeded, match=r"build_usd is 0\.0024"):
            loop.compare(desk, names=["llm"])
        paid = len(fake.requests)
        assert paid * 20e-6 <= 2 * 0.0024
        call_it(desk, fake.url)
        loop.snapshot(desk)
        loop.compare(desk, names=["llm"])
    questions = {json.dumps(body, sort_keys=True) for body in fake.requests}
    assert len(questions) == len(fake.requests)


def test_why_there_is_no_output(endpoint: Endpoint, tmp_path: Path) -> None:
    replies = {
        "refused by the model": refusal(),
        "cut off at incumbent.max_tokens": completion('{"intent": "ca', finish="length"),
        "not JSON": completion("I think it is card."),
        "not of the output schema": completion({"intent": "nonsense"}),
    }
    train, select = make_splits(8)
    for said, reply in replies.items():
        with FakeProvider(reply) as fake:
            run = BuildRun(seed=0, snapshot=train.snapshot, cache=tmp_path / said.replace(" ", "-"))
            task = make_task(incumbent=msgspec.structs.replace(endpoint(fake.url), self_agreement_rows=0))
            answer = LlmFamily().build(task, train, select, run).answer([{"text": "x"}])[0]
        assert answer.abstention.startswith(said)
        assert answer.output is None
        assert answer.usage.usd > 0


@pytest.mark.parametrize("reply", [completion("no such model", status=404), completion("bad key", status=401)])
def test_an_endpoint_that_cannot_be_used_stops_the_build(endpoint: Endpoint, tmp_path: Path, reply: Reply) -> None:
    train, select = make_splits(8)
    run = BuildRun(seed=0, snapshot=train.snapshot, cache=tmp_path)
    with FakeProvider(reply) as fake:
        task = make_task(incumbent=msgspec.structs.replace(endpoint(fake.url), concurrency=2))
        with pytest.raises(ProviderError) as caught:
            LlmFamily().build(task, train, select, run)
    assert caught.value.exit_code == 7
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_live_traffic_keeps_no_answer_and_is_not_ended_by_the_budget_of_a_build(desk: Path) -> None:
    with FakeProvider(answering(read)) as fake:
        call_it(desk, fake.url, cap="[budgets]\nbuild_usd = 1.0\n")
        loop.snapshot(desk)
        built = loop.build(desk, names=["llm"]).built[0]
        assert isinstance(built.candidate, EndpointCandidate)
        served = built.candidate.serving()
        before, kept = len(fake.requests), sorted((desk / ".proveout" / "cache").rglob("*"))
        for _ in range(2):
            (answer,) = served.answer([{"text": "my card is gone"}])
            assert answer.output == {"intent": "card"}
            assert not answer.usage.cached
        assert len(fake.requests) == before + 2
        assert sorted((desk / ".proveout" / "cache").rglob("*")) == kept
    assert served._prompt.cap is None
