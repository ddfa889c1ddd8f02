"""A message says what its facts say."""

from __future__ import annotations

import random
from datetime import date
from importlib.resources import files
from typing import Any, get_args

import msgspec
import pytest

from proveout.demo._facts import PHYSICAL, Category, Facts, Reason
from proveout.demo._messages import write_message

PHRASES: dict[str, Any] = msgspec.json.decode(files("proveout.demo").joinpath("desk/phrases.json").read_bytes())


def messages(facts: Facts, count: int = 40) -> list[str]:
    rng = random.Random(3)
    today = date(2025, 3, 20)
    return [write_message(facts, today=today, channel="email", phrases=PHRASES, rng=rng) for _ in range(count)]


@pytest.mark.parametrize("reason", [*get_args(Reason), None])
@pytest.mark.parametrize("category", [*get_args(Category), None])
def test_every_reason_and_item_can_be_written(reason: Reason | None, category: Category | None) -> None:
    texts = messages(Facts(reason=reason, category=category))
    assert not any("{" in text or "None" in text for text in texts)
    assert len(set(texts)) > 30


@pytest.mark.parametrize("category", [*PHYSICAL, None])
@pytest.mark.parametrize("opened", [True, False])
def test_every_condition_can_be_written(category: Category | None, opened: bool) -> None:  # noqa: FBT001  a parameter
    assert all(messages(Facts(reason="changed_mind", category=category, opened=opened), 5))


def test_stated_facts_are_told_and_unstated_ones_are_not() -> None:
    facts = Facts(reason="changed_mind", category="home", days_since_delivery=0)
    assert all(" 0 days" not in text and "zero" not in text for text in messages(facts))
    # A slip of the finger may hit one word of a phrase, never both.
    told = messages(Facts(reason="shipping_fee", category="home", shipping="express", days_late=3))
    assert all("3 days" in text.lower() or "three days" in text.lower() for text in told if "days" in text)
    silent = messages(Facts(reason="shipping_fee", category="home"))
    assert not any("express" in text.lower() for text in silent)


def test_no_phrase_stands_in_the_bank_twice() -> None:
    def lists(node: Any) -> list[list[str]]:
        if isinstance(node, dict):
            return [found for child in node.values() for found in lists(child)]
        return [node] if isinstance(node, list) else []

    for phrases in lists(PHRASES):
        told = [phrase for phrase in phrases if phrase]
        assert len(told) == len(set(told)), told
