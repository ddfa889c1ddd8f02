from __future__ import annotations

from pathlib import Path

import pytest

from proveout.data import SelectSplit, TrainSplit
from proveout.families import BuildRun
from proveout.families.symbolic.patterns import PatternCandidate, build_patterns
from proveout.task import Example, Task

TEXT = {"type": "string"}
CITIES = ["Bonn", "Lyon", "New York", "Ulm", "York"]
GUESTS = {"single": "me", "double": "two of us"}


@pytest.fixture(scope="session")
def trips() -> Task:
    properties = {
        "city": TEXT,
        "nights": {"type": "integer"},
        "room": {"enum": ["single", "double"]},
        "extras": {"type": "array", "items": TEXT},
    }
    return Task(
        name="trips",
        kind="extract",
        input={"type": "object", "properties": {"text": TEXT}},
        output={"type": "object", "properties": properties},
    )


@pytest.fixture(scope="session")
def splits() -> tuple[TrainSplit, SelectSplit]:
    extras = [("", []), (" with a desk", ["desk"]), (" with a balcony", ["balcony"])]
    rows = [
        Example(
            id=f"{city} {nights} {room} {said}",
            inputs={"text": f"{nights} nights in {city} for {guests}{said}"},
            expected={"city": city, "nights": nights, "room": room, "extras": extra},
        )
        for nights in range(1, 6)
        for city in CITIES
        for room, guests in GUESTS.items()
        for said, extra in extras
    ]
    train = TrainSplit(snapshot="0" * 64, examples=tuple(row for at, row in enumerate(rows) if at % 4))
    return train, SelectSplit(snapshot="0" * 64, examples=tuple(rows[::4]))


@pytest.fixture(scope="session")
def candidate(
    trips: Task, splits: tuple[TrainSplit, SelectSplit], tmp_path_factory: pytest.TempPathFactory
) -> PatternCandidate:
    run = BuildRun(seed=0, snapshot="0" * 64, cache=tmp_path_factory.mktemp("cache"))
    return build_patterns(trips, *splits, run)


@pytest.fixture(scope="session")
def saved(candidate: PatternCandidate, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    candidate.save(folder)
    return folder
