"""What an administrator is told."""

from __future__ import annotations

import msgspec

from proveout.gateway import Configuration, Key, Limits, Settings, Tier
from proveout.gateway.limits import Spent
from proveout.gateway.server._status import WorkerStatus, supervisor_status

DIGEST = b"\x07digest of a secret\x07"


def test_keys_are_told_without_what_could_be_tried_against_them() -> None:
    tiers = {"free": Tier(limits=Limits(usd_per_day=1.0))}
    keys = (
        Key(id="one", name="app", digest=DIGEST, tier="free"),
        Key(id="two", name="job", digest=DIGEST, limits=Limits(burst_seconds=5.0), expires=9.0),
    )
    configuration = Configuration(home="/home", settings=Settings(tiers=tiers), keys=keys)
    workers = [WorkerStatus(number=0, process=7, configuration=configuration.digest)]
    spent = {key.id: Spent(0.25, 0.5) for key in keys}
    told = msgspec.json.encode(supervisor_status(configuration, workers, 3, spent))
    found = msgspec.json.decode(told)
    assert (found["configuration"], found["restarts"]) == (configuration.digest, 3)
    assert found["workers"] == [{"number": 0, "process": 7, "configuration": configuration.digest}]
    one, two = found["keys"]
    assert one["limits"]["usd_per_day"] == 1.0
    assert one["usd_spent"] == {"day": 0.25, "month": 0.5}
    # Nothing is counted for a key that is under no limit.
    assert (two["expires"], two["usd_spent"]) == (9.0, None)
    assert "digest" not in one
    assert b"secret" not in told
