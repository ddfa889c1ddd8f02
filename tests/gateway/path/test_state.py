from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import ModelUnknown
from proveout.gateway import ANONYMOUS, Key, Tier
from proveout.gateway._exchange import Exchange
from proveout.gateway.api import ModelInfo, read_chat
from proveout.gateway.path import build_state
from proveout.gateway.path._state import ASSUMED_TOKENS, MOST_SUBJECTS
from proveout.task import Usage

BUDGET = {"tiers": {"standard": {"limits": {"usd_per_day": 100}}}}


def exchange(state: Any, body: bytes, **more: Any) -> Exchange:
    fields: dict[str, Any] = {"id": "1", "operation": "chat", "body": body, "wanted": read_chat(body), "tier": Tier()}
    made = Exchange(**fields | more)
    made.answerer = state.answerer_of(made)
    return made


def worst(state: Any, body: bytes, **more: Any) -> tuple[int, float]:
    budget = state.settings.tiers["standard"].limits
    found: tuple[int, float] = state.worst_case(exchange(state, body, **more), (("key:", budget),))
    return found


@given(
    text=st.text(max_size=200),
    most=st.integers(1, 10_000),
    times=st.integers(1, 128),
    used=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_a_budget_holds_as_much_as_a_bounded_request_of_text_can_cost(
    text: str, most: int, times: int, used: tuple[float, float]
) -> None:
    """No tokenizer makes more tokens than there are bytes; each choice has at most as many as are allowed."""
    import msgspec  # noqa: PLC0415

    tables = {"main": {"base_url": "https://x.example/v1", "usd_per_million_in": 3.0, "usd_per_million_out": 15.0}}
    state = state_of(BUDGET | {"providers": tables})
    messages = [{"role": "user", "content": text}]
    body = msgspec.json.encode({"model": "m", "messages": messages, "max_tokens": most, "n": times})
    tokens_in, tokens_out = int(used[0] * len(text.encode("utf-8", "replace"))), int(used[1] * most * times)
    cost = (tokens_in * 3.0 + tokens_out * 15.0) / 1e6
    assert worst(state, body)[1] >= cost


def state_of(settings: dict[str, Any], **more: Any) -> Any:
    from random import Random  # noqa: PLC0415

    import msgspec  # noqa: PLC0415

    from proveout.gateway import Configuration, Settings  # noqa: PLC0415
    from proveout.gateway.path import State  # noqa: PLC0415
    from proveout.gateway.providers import Providers  # noqa: PLC0415

    made = msgspec.convert(settings, Settings)
    providers = Providers(made, clock=lambda: 0.0, environment={}, rng=Random(0), open=lambda **_: None)  # type: ignore[arg-type]
    parts = {"tasks": {}, "embedders": {}} | more
    return State(Configuration(home="/nowhere", settings=made), providers=providers, **parts)


def provider(dollars: float, **more: Any) -> dict[str, Any]:
    return {"base_url": "https://x.example/v1", "usd_per_million_in": dollars, "usd_per_million_out": dollars, **more}


def test_the_dearest_of_those_who_may_answer_is_held(gate: Any) -> None:
    state = state_of(BUDGET | {"providers": {"a": provider(1e6, fallback=["b"]), "b": provider(2e6)}})
    body = b'{"model":"m","max_tokens":10}'
    assert worst(state, body) == (len(body) // 3 + 11, 2.0 * (len(body) + 10))


@pytest.mark.parametrize(("n", "times"), [(b"", 1), (b',"n":3', 3)])
def test_what_bounds_nothing_is_held_as_most_models_bound_it_for_each_choice(n: bytes, times: int) -> None:
    state = state_of(BUDGET | {"providers": {"a": provider(1e6)}})
    body = b'{"model":"m"' + n + b"}"
    assert worst(state, body)[1] == len(body) + times * ASSUMED_TOKENS


def test_vectors_have_no_completion_and_a_local_embedder_costs_nothing() -> None:
    class Embedder:
        info = ModelInfo(id="mini")

    state = state_of(BUDGET | {"providers": {"a": provider(1e6)}}, embedders={"mini": Embedder()})
    body = b'{"model":"m"}'
    assert worst(state, body, operation="embeddings")[1] == len(body)
    assert worst(state, b'{"model":"mini"}', operation="embeddings")[1] == 0
    assert worst(state_of(BUDGET, embedders={"mini": Embedder()}), b'{"model":"mini"}', operation="embeddings")[1] == 0


def test_a_spent_budget_stops_a_task_whose_incumbent_costs_money_and_no_other(gate: Any) -> None:
    def paid(_inputs: Any) -> Any:
        return gate.answered(usage=Usage(tokens_in=5, tokens_out=5, usd=3.0))(None)

    task = gate.task(incumbent=(paid, {"pays": True}), candidate=gate.answered())
    task._prices = type(task._prices)(usd_per_million_in=100.0, usd_per_million_out=100.0)
    tiers = {
        "paying": {"answers": ["incumbent"], "limits": {"usd_per_day": 3.5}},
        "own": {"answers": ["candidate"], "limits": {"usd_per_day": 0}},
    }
    keys = {tier: gate.key(f"{tier}zzzzzzzz"[:8], tier=tier) for tier in tiers}
    made = gate(served={"desk": task}, tiers=tiers, keys=[key for _, key in keys.values()])
    assert [made.get(model="desk", key=keys["paying"][0]).status for _ in range(2)] == [200, 429]
    assert made.get(model="desk", key=keys["own"][0]).status == 200
    assert made.spent == 3.0
    made.rests()


def test_limits_are_looked_up_once_for_each_key_and_task_and_forgotten_when_too_many(gate: Any) -> None:
    made = gate(**BUDGET).gateway.state
    asked = exchange(made, b'{"model":"m"}', tier=made.settings.tiers["standard"])
    first = made.limits_of(asked)
    assert made.limits_of(asked) is first
    assert [name for name, _ in first] == ["key:"]
    for number in range(MOST_SUBJECTS + 10):
        asked.task = f"t{number}"
        made.limits_of(asked)
    assert len(made._subjects) <= MOST_SUBJECTS
    asked.tier = Tier()
    assert gate().gateway.state.limits_of(asked) == ()


def test_models_are_those_that_a_key_may_use(gate: Any) -> None:
    _, key = gate.key(models=("desk", "main/*"))
    providers = {"main": {"base_url": "https://x.example/v1", "models": ["gpt-a", "gpt-*"]}}
    tasks = {name: gate.task(name, candidate=gate.answered()) for name in ("desk", "other")}
    made = gate(keys=[key], served=tasks, providers=providers).gateway.state

    def names(who: Key) -> list[str]:
        return [one.id for one in asyncio.run(made.models(who, b""))]

    assert names(key) == ["desk"]
    assert names(ANONYMOUS) == ["desk", "other", "gpt-a"]
    assert made.model(key, "main/gpt-x").owned_by == "main"
    for name in ("other", "gpt-a", "main/claude", "x" * 300):
        with pytest.raises(ModelUnknown):
            made.model(key, name)


def test_a_key_is_asked_for_as_the_settings_say(gate: Any) -> None:
    _, key = gate.key()
    for asks, keys, found in (
        ("auto", [], False),
        ("auto", [key], True),
        ("always", [], True),
        ("never", [key], False),
    ):
        made = gate(keys=keys, server={"require_key": asks})
        assert (made.gateway.state.keys is not None) == found


def test_a_configuration_becomes_what_answers_and_keeps_what_did_not_change(tmp_path: Any) -> None:
    from proveout.gateway import Configuration, Provider, Settings  # noqa: PLC0415

    providers = {"main": Provider(base_url="http://127.0.0.1:9/v1", api_key_env="K")}
    configuration = Configuration(home=str(tmp_path), settings=Settings(providers=providers))
    first = build_state(configuration, environment={"K": "secret"})
    second = build_state(configuration, before=first, environment={"K": "secret"})
    assert second.providers.upstreams["main"] is first.providers.upstreams["main"]
    assert first.digest == second.digest
