"""Trained weights to an int8 ONNX encoder, checked for parity with the full precision one."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.families._convert import bert_to_onnx
from proveout.families._embedders import EnclosedEmbedder
from proveout.store import write_atomic

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np

    Array = np.ndarray[Any, Any]

__all__ = ["Parity", "export", "parity", "quantise"]

# Below this mean cosine the int8 graph is not the same encoder any more, and the full precision one is kept.
LEAST_COSINE = 0.97
COMPARED = 500


class Parity(msgspec.Struct, frozen=True):
    """How alike two encoders are on the same texts.

    Attributes:
        mean: mean cosine of their vectors.
        lowest: smallest cosine.
        texts: how many were compared.
    """

    mean: float
    lowest: float
    texts: int


def export(
    name: str, weights: Path, files: Mapping[str, Path], texts: Sequence[str], cache: Path
) -> tuple[EnclosedEmbedder, dict[str, Any]]:
    """An embedder of trained weights, and what the card says of its precision.

    Args:
        name: of the embedder.
        weights: safetensors.
        files: ``config.json`` and ``tokenizer.json`` of the encoder they belong to.
        texts: held-out texts to compare the precisions on.
        cache: where the graphs go.

    Raises:
        ExtraMissing: onnx or onnxruntime is not installed.
    """
    whole, small = weights.with_suffix(".onnx"), weights.with_suffix(".int8.onnx")
    bert_to_onnx(weights, files["config.json"], whole)
    quantise(whole, small)
    shared = {"tokenizer.json": files["tokenizer.json"]}
    full, light = (EnclosedEmbedder(name, {"model.onnx": graph, **shared}, cache) for graph in (whole, small))
    compared = list(texts[:COMPARED])
    found = parity(full.embed(compared), light.embed(compared))
    is_small = found.mean >= LEAST_COSINE
    said = {"value": "int8" if is_small else "float32", "cosine": found.mean, "lowest_cosine": found.lowest}
    return (light if is_small else full), {**said, "texts": found.texts, "chosen_on": "select"}


def parity(full: Array, light: Array) -> Parity:
    """Cosines between unit vectors of shape (n, d), row by row.

    Example:
        >>> import numpy as np
        >>> parity(np.eye(2), np.eye(2))
        Parity(mean=1.0, lowest=1.0, texts=2)
    """
    if not len(full):
        return Parity(1.0, 1.0, 0)
    cosines = (full * light).sum(axis=1)
    return Parity(round(float(cosines.mean()), 4), round(float(cosines.min()), 4), len(full))


def quantise(graph: Path, target: Path) -> None:
    """Weights to 8 bits, one scale a channel; activations are scaled as they come (onnxruntime's dynamic mode)."""
    from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: PLC0415  an extra

    unfinished = target.with_suffix(".unfinished")
    # It logs, at each call, the advice to run a pre-processing that these graphs do not need.
    logging.getLogger().addFilter(_quiet)
    try:
        # Unsigned, since products with signed weights saturate on processors without VNNI: another encoder there.
        quantize_dynamic(str(graph), str(unfinished), per_channel=True, weight_type=QuantType.QUInt8)
    finally:
        logging.getLogger().removeFilter(_quiet)
    write_atomic(target, unfinished.read_bytes())
    unfinished.unlink()


def _quiet(record: logging.LogRecord) -> bool:
    return "pre-processing" not in record.getMessage()
