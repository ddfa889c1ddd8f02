"""Embedders: texts to vectors, by name."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
import numpy as np

from proveout._registry import Registry
from proveout.errors import ExtraMissing, WeightsMissing
from proveout.families._encoder import OnnxEncoder
from proveout.families._weights import hub_folder, locate
from proveout.task import canonical_json, content_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sklearn.feature_extraction.text import TfidfVectorizer

    Vectors = Any

__all__ = [
    "EMBEDDER_FILE",
    "Embedder",
    "EmbedderKind",
    "EnclosedEmbedder",
    "embedder",
    "embedders",
    "fit_embedder",
    "folder_files",
    "load_embedder",
]

EMBEDDER_FILE = "embedder.json"
ENCLOSED = ("model.onnx", "tokenizer.json")
MOST_TERMS = 30_000


class Embedder(Protocol):
    """Turns texts into rows of unit length; equal texts give equal rows, whatever their batch.

    Attributes:
        name: as a task or a build option gives it.
        fingerprint: a hash of everything its vectors depend on.
    """

    name: str
    fingerprint: str

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape (len(texts), d), float32; dense, or a SciPy CSR matrix."""
        ...

    def save(self, folder: Path) -> None:
        """Write what `load_embedder` needs; weights that ship in a package are named, not copied."""
        ...


class EmbedderKind(Protocol):
    """Makes embedders of one name: fitted to texts, or from what one saved."""

    def fit(self, texts: Sequence[str], cache: Path) -> Embedder:
        """An embedder for these texts; pretrained ones ignore them."""
        ...

    def load(self, saved: dict[str, Any], cache: Path) -> Embedder:
        """The embedder that wrote ``saved``."""
        ...


embedders: Registry[EmbedderKind] = Registry("embedder", group="proveout.embedders", missing=WeightsMissing)
embedder = embedders.register


def fit_embedder(name: str, texts: Sequence[str], cache: Path) -> Embedder:
    """An embedder by registered name, local folder or hub id.

    ``auto`` takes the packaged MiniLM when it is installed, and ``tfidf`` otherwise.

    Raises:
        WeightsMissing: nothing of that name is on this machine.
        WeightsMismatch: packaged weights do not have the pinned hash.
        ExtraMissing: onnxruntime or tokenizers is not installed.
    """
    if name == "auto":
        return _auto(texts, cache)
    if name in embedders.names():
        return embedders.create(name).fit(texts, cache)
    return _from_folder(name, cache)


def load_embedder(folder: Path, cache: Path) -> Embedder:
    """Read what `Embedder.save` wrote."""
    saved = msgspec.json.decode((folder / EMBEDDER_FILE).read_bytes())
    name = saved["name"]
    if saved.get("enclosed"):
        return EnclosedEmbedder(name, {file: folder / file for file in ENCLOSED}, cache)
    return embedders.create(name).load(saved, cache) if name in embedders.names() else _from_folder(name, cache)


def _auto(texts: Sequence[str], cache: Path) -> Embedder:
    try:
        return embedders.create("minilm-int8").fit(texts, cache)
    except (WeightsMissing, ExtraMissing):
        return embedders.create("tfidf").fit(texts, cache)


def _from_folder(name: str, cache: Path) -> Embedder:
    return PretrainedEmbedder(name, OnnxEncoder.open(folder_files(name), cache))


def folder_files(name: str) -> dict[str, Path]:
    """Files of a model in a local folder or the hub's cache, by their names.

    Raises:
        WeightsMissing: there is no such folder.
    """
    folder = Path(name) if Path(name).is_dir() else hub_folder(name)
    inside = [folder, folder / "onnx"]
    return {file.name: file for place in reversed(inside) if place.is_dir() for file in place.iterdir()}


class PretrainedEmbedder:
    """A sentence encoder whose weights exist already."""

    def __init__(self, name: str, encoder: OnnxEncoder) -> None:
        self.name = name
        self.fingerprint = encoder.fingerprint
        self._encoder = encoder

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Mean-pooled, normalised token embeddings, shape (len(texts), d)."""
        return self._encoder.encode(texts)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens that are read of each text."""
        return self._encoder.count_tokens(texts)

    def save(self, folder: Path) -> None:
        """Name the weights and their hash."""
        content = canonical_json({"name": self.name, "fingerprint": self.fingerprint})
        (folder / EMBEDDER_FILE).write_bytes(content)


class EnclosedEmbedder(PretrainedEmbedder):
    """A sentence encoder made for one candidate, whose weights are saved with it."""

    def __init__(self, name: str, files: Mapping[str, Path], cache: Path) -> None:
        super().__init__(name, OnnxEncoder.open(files, cache))
        self._files = files

    def save(self, folder: Path) -> None:
        """Copy the weights."""
        for file in ENCLOSED:
            shutil.copyfile(self._files[file], folder / file)
        saved = {"name": self.name, "fingerprint": self.fingerprint, "enclosed": True}
        (folder / EMBEDDER_FILE).write_bytes(canonical_json(saved))


class PackagedKind:
    """Embedders of a packaged model."""

    def __init__(self, name: str) -> None:
        self._name = name

    def fit(self, texts: Sequence[str], cache: Path) -> Embedder:
        """The pretrained encoder, whatever the texts."""
        del texts
        return PretrainedEmbedder(self._name, OnnxEncoder.open(locate(self._name), cache))

    def load(self, saved: dict[str, Any], cache: Path) -> Embedder:
        """The same; its files are checked against their pinned hashes again."""
        del saved
        return self.fit((), cache)


def _packaged(name: str) -> Callable[[], EmbedderKind]:
    return lambda: PackagedKind(name)


embedder("minilm-int8")(_packaged("minilm-int8"))
embedder("minilm")(_packaged("minilm"))


class TfidfEmbedder:
    """Words, word pairs and character 3- to 5-grams, weighted by sublinear TF-IDF; needs no weights."""

    name = "tfidf"

    def __init__(self, vectorisers: tuple[TfidfVectorizer, TfidfVectorizer]) -> None:
        self._vectorisers = vectorisers
        self.fingerprint = content_hash(self._state())

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Sparse rows of unit length, shape (len(texts), terms)."""
        from scipy import sparse  # noqa: PLC0415  a candidate on dense vectors never needs it
        from sklearn.preprocessing import normalize  # noqa: PLC0415

        parts = [vectoriser.transform(texts) for vectoriser in self._vectorisers]
        return normalize(sparse.hstack(parts, format="csr")).astype(np.float32)

    def save(self, folder: Path) -> None:
        """Vocabulary and inverse document frequencies, as JSON."""
        (folder / EMBEDDER_FILE).write_bytes(canonical_json(self._state()))

    def _state(self) -> dict[str, Any]:
        terms = [list(vectoriser.get_feature_names_out()) for vectoriser in self._vectorisers]
        weights = [[round(float(weight), 6) for weight in vectoriser.idf_] for vectoriser in self._vectorisers]
        return {"name": self.name, "terms": terms, "idf": weights}


@embedder("tfidf")
class TfidfKind:
    """Fits and loads `TfidfEmbedder`."""

    def fit(self, texts: Sequence[str], cache: Path) -> Embedder:
        """Learn terms and their weights from texts."""
        del cache
        first, second = _vectorisers()
        for vectoriser in (first, second):
            vectoriser.fit(texts)
            vectoriser.idf_ = np.round(vectoriser.idf_, 6)
        return TfidfEmbedder((first, second))

    def load(self, saved: dict[str, Any], cache: Path) -> Embedder:
        """The embedder with the saved terms and weights."""
        del cache
        pair = _vectorisers()
        for vectoriser, terms, weights in zip(pair, saved["terms"], saved["idf"], strict=True):
            vectoriser.vocabulary = {term: at for at, term in enumerate(terms)}
            vectoriser.fit([""])
            vectoriser.idf_ = np.array(weights)
        return TfidfEmbedder(pair)


def _vectorisers() -> tuple[TfidfVectorizer, TfidfVectorizer]:
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415  a second, and few commands need it

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, max_features=MOST_TERMS)
    pieces = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, max_features=MOST_TERMS)
    return words, pieces
