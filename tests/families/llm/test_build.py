from __future__ import annotations

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import msgspec
import pytest

from proveout.errors import BudgetExceeded, TaskInvalid
from proveout.families import BuildRun, EndpointCandidate, LlmFamily
from proveout.task import Budgets, Incumbent, Task, fingerprint
from proveout.testing import FakeProvider, answering, completion, make_splits, make_task, rejecting, tool_call

Endpoint = Callable[[str], Incumbent]
LABELS = {"card": "card", "refund": "order", "hours": "day"}


def build(task: Task, folder: Path, seed: int = 0) -> EndpointCandidate:
    train, select = make_splits(8)
    run = BuildRun(seed=seed, snapshot=train.snapshot, cache=folder, embedder="tfidf")
    candidate = LlmFamily().build(task, train, select, run)
    assert isinstance(candidate, EndpointCandidate)
    return candidate


def task_of(endpoint: Endpoint, fake: FakeProvider, **fields: Any) -> Task:
    given = {"self_agreement_rows": 4, "timeout_seconds": 5.0} | fields
    return make_task(incumbent=msgspec.structs.replace(endpoint(fake.url), **given))


def read(body: dict[str, Any]) -> dict[str, str]:
    """A model that knows the words of three labels."""
    text = json.loads(body["messages"][-1]["content"])["text"]
    return {"intent": next((label for label, word in LABELS.items() if word in text), "oos")}


def value(candidate: EndpointCandidate, name: str) -> Any:
    return candidate.card.parameters[name]["value"]


def test_the_card_states_what_was_sent_and_found(endpoint: Endpoint, tmp_path: Path) -> None:
    with FakeProvider(answering(read)) as fake:
        candidate = build(task_of(endpoint, fake), tmp_path)
    card = candidate.card.parameters
    assert card["prompt"]["text"].startswith("$description")
    assert card["self_agreement"] | {"chosen_on": ""} == {
        "value": 1,
        "rows": 4,
        "low": pytest.approx(0.5101, abs=1e-4),
        "high": 1,
        "chosen_on": "",
    }
    assert value(candidate, "price") == "1 in, 2 out, USD per million tokens"
    assert card["build_usd"] == {"value": pytest.approx(len(fake.requests) * 20e-6), "calls": len(fake.requests)}
    assert value(candidate, "confidence") > 0.8


def test_a_model_that_contradicts_itself_is_found_out(endpoint: Endpoint, tmp_path: Path) -> None:
    wavering = answering(lambda body: {"intent": ["card", "refund", "oos"][body["seed"] % 3]})
    with FakeProvider(wavering) as fake:
        candidate = build(task_of(endpoint, fake), tmp_path)
    assert value(candidate, "self_agreement") == 0


def test_self_agreement_can_be_turned_off(endpoint: Endpoint, tmp_path: Path) -> None:
    with FakeProvider(completion({"intent": "card"})) as fake:
        candidate = build(task_of(endpoint, fake, self_agreement_rows=0), tmp_path)
    assert "self_agreement" not in candidate.card.parameters


def test_confidence_is_calibrated_on_log_probabilities(endpoint: Endpoint, tmp_path: Path) -> None:
    sure = completion({"intent": "card"}, logprob=-0.01)
    unsure = completion({"intent": "card"}, logprob=-3.0)

    def reply(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        (sure if read(body)["intent"] == "card" else unsure)(handler, body)

    with FakeProvider(reply) as fake:
        candidate = build(task_of(endpoint, fake), tmp_path)
        high, low = candidate.answer([{"text": "my card 1 is lost"}, {"text": "sing song number 2"}])
    assert high.confidence > 0.7
    assert low.confidence < 0.3
    assert candidate.card.parameters["confidence"]["from"].startswith("log-probability")


@pytest.mark.parametrize("mode", ["schema", "tool", "json"])
def test_the_output_in_three_ways(endpoint: Endpoint, tmp_path: Path, mode: str) -> None:
    reply = tool_call({"intent": "card"}) if mode == "tool" else completion({"intent": "card"})
    with FakeProvider(reply) as fake:
        candidate = build(task_of(endpoint, fake, output_mode=mode), tmp_path)
        assert candidate.answer([{"text": "x"}])[0].output == {"intent": "card"}
    assert ("tools" in fake.requests[-1]) == (mode == "tool")


def test_a_server_without_schemas_is_asked_plainly_and_the_card_says_so(endpoint: Endpoint, tmp_path: Path) -> None:
    old = rejecting(
        lambda body: "response_format" in body, "response_format is not supported", completion({"intent": "card"})
    )
    with FakeProvider(old) as fake:
        first = build(task_of(endpoint, fake), tmp_path)
        calls = len(fake.requests)
        second = build(task_of(endpoint, fake), tmp_path)
    assert "no response_format" in first.card.parameters["output_mode"]["left_out"]
    assert second.card == first.card
    assert len(fake.requests) == calls


def test_similar_examples_are_shown(endpoint: Endpoint, tmp_path: Path) -> None:
    with FakeProvider(answering(read)) as fake:
        task = task_of(endpoint, fake, examples_chosen="similar", examples_shown=3)
        candidate = build(task, tmp_path / "cache")
        candidate.save(tmp_path)
        loaded = LlmFamily().candidate.load(tmp_path, tmp_path / "other")
        loaded.answer([{"text": "when do you close on day 99"}])
    shown = [turn["content"] for turn in fake.requests[-1]["messages"] if turn["role"] == "assistant"]
    assert shown == ['{"intent":"hours"}'] * 3
    assert candidate.card.parameters["examples"]["value"] == "similar"


def test_a_prompt_has_no_more_examples_than_fit(endpoint: Endpoint, tmp_path: Path) -> None:
    with FakeProvider(completion({"intent": "card"})) as fake:
        build(task_of(endpoint, fake, prompt_tokens=130, examples_shown=50), tmp_path)
    assert 0 < sum(turn["role"] == "assistant" for turn in fake.requests[-1]["messages"]) < 10


def test_another_prompt_is_another_candidate(endpoint: Endpoint, tmp_path: Path) -> None:
    prompt = tmp_path / "prompt.txt"
    cards, prints = [], []
    with FakeProvider(completion({"intent": "card"})) as fake:
        task = msgspec.structs.replace(task_of(endpoint, fake, prompt="prompt.txt"), root=tmp_path)
        for text in ("Route. $schema", "Route well. $schema"):
            prompt.write_text(text, encoding="utf-8")
            cards.append(build(task, tmp_path / "cache").card)
            prints.append(fingerprint(task))
        assert cards[0].parameters["prompt"]["value"] != cards[1].parameters["prompt"]["value"]
        assert prints[0] != prints[1]
        assert fake.requests[-1]["messages"][0]["content"].startswith("Route well. {")
        prompt.write_text("$nothing", encoding="utf-8")
        with pytest.raises(TaskInvalid, match="unknown place"):
            build(task, tmp_path / "cache")


def test_an_unknown_price_is_a_warning_and_no_silent_zero(endpoint: Endpoint, tmp_path: Path) -> None:
    with FakeProvider(completion({"intent": "card"})) as fake:
        task = task_of(endpoint, fake, usd_per_million_in=None, usd_per_million_out=None)
        candidate = build(task, tmp_path)
        answer = candidate.answer([{"text": "x"}])[0]
    assert value(candidate, "price") == "price unknown, counted as 0 USD"
    assert candidate.card.parameters["price"]["warning"]
    assert (answer.usage.usd, answer.evidence.note) == (0, "price unknown, counted as 0 USD")


def test_tokens_nobody_counted_are_estimated_and_marked(endpoint: Endpoint, tmp_path: Path) -> None:
    with FakeProvider(completion({"intent": "card"}, usage=None)) as fake:
        usage = build(task_of(endpoint, fake), tmp_path).answer([{"text": "x"}])[0].usage
    assert usage.estimated == 1
    assert usage.tokens_in > 50
    assert usage.usd > 0


def test_a_cap_stops_a_build_and_a_resumed_one_does_not_pay_twice(endpoint: Endpoint, tmp_path: Path) -> None:
    with FakeProvider(answering(read)) as fake:
        task = task_of(endpoint, fake, max_tokens=100, concurrency=3)
        capped = msgspec.structs.replace(task, budgets=Budgets(build_usd=0.0015))
        with pytest.raises(BudgetExceeded, match="stopped before overspending"):
            build(capped, tmp_path)
        paid = len(fake.requests)
        assert 0 < paid * 20e-6 <= 0.0015
        build(task, tmp_path)
        whole = len(fake.requests)
        build(task, tmp_path)
        assert len(fake.requests) == whole
    questions = {json.dumps(body, sort_keys=True) for body in fake.requests}
    assert len(questions) == whole


def test_a_cap_holds_for_what_was_built_too(endpoint: Endpoint, tmp_path: Path) -> None:
    with FakeProvider(answering(read)) as fake:
        task = task_of(endpoint, fake, max_tokens=100, self_agreement_rows=0)
        task = msgspec.structs.replace(task, budgets=Budgets(build_usd=0.004))
        candidate = build(task, tmp_path)
        before = len(fake.requests)
        with pytest.raises(BudgetExceeded):
            candidate.answer([{"text": f"order {number}"} for number in range(500)])
        assert (len(fake.requests) - before) * 20e-6 <= 0.004


def test_usage_of_a_kept_answer_is_what_serving_costs(endpoint: Endpoint, tmp_path: Path) -> None:
    with FakeProvider(completion({"intent": "card"}, wait=0.02)) as fake:
        candidate = build(task_of(endpoint, fake), tmp_path)
        first, second = (candidate.answer([{"text": "x"}])[0].usage for _ in range(2))
    assert (first.cached, second.cached) == (0, 1)
    assert (first.usd, first.tokens_in, first.wall_seconds) == (second.usd, second.tokens_in, second.wall_seconds)
    assert second.wall_seconds >= 0.02


@pytest.mark.parametrize("kind", ["extract", "answer"])
def test_other_kinds(endpoint: Endpoint, tmp_path: Path, kind: str) -> None:
    schema = {"type": "object", "required": ["answer"], "properties": {"answer": {"type": "string"}}}
    with FakeProvider(completion({"answer": "Monday"})) as fake:
        task = msgspec.structs.replace(task_of(endpoint, fake), kind=kind, output=schema, target="", out_of_scope="")
        candidate = build(task, tmp_path)
        assert candidate.answer([{"text": "when?"}])[0].output == {"answer": "Monday"}
