"""Evidence with a known truth, and certificates made from it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from proveout import certify
from proveout.certify import Certificate, Claim, Row

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()


def make_rows(
    count: int,
    *,
    seed: int = 0,
    wrong: float = 0.02,
    unlabelled: float = 0.0,
    segments: tuple[str, ...] = ("",),
    sessions: int | None = None,
) -> list[Row]:
    """Rows that differ with a probability falling with their score; ``wrong`` is the mean."""
    rng = np.random.default_rng(seed)
    scores = rng.random(count)
    differ = rng.random(count) < 2 * wrong * (1 - scores)
    rows = []
    for at in range(count):
        known = rng.random() >= unlabelled
        ours = bool(not differ[at] or rng.random() < 0.5)
        theirs = bool(ours != differ[at])
        rows.append(
            Row(
                input=f"{at:032x}",
                unit=str(at if sessions is None else at % sessions),
                segment=segments[at % len(segments)],
                score=None if scores[at] < 0.02 else float(scores[at]),
                student="s",
                incumbent="i" if differ[at] else "s",
                student_right=ours if known else None,
                incumbent_right=theirs if known else None,
            )
        )
    return rows


def make_plan(rows: list[Row], *, claim: Claim = "agreement", alpha: float = 0.02, **changes: object) -> certify.Plan:
    """A plan chosen on some rows."""
    segments = tuple(sorted({row.segment for row in rows} - {""}))
    grid = certify.choose_grid(rows, claim=claim, alpha=alpha, delta=0.05, segments=segments)
    units = len({row.unit for row in rows})
    fields = {
        "task": "f" * 64,
        "task_name": "desk",
        "snapshot": "5" * 64,
        "candidate": "distilled@0123456789ab",
        "incumbent": certify.Incumbency(source="recorded"),
        "grid": grid,
        "expected": certify.expect(rows, grid, units),
        "unit": "row" if units == len(rows) else "session",
        "select_rows": len(rows),
        **changes,
    }
    return certify.Plan(**fields)  # type: ignore[arg-type]  # changes are fields too


def make_certificate(plan: certify.Plan, rows: list[Row]) -> tuple[Certificate, bytes]:
    """Issued under a fixed key at a fixed time."""
    spending = certify.Spending(budget=0.05, before=0.0, spent=0.05, looks=(), entry=3)
    return certify.issue(plan, rows, spending, now=datetime(2026, 1, 2, tzinfo=UTC), key=PUBLIC, sign=sign)


def sign(statement: bytes) -> bytes:
    return KEY.sign(b"proveout statement v1\n" + statement)


class Made(NamedTuple):
    """What tests make evidence with."""

    rows: Callable[..., list[Row]] = make_rows
    plan: Callable[..., certify.Plan] = make_plan
    certificate: Callable[..., tuple[Certificate, bytes]] = make_certificate
    key: bytes = PUBLIC
    sign: Callable[[bytes], bytes] = sign


@pytest.fixture(scope="session")
def made() -> Made:
    """The makers above."""
    return Made()


Write = Callable[[Certificate, bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Put a certificate and its evidence into a folder."""

    def put(certificate: Certificate, evidence: bytes) -> Path:
        (tmp_path / f"{certificate.evidence.sha256}.json").write_bytes(evidence)
        path = tmp_path / certificate.path_name
        path.write_bytes(certify.certificate_bytes(certificate))
        return path

    return put
