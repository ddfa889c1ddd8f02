from __future__ import annotations

from typing import Any

import pytest


def test_models_need_a_key_and_are_those_of_the_key(gate: Any) -> None:
    secret, key = gate.key(models=("desk", "gpt-*"))
    providers = {"main": {"base_url": "https://x.example/v1", "models": ["gpt-a", "other"]}}
    made = gate(keys=[key], served={"desk": gate.task(candidate=gate.answered())}, providers=providers)
    assert made.get(method="GET", path="/v1/models").status == 401
    listed = made.get(method="GET", path="/v1/models", key=secret)
    assert [one["id"] for one in listed.json["data"]] == ["desk", "gpt-a"]
    assert made.get(method="GET", path="/v1/models/gpt-a", key=secret).json["owned_by"] == "main"
    for name in ("other", "gpt-b", "nobody", "x" * 5000, "a/b"):
        got = made.get(method="GET", path=f"/v1/models/{name}", key=secret)
        assert (got.status, got.json["error"]["code"]) == (404, "model_not_found")
    assert made.records == []


def test_the_description_of_the_api_needs_no_key(gate: Any) -> None:
    made = gate(keys=[gate.key()[1]])
    assert made.get(method="GET", path="/openapi.json").json["openapi"].startswith("3.1")


@pytest.mark.parametrize("path", ["/v1/models", "/openapi.json"])
def test_head_states_the_length_and_sends_no_body(gate: Any, path: str) -> None:
    made = gate()
    head, got = (made.get(method=method, path=path) for method in ("HEAD", "GET"))
    assert (head.status, head.body, head.ended) == (200, b"", True)
    alike = [{name: value for name, value in one.headers.items() if name != "x-request-id"} for one in (head, got)]
    assert alike[0] == alike[1]
    assert int(got.headers["content-length"]) == len(got.body)


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/v1/chat/completions", 405, "POST"),
        ("POST", "/v1/models", 405, "GET, HEAD"),
        ("DELETE", "/v1/models/m", 405, "GET, HEAD"),
        ("PROPFIND" * 10, "/v1/models", 405, "GET, HEAD"),
        ("GET", "/", 404, None),
        ("POST", "/v1/chat/completions/", 404, None),
        ("GET", "/v1/models/", 404, None),
        ("GET", "/../etc/passwd", 404, None),
        ("GET", "/" + "x" * 9000, 404, None),
        ("GET", '/v1/"<script>', 404, None),
    ],
)
def test_what_is_not_served_is_told(gate: Any, method: str, path: str, status: int, allow: str | None) -> None:
    made = gate(keys=[gate.key()[1]])
    got = made.get(method=method, path=path)
    assert (got.status, got.headers.get("allow")) == (status, allow)
    assert got.headers["content-type"] == "application/json"
    assert len(got.body) < 800
    assert got.json["error"]["type"] == "invalid_request_error"
