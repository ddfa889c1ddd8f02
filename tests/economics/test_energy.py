"""Counters read where there are any, and labelled ranges where there are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from proveout.economics import EnergyMeter, calibrated, local_energy, remote_energy
from proveout.errors import CountsInvalid


def zone(root: Path, name: str, count: int, most: int = 1_000_000) -> Path:
    folder = root / name
    folder.mkdir(exist_ok=True)
    (folder / "energy_uj").write_text(f"{count}\n", encoding="ascii")
    (folder / "max_energy_range_uj").write_text(f"{most}\n", encoding="ascii")
    return folder


def test_packages_are_added_and_parts_of_them_are_not(tmp_path: Path) -> None:
    for name, count in (("intel-rapl:0", 100), ("intel-rapl:1", 200), ("intel-rapl:0:0", 50)):
        zone(tmp_path, name, count)
    meter = EnergyMeter(tmp_path)
    assert meter.readable
    before = meter.read()
    assert before == (100, 200)
    zone(tmp_path, "intel-rapl:0", 3_000_100)
    zone(tmp_path, "intel-rapl:1", 1_000_200)
    assert meter.joules_between(before, meter.read()) == 4.0


def test_a_counter_that_ran_over(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", 900_000)
    meter = EnergyMeter(tmp_path)
    before = meter.read()
    zone(tmp_path, "intel-rapl:0", 100_000)
    assert meter.joules_between(before, meter.read()) == pytest.approx(0.2)


@pytest.mark.parametrize("content", ["", "many"])
def test_a_counter_that_cannot_be_read(tmp_path: Path, content: str) -> None:
    (zone(tmp_path, "intel-rapl:0", 1) / "energy_uj").write_text(content, encoding="ascii")
    meter = EnergyMeter(tmp_path)
    assert not meter.readable
    with pytest.raises(CountsInvalid):
        meter.read()


def test_no_counters(tmp_path: Path) -> None:
    assert not EnergyMeter(tmp_path).readable
    with pytest.raises(CountsInvalid, match="no package has a counter"):
        EnergyMeter(tmp_path).read()


def test_what_is_not_measured_is_a_range_and_says_so() -> None:
    for found in (local_energy(100.0), remote_energy(1000.0)):
        assert found.label.startswith("estimate, not measured")
        assert found.wh_per_1000_low < found.wh_per_1000_high
    assert local_energy(100.0).source == "estimated"
    assert remote_energy(0.0).wh_per_1000_high == 0.0
    measured = local_energy(100.0, joules_per_cpu_second=7.2)
    assert (measured.wh_per_1000_low, measured.wh_per_1000_high, measured.source) == (0.2, 0.2, "measured")


def test_a_calibration_is_joules_over_processor_seconds(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", 0, 10**9)
    seconds = iter([1.0, 3.0])
    found = calibrated(
        EnergyMeter(tmp_path), lambda: zone(tmp_path, "intel-rapl:0", 24_000_000, 10**9), lambda: next(seconds)
    )
    assert found == 12.0
    assert calibrated(EnergyMeter(tmp_path), lambda: None, lambda: 1.0) is None
    assert calibrated(EnergyMeter(tmp_path / "nowhere"), lambda: None, lambda: 1.0) is None
