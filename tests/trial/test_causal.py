"""Fakes that ignore or use certain words get exactly the figures that follow."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import numpy as np
import pytest

from proveout.errors import RowInvalid
from proveout.ledger import LedgerReader
from proveout.task import Answer, Causal, CausalFactor, Task, fingerprint
from proveout.trial import compare_schema, comparison_to_json
from proveout.trial._causal import _share
from proveout.trial._entries import ContrastOpened, ProbesMade
from proveout.trial._intervals import cluster_interval
from proveout.trial._verify import verify_trial

Bench = Any  # the fixture's class lives in conftest, which a test module cannot import
GREETING = CausalFactor(name="greeting", role="non-causal", insert=("Hello.", "Good day."))
DAYS = CausalFactor(
    name="days",
    role="causal",
    find="([0-9]{1,3}) days",
    range=(1, 60),
    direction="down",
    threshold=(30,),
)
NAME = CausalFactor(
    name="name", role="protected", insert=("Best, {}",), groups={"women": ("Emma", "Anna"), "men": ("Omar", "Jim")}
)


def task_of(folder: Path, *factors: CausalFactor, **fields: Any) -> Task:
    return Task(
        name="desk",
        kind="decide",
        input={"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}},
        output={"type": "object", "properties": {"decision": {"enum": ["approve", "refuse"]}}},
        target="decision",
        causal=Causal(factors=factors, order=("refuse", "approve"), **fields),
        root=folder,
    )


def right(text: str) -> str:
    return "approve" if int(text.split(" days", maxsplit=1)[0].rsplit(maxsplit=1)[-1]) < 30 else "refuse"


def rows_of(bench: Bench, days: list[int]) -> list[Any]:
    return [
        msgspec.structs.replace(
            row, inputs={"text": f"it came {day} days ago"}, expected={"decision": right(f"{day} days")}
        )
        for row, day in zip(bench.rows(["a"] * len(days)), days, strict=True)
    ]


def asked(bench: Bench, task: Task, answerer: Any, days: Any = range(5, 60, 2), **fields: Any) -> Any:
    """The causal axis of one fake."""
    rows = rows_of(bench, list(days))
    snapshot = bench.Snapshot(task, rows[:2], rows)
    one = bench.built(snapshot, lambda inputs, _n: said(answerer(inputs["text"])), **fields)
    return bench.compare(task, snapshot, [one], causal=True)


def said(decision: str) -> Answer:
    if not decision:
        return Answer(guess={"decision": "refuse"}, confidence=0.2, abstention="low confidence")
    return Answer(output={"decision": decision}, guess={"decision": decision}, confidence=0.9)


def write_pairs(folder: Path, pairs: list[tuple[int, int]], **changed: str) -> None:
    with (folder / "contrast.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["id", "pair", "factor", "role", "value", "text", "decision"])
        writer.writeheader()
        for number, (before, after) in enumerate(pairs):
            for side, day in (("a", before), ("b", after)):
                row = {"id": f"{number}{side}", "pair": "" if side == "a" else f"{number}a", "factor": "days"}
                text = f"it came {day} days ago"
                row |= {"role": "causal", "value": str(day), "text": text, "decision": right(text)}
                writer.writerow(row | (changed if side == "b" else {}))


def test_a_candidate_that_follows_the_facts_is_consistent(bench: Bench) -> None:
    write_pairs(bench.folder, [(29, 31), (28, 45), (10, 50)])
    result = asked(bench, task_of(bench.folder, GREETING, DAYS, NAME, contrast=("contrast.csv",)), right)
    jsonschema.Draft202012Validator(compare_schema()).validate(
        msgspec.json.decode(msgspec.json.encode(comparison_to_json(result)))
    )
    axis = result.candidates[0].axes.causal
    shares = {
        name: getattr(axis, name).value
        for name in ("consistency", "invariance", "direction", "flip", "flip_given_base", "group_consistency")
    }
    assert set(shares.values()) == {1.0}
    assert axis.boundary_error.value == 0.0
    assert axis.protected_gap.value == 0.0
    assert axis.protected_unchanged.value == 1.0
    assert axis.undefined == {}
    assert (axis.edits, axis.pairs) == (28 * 6, 3)


def test_a_candidate_that_hears_a_greeting_loses_exactly_those_rows(bench: Bench) -> None:
    task = task_of(bench.folder, GREETING, edits=1)

    def answer(text: str) -> str:
        return "approve" if "Hello." in text else right(text)

    result = asked(bench, task, answer)
    axis = result.candidates[0].axes.causal
    edits = [one for one in probes_of(bench) if "Hello." in one["text"]]
    changed = sum(right(one["text"]) == "refuse" for one in edits)
    assert 0 < changed < 28
    assert axis.invariance.value == pytest.approx(1 - changed / 28)
    assert axis.consistency.value == pytest.approx(axis.invariance.value)
    assert axis.direction is None
    assert axis.undefined["direction"].startswith("no edit moved")
    assert any("direction is not defined" in one for one in result.warnings)


def probes_of(bench: Bench) -> list[dict[str, str]]:
    path = next((bench.workspace.trials / "probes").rglob("*.json"))
    found: list[dict[str, str]] = msgspec.json.decode(path.read_bytes())
    return found


def test_a_constant_candidate_is_invariant_and_never_flips(bench: Bench) -> None:
    write_pairs(bench.folder, [(29, 31), (28, 45)])
    task = task_of(bench.folder, GREETING, DAYS, contrast=("contrast.csv",))
    axis = asked(bench, task, lambda _text: "approve").candidates[0].axes.causal
    assert (axis.invariance.value, axis.direction.value, axis.flip.value) == (1.0, 1.0, 0.0)
    assert axis.consistency.value == 0.0
    assert axis.flip_given_base.value == 0.0


def test_a_candidate_that_turns_the_wrong_way(bench: Bench) -> None:
    task = task_of(bench.folder, DAYS, edits=4)

    def turned(text: str) -> str:
        return "refuse" if right(text) == "approve" else "approve"

    axis = asked(bench, task, turned).candidates[0].axes.causal
    moved = [(row, edit) for row, edit in moves(bench, range(5, 60, 2)) if right(row) != right(edit)]
    assert axis.direction.value == pytest.approx(1 - len(moved) / axis.edits)
    assert axis.boundary_error.value == 1.0


def moves(bench: Bench, days: Any) -> list[tuple[str, str]]:
    """(row's text, edited text): four edits a row, in order."""
    edited = [one["text"] for one in probes_of(bench)]
    return [(f"{day} days", edited[4 * number + side]) for number, day in enumerate(days) for side in range(4)]


def test_an_abstention_is_an_outcome_and_has_no_direction(bench: Bench) -> None:
    axis = asked(bench, task_of(bench.folder, GREETING, DAYS), lambda text: "" if "Hello" in text else "approve")
    axis = axis.candidates[0].axes.causal
    assert axis.invariance.value == pytest.approx(0.5)
    axis = asked(bench, task_of(bench.folder, DAYS), lambda _text: "").candidates[0].axes.causal
    assert axis.direction is None


def test_a_candidate_that_prefers_a_group(bench: Bench) -> None:
    task = task_of(bench.folder, NAME)

    def unfair(text: str) -> str:
        return "approve" if "Emma" in text or "Anna" in text else right(text)

    axis = asked(bench, task, unfair).candidates[0].axes.causal
    late = sum(day >= 30 for day in range(5, 60, 2)) / 28
    assert axis.protected_gap.value == pytest.approx(late)
    assert axis.protected_gap.low > 0
    assert axis.protected_unchanged.value == pytest.approx(1 - late)


def test_a_replay_has_no_causal_figures_and_the_reader_is_told(bench: Bench) -> None:
    result = asked(bench, task_of(bench.folder, GREETING), right, simulated=True)
    assert result.candidates[0].axes.causal is None
    assert any("cannot be asked about edited rows" in one for one in result.warnings)


def test_asking_again_asks_nothing_and_the_ledger_knows_all(bench: Bench) -> None:
    write_pairs(bench.folder, [(29, 31)])
    task = task_of(bench.folder, GREETING, contrast=("contrast.csv",))
    rows = rows_of(bench, list(range(5, 60, 2)))
    snapshot = bench.Snapshot(task, rows[:2], rows)
    one = bench.built(snapshot, lambda inputs, _n: said(right(inputs["text"])))
    first = bench.compare(task, snapshot, [one], causal=True)
    count = one.candidate.asked
    second = bench.compare(task, snapshot, [one], causal=True)
    assert (one.candidate.asked, second.candidates, second.trial) == (count, first.candidates, first.trial)
    plain = bench.compare(task, snapshot, [one])
    assert plain.trial != first.trial
    assert plain.candidates[0].axes.causal is None
    with LedgerReader.open(bench.workspace) as reader:
        opened: list[Any] = [entry.body() for entry in reader.entries(kind=ContrastOpened.kind)]
        made: list[Any] = [entry.body() for entry in reader.entries(kind=ProbesMade.kind)]
    assert [set(body.files) for body in opened] == [{"contrast.csv"}] * 2
    assert [(body.purpose, body.rows) for body in made] == [("causal", 28 * 2 + 2)]
    assert "match the ledger" in verify_trial(bench.workspace, first.trial)
    assert first.candidates[0].axes.causal.ledger
    assert "text" not in str(comparison_to_json(first)["candidates"][0]["axes"])


def test_contrast_rows_that_were_learned_from_are_told(bench: Bench) -> None:
    write_pairs(bench.folder, [(5, 31)])
    result = asked(bench, task_of(bench.folder, contrast=("contrast.csv",)), right)
    assert any(one.startswith("1 contrast rows are rows of the TrainSplit") for one in result.warnings)


@pytest.mark.parametrize(
    "changed",
    [{"role": "cause"}, {"factor": ""}, {"pair": "nowhere"}, {"decision": ""}, {"value": "many"}],
    ids=lambda one: next(iter(one)),
)
def test_a_contrast_row_that_cannot_be_used_is_named(bench: Bench, changed: dict[str, str]) -> None:
    write_pairs(bench.folder, [(5, 31)], **changed)
    with pytest.raises(RowInvalid) as caught:
        asked(bench, task_of(bench.folder, contrast=("contrast.csv",)), right)
    assert "contrast.csv:3" in caught.value.about


def test_two_roles_of_one_factor_are_refused(bench: Bench) -> None:
    write_pairs(bench.folder, [(5, 31)], role="non-causal")
    with pytest.raises(RowInvalid, match="two roles"):
        asked(bench, task_of(bench.folder, DAYS, contrast=("contrast.csv",)), right)


def test_causal_factors_are_no_part_of_what_a_task_means(bench: Bench) -> None:
    assert fingerprint(task_of(bench.folder, GREETING)) == fingerprint(task_of(bench.folder, DAYS, NAME, rows=3))


@pytest.mark.parametrize("share", [0.8, 0.95])
@pytest.mark.parametrize("clusters", [40, 150])
def test_the_interval_of_dependent_tests_covers_the_truth(share: float, clusters: int) -> None:
    rng = np.random.default_rng(5)
    runs, strength = 1000, 3.0
    names = np.repeat(np.arange(clusters), 3)
    covered = 0
    for _ in range(runs):
        chance = np.repeat(rng.beta(share * strength, (1 - share) * strength, clusters), 3)
        _, low, high = cluster_interval(rng.random(3 * clusters) < chance, names) or (0, 0, 0)
        covered += low <= share <= high
    assert covered / runs >= 0.95 - 4 * np.sqrt(0.95 * 0.05 / runs)


def test_the_harmonic_mean_is_covered(bench: Bench) -> None:
    from proveout.trial._causal import _consistency  # noqa: PLC0415  a part tested by itself

    rng = np.random.default_rng(6)
    shares = (0.9, 0.8, 0.6)
    truth = 3 / sum(1 / share for share in shares)
    covered = 0
    for _ in range(300):
        hits = {str(share): [(f"{number}", bool(rng.random() < share)) for number in range(100)] for share in shares}
        found = _consistency(hits)
        covered += found is not None and found.low <= truth <= found.high
    assert covered / 300 >= 0.95 - 4 * np.sqrt(0.95 * 0.05 / 300)


def test_equal_groups_have_a_gap_whose_interval_reaches_zero(bench: Bench) -> None:
    """A largest difference is above 0 by chance alone; its interval must say so."""
    rng = np.random.default_rng(7)
    from proveout.trial._causal import Probes, Seen, _protected_gap  # noqa: PLC0415  as above
    from proveout.trial._edits import Edit  # noqa: PLC0415  as above

    task = task_of(bench.folder, NAME)
    edits = tuple(
        Edit(base=row, factor="name", role="protected", inputs={}, group=group)
        for row in range(100)
        for group in ("men", "women")
    )
    missed = 0
    for _ in range(200):
        answers = tuple(said("approve" if rng.random() < 0.5 else "refuse") for _ in edits)
        seen = Seen(
            task=task,
            rows=(),
            answers=(),
            probed=answers,
            key=lambda output: None if output is None else output["decision"],
            score=lambda _rows, _answers: pytest.fail("nothing is scored"),
        )
        found = _protected_gap(Probes(edits=edits), seen)
        missed += found is None or found.low > 0
    assert missed / 200 <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / 200)


def test_one_test_a_row_is_wilsons_interval() -> None:
    found = _share([("1", True), ("2", False), ("3", True)])
    assert found is not None
    assert found.value == pytest.approx(2 / 3)
    assert found.n == 3
