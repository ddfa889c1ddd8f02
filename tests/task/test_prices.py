from __future__ import annotations

import sys
from datetime import date
from typing import Any

import pytest

from proveout.task import Incumbent, prices_of

OPENAI = "https://api.openai.com/v1"


def incumbent(**fields: Any) -> Incumbent:
    return Incumbent(mode="endpoint", **({"base_url": OPENAI, "model": "gpt-4o-mini"} | fields))


def test_the_list_knows_a_model_and_its_version_is_stated() -> None:
    version = pytest.importorskip("genai_prices").__version__
    found = prices_of(incumbent())
    assert (found.usd_per_million_in, found.usd_per_million_out) == (0.15, 0.6)
    assert found.parameter()["source"] == f"genai-prices {version}, openai/gpt-4o-mini"
    assert found.usd(1000, 100) == pytest.approx(0.00021)


def test_the_task_overrides_the_list() -> None:
    assert prices_of(incumbent(usd_per_million_in=0.0, usd_per_million_out=0.0)).parameter()["source"] == "task.toml"
    pytest.importorskip("genai_prices")
    found = prices_of(incumbent(usd_per_million_in=9.0))
    assert (found.usd_per_million_in, found.usd_per_million_out) == (9.0, 0.6)
    assert found.source.startswith("task.toml and genai-prices")


@pytest.mark.parametrize("fields", [{"model": "no-such-model"}, {"base_url": "http://127.0.0.1:9/v1"}])
def test_an_unknown_price_is_stated(fields: dict[str, str]) -> None:
    pytest.importorskip("genai_prices")
    stated = prices_of(incumbent(**fields)).parameter()
    assert stated["value"].startswith("price unknown")
    assert "usd_per_million_in" in stated["warning"]


def test_a_missing_list_is_stated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    found = prices_of(incumbent(usd_per_million_in=1.0))
    assert 'pip install "proveout[prices]"' in found.unknown
    assert found.usd(10**6, 10**6) == 0


def test_a_price_that_changed_is_that_of_the_day_asked_for() -> None:
    version = pytest.importorskip("genai_prices").__version__
    before, after = (prices_of(incumbent(model="o3"), on=date(2025, month, 1)) for month in (5, 12))
    assert (before.usd_per_million_in, after.usd_per_million_in) == (10.0, 2.0)
    assert before.source == f"genai-prices {version}, openai/o3, on 2025-05-01"


def test_a_model_is_found_without_its_endpoint() -> None:
    pytest.importorskip("genai_prices")
    assert prices_of(incumbent(base_url="")).usd_per_million_in == 0.15
