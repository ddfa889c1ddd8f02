"""Reading a scenario strictly: every error names file, key, value and the nearest valid key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from proveout._tables import read_tables, table_keys
from proveout.economics._bounds import ARCHITECTURE, SHARED, Bounds
from proveout.economics._scenario import Scenario
from proveout.errors import ScenarioInvalid, ScenarioNotFound

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from proveout.economics._distributions import Quantity

__all__ = ["SCENARIO_FILE", "check_scenario", "load_scenario", "parse_scenario", "scenario_keys", "with_volume"]

SCENARIO_FILE = "scenario.toml"
SHARES_TOLERANCE = 1e-9
# A distribution may spill over a bound this far; its draws are then held at the bound.
SPILL = 0.01


def load_scenario(path: Path) -> Scenario:
    """Read and validate a scenario.

    Raises:
        ScenarioNotFound: there is no such file.
        ScenarioInvalid: it is not TOML, has an unknown key or a wrong value, or contradicts itself.
    """
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        fix = "write one, with [traffic] and queries_per_day in it, or name the volume with --queries-per-day"
        raise ScenarioNotFound("no scenario here", why="there is no such file", fix=fix, about=str(path)) from error
    except OSError as error:
        raise ScenarioInvalid(
            "cannot read it", why=str(error), fix="make the file readable", about=str(path)
        ) from error
    return parse_scenario(content, where=str(path))


def parse_scenario(content: bytes, *, where: str = SCENARIO_FILE) -> Scenario:
    r"""Validate the bytes of a scenario; ``where`` names them in errors.

    Raises:
        ScenarioInvalid: as `load_scenario`.

    Example:
        >>> parse_scenario(b"[traffic]\nqueries_per_day = 100\nhorizon = 30")
        Traceback (most recent call last):
        proveout.errors.ScenarioInvalid: ... unknown key 'traffic.horizon': ... did you mean 'horizon_days'? ...
    """
    scenario = read_tables(content, Scenario, file=SCENARIO_FILE, where=where, wrong=ScenarioInvalid)
    return check_scenario(scenario, where=where)


def scenario_keys() -> list[str]:
    """Every key a scenario may hold, dotted; array tables carry ``[]``, and tables by name ``NAME``.

    Example:
        >>> "architectures.NAME.tokens_in" in scenario_keys()
        True
    """
    return table_keys(Scenario)


def with_volume(scenario: Scenario, queries_per_day: float) -> Scenario:
    """The same scenario with another number of requests a day.

    Raises:
        ScenarioInvalid: the number is not above 0, or beyond reason.
    """
    traffic = msgspec.structs.replace(scenario.traffic, queries_per_day=queries_per_day)
    return check_scenario(msgspec.structs.replace(scenario, traffic=traffic))


def check_scenario(scenario: Scenario, *, where: str = SCENARIO_FILE) -> Scenario:
    """The scenario itself, once every figure is within reason.

    Raises:
        ScenarioInvalid: a figure is outside its bounds, a distribution is none, or the tiers do not add up to 1.
    """
    for key, quantity, bounds in _quantities(scenario):
        _check_quantity(key, quantity, bounds, where)
    _check_tiers(scenario, where)
    _check_criteria(scenario, where)
    return scenario


def _quantities(scenario: Scenario) -> Iterator[tuple[str, Quantity, Bounds]]:
    tables: list[tuple[str, Any, dict[str, Bounds]]] = [
        ("traffic", scenario.traffic, SHARED),
        ("prices", scenario.prices, SHARED),
        *((f"models[{number}]", model, ARCHITECTURE) for number, model in enumerate(scenario.models)),
        *((f"architectures.{name}", terms, ARCHITECTURE) for name, terms in scenario.architectures.items()),
    ]
    for prefix, table, bounds in tables:
        for field in table.__struct_fields__:
            value = getattr(table, field)
            if field in bounds and value is not None:
                yield f"{prefix}.{field}", value, bounds[field]


def _check_quantity(key: str, quantity: Quantity, bounds: Bounds, where: str) -> None:
    def wrong(why: str) -> ScenarioInvalid:
        fix = f"set it between {bounds.low:g} and {bounds.high:g} {bounds.unit}"
        return ScenarioInvalid(f"wrong value for {key!r}", why=why, fix=fix, about=where)

    if isinstance(quantity, float | int):
        if not bounds.holds(quantity):
            raise wrong(f"it is {quantity:g} {bounds.unit}{bounds.meaning(quantity)}")
        return
    if quantity.problem:
        raise wrong(quantity.problem)
    if not bounds.holds(float(quantity.typical)):
        raise wrong(f"its typical value is {float(quantity.typical):g} {bounds.unit}")
    spilt = quantity.outside(bounds.low, bounds.high)
    if spilt > SPILL:
        raise wrong(f"{spilt:.0%} of its draws lie outside")


def _check_tiers(scenario: Scenario, where: str) -> None:
    names = [tier.name for tier in scenario.tiers]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        why, fix = f"{twice!r} stands there twice", "name each tier once"
        raise ScenarioInvalid("two tiers of one name", why=why, fix=fix, about=where)
    total = sum(tier.share for tier in scenario.tiers)
    if scenario.tiers and abs(total - 1) > SHARES_TOLERANCE:
        why, fix = f"they add up to {total:g}", "let the shares of all tiers add up to 1"
        raise ScenarioInvalid("the tiers are not the whole traffic", why=why, fix=fix, about=where)


def _check_criteria(scenario: Scenario, where: str) -> None:
    for criterion in scenario.criteria:
        if bool(criterion.measured) == bool(criterion.scores):
            why = "it is both measured and scored" if criterion.scores else "it has neither scores nor measured"
            fix = "give it measured, or scores with their evidence"
            raise ScenarioInvalid(f"criterion {criterion.name!r} has no score", why=why, fix=fix, about=where)
