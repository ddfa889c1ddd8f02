"""Whether a task's semantic cache may serve, and from which similarity: decided on lookups, by a certificate."""

from __future__ import annotations

import time
from hashlib import blake2b, sha256
from typing import TYPE_CHECKING

import msgspec

from proveout.errors import CertificateCorrupt, EvidenceUnusable
from proveout.gateway.cache._lookups import Lookup, address, lookups_of, semantic_folder
from proveout.store import write_atomic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from proveout.certify import Part, Step
    from proveout.gateway._settings import Semantic

__all__ = ["SemanticDecision", "certify_semantic", "semantic_decisions", "semantic_threshold"]

_encode = msgspec.json.Encoder(order="deterministic").encode


class SemanticDecision(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided for one task, one generation of its answers and one embedder; nothing else is served by it.

    Attributes:
        task: name.
        generation: of its answers.
        embedder: fingerprint.
        alpha: share of lookups that may be answered otherwise than a fresh answer would.
        delta: probability that this is broken, over all looks together.
        look: how many decisions there were for this task, generation and embedder; each has a half of the delta left.
        threshold: similarity from which it serves; None keeps it off.
        chosen_on: lookups the thresholds were chosen on.
        certified_on: later ones that they were tested on.
        units: distinct inputs among these.
        served: of these lookups that would have been served.
        wrong: distinct inputs served another answer.
        bound: share of wrong answers at most, where it serves.
        evidence: SHA-256 of the lookups.
        time: nanoseconds since the epoch.
        hash: BLAKE2b-128 of all above.
    """

    task: str
    generation: str
    embedder: str
    alpha: float
    delta: float
    look: int
    threshold: float | None
    chosen_on: int
    certified_on: int
    units: int
    served: int
    wrong: int
    bound: float | None
    evidence: str
    time: int
    hash: str = ""

    def sealed(self) -> SemanticDecision:
        """The same with its hash."""
        clear = msgspec.structs.replace(self, hash="")
        return msgspec.structs.replace(self, hash=blake2b(_encode(clear), digest_size=16).hexdigest())


def certify_semantic(
    home: Path, task: str, *, alpha: float = 0.01, delta: float = 0.05, clock: Callable[[], int] = time.time_ns
) -> SemanticDecision:
    """Decide on the lookups of a task's newest answers, and keep the decision for the gateway to serve by.

    Served is a similarity that is certified and at which no more than alpha of what is served was wrong.
    Thresholds are chosen on the older half of the lookups and tested on the newer (`proveout.certify.certify_cache`).
    A second look tests on lookups that came after the first alone, and look k has the error ``delta / 2**k``, so that
    all looks together are wrong with probability at most delta. Lookups of equal inputs count once.

    Args:
        home: folder of ``gateway.toml``.
        task: name.
        alpha: share of lookups that may be answered otherwise than a fresh answer would.
        delta: probability that this is broken.
        clock: nanoseconds since the epoch.

    Raises:
        EvidenceUnusable: no lookups were logged, or none since the last look.
        CertificateCorrupt: the last decision was altered.
    """
    from proveout.certify import CacheLookup, certify_cache  # noqa: PLC0415  SciPy, which serving does without

    head, found = lookups_of(_newest(home, task))
    rows = [lookup for lookup in found if not lookup.audit]
    before = _decisions(home, task, head.generation, head.embedder)
    cut = _cut(task, len(rows), before)
    look = len(before) + 1
    evidence = [CacheLookup(score=row.score, agree=row.agree, namespace=task, session=row.input) for row in rows]
    (part,) = certify_cache(evidence[:cut], evidence[cut:], alpha=alpha, delta=delta / 2**look)
    step = _precise(part, alpha)
    decision = SemanticDecision(
        task=task,
        generation=head.generation,
        embedder=head.embedder,
        alpha=alpha,
        delta=delta,
        look=look,
        threshold=step.threshold if step else None,
        chosen_on=cut,
        certified_on=len(rows) - cut,
        units=part.units,
        served=step.served if step else 0,
        wrong=step.worse if step else 0,
        bound=part.bound if step else None,
        evidence=sha256(_encode(rows)).hexdigest(),
        time=clock(),
    ).sealed()
    name = f"{address(task, head.generation, head.embedder)}.{look:04d}.json"
    write_atomic(semantic_folder(home, task) / name, _encode(decision))
    return decision


def _precise(part: Part, alpha: float) -> Step | None:
    """The certified similarity that serves most, of those where what is served is right often enough too.

    The certificate bounds wrong answers as a share of all lookups; where it serves few, half of these might be wrong.
    Any certified similarity above the last one wrongs no more lookups, so that the bound of the last holds for it.
    """
    passed = part.path[: part.passed]
    return next((step for step in reversed(passed) if step.worse <= alpha * step.served), None)


def _cut(task: str, rows: int, before: list[SemanticDecision]) -> int:
    """Where the lookups that it is tested on begin: none of them may have been looked at."""
    seen = before[-1].chosen_on + before[-1].certified_on if before else 0
    cut = seen or rows // 2
    if 0 < cut < rows:
        return cut
    why = f"{rows} lookups are logged, and {seen} of them were looked at before"
    fix = "let the gateway answer more requests with the cache off"
    raise EvidenceUnusable("no lookups to certify on", why=why, fix=fix, about=task)


def _newest(home: Path, task: str) -> Path:
    logs = sorted(semantic_folder(home, task).glob("*.jsonl"), key=lambda path: path.stat().st_mtime_ns)
    if not logs:
        fix = f'add [cache.semantic."{task}"] to gateway.toml, and let the gateway answer requests'
        raise EvidenceUnusable("no lookups to certify on", why="none were logged", fix=fix, about=task)
    return logs[-1]


def semantic_decisions(home: Path, task: str) -> list[SemanticDecision]:
    """All decisions for a task, the oldest first.

    Raises:
        CertificateCorrupt: one was altered.
    """
    return sorted(map(_read, semantic_folder(home, task).glob("*.json")), key=lambda found: found.time)


def _decisions(home: Path, task: str, generation: str, embedder: str) -> list[SemanticDecision]:
    folder = semantic_folder(home, task)
    return [_read(path) for path in sorted(folder.glob(f"{address(task, generation, embedder)}.*.json"))]


def _read(path: Path) -> SemanticDecision:
    try:
        decision = msgspec.json.decode(path.read_bytes(), type=SemanticDecision)
    except msgspec.DecodeError as error:
        raise _corrupt(path, str(error)) from error
    if decision.sealed().hash != decision.hash or not path.name.startswith(
        address(decision.task, decision.generation, decision.embedder)
    ):
        raise _corrupt(path, "its hash or its name is that of another content")
    return decision


def _corrupt(path: Path, why: str) -> CertificateCorrupt:
    fix = "delete it and run: proveout cache certify"
    return CertificateCorrupt("a decision on a semantic cache was altered", why=why, fix=fix, about=str(path))


def semantic_threshold(home: Path, task: str, *, generation: str, embedder: str, terms: Semantic) -> float | None:
    """From which similarity the cache of a task may serve; None keeps it off.

    It is off without a decision for this very generation and embedder, with one for a laxer promise than the settings
    make now, and once audits of live requests say that the promise is broken.

    Raises:
        CertificateCorrupt: the decision was altered.
    """
    decisions = _decisions(home, task, generation, embedder)
    if not decisions:
        return None
    newest = decisions[-1]
    if newest.threshold is None or newest.alpha > terms.alpha or newest.delta > terms.delta:
        return None
    log = semantic_folder(home, task) / f"{address(task, generation, embedder)}.jsonl"
    found = lookups_of(log)[1] if log.exists() else []
    audits = [lookup for lookup in found if lookup.audit and lookup.time > newest.time]
    return None if promise_broken(audits, newest) else newest.threshold


def promise_broken(audits: Iterable[Lookup], decision: SemanticDecision) -> bool:
    """Whether requests that were drawn at random and answered afresh contradict the decision.

    A test that is valid at any time (`proveout.certify.LifelongState`): it alarms falsely with probability at most
    5 %, over the whole life of the decision.
    """
    from proveout.certify import LifelongState, lifelong_terms  # noqa: PLC0415  SciPy; once a reload, off the hot path

    if decision.threshold is None:
        return False
    threshold = decision.threshold
    losses = [int(row.score is not None and row.score >= threshold and not row.agree) for row in audits]
    return LifelongState().after_all(losses, lifelong_terms(decision.alpha)).alarmed
