"""Who may see figures and status."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from proveout.errors import SettingsInvalid, Unauthenticated, UpstreamFailed
from proveout.gateway.server._access import Access, credential_of

PLACE = "https://id.internal.example"


class Down:
    """A gate whose provider cannot be asked."""

    def __init__(self, error: type[Any]) -> None:
        self.error = error

    def authenticate(self, _token: bytes) -> None:
        raise self.error("no answer", why=f"{PLACE} is down", fix="start it", about=PLACE)


def test_where_no_key_is_asked_for_all_may_read_and_nobody_may_administer() -> None:
    access = Access()
    asyncio.run(access.check_reader(b""))
    assert not access.has_admins
    with pytest.raises(Unauthenticated):
        asyncio.run(access.check_admin(b"x"))


@pytest.mark.parametrize("error", [UpstreamFailed, SettingsInvalid])
def test_an_unknown_caller_is_not_told_where_the_identity_provider_is(error: type[Any]) -> None:
    said: list[str] = []
    access = Access(None, Down(error), notice=said.append)  # type: ignore[arg-type]
    with pytest.raises(UpstreamFailed, match="cannot be asked") as caught:
        asyncio.run(access.check_admin(b"token"))
    assert PLACE not in str(caught.value)
    assert PLACE in said[0]


@pytest.mark.parametrize(
    ("headers", "credential"),
    [
        ([], b""),
        ([(b"authorization", b"Bearer  abc ")], b"abc"),
        ([(b"authorization", b"bEARER abc")], b"abc"),
        ([(b"authorization", b"Basic abc")], b""),
        ([(b"authorization", b"Bearer a"), (b"authorization", b"Bearer b")], b"b"),
        ([(b"x-api-key", b"abc")], b""),
    ],
)
def test_the_last_bearer_counts(headers: list[tuple[bytes, bytes]], credential: bytes) -> None:
    assert credential_of(headers) == credential
