from __future__ import annotations

import asyncio

import pytest

from proveout.errors import EventInvalid
from proveout.events import Accepted, Event
from proveout.events._committer import Committer

from .conftest import MakeBench, make_event


def test_many_callers_share_few_transactions(make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = make_bench()
    groups: list[int] = []
    store = bench.inbox.accept_each

    def counted(group: list[list[Event]], *, via: str) -> list[Accepted]:
        groups.append(len(group))
        return store(group, via=via)

    monkeypatch.setattr(bench.inbox, "accept_each", counted)

    async def scenario() -> list[Accepted]:
        committer = Committer(bench.inbox, "http")
        return await asyncio.gather(*(committer.accept([make_event(number % 90)]) for number in range(100)))

    found = asyncio.run(scenario())
    assert sum(one.accepted for one in found) == 90
    assert sum(one.duplicates for one in found) == 10
    assert sum(groups) == 100
    assert len(groups) <= 2


def test_one_that_cannot_be_stored_fails_alone(make_bench: MakeBench) -> None:
    bench = make_bench()

    async def scenario() -> list[Accepted | BaseException]:
        committer = Committer(bench.inbox, "http")
        events = [make_event(1), make_event(2, {"x": object()}), make_event(3)]
        return await asyncio.gather(*(committer.accept([one]) for one in events), return_exceptions=True)

    first, second, third = asyncio.run(scenario())
    assert isinstance(second, EventInvalid)
    assert first == third == Accepted(accepted=1)


def test_a_caller_that_gives_up_does_not_stop_the_others(make_bench: MakeBench) -> None:
    bench = make_bench()

    async def scenario() -> Accepted:
        committer = Committer(bench.inbox, "http")
        gone = asyncio.create_task(committer.accept([make_event(1)]))
        kept = asyncio.create_task(committer.accept([make_event(2)]))
        await asyncio.sleep(0)
        gone.cancel()
        return await kept

    assert asyncio.run(scenario()).accepted == 1
    assert len(bench.inbox.received_after(0, 10)) == 2
