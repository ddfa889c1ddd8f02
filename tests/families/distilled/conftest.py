"""A BERT small enough to train in a test, and texts that are easy to tell apart."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

WORDS = ["my", "card", "is", "lost", "please", "refund", "order", "where", "the", "shop", "opens", "on", "day"]
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
CONFIG: dict[str, Any] = {
    "vocab_size": 0,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 128,
    "type_vocab_size": 2,
    "layer_norm_eps": 1e-12,
    "hidden_act": "gelu",
}
MakeEncoder = Callable[[str], Path]


def write_tokenizer(path: Path) -> int:
    """A WordPiece tokenizer of a few words and all letters; gives the size of its vocabulary."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors  # noqa: PLC0415  an extra

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    vocabulary = [*special, *LETTERS, *(f"##{letter}" for letter in LETTERS), *WORDS]
    entries = {token: number for number, token in enumerate(dict.fromkeys(vocabulary))}
    tokenizer = Tokenizer(models.WordPiece(entries, unk_token="[UNK]"))  # noqa: S106  a token of text
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    ends = [(token, entries[token]) for token in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    tokenizer.save(str(path))
    return len(entries)


def write_encoder(folder: Path, seed: int = 0) -> Path:
    """A random BERT as ``model.safetensors``, ``config.json`` and ``tokenizer.json``."""
    import torch  # noqa: PLC0415  an extra
    import transformers  # noqa: PLC0415  an extra
    from safetensors.torch import save_file  # noqa: PLC0415  needs torch

    folder.mkdir(parents=True)
    config = CONFIG | {"vocab_size": write_tokenizer(folder / "tokenizer.json")}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = transformers.BertModel(
            transformers.BertConfig(**config, initializer_range=0.2), add_pooling_layer=False
        )
    save_file(model.state_dict(), folder / "model.safetensors")
    return folder


@pytest.fixture(scope="session")
def encoder_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny random encoder; nobody changes it."""
    return write_encoder(tmp_path_factory.mktemp("encoders") / "tiny")


@pytest.fixture
def encoder_files(encoder_folder: Path) -> dict[str, Path]:
    """Its files, by their names."""
    return {path.name: path for path in encoder_folder.iterdir()}
