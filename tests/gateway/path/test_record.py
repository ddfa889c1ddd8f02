from __future__ import annotations

import json
import sys
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import RequestInvalid
from proveout.gateway import Key, RequestServed
from proveout.gateway._exchange import Exchange, Outcome
from proveout.gateway.api import read_chat
from proveout.gateway.path._record import LONGEST_MODEL, MOST_KEPT_BYTES, record_of
from proveout.gateway.record import Ring
from proveout.ledger import Ledger, LedgerReader
from proveout.store import Workspace

ROOM = 1 << 20


def exchange(body: bytes = b'{"model":"m"}', **outcome: Any) -> Exchange:
    try:
        wanted = read_chat(body)
    except RequestInvalid:
        return Exchange(id="r1", operation="chat", body=body, outcome=Outcome(**outcome))
    return Exchange(id="r1", operation="chat", body=body, wanted=wanted, outcome=Outcome(**outcome))


def record(made: Exchange, *, kept: bool = True, most_bytes: int = ROOM, status: int = 200) -> RequestServed:
    encoded = record_of(made, status, kept=kept, most_bytes=most_bytes, clock=made.started + 0.5)
    return msgspec.json.decode(encoded, type=RequestServed)


def test_content_is_kept_as_it_came_or_as_fingerprints() -> None:
    made = exchange(b'{"model": "m", "top_p": 1.0}', answer=b'{"a":1}')
    kept, hashed = record(made), record(made, kept=False)
    assert (kept.input, kept.answer, kept.answer_hash) == ({"model": "m", "top_p": 1.0}, '{"a":1}', "")
    assert (hashed.input, hashed.answer, len(hashed.answer_hash)) == (None, "", 32)
    assert kept.input_hash == hashed.input_hash
    assert kept.microseconds == 500_000


def test_a_client_that_is_gone_has_a_status_of_its_own() -> None:
    assert record(exchange(cancelled=True)).status == 499


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[1]", b'{"model":3}'])
def test_what_is_no_request_is_kept_as_a_fingerprint(body: bytes) -> None:
    found = record(exchange(body))
    assert (found.input, found.model, bool(found.input_hash)) == (None, "", bool(body))


def test_large_content_is_kept_as_a_fingerprint() -> None:
    found = record(exchange(answer=b"x" * MOST_KEPT_BYTES))
    assert (found.input, found.answer, len(found.answer_hash)) == (None, "", 32)


@given(
    st.binary(max_size=3000) | st.text('\x00\x1f"\\\u2028x', max_size=3000).map(str.encode),
    st.text(max_size=2000),
    st.integers(1500, 6000),
)
def test_a_record_fits_where_it_is_put_whatever_is_in_it(answer: bytes, model: str, most_bytes: int) -> None:
    """A byte of an answer takes six in JSON where it is a control character, and three where it is no UTF-8."""
    body = msgspec.json.encode({"model": model or "m"})
    made = exchange(body, answer=answer, model=model, verdicts=(("g", "x" * 3000),), documents=(("d", "v" * 3000),))
    encoded = record_of(made, 200, kept=True, most_bytes=most_bytes, clock=0.0)
    assert len(encoded) <= max(most_bytes, 600 + 12 * LONGEST_MODEL)
    found = msgspec.json.decode(encoded, type=RequestServed)
    assert found.model == (model or "m")[:LONGEST_MODEL]
    assert bool(found.answer) != bool(found.answer_hash) or not answer


def test_a_record_as_large_as_may_be_goes_into_the_smallest_ring(tmp_path: Any) -> None:
    with Ring.create(tmp_path / "w.ring", 64 * 1024) as ring:
        made = exchange(b'{"model":"m","x":"' + b"x" * 30_000 + b'"}', answer=b"\x01" * 30_000)
        assert ring.put(record_of(made, 200, kept=True, most_bytes=ring.most_bytes // 8, clock=0.0)) < 2048


@pytest.mark.parametrize(
    "value", [b"1e999", b"-1E400", b"1" * 5000, b"[" * 900 + b"]" * 900, b'{"a":' * 700 + b"1" + b"}" * 700]
)
def test_what_no_reader_of_the_ledger_can_hold_is_kept_as_a_fingerprint(value: bytes, tmp_path: Any) -> None:
    """It is valid JSON and goes on to the provider; in a record it would break whoever reads all of them."""
    made = exchange(b'{"model":"m","x":' + value + b"}")
    assert made.wanted.model == "m"
    encoded = record_of(made, 200, kept=True, most_bytes=ROOM, clock=0.0)
    workspace = Workspace(tmp_path)
    with Ledger.open(workspace) as ledger:
        ledger.append_encoded(RequestServed, [encoded])

    def under(calls: int) -> Any:
        if calls:
            return under(calls - 1)
        with LedgerReader.open(workspace) as reader:
            return [entry.body() for entry in reader.entries(RequestServed.kind)]

    (found,) = under(min(300, sys.getrecursionlimit() // 3))
    assert found.input is None
    assert found.input_hash


@given(st.recursive(st.none() | st.integers() | st.floats(allow_nan=False) | st.text(), st.lists, max_leaves=500))
def test_what_can_be_read_is_kept(value: Any) -> None:
    body = json.dumps({"model": "m", "x": value}, ensure_ascii=False).encode("utf-8", "surrogatepass")
    made = exchange(body)
    if made.wanted.model:
        assert record(made).input == json.loads(body)


def test_a_record_holds_nothing_that_its_configuration_says(gate: Any) -> None:
    """Without its content it has few bytes, and none of them is of the settings."""
    key = Key(id="aaaaaaaa", name="a long name of a team", digest=b"x" * 32, models=("m*",) * 20)
    made = exchange(
        route="provider:main", model="gpt-5-mini-2025-08-07", usd=0.00123, stages={"upstream": 812, "answer": 900}
    )
    made.key = key
    made.client_id, made.traceparent = "c" * 32, "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
    encoded = record_of(made, 200, kept=False, most_bytes=ROOM, clock=0.0)
    assert len(encoded) < 600
    assert b"long name" not in encoded
