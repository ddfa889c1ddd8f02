from __future__ import annotations

import asyncio

import pytest

from proveout.errors import Overloaded
from proveout.gateway.record import MemoryRecorder, Recorder


def test_records_are_kept_in_order_until_there_is_no_room() -> None:
    memory = MemoryRecorder(most=2)
    recorder: Recorder = memory
    assert recorder.next_id() != recorder.next_id()
    assert recorder.put(b"a") < recorder.put(b"b")
    asyncio.run(recorder.durable(2))
    assert memory.records == [b"a", b"b"]
    assert not recorder.has_room(1)
    with pytest.raises(Overloaded):
        recorder.put(b"c")
