from __future__ import annotations

import statistics
from pathlib import Path

from proveout.families._incumbent import _simulated
from proveout.task import Example, Incumbent, Simulation, content_hash
from proveout.testing import make_task


def rows(count: int) -> list[Example]:
    labels = ["card", "refund", "hours"]
    return [Example(id=str(n), inputs={"text": f"text {n}"}, expected={"intent": labels[n % 3]}) for n in range(count)]


def test_a_simulation_errs_as_often_as_it_says_and_always_the_same_way(tmp_path: Path) -> None:
    del tmp_path
    task = make_task(incumbent=Incumbent(mode="simulated", simulated=Simulation(error_rate=0.1, latency_ms=500.0)))
    examples = rows(5000)
    answers = _simulated(task, examples)
    assert answers == _simulated(task, examples[::-1])
    wrong = [answers[content_hash(one.inputs)].output != one.expected for one in examples]
    # Four standard deviations of a binomial share.
    assert abs(sum(wrong) / 5000 - 0.1) < 4 * (0.1 * 0.9 / 5000) ** 0.5
    assert {answer.output["intent"] for answer in answers.values()} == {"card", "refund", "hours"}
    assert abs(statistics.median(answer.wall_seconds for answer in answers.values()) - 0.5) < 0.02


def test_another_seed_errs_elsewhere() -> None:
    answers = [
        _simulated(make_task(incumbent=Incumbent(mode="simulated", simulated=Simulation(seed=seed))), rows(500))
        for seed in (0, 1)
    ]
    assert answers[0] != answers[1]
