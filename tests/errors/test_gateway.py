"""Errors of the gateway: each that a client sees has the status, type and code of the OpenAI API."""

from __future__ import annotations

import inspect
from http import HTTPStatus
from typing import Any

import pytest

from proveout import errors
from proveout.errors import GatewayError, Refused, UpstreamFailed, UpstreamTimedOut

WORDS: dict[str, Any] = {"what": "not done", "why": "it is late", "fix": "try again", "about": "model"}
REFUSED = [
    kind
    for kind in vars(errors).values()
    if inspect.isclass(kind) and issubclass(kind, Refused) and kind is not Refused
]


def test_settings_and_commands_fail_with_errors_that_no_client_sees() -> None:
    for kind in (errors.SettingsInvalid, errors.KeyNotFound, errors.GuardUnknown):
        assert issubclass(kind, GatewayError)
        assert not issubclass(kind, Refused)


@pytest.mark.parametrize("kind", REFUSED, ids=lambda kind: kind.__name__)
def test_every_refusal_has_a_status_a_type_and_a_code(kind: type[Refused]) -> None:
    assert HTTPStatus(kind.status) >= HTTPStatus.BAD_REQUEST
    assert kind.type
    assert kind.type == "server_error" or kind.status < 500
    assert kind.error_code or kind.status in {400, 405}
    assert kind.exit_code == 3


def test_codes_tell_refusals_apart() -> None:
    codes = [kind.error_code for kind in REFUSED if kind.error_code]
    assert len(codes) == len(set(codes))


def test_a_refusal_carries_what_the_answer_needs() -> None:
    plain = Refused(**WORDS)
    assert (plain.param, plain.retry_after, plain.headers) == ("", None, ())
    full = Refused(**WORDS, param="model", retry_after=1.5, headers=((b"allow", b"GET"),))
    assert (full.param, full.retry_after, full.headers) == ("model", 1.5, ((b"allow", b"GET"),))


def test_a_failed_call_is_taken_for_a_billed_one_unless_it_is_known_that_nothing_was_sent() -> None:
    assert UpstreamFailed(**WORDS).sent
    assert UpstreamTimedOut(**WORDS, retry_after=2.0).retry_after == 2.0
    assert not UpstreamTimedOut(**WORDS, sent=False).sent
