from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from proveout.errors import ProviderRefused
from proveout.families import Provider
from proveout.families.llm._asking import Asker, in_order
from proveout.families.llm._cache import AnswerCache
from proveout.task import Incumbent
from proveout.testing import FakeProvider, answering, completion

Endpoint = Callable[[str], Incumbent]


def body(text: str, **more: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": text}], **more}


def echo() -> Any:
    return answering(lambda sent: {"said": sent["messages"][-1]["content"]})


def asker(incumbent: Incumbent, folder: Path) -> Asker:
    return Asker(incumbent, Provider(incumbent, sleep=lambda _: None), AnswerCache(folder))


def test_answers_come_in_order_and_equal_questions_are_paid_once(endpoint: Endpoint, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    with FakeProvider(echo()) as fake:
        texts = ["a", "b", "a", "c", "b"]
        bodies = [body(text) for text in texts]
        found = asker(endpoint(fake.url), tmp_path).ask_all(bodies, progress=lambda *at: seen.append(at))
    assert [json.loads(one.completion.text)["said"] for one in found] == texts
    assert len(fake.requests) == 3
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_a_kept_answer_is_not_paid_again(endpoint: Endpoint, tmp_path: Path) -> None:
    with FakeProvider(echo()) as fake:
        first = asker(endpoint(fake.url), tmp_path).ask_all([body("a")])[0]
        second = asker(endpoint(fake.url), tmp_path).ask_all([body("a")])[0]
    assert len(fake.requests) == 1
    assert (first.kept, second.kept) == (False, True)
    assert (first.completion, first.seconds) == (second.completion, second.seconds)
    assert first.seconds > 0


@pytest.mark.parametrize("change", ["text", "seed", "schema", "model", "time", "headers", "url"])
def test_all_that_matters_is_in_the_key(endpoint: Endpoint, tmp_path: Path, change: str) -> None:
    with FakeProvider(echo()) as fake:
        incumbent = endpoint(fake.url)
        asker(incumbent, tmp_path).ask_all([body("a")])
        other = {
            "text": body("b"),
            "seed": body("a", seed=2),
            "schema": body("a", response_format={"type": "json_object"}),
            "model": body("a") | {"model": "other"},
        }
        fields: dict[str, dict[str, Any]] = {
            "headers": {"headers": {"x-version": "2"}},
            "url": {"base_url": f"{fake.url}/"},
        }
        changed = msgspec.structs.replace(incumbent, **fields.get(change, {}))
        asker(changed, tmp_path).ask_all([other.get(change, body("a"))], time_of=int(change == "time"))
    assert len(fake.requests) == 2


def test_after_an_error_nothing_more_is_asked_and_what_was_paid_is_kept(endpoint: Endpoint, tmp_path: Path) -> None:
    bodies = [body(str(number)) for number in range(200)]
    with FakeProvider(*[echo()] * 10, completion("no more", status=402)) as fake:
        incumbent = msgspec.structs.replace(endpoint(fake.url), concurrency=2)
        with pytest.raises(ProviderRefused, match="status 402"):
            asker(incumbent, tmp_path).ask_all(bodies)
        assert len(fake.requests) < 30
    with FakeProvider(echo()) as again:
        kept = AnswerCache(tmp_path)
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert len(files) == 10
        assert all(kept.get(path.name) for path in files)
        assert again.requests == []


@pytest.mark.parametrize("workers", [1, 7])
def test_in_order_for_any_number_of_workers(workers: int) -> None:
    jobs = [lambda number=number: number * 2 for number in range(50)]
    assert in_order(jobs, workers, lambda _done, _total: None) == [number * 2 for number in range(50)]
