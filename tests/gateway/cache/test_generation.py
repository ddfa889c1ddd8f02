"""A change of what an answer stood on puts it out of reach."""

from __future__ import annotations

import msgspec
import pytest

from proveout.gateway._settings import Provider
from proveout.gateway.cache import KeyMaker, provider_generation, task_generation

BASE = Provider(base_url="http://localhost:8000/v1")


def test_each_part_of_a_task_counts() -> None:
    made = {
        task_generation("t", "c", "x", [("a", "1")]),
        task_generation("u", "c", "x", [("a", "1")]),
        task_generation("t", "d", "x", [("a", "1")]),
        task_generation("t", "c", "y", [("a", "1")]),
        task_generation("t", "c", "x", [("a", "2")]),
        task_generation("t", "c", "x", [("a", "1"), ("b", "1")]),
        task_generation("t", "c", "x"),
    }
    assert len(made) == 7


@pytest.mark.parametrize(
    "change", [{"kind": "anthropic"}, {"headers": {"x": "y"}}, {"fallback_model": "n"}, {"api_key_env": "OTHER"}]
)
def test_each_setting_of_a_provider_counts(change: dict[str, object]) -> None:
    assert provider_generation("p", BASE) != provider_generation("p", msgspec.structs.replace(BASE, **change))
    assert provider_generation("p", BASE) != provider_generation("p", BASE, [("q", BASE)])


def test_a_key_made_before_a_change_is_out_of_reach() -> None:
    before, after = task_generation("t", "c"), task_generation("t", "d")
    assert KeyMaker.task("k", "desk", before, b"{}") != KeyMaker.task("k", "desk", after, b"{}")
