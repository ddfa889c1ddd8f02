"""Pruning a trained encoder: fewer layers, fewer weights, fewer words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    Array = np.ndarray[Any, Any]
    Arrays = dict[str, Array]
    # The ids of a text's tokens.
    Tokens = Callable[[str], Sequence[int]]

__all__ = ["Encoder", "drop_layers", "drop_words", "read_encoder", "thin", "tokens_of", "write_encoder"]

WORDS = "embeddings.word_embeddings.weight"
LAYER = "encoder.layer."
FILES = ("model.safetensors", "config.json", "tokenizer.json")


class Encoder(msgspec.Struct, frozen=True):
    """Weights by the names of Hugging Face's ``BertModel``, configuration and tokenizer, as their files hold them."""

    weights: dict[str, Any]
    config: dict[str, Any]
    tokenizer: dict[str, Any]


def read_encoder(files: Mapping[str, Path]) -> Encoder:
    """Read ``model.safetensors``, ``config.json`` and ``tokenizer.json``."""
    from safetensors.numpy import load_file  # noqa: PLC0415  beside what needs it

    weights = {name.removeprefix("bert."): value for name, value in load_file(files[FILES[0]]).items()}
    config, tokenizer = (msgspec.json.decode(files[name].read_bytes()) for name in FILES[1:])
    return Encoder(weights, config, tokenizer)


def write_encoder(encoder: Encoder, folder: Path) -> dict[str, Path]:
    """Write the three files into a folder; gives their paths by name."""
    from safetensors.numpy import save_file  # noqa: PLC0415  beside what needs it

    folder.mkdir(parents=True, exist_ok=True)
    files = {name: folder / name for name in FILES}
    save_file({name: np.ascontiguousarray(value) for name, value in encoder.weights.items()}, files[FILES[0]])
    for name, content in zip(FILES[1:], (encoder.config, encoder.tokenizer), strict=True):
        files[name].write_bytes(msgspec.json.encode(content))
    return files


def drop_layers(encoder: Encoder, kept: Sequence[int]) -> Encoder:
    """The encoder with these of its layers, in this order (structured pruning).

    Example:
        >>> weights = {f"encoder.layer.{at}.w": np.full(1, at) for at in range(3)}
        >>> drop_layers(Encoder(weights, {"num_hidden_layers": 3}, {}), [0, 2]).weights
        {'encoder.layer.0.w': array([0]), 'encoder.layer.1.w': array([2])}
    """
    weights = {name: value for name, value in encoder.weights.items() if not name.startswith(LAYER)}
    for to, layer in enumerate(kept):
        own = f"{LAYER}{layer}."
        found = {name.removeprefix(own): value for name, value in encoder.weights.items() if name.startswith(own)}
        weights |= {f"{LAYER}{to}.{name}": value for name, value in found.items()}
    config = encoder.config | {"num_hidden_layers": len(kept)}
    return msgspec.structs.replace(encoder, weights=weights, config=config)


def thin(encoder: Encoder, share: float) -> Encoder:
    """The encoder with the smallest weights of each linear layer set to zero (magnitude pruning, Han et al. 2015).

    Zeros take the same space and time unless a file is compressed or a kernel skips them; the shape stays.

    Args:
        encoder: to prune.
        share: of a layer's weights that become zero, from 0 to 1.

    Example:
        >>> weights = {"encoder.layer.0.output.dense.weight": np.array([[1.0, -4.0], [3.0, -2.0]])}
        >>> thin(Encoder(weights, {}, {}), 0.5).weights["encoder.layer.0.output.dense.weight"].tolist()
        [[0.0, -4.0], [3.0, 0.0]]
    """
    weights = {
        name: _thinned(value, share) if name.startswith(LAYER) and value.ndim == 2 else value  # noqa: PLR2004  a matrix
        for name, value in encoder.weights.items()
    }
    return msgspec.structs.replace(encoder, weights=weights)


def _thinned(value: Array, share: float) -> Array:
    count = int(share * value.size)
    smallest = np.argsort(np.abs(value), axis=None, kind="stable")[:count]
    thinned = value.copy()
    thinned.reshape(-1)[smallest] = 0
    return thinned


def tokens_of(files: Mapping[str, Path], texts: Sequence[str]) -> set[int]:
    """Ids of the tokens that texts are made of."""
    from tokenizers import Tokenizer  # noqa: PLC0415  an extra

    tokenizer = Tokenizer.from_file(str(files[FILES[2]]))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return {number for encoding in tokenizer.encode_batch(list(texts)) for number in encoding.ids}


def drop_words(encoder: Encoder, seen: set[int]) -> Encoder:
    """The encoder without the tokens that no text of the task has.

    Single characters, word pieces of one character and the tokenizer's own tokens stay: a word whose token is gone is
    then spelled with shorter pieces, as WordPiece does with any word it does not know, and is not lost. A text all of
    whose tokens stay is cut into the same tokens as before, since the longest match is still there.

    Args:
        encoder: whose tokenizer is a WordPiece.
        seen: ids of the tokens to keep, as `tokens_of` gives them.
    """
    model = encoder.tokenizer["model"]
    special = {entry["id"] for entry in encoder.tokenizer.get("added_tokens", ())} | _named(encoder.tokenizer)
    prefix = model.get("continuing_subword_prefix", "##")
    short = {number for token, number in model["vocab"].items() if len(token.removeprefix(prefix)) == 1}
    kept = sorted((seen | special | short | {model["vocab"][model["unk_token"]]}) & set(model["vocab"].values()))
    to = {number: at for at, number in enumerate(kept)}
    vocabulary = {token: to[number] for token, number in model["vocab"].items() if number in to}
    weights = encoder.weights | {WORDS: encoder.weights[WORDS][kept]}
    config = encoder.config | {"vocab_size": len(kept)} | _moved_padding(encoder.config, to)
    tokenizer = _renumbered(encoder.tokenizer, to) | {"model": model | {"vocab": vocabulary}}
    return Encoder(weights, config, tokenizer)


def _named(tokenizer: dict[str, Any]) -> set[int]:
    """Ids that the post-processor puts around a text."""
    special = (tokenizer.get("post_processor") or {}).get("special_tokens") or {}
    return {number for entry in special.values() for number in entry["ids"]}


def _moved_padding(config: dict[str, Any], to: Mapping[int, int]) -> dict[str, int]:
    return {"pad_token_id": to.get(config["pad_token_id"], 0)} if config.get("pad_token_id") is not None else {}


def _renumbered(tokenizer: dict[str, Any], to: Mapping[int, int]) -> dict[str, Any]:
    """The tokenizer's own tokens under their new ids; padding and truncation are set by who uses it."""
    added = [entry | {"id": to[entry["id"]]} for entry in tokenizer.get("added_tokens", ())]
    after = dict(tokenizer.get("post_processor") or {})
    if after.get("special_tokens"):
        after["special_tokens"] = {
            name: entry | {"ids": [to[number] for number in entry["ids"]]}
            for name, entry in after["special_tokens"].items()
        }
    return tokenizer | {
        "added_tokens": added,
        "post_processor": after or tokenizer.get("post_processor"),
        "padding": None,
        "truncation": None,
    }
