"""Local embedders opened for serving; what is heavy is imported here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from proveout.errors import SettingsInvalid
from proveout.families import fit_embedder
from proveout.gateway.tasks._batcher import Batcher
from proveout.gateway.tasks._embeddings import EmbeddingsAnswerer, Vectors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from proveout.families import Embedder

__all__ = ["open_embedder"]

# Requests in one batch, each of which may hold many texts.
MOST_REQUESTS = 16
PROBE = ("a text to measure with",)


def open_embedder(name: str, cache: Path, *, seconds: float) -> EmbeddingsAnswerer:
    """The answerer of one embedder.

    Raises:
        WeightsMissing: nothing of that name is on this machine.
        ExtraMissing: onnxruntime or tokenizers is not installed.
        SettingsInvalid: its vectors depend on the texts that it was fitted to.
    """
    embedder = fit_embedder(name, PROBE, cache)
    first = embedder.embed(PROBE)
    if not isinstance(first, np.ndarray):
        why = f"{embedder.name} is fitted to the texts of a task, and alone it knows none"
        fix = "name a pretrained embedder, such as minilm-int8"
        raise SettingsInvalid("no such embedder to serve", why=why, fix=fix, about=f"embeddings: {name}")

    def answer(requests: Sequence[list[str]]) -> list[Vectors]:
        return _vectors(embedder, requests)

    ask = Batcher(name, answer, most=MOST_REQUESTS)
    return EmbeddingsAnswerer(name, first.shape[1], ask, fingerprint=embedder.fingerprint, seconds=seconds)


def _vectors(embedder: Embedder, requests: Sequence[list[str]]) -> list[Vectors]:
    texts = [text for request in requests for text in request]
    rows = np.asarray(embedder.embed(texts), dtype="<f4")
    counted = _tokens(embedder, texts)
    found, at = [], 0
    for request in requests:
        here = slice(at, at + len(request))
        found.append(Vectors([row.tobytes() for row in rows[here]], sum(counted[here])))
        at = here.stop
    return found


def _tokens(embedder: Any, texts: Sequence[str]) -> list[int]:
    """Tokens of each text that the embedder reads; 0 where it has no tokenizer."""
    count = getattr(embedder, "count_tokens", None)
    return count(texts) if count is not None else [0] * len(texts)
