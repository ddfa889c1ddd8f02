from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from proveout.errors import ExtraMissing, SettingsInvalid
from proveout.gateway._settings import Provider

BODY = {"model": "m", "messages": []}
Make = Callable[..., Any]


@pytest.mark.parametrize(
    ("name", "fields", "about"),
    [
        ("a/b", {}, "providers.a/b"),
        ("one", {"fallback": ("nobody",)}, "providers.one.fallback"),
        ("one", {"fallback": ("one",)}, "providers.one.fallback"),
        ("one", {"base_url": "ftp://x/v1"}, "providers.one.base_url"),
        ("one", {"base_url": "https://me:secret@x/v1"}, "providers.one.base_url"),
        ("one", {"base_url": ""}, "providers.one.base_url"),
        ("one", {"kind": "anthropic", "headers": {"x": "y"}}, "providers.one.headers"),
    ],
)
def test_a_table_that_cannot_be_meant_is_told(world: Make, name: str, fields: dict[str, Any], about: str) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        world(tables={name: fields})
    assert caught.value.about == about
    assert "secret" not in str(caught.value)


def test_states_are_told_by_provider(world: Make) -> None:
    made = world((503, b"{}"), tables={"one": {"retries": 0, "break_after": 1, "fallback": ("two",)}, "two": {}})
    made.ask(made.exchange(BODY))
    assert [(one.name, one.breaker, one.failures) for one in made.providers.states()] == [
        ("one", "open", 1),
        ("two", "closed", 0),
    ]
    assert all(one.retries_left > 0 for one in made.providers.states())


def test_a_reload_keeps_what_did_not_change(world: Make) -> None:
    made = world((503, b"{}"), tables={"one": {"break_after": 1, "retries": 0, "fallback": ("two",)}, "two": {}})
    made.ask(made.exchange(BODY))
    before = made.providers
    one, two = (before.upstreams[name] for name in ("one", "two"))
    changed = Provider(base_url="https://two.example/v2")
    after = made.made({"one": one.terms, "two": changed}, before)
    assert after.upstreams["one"] is one
    assert after.states()[0].breaker == "open"
    assert after.upstreams["two"] is not two
    asyncio.run(before.close(after))
    assert (one.client.closed, two.client.closed) == (False, True)
    asyncio.run(after.close())
    assert one.client.closed


def test_nothing_heavy_is_imported_for_passing_through() -> None:
    heavy = "{'numpy', 'sklearn', 'httpx', 'duckdb', 'any_llm', 'openai', 'pydantic', 'genai_prices'}"
    code = f"import sys, proveout.gateway.providers; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_missing_library_is_told_with_its_extra(monkeypatch: pytest.MonkeyPatch, world: Make) -> None:
    monkeypatch.setitem(sys.modules, "any_llm", None)
    with pytest.raises(ExtraMissing) as caught:
        world(tables={"one": {"kind": "anthropic"}})
    assert "pip install 'proveout[providers]'" in caught.value.fix
