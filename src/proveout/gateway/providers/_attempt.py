"""One call of a provider: to its whole answer, or to the first event of a stream."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from proveout.errors import UpstreamFailed, UpstreamLied
from proveout.gateway._exchange import Reply
from proveout.gateway.providers._body import body_for
from proveout.gateway.providers._counting import count, estimate
from proveout.gateway.providers._failure import JSON, Failure, failure_of_error
from proveout.gateway.providers._headers import passed_on, without
from proveout.gateway.providers._hedge import hedged
from proveout.gateway.providers._refusal import began_with_error, refusal
from proveout.gateway.providers._relay import Relay
from proveout.gateway.providers._usage import tokens_of, tokens_of_events
from proveout.gateway.upstream import Call

if TYPE_CHECKING:
    from collections.abc import Callable

    from proveout.gateway._exchange import Exchange
    from proveout.gateway.providers._catalogue import Candidate
    from proveout.gateway.upstream import Response

__all__ = ["Attempt"]

PATHS = {"chat": "/chat/completions", "responses": "/responses", "embeddings": "/embeddings"}
EVENTS = (b"content-type", b"text/event-stream; charset=utf-8")
OK, FIRST_NOT_OK = 200, 300
MILLISECONDS = 1000.0


class Attempt:
    """Calls of one provider for one request.

    Args:
        candidate: who is asked.
        exchange: the request, whose outcome is filled in.
        clock: seconds, monotonic.
        begun: when the request was taken up.
        first: whether the model was meant for this provider.

    Attributes:
        candidate: as given.
        exchange: as given.
        begun: as given.
    """

    __slots__ = ("_asks_usage", "_clock", "_headers", "_upstream", "begun", "candidate", "exchange")

    def __init__(
        self, candidate: Candidate, exchange: Exchange, *, clock: Callable[[], float], begun: float, first: bool
    ) -> None:
        upstream = candidate.upstream
        self.candidate = candidate
        self._upstream = upstream
        self.exchange = exchange
        self._clock = clock
        self.begun = begun
        self._headers = upstream.credentials.headers(exchange, first=first)
        self._asks_usage = exchange.operation == "chat" and upstream.asks_usage

    async def make(self) -> Reply | Failure:
        """Call, unless the circuit breaker is open, and tell it what came of it.

        Raises:
            RequestInvalid: the request cannot be passed on.
        """
        exchange = self.exchange
        model, asks_usage = self.candidate.model, self._asks_usage
        body = body_for(exchange.body, exchange.wanted, model=model, ask_usage=asks_usage)
        result = await self._guarded(Call(PATHS[exchange.operation], body, self._headers))
        if asks_usage or exchange.operation != "chat":
            if asks_usage and isinstance(result, Failure) and result.usage_refused:
                # It may not know what is asked for in the client's place: once more as the client put it.
                self._asks_usage = False
                return await self.make()
        elif isinstance(result, Reply):
            # So it was: from now on its tokens are estimated.
            self._upstream.asks_usage = False
        return result

    async def _guarded(self, call: Call) -> Reply | Failure:
        breaker = self._upstream.breaker
        permit = breaker.enter()
        if permit is None:
            return self._not_asked()
        self.exchange.outcome.attempts += 1
        well: bool | None = None
        try:
            hedge = self._upstream.terms.hedge_after_ms
            sending = self._upstream.client.send(call) if hedge is None else self._hedged(call, hedge)
            response = await sending
            try:
                result = await (self._whole(response) if self._is_whole(response) else self._read(response, permit))
            except BaseException:
                response.close()
                raise
            well = True if isinstance(result, Reply) else result.well
        except UpstreamFailed as error:
            well = False
            result = failure_of_error(error)
        except asyncio.CancelledError:
            self.exchange.outcome.cancelled = True
            estimate(self.exchange, self.candidate, b"")
            raise
        finally:
            # A call that was cancelled says nothing, but it may have been the one that was to try.
            breaker.record(permit, well=well)
        return result

    async def _hedged(self, call: Call, after_ms: float) -> Response:
        return await hedged(self._upstream.client, call, after=after_ms / MILLISECONDS, may=self._may_hedge)

    def _may_hedge(self) -> bool:
        may = self._upstream.budget.withdraw()
        self.exchange.outcome.attempts += may
        return may

    def _is_whole(self, response: Response) -> bool:
        """Whether it is an answer that comes in one piece."""
        streamed = self.exchange.wanted.stream and self.exchange.operation != "embeddings"
        return not streamed and OK <= response.status < FIRST_NOT_OK

    async def _read(self, response: Response, permit: int) -> Reply | Failure:
        if not OK <= response.status < FIRST_NOT_OK:
            return await refusal(self._upstream, response)
        self.exchange.outcome.stages["upstream"] = self._microseconds()
        return await self._streamed(response, permit)

    async def _whole(self, response: Response) -> Reply:
        self.exchange.outcome.stages["upstream"] = self._microseconds()
        body = await response.read()
        secrets = self._upstream.credentials.secrets
        for secret in secrets:
            if secret in body:
                body = without(secrets, body)
        try:
            tokens = tokens_of(body)
        except msgspec.DecodeError:
            raise UpstreamLied(
                "the provider's answer cannot be used",
                why="it is no JSON object",
                fix="check base_url in gateway.toml",
                about=self._upstream.name,
            ) from None
        exchange = self.exchange
        outcome = exchange.outcome
        outcome.answer = body
        outcome.stages["answer"] = self._microseconds()
        if tokens.counted:
            count(exchange, self.candidate, tokens)
        else:
            estimate(exchange, self.candidate, body, model=tokens.model)
        return Reply(status=response.status, headers=[JSON, *passed_on(response.headers)], body=body)

    async def _streamed(self, response: Response, permit: int) -> Reply | Failure:
        exchange, upstream = self.exchange, self._upstream

        def settle(relay: Relay, error: UpstreamFailed | None, cancelled: bool) -> None:  # noqa: FBT001  a callback
            self._settle(relay, error, cancelled=cancelled)
            if error is not None:
                upstream.breaker.record(permit, well=False)

        relay = Relay(
            response,
            exchange.operation,
            withhold=exchange.operation == "chat" and not exchange.wanted.usage_asked,
            secrets=upstream.credentials.secrets,
            settle=settle,
        )
        failure = began_with_error(upstream, await relay.begin())
        if failure is not None:
            response.close()
            return failure
        exchange.outcome.stages["first_token"] = self._microseconds()
        return Reply(status=OK, headers=[EVENTS, *passed_on(response.headers)], chunks=relay)

    def _settle(self, relay: Relay, error: UpstreamFailed | None, *, cancelled: bool) -> None:
        exchange = self.exchange
        outcome = exchange.outcome
        outcome.stages["answer"] = self._microseconds()
        outcome.answer = relay.events
        outcome.cancelled = cancelled
        outcome.error = "" if error is None else error.error_code
        tokens = tokens_of_events(relay.usage or outcome.answer)
        if tokens.counted:
            count(exchange, self.candidate, tokens)
        else:
            estimate(exchange, self.candidate, outcome.answer, model=tokens.model)

    def _not_asked(self) -> Failure:
        breaker = self._upstream.breaker
        error = UpstreamFailed(
            "the provider is not asked for now",
            why=f"{self._upstream.name} failed {breaker.failures} times in a row",
            fix="try again later",
            about=self._upstream.name,
            retry_after=breaker.seconds_left,
        )
        return Failure(error=error, attempted=False, again=False, well=None)

    def _microseconds(self) -> int:
        return int((self._clock() - self.begun) * 1e6)
