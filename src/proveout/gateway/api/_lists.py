"""Lists of embeddings and of models."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

import msgspec

from proveout.gateway.api._replies import Embedding, EmbeddingList, ModelList, _EmbeddingUsage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proveout.gateway.api._replies import ModelInfo

__all__ = ["embedding_list", "model_info", "model_list"]

_encode = msgspec.json.Encoder().encode


def embedding_list(model: str, vectors: Sequence[Sequence[float] | bytes], *, tokens: int) -> bytes:
    r"""Vectors in the order of the texts.

    Args:
        model: as asked for.
        vectors: numbers; or bytes of little-endian 32-bit floats, which are sent in base 64.
        tokens: of all texts, as the embedder's tokenizer counts them; 0 where it has none.

    Example:
        >>> body = embedding_list("m", [[0.5, 1.0], b"\0\0\0?"], tokens=7)
        >>> [one["embedding"] for one in msgspec.json.decode(body)["data"]]
        [[0.5, 1.0], 'AAAAPw==']
    """
    data = [
        Embedding(index=at, embedding=b64encode(one).decode() if isinstance(one, bytes) else list(one))
        for at, one in enumerate(vectors)
    ]
    usage = _EmbeddingUsage(prompt_tokens=tokens, total_tokens=tokens)
    return _encode(EmbeddingList(data=data, model=model, usage=usage))


def model_list(models: Sequence[ModelInfo]) -> bytes:
    """The body of ``GET /v1/models``.

    Example:
        >>> from proveout.gateway.api import ModelInfo
        >>> model_list([ModelInfo(id="desk")])
        b'{"object":"list","data":[{"id":"desk","object":"model","created":0,"owned_by":"proveout"}]}'
    """
    return _encode(ModelList(data=list(models)))


def model_info(model: ModelInfo) -> bytes:
    """The body of ``GET /v1/models/{id}``.

    Example:
        >>> from proveout.gateway.api import ModelInfo
        >>> model_info(ModelInfo(id="desk"))
        b'{"id":"desk","object":"model","created":0,"owned_by":"proveout"}'
    """
    return _encode(model)
