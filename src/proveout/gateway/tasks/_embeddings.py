"""A local embedder as a model."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from proveout.errors import Refused, RequestInvalid, UpstreamFailed
from proveout.gateway._exchange import Reply
from proveout.gateway.api import JSON_TYPE, EmbeddingsRequest, ModelInfo, decode_embeddings, embedding_list

if TYPE_CHECKING:
    from collections.abc import Callable

    from proveout.gateway._exchange import Exchange
    from proveout.gateway.tasks._batcher import Batcher

__all__ = ["EmbeddingsAnswerer", "Vectors"]


class Vectors(NamedTuple):
    """Vectors of some texts: as bytes of little-endian 32-bit floats, and the tokens that were read."""

    rows: list[bytes]
    tokens: int


class EmbeddingsAnswerer:
    """Answers embeddings requests whose model is one local embedder.

    Args:
        name: what a request names as its model.
        size: numbers in a vector.
        ask: a `Batcher` from texts of one request to their `Vectors`.
        fingerprint: of all that the vectors depend on.
        seconds: in which it has to answer.
        clock: seconds; a test passes its own.
    """

    def __init__(
        self,
        name: str,
        size: int,
        ask: Batcher[list[str], Vectors],
        *,
        fingerprint: str = "",
        seconds: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name, self.fingerprint = name, fingerprint
        self._size, self._ask, self._seconds, self._clock = size, ask, seconds, clock

    @property
    def info(self) -> ModelInfo:
        """What the list of models says of it."""
        return ModelInfo(id=self.name)

    def read(self, exchange: Exchange) -> None:
        """A step: read the request's texts.

        Raises:
            RequestInvalid: it is no embeddings request, or asks for something that this embedder does not do.
        """
        if exchange.operation != "embeddings":
            fix = "ask it for embeddings, or name another model"
            raise RequestInvalid(
                "an embedder gives no text", why="it gives vectors", fix=fix, about=self.name, param="model"
            )
        request = decode_embeddings(exchange.body)
        if request.dimensions not in (None, self._size):
            what = "This model does not support specifying dimensions"
            why = f"its vectors have {self._size} numbers, and shorter ones would mean nothing"
            fix = "leave dimensions out"
            raise RequestInvalid(what, why=why, fix=fix, about="dimensions", param="dimensions")
        exchange.asked = request

    async def answer(self, exchange: Exchange) -> Reply:
        """Embed the request's texts.

        Raises:
            Overloaded: too many requests wait.
            UpstreamTimedOut: there was no answer in time.
            UpstreamFailed: the embedder failed.
        """
        if exchange.asked is None:
            self.read(exchange)
        request: EmbeddingsRequest = exchange.asked
        texts = [request.input] if isinstance(request.input, str) else request.input
        outcome, begun = exchange.outcome, self._clock()
        outcome.route, outcome.model = f"local:{self.name}", self.name
        try:
            found = await self._ask.ask(texts, seconds=self._seconds)
        except Refused:
            raise
        except Exception as error:
            why = type(error).__name__
            raise UpstreamFailed("the embedder failed", why=why, fix="try again", about=self.name) from error
        finally:
            outcome.stages["answer"] = round((self._clock() - begun) * 1_000_000)
        outcome.tokens_in = found.tokens
        rows: list[Any] = found.rows if request.encoding_format == "base64" else [_floats(row) for row in found.rows]
        outcome.answer = embedding_list(exchange.wanted.model, rows, tokens=found.tokens)
        return Reply(headers=[JSON_TYPE], body=outcome.answer)

    def close(self) -> None:
        """Refuse what waits and what comes; for the end of the process, and not for a reload."""
        self._ask.close()


def _floats(row: bytes) -> list[float]:
    from array import array  # noqa: PLC0415  only vectors as numbers need it

    numbers = array("f", row)
    return numbers.tolist()
