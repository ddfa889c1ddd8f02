from __future__ import annotations

import secrets

import pytest

from proveout.gateway.keys import id_of
from proveout.gateway.keys._secret import SECRET_LENGTH, digest_of, new_id, new_secret


def test_a_secret_names_its_key_and_has_256_random_bits() -> None:
    asked: list[int] = []

    def token(size: int) -> bytes:
        asked.append(size)
        return bytes(range(size))

    key_id = new_id(token)
    secret = new_secret(key_id, token)
    assert asked == [5, 32]
    assert secret == f"pvo_{key_id}_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
    assert id_of(secret.encode()) == key_id


def test_secrets_differ_and_have_one_length() -> None:
    made = {new_secret(new_id(secrets.token_bytes), secrets.token_bytes) for _ in range(200)}
    assert len(made) == 200
    assert {len(secret) for secret in made} == {SECRET_LENGTH}
    assert all(id_of(secret.encode()) for secret in made)


@pytest.mark.parametrize(
    "given",
    [b"", b"sk-1", b"pvo_aaaaaaaa_" + b"A" * 42, b"pvo_AAAAAAAA_" + b"A" * 43, b"pvo_aaaaaaaa_" + b"A" * 43 + b"\n"],
)
def test_what_is_no_secret_names_no_key(given: bytes) -> None:
    assert id_of(given) == ""


def test_digests_are_of_256_bits() -> None:
    assert len(digest_of(b"a")) == 32
    assert digest_of(b"a") != digest_of(b"b")
