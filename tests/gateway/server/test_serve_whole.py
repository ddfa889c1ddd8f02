"""`proveout serve` as a user starts it, in front of a provider: the whole gateway over sockets."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from proveout.gateway import RequestServed
from proveout.ledger import LedgerReader, verify_ledger
from proveout.store import Workspace

from .conftest import ANSWER, until

Serve = Callable[..., Any]


def test_a_model_is_passed_through_recorded_and_asks_for_a_key_once_there_is_one(serve: Serve, provider: str) -> None:
    gateway = serve("--upstream", provider)
    assert gateway.serving["models"] == ["*"]
    assert gateway.chat() == (200, ANSWER)
    assert gateway.memory_mb() <= 120
    made = gateway.key("create", "--name", "first", "--json")
    secret = json.loads(made)["secret"]
    until(lambda: gateway.chat()[0] == 401, "no key is asked for")
    assert gateway.chat(secret)[0] == 200
    gateway.key("revoke", "first")
    until(lambda: gateway.chat(secret)[0] == 401, "the key is still taken")
    assert gateway.end() == 0
    workspace = Workspace(gateway.home)
    verify_ledger(workspace)
    with LedgerReader.open(workspace) as reader:
        kinds = Counter(entry.kind for entry in reader.entries())
    assert kinds[RequestServed.kind] >= 2
    assert kinds["key.created"] == kinds["key.revoked"] == 1


def test_workers_share_a_limit(serve: Serve, provider: str, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    limits = "[tiers.standard.limits]\nrequests_per_minute = 600\nburst_seconds = 2\n"
    (tmp_path / "home" / "gateway.toml").write_text(limits)
    gateway = serve("--upstream", provider, "--workers", "2")
    begun = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        statuses = Counter(status for status, _ in pool.map(lambda _number: gateway.chat(), range(80)))
    allowed = 600 / 60 * (2 + time.monotonic() - begun)
    assert set(statuses) == {200, 429}
    assert 19 <= statuses[200] <= allowed + 1
    assert gateway.end() == 0
