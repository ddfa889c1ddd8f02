from __future__ import annotations

import asyncio
import json
import struct
from base64 import b64decode
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from proveout.errors import Overloaded, RequestInvalid, UpstreamFailed
from proveout.gateway._exchange import Exchange
from proveout.gateway.tasks import Batcher, EmbeddingsAnswerer, Vectors

MakeExchange = Callable[..., Exchange]


def vectors(requests: Sequence[list[str]]) -> list[Vectors]:
    """A vector of length and number of words; as many tokens as words."""
    found = []
    for texts in requests:
        words = [len(text.split()) for text in texts]
        rows = [struct.pack("<2f", len(text), count) for text, count in zip(texts, words, strict=True)]
        found.append(Vectors(rows, sum(words)))
    return found


def embed(exchange: Exchange, answer: Any = vectors, **fields: Any) -> Any:
    answerer = EmbeddingsAnswerer("tiny", 2, Batcher("tiny", answer, **fields))

    async def main() -> bytes:
        return (await answerer.answer(exchange)).body

    try:
        return json.loads(asyncio.run(main()))
    finally:
        answerer.close()


def test_vectors_as_numbers_and_in_base_64_are_the_same(exchange: MakeExchange) -> None:
    asked = exchange(["one two", "three"], operation="embeddings")
    plain = embed(asked)
    packed = embed(exchange(["one two", "three"], operation="embeddings", encoding_format="base64"))
    assert [one["embedding"] for one in plain["data"]] == [[7.0, 2.0], [5.0, 1.0]]
    assert [list(struct.unpack("<2f", b64decode(one["embedding"]))) for one in packed["data"]] == [
        [7.0, 2.0],
        [5.0, 1.0],
    ]
    assert plain["usage"] == {"prompt_tokens": 3, "total_tokens": 3}
    assert (asked.outcome.route, asked.outcome.tokens_in) == ("local:tiny", 3)
    assert json.loads(asked.outcome.answer) == plain


def test_one_text_is_one_vector(exchange: MakeExchange) -> None:
    assert len(embed(exchange("one", operation="embeddings", dimensions=2))["data"]) == 1


def test_what_it_does_not_do_is_refused(exchange: MakeExchange) -> None:
    with pytest.raises(RequestInvalid, match="does not support specifying dimensions"):
        embed(exchange("one", operation="embeddings", dimensions=3))
    with pytest.raises(RequestInvalid, match="gives no text"):
        embed(exchange("one"))


def test_errors_do_not_tell_what_was_embedded(exchange: MakeExchange) -> None:
    def broken(requests: Sequence[list[str]]) -> list[Vectors]:
        raise ValueError(f"cannot embed {requests}")

    with pytest.raises(UpstreamFailed) as caught:
        embed(exchange("secret", operation="embeddings"), broken)
    assert "secret" not in str(caught.value)
    with pytest.raises(Overloaded):
        embed(exchange("one", operation="embeddings"), waiting=0)
