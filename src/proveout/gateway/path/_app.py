"""The gateway as an ASGI application: what is asked for, the steps, the answer, the record."""

from __future__ import annotations

import asyncio
import sys
import time
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING

from proveout.errors import GatewayFault, Overloaded, Refused
from proveout.gateway._exchange import Exchange, Reply
from proveout.gateway.api import error_event, error_reply
from proveout.gateway.limits import Limiter, LocalSlots
from proveout.gateway.path._body import ClientGone, read_body, read_head
from proveout.gateway.path._pages import OPERATIONS, page
from proveout.gateway.path._process import Process
from proveout.gateway.path._pump import collect, end_chunks, forward
from proveout.gateway.path._record import CLIENT_GONE, record_of
from proveout.gateway.path._send import begun, own_head, send_whole, takes_raw
from proveout.gateway.path._steps import AFTER_BODY, BEFORE_BODY, guard_out
from proveout.gateway.telemetry import child_traceparent, valid_traceparent

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from proveout.gateway._exchange import Answerer, Operation, Receive, Scope, Send
    from proveout.gateway.path._body import Head
    from proveout.gateway.path._state import State
    from proveout.gateway.record import Recorder

__all__ = ["Gateway"]

FULL_RING_SECONDS = 0.005


def say(line: str) -> None:
    """Tell the operator."""
    sys.stderr.write(f"{line}\n")


class Gateway:
    """Answers requests under the state in force; a new state counts from the next request on.

    Args:
        state: what is in force.
        recorder: takes the records.
        limiter: what was used of limits; of this process alone when None.
        notice: called with a line about a fault of the gateway itself.
        clock: monotonic, seconds.
        wall: nanoseconds since the epoch.
    """

    def __init__(
        self,
        state: State,
        recorder: Recorder,
        *,
        limiter: Limiter | None = None,
        notice: Callable[[str], None] = say,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], int] = time.time_ns,
    ) -> None:
        self.state = state
        self._process = Process(recorder=recorder, limiter=limiter or Limiter(LocalSlots()))
        self._notice = notice
        self._clock = clock
        self._wall = wall

    def swap(self, state: State) -> State:
        """Put a new state in force, and give back the old one, which requests under way still use."""
        before, self.state = self.state, state
        return before

    @property
    def draining(self) -> bool:
        """Whether nothing more is let in."""
        return self._process.draining

    @draining.setter
    def draining(self, value: bool) -> None:
        self._process.draining = value

    @property
    def under_way(self) -> int:
        """Requests that were let in and are not answered to their end."""
        return sum(self._process.by_tier.values())

    def app(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """ASGI 3."""
        if scope["type"] != "http":
            return _nothing()
        operation = OPERATIONS.get(scope["path"]) if scope["method"] == "POST" else None
        return self._page(scope, send) if operation is None else self._serve(operation, scope, receive, send)

    async def _page(self, scope: Scope, send: Send) -> None:
        try:
            reply = await page(self.state, scope, self._wall() / 1e9)
        except Refused as refused:
            reply = error_reply(refused)
        head = b"x-request-id: %b\r\n" % self._process.recorder.next_id().encode()
        await send_whole(send, reply, head, raw=takes_raw(scope), bodiless=scope["method"] == "HEAD")

    async def _serve(self, operation: Operation, scope: Scope, receive: Receive, send: Send) -> None:
        head = read_head(scope)
        exchange = self._arrived(operation, head)
        exchange.raw = takes_raw(scope)
        try:
            for step in BEFORE_BODY:
                step(exchange)
        except Refused as refused:
            # Without a record: who has no key must not be able to fill the ledger.
            await send_whole(send, error_reply(refused), own_head(exchange), raw=exchange.raw)
            return
        by_tier, tier = self._process.by_tier, exchange.key.tier
        by_tier[tier] = by_tier.get(tier, 0) + 1
        try:
            reply = await self._reply(exchange, head, receive)
            if reply.chunks is None:
                await self._whole(exchange, reply, send)
            else:
                await self._streamed(exchange, reply, receive, send)
        except ClientGone:
            exchange.outcome.cancelled = True
        finally:
            try:
                if exchange.leads or not exchange.recorded:
                    await self._end(exchange)
            finally:
                by_tier[tier] -= 1

    def _arrived(self, operation: Operation, head: Head) -> Exchange:
        identifier = self._process.recorder.next_id()
        trace = valid_traceparent(head.traceparent) if head.traceparent else ""
        return Exchange(
            id=identifier,
            operation=operation,
            credential=head.credential,
            client_id=_shown(head.client_id) if head.client_id else "",
            traceparent=trace,
            onward=child_traceparent(trace, identifier) if trace or self.state.traces else "",
            evidence=head.evidence == b"1",
            time=self._wall(),
            started=self._clock(),
            now=self.state,
            process=self._process,
        )

    async def _reply(self, exchange: Exchange, head: Head, receive: Receive) -> Reply:
        state: State = exchange.now
        server = state.settings.server
        try:
            exchange.body = await read_body(head, receive, server.most_body_bytes, server.body_seconds)
            for step in AFTER_BODY:
                step(exchange)
            if exchange.reply is not None:
                return exchange.reply
            if exchange.cache_key or state.guards_out:
                return await self._guarded(exchange)
            return await exchange.answerer.answer(exchange)  # type: ignore[union-attr]  # `find_answerer` set it
        except Refused as refused:
            exchange.outcome.error = refused.error_code or refused.type
            return error_reply(refused)
        except (ClientGone, asyncio.CancelledError):
            raise
        except Exception as error:  # noqa: BLE001  the client gets an answer, the operator the trace, the ledger a record
            return error_reply(self._fault(exchange, error))

    async def _guarded(self, exchange: Exchange) -> Reply:
        """An answer that is looked for nearby first, or looked at by guards before it goes out."""
        state: State = exchange.now
        answerer: Answerer = exchange.answerer  # type: ignore[assignment]  # `find_answerer` set it
        if exchange.cache_key:
            reply = await state.caching.answer(exchange, answerer, self._cache_failed)  # type: ignore[union-attr]  # it gave the key
        else:
            reply = await answerer.answer(exchange)
        if state.guards_out:
            if reply.chunks is not None:
                reply = await collect(reply)
            exchange.outcome.answer = reply.body
            guard_out(exchange)
        return reply

    async def _whole(self, exchange: Exchange, reply: Reply, send: Send) -> None:
        exchange.outcome.answer = reply.body
        unsafe = await self._finish(exchange, reply)
        await send_whole(send, reply if unsafe is None else error_reply(unsafe), own_head(exchange), raw=exchange.raw)

    async def _streamed(self, exchange: Exchange, reply: Reply, receive: Receive, send: Send) -> None:
        typed = exchange.operation == "responses"
        last, unsafe = b"", None
        try:
            last = await self._forwarded(exchange, reply, receive, send)
        except asyncio.CancelledError:
            exchange.outcome.cancelled = True
            raise
        except Exception as error:  # noqa: BLE001  as in `_reply`: the stream ends here, and what it used is recorded
            exchange.outcome.cancelled = False
            last = error_event(self._fault(exchange, error), typed=typed)
        finally:
            unsafe = await self._finish(exchange, reply)
        if unsafe is not None:
            last = error_event(unsafe, typed=typed)
        await send({"type": "http.response.body", "body": last})

    async def _forwarded(self, exchange: Exchange, reply: Reply, receive: Receive, send: Send) -> bytes:
        """Send a stream but its end, which is given back."""
        try:
            await send(begun(reply, own_head(exchange), raw=exchange.raw))
            forwarded = await forward(reply.chunks, receive, send)  # type: ignore[arg-type]  # it has chunks
        finally:
            # Whatever ended it: from here on the outcome says what was used.
            await end_chunks(reply)
        exchange.outcome.cancelled = exchange.outcome.cancelled or forwarded.gone
        return forwarded.last

    async def _finish(self, exchange: Exchange, reply: Reply) -> Refused | None:
        """Settle what was held, hand over the record, and keep the answer: all before the answer ends.

        Returns:
            What the client is told in place of the answer: that its record is not yet as safe as was promised.
        """
        state: State = exchange.now
        found = exchange.outcome
        if exchange.held is not None:
            exchange.held.settle(tokens=found.tokens_in + found.tokens_out, usd=found.usd)
        kept, recorder = state.keeps_content(exchange.task), self._process.recorder
        record = record_of(exchange, reply.status, kept=kept, most_bytes=recorder.most_bytes, clock=self._clock())
        try:
            place = recorder.put(record)
        except Overloaded:
            place = await self._put(record)
        exchange.recorded = True
        if exchange.cache_key:
            await state.caching.keep(exchange, reply, self._cache_failed)  # type: ignore[union-attr]  # it gave the key
        if exchange.task in state.synced:
            try:
                await recorder.durable(place)
            except Refused as refused:
                return refused
        return None

    async def _put(self, record: bytes) -> int:
        """The answer waits for its record: what was let in is never left out."""
        recorder: Recorder = self._process.recorder
        while True:
            await asyncio.sleep(FULL_RING_SECONDS)
            with suppress(Overloaded):
                return recorder.put(record)

    async def _end(self, exchange: Exchange) -> None:
        """Record a request that did not come to the end of an answer, and let nobody wait for it."""
        try:
            if not exchange.recorded:
                exchange.outcome.cancelled = True
                await self._finish(exchange, Reply(status=CLIENT_GONE))
        finally:
            if exchange.leads:
                exchange.now.caching.end(exchange)

    def _cache_failed(self, exchange: Exchange, error: Exception) -> None:
        self._notice(f"{exchange.id}: the cache failed: {''.join(traceback.format_exception(error))}")

    def _fault(self, exchange: Exchange, error: Exception) -> GatewayFault:
        exchange.outcome.error = GatewayFault.error_code
        self._notice(f"{exchange.id}: {''.join(traceback.format_exception(error))}")
        fix = f"give the operator the request id {exchange.id}"
        return GatewayFault("the gateway failed", why="it is at fault and not the request", fix=fix, about=exchange.id)


async def _nothing() -> None:
    """Of what is not HTTP, nothing is served."""


def _shown(value: bytes) -> str:
    """An id from outside, as it may stand in a record: short and printable."""
    text = value[:128].decode("ascii", "replace")
    return text if text.isprintable() else ""
