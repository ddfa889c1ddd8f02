from __future__ import annotations

import json
from pathlib import Path

import pytest

from proveout.data import SelectSplit, TrainSplit
from proveout.errors import BuildFailed
from proveout.families import BuildRun, Candidate, families
from proveout.families.distilled._tagger import TaggerCandidate
from proveout.task import Example, Task
from proveout.testing import check_family

Booking = tuple[Task, tuple[TrainSplit, SelectSplit]]


def build(booking: Booking, cache: Path) -> Candidate:
    task, splits = booking
    run = BuildRun(seed=0, snapshot=splits[0].snapshot, cache=cache, embedder="tfidf")
    return families.create("distilled").build(task, *splits, run)


@pytest.mark.slow
def test_it_keeps_the_promises_of_a_family(booking: Booking, tmp_path: Path) -> None:
    task, splits = booking
    check_family(families.create("distilled"), task, splits, tmp_path, embedder="tfidf")


def test_every_kind_of_field_is_learned_and_shown(booking: Booking, tmp_path: Path) -> None:
    candidate, held = build(booking, tmp_path), booking[1][1].examples
    answers = candidate.answer([row.inputs for row in held])
    assert sum(answer.output == row.expected for answer, row in zip(answers, held, strict=True)) >= 0.9 * len(held)
    text = "3 nights in RIO DE JANEIRO for Bo and Eve with no refund"
    answer = candidate.answer([{"text": text}])[0]
    assert answer.guess is not None
    assert answer.guess["city"] == "Rio de Janeiro"
    assert answer.guess["guests"] == ["Bo", "Eve"]
    assert answer.guess["nights"] == 3
    shown = {step.name: step.output for step in answer.evidence.trace}
    assert shown.keys() == {"city", "guests", "nights", "room", "refundable"}
    city = shown["city"]
    assert text[city["start"] : city["end"]] == city["text"] == "RIO DE JANEIRO"
    assert 0.5 < city["confidence"] <= 1
    fields = candidate.card.parameters["fields"]
    assert {name for name, how in fields.items() if how == "closed set"} == {"room", "refundable"}


def test_a_text_unlike_all_others_is_less_sure(booking: Booking, tmp_path: Path) -> None:
    candidate = build(booking, tmp_path)
    assert isinstance(candidate, TaggerCandidate)
    texts = ["2 nights in Ulm for Ann with no refund", "zebra Ulm qu , 7 Ann 8 in 東 for"]
    near, far = candidate.find(texts, candidate._embedder.embed(texts) if candidate._embedder else None)
    assert far.score < near.score


def test_blank_text_is_no_input(booking: Booking, tmp_path: Path) -> None:
    answer = build(booking, tmp_path).answer([{"text": " \u2003\n"}])[0]
    assert (answer.abstention, answer.guess) == ("empty input", None)


def of(texts: list[str], expected: list[dict[str, object]], schema: dict[str, object]) -> Booking:
    inputs = {"type": "object", "properties": {"text": {"type": "string"}}}
    task = Task(name="t", kind="extract", input=inputs, output={"type": "object", "properties": {"f": schema}})
    rows = tuple(
        Example(id=str(at), inputs={"text": text}, expected=one)
        for at, (text, one) in enumerate(zip(texts, expected, strict=True))
    )
    return task, (TrainSplit(snapshot="0" * 64, examples=rows), SelectSplit(snapshot="0" * 64, examples=()))


def test_only_closed_fields_and_no_row_to_choose_on(tmp_path: Path) -> None:
    texts = [f"it is {word} {at}" for at in range(20) for word in ("good", "bad")]
    made = of(texts, [{"f": "good" in text} for text in texts], {"type": "boolean"})
    answer = build(made, tmp_path).answer([{"text": "good it is"}])[0]
    assert answer.guess == {"f": True}


def test_a_constant_needs_no_model(tmp_path: Path) -> None:
    made = of(["one", "two"], [{"f": "x"}] * 2, {"type": "string"})
    candidate = build(made, tmp_path)
    (tmp_path / "saved").mkdir()
    candidate.save(tmp_path / "saved")
    assert not (tmp_path / "saved" / "embedder.json").exists()
    assert candidate.answer([{"text": "three"}])[0].guess == {"f": "x"}


def test_rows_whose_value_is_nowhere_teach_the_tagger_nothing(tmp_path: Path) -> None:
    texts = [f"go to {city} now" for city in ("Bonn", "Ulm", "Lyon", "Riga", "Oslo", "Kiel")]
    expected: list[dict[str, object]] = [{"f": text.split()[2]} for text in texts]
    expected[0] = {"f": "elsewhere"}
    candidate = build(of(texts, expected, {"type": "string"}), tmp_path)
    assert candidate.card.parameters["values_not_in_text"] == {"rows": 1, "of": 6}
    assert candidate.answer([{"text": "go to Bonn now"}])[0].guess == {"f": "Bonn"}


def test_no_value_is_nothing_to_learn(tmp_path: Path) -> None:
    with pytest.raises(BuildFailed, match="none of them with a value"):
        build(of(["one"], [{}], {"type": "string"}), tmp_path)


def test_which_tasks_fit(booking: Booking) -> None:
    task, _ = booking
    variant = families.create("distilled-edge").fits(task)
    assert not variant.ok
    assert "only distilled has a tagger" in variant.reason
    nested = of([], [], {"type": "object"})[0]
    assert not families.create("distilled").fits(nested).ok


@pytest.mark.data
@pytest.mark.slow
def test_snips_with_a_thousand_rows(shared_data: Path, tmp_path: Path) -> None:
    lines = (shared_data / "snips" / "train.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines[:: len(lines) // 1600]]
    names = sorted({slot["slot"] for row in rows for slot in row["slots"]})
    examples = []
    for at, row in enumerate(rows):
        expected: dict[str, list[str]] = {}
        for slot in row["slots"]:
            expected.setdefault(slot["slot"], []).append(slot["value"])
        examples.append(Example(id=str(at), inputs={"text": row["text"]}, expected=expected))
    order = sorted(range(len(rows)), key=lambda at: hash_of(rows[at]["text"]))
    parts = [tuple(examples[at] for at in order[start:stop]) for start, stop in ((0, 1000), (1000, 1200), (1200, 1500))]
    task = of([], [], {})[0]
    properties = {name: {"type": "array", "items": {"type": "string"}} for name in names}
    task = Task(name="snips", kind="extract", input=task.input, output={"type": "object", "properties": properties})
    made = (TrainSplit(snapshot="0" * 64, examples=parts[0]), SelectSplit(snapshot="0" * 64, examples=parts[1]))
    answers = build((task, made), tmp_path).answer([row.inputs for row in parts[2]])
    right = [answer.guess == row.expected for answer, row in zip(answers, parts[2], strict=True)]
    assert sum(right) / len(right) >= 0.55
    sure = sum(answer.confidence for answer in answers) / len(answers)
    assert abs(sure - sum(right) / len(right)) < 0.1


def hash_of(text: str) -> int:
    """A fixed shuffle."""
    return int.from_bytes(text.encode()[::-1][:8], "big") * 2654435761 % 2**32
