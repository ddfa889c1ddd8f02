from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from proveout.testing import FakeProvider, completion


def ask(url: str, body: dict[str, Any]) -> Any:
    headers = {"authorization": "Bearer k", "content-type": "application/json"}
    asked = urllib.request.Request(f"{url}/chat/completions", json.dumps(body).encode(), headers)  # noqa: S310  loopback
    with urllib.request.urlopen(asked, timeout=5) as reply:  # noqa: S310  as above
        return json.loads(reply.read())


def test_replies_come_in_order_and_the_last_one_stays() -> None:
    with FakeProvider(completion("first"), completion({"a": 1})) as fake:
        said = [ask(fake.url, {"n": n})["choices"][0]["message"]["content"] for n in range(3)]
    assert said == ["first", '{"a": 1}', '{"a": 1}']
    assert fake.requests == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert fake.keys == ["Bearer k"] * 3


def test_a_status_and_its_headers_are_sent() -> None:
    with FakeProvider(completion("slow down", status=429, retry_after="7")) as fake:
        with pytest.raises(urllib.error.HTTPError) as caught:
            ask(fake.url, {})
        with caught.value as error:
            assert (error.code, error.headers["retry-after"]) == (429, "7")
            assert json.loads(error.read()) == {"error": {"message": "slow down"}}
