from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from proveout.families import BuildRun, EndpointCandidate, LlmFamily
from proveout.task import Incumbent, Task
from proveout.testing import FakeProvider, answering, check_family, completion, make_splits, make_task, refusal

Endpoint = Callable[[str], Incumbent]


def build(task: Task, folder: Path) -> EndpointCandidate:
    train, select = make_splits(8)
    candidate = LlmFamily().build(task, train, select, BuildRun(seed=0, snapshot=train.snapshot, cache=folder))
    assert isinstance(candidate, EndpointCandidate)
    return candidate


def test_a_prompt_asks_for_the_schema_and_shows_different_labels(endpoint: Endpoint, tmp_path: Path) -> None:
    with FakeProvider(completion({"intent": "card"})) as fake:
        task = make_task(incumbent=endpoint(fake.url), description="Route the message.")
        candidate = build(task, tmp_path)
        answer = candidate.answer([{"text": "my card is lost"}])[0]
    sent = fake.requests[-1]
    assert sent["response_format"]["json_schema"]["schema"] == task.output
    assert sent["messages"][0]["content"].startswith("Route the message.")
    shown = {turn["content"] for turn in sent["messages"] if turn["role"] == "assistant"}
    assert len(shown) == 4
    assert answer.output == {"intent": "card"}
    assert answer.usage.usd == pytest.approx((10 * 1.0 + 5 * 2.0) / 1e6)
    assert 0.2 < answer.confidence < 0.4
    assert not candidate.card.simulated


@pytest.mark.parametrize("said", ["not JSON", {"intent": "nonsense"}, {"other": 1}, "", "[]"])
def test_a_reply_that_is_not_of_the_schema_is_an_abstention(endpoint: Endpoint, tmp_path: Path, said: object) -> None:
    output = {"type": "object", "required": ["intent"], "properties": {"intent": {"enum": ["card", "oos"]}}}
    with FakeProvider(completion(said)) as fake:
        answers = build(make_task(incumbent=endpoint(fake.url), output=output), tmp_path).answer([{"text": "x"}])
    assert answers[0].abstained
    assert answers[0].usage.tokens_in == 10


def test_the_key_is_in_no_saved_file_and_a_candidate_loads(endpoint: Endpoint, tmp_path: Path) -> None:
    with FakeProvider(completion({"intent": "card"})) as fake:
        candidate = build(make_task(incumbent=endpoint(fake.url)), tmp_path)
        folder = tmp_path / "saved"
        folder.mkdir()
        candidate.save(folder)
        loaded = LlmFamily().candidate.load(folder, tmp_path)
        assert loaded.answer([{"text": "x"}])[0].output == {"intent": "card"}
        assert loaded.answer([{"text": "  "}])[0].abstention == "empty input"
    assert all(b"sk-secret" not in path.read_bytes() for path in folder.iterdir())


def test_a_refusal_is_an_abstention_that_is_paid_for(endpoint: Endpoint, tmp_path: Path) -> None:
    with FakeProvider(refusal()) as fake:
        answer = build(make_task(incumbent=endpoint(fake.url)), tmp_path).answer([{"text": "x"}])[0]
    assert answer.abstention == "refused by the model"
    assert answer.usage.usd == pytest.approx(7e-6)


def test_an_endpoint_passes_the_suite_of_families(endpoint: Endpoint, tmp_path: Path) -> None:
    with FakeProvider(completion({"intent": "card"})) as fake:
        check_family(LlmFamily(), make_task(incumbent=endpoint(fake.url)), make_splits(), tmp_path)


def test_similar_examples_pass_the_suite_of_families(endpoint: Endpoint, tmp_path: Path) -> None:
    words = {"card": "card", "order": "refund", "day": "hours"}

    def read(body: dict[str, Any]) -> dict[str, str]:
        text = body["messages"][-1]["content"]
        return {"intent": next((label for word, label in words.items() if word in text), "oos")}

    with FakeProvider(answering(read, logprob=-0.2)) as fake:
        incumbent = msgspec.structs.replace(endpoint(fake.url), examples_chosen="similar", output_mode="json")
        check_family(LlmFamily(), make_task(incumbent=incumbent), make_splits(), tmp_path, embedder="tfidf")
