from __future__ import annotations

from typing import Any

import pytest

from proveout.gateway import ANONYMOUS
from proveout.gateway._exchange import Exchange, Outcome, Reply, Wanted
from proveout.gateway.path._send import RAW_HEAD, begun, own_head


def sent(*, stream: bool = False, **outcome: Any) -> dict[bytes, bytes]:
    made = Exchange(id="r1", operation="chat", wanted=Wanted(model="m", stream=stream), outcome=Outcome(**outcome))
    assert made.key is ANONYMOUS
    head = own_head(made)
    raw, pairs = (begun(Reply(body=b"abc"), head, raw=raw) for raw in (True, False))
    assert raw["headers"] == [(b"content-length", b"3")]
    assert raw[RAW_HEAD] == head
    found = dict(pairs["headers"])
    assert found.pop(b"content-length") == b"3"
    return found


def test_what_is_known_is_said_and_nothing_else() -> None:
    assert sent() == {b"x-request-id": b"r1", b"x-proveout-tier": b"standard"}
    found = sent(route="task:t/certified", candidate="c", certificate="z", cache="miss", experiment="a", usd=0.0012)
    assert {name: value for name, value in found.items() if name.startswith(b"x-proveout")} == {
        b"x-proveout-tier": b"standard",
        b"x-proveout-route": b"task:t/certified",
        b"x-proveout-candidate": b"c",
        b"x-proveout-certificate": b"z",
        b"x-proveout-cache": b"miss",
        b"x-proveout-experiment": b"a",
        b"x-proveout-cost-usd": b"0.00120000",
    }


@pytest.mark.parametrize(
    "more", [{"stream": True, "route": "provider:a"}, {"usd_unknown": True, "route": "provider:a"}, {"route": ""}]
)
def test_a_cost_that_nobody_knows_yet_is_not_stated(more: dict[str, Any]) -> None:
    assert b"x-proveout-cost-usd" not in sent(**more)


def test_a_head_goes_with_the_length_of_a_body_and_without_one_for_events(gate: Any) -> None:
    made = gate(
        lambda _call: (200, gate.events("a")) if b'"stream":true' in _call.body.replace(b" ", b"") else (200, b"{}")
    )
    whole, stream = made.get(), made.get(stream=True)
    assert whole.headers["content-length"] == str(len(whole.body))
    assert "content-length" not in stream.headers
    assert stream.headers["content-type"].startswith("text/event-stream")
