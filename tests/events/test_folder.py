from __future__ import annotations

import asyncio
import os
from pathlib import Path

from proveout.events import FILE_WRITTEN, FolderSource

from .conftest import MakeBench, make_event, needed, trigger

FILES = trigger(types=(FILE_WRITTEN,), inputs={"text": "data.content"})


def test_a_file_is_an_event_when_its_content_is_written(make_bench: MakeBench, tmp_path: Path) -> None:
    bench = make_bench(FILES)
    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    (folder / "note.txt").write_text("grüße", encoding="utf-8")
    (folder / "sub" / "a.json").write_text('{"x": 1}', encoding="utf-8")
    (folder / "picture.png").write_bytes(b"\x89PNG\xff")
    (folder / ".hidden").write_text("no", encoding="utf-8")
    source = FolderSource(folder, bench.inbox)
    assert source.scan() == 3
    assert source.scan() == 0
    assert FolderSource(folder, bench.inbox).scan() == 0, "a restart hands in nothing twice"
    bench.drain()
    assert sorted(str(inputs) for _, inputs, _ in bench.calls) == ["{'text': 'grüße'}", "{'text': {'x': 1}}", "{}"]
    os.utime(folder / "note.txt", ns=(1, 1))
    (folder / "note.txt").write_text("neu", encoding="utf-8")
    assert source.scan() == 1


def test_a_file_of_events_hands_them_in_and_puts_the_others_aside(make_bench: MakeBench, tmp_path: Path) -> None:
    bench = make_bench()
    lines = [make_event(1).to_json(), b"", b"{bad", make_event(2).to_json()]
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "x.cloudevents.jsonl").write_bytes(b"\n".join(lines))
    assert FolderSource(tmp_path / "in", bench.inbox).scan() == 2
    assert [one.reason[:24] for one in bench.inbox.refused()] == ["x.cloudevents.jsonl:3: t"]
    assert bench.drain() == {"handled": 2}


def test_a_large_file_is_named_and_not_read(make_bench: MakeBench, tmp_path: Path) -> None:
    bench = make_bench(FILES)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "big.txt").write_bytes(b"x" * 100)
    FolderSource(tmp_path / "in", bench.inbox, most_bytes=99).scan()
    (delivery,) = bench.inbox.take(1)
    assert delivery.event.data["bytes"] == 100
    assert "content" not in delivery.event.data


def test_a_watched_folder_tells_at_once(make_bench: MakeBench, tmp_path: Path) -> None:
    needed("watchfiles")
    bench = make_bench(FILES)

    async def scenario() -> None:
        stop = asyncio.Event()
        watching = asyncio.create_task(FolderSource(tmp_path / "in", bench.inbox).run(stop))
        async with asyncio.timeout(5):
            while not bench.inbox.received_after(0, 1):
                (tmp_path / "in").mkdir(exist_ok=True)
                (tmp_path / "in" / "a.txt").write_text("hello", encoding="utf-8")
                await asyncio.sleep(0.02)
        stop.set()
        await watching

    asyncio.run(scenario())
    assert "handled" in bench.drain()
