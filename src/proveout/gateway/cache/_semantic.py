"""Answers for inputs that mean the same, served only from a similarity that was certified."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import msgspec

from proveout.gateway.cache._decision import semantic_threshold
from proveout.gateway.cache._difference import difference, texts_of
from proveout.gateway.cache._exact import Cached
from proveout.gateway.cache._lookups import Lookup, LookupLog
from proveout.store import Workspace

if TYPE_CHECKING:
    from pathlib import Path

    from proveout.gateway._settings import Semantic

__all__ = ["Embeds", "Near", "Opened", "SemanticCache", "semantic_cache"]

T = TypeVar("T")
AUDIT_SHARE = 0.05
_FIRST_ROWS = 256
_THREADS = 2
# Nearest inputs that are tried until nothing forbids one.
_TRIED = 8
_WORD = 2**64
_encode = msgspec.json.Encoder(order="deterministic").encode


class Embeds(Protocol):
    """What of an embedder is needed: `proveout.families.Embedder` with dense vectors."""

    fingerprint: str

    def embed(self, texts: Sequence[str]) -> Any:
        """Rows of unit length, shape (len(texts), d)."""
        ...


class Near(msgspec.Struct, frozen=True, kw_only=True):
    """What a lookup found.

    Attributes:
        cached: the answer to serve; None when it is to be answered afresh.
        score: similarity to the nearest kept input that nothing forbids; None without one.
        vetoed: why the nearest of all may not be served, whatever the similarity.
        logged: whether it is a fair sample: any lookup while the cache is off, and one drawn for audit while it is on.
        audit: it was drawn to be answered afresh although the cache is on.
        tenant: whose answers were looked at.
        inputs: that were looked up.
        vector: of them.
        answer: kept for the nearest input, to compare with a fresh one.
    """

    cached: Cached | None
    score: float | None
    vetoed: str
    logged: bool
    audit: bool
    tenant: str
    inputs: Mapping[str, Any]
    vector: Any
    answer: Any


class _Row(msgspec.Struct, frozen=True):
    inputs: Mapping[str, Any]
    answer: Any
    cached: Cached
    expires: float


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """What a semantic cache needs once it is used.

    Attributes:
        embedder: of inputs.
        decide: from which similarity it may serve; None keeps it off.
        log: takes lookups that were answered afresh.
        close: lets go of the log.
    """

    embedder: Embeds
    decide: Callable[[], float | None]
    log: Callable[[Lookup], None]
    close: Callable[[], None] = lambda: None


class SemanticCache:
    """The answers of one task, one generation and one embedder, by the meaning of their inputs; exact search.

    Args:
        opens: called once, in a thread, at the first lookup: it may load a model.
        clock: seconds, never going back.
        most: inputs kept, the oldest out first.
        ttl_seconds: that an answer is given.
        audit_share: of requests answered afresh although the cache is on, drawn by their ids.
    """

    def __init__(
        self,
        *,
        opens: Callable[[], Opened],
        clock: Callable[[], float],
        most: int = 10_000,
        ttl_seconds: float = 3600.0,
        audit_share: float = AUDIT_SHARE,
    ) -> None:
        self._opens = opens
        self._clock = clock
        self._most = most
        self._ttl = ttl_seconds
        self._audit_share = audit_share
        self._lock = Lock()
        # Its own few, so that a rush of lookups leaves the loop's other threads alone.
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="proveout-semantic")
        self._opened: Opened | None = None
        self._threshold: float | None = None
        self._decided = False
        self._rows: list[_Row] = []
        self._tenants: Any = None
        self._vectors: Any = None
        self._oldest = 0

    def __len__(self) -> int:
        return len(self._rows)

    async def nearest(self, tenant: str, inputs: Mapping[str, Any], request_id: str) -> Near:
        """Look up in a thread: an embedding takes milliseconds, in which the loop serves others.

        Args:
            tenant: whose answers may be given.
            inputs: of the task.
            request_id: decides whether it is audited.

        Raises:
            WeightsMissing: the embedder is not installed.
        """
        return await self._apart(self.look_up, tenant, inputs, request_id)

    async def settle(self, near: Near, answer: Any, cached: Cached | None, *, time: int) -> None:
        """Log whether the nearest answer was the fresh one, and keep the fresh one.

        Args:
            near: what `nearest` found, without an answer to serve.
            answer: fresh: the task's output, compared with ``==``.
            cached: to serve later; None keeps nothing.
            time: nanoseconds since the epoch.
        """
        await self._apart(self._settle, near, answer, cached, time)

    async def refresh(self) -> float | None:
        """Read the decision again: after a reload of the settings, and from time to time, for audits may revoke it."""
        return await self._apart(self._refresh)

    def renew(self) -> None:
        """Have the next lookup read the decision again: the settings were reloaded."""
        self._decided = False

    def close(self) -> None:
        """Wait for lookups under way, and let go of the log; nothing may be looked up afterwards."""
        self._threads.shutdown()
        if self._opened is not None:
            self._opened.close()

    async def _apart(self, function: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)

    def _refresh(self) -> float | None:
        with self._lock:
            self._decided = False
            self._open()
            return self._threshold

    def _open(self) -> Opened:
        if self._opened is None:
            self._opened = self._opens()
        if not self._decided:
            self._threshold = self._opened.decide()
            self._decided = True
        return self._opened

    def look_up(self, tenant: str, inputs: Mapping[str, Any], request_id: str) -> Near:
        """What `nearest` does, in this thread."""
        with self._lock:
            embedder = self._open().embedder
        vector = embedder.embed(["\n".join(texts_of(inputs))])[0]
        with self._lock:
            threshold = self._threshold
            row, score, vetoed = self._best(tenant, inputs, vector)
        audit = threshold is not None and _drawn(request_id) < self._audit_share
        sure = threshold is not None and score is not None and score >= threshold
        return Near(
            cached=row.cached if row is not None and sure and not audit else None,
            score=score,
            vetoed=vetoed,
            logged=threshold is None or audit,
            audit=audit,
            tenant=tenant,
            inputs=inputs,
            vector=vector,
            answer=row.answer if row is not None else None,
        )

    def _best(self, tenant: str, inputs: Mapping[str, Any], vector: Any) -> tuple[_Row | None, float | None, str]:
        """The nearest input of the tenant's that nothing forbids, its similarity, and what forbade the nearest."""
        vetoed = ""
        if not self._rows:
            return None, None, vetoed
        import numpy as np  # noqa: PLC0415  only a task with a semantic cache needs it

        scores = self._vectors[: len(self._rows)] @ vector
        scores[self._tenants[: len(self._rows)] != _number(tenant)] = -np.inf
        now = self._clock()
        for _ in range(min(_TRIED, len(self._rows))):
            at = int(scores.argmax())
            if scores[at] == -np.inf:
                break
            row = self._rows[at]
            forbidden = "" if row.expires > now else "it is too old"
            forbidden = forbidden or difference(row.inputs, inputs)
            if not forbidden:
                return row, float(scores[at]), vetoed
            vetoed = vetoed or forbidden
            scores[at] = -np.inf
        return None, None, vetoed

    def _settle(self, near: Near, answer: Any, cached: Cached | None, time: int) -> None:
        with self._lock:
            opened = self._open()
            if cached is not None:
                self._keep(near, answer, cached)
        if near.logged:
            agree = near.score is not None and bool(near.answer == answer)
            said = blake2b(_encode(near.inputs), digest_size=8).hexdigest()
            found = Lookup(time=time, input=said, score=near.score, agree=agree, vetoed=near.vetoed, audit=near.audit)
            opened.log(found)

    def _keep(self, near: Near, answer: Any, cached: Cached) -> None:
        row = _Row(near.inputs, answer, cached, self._clock() + self._ttl)
        if len(self._rows) < self._most:
            at = len(self._rows)
            self._grow(near.vector)
            self._rows.append(row)
        else:
            at = self._oldest
            self._oldest = (self._oldest + 1) % self._most
            self._rows[at] = row
        self._vectors[at] = near.vector
        self._tenants[at] = _number(near.tenant)

    def _grow(self, vector: Any) -> None:
        """Room for one more row, doubled when there is none."""
        import numpy as np  # noqa: PLC0415  only a task with a semantic cache needs it

        if self._vectors is None:
            rows = min(_FIRST_ROWS, self._most)
            self._vectors = np.zeros((rows, len(vector)), dtype=np.float32)
            self._tenants = np.zeros(rows, dtype=np.uint64)
        elif len(self._rows) == len(self._vectors):
            more = min(len(self._vectors), self._most - len(self._vectors))
            self._vectors = np.concatenate([self._vectors, np.zeros((more, self._vectors.shape[1]), np.float32)])
            self._tenants = np.concatenate([self._tenants, np.zeros(more, np.uint64)])


def _number(tenant: str) -> int:
    return int.from_bytes(blake2b(tenant.encode(), digest_size=8).digest(), "big")


def _drawn(request_id: str) -> float:
    return int.from_bytes(blake2b(b"audit" + request_id.encode(), digest_size=8).digest(), "big") / _WORD


def semantic_cache(
    home: Path,
    task: str,
    *,
    generation: str,
    terms: Semantic,
    clock: Callable[[], float],
    ttl_seconds: float = 3600.0,
    embedder: Callable[[Path], Embeds] | None = None,
) -> SemanticCache:
    """The semantic cache of a task, with its log and its decision; nothing is loaded before the first lookup.

    Args:
        home: folder of ``gateway.toml``.
        task: name.
        generation: see `task_generation`; a change of it needs a new cache.
        terms: of the settings.
        clock: seconds, never going back.
        ttl_seconds: that an answer is given.
        embedder: from the folder for derived files; the packaged MiniLM when left out.
    """

    def opens() -> Opened:
        made = (embedder or packaged_embedder)(Workspace(home).cache)
        log = LookupLog(home, task=task, generation=generation, embedder=made.fingerprint)

        def decide() -> float | None:
            return semantic_threshold(home, task, generation=generation, embedder=made.fingerprint, terms=terms)

        return Opened(embedder=made, decide=decide, log=log.append, close=log.close)

    return SemanticCache(opens=opens, clock=clock, ttl_seconds=ttl_seconds)


def packaged_embedder(cache: Path) -> Embeds:
    """MiniLM in int8; vectors of words and letters would be too wide for an exact search in memory.

    Raises:
        WeightsMissing: it is not installed.
    """
    from proveout.families import fit_embedder  # noqa: PLC0415  onnxruntime, and only a semantic cache needs it

    return fit_embedder("minilm-int8", (), cache)
