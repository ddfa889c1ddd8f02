"""Server-sent events out of bytes, by the WHATWG's HTML standard, section 9.2."""

from __future__ import annotations

import msgspec

from proveout.errors import UpstreamLied

__all__ = ["Event", "EventReader", "WholeEvents"]

_MOST_BYTES = 4 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"
# A line end, and another one right behind it: what ends an event. A line feed that follows belongs to it.
_ENDS = (b"\n\n", b"\n\r", b"\r\r")


class Event(msgspec.Struct, frozen=True):
    """One event.

    Attributes:
        data: its ``data`` lines, joined by line feeds.
        type: its ``event`` field; ``message`` where it has none.
    """

    data: bytes
    type: str = "message"


class EventReader:
    r"""Reads events from pieces of a stream, however it is cut.

    ``id`` and ``retry`` are skipped: they serve clients that connect again, and no answer of a model can be asked
    for twice. An event that the stream ends within is none, by the standard; `pending` tells.

    Args:
        most_bytes: of one event and of one line.

    Example:
        >>> reader = EventReader()
        >>> reader.feed(b'data: {"a": 1}\r\n\r\nda')
        [Event(data=b'{"a": 1}', type='message')]
        >>> reader.feed(b"ta: [DONE]\n\n: a comment\n\n")
        [Event(data=b'[DONE]', type='message')]
        >>> reader.pending
        False
    """

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most = most_bytes
        self._parts: list[bytes] = []
        self._size = 0
        self._data: list[bytes] = []
        self._held = 0
        self._type = b""
        self._after_return = False
        self._first = True

    @property
    def pending(self) -> bool:
        """Whether an event has begun and not ended."""
        return bool(self._parts or self._data or self._type)

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that end in this piece.

        Raises:
            UpstreamLied: an event, or a line, is larger than allowed.
        """
        if self._after_return and chunk:
            # The carriage return before was a whole line end; a line feed now is the rest of it.
            chunk = chunk.removeprefix(b"\n")
            self._after_return = False
        if b"\r" in chunk:
            self._after_return = chunk.endswith(b"\r")
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        self._size += len(chunk)
        if b"\n" not in chunk:
            if chunk:
                self._parts.append(chunk)
            self._bounded(self._size)
            return []
        lines = b"".join((*self._parts, chunk)).split(b"\n")
        rest = lines.pop()
        self._parts = [rest] if rest else []
        self._size = len(rest)
        events = self._read(lines)
        self._bounded(self._size)
        return events

    def _read(self, lines: list[bytes]) -> list[Event]:
        events = []
        if self._first:
            self._first = False
            lines[0] = lines[0].removeprefix(_BOM)
        for line in lines:
            if line.startswith(b"data: "):
                self._keep(line[6:], len(line))
            elif line:
                self._field(line)
            else:
                if self._data:
                    kind = self._type.decode("utf-8", "replace") if self._type else "message"
                    events.append(Event(b"\n".join(self._data), kind))
                    self._data = []
                self._type = b""
                self._held = 0
        return events

    def _field(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._keep(value, len(line))
        else:
            self._bounded(len(line))
            if name == b"event":
                self._type = value

    def _keep(self, value: bytes, size: int) -> None:
        self._bounded(size)
        self._held += size
        self._data.append(value)

    def _bounded(self, size: int) -> None:
        if self._held + size > self._most:
            raise _too_large(self._most)


class WholeEvents:
    r"""Passes a stream of events on as bytes, and only as far as its last whole event.

    So that something else, an error say, may be sent in between without ending up inside an event.

    Args:
        most_bytes: that are held back.

    Example:
        >>> whole = WholeEvents()
        >>> whole.feed(b"data: 1\n\ndata: 2")
        b'data: 1\n\n'
        >>> whole.feed(b"\n\n")
        b'data: 2\n\n'
        >>> whole.held
        b''
    """

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most = most_bytes
        self._parts: list[bytes] = []
        self._size = 0
        self._last = b""

    @property
    def held(self) -> bytes:
        """What is held back: the beginning of an event."""
        return b"".join(self._parts)

    def feed(self, chunk: bytes) -> bytes:
        """What may be sent now; often nothing.

        Raises:
            UpstreamLied: an event is larger than allowed.
        """
        if not self._parts and chunk.endswith(b"\n\n"):
            return chunk
        # An end may lie across two pieces; it needs one byte of the piece before.
        seam = self._last + chunk
        found = max(seam.rfind(end) for end in _ENDS)
        end = found + 2 - len(self._last)
        if found < 0:
            return self._hold(chunk)
        if seam[found + 1 : found + 3] == b"\r\n":
            end += 1
        whole = b"".join((*self._parts, chunk[:end]))
        self._parts = []
        self._size = 0
        self._last = b""
        self._hold(chunk[end:])
        return whole

    def _hold(self, rest: bytes) -> bytes:
        if rest:
            self._parts.append(rest)
            self._last = rest[-1:]
            self._size += len(rest)
            if self._size > self._most:
                raise _too_large(self._most)
        return b""


def _too_large(most: int) -> UpstreamLied:
    fix = "ask for a shorter answer"
    return UpstreamLied("an event is too large", why=f"it has over {most} bytes", fix=fix, about="event")
