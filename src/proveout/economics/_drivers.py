"""Which figures a result hangs on: each moved by itself, ranked, and where the answer turns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
from scipy.optimize import brentq

from proveout.economics._flow import flow_of, present_value
from proveout.economics._inputs import typical
from proveout.economics._rounding import usd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from proveout.economics._distributions import Floats
    from proveout.economics._inputs import Inputs, Parameter

__all__ = ["Driver", "FlipPoint", "drivers", "flip_points"]

GRID = 128
# Below this an effect is rounding of floats and none of the figure's.
LEAST_USD = 1e-6


class Driver(msgspec.Struct, frozen=True, kw_only=True):
    """What one figure does to the net present value when it alone is moved.

    Attributes:
        name: of the figure.
        unit: of its values.
        low: the lower value: its P10, or, for a figure without a distribution, less the swing.
        high: the higher value.
        npv_usd_at_low: net present value there.
        npv_usd_at_high: net present value there.
        uncertain: whether a distribution is stated for it.
    """

    name: str
    unit: str
    low: float
    high: float
    npv_usd_at_low: float
    npv_usd_at_high: float
    uncertain: bool

    @property
    def swing_usd(self) -> float:
        """How far it moves the net present value."""
        return abs(self.npv_usd_at_high - self.npv_usd_at_low)


class FlipPoint(msgspec.Struct, frozen=True, kw_only=True):
    """The value of one figure at which the net present value turns its sign, all others at their typical value."""

    name: str
    unit: str
    value: float
    typical: float


class _Worth:
    """Net present value of a move with one figure changed."""

    def __init__(self, inputs: Inputs, old: str, new: str) -> None:
        self._inputs, self._old, self._new = inputs, old, new
        self._typical = {name: float(value) for name, value in typical(inputs).items()}
        self._days = inputs.scenario.traffic.horizon_days

    def at(self, name: str, changed: Floats) -> Floats:
        """Net present value, shape of ``changed``."""
        values = {key: np.full(changed.shape, value) for key, value in self._typical.items()}
        values[name] = changed
        flow = flow_of(self._inputs, values, self._old, self._new)
        return present_value(flow, self._days, values["discount_rate_per_year"])

    def one(self, value: float, name: str) -> float:
        """Net present value at one value."""
        return float(self.at(name, np.array([value]))[0])


def drivers(inputs: Inputs, old: str, new: str) -> tuple[Driver, ...]:
    """A tornado: the figures that move the net present value, the strongest first."""
    worth, swing = _Worth(inputs, old, new), inputs.scenario.decision.swing
    found = []
    for one in _movable(inputs):
        low, high = _range(one, swing)
        at_low, at_high = worth.at(one.name, np.array([low, high]))
        found.append(
            Driver(
                name=one.name,
                unit=one.unit,
                low=low,
                high=high,
                npv_usd_at_low=usd(float(at_low)),
                npv_usd_at_high=usd(float(at_high)),
                uncertain=one.uncertain,
            )
        )
    moved = [driver for driver in found if driver.swing_usd > LEAST_USD]
    return tuple(sorted(moved, key=lambda driver: (-driver.swing_usd, driver.name)))


def _movable(inputs: Inputs) -> Iterator[Parameter]:
    """All but the tiers, which have to stay the whole traffic."""
    return (one for one in inputs.parameters.values() if not one.name.startswith("tiers."))


def _range(one: Parameter, swing: float) -> tuple[float, float]:
    if isinstance(one.quantity, float | int):
        ends = (one.quantity * (1 - swing), one.quantity * (1 + swing))
    else:
        ends = (one.quantity.quantile(0.1), one.quantity.quantile(0.9))
    low, high = sorted(min(max(end, one.low), one.high) for end in ends)
    return low, high


def flip_points(inputs: Inputs, old: str, new: str) -> tuple[FlipPoint, ...]:
    """Where the sign of the net present value turns, nearest first; a figure that cannot turn it is left out.

    Each figure is searched between its bounds, on a grid that is finest near its typical value, and then by Brent's
    method (Brent, Algorithms for Minimization without Derivatives, 1973).
    """
    worth = _Worth(inputs, old, new)
    found = [point for one in _movable(inputs) if (point := _flip(worth, one)) is not None]
    return tuple(sorted(found, key=_distance))


def _distance(point: FlipPoint) -> tuple[float, str]:
    scale = abs(point.typical)
    return (abs(point.value - point.typical) / scale if scale else float("inf"), point.name)


def _flip(worth: _Worth, one: Parameter) -> FlipPoint | None:
    now = float(one.typical)
    steps = np.geomspace(1e-9, 1.0, GRID)
    roots = []
    for end in (one.low, one.high):
        grid = np.concatenate([[now], now + (end - now) * steps])
        signs = np.sign(worth.at(one.name, grid))
        turns = np.flatnonzero(signs[1:] * signs[:-1] < 0)
        if len(turns):
            first = turns[0]
            roots.append(float(brentq(worth.one, grid[first], grid[first + 1], args=(one.name,))))
    if not roots:
        return None
    nearest = min(roots, key=lambda root: abs(root - now))
    return FlipPoint(name=one.name, unit=one.unit, value=nearest, typical=now)
