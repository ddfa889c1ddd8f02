from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from proveout.errors import DiskFull
from proveout.events import OUTBOX_SCHEMA, OutboxSource, write_outbox

from .conftest import MakeBench, make_event


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """The database of an application, with orders of its own."""
    connection = sqlite3.connect(tmp_path / "shop.sqlite")
    connection.execute(OUTBOX_SCHEMA)
    connection.execute("CREATE TABLE orders (id TEXT)")
    connection.commit()
    yield connection
    connection.close()


def order(shop: sqlite3.Connection, number: int) -> None:
    shop.execute("INSERT INTO orders VALUES (?)", (str(number),))
    write_outbox(shop, make_event(number))


def test_what_the_application_committed_is_taken_and_nothing_else(
    make_bench: MakeBench, shop: sqlite3.Connection, tmp_path: Path
) -> None:
    bench = make_bench()
    source = OutboxSource(tmp_path / "shop.sqlite", bench.inbox)
    with shop:
        order(shop, 1)
    order(shop, 2)
    shop.rollback()
    assert source.poll() == 1
    assert source.poll() == 0
    assert bench.drain() == {"handled": 1}
    assert shop.execute("SELECT count(*) FROM proveout_outbox WHERE taken IS NULL").fetchone() == (0,)


def test_a_kill_before_the_mark_takes_twice_and_handles_once(
    make_bench: MakeBench, shop: sqlite3.Connection, tmp_path: Path
) -> None:
    bench = make_bench()
    with shop:
        order(shop, 1)
    source = OutboxSource(tmp_path / "shop.sqlite", bench.inbox)
    source.poll()
    with shop:
        shop.execute("UPDATE proveout_outbox SET taken = NULL")
    assert source.poll() == 1
    assert bench.drain() == {"handled": 1}
    assert bench.inbox.count("duplicates") == 1


def test_a_row_that_is_no_event_is_passed_over(make_bench: MakeBench, shop: sqlite3.Connection, tmp_path: Path) -> None:
    bench = make_bench()
    with shop:
        shop.execute("INSERT INTO proveout_outbox (event) VALUES ('{}'), (x'ff')")
        order(shop, 3)
    assert OutboxSource(tmp_path / "shop.sqlite", bench.inbox).poll() == 3
    assert bench.drain() == {"handled": 1}
    assert len(bench.inbox.refused()) == 2
    refused = shop.execute("SELECT refused FROM proveout_outbox ORDER BY seq").fetchall()
    assert [why is None for (why,) in refused] == [False, False, True]


def test_a_full_disk_leaves_the_rows(
    make_bench: MakeBench, shop: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench()
    with shop:
        order(shop, 1)

    def full(*_: Any, **__: Any) -> Any:
        raise DiskFull("cannot write", why="no space", fix="free some", about="disk")

    source = OutboxSource(tmp_path / "shop.sqlite", bench.inbox)
    with monkeypatch.context() as patched:
        patched.setattr(bench.inbox, "accept", full)
        with pytest.raises(DiskFull):
            source.poll()
    assert source.poll() == 1


def test_polling_goes_on_until_told(make_bench: MakeBench, shop: sqlite3.Connection, tmp_path: Path) -> None:
    bench = make_bench()

    async def scenario() -> None:
        stop = asyncio.Event()
        polling = asyncio.create_task(OutboxSource(tmp_path / "shop.sqlite", bench.inbox, seconds=0.01).run(stop))
        await asyncio.sleep(0.02)
        with shop:
            order(shop, 1)
        async with asyncio.timeout(5):
            while not bench.inbox.received_after(0, 1):  # noqa: ASYNC110  what is waited for is in a database
                await asyncio.sleep(0.01)
        stop.set()
        await polling

    asyncio.run(scenario())
    assert bench.drain() == {"handled": 1}
