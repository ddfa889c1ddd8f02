from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, event

from proveout.errors import Forbidden, Unauthenticated
from proveout.gateway import ANONYMOUS, Key
from proveout.gateway.keys import KeyRing, create_key, load_keys, revoke_key, rotate_key
from proveout.store import Workspace, open_store

GOOD = "pvo_aaaaaaaa_" + "A" * 43
MALFORMED = [
    b"a" * 1_000_000,
    b"\0" * 56,
    GOOD[:-1].encode() + b"\0",
    ("é" * 28).encode(),
    b"\xff" * 56,
    b"pvo_aaaaaaaa_' OR 1=1; DROP TABLE api_keys; --AAAAAAAAAAAA",
    b"pvo_aaaaaaaa_' OR '1'='1" + b" " * 32,
    GOOD.encode() + b" ",
    GOOD.upper().encode(),
    b"pvo_",
    b" ",
]


class Made:
    """A ring of one key in force, one that has expired and one that was revoked; and every statement ever run."""

    def __init__(self, statements: list[str], ring: KeyRing, secrets: dict[str, str]) -> None:
        self.statements, self.ring, self.secrets = statements, ring, secrets


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Made]:
    statements: list[str] = []

    def record(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(Engine, "before_cursor_execute", record)
    with open_store(Workspace(tmp_path)) as store:
        good = create_key(store, "good", clock=lambda: 100.0)[1]
        expired = create_key(store, "expired", expires=150.0, clock=lambda: 100.0)[1]
        revoked = create_key(store, "revoked", clock=lambda: 100.0)[1]
        revoke_key(store, "revoked", clock=lambda: 120.0)
        ring = KeyRing(load_keys(store, clock=lambda: 200.0))
        assert statements
        statements.clear()
        yield Made(statements, ring, {"good": good, "expired": expired, "revoked": revoked})
    event.remove(Engine, "before_cursor_execute", record)


def refusal(ring: KeyRing, secret: bytes, now: float = 200.0) -> Unauthenticated:
    with pytest.raises(Unauthenticated) as caught:
        ring.authenticate(secret, now)
    return caught.value


def test_a_secret_says_who_calls(made: Made) -> None:
    assert made.ring.authenticate(made.secrets["good"].encode(), 200.0).name == "good"
    assert made.ring.authenticate(made.secrets["expired"].encode(), 149.9).name == "expired"
    assert len(made.ring) == 3


def test_unknown_expired_and_revoked_are_told_in_the_same_words(made: Made) -> None:
    told = {str(refusal(made.ring, secret.encode())) for name, secret in made.secrets.items() if name != "good"}
    told.add(str(refusal(made.ring, GOOD.encode())))
    told |= {str(refusal(made.ring, secret)) for secret in MALFORMED}
    assert len(told) == 1
    assert refusal(made.ring, b"").why == "the request carries none"
    assert refusal(made.ring, GOOD.encode()).status == 401


def test_a_revoked_key_stays_refused_when_the_clock_is_set_back(made: Made) -> None:
    refusal(made.ring, made.secrets["revoked"].encode(), now=0.0)


def test_an_error_holds_no_secret(made: Made) -> None:
    for secret in made.secrets["expired"].encode(), made.secrets["revoked"].encode(), GOOD.encode():
        assert secret[13:].decode() not in str(refusal(made.ring, secret))


def test_no_request_reaches_the_database(made: Made) -> None:
    for secret in [*MALFORMED, b"", *(secret.encode() for secret in made.secrets.values())]:
        try:
            key = made.ring.authenticate(secret, 200.0)
        except Unauthenticated:
            continue
        made.ring.check_model(key, "' OR 1=1; --")
    assert made.statements == []


@given(st.binary(max_size=100))
def test_nothing_made_up_gets_in(secret: bytes) -> None:
    refusal(KeyRing([Key(id="a", name="a", digest=b"x" * 32)]), secret)


def test_both_secrets_of_a_rotated_key_are_the_same_key(tmp_path: Path) -> None:
    with open_store(Workspace(tmp_path)) as store:
        key, old = create_key(store, "app", clock=lambda: 100.0)
        _, new = rotate_key(store, key.id, 50.0, clock=lambda: 200.0)
        ring = KeyRing(load_keys(store, clock=lambda: 200.0))
    assert ring.authenticate(old.encode(), 249.9).id == ring.authenticate(new.encode(), 249.9).id == key.id
    refusal(ring, old.encode(), 250.0)
    assert ring.authenticate(new.encode(), 1e9).id == key.id


def allowed(models: tuple[str, ...], model: str) -> bool:
    key = Key(id="a", name="a", digest=b"", models=models)
    try:
        KeyRing([key]).check_model(key, model)
    except Forbidden:
        return False
    return True


pieces = st.text(alphabet="ab*.", max_size=8)


@given(pieces, st.text(alphabet="ab.", max_size=10))
def test_a_star_stands_for_any_characters(pattern: str, model: str) -> None:
    expected = re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), model) is not None
    assert allowed((pattern,), model) == expected


def test_models_that_a_key_may_use() -> None:
    models = ("gpt-4*", "refund")
    assert [allowed(models, model) for model in ("gpt-4o", "gpt-4", "refund")] == [True] * 3
    assert [allowed(models, model) for model in ("gpt-3", "refunds", "", "Refund")] == [False] * 4
    assert not allowed((), "anything")
    assert not allowed(("a*",), "a" * 257)


def test_a_star_over_and_over_takes_no_time() -> None:
    assert not allowed(("*a" * 60 + "*b",), "a" * 256)


def test_whoever_needs_no_key_may_use_every_model() -> None:
    KeyRing([]).check_model(ANONYMOUS, "anything")


def test_a_key_of_an_earlier_ring_is_checked_as_it_was() -> None:
    key = Key(id="a", name="a", digest=b"", models=("b",))
    KeyRing([]).check_model(key, "b")
    with pytest.raises(Forbidden) as caught:
        KeyRing([]).check_model(key, "c" * 1000)
    assert (caught.value.status, len(caught.value.about)) == (403, 256)
