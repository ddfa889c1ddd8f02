"""NATS JetStream, by FastStream: a durable pull consumer that acknowledges once the inbox has the event."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import BusyError, DiskFull, EventInvalid
from proveout.events._committer import Committer
from proveout.events._extra import need
from proveout.events._parse import MOST_BYTES, parse_message

if TYPE_CHECKING:
    from proveout.events._inbox import Inbox

__all__ = ["NatsSource", "NatsSpec"]

AGAIN_SECONDS = 5.0
CONNECT_SECONDS = 1.0


class NatsSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Where events are read from.

    Attributes:
        url: of the server: ``nats://localhost:4222``.
        subject: with wildcards: ``orders.>``.
        stream: that keeps the subject's messages; made at first use, in files.
        durable: name of the consumer, under which the server remembers what was acknowledged.
        batch: messages asked for at once.
    """

    url: str
    subject: str
    stream: str
    durable: str = "proveout"
    batch: int = 100


class NatsSource:
    """Reads messages in the structured or binary mode of the CloudEvents NATS binding.

    A message is acknowledged after its event is on our disk; one that is no event is kept among the refused and
    terminated; while the disk is full, messages are given back. The server may go away and come back at any time.
    """

    def __init__(self, spec: NatsSpec, inbox: Inbox) -> None:
        self._spec = spec
        self._inbox = inbox
        self._committer = Committer(inbox, "nats")
        self._failure: asyncio.Future[None] | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Read until ``stop``, trying again for as long as the server cannot be reached.

        Raises:
            ExtraMissing: FastStream with NATS is not installed.
            StoreCorrupt: the inbox is damaged.
        """
        errors = need("nats.errors", "nats", "NATS JetStream")
        while not stop.is_set():
            broker = self._broker()
            try:
                await broker.start()
            except (OSError, TimeoutError, errors.Error):
                await broker.stop()
                await _pause(stop, CONNECT_SECONDS)
                continue
            try:
                await self._until(stop)
            finally:
                await broker.stop()

    async def _until(self, stop: asyncio.Event) -> None:
        """Until ``stop``, or until the inbox fails, which FastStream would only log."""
        self._failure = asyncio.get_running_loop().create_future()
        stopped = asyncio.ensure_future(stop.wait())
        waiting: list[asyncio.Future[Any]] = [stopped, self._failure]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if self._failure.done():
            self._failure.result()

    def _broker(self) -> Any:
        faststream = need("faststream.nats", "nats", "NATS JetStream")
        policy = need("faststream", "nats", "NATS JetStream").AckPolicy.MANUAL
        broker = faststream.NatsBroker(
            self._spec.url, max_reconnect_attempts=-1, reconnect_time_wait=0.2, allow_reconnect=True, logger=None
        )
        subscriber = broker.subscriber(
            self._spec.subject,
            stream=faststream.JStream(name=self._spec.stream),
            durable=self._spec.durable,
            pull_sub=faststream.PullSub(batch_size=self._spec.batch, timeout=1.0),
            ack_policy=policy,
            decoder=_as_it_is,
            no_reply=True,
        )
        message = faststream.NatsMessage

        async def take(msg: Any) -> None:
            await self._take(msg)

        # FastStream injects by annotation, and the class is known only once the extra is imported.
        take.__annotations__ = {"msg": message, "return": None}
        subscriber(take)
        return broker

    async def _take(self, msg: Any) -> None:
        try:
            events = parse_message(msg.raw_message.headers or {}, msg.raw_message.data, most_bytes=MOST_BYTES)
            await self._committer.accept(events)
        except EventInvalid as error:
            await asyncio.to_thread(self._inbox.refuse, msg.raw_message.data, error.why, via="nats")
            await msg.reject()
        except (DiskFull, BusyError):
            await msg.nack(delay=AGAIN_SECONDS)
        except Exception as error:  # noqa: BLE001  raised where somebody waits
            await msg.nack(delay=AGAIN_SECONDS)
            if self._failure is not None and not self._failure.done():
                self._failure.set_exception(error)
        else:
            await msg.ack()


async def _as_it_is(msg: Any) -> Any:
    """Instead of FastStream's decoding, which guesses by content type."""
    return msg.body


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
