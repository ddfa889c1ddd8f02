"""Every target can be drawn, and what is drawn makes sense."""

from __future__ import annotations

import random

import pytest

from proveout.demo._facts import PHYSICAL
from proveout.demo._reference import decide
from proveout.demo._scenarios import TARGETS, draw_facts


@pytest.mark.parametrize("target", TARGETS)
def test_drawn_facts_are_decided_by_their_target(target: str) -> None:
    rng = random.Random(target)
    for _ in range(20):
        facts = draw_facts(target, rng)
        assert decide(facts).rule == target
        assert facts.category in PHYSICAL or not facts.injury
        assert facts.days_since_order is None or (facts.days_since_delivery or 0) <= facts.days_since_order
