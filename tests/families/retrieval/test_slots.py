from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.data import SelectSplit, TrainSplit
from proveout.errors import BuildFailed
from proveout.families import BuildRun, RetrievalFamily
from proveout.families._spans import Span, tokenise
from proveout.families.retrieval._slots import SlotCandidate, proposals, template_of
from proveout.task import Task
from proveout.testing import check_family

Booking = tuple[Task, tuple[TrainSplit, SelectSplit]]
TO_BONN = template_of("fly to Bonn now", [Span(7, 11, "city")])


def build(booking: Booking, cache: Path) -> SlotCandidate:
    task, splits = booking
    run = BuildRun(seed=0, snapshot=splits[0].snapshot, cache=cache, embedder="tfidf")
    found = RetrievalFamily().build(task, *splits, run)
    assert isinstance(found, SlotCandidate)
    return found


@pytest.mark.slow
def test_it_keeps_the_promises_of_a_family(booking: Booking, tmp_path: Path) -> None:
    task, splits = booking
    check_family(RetrievalFamily(), task, splits, tmp_path, embedder="tfidf")


def test_an_answer_shows_the_examples_it_stands_on(booking: Booking, tmp_path: Path) -> None:
    candidate = build(booking, tmp_path)
    row = booking[1][0].examples[4]
    answer = candidate.answer([row.inputs])[0]
    assert answer.guess == row.expected
    first = answer.evidence.neighbours[0]
    assert (first.example, first.similarity, first.output) == (row.id, 1.0, row.expected)
    city = next(step.output for step in answer.evidence.trace if step.name == "city")
    assert row.inputs["text"][city["start"] : city["end"]] == city["text"]


def test_rows_it_has_not_seen_are_mostly_right(booking: Booking, tmp_path: Path) -> None:
    held = booking[1][1].examples
    answers = build(booking, tmp_path).answer([row.inputs for row in held])
    cities = [
        (answer.guess or {}).get("city") == (row.expected or {})["city"]
        for answer, row in zip(answers, held, strict=True)
    ]
    assert sum(cities) >= 0.8 * len(held)


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("fly to Rome now", {}, {"Rome": 0.6}),
        ("fly to New York now", {}, {"New York": 0.6}),
        ("go to Rome later", {}, {"Rome": 0.6}),
        ("go via Rome later", {}, {}),
        ("I hear Rome is nice", {"rome": ["city"]}, {"Rome": 0.4}),
        ("I hear Rome is nice", {"rome": ["fragrance"]}, {}),
        ("fly to Rome now", {"rome": ["city"]}, {"Rome": 1.0}),
        ("fly to \u202eRome now", {}, {"\u202eRome": 0.6}),
        ("", {"": ["city"]}, {}),
    ],
)
def test_what_one_example_proposes(text: str, values: dict[str, list[str]], expected: dict[str, float]) -> None:
    found = proposals(text, [TO_BONN], values)[0]
    assert {text[span.start : span.end]: said for span, said in found.items()} == pytest.approx(expected)


@given(st.text(max_size=40), st.text(max_size=40), st.data())
def test_proposals_are_tokens_of_the_text(text: str, example: str, data: st.DataObject) -> None:
    tokens = tokenise(example)
    at = data.draw(st.integers(0, max(len(tokens) - 1, 0)))
    spans = [Span(tokens[at].start, tokens[at].end, "f")] if tokens else []
    edges = tokenise(text)
    starts, ends = {one.start for one in edges}, {one.end for one in edges}
    for span in proposals(text, [template_of(example, spans)], {})[0]:
        assert span.start in starts
        assert span.end in ends
        assert span.start < span.end


def test_a_very_long_text_is_not_laid_over_another() -> None:
    assert proposals("fly to Rome " * 300, [TO_BONN], {}) == [{}]


def test_no_row_is_nothing_to_learn(booking: Booking, tmp_path: Path) -> None:
    task, (train, select) = booking
    empty = msgspec.structs.replace(train, examples=())
    with pytest.raises(BuildFailed, match="0 rows of the TrainSplit"):
        build((task, (empty, select)), tmp_path)


def test_an_object_is_no_field_to_vote_on(booking: Booking) -> None:
    nested = msgspec.structs.replace(booking[0], output={"properties": {"who": {"type": "object"}}})
    fit = RetrievalFamily().fits(nested)
    assert not fit.ok
    assert "field who is an object" in fit.reason
