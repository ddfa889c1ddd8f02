"""``proveout serve`` as it is typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proveout.cli._serve import command
from proveout.gateway import server

Run = Callable[..., Any]
SERVING = server.Serving(
    address="http://127.0.0.1:8080/v1", models=("desk", "*"), home="gw", workers=(7,), configuration="abc"
)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[server.ServeOptions]:
    """What the command asks for, without serving."""
    seen: list[server.ServeOptions] = []

    def serve(options: server.ServeOptions, *, ready: Any, notice: Any) -> None:
        seen.append(options)
        notice("providers.p.api_key_env: the environment variable 'KEY' is not set.")
        ready(SERVING)

    monkeypatch.setattr(server, "serve", serve)
    return seen


def test_it_prints_its_address_the_models_and_what_comes_next(proveout: Run, asked: list[server.ServeOptions]) -> None:
    ran = proveout("serve", "desk", "--workers", "2", "--upstream", "http://up/v1", "--port", "0", "--home", "gw")
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[0] == "Proveout is serving at http://127.0.0.1:8080/v1 (models: desk, *)"
    assert 'OpenAI(base_url="http://127.0.0.1:8080/v1")' in lines[1]
    assert lines[-1] == "Next: proveout key create --home gw"
    assert "is not set." in ran.err
    assert asked == [
        server.ServeOptions(home=Path("gw"), folders=(Path("desk"),), port=0, workers=2, upstream="http://up/v1")
    ]


def test_its_home_is_here_unless_named(proveout: Run, asked: list[server.ServeOptions]) -> None:
    assert proveout("serve").code == 0
    assert asked == [server.ServeOptions(home=Path("proveout-gateway"))]


def test_as_json_it_prints_one_object(proveout: Run, asked: list[server.ServeOptions]) -> None:
    ran = proveout("serve", "--json")
    assert ran.json == {
        "address": "http://127.0.0.1:8080/v1",
        "models": ["desk", "*"],
        "home": "gw",
        "workers": [7],
        "configuration": "abc",
    }
    assert len(ran.out.splitlines()) == 1


@pytest.mark.parametrize("arguments", [("--workers", "0"), ("--port", "70000"), ("--port", "x"), ("--wrkers", "1")])
def test_wrong_usage_is_told(proveout: Run, asked: list[server.ServeOptions], arguments: tuple[str, ...]) -> None:
    assert proveout("serve", *arguments).code == 2
    assert asked == []


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (
            (
                "--host",
                "203.0.113.1",
            ),
            6,
            "cannot listen",
        ),
        (("--upstream", "localhost:11434"), 3, "neither http:// nor https://"),
        (("nowhere", "--port", "0"), 3, "no task here"),
    ],
)
def test_what_cannot_be_served_is_told(proveout: Run, arguments: tuple[str, ...], code: int, words: str) -> None:
    ran = proveout("serve", *arguments, "--json")
    assert ran.code == code
    assert words in ran.err
    assert json.loads(ran.out)["fix"]


def test_its_help_says_how_it_is_ended() -> None:
    assert "SIGTERM" in str(command.help)
