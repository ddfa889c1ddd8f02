from __future__ import annotations

import json
from pathlib import Path

import pytest

from proveout import errors
from proveout.errors import Overloaded, RateLimited, Refused, Unauthenticated
from proveout.gateway.api import error_body, error_event, error_headers, error_reply

REFUSALS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, Refused) and kind is not Refused
]


@pytest.mark.parametrize("kind", REFUSALS)
def test_every_refusal_has_the_parts_of_an_error_of_the_api(kind: type[Refused]) -> None:
    reply = error_reply(kind("what", why="why", fix="fix", about="about", param="p"))
    error = json.loads(reply.body)["error"]
    assert reply.status == kind.status
    assert error == {
        "message": "what: why. Next: fix. (about)",
        "type": kind.type,
        "param": "p",
        "code": kind.error_code or None,
    }
    assert dict(reply.headers)[b"content-type"] == b"application/json"
    page = Path(__file__).resolve().parents[3] / "docs" / "reference" / "gateway-api.md"
    assert f"| {kind.status} | `{kind.__name__}` |" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("after", "seconds", "milliseconds"), [(0.0, b"0", b"0"), (0.2, b"1", b"200"), (61.0, b"61", b"61000")]
)
def test_when_to_try_again_is_whole_seconds_and_never_too_early(
    after: float, seconds: bytes, milliseconds: bytes
) -> None:
    headers = dict(error_headers(RateLimited("w", why="w", fix="f", about="a", retry_after=after)))
    assert (headers[b"retry-after"], headers[b"retry-after-ms"]) == (seconds, milliseconds)
    assert b"retry-after" not in dict(error_headers(Overloaded("w", why="w", fix="f", about="a")))


def test_headers_of_the_error_go_with_it_and_401_challenges() -> None:
    error = Unauthenticated("w", why="w", fix="f", about="a", headers=((b"x-ratelimit-limit-requests", b"1"),))
    assert dict(error_headers(error))[b"www-authenticate"] == b"Bearer"
    assert dict(error_headers(error))[b"x-ratelimit-limit-requests"] == b"1"


def test_a_stream_ends_with_one_event_of_its_own_kind() -> None:
    error = Overloaded("line\nbreak", why="w", fix="f", about="a")
    for event in (error_event(error), error_event(error, typed=True, number=3)):
        assert event.count(b"\n\n") == 1
        assert event.endswith(b"\n\n")
    typed = json.loads(error_event(error, typed=True, number=3).split(b"data: ")[1])
    assert (typed["type"], typed["sequence_number"], typed["code"]) == ("error", 3, "overloaded")
    assert error_body(error) in error_event(error)
