from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from proveout.errors import PolicyInvalid
from proveout.families import (
    Claim,
    Knowledge,
    Search,
    Source,
    check_proof,
    document_versions,
    proof_checker,
    proof_checkers,
)


def claim(proof: dict[str, Any]) -> Claim:
    return Claim(inputs={"text": "hi"}, output={"y": "a"}, proof=proof, folder=Path())


@proof_checker("test-label")
def check_label(given: Claim) -> list[str]:
    """A proof that states the output in its ``says``."""
    return [] if given.proof["says"] == given.output["y"] else ["it proves another output"]


@proof_checker("test-broken")
def check_broken(given: Claim) -> list[str]:
    """A checker that cannot read what it needs."""
    raise PolicyInvalid("no policy", why=str(given.folder), fix="restore it", about="policy.yaml")


def test_a_registered_checker_decides() -> None:
    assert "test-label" in proof_checkers.names()
    assert check_proof(claim({"kind": "test-label", "says": "a"})) == ()
    assert check_proof(claim({"kind": "test-label", "says": "b"})) == ("it proves another output",)


@pytest.mark.parametrize("proof", [{}, {"kind": "nobody"}, {"kind": 3}, {"kind": ["test-label"]}])
def test_a_proof_of_no_known_kind_is_refused(proof: dict[str, Any]) -> None:
    assert "no checker of proofs" in check_proof(claim(proof))[0]


def test_a_checker_that_fails_accepts_nothing() -> None:
    assert "no policy" in check_proof(claim({"kind": "test-broken"}))[0]
    assert "KeyError" in check_proof(claim({"kind": "test-label"}))[0]


@pytest.mark.parametrize("path", ["a.md", "b.txt", "c.html"])
def test_a_knowledge_base_names_a_document_by_one_of_its_versions(path: str, tmp_path: Path) -> None:
    content = (
        b"# Title\n\nThe Rhine flows north." if path != "c.html" else b"<html><p>The Rhine flows north.</p></html>"
    )
    knowledge = Knowledge.open(tmp_path / "kb", None, tmp_path / "cache")
    knowledge.ingest([Source(path=path, content=content)])
    hit = knowledge.run(Search(text="Rhine", k=1, mode="bm25"))[0]
    assert hit.version in document_versions(path, content)
    assert hit.version not in document_versions(path, content + b" ")
    assert hit.version not in document_versions("other.md", content)
