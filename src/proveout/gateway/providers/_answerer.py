"""What answers a request whose model is a provider's."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from proveout.errors import UpstreamTimedOut
from proveout.gateway._exchange import Reply
from proveout.gateway.providers._attempt import Attempt
from proveout.gateway.providers._failure import Failure, failure_of_error, pause
from proveout.gateway.providers._refusal import code_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from proveout.gateway._exchange import Exchange
    from proveout.gateway.providers._catalogue import Candidate
    from proveout.gateway.providers._providers import Providers

__all__ = ["ProviderAnswerer"]


class ProviderAnswerer:
    """Passes a request on to a provider, and its answer back; asks again, or elsewhere, while that can help.

    Until the first byte of an answer has gone to the client, a failed call is made again within the provider's
    ``retries``, ``retry_share`` and ``total_seconds``; then its fallbacks are asked. After it nothing is tried: a
    stream that breaks off ends with an event that holds the error.

    Args:
        providers: who may answer.
        sleep: waits between calls.
    """

    __slots__ = ("_providers", "_sleep")

    def __init__(self, providers: Providers, *, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        self._providers = providers
        self._sleep = sleep

    async def answer(self, exchange: Exchange) -> Reply:
        """Answer, and fill in the exchange's outcome.

        Raises:
            ModelUnknown: no provider has the model.
            RequestInvalid: the request cannot be passed on.
            UpstreamFailed: no provider answered.
        """
        candidates = self._providers.candidates(exchange.wanted.model)
        attempt = self._attempt(candidates[0], exchange, begun=self._providers.clock(), first=True)
        result = await attempt.make()
        return result if isinstance(result, Reply) else await self._go_on(attempt, result, candidates[1:])

    async def _go_on(self, attempt: Attempt, result: Reply | Failure, others: tuple[Candidate, ...]) -> Reply:
        """After a first failure: the same provider while that may help, then its fallbacks."""
        primary, exchange = attempt.candidate, attempt.exchange
        result = await self._again(attempt, result)
        for other in others:
            if isinstance(result, Reply) or not result.elsewhere:
                break
            # Vectors of another model are no answer to a question about this one.
            if exchange.operation == "embeddings" and other.model != primary.model:
                continue
            further = self._attempt(other, exchange, begun=attempt.begun, first=False)
            latest = await self._again(further, await self._within(further))
            if isinstance(latest, Reply) or latest.attempted or not result.attempted:
                result = latest
        return result if isinstance(result, Reply) else _given_up(exchange, result)

    def _attempt(self, candidate: Candidate, exchange: Exchange, *, begun: float, first: bool) -> Attempt:
        candidate.upstream.budget.deposit()
        exchange.outcome.route = candidate.upstream.route
        return Attempt(candidate, exchange, clock=self._providers.clock, begun=begun, first=first)

    async def _again(self, attempt: Attempt, result: Reply | Failure) -> Reply | Failure:
        """Ask one provider again where that may help."""
        upstream = attempt.candidate.upstream
        clock, rng = self._providers.clock, self._providers.rng
        tried = 0
        while not isinstance(result, Reply):
            left = upstream.terms.total_seconds - (clock() - attempt.begun)
            wait = pause(result, tried, upstream.terms, budget=upstream.budget, rng=rng, left=left)
            if wait is None:
                break
            tried += 1
            await self._sleep(wait)
            latest = await self._within(attempt)
            if isinstance(latest, Failure) and not latest.attempted:
                break
            result = latest
        return result

    async def _within(self, attempt: Attempt) -> Reply | Failure:
        """A further call, in what is left of the time for the request as a whole."""
        upstream = attempt.candidate.upstream
        left = upstream.terms.total_seconds - (self._providers.clock() - attempt.begun)
        try:
            async with asyncio.timeout(max(left, 0.0)):
                return await attempt.make()
        except TimeoutError:
            why = f"all calls together may take {upstream.terms.total_seconds:g} s"
            return failure_of_error(
                UpstreamTimedOut(
                    "the provider did not answer in time", why=why, fix="try again later", about=upstream.name
                )
            )


def _given_up(exchange: Exchange, failure: Failure) -> Reply:
    outcome = exchange.outcome
    reply = failure.reply
    if reply is None:
        outcome.error = failure.error.error_code
        raise failure.error
    outcome.error = code_of(reply.body) or f"upstream_{reply.status}"
    outcome.answer = reply.body
    return reply
