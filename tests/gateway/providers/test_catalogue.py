from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from proveout.errors import ModelUnknown

TABLES: dict[str, dict[str, Any]] = {
    "openai": {"models": ("gpt-*", "o3")},
    "local": {"models": ("gpt-oss", "qwen[0-9]*")},
    "rest": {"models": ("*/*", "mistral")},
    "shut": {"models": ()},
}


@pytest.mark.parametrize(
    ("name", "provider", "model"),
    [
        ("gpt-4o-mini", "openai", "gpt-4o-mini"),
        ("openai/o3", "openai", "o3"),
        ("gpt-oss", "openai", "gpt-oss"),
        ("local/gpt-oss", "local", "gpt-oss"),
        ("qwen3-4b", "local", "qwen3-4b"),
        ("meta/llama", "rest", "meta/llama"),
        ("rest/meta/llama", "rest", "meta/llama"),
    ],
)
def test_a_name_leads_to_one_provider(world: Callable[..., Any], name: str, provider: str, model: str) -> None:
    (found,) = world(tables=TABLES).providers.candidates(name)
    assert (found.upstream.name, found.model) == (provider, model)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "openai/",
        "GPT-4o",
        "openai/claude",
        "local/gpt-4o",
        "shut/gpt-4o",
        "nobody",
        "qwen",
    ],
)
def test_an_unknown_name_is_404_as_openai_says_it(world: Callable[..., Any], name: str) -> None:
    made = world(tables=TABLES)
    with pytest.raises(ModelUnknown) as caught:
        made.providers.candidates(name)
    error = caught.value
    assert (error.status, error.error_code, error.param) == (404, "model_not_found", "model")
    assert error.what == f"The model `{name}` does not exist or you do not have access to it"


def test_a_long_name_is_not_repeated_in_full(world: Callable[..., Any]) -> None:
    with pytest.raises(ModelUnknown) as caught:
        world(tables=TABLES).providers.candidates("x" * 10**6)
    assert len(str(caught.value)) < 500


def test_names_from_clients_do_not_fill_the_memory(world: Callable[..., Any]) -> None:
    providers = world(tables=TABLES).providers
    for number in range(10_000):
        providers.candidates(f"gpt-{number}")
    assert len(providers._catalogue._found) <= 4096


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("gpt-4o", {"base_url": "http://169.254.169.254/latest"}),
        ("gpt-4o", {"api_base": "http://evil.example", "host": "evil.example", "provider": "evil"}),
        ("gpt-http://evil.example/v1", {}),
        ("openai/gpt-@evil.example", {}),
        ("openai/gpt-/../../admin", {}),
        ("rest/../evil", {}),
        ("http://evil.example/v1/gpt-4o", {}),
        ("//evil.example/gpt-4o", {}),
    ],
)
def test_nothing_in_a_request_names_an_upstream(world: Callable[..., Any], name: str, more: dict[str, str]) -> None:
    made = world(tables=TABLES)
    exchange = made.exchange(
        {"model": name, "messages": [], **more}, credential=b"k", client_id="http://evil.example", traceparent=""
    )
    made.ask(exchange)
    assert made.opened == [f"https://{name}.example/v1" for name in TABLES]
    calls = [call for client in made.clients.values() for call in client.calls]
    assert [call.path for call in calls] == ["/chat/completions"]
    assert {key for call in calls for key, _ in call.headers} <= {b"authorization"}
    # What stands in the body is the provider's to understand or to refuse.
    assert more.items() <= json.loads(calls[0].body).items()


def test_models_are_those_whose_names_are_stated(world: Callable[..., Any]) -> None:
    listed = world(tables=TABLES).providers.models()
    assert [(one.id, one.provider) for one in listed] == [
        ("o3", "openai"),
        ("local/gpt-oss", "local"),
        ("mistral", "rest"),
    ]
    for one in listed:
        assert world(tables=TABLES).providers.candidates(one.id)[0].upstream.name == one.provider


def test_fallbacks_follow_in_order(world: Callable[..., Any]) -> None:
    tables = {
        "one": {"fallback": ("two", "three"), "fallback_model": "small"},
        "two": {},
        "three": {"fallback": ("one",)},
    }
    found = world(tables=tables).providers.candidates("big")
    assert [(one.upstream.name, one.model) for one in found] == [("one", "big"), ("two", "small"), ("three", "small")]


def test_a_name_that_is_too_long_for_one_is_nobodys_and_is_not_kept(world: Callable[..., Any]) -> None:
    made = world(tables={"one": {"models": ("*",)}}).providers
    assert made.candidates("x" * 256)
    for name in ("x" * 257, "one/" + "x" * 10_000):
        with pytest.raises(ModelUnknown):
            made.candidates(name)
    assert len(made._catalogue._found) == 1
