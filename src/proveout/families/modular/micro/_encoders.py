"""Encoders that micro-models share: one session for all that use the same weights, one embedding for the same text."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Any

from proveout.errors import ExtraMissing, WeightsMissing
from proveout.families._embedders import EMBEDDER_FILE, fit_embedder, load_embedder
from proveout.families._vectors import embed_all

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from proveout.families._embedders import Embedder

__all__ = ["Encoders", "SharedEncoder"]

# Batches whose vectors are kept: the steps of a few runs at once ask for the same text one after another.
KEPT = 64
LARGEST_KEPT = 256


class SharedEncoder:
    """An embedder that remembers the vectors of the last texts it was asked for.

    Attributes:
        name: as `Embedder` has it.
        fingerprint: as `Embedder` has it.
        embedded: how many texts were put through the embedder, and not remembered.
    """

    def __init__(self, embedder: Embedder) -> None:
        self.name, self.fingerprint = embedder.name, embedder.fingerprint
        self.embedded = 0
        self._embedder = embedder
        self._kept: OrderedDict[tuple[str, ...], Any] = OrderedDict()
        self._lock = Lock()

    def embed(self, texts: Sequence[str]) -> Any:
        """Vectors of shape (len(texts), d), which nobody may change."""
        key = tuple(texts)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        vectors = self._embedder.embed(texts)
        with self._lock:
            self.embedded += len(key)
            if len(key) <= LARGEST_KEPT:
                self._kept[key] = vectors
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return vectors

    def embed_rows(self, texts: Sequence[str], cache: Path, progress: Callable[[str, int, int], None]) -> Any:
        """Vectors of many texts, kept on disk; for a build."""
        return embed_all(self._embedder, texts, cache, progress)

    def save(self, folder: Path) -> None:
        """Write what `Encoders.load` needs."""
        self._embedder.save(folder)


class Encoders:
    """The encoders of one pipeline, by what their vectors depend on.

    Args:
        cache: folder for what can be made again.
    """

    def __init__(self, cache: Path) -> None:
        self.cache = cache
        self._shared: dict[str, SharedEncoder] = {}
        self._read: dict[bytes, SharedEncoder] = {}

    def fit(self, name: str, texts: Sequence[str]) -> SharedEncoder:
        """An encoder by the name of its embedder, fitted to texts where it has to be.

        Raises:
            WeightsMissing: nothing of that name is on this machine.
            ExtraMissing: a library it needs is not installed.
        """
        return self._one(fit_embedder(name, texts, self.cache))

    def load(self, folder: Path) -> SharedEncoder:
        """What `SharedEncoder.save` wrote; weights in use already are not read again."""
        said = (folder / EMBEDDER_FILE).read_bytes()
        if said not in self._read:
            self._read[said] = self._one(load_embedder(folder, self.cache))
        return self._read[said]

    def usable(self, names: Sequence[str]) -> tuple[str, ...]:
        """Those of the embedders that can be used on this machine, in order.

        Raises:
            WeightsMissing: none of them can.
        """
        found = tuple(name for name in names if self._is_usable(name))
        if not found:
            why = f"none of {', '.join(names) or 'no encoders'} is on this machine"
            raise WeightsMissing("no encoder", why=why, fix="name tfidf, which needs no weights", about="encoders")
        return found

    def _is_usable(self, name: str) -> bool:
        try:
            self.fit(name, ("some words",))
        except (WeightsMissing, ExtraMissing):
            return False
        return True

    def _one(self, embedder: Embedder) -> SharedEncoder:
        return self._shared.setdefault(embedder.fingerprint, SharedEncoder(embedder))
