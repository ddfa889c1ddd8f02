from __future__ import annotations

import json
from typing import Any

import pytest

from proveout import certify
from proveout.certify import Row, Verdict
from proveout.data import CertifySplit, SelectSplit, TrainSplit
from proveout.errors import EvidenceUnusable
from proveout.task import Answer, Example


def example(name: str, text: str, label: str | None = "a", session: str | None = None) -> Example:
    expected = None if label is None else {"intent": label}
    return Example(id=name, inputs={"text": text}, expected=expected, session=session, provenance=f"rows.csv:{name}")


def key(output: dict[str, Any] | None) -> str | None:
    return None if output is None else str(output["intent"])


def text(inputs: Any) -> str:
    return str(inputs["text"])


def splits(
    certified: list[Example], select: list[Example] | None = None, train: list[Example] | None = None
) -> tuple[CertifySplit, SelectSplit, TrainSplit]:
    return (
        CertifySplit(snapshot="s", examples=tuple(certified)),
        SelectSplit(snapshot="s", examples=tuple(select or ())),
        TrainSplit(snapshot="s", examples=tuple(train or ())),
    )


def test_leaked_rows_are_refused_and_named() -> None:
    for seen in ({"train": [example("9", "  Hello ")]}, {"select": [example("9", "hello")]}):
        with pytest.raises(EvidenceUnusable, match=r"rows\.csv:1 among them"):
            certify.check_rows(*splits([example("1", "hello"), example("2", "bye")], **seen), text)


def test_a_session_that_was_learned_from_is_refused() -> None:
    with pytest.raises(EvidenceUnusable, match="TrainSplit"):
        certify.check_rows(*splits([example("1", "hi", session="z")], train=[example("9", "bye", session="z")]), text)


def test_rows_that_stand_twice_are_refused_unless_they_count_once() -> None:
    rows = splits([example("1", "hello"), example("2", "Hello"), example("3", "bye")])
    with pytest.raises(EvidenceUnusable, match="--repeats once"):
        certify.check_rows(*rows, text)
    certify.check_rows(*rows, text, repeats="once")
    assert certify.units_of(rows[0].examples, text, "once") == ["0", "0", "2"]
    assert certify.units_of(rows[0].examples, text) == ["0", "1", "2"]


def test_sessions_and_copies_join_into_one_unit() -> None:
    rows = [example("1", "a", session="x"), example("2", "b", session="x"), example("3", "b", session="y")]
    assert certify.units_of(rows, text) == ["0", "0", "2"]
    assert certify.units_of(rows, text, "once") == ["0", "0", "0"]


def test_another_split_is_a_type_error() -> None:
    certified, select, train = splits([example("1", "hello")])
    with pytest.raises(TypeError, match="must be a CertifySplit"):
        certify.check_rows(select, select, train, text)  # type: ignore[arg-type]  # the point of the test
    with pytest.raises(TypeError, match="must be a TrainSplit"):
        certify.check_rows(certified, select, certified, text)  # type: ignore[arg-type]  # as above


def rows_for(label: str | None, ours: str | None, theirs: str | None, verdicts: Any = ()) -> Row:
    answer = (
        Answer(abstention="low confidence", guess={"intent": "a"})
        if ours is None
        else Answer(output={"intent": ours}, confidence=0.8)
    )
    other = None if theirs is None else {"intent": theirs}
    (row,) = certify.rows_of([example("1", "hi", label)], [answer], [other], key, units=["0"], verdicts=verdicts)
    return row


@pytest.mark.parametrize(
    ("label", "ours", "theirs", "disagrees", "net", "lacks"),
    [
        ("a", "a", "a", False, 0, False),
        ("b", "a", "a", False, 0, False),  # both wrong alike
        ("a", "a", "b", True, -1, False),
        ("b", "a", "b", True, 1, False),
        ("c", "a", "b", True, 0, False),
        (None, "a", "b", True, 1, True),
        (None, "a", "a", False, 0, False),
        ("a", "a", None, True, 0, False),  # an incumbent that is not known counts as right
        ("b", "a", None, True, 1, False),
        ("a", None, "a", True, 1, False),
    ],
)
def test_what_a_row_loses(
    label: str | None,
    ours: str | None,
    theirs: str | None,
    disagrees: bool,  # noqa: FBT001
    net: int,
    lacks: bool,  # noqa: FBT001
) -> None:
    row = rows_for(label, ours, theirs)
    assert (row.disagrees, row.net, row.lacks_label) == (disagrees, net, lacks)
    assert row.score == (None if ours is None else 0.8)


def test_a_verdict_stands_above_the_label_and_only_for_its_answers() -> None:
    row = rows_for("b", "a", "b")
    verdict = Verdict(
        input=row.input, student=row.student, incumbent=row.incumbent, student_right=True, incumbent_right=False
    )
    assert rows_for("b", "a", "b", [verdict]).net == -1
    assert rows_for("b", "a", "c", [verdict]).net == 0


def test_evidence_holds_no_text() -> None:
    content, name = certify.evidence_bytes([rows_for("a", "a", "b")])
    assert b"hi" not in content.replace(b"right", b"")
    document = json.loads(content)
    assert len(document["rows"][0]) == len(document["columns"])
    assert len(name) == 64
