from __future__ import annotations

from pathlib import Path

import pytest

from proveout.families import BuildRun
from proveout.families.llm._prompt import pool_of
from proveout.families.llm._shown import chosen, loaded
from proveout.task import Incumbent, Task
from proveout.testing import make_splits, make_task


def similar(count: int = 3) -> Task:
    return make_task(incumbent=Incumbent(examples_chosen="similar", examples_shown=count))


def run(folder: Path) -> BuildRun:
    return BuildRun(seed=0, snapshot="s", cache=folder, embedder="tfidf")


def test_similar_examples_are_of_the_same_wording(tmp_path: Path) -> None:
    shown = chosen(similar(), pool_of(make_splits()[0].examples), run(tmp_path))
    card, hours = shown.for_inputs([{"text": "my card 500 is lost"}, {"text": "when do you close on day 700"}])
    assert all('"card"' in shot.given and "is lost" in shot.asked for shot in card[:3])
    assert all('"hours"' in shot.given for shot in hours[:3])
    assert shown.parameter()["embedder"] == "tfidf"


def test_a_batch_is_as_single_inputs_and_it_loads(tmp_path: Path) -> None:
    shown = chosen(similar(), pool_of(make_splits()[0].examples), run(tmp_path))
    inputs = [one.inputs for one in make_splits()[1].examples]
    together = shown.for_inputs(inputs)
    assert together == [shown.for_inputs([one])[0] for one in inputs]
    shown.save(tmp_path)
    again = loaded(tmp_path, tmp_path / "empty", similar().incumbent, shown.shots, ("text",))
    assert again.for_inputs(inputs) == together
    assert again.parameter() == shown.parameter()


@pytest.mark.parametrize("task", [make_task(), similar(0)])
def test_otherwise_all_inputs_get_the_same(tmp_path: Path, task: Task) -> None:
    shown = chosen(task, pool_of(make_splits()[0].examples), run(tmp_path))
    first, second = shown.for_inputs([{"text": "a"}, {"text": "b"}])
    assert first == second
    assert len(first) == task.incumbent.examples_shown
    assert shown.parameter()["value"] == "spread"


def test_without_labelled_rows_nothing_is_shown(tmp_path: Path) -> None:
    assert chosen(similar(), [], run(tmp_path)).for_inputs([{"text": "a"}]) == [[]]
