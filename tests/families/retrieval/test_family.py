from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from proveout.families import BuildRun, PassageCandidate, RetrievalCandidate, default_families, families
from proveout.task import Documents, Incumbent
from proveout.testing import check_family, make_splits, make_task

ENDPOINT = Incumbent(mode="endpoint", model="m", base_url="http://127.0.0.1:1/v1")


@pytest.mark.parametrize(
    ("name", "fields", "reason"),
    [
        ("retrieval", {"kind": "answer"}, "documents.paths names no documents"),
        ("retrieval-llm", {"kind": "answer", "incumbent": ENDPOINT}, "documents.paths names no documents"),
        ("retrieval-llm", {"kind": "classify", "incumbent": ENDPOINT}, "the family llm shows the nearest examples"),
        ("retrieval-llm", {"kind": "extract", "incumbent": ENDPOINT}, "the family llm shows the nearest examples"),
        ("retrieval-llm", {"kind": "answer", "documents": Documents(paths=("*.md",))}, "incumbent.mode names no model"),
    ],
)
def test_why_it_does_not_fit(name: str, fields: dict[str, Any], reason: str) -> None:
    fit = families.create(name).fits(make_task(**fields))
    assert not fit.ok
    assert reason in fit.reason


@pytest.mark.parametrize("mode", ["endpoint", "local"])
def test_the_variant_fits_a_model_that_can_be_asked(mode: Any) -> None:
    incumbent = msgspec.structs.replace(ENDPOINT, mode=mode)
    task = make_task(kind="answer", documents=Documents(paths=("*.md",)), incumbent=incumbent)
    assert families.create("retrieval-llm").fits(task).ok


def test_the_variant_is_built_only_when_it_is_named() -> None:
    assert "retrieval-llm" in families.names()
    assert "retrieval-llm" not in default_families()


def test_a_saved_candidate_is_loaded_as_what_it_is(
    asking: Callable[..., Any], handbook: dict[str, bytes], tmp_path: Path
) -> None:
    family = families.create("retrieval")
    cases = {"answer": (asking(), PassageCandidate), "classify": ((make_task(), make_splits()), RetrievalCandidate)}
    for name, ((task, (train, select)), kind) in cases.items():
        run = BuildRun(seed=0, snapshot="0" * 64, cache=tmp_path, embedder="tfidf", documents=lambda: handbook)
        (tmp_path / name).mkdir()
        family.build(task, train, select, run).save(tmp_path / name)
        assert isinstance(family.candidate.load(tmp_path / name, tmp_path), kind)


def test_votes_pass_the_suite_of_families(tmp_path: Path) -> None:
    check_family(families.create("retrieval"), make_task(), make_splits(), tmp_path, embedder="tfidf")
