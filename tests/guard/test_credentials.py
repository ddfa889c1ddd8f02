from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.guard import CredentialsGuard, guards

GUARD = CredentialsGuard()
HELD = {
    "a private key": "x -----BEGIN RSA PRIVATE KEY----- y",
    "a key of this gateway": "pvo_ab12cd34_" + "x" * 43,
    "an AWS access key": "id=AKIAABCDEFGHIJKLMNOP.",
    "a GitHub token": "ghp_" + "a1" * 18,
    "a Google API key": "AIza" + "b" * 35,
    "a Slack token": "xoxb-123456789012-abc",
    "an API key of a model provider": "sk-proj-" + "A1_-" * 10,
}


@pytest.mark.parametrize(("name", "text"), HELD.items())
def test_each_format_is_refused_and_named_but_never_repeated(name: str, text: str) -> None:
    verdict = GUARD.check(text)
    assert verdict.allowed is False
    assert verdict.reason == f"holds {name}"
    assert text not in verdict.reason


@pytest.mark.parametrize("text", ["", "sk-short", "task-" + "a" * 40, "AKIA in prose", "pvo_", "BEGIN PRIVATE KEY"])
def test_ordinary_text_passes(text: str) -> None:
    assert GUARD.check(text).allowed


@given(st.text(alphabet=" abcdefghijklmnopqrstuvwxyzé\n.,?0123456789", max_size=300))
def test_prose_passes(text: str) -> None:
    assert GUARD.check(text).allowed


def test_it_is_registered() -> None:
    assert guards.create("credentials").name == "credentials"
