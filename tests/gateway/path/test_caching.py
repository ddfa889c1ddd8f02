from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from proveout.gateway.cache import Opened, SemanticCache
from proveout.gateway.path import _caching
from proveout.task import Answer

EXACT = {"cache": {"exact": True}}
RESPONSES = "/v1/responses"


def counted(gate: Any, **more: Any) -> tuple[Any, list[Any]]:
    """A task that counts what it is asked."""
    asked: list[Any] = []

    def say(inputs: Any) -> Answer:
        asked.append(inputs)
        return Answer(output={"intent": "card"}, confidence=0.9)

    return gate.task(candidate=(say, more)), asked


def served(got: Any) -> str:
    return str(got.headers.get("x-proveout-cache", ""))


@pytest.mark.parametrize("stream", [False, True])
def test_an_equal_request_is_answered_again_and_costs_nothing(gate: Any, *, stream: bool) -> None:
    said = gate.events("a") if stream else gate.completion()
    made = gate(lambda _call: (200, said), **EXACT, tiers={"standard": {"limits": {"usd_per_day": 1e9}}})
    first, again = (made.get(temperature=0, stream=stream) for _ in range(2))
    assert (served(first), served(again)) == ("miss", "exact")
    assert again.body == first.body
    assert len(made.calls) == 1
    found = made.records[1]
    assert (found.route, found.cache, found.usd, found.tokens_in, found.attempts) == ("cache", "exact", 0.0, 0, 0)
    assert again.headers.get("x-proveout-cost-usd") == (None if stream else "0.00000000")
    assert made.spent == 10.0
    assert made.get(temperature=0, stream=not stream).headers["x-proveout-cache"] == "miss"
    made.rests()


def test_only_what_repeats_is_kept_unless_the_team_says_so(gate: Any) -> None:
    made = gate(**EXACT)
    assert [served(made.get(**more)) for more in ({}, {}, {"temperature": 1}, {"temperature": 1})] == [""] * 4
    made = gate(cache={"exact": True, "unstated_temperature": True})
    assert [served(made.get(**more)) for more in ({}, {}, {"temperature": 1}, {"temperature": 1})] == [
        "miss",
        "exact",
        "",
        "",
    ]


def test_verdicts_on_an_input_are_recorded_of_a_cached_answer_too(gate: Any) -> None:
    made = gate(**EXACT, guards={"input": ["credentials"]})
    for _ in range(2):
        made.get(temperature=0)
    assert [one.verdicts for one in made.records] == [(("credentials", "passed"),)] * 2


def test_errors_are_not_kept(gate: Any) -> None:
    made = gate((400, b'{"error":{"message":"no","type":"x"}}'), **EXACT)
    assert [made.get(temperature=0).status for _ in range(2)] == [400, 400]
    assert len(made.calls) == 2
    made.rests()


def test_nobody_gets_the_answer_to_another_key_or_to_another_credential(gate: Any) -> None:
    keys = [gate.key(name) for name in ("aaaaaaaa", "bbbbbbbb")]
    made = gate(keys=[key for _, key in keys], **EXACT)
    assert [served(made.get(temperature=0, key=secret)) for secret, _ in keys * 2] == ["miss", "miss", "exact", "exact"]
    made = gate(**EXACT)
    assert [served(made.get(temperature=0, key=secret)) for secret in ("sk-a", "sk-b", "sk-a")] == [
        "miss",
        "miss",
        "exact",
    ]


def test_a_shared_task_answers_all_keys_from_one_cache(gate: Any) -> None:
    keys = [gate.key(name) for name in ("aaaaaaaa", "bbbbbbbb")]
    for shared in ([], ["desk"]):
        task, asked = counted(gate)
        made = gate(keys=[key for _, key in keys], served={"desk": task}, cache={"exact": True, "shared": shared})
        found = [served(made.get(model="desk", key=secret)) for secret, _ in keys]
        assert found == (["miss", "exact"] if shared else ["miss", "miss"])
        assert len(asked) == (1 if shared else 2)


def test_a_free_tier_gets_what_a_higher_one_was_answered_and_never_the_other_way(gate: Any) -> None:
    tiers = {
        "free": {"answers": ["cache", "rules"], "priority": -1},
        "paid": {"answers": ["cache", "candidate"], "priority": 1},
        "rich": {"answers": ["cache", "candidate", "incumbent"], "priority": 2},
    }
    keys = {tier: gate.key(f"{tier}aaaa", tier=tier) for tier in tiers}
    task, asked = counted(gate)
    made = gate(
        keys=[key for _, key in keys.values()],
        served={"desk": task},
        tiers=tiers,
        cache={"exact": True, "shared": ["desk"]},
    )

    def ask(tier: str) -> Any:
        return made.get(model="desk", key=keys[tier][0])

    assert ask("free").status == 403  # nobody whom it may ask has an answer
    assert served(ask("paid")) == "miss"
    assert served(ask("free")) == "exact"
    assert served(ask("rich")) == "miss"
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("path", "more", "hits"),
    [
        (
            "/v1/chat/completions",
            {"messages": [{"role": "system", "content": "x"}, {"role": "user", "content": "hi"}]},
            1,
        ),
        ("/v1/chat/completions", {"metadata": {"note": "a"}}, 1),
        ("/v1/chat/completions", {"metadata": {"segment": "gold"}}, 0),
        ("/v1/chat/completions", {"metadata": {"evidence": "true"}}, 0),
        ("/v1/chat/completions", {"n": 2}, 0),
        ("/v1/chat/completions", {"stop": "c"}, 0),
        ("/v1/chat/completions", {"stream": True}, 0),
        (RESPONSES, {"input": "hi", "instructions": "of another"}, 0),
        (RESPONSES, {"input": "hi", "metadata": {"patient": "of another"}}, 0),
        (RESPONSES, {"input": "hi", "user": "of another"}, 0),
    ],
)
def test_an_answer_of_a_task_is_given_only_in_the_form_that_it_was_made_for(
    gate: Any, path: str, more: dict[str, Any], hits: int
) -> None:
    """What a response repeats of its request must not be told to another."""
    task, _ = counted(gate)
    made = gate(served={"desk": task}, cache={"exact": True, "shared": ["desk"]})
    plain = {"messages": [{"role": "user", "content": "hi"}]} if path != RESPONSES else {"input": "hi"}
    first = {"model": "desk", **plain, **more}
    got = [made.get(body, path=path) for body in (first, {"model": "desk", **plain}, first)]
    assert [served(one) for one in got] == ["miss", "exact" if hits else "miss", "exact"]
    assert b"of another" not in got[1].body


def test_equal_requests_at_once_ask_once_and_a_failed_one_fails_alone(gate: Any) -> None:
    waits = asyncio.Event()
    outcomes: list[Any] = [(500, [waits, b"{}"]), *[(200, [waits, gate.completion()])] * 9]
    made = gate(lambda _call: outcomes.pop(0), **EXACT)

    async def ask(count: int) -> Counter[tuple[int, str]]:
        tasks = [asyncio.ensure_future(made.ask(temperature=0)) for _ in range(count)]
        await gate.ticks()
        waits.set()
        return Counter((one.status, served(one)) for one in await asyncio.gather(*tasks))

    async def main() -> None:
        assert await ask(3) == {(502, "miss"): 1, (200, "miss"): 2}
        waits.clear()
        made.gateway.state.caching.exact.drop("")
        assert await ask(5) == {(200, "miss"): 1, (200, "exact"): 4}

    asyncio.run(main())
    assert len(made.records) == 8
    made.rests()


def test_a_leader_that_goes_away_leaves_nobody_waiting(gate: Any) -> None:
    answers: list[Any] = [[asyncio.Event(), gate.completion()], gate.completion()]
    made = gate(lambda _call: (200, answers.pop(0)), **EXACT)

    async def main() -> None:
        leader, follower = (asyncio.ensure_future(made.ask(temperature=0)) for _ in range(2))
        await gate.ticks()
        leader.cancel()
        assert (await asyncio.wait_for(follower, 2)).status == 200
        await asyncio.gather(leader, return_exceptions=True)

    asyncio.run(main())
    assert sorted(one.status for one in made.records) == [200, 499]
    made.rests()


def test_a_reload_keeps_answers_under_the_same_terms_and_drops_them_under_others(gate: Any) -> None:
    made = gate(**EXACT)
    made.get(temperature=0)
    for settings, kept in (
        (EXACT | {"content": "hashed"}, True),
        (EXACT | {"guards": {"output": ["credentials"]}}, False),
        ({"cache": {"exact": True, "ttl_seconds": 5}, "guards": {"output": ["credentials"]}}, False),
    ):
        made.gateway.swap(made.state(settings, made.gateway.state))
        assert served(made.get(temperature=0)) == ("exact" if kept else "miss")


def test_a_change_of_a_provider_or_of_a_task_leaves_old_answers_out_of_reach(gate: Any) -> None:
    task, _ = counted(gate)
    made = gate(served={"desk": task}, **EXACT)
    assert [served(made.get(model=model, temperature=0)) for model in ("m", "desk")] == ["miss"] * 2
    moved = EXACT | {"providers": {"main": {"base_url": "https://moved.example/v1"}}}
    made.gateway.swap(made.state(moved, made.gateway.state))
    assert [served(made.get(model=model, temperature=0)) for model in ("m", "desk")] == ["miss", "exact"]
    made.tasks = {"desk": counted(gate, certificate="certificate@2")[0]}
    made.gateway.swap(made.state(moved, made.gateway.state))
    assert [served(made.get(model=model, temperature=0)) for model in ("m", "desk")] == ["exact", "miss"]


class Letters:
    """Embeds by letters: texts of the same letters are near."""

    fingerprint = "letters"

    def embed(self, texts: Sequence[str]) -> Any:
        rows = np.array([[text.count(chr(97 + at)) + 0.01 for at in range(26)] for text in texts], dtype=np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def semantic(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Semantic caches that are on from 0.99; what they log."""
    logged: list[Any] = []

    def make(home: Path, task: str, *, clock: Any, ttl_seconds: float, **_: Any) -> SemanticCache:
        opened = Opened(embedder=Letters(), decide=lambda: 0.99, log=logged.append)
        return SemanticCache(opens=lambda: opened, clock=clock, ttl_seconds=ttl_seconds, audit_share=0.0)

    monkeypatch.setattr(_caching, "semantic_cache", make)
    return logged


SEMANTIC: dict[str, Any] = {"cache": {"semantic": {"desk": {}}}}


def say(made: Any, text: str, **more: Any) -> Any:
    return made.get({"model": "desk", "messages": [{"role": "user", "content": text}], **more})


def test_a_near_question_is_answered_and_another_one_is_not(gate: Any, semantic: list[Any]) -> None:
    task, asked = counted(gate)
    made = gate(served={"desk": task}, **SEMANTIC)
    texts = ["where is my card", "my card is where", "where is my card 123", "where is my card not"]
    assert [served(say(made, text)) for text in texts] == ["miss", "semantic", "miss", "miss"]
    assert len(asked) == 3
    assert [one.route for one in made.records][1] == "cache"
    made.rests()


@pytest.mark.parametrize("more", [{"stream": True}, {"n": 2}, {"metadata": {"segment": "gold"}}, {"stop": "}"}])
def test_a_near_answer_of_another_form_is_not_given(gate: Any, semantic: list[Any], more: dict[str, Any]) -> None:
    task, _ = counted(gate)
    made = gate(served={"desk": task}, **SEMANTIC)
    assert [served(say(made, "where is my card", **one)) for one in ({}, more)] == ["miss", "miss"]
    near = say(made, "my card is where", **more)
    assert served(near) == "semantic"
    assert near.headers["content-type"].startswith("text/event-stream" if "stream" in more else "application/json")


def test_a_semantic_cache_alone_shares_no_equal_requests_of_providers(gate: Any, semantic: list[Any]) -> None:
    made = gate(served={"desk": counted(gate)[0]}, **SEMANTIC)
    assert [served(made.get(temperature=0)) for _ in range(2)] == ["", ""]


def test_a_task_that_fails_is_no_evidence_against_its_cache(gate: Any, semantic: list[Any]) -> None:
    def fails(_inputs: Any) -> Answer:
        raise ZeroDivisionError

    made = gate(served={"desk": gate.task(candidate=fails)}, **SEMANTIC)
    assert [say(made, "where is my card").status for _ in range(2)] == [502, 502]
    assert semantic == []
    made.rests()


@pytest.mark.parametrize("where", ["open", "log"])
def test_a_cache_that_fails_fails_no_request(gate: Any, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    def opens() -> Opened:
        if where == "open":
            raise OSError("no space left")

        def log(_lookup: Any) -> None:
            raise OSError("no space left")

        return Opened(embedder=Letters(), decide=lambda: None, log=log)

    monkeypatch.setattr(_caching, "semantic_cache", lambda *_, clock, **__: SemanticCache(opens=opens, clock=clock))
    made = gate(served={"desk": counted(gate)[0]}, **SEMANTIC)
    assert say(made, "where is my card").status == 200
    assert "no space left" in made.notices[0]
    assert len(made.records) == 1
    made.rests()


def test_a_reload_keeps_near_answers_and_reads_the_decision_again(gate: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    thresholds: list[float | None] = [0.99, None]
    opened = Opened(embedder=Letters(), decide=lambda: thresholds.pop(0), log=lambda _lookup: None)
    monkeypatch.setattr(
        _caching,
        "semantic_cache",
        lambda *_, clock, **__: SemanticCache(opens=lambda: opened, clock=clock, audit_share=0.0),
    )
    made = gate(served={"desk": counted(gate)[0]}, **SEMANTIC)
    assert [served(say(made, text)) for text in ("where is my card", "my card is where")] == ["miss", "semantic"]
    made.gateway.swap(made.state(SEMANTIC | {"content": "hashed"}, made.gateway.state))
    assert len(made.gateway.state.caching.semantic["desk"]) == 1
    assert served(say(made, "is where my card")) == "miss"  # the promise was called broken
    assert thresholds == []


def test_what_was_kept_says_nothing_to_a_body_that_is_no_request(gate: Any) -> None:
    made = gate(**EXACT)
    for _ in range(2):
        assert made.get(json.dumps({"model": "m", "temperature": "0"}).encode()).status == 200
    assert len(made.calls) == 2
