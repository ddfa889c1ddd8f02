"""What the exact cache takes for the same request, and what it never shares."""

from __future__ import annotations

from hashlib import blake2b

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from proveout.gateway._exchange import Exchange, Wanted
from proveout.gateway._key import Key
from proveout.gateway.cache import IGNORED, KeyMaker, form_of, tenant_of, why_not_shared

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


def body(**fields: object) -> bytes:
    return msgspec.json.encode({"model": "m", "temperature": 0, "messages": [], **fields})


def key(raw: bytes, tenant: str = "k1", generation: str = "g", **made: bool) -> bytes | None:
    return KeyMaker(**made).request(tenant, "chat", generation, raw)


def test_fields_that_change_no_answer_change_no_key() -> None:
    plain = key(body())
    for field in IGNORED["chat"].keys() - {"stream", "stream_options"}:
        assert key(body(**{field: "anything"})) == plain, field


def test_order_of_fields_changes_no_key_and_order_inside_a_schema_does() -> None:
    assert key(b'{"model":"m","temperature":0}') == key(b'{"temperature" : 0 ,"model":"m"}')
    assert key(body(response_format={"a": 1, "b": 2})) != key(body(response_format={"b": 2, "a": 1}))


@pytest.mark.parametrize(
    "other",
    [
        {"model": "n"},
        {"messages": [{"role": "user", "content": "x"}]},
        {"seed": 1},
        {"max_tokens": 5},
        {"store": True},
        {"tools": [{"type": "function", "function": {"name": "f"}}]},
        {"stream": True},
        {"stream": True, "stream_options": {"include_usage": True}},
        {"some_new_parameter": 1},
    ],
)
def test_whatever_changes_an_answer_changes_the_key(other: dict[str, object]) -> None:
    assert key(body(**other)) not in (None, key(body()))


def test_tenants_operations_and_generations_are_apart() -> None:
    keys = KeyMaker()
    made = [
        keys.request(tenant, operation, generation, b'{"model":"m","input":"x","temperature":0}')
        for tenant in ("a", "b", "")
        for operation in ("chat", "responses", "embeddings")
        for generation in ("g", "h")
    ]
    assert len(set(made)) == len(made)
    assert keys.request("ab", "chat", "c", body()) != keys.request("a", "chat", "bc", body())


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"temperature": 0.2}, "the temperature is above 0"),
        ({"temperature": None}, "no temperature is stated"),
        ({"n": 2}, "several answers"),
        ({"background": True}, "the answer comes later"),
        ({"previous_response_id": "resp_1"}, "the provider keeps"),
        ({"conversation": "c"}, "the provider keeps"),
        ({"prompt": {"id": "p"}}, "the provider keeps"),
        ({"web_search_options": {}}, "reads the web"),
        ({"tools": [{"type": "web_search"}]}, "a tool runs at the provider"),
        ({"tools": [{"type": "function"}, {"type": "mcp"}]}, "a tool runs at the provider"),
        ({"tools": "nonsense"}, "a tool runs at the provider"),
        ({"tools": ["nonsense"]}, "a tool runs at the provider"),
    ],
)
def test_answers_that_are_never_shared(fields: dict[str, object], why: str) -> None:
    raw = body(**fields)
    assert why in why_not_shared("chat", msgspec.json.decode(raw, type=dict[str, Raw]))
    assert key(raw) is None


@pytest.mark.parametrize("fields", [{}, {"temperature": 0.0}, {"temperature": 0.9, "seed": 7}, {"n": 1}, {"tools": []}])
def test_answers_that_repeat_are_shared(fields: dict[str, object]) -> None:
    assert key(body(**fields)) is not None


def test_a_request_that_states_no_temperature_is_shared_only_when_a_team_says_so() -> None:
    raw = b'{"model":"m","messages":[]}'
    assert key(raw) is None
    assert key(raw, unstated=True) is not None
    assert key(b'{"model":"m","temperature":1}', unstated=True) is None


def test_embeddings_are_always_shared() -> None:
    assert KeyMaker().request("k", "embeddings", "g", b'{"model":"m","input":"x"}') is not None


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b'"text"', b"\xff", b'{"model":"m","temperature":0'])
def test_what_is_no_object_has_no_key(raw: bytes) -> None:
    assert key(raw) is None


@given(st.dictionaries(st.text(max_size=8), JSON, max_size=5), st.text(max_size=4))
def test_any_object_has_the_same_key_however_it_is_ordered(fields: dict[str, object], tenant: str) -> None:
    fields |= {"temperature": 0, "seed": 1}
    again = msgspec.json.encode(dict(reversed(fields.items())))
    assert key(msgspec.json.encode(fields), tenant) == key(again, tenant)


@given(st.binary(max_size=60))
def test_any_bytes_have_a_key_or_none(raw: bytes) -> None:
    found = key(raw)
    assert found is None or len(found) == 16


def test_the_memory_for_bodies_is_bounded() -> None:
    keys = KeyMaker(most=10)
    first = keys.request("k", "chat", "g", body(seed=0))
    for seed in range(50):
        keys.request("k", "chat", "g", body(seed=seed))
    assert len(keys._seen) <= 10
    assert keys.request("k", "chat", "g", body(seed=0)) == first


def test_a_digest_that_is_known_stands_for_the_body() -> None:
    raw = body()
    keys = KeyMaker()
    assert keys.request("k", "chat", "g", raw, blake2b(raw, digest_size=16).digest()) == key(raw, "k")


def test_a_tasks_key_leaves_its_template_out() -> None:
    system = [{"role": "system", "content": "old wording"}, {"role": "user", "content": "hi"}]
    reworded = [{"role": "system", "content": "new wording"}, {"role": "user", "content": "hi"}]
    assert form_of(body(messages=system)) == form_of(body(messages=reworded))
    assert form_of(body(response_format={"type": "json_object"})) != form_of(body())
    assert form_of(body(stream=True)) != form_of(body())
    told = [form_of(body(**{name: "x"}), "responses") for name in ("instructions", "metadata", "user")]
    assert (
        len({*told, form_of(body(), "responses"), form_of(body(input="x"), "responses")}) == 4
    )  # those that are sent back
    made = {
        KeyMaker.task(tenant, task, generation, inputs, form)
        for tenant in ("a", "b")
        for task in ("desk", "shop")
        for generation in ("g", "h")
        for inputs in (b'{"text":"x"}', b'{"text":"y"}')
        for form in (b"", b"stream")
    }
    assert len(made) == 32


def test_anonymous_callers_are_told_apart_by_the_key_that_they_bring() -> None:
    def exchange(key_id: str, credential: bytes) -> Exchange:
        key = Key(id=key_id, name="", digest=b"")
        return Exchange(id="1", operation="chat", body=b"{}", wanted=Wanted(model="m"), credential=credential, key=key)

    assert tenant_of(exchange("k1", b"secret")) == "k1"
    one, other = tenant_of(exchange("", b"sk-one")), tenant_of(exchange("", b"sk-other"))
    assert one != other
    assert "sk-one" not in one
    assert tenant_of(exchange("", b"")) == ""


@pytest.mark.parametrize("value", [b"[" * 100_000 + b"]" * 100_000, b"1" * 5000, b"[" * 100_000])
def test_deep_and_long_values_break_nothing(value: bytes) -> None:
    for field in (b"messages", b"tools", b"temperature", b"n", b"stream"):
        raw = b'{"model":"m","seed":1,"' + field + b'":' + value + b"}"
        found = key(raw)
        assert found is None or len(found) == 16
