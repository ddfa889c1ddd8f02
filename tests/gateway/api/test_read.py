from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import RequestInvalid
from proveout.gateway.api import READERS, read_chat, read_embeddings, read_responses

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
KEYS = ["model", "stream", "stream_options", "max_tokens", "max_completion_tokens", "max_output_tokens", "n", "input"]


def refused(body: bytes) -> RequestInvalid:
    with pytest.raises(RequestInvalid) as caught:
        read_chat(body)
    return caught.value


def test_what_the_gateway_needs_is_read_and_the_rest_ignored() -> None:
    body = {
        "model": "gpt",
        "messages": [{"role": "user", "content": 'a "model" and a "stream"'}],
        "stream": True,
        "stream_options": {"include_usage": True, "more": 1},
        "max_tokens": 5,
        "max_completion_tokens": 7,
        "tools": [{"model": 1, "stream": "x", "n": []}],
        "whatever": {"model": "b"},
    }
    found = read_chat(json.dumps(body).encode())
    assert (found.model, found.stream, found.usage_asked, found.most_tokens) == ("gpt", True, True, 7)
    assert read_chat(json.dumps(body | {"n": 3}).encode()).most_tokens == 21
    assert [read_chat(json.dumps(body | more).encode()).times for more in ({}, {"n": 3})] == [1, 3]


def test_nulls_and_false_are_as_if_left_out() -> None:
    keys = ("stream", "stream_options", "max_tokens", "max_completion_tokens", "n")
    nothing = read_chat(json.dumps({"model": "m"} | dict.fromkeys(keys)).encode())
    assert nothing == read_chat(b'{"model": "m", "stream": false}') == read_chat(b'{"model": "m"}')
    assert not read_chat(b'{"model": "m", "stream": true, "stream_options": {"include_usage": null}}').usage_asked


def test_responses_and_embeddings() -> None:
    found = read_responses(b'{"model": "m", "input": [], "stream": true, "max_output_tokens": 9}')
    assert (found.stream, found.usage_asked, found.most_tokens) == (True, True, 9)
    assert read_embeddings(b'{"input": "x", "model": "e", "stream": 3}').model == "e"
    assert set(READERS) == {"chat", "responses", "embeddings"}


@pytest.mark.parametrize(
    ("body", "what", "param"),
    [
        (b"", "We could not parse the JSON body of your request", ""),
        (b"{", "We could not parse the JSON body of your request", ""),
        (b'{"model": "m"} x', "We could not parse the JSON body of your request", ""),
        (b'\xef\xbb\xbf{"model": "m"}', "We could not parse the JSON body of your request", ""),
        (b'{"model": "m", "x": NaN}', "We could not parse the JSON body of your request", ""),
        (b'{"model": "m", "x": -Infinity}', "We could not parse the JSON body of your request", ""),
        (b'{"model": "m", "x": "\xff"}', "We could not parse the JSON body of your request", ""),
        (b'{"model": "m", "\xff": 1}', "We could not parse the JSON body of your request", ""),
        (b'{"model": "m", "x": "\\ud800"}', "We could not parse the JSON body of your request", ""),
        (b'{"model": "m", "x": "\x01"}', "We could not parse the JSON body of your request", ""),
        (b"[]", "We could not parse the JSON body of your request", ""),
        (b"null", "We could not parse the JSON body of your request", ""),
        (b"{}", "you must provide a model parameter", "model"),
        (b'{"model": null}', "Invalid type for 'model': expected a string, but got null instead", "model"),
        (b'{"model": 3}', "Invalid type for 'model': expected a string, but got an integer instead", "model"),
        (b'{"model": ["m"]}', "Invalid type for 'model': expected a string, but got an array instead", "model"),
        (
            b'{"model": ""}',
            "Invalid 'model': empty string. Expected a string with minimum length 1, but got an empty string instead",
            "model",
        ),
        (
            b'{"model": "m", "stream": 1}',
            "Invalid type for 'stream': expected a boolean, but got an integer instead",
            "stream",
        ),
        (
            b'{"model": "m", "stream_options": true}',
            "Invalid type for 'stream_options': expected an object, but got a boolean instead",
            "stream_options",
        ),
        (
            b'{"model": "m", "stream_options": {"include_usage": 1}}',
            "Invalid type for 'stream_options.include_usage': expected a boolean, but got an integer instead",
            "stream_options.include_usage",
        ),
        (
            b'{"model": "m", "max_tokens": 0}',
            "Invalid 'max_tokens': integer below minimum value. Expected a value >= 1",
            "max_tokens",
        ),
        (
            b'{"model": "m", "max_completion_tokens": 99999999999999999999999}',
            "Invalid 'max_completion_tokens': integer above maximum value. Expected a value <= 2147483647",
            "max_completion_tokens",
        ),
        (
            b'{"model": "m", "max_tokens": 1.5}',
            "Invalid type for 'max_tokens': expected an integer, but got a decimal instead",
            "max_tokens",
        ),
        (
            b'{"model": "m", "max_tokens": true}',
            "Invalid type for 'max_tokens': expected an integer, but got a boolean instead",
            "max_tokens",
        ),
        (b'{"model": "m", "n": 129}', "Invalid 'n': integer above maximum value. Expected a value <= 128", "n"),
    ],
)
def test_what_is_wrong_is_said_in_the_words_of_the_api(body: bytes, what: str, param: str) -> None:
    error = refused(body)
    assert (error.what, error.param, error.status) == (what, param, 400)
    assert error.why
    assert error.fix


@pytest.mark.parametrize("levels", [2_000, 200_000])
def test_deep_nesting_is_refused_and_not_a_crash(levels: int) -> None:
    body = b'{"model": "m", "x": ' + b"[" * levels + b"]" * levels + b"}"
    assert refused(body).why == "it is nested too deeply"
    assert refused(body[: levels // 2]).status == 400


@pytest.mark.parametrize("key", ["model", "stream", "stream_options", "max_tokens", "max_completion_tokens", "n"])
def test_a_key_that_stands_twice_is_refused_however_it_is_spelt(key: str) -> None:
    spelt = "".join(f"\\u{ord(letter):04x}" for letter in key)
    value = {"model": '"m"', "stream": "true", "stream_options": "{}"}.get(key, "4")
    first = "" if key == "model" else '"model": "m", '
    for other in (key, spelt):
        for gap in ("", ', "messages": ["' + "x" * 5000 + '"]'):
            error = refused(f'{{{first}"{key}": {value}{gap}, "{other}": {value}}}'.encode())
            assert (error.what.rsplit(": ", 1)[1], error.param) == (f"duplicate key '{key}'", key)
    assert refused(f'{{{first}"{key}": {value}, "{key}": null}}'.encode()).param == key


def test_one_key_spelt_with_escapes_is_that_key() -> None:
    assert read_chat(b'{"\\u006dodel": "m"}').model == "m"


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for read in READERS.values():
        try:
            assert read(body).model
        except RequestInvalid as error:
            assert error.what
            assert error.why


@given(st.dictionaries(st.sampled_from(KEYS) | st.text(), JSON, max_size=8))
def test_what_is_read_is_what_a_plain_parser_reads(body: dict[str, Any]) -> None:
    try:
        raw = json.dumps(body).encode()
    except UnicodeEncodeError:
        return
    try:
        found = read_chat(raw)
    except RequestInvalid:
        assert not is_right(body)
    else:
        assert is_right(body)
        assert found.model == body["model"]
        assert found.stream is (body.get("stream") is True)
        most = max(body.get("max_tokens") or 0, body.get("max_completion_tokens") or 0) * (body.get("n") or 1)
        assert found.most_tokens == most


def is_right(body: dict[str, Any]) -> bool:
    options = body.get("stream_options")
    counts = [body.get("max_tokens"), body.get("max_completion_tokens"), body.get("n")]
    tops = [2**31 - 1, 2**31 - 1, 128]
    return (
        isinstance(body.get("model"), str)
        and body["model"] != ""
        and isinstance(body.get("stream"), bool | None)
        and isinstance(options, dict | None)
        and isinstance((options or {}).get("include_usage"), bool | None)
        and all(one is None or (type(one) is int and 1 <= one <= top) for one, top in zip(counts, tops, strict=True))
        and not any("\ud800" <= letter <= "\udfff" for letter in json.dumps(body, ensure_ascii=False))
    )


def test_threads_do_not_see_each_others_keys() -> None:
    good, twice = b'{"model": "m", "stream": true}', b'{"model": "m", "model": "n"}'
    wrong: list[str] = []

    def work() -> None:
        for _ in range(2_000):
            if read_chat(good).model != "m":
                wrong.append("good")
            try:
                read_chat(twice)
                wrong.append("twice")
            except RequestInvalid:
                continue

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
