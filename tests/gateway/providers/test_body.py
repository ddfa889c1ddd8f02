from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import RequestInvalid
from proveout.gateway._exchange import Wanted
from proveout.gateway.providers._body import body_for

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
OTHERS = st.dictionaries(
    st.text(max_size=8).filter(lambda key: key.lower() not in {"model", "stream", "stream_options"}), VALUES
)


@given(rest=OTHERS, spaced=st.booleans(), escaped=st.booleans())
def test_a_body_without_a_reason_to_change_it_is_passed_on_byte_for_byte(
    *, rest: dict[str, Any], spaced: bool, escaped: bool
) -> None:
    # Keys that need an escape are written anew; ordinary ones are not.
    rest = {key: value for key, value in rest.items() if key.isalnum() and key.isascii()}
    separators = None if spaced else (",", ":")
    body = json.dumps({"model": "m", **rest}, separators=separators, ensure_ascii=escaped).encode()
    assert body_for(body, Wanted(model="m"), model="m", ask_usage=True) == body


@given(rest=OTHERS, model=st.text(min_size=1), stream=st.booleans(), asked=st.booleans())
def test_a_body_says_the_same_but_for_model_and_usage(
    *, rest: dict[str, Any], model: str, stream: bool, asked: bool
) -> None:
    options = {"include_usage": True, "extra": 1} if asked else {"extra": 1}
    top = {"model": "a/b", **rest, "stream": stream, "stream_options": options}
    wanted = Wanted(model="a/b", stream=stream, usage_asked=asked)
    sent = json.loads(body_for(json.dumps(top).encode(), wanted, model=model, ask_usage=True))
    assert sent.pop("model") == model
    assert sent.pop("stream_options") == options | ({"include_usage": True} if stream else {})
    assert sent == {**rest, "stream": stream}


def test_numbers_are_not_rounded_on_their_way() -> None:
    body = b'{"model":"a/b","seed":12345678901234567890123,"temperature":0.10000000000000000001,"x":1e400}'
    sent = body_for(body, Wanted(model="a/b"), model="b", ask_usage=False)
    assert sent == body.replace(b'"a/b"', b'"b"')


@pytest.mark.parametrize("options", [b"null", b'{"include_usage":false}', b'{"include_usage":null}', b"{}"])
def test_usage_is_asked_for_whatever_the_options_say(options: bytes) -> None:
    body = b'{"model":"m","stream":true,"stream_options":' + options + b"}"
    sent = body_for(body, Wanted(model="m", stream=True), model="m", ask_usage=True)
    assert json.loads(sent)["stream_options"] == {"include_usage": True}


def test_options_that_are_none_are_left_for_the_provider_to_refuse() -> None:
    body = b'{"model":"m","stream":true,"stream_options":5}'
    assert body_for(body, Wanted(model="m", stream=True), model="m", ask_usage=True) == body


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"secret","model":"allowed"}',
        b'{"mod\\u0065l":"secret","model":"allowed"}',
        b'{"model":"secret", "n":1,\n"model":"allowed"}',
        # As long as json.dumps would have written it without the second model.
        b'{"model":"secret","a": 1, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1,"model": "allowed"}',
    ],
)
def test_a_second_model_is_not_smuggled_through(body: bytes) -> None:
    wanted = Wanted(model=json.loads(body)["model"])
    assert wanted.model == "allowed"
    sent = body_for(body, wanted, model="allowed", ask_usage=True)
    assert b"secret" not in sent
    assert json.loads(sent)["model"] == "allowed"


@pytest.mark.parametrize("key", ["Model", "MODEL", "Stream", "stream_Options"])
def test_a_key_in_other_letters_is_refused(key: str) -> None:
    body = json.dumps({"model": "allowed", key: "secret"}).encode()
    with pytest.raises(RequestInvalid) as caught:
        body_for(body, Wanted(model="allowed"), model="allowed", ask_usage=True)
    assert caught.value.param == key
