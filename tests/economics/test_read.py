"""Bad scenarios: each error names the key, the value and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.economics import Triangular, load_scenario, parse_scenario, with_volume
from proveout.errors import EconomicsError, ScenarioInvalid, ScenarioNotFound

VOLUME = "[traffic]\nqueries_per_day = 100\n"


def refused(text: str) -> ScenarioInvalid:
    with pytest.raises(ScenarioInvalid) as caught:
        parse_scenario(text.encode())
    return caught.value


@pytest.mark.parametrize(
    ("text", "key", "hint"),
    [
        ("[trafic]\nqueries_per_day = 1", "trafic", "traffic"),
        (f"{VOLUME}horizn_days = 3", "traffic.horizn_days", "horizon_days"),
        (f"{VOLUME}[prices]\nusd_per_cpu_our = 1", "prices.usd_per_cpu_our", "usd_per_cpu_hour"),
        (f"{VOLUME}[architectures.llm]\ntoken_in = 1", "architectures.token_in", "tokens_in"),
        (f"{VOLUME}[[tiers]]\nname='a'\nshar = 1", "tiers.shar", "share"),
        (f"{VOLUME}[[criteria]]\nname='a'\nweight=1\nscores.x={{scor=1}}", "criteria.scores.scor", "score"),
    ],
)
def test_an_unknown_key_is_answered_with_the_nearest(text: str, key: str, hint: str) -> None:
    error = refused(text)
    assert key.rpartition(".")[2] in error.what
    assert f"did you mean {hint!r}" in error.fix


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[traffic]\nqueries_per_day = 0", "nothing to save"),
        ("[traffic]\nqueries_per_day = -5", "-5"),
        ("[traffic]\nqueries_per_day = 1e12", "1e+12"),
        ("[traffic]\nqueries_per_day = nan", "nan"),
        (f"{VOLUME}growth_per_30_days = 3.0", "3"),
        (f"{VOLUME}horizon_days = 0", "horizon_days"),
        (f"{VOLUME}audit_share = 1.5", "1.5"),
        (f"{VOLUME}growth_per_30_days = {{ dist = 'normal', mean = 0, sd = 0.4 }}", "lie outside"),
        ("[traffic]\nqueries_per_day = { dist = 'normal', mean = 5, sd = 10 }", "of its draws"),
        ("[traffic]\nqueries_per_day = { dist = 'uniform', low = 5, high = 1 }", "low is above high"),
        ("[traffic]\nqueries_per_day = { dist = 'gaussian', mean = 5 }", "gaussian"),
        ("[traffic]\nqueries_per_day = { dist = 'normal', mean = 5, sd = 0 }", "sd"),
        ("[traffic]\nqueries_per_day = 'many'", "many"),
        ("[prices]\nusd_per_error = 1", "traffic"),
        (f"{VOLUME}[prices]\nusd_per_label = -1", "-1"),
        (f"{VOLUME}[architectures.x]\nerror_rate = 1.2", "1.2"),
        (f"{VOLUME}[[tiers]]\nname = 'a'\nshare = 0.4", "add up to 0.4"),
        (f"{VOLUME}[[tiers]]\nname='a'\nshare=0.5\n[[tiers]]\nname='a'\nshare=0.5", "twice"),
        (f"{VOLUME}[[criteria]]\nname='x'\nweight=1", "neither scores nor measured"),
        (f"{VOLUME}[[models]]\nmodel='m'\nusd_per_million_in=-1\nusd_per_million_out=1", "-1"),
        (f"{VOLUME}[gates]\nresidency = 'mars'", "mars"),
        ("[traffic", "not a TOML file"),
    ],
)
def test_a_wrong_value_is_named(text: str, words: str) -> None:
    error = refused(text)
    assert words in str(error)
    assert error.fix
    assert error.exit_code == 3


def test_a_fixed_set_of_values_is_listed() -> None:
    assert refused(f"{VOLUME}[gates]\nresidency = 'mars'").fix == "set it to one of 'any', 'own'"


@given(st.binary(max_size=60))
def test_no_bytes_raise_anything_else(content: bytes) -> None:
    try:
        parse_scenario(content)
    except EconomicsError as error:
        assert error.why


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ScenarioNotFound) as caught:
        load_scenario(tmp_path / "scenario.toml")
    assert "--queries-per-day" in caught.value.fix


def test_a_scenario_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text("[traffic]\nqueries_per_day = { dist = 'triangular', low = 1, mode = 2, high = 3 }\n")
    found = load_scenario(path)
    assert found.traffic.queries_per_day == Triangular(low=1.0, mode=2.0, high=3.0)
    assert with_volume(found, 50.0).traffic.queries_per_day == 50.0
    with pytest.raises(ScenarioInvalid):
        with_volume(found, -1.0)
