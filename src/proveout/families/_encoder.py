"""Sentence encoders on onnxruntime: tokenise, run, pool."""

from __future__ import annotations

import hashlib
import mmap
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from proveout.errors import ExtraMissing, WeightsMissing
from proveout.families._weights import sha256

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    Array = np.ndarray[Any, Any]

__all__ = ["OnnxEncoder"]

LONGEST = 128
BATCH = 64
# What onnxruntime puts before each quantised product: one scale for the whole batch, so that a text would be scaled by
# its neighbours.
SHARED_SCALE = b"DynamicQuantizeLinear"


class OnnxEncoder:
    """Mean-pooled token embeddings of a BERT-like encoder, as Sentence-BERT has them (Reimers and Gurevych 2019).

    Attributes:
        fingerprint: SHA-256 over the hashes of model and tokenizer.
    """

    def __init__(self, session: Any, tokenizer: Any, fingerprint: str, batch: int = BATCH) -> None:
        self._session = session
        self._batch = batch
        self._tokenizer = tokenizer
        self._wanted = [entry.name for entry in session.get_inputs()]
        self.fingerprint = fingerprint

    @classmethod
    def open(cls, files: Mapping[str, Path], cache: Path) -> OnnxEncoder:
        """Load ``model.onnx`` (or ``model.safetensors``, converted into ``cache`` once) and ``tokenizer.json``.

        Raises:
            WeightsMissing: one of them is not among the files.
            ExtraMissing: onnxruntime or tokenizers is not installed.
        """
        runtime, tokenizers = _libraries()
        hashes = _hashes(files)
        model = files.get("model.onnx") or _converted(files, cache)
        options = runtime.SessionOptions()
        options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)
        options.log_severity_level = 3
        session = runtime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        tokenizer = tokenizers.Tokenizer.from_file(str(files["tokenizer.json"]))
        tokenizer.enable_truncation(LONGEST)
        tokenizer.no_padding()
        fingerprint = hashlib.sha256("".join(hashes).encode()).hexdigest()
        return cls(session, tokenizer, fingerprint, batch=1 if _shares_scale(model) else BATCH)

    def encode(self, texts: Sequence[str]) -> Array:
        """Unit vectors of shape (len(texts), d), float32.

        Texts of like length share a batch, but not in a graph of dynamic int8: there a text's vector would depend on
        the texts beside it, and its answer with it.
        """
        tokens = self._tokens(texts)
        order = sorted(range(len(tokens)), key=lambda row: len(tokens[row]))
        cut = range(0, len(order), self._batch)
        pieces = [self._run([tokens[row] for row in order[at : at + self._batch]]) for at in cut]
        if not pieces:
            return np.zeros((0, 0), dtype=np.float32)
        stacked = np.concatenate(pieces)
        vectors = np.empty_like(stacked)
        vectors[order] = stacked
        return vectors

    def states(self, text: str) -> tuple[Array, list[tuple[int, int]]]:
        """The last hidden state of each token of a text, (tokens, d), and the characters that the token covers.

        The marks at both ends of the text cover none.
        """
        encoding = self._tokenizer.encode(text)
        ids = np.array([encoding.ids], dtype=np.int64)
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        hidden = self._session.run(None, {name: feed[name] for name in self._wanted})[0]
        return np.asarray(hidden[0], dtype=np.float32), list(encoding.offsets)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens that are read of each text, the marks at both ends included; what is longer is cut."""
        return [len(ids) for ids in self._tokens(texts)]

    def _tokens(self, texts: Sequence[str]) -> list[list[int]]:
        if len(texts) == 1:
            # A batch goes to a pool of threads, which costs one short text more than cutting it.
            return [self._tokenizer.encode(texts[0]).ids]
        return [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]

    def _run(self, batch: Sequence[Sequence[int]]) -> Array:
        width = max(len(ids) for ids in batch)
        ids = np.zeros((len(batch), width), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, tokens in enumerate(batch):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        hidden = self._session.run(None, {name: feed[name] for name in self._wanted})[0]
        pooled = (hidden * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        return np.asarray(pooled / np.linalg.norm(pooled, axis=1, keepdims=True), dtype=np.float32)


def _shares_scale(model: Path) -> bool:
    with model.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(SHARED_SCALE) >= 0


def _libraries() -> tuple[Any, Any]:
    try:
        import onnxruntime  # noqa: PLC0415  an extra
        import tokenizers  # noqa: PLC0415  an extra
    except ImportError as error:
        fix = 'pip install "proveout[encoder]"; or use the embedder tfidf, which needs nothing more'
        raise ExtraMissing("an extra is missing", why=f"no module {error.name}", fix=fix, about="encoder") from error
    return onnxruntime, tokenizers


def _hashes(files: Mapping[str, Path]) -> list[str]:
    model = "model.onnx" if "model.onnx" in files else "model.safetensors"
    for name in (model, "tokenizer.json"):
        if name not in files:
            fix = "name a folder that holds model.onnx (or model.safetensors and config.json) and tokenizer.json"
            raise WeightsMissing("no such weights", why=f"{name} is not there", fix=fix, about=", ".join(files) or "?")
    return [sha256(files[model]), sha256(files["tokenizer.json"])]


def _converted(files: Mapping[str, Path], cache: Path) -> Path:
    """The ONNX graph of safetensors weights, made once and kept under the weights' hash."""
    target = cache / "onnx" / f"{sha256(files['model.safetensors'])}.onnx"
    if not target.exists():
        from proveout.families._convert import bert_to_onnx  # noqa: PLC0415  needs the extra `convert`

        bert_to_onnx(files["model.safetensors"], files["config.json"], target)
    return target
