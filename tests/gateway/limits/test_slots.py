from __future__ import annotations

from proveout.gateway.limits import LocalSlots, Slots
from proveout.gateway.limits._slots import CELL


def test_a_name_keeps_its_cell() -> None:
    slots: Slots = LocalSlots()
    cells = [slots.find(f"key:{number}") for number in range(100)]
    assert len(set(cells)) == 100
    assert [slots.find(f"key:{number}") for number in range(100)] == cells
    assert len(slots.cells) == 100 * CELL
    assert len(slots.leases) == 100
