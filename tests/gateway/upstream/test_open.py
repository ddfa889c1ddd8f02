from __future__ import annotations

import subprocess
import sys

import pytest

from proveout.errors import SettingsInvalid
from proveout.gateway.upstream import HttpxClient, LeanClient, Timeouts, open_client


@pytest.mark.parametrize(("kind", "made"), [("lean", LeanClient), ("httpx", HttpxClient)])
def test_a_client_is_opened_by_its_name(kind: str, made: type[object]) -> None:
    assert isinstance(open_client(kind, "https://api.example.com/v1", Timeouts(), 4), made)


@pytest.mark.parametrize("kind", ["lean", "httpx"])
def test_a_bad_base_url_is_refused_by_both(kind: str) -> None:
    with pytest.raises(SettingsInvalid):
        open_client(kind, "https://user:secret@api.example.com/v1", Timeouts(), 4)


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    with pytest.raises(SettingsInvalid, match="httpx, lean"):
        open_client("curl", "https://api.example.com/v1", Timeouts(), 4)


def test_the_lean_client_brings_no_httpx() -> None:
    code = (
        "import sys; from proveout.gateway.upstream import Timeouts, open_client\n"
        "open_client('lean', 'https://api.example.com/v1', Timeouts(), 4)\n"
        "print([name for name in ('httpx', 'httpcore', 'numpy', 'anyio') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
