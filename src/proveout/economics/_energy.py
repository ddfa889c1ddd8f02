"""Energy: measured where this machine counts it, and otherwise a range that says it is an estimate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from proveout.errors import CountsInvalid

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Energy", "EnergyMeter", "calibrated", "local_energy", "remote_energy"]

POWERCAP = Path("/sys/class/powercap")
MICRO = 1_000_000
# Watts of one busy processor, from the least of the Cloud Carbon Footprint methodology's averages per vCPU (0.74 idle,
# 3.5 at full load) to a desktop core under full load with its share of the machine.
WATTS_LOW, WATTS_HIGH = 0.74, 15.0
# Watt-hours of one request to a large model, from the mean of text generation in Luccioni, Jernite and Strubell
# (FAccT 2024: 0.047 kWh for 1,000) to de Vries (Joule 7, 2023, 2191-2194: 2.9 Wh).
REMOTE_WH_LOW, REMOTE_WH_HIGH = 0.047, 2.9
JOULES_PER_WH = 3600.0
ESTIMATED = "estimate, not measured"


class Energy(msgspec.Struct, frozen=True, kw_only=True):
    """Watt-hours for 1,000 requests, as a range; ``label`` says how it came about and must be shown with it."""

    wh_per_1000_low: float
    wh_per_1000_high: float
    source: Literal["measured", "estimated", "published range"]
    label: str


class EnergyMeter:
    """Reads the processor packages' energy counters (RAPL, through Linux's powercap).

    Args:
        root: where the counters are; a test passes its own.

    Example:
        >>> EnergyMeter(Path("no-such-folder")).readable
        False
    """

    def __init__(self, root: Path = POWERCAP) -> None:
        self._zones = [zone for zone in sorted(root.glob("intel-rapl:*")) if zone.name.count(":") == 1]

    @property
    def readable(self) -> bool:
        """Whether there are counters that this user may read."""
        return bool(self._zones) and all(self._counter(zone, "energy_uj") is not None for zone in self._zones)

    def read(self) -> tuple[int, ...]:
        """Microjoules on each package's counter.

        Raises:
            CountsInvalid: there is no counter, or this user may not read it.
        """
        found = [self._counter(zone, "energy_uj") for zone in self._zones]
        if not found or None in found:
            why = "no package has a counter" if not found else "this user may not read the counters"
            fix = "take local_energy without a measurement, which gives a labelled estimate"
            raise CountsInvalid("energy cannot be measured", why=why, fix=fix, about=str(POWERCAP))
        return tuple(count for count in found if count is not None)

    def joules_between(self, before: Sequence[int], after: Sequence[int]) -> float:
        """Joules of all packages between two readings; a counter that ran over is set right once."""
        total = 0
        for zone, first, last in zip(self._zones, before, after, strict=True):
            range_uj = self._counter(zone, "max_energy_range_uj") or 0
            total += last - first if last >= first else last - first + range_uj
        return total / MICRO

    @staticmethod
    def _counter(zone: Path, name: str) -> int | None:
        try:
            return int((zone / name).read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None


def calibrated(meter: EnergyMeter, work: Callable[[], object], cpu_seconds: Callable[[], float]) -> float | None:
    """Joules that this machine takes for one processor second, all of it: counters read before and after some work.

    Args:
        meter: of the packages.
        work: keeps a processor busy for a second or so.
        cpu_seconds: processor seconds of this process so far.

    Returns:
        None where the counters cannot be read, or the work took no time.

    Example:
        >>> calibrated(EnergyMeter(Path("no-such-folder")), lambda: None, lambda: 0.0) is None
        True
    """
    if not meter.readable:
        return None
    before, begun = meter.read(), cpu_seconds()
    work()
    took = cpu_seconds() - begun
    return meter.joules_between(before, meter.read()) / took if took > 0 else None


def local_energy(cpu_seconds_per_1000: float, *, joules_per_cpu_second: float | None = None) -> Energy:
    """Energy of one's own machines.

    Args:
        cpu_seconds_per_1000: processor seconds for 1,000 requests.
        joules_per_cpu_second: as measured with `EnergyMeter`; None gives a range and says that it is an estimate.

    Example:
        >>> local_energy(36.0).label
        'estimate, not measured: 0.74 to 15 W for a busy processor'
        >>> local_energy(36.0, joules_per_cpu_second=10.0).wh_per_1000_low
        0.1
    """
    if joules_per_cpu_second is not None:
        found = round(cpu_seconds_per_1000 * joules_per_cpu_second / JOULES_PER_WH, 9)
        label = f"measured here: {joules_per_cpu_second:.3g} J a processor second by the packages' energy counters"
        return Energy(wh_per_1000_low=found, wh_per_1000_high=found, source="measured", label=label)
    return Energy(
        wh_per_1000_low=round(cpu_seconds_per_1000 * WATTS_LOW / JOULES_PER_WH, 9),
        wh_per_1000_high=round(cpu_seconds_per_1000 * WATTS_HIGH / JOULES_PER_WH, 9),
        source="estimated",
        label=f"{ESTIMATED}: {WATTS_LOW:g} to {WATTS_HIGH:g} W for a busy processor",
    )


def remote_energy(requests_per_1000: float = 1000.0) -> Energy:
    """Energy of a provider's machines, of which nobody outside knows more than a range.

    Args:
        requests_per_1000: how many of 1,000 requests reach the provider.

    Example:
        >>> remote_energy().wh_per_1000_high
        2900.0
    """
    return Energy(
        wh_per_1000_low=round(requests_per_1000 * REMOTE_WH_LOW, 9),
        wh_per_1000_high=round(requests_per_1000 * REMOTE_WH_HIGH, 9),
        source="published range",
        label=f"{ESTIMATED}: {REMOTE_WH_LOW:g} to {REMOTE_WH_HIGH:g} Wh a request, as published of other models",
    )
