"""Decisions on a semantic cache: what they stand on, what voids them, and that looking often buys nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from proveout.errors import CertificateCorrupt, EvidenceUnusable
from proveout.gateway._settings import Semantic
from proveout.gateway.cache import (
    Lookup,
    LookupLog,
    SemanticDecision,
    certify_semantic,
    semantic_decisions,
    semantic_folder,
    semantic_threshold,
)

TERMS = Semantic(alpha=0.05, delta=0.1)


def write(home: Path, lookups: list[Lookup], **changed: str) -> None:
    log = LookupLog(home, **{"task": "desk", "generation": "g", "embedder": "e", **changed})
    for lookup in lookups:
        log.append(lookup)
    log.close()


def good(count: int, start: int = 0, **changed: Any) -> list[Lookup]:
    return [
        Lookup(**{"time": at, "input": f"i{at}", "score": 0.9, "agree": True, **changed})
        for at in range(start, start + count)
    ]


def decide(home: Path, at: int = 10**6) -> SemanticDecision:
    return certify_semantic(home, "desk", alpha=0.05, delta=0.1, clock=lambda: at)


def threshold(home: Path, **changed: Any) -> float | None:
    return semantic_threshold(home, "desk", **{"generation": "g", "embedder": "e", "terms": TERMS, **changed})


def test_a_decision_is_kept_and_served_by(tmp_path: Path) -> None:
    assert threshold(tmp_path) is None
    write(tmp_path, good(400))
    decision = decide(tmp_path)
    assert (decision.threshold, decision.chosen_on, decision.certified_on, decision.wrong) == (0.9, 200, 200, 0)
    assert threshold(tmp_path) == 0.9
    assert semantic_decisions(tmp_path, "desk") == [decision]


@pytest.mark.parametrize(
    "changed",
    [
        {"generation": "h"},
        {"embedder": "f"},
        {"terms": Semantic(alpha=0.01, delta=0.1)},
        {"terms": Semantic(alpha=0.05, delta=0.05)},
    ],
)
def test_it_is_void_for_anything_else(tmp_path: Path, changed: dict[str, Any]) -> None:
    write(tmp_path, good(400))
    decide(tmp_path)
    assert threshold(tmp_path, **changed) is None


def test_a_laxer_promise_may_be_served_by_a_stricter_decision(tmp_path: Path) -> None:
    write(tmp_path, good(400))
    decide(tmp_path)
    assert threshold(tmp_path, terms=Semantic(alpha=0.1, delta=0.2)) == 0.9


def test_lookups_that_disagree_keep_it_off(tmp_path: Path) -> None:
    write(tmp_path, [msgspec.structs.replace(one, agree=at % 8 > 0) for at, one in enumerate(good(1000))])
    assert decide(tmp_path).threshold is None
    assert threshold(tmp_path) is None


def test_repeats_of_one_input_are_no_evidence(tmp_path: Path) -> None:
    write(tmp_path, [msgspec.structs.replace(one, input="same") for one in good(2000)])
    decision = decide(tmp_path)
    assert (decision.units, decision.threshold) == (1, None)


def test_a_second_look_sees_new_lookups_and_less_error(tmp_path: Path) -> None:
    write(tmp_path, good(60))
    first = decide(tmp_path)
    assert first.threshold is None
    with pytest.raises(EvidenceUnusable, match="60 of them were looked at"):
        decide(tmp_path)
    write(tmp_path, good(300, start=60))
    second = decide(tmp_path, 10**6 + 1)
    assert (second.look, second.chosen_on, second.certified_on) == (2, 60, 300)
    assert second.threshold == 0.9


def test_looking_again_and_again_is_wrong_no_more_often_than_promised(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    broken = 0
    for trial in range(60):
        home = tmp_path / str(trial)
        for look in range(4):
            rows = good(120, start=look * 120)
            wrong = rng.random(len(rows)) < 0.055  # just over alpha, so that every certificate is a wrong one
            write(home, [msgspec.structs.replace(one, agree=not bad) for one, bad in zip(rows, wrong, strict=True)])
            if decide(home, look).threshold is not None:
                broken += 1
                break
    assert broken <= 60 * 0.1 + 6


def test_without_lookups_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EvidenceUnusable, match=r"cache\.semantic"):
        decide(tmp_path)
    write(tmp_path, good(1))
    with pytest.raises(EvidenceUnusable, match="more requests"):
        decide(tmp_path)


def test_a_changed_byte_is_found(tmp_path: Path) -> None:
    write(tmp_path, good(400))
    decide(tmp_path)
    (path,) = semantic_folder(tmp_path, "desk").glob("*.json")
    content = path.read_bytes()
    for altered in (content.replace(b'"threshold":0.9', b'"threshold":0.1'), content[:-9], b""):
        assert altered != content
        path.write_bytes(altered)
        with pytest.raises(CertificateCorrupt):
            threshold(tmp_path)


def test_a_decision_for_another_cannot_be_put_in_its_place(tmp_path: Path) -> None:
    write(tmp_path, good(400))
    decide(tmp_path)
    (path,) = semantic_folder(tmp_path, "desk").glob("*.json")
    write(tmp_path, good(1), generation="h")
    other = max(semantic_folder(tmp_path, "desk").glob("*.jsonl"), key=lambda log: log.stat().st_mtime_ns)
    path.rename(path.with_name(f"{other.stem}.0001.json"))
    with pytest.raises(CertificateCorrupt):
        threshold(tmp_path, generation="h")


def test_audits_of_live_requests_revoke_it(tmp_path: Path) -> None:
    write(tmp_path, good(400))
    decision = decide(tmp_path, 500)
    assert decision.threshold is not None
    write(tmp_path, good(300, start=1000, audit=True))
    assert threshold(tmp_path) == 0.9
    write(tmp_path, good(300, start=2000, audit=True, score=0.1, agree=False))  # below: would not have been served
    assert threshold(tmp_path) == 0.9
    write(
        tmp_path, [msgspec.structs.replace(one, agree=at % 3 > 0) for at, one in enumerate(good(300, 3000, audit=True))]
    )
    assert threshold(tmp_path) is None


def test_audits_are_no_evidence_for_a_new_decision(tmp_path: Path) -> None:
    write(tmp_path, good(400, audit=True))
    with pytest.raises(EvidenceUnusable, match="0 lookups"):
        decide(tmp_path)


def test_what_is_served_is_right_too_and_not_only_rare(tmp_path: Path) -> None:
    """Of all lookups 1 % would be answered wrongly, which is allowed; of those that are served, half."""
    rows = [
        msgspec.structs.replace(one, score=0.9 if at % 50 == 0 else None, agree=at % 100 == 0)
        for at, one in enumerate(good(2000))
    ]
    write(tmp_path, rows)
    decision = decide(tmp_path)
    assert (decision.threshold, decision.bound) == (None, None)
