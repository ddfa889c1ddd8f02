"""Files as events: what is written into a folder, and what its files say."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import EventInvalid
from proveout.events._event import Event
from proveout.events._extra import need
from proveout.events._parse import MOST_BYTES, parse_event

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from proveout.events._inbox import Inbox

__all__ = ["FILE_WRITTEN", "FolderSource"]

FILE_WRITTEN = "proveout.file.written"
_ENDING = ".cloudevents.jsonl"
WAKE_MILLISECONDS = 5000
AT_ONCE = 1000


class FolderSource:
    """Watches a folder with all that is in it.

    A file that ends in ``.cloudevents.jsonl`` holds events, one a line. Any other file whose content or time of
    change is new becomes one event of type ``proveout.file.written``: ``subject`` is its path in the folder, ``data``
    has ``path``, ``bytes``, ``hash`` (BLAKE2b-256), and ``content``: JSON values of a ``.json`` file, the text of any
    other that is UTF-8, nothing for a larger one.

    Args:
        folder: to watch.
        inbox: where events go.
        most_bytes: a larger file's content is left out.
    """

    def __init__(self, folder: Path, inbox: Inbox, *, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._inbox = inbox
        self._most_bytes = most_bytes
        self._seen: dict[Path, tuple[int, int]] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Scan, then scan again whenever something in the folder changes, until ``stop``.

        Raises:
            ExtraMissing: watchfiles is not installed.
        """
        watch = need("watchfiles", "events", "watching a folder")
        self._folder.mkdir(parents=True, exist_ok=True)
        changes = watch.awatch(
            self._folder, stop_event=stop, yield_on_timeout=True, rust_timeout=WAKE_MILLISECONDS, debounce=100
        )
        await asyncio.to_thread(self.scan)
        async for _ in changes:
            await asyncio.to_thread(self.scan)

    def scan(self) -> int:
        """Hand in what is new since the last scan; how many events were new to the inbox."""
        accepted = 0
        for path in sorted(self._folder.rglob("*")):
            name = path.relative_to(self._folder)
            if any(part.startswith(".") for part in name.parts) or not path.is_file():
                continue
            state = path.stat()
            stamp = (state.st_mtime_ns, state.st_size)
            if self._seen.get(path) == stamp:
                continue
            events = self._events(path, name.as_posix(), stamp)
            while chunk := list(islice(events, AT_ONCE)):
                accepted += self._inbox.accept(chunk, via="folder").accepted
            # Only now: what could not be stored is scanned again.
            self._seen[path] = stamp
        return accepted

    def _events(self, path: Path, name: str, stamp: tuple[int, int]) -> Iterator[Event]:
        if not name.endswith(_ENDING):
            yield self._written(path, name, stamp)
            return
        with path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if not line.strip():
                    continue
                try:
                    yield parse_event(line, most_bytes=self._most_bytes)
                except EventInvalid as error:
                    self._inbox.refuse(line, f"{name}:{number}: {error.why}", via="folder")

    def _written(self, path: Path, name: str, stamp: tuple[int, int]) -> Event:
        modified, size = stamp
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=32)).hexdigest()
        data: dict[str, Any] = {"path": name, "bytes": size, "hash": digest}
        if size <= self._most_bytes:
            data |= _content(path)
        return Event(
            id=f"{name[-200:]}@{digest[:16]}@{modified}",
            source=self._folder.absolute().as_uri(),
            type=FILE_WRITTEN,
            subject=name,
            time=datetime.fromtimestamp(modified / 1_000_000_000, tz=UTC),
            data=data,
        )


def _content(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    try:
        if path.suffix == ".json":
            return {"content": msgspec.json.decode(content)}
        return {"content": content.decode("utf-8")}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
