"""One timer for all connections."""

from __future__ import annotations

import asyncio

import pytest

from proveout.gateway._settings import Server
from proveout.gateway.server import _guard
from proveout.gateway.server._guard import BODY, BUSY, HEAD, IDLE, Guard


class Connection:
    def __init__(self) -> None:
        self.looked: list[float] = []

    def look(self, now: float) -> None:
        self.looked.append(now)


def test_the_clock_is_read_once_a_look() -> None:
    times = iter([1.0, 2.0, 3.0])
    guard = Guard(Server(), lambda: next(times))
    connections = [Connection(), Connection()]
    guard.look(connections)
    assert guard.now == 2.0
    assert [one.looked for one in connections] == [[2.0], [2.0]]


def test_it_looks_again_and_again_until_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_guard, "LOOK_SECONDS", 0.001)
    connection = Connection()

    async def main() -> int:
        guard = Guard(Server(), asyncio.get_running_loop().time)
        guard.start(asyncio.get_running_loop(), [connection])
        await asyncio.sleep(0.05)
        guard.stop()
        seen = len(connection.looked)
        await asyncio.sleep(0.02)
        return seen

    assert asyncio.run(main()) == len(connection.looked) > 3


def test_new_limits_are_in_force_at_once() -> None:
    guard = Guard(Server(), lambda: 0.0)
    guard.set_limits(Server(head_seconds=1.0, body_seconds=2.0, idle_seconds=3.0, most_header_bytes=4096))
    assert (guard.patience[HEAD], guard.patience[BODY], guard.patience[IDLE]) == (1.0, 2.0, 3.0)
    assert guard.patience[BUSY] == float("inf")
    assert guard.most_header_bytes == 4096
