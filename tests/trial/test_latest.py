"""A finished trial read back."""

from __future__ import annotations

from pathlib import Path

import pytest

from proveout import loop, trial
from proveout.errors import ArtifactCorrupt, TrialNotFound
from proveout.store import Workspace
from proveout.task import fingerprint, load_task


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, trial.Comparison]:
    root = tmp_path_factory.mktemp("latest")
    texts = {"card": "my card {} is lost", "refund": "please refund order {}"}
    for name, start, stop in (("train", 0, 40), ("test", 40, 60)):
        rows = [f"{text.format(number)},{intent}" for number in range(start, stop) for intent, text in texts.items()]
        (root / f"{name}.csv").write_text("\n".join(["text,intent", *rows]) + "\n", encoding="utf-8")
    folder = root / "desk"
    files = {"examples": [root / "train.csv"], "test": [root / "test.csv"]}
    loop.new(folder, kind="classify", **files, inputs=["text"], outputs=["intent"])  # type: ignore[arg-type]
    loop.compare(folder, names=["retrieval"], embedder="tfidf")
    return folder, loop.compare(folder, names=["llm", "retrieval"], embedder="tfidf")


def test_what_is_read_back_is_what_was_returned(compared: tuple[Path, trial.Comparison]) -> None:
    folder, returned = compared
    found = trial.latest_trial(Workspace(folder), task=fingerprint(load_task(folder)))
    assert trial.comparison_to_json(found) == trial.comparison_to_json(returned)


def test_mean_usage_is_that_of_the_recorded_answers(compared: tuple[Path, trial.Comparison]) -> None:
    folder, returned = compared
    found = trial.mean_usage(Workspace(folder), returned)
    for one in returned.candidates:
        assert found[one.id].usd * 1000 == pytest.approx(one.cost.provider_per_1000)


def test_no_trial_here(tmp_path: Path, compared: tuple[Path, trial.Comparison]) -> None:
    with pytest.raises(TrialNotFound, match="none has ended here"):
        trial.latest_trial(Workspace(tmp_path), task="f")
    with pytest.raises(TrialNotFound, match="2 ended"):
        trial.latest_trial(Workspace(compared[0]), task="another")


def test_answers_that_are_gone_or_altered(compared: tuple[Path, trial.Comparison]) -> None:
    folder, returned = compared
    path = next((folder / ".proveout" / "trials" / "answers").rglob("*.json"))
    content = path.read_bytes()
    for broken in (content + b" ", None):
        path.unlink() if broken is None else path.write_bytes(broken)
        with pytest.raises(ArtifactCorrupt):
            trial.mean_usage(Workspace(folder), returned)
    path.write_bytes(content)
