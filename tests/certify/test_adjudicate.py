from __future__ import annotations

import csv
import io
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proveout import certify
from proveout.certify import Question, Row
from proveout.errors import LabelsInvalid
from proveout.task import Answer, Example


def question(at: int, text: str = "where is it?", student_is_a: bool = True) -> Question:  # noqa: FBT001, FBT002
    row = Row(input="0" * 32, unit="0", segment="", score=0.9, student="s", incumbent="i")
    return Question(
        id=f"row-{at}", text=text, answer_a="yes", answer_b="=no", student_is_a=student_is_a, row=row, at=at
    )


@pytest.mark.parametrize("verdict", list(certify.VERDICTS))
@pytest.mark.parametrize("student_is_a", [True, False])
def test_a_verdict_is_turned_to_whose_answer_it_is_of(verdict: str, student_is_a: bool) -> None:  # noqa: FBT001
    body = question(0, student_is_a=student_is_a).said(verdict, snapshot="s", by="ada")
    a_right, b_right = certify.VERDICTS[verdict]
    assert (body.student_right if student_is_a else body.incumbent_right) == a_right
    assert (body.incumbent_right if student_is_a else body.student_right) == b_right


def queue(made: Any, rows: list[Row], plan: certify.Plan) -> list[Question]:
    examples = [Example(id=str(at), inputs={"text": f"row {at}"}) for at in range(len(rows))]
    answers = [Answer(output={"intent": "ours"}, confidence=0.5)] * len(rows)
    return certify.questions_of(plan, rows, examples, answers, [{"intent": "theirs"}] * len(rows), lambda i: i["text"])


def test_only_rows_that_can_change_the_outcome_are_asked_about(made: Any) -> None:
    rows = made.rows(800, wrong=0.05, unlabelled=1.0)
    plan = made.plan(made.rows(800, seed=5, wrong=0.05), claim="non-inferiority", alpha=0.03)
    asked = queue(made, rows, plan)
    aim = plan.expected.threshold
    assert aim is not None
    wanted = {at for at, row in enumerate(rows) if row.disagrees and row.score is not None and row.score >= aim}
    assert {one.at for one in asked} == wanted
    scores = [one.row.score for one in asked]
    assert scores == sorted(scores, key=lambda score: -(score or 0))
    assert {one.answer_a for one in asked} == {"ours", "theirs"}, "which is whose changes from row to row"
    assert queue(made, rows, msgspec.structs.replace(plan, grid=made.plan(rows).grid)) == []


def test_asking_stops_when_it_is_settled(made: Any) -> None:
    rows = made.rows(1500, wrong=0.05, unlabelled=1.0)
    plan = made.plan(made.rows(800, seed=5, wrong=0.05), claim="non-inferiority", alpha=0.05)
    asked = queue(made, rows, plan)
    said: dict[int, Any] = {}
    for one in asked:
        if certify.aim_reached(plan, certify.settled(rows, said)):
            break
        said[one.at] = one.said("a" if one.student_is_a else "b", snapshot="s", by="ada")
    assert 0 < len(said) < len(asked)
    (early,) = certify.decide(certify.settled(rows, said), plan.grid)
    everything = {one.at: one.said("a" if one.student_is_a else "b", snapshot="s", by="ada") for one in asked}
    (late,) = certify.decide(certify.settled(rows, everything), plan.grid)
    assert early.threshold is not None
    assert late.passed >= early.passed


@settings(max_examples=40)
@given(texts=st.lists(st.text(), min_size=1, max_size=4), data=st.data())
def test_csv_comes_back(texts: list[str], data: st.DataObject) -> None:
    questions = [question(at, text) for at, text in enumerate(texts)]
    lines = list(csv.reader(io.StringIO(certify.questions_csv(questions), newline="")))
    chosen = data.draw(st.lists(st.sampled_from([*certify.VERDICTS, ""]), min_size=len(texts), max_size=len(texts)))
    buffer = io.StringIO()
    answered = [[*line[:-1], said] for line, said in zip(lines[1:], chosen, strict=True)]
    csv.writer(buffer, quoting=csv.QUOTE_ALL).writerows([lines[0], *answered])
    found = certify.read_questions_csv(buffer.getvalue(), questions, "labels.csv")
    assert found == {at: said for at, said in enumerate(chosen) if said}


def test_no_cell_is_a_formula() -> None:
    content = certify.questions_csv([question(0, "=HYPERLINK(1)")])
    assert all(not cell.startswith("=") for line in csv.reader(io.StringIO(content)) for cell in line)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ("", "column is missing"),
        ("id,text\n", "column is missing"),
        ("id,verdict\nrow-0,maybe\n", "no such verdict"),
        ("id,verdict\nrow-9,a\n", "not in the queue"),
        ("id,verdict\nrow-0,a\nrow-0,b\n", "stands there twice"),
        ("id,verdict\nrow-0," + "a" * 200_000, "it is no CSV"),
    ],
)
def test_a_file_that_is_not_of_the_queue_is_refused(content: str, match: str) -> None:
    with pytest.raises(LabelsInvalid, match=match):
        certify.read_questions_csv(content, [question(0)], "labels.csv")


def test_verdicts_on_other_answers_are_refused() -> None:
    asked = question(0)
    content = certify.questions_csv([asked]).replace('""', '"a"')
    assert certify.read_questions_csv(content, [asked], "labels.csv") == {0: "a"}
    other = msgspec.structs.replace(asked, row=msgspec.structs.replace(asked.row, student="another"))
    with pytest.raises(LabelsInvalid, match="a verdict on other answers"):
        certify.read_questions_csv(content, [other], "labels.csv")


def test_an_id_may_look_like_a_formula() -> None:
    asked = msgspec.structs.replace(question(0), id="-7")
    content = certify.questions_csv([asked]).replace('""', '"both"')
    assert content.splitlines()[1].startswith('"\'-7"')
    assert certify.read_questions_csv(content, [asked], "labels.csv") == {0: "both"}
    assert certify.read_questions_csv("id,verdict\n-7,b\n", [asked], "labels.csv") == {0: "b"}
