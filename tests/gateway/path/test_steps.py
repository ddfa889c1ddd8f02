from __future__ import annotations

from typing import Any

import pytest

from proveout.errors import Forbidden, ModelUnknown, Overloaded, Refused
from proveout.gateway._exchange import Exchange
from proveout.gateway.path._process import Process
from proveout.gateway.path._steps import AFTER_BODY, BEFORE_BODY


def after(made: Any, body: bytes, **more: Any) -> Exchange:
    """An exchange that all steps after the body have seen."""
    state = made.gateway.state
    fields = {"id": "r1", "operation": "chat", "now": state, "process": made.gateway._process, "body": body}
    exchange = Exchange(**fields | more)
    for step in (*BEFORE_BODY[:1], *AFTER_BODY):
        step(exchange)
    return exchange


def test_the_path_reads_as_a_list() -> None:
    assert [step.__name__ for step in (*BEFORE_BODY, *AFTER_BODY)] == [
        "authenticate",
        "make_room",
        "understand",
        "find_answerer",
        "limit",
        "guard_in",
        "look_in_cache",
    ]


def test_a_tier_that_is_not_configured_is_as_the_defaults_say(gate: Any) -> None:
    secret, key = gate.key(tier="unheard-of")
    exchange = after(gate(keys=[key]), b'{"model":"m"}', credential=secret.encode())
    assert (exchange.key.id, exchange.tier.priority) == (key.id, 0)


def test_a_tier_without_providers_reaches_none(gate: Any) -> None:
    made = gate(tiers={"standard": {"answers": ["cache", "rules"]}})
    with pytest.raises(ModelUnknown):
        after(made, b'{"model":"m"}')


def test_a_task_hides_a_model_of_the_same_name(gate: Any) -> None:
    made = gate(served={"desk": gate.task(candidate=gate.answered())})
    asked = b'{"model":"desk","messages":[{"role":"user","content":"hi"}]}'
    exchange = after(made, asked)
    assert (exchange.task, exchange.inputs) == ("desk", {"text": "hi"})
    assert exchange.answerer is made.gateway.state.tasks["desk"]
    assert after(made, b'{"model":"main/desk"}').task == ""


def test_a_model_that_a_key_may_not_use_is_refused_whether_or_not_there_is_one(gate: Any) -> None:
    secret, key = gate.key(models=("gpt-*",))
    made = gate(keys=[key], served={"desk": gate.task(candidate=gate.answered())})
    words = set()
    for model in ("desk", "nobody", "main/gpt-a"):
        with pytest.raises(Forbidden) as refused:
            after(made, b'{"model":"%b"}' % model.encode(), credential=secret.encode())
        words.add(str(refused.value).replace(model, "*"))
    assert len(words) == 1


def test_under_overload_the_lowest_tier_is_refused_first(gate: Any) -> None:
    made = gate(server={"most_under_way": 10}, tiers={"free": {"priority": -1, "share": 0.2}, "paid": {"priority": 1}})
    process = Process(recorder=made.recorder, limiter=None, by_tier={"free": 2, "paid": 5})

    def let_in(tier: str) -> bool:
        _, key = gate.key(tier=tier)
        exchange = Exchange(id="1", operation="chat", now=made.gateway.state, process=process, key=key)
        try:
            BEFORE_BODY[1](exchange)
        except Overloaded as refused:
            assert refused.retry_after == 1.0
            return False
        return True

    assert (let_in("free"), let_in("paid")) == (False, True)
    process.by_tier["paid"] = 8
    assert (let_in("free"), let_in("paid")) == (False, False)


def test_no_process_shares_its_counts_with_another() -> None:
    one, other = (Process(recorder=None, limiter=None) for _ in range(2))
    one.by_tier["standard"] = 1
    assert other.by_tier == {}


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b'{"model":1}', b'{"model":""}', b"{" * 5000, b"\xff", b'{"model":"m"']
)
def test_what_is_no_request_is_refused_by_the_first_step(gate: Any, body: bytes) -> None:
    with pytest.raises(Refused) as refused:
        after(gate(), body)
    assert refused.value.status == 400
