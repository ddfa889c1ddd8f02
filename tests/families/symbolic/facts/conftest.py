"""The facts of the demo's policy, and its patterns."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

import pytest
import yaml

from proveout.families.symbolic.facts import PatternReader
from proveout.families.symbolic.policy import Fact

DESK = files("proveout.demo") / "desk"


@pytest.fixture(scope="session")
def desk_facts() -> list[Fact]:
    """As ``policy.yaml`` has them."""
    found = []
    for raw in yaml.safe_load((DESK / "policy.yaml").read_bytes())["facts"]:
        low, high = raw.pop("range", (None, None))
        found.append(Fact(**{**raw, "low": low, "high": high, "values": tuple(raw.get("values", ()))}))
    return found


@pytest.fixture(scope="session")
def desk_reader(desk_facts: Sequence[Fact]) -> PatternReader:
    """The demo's pattern reader."""
    return PatternReader((DESK / "facts.yaml").read_bytes(), desk_facts)


@pytest.fixture(scope="session")
def shop_facts() -> list[Fact]:
    """A small policy's facts: one of each type that readers know."""
    return [
        Fact(name="opened", type="boolean"),
        Fact(name="member", type="enum", values=("none", "gold", "silver"), world="closed", default="none"),
        Fact(name="price", type="money", unit="USD", low=1, high=5000),
        Fact(name="days", type="duration", unit="day", low=0, high=365),
    ]
