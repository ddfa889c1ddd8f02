from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proveout.gateway.keys import KeyRing, load_keys, write_audits
from proveout.ledger import Ledger, LedgerReader
from proveout.store import Workspace, open_store

Run = Callable[..., Any]
HOME = Workspace(Path("proveout-gateway"))


def told() -> list[tuple[str, str]]:
    with LedgerReader.open(HOME) as reader:
        return [(entry.kind, entry.body().key) for entry in reader.entries()]  # type: ignore[attr-defined]


def ring() -> KeyRing:
    with open_store(HOME) as store:
        return KeyRing(load_keys(store))


def test_a_key_is_made_shown_once_and_works(proveout: Run) -> None:
    made = proveout("key", "create", "--name", "app", "--model", "gpt-*", "--model", "refund", "--expires", "90d")
    assert made.code == 0, made.err
    secret = re.search(r"pvo_[a-z2-7]{8}_[\w-]{43}", made.out)
    assert secret is not None
    assert made.out.count(secret[0]) == 1
    assert 'OpenAI(base_url="http://127.0.0.1:8080/v1"' in made.out
    key = ring().authenticate(secret[0].encode(), now=0.0)
    assert (key.name, key.models, key.limits) == ("app", ("gpt-*", "refund"), None)
    assert key.expires is not None
    assert key.expires - key.created == pytest.approx(90 * 86_400, abs=5)
    assert told() == [("key.created", key.id)]
    assert secret[0].encode() not in b"".join(p.read_bytes() for p in Path().rglob("*") if p.is_file())


def test_limits_and_tier_are_taken(proveout: Run) -> None:
    options = ["--requests-per-minute", 60, "--tokens-per-minute", 1000, "--usd-per-day", 1.5, "--usd-per-month", 20]
    made = proveout("key", "create", "--name", "app", "--tier", "paid", *options, "--json").json
    key = ring().authenticate(made["secret"].encode(), now=0.0)
    assert key.limits is not None
    assert (key.tier, key.limits.requests_per_minute, key.limits.usd_per_day) == ("paid", 60, 1.5)
    assert made["limits"] == {
        "requests_per_minute": 60,
        "tokens_per_minute": 1000,
        "usd_per_day": 1.5,
        "usd_per_month": 20,
    }


def test_a_list_shows_no_secret(proveout: Run) -> None:
    assert "No keys in force" in proveout("key", "list").out
    secret = proveout("key", "create", "--name", "app [x]", "--json").json["secret"]
    gone = proveout("key", "create", "--name", "gone", "--json").json["id"]
    proveout("key", "revoke", gone)
    shown = proveout("key", "list")
    assert "app [x]" in shown.out
    assert gone not in shown.out
    assert secret not in shown.out
    found = proveout("key", "list", "--all", "--json").json
    assert [(key["name"], key["state"]) for key in found] == [("app [x]", "in force"), ("gone", "revoked")]
    assert not {"secret", "digest"} & set(found[0])


def test_a_rotated_key_keeps_its_id_and_both_secrets_work_for_a_while(proveout: Run) -> None:
    old = proveout("key", "create", "--name", "app", "--json").json
    new = proveout("key", "rotate", "app", "--overlap", "1h", "--json").json
    assert new["id"] == old["id"]
    keys = ring()
    assert keys.authenticate(old["secret"].encode(), now=0.0).id == old["id"]
    assert keys.authenticate(new["secret"].encode(), now=0.0).id == old["id"]
    assert len(proveout("key", "list", "--json").json) == 2
    proveout("key", "revoke", old["id"])
    assert proveout("key", "list", "--json").json == []
    assert told() == [(kind, old["id"]) for kind in ("key.created", "key.rotated", "key.revoked")]


def test_while_a_gateway_holds_the_ledger_the_entry_waits_for_it(proveout: Run) -> None:
    with Ledger.open(HOME) as ledger, open_store(HOME) as store:
        made = proveout("key", "create", "--name", "app", "--json")
        assert made.code == 0, made.err
        assert told() == []
        assert write_audits(store, ledger) == 1
        assert told() == [("key.created", made.json["id"])]
        proveout("key", "revoke", "app")
    proveout("key", "create", "--name", "other")  # a later command writes what the gateway did not come to
    assert [kind for kind, _ in told()] == ["key.created", "key.revoked", "key.created"]


@pytest.mark.parametrize("given", ["90", "d", "-1d", "1y", "9999999d", "1.5h", "٣d"])
def test_a_time_that_is_none_is_wrong_usage(proveout: Run, given: str) -> None:
    ran = proveout("key", "create", "--name", "app", f"--expires={given}")
    assert ran.code == 2
    assert "is no time such as" in ran.err


def test_a_key_that_is_not_there_is_told(proveout: Run) -> None:
    ran = proveout("key", "revoke", "nobody")
    assert ran.code == 3
    assert "proveout key list" in ran.err
    assert proveout("key", "create").code == 2
