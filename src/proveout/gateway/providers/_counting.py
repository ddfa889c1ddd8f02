"""Tokens and money of an answer, as a request's outcome states them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proveout.gateway.providers._usage import Tokens, estimate_in, estimate_out

if TYPE_CHECKING:
    from proveout.gateway._exchange import Exchange
    from proveout.gateway.providers._catalogue import Candidate

__all__ = ["count", "estimate"]


def count(exchange: Exchange, candidate: Candidate, tokens: Tokens, *, estimated: bool = False) -> None:
    """Put into a request's outcome what its answer took.

    Args:
        exchange: the request.
        candidate: who answered it.
        tokens: that the answer took.
        estimated: whether the provider counted none.
    """
    outcome, upstream = exchange.outcome, candidate.upstream
    outcome.route = upstream.route
    outcome.model = tokens.model or candidate.model
    outcome.tokens_in, outcome.tokens_out = tokens.tokens_in, tokens.tokens_out
    outcome.tokens_estimated = estimated
    prices = upstream.prices(candidate.model, tokens.model)
    outcome.usd = prices.usd(tokens.tokens_in, tokens.tokens_out)
    outcome.usd_unknown = bool(prices.unknown)


def estimate(exchange: Exchange, candidate: Candidate, answer: bytes, *, model: str = "") -> None:
    """Count what nobody counted: a provider bills what it has read and written, whoever went away.

    Args:
        exchange: the request.
        candidate: who was asked.
        answer: what came, in whole or in part.
        model: that answered, as the provider says.
    """
    written = 0
    if answer and exchange.operation != "embeddings":
        written = estimate_out(answer, stream=exchange.wanted.stream)
    count(exchange, candidate, Tokens(model, estimate_in(exchange.body), written), estimated=True)
