from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import GuardRefused, GuardUnknown
from proveout.gateway._exchange import Exchange
from proveout.gateway.path._guards import guard_text, text_guards, texts_of

AWS = "AKIA" + "A" * 16


def verdicts(content: bytes) -> tuple[tuple[str, str], ...]:
    made = Exchange(id="1", operation="chat")
    try:
        guard_text(made, text_guards(["credentials"]), content, "input")
    except GuardRefused as refused:
        assert AWS not in f"{refused.what}{refused.why}{refused.fix}{refused.about}"
    return made.outcome.verdicts


def event(**fields: object) -> bytes:
    return b"data: " + json.dumps(fields).encode() + b"\r\n\r\n"


def choice(number: int, text: str) -> bytes:
    return event(id="c", choices=[{"index": number, "delta": {"content": text}}])


SPELT = "".join(f"\\u{ord(letter):04x}" for letter in AWS)


@pytest.mark.parametrize(
    "content",
    [
        json.dumps({"content": f"key {AWS}"}).encode(),
        f'{{"content":"{SPELT}"}}'.encode(),
        f'{{"content":"{SPELT}","x":1e999}}'.encode(),
        json.dumps({AWS: 1}).encode(),
        json.dumps({"a": ["-----BEGIN RSA", {"b": f"line\n{AWS}"}]}).encode(),
        AWS.encode(),
        choice(0, AWS[:5]) + choice(0, AWS[5:]) + b"data: [DONE]\n\n",
        choice(0, AWS[:5]) + choice(1, "other") + choice(0, AWS[5:9]) + choice(1, "words") + choice(0, AWS[9:]),
        event(type="response.output_text.delta", item_id="a", delta=AWS[:5])
        + event(type="response.output_text.delta", item_id="b", delta="-")
        + event(type="response.output_text.delta", item_id="a", delta=AWS[5:]),
        b"data: {half " + AWS.encode(),
        b"[" * 990 + f'"{AWS}"'.encode() + b"]" * 990,
    ],
)
def test_a_credential_is_found_wherever_it_stands(content: bytes) -> None:
    assert verdicts(content) == (("credentials", "holds an AWS access key"),)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"content":"hello"}',
        choice(0, AWS[:5]) + choice(1, AWS[5:]),  # two answers, neither of which holds it
        json.dumps({"a": AWS[:5], "b": AWS[5:]}).encode(),
    ],
)
def test_what_holds_none_passes(content: bytes) -> None:
    assert verdicts(content) == (("credentials", "passed"),)


@given(st.binary(max_size=300))
def test_any_bytes_are_read(content: bytes) -> None:
    assert isinstance(texts_of(content), str)


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=4))
def test_every_text_is_shown(value: dict[str, str]) -> None:
    shown = texts_of(msgspec.json.encode(value))
    assert all(text in shown for text in (*value, *value.values()))


def test_a_guard_that_nobody_knows_is_told() -> None:
    with pytest.raises(GuardUnknown):
        text_guards(["nobody"])
