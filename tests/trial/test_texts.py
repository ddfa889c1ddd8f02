from __future__ import annotations

import re
import string
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proveout.task import Answer, Citation, Evidence, Example, Task
from proveout.trial._kinds import measure_of
from proveout.trial._texts import exact_match, is_relevant, is_supported, score_texts, text_of, token_overlap

TASK = Task(name="help", kind="answer", input={}, output={"type": "object", "properties": {"answer": {}}})
METRICS = measure_of("answer").metrics
TEXT = st.text(st.sampled_from("aAnthe .,-!\u2019é \n"), max_size=25) | st.text(max_size=12)
DOCUMENTS = {
    "docs/rivers.md": "The Rhine flows north. It is 1,233 km long.",
    "docs/towns.md": "Bonn lies on the Rhine.",
}


def squad_normalise(text: str) -> str:
    """The evaluation script of SQuAD 1.1, as published."""
    lowered = "".join(letter for letter in text.lower() if letter not in set(string.punctuation))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", lowered).split())


def squad_f1(text: str, expected: str) -> float:
    found, wanted = squad_normalise(text).split(), squad_normalise(expected).split()
    if not found or not wanted:
        return float(found == wanted)  # as in the script of SQuAD 2.0
    same = sum((Counter(found) & Counter(wanted)).values())
    if same == 0:
        return 0.0
    precision, recall = same / len(found), same / len(wanted)
    return 2 * precision * recall / (precision + recall)


@settings(deadline=None, max_examples=150)
@given(TEXT, TEXT)
def test_match_and_overlap_equal_those_of_the_published_script(text: str, expected: str) -> None:
    assert exact_match(text, expected) == (squad_normalise(text) == squad_normalise(expected))
    assert token_overlap(text, expected) == pytest.approx(squad_f1(text, expected))
    assert token_overlap(text, expected) == token_overlap(expected, text)
    assert token_overlap(text, text) == 1.0


def cite(document: str = "docs/rivers.md", start: int = 0, end: int = 100) -> Citation:
    return Citation(document=document, fingerprint="f", start=start, end=end)


def passages(cited: Citation) -> str | None:
    whole = DOCUMENTS.get(cited.document)
    return None if whole is None else whole[cited.start : cited.end]


def scored(
    *rows: tuple[Any, str | None, tuple[Citation, ...]], relevant: tuple[str, ...] = (), task: Task = TASK
) -> Any:
    examples = [
        Example(id=str(at), inputs={}, expected={"answer": expected}, relevant=relevant)
        for at, (expected, _, _) in enumerate(rows)
    ]
    answers = [
        Answer(output={"answer": text}, confidence=0.5, evidence=Evidence(citations=cited)) for _, text, cited in rows
    ]
    return score_texts(task, examples, answers, passages=passages)


def figure(name: str, rows: Any) -> Any:
    return METRICS.create(name)(rows)


def test_figures_by_hand() -> None:
    rows = scored(
        ("Bonn", "bonn.", ()),
        ("the Rhine", "the river Rhine", ()),
        ("Bonn", None, ()),
        (None, None, ()),
        (None, "Bonn", ()),
    )
    assert figure("accuracy", rows).value == pytest.approx(1 / 3)
    assert (figure("token_f1", rows).value, figure("token_f1", rows).n) == (pytest.approx((1 + 2 / 3) / 3), 3)
    assert figure("coverage", rows).value == pytest.approx(3 / 5)
    assert figure("accuracy_all_rows", rows).value == pytest.approx(2 / 5)
    assert figure("out_of_scope_recall", rows).value == pytest.approx(1 / 2)
    assert figure("out_of_scope_precision", rows).value == pytest.approx(1 / 2)
    assert figure("citation_accuracy", rows) is None


def test_an_abstention_keeps_its_guess_and_serves_nothing() -> None:
    example = Example(id="1", inputs={}, expected={"answer": "Bonn"})
    answer = Answer(guess={"answer": "Bonn"}, confidence=0.1, abstention="not in the documents")
    rows = score_texts(TASK, [example], [answer])
    assert (figure("token_f1", rows).value, figure("token_f1_at_threshold", rows).value) == (1.0, 0.0)
    assert figure("supported", rows) is None


def test_several_expected_answers_count_the_best() -> None:
    rows = scored((["Bonn", "the city of Bonn"], "city of Bonn", ()))
    assert figure("accuracy", rows).value == 1.0


def test_the_out_of_scope_text_says_that_there_is_no_answer() -> None:
    task = Task(name="help", kind="answer", input={}, output=TASK.output, out_of_scope="Not in the documents")
    rows = scored(("not in the documents.", "Not in the documents", ()), ("Bonn", "not in documents", ()), task=task)
    assert rows.in_scope.tolist() == [False, True]
    assert rows.rejected.tolist() == [True, True]


@pytest.mark.parametrize(
    ("properties", "target", "output", "text"),
    [
        (["reply"], "", {"reply": "x"}, "x"),
        (["answer", "document"], "", {"answer": "x", "document": "y"}, "x"),
        (["long", "short"], "short", {"long": "y", "short": "x"}, "x"),
        (["long", "short"], "", {"long": "y"}, '{"long":"y"}'),
        (["n"], "", {"n": 3}, "3"),
    ],
)
def test_which_field_is_the_text(properties: list[str], target: str, output: dict[str, Any], text: str) -> None:
    schema = {"type": "object", "properties": {name: {} for name in properties}}
    assert text_of(Task(name="t", kind="answer", input={}, output=schema, target=target), output) == text


def test_support_needs_each_sentence_in_one_span() -> None:
    rows = scored(
        ("x", "The Rhine flows north.", (cite(),)),
        ("x", "Bonn lies on the Rhine. It is 1,233 km long.", (cite(), cite("docs/towns.md"))),
        ("x", "Bonn lies on the Rhine. It is 1,233 km long.", (cite(),)),
        ("x", "The Rhine flows north.", (cite(start=23),)),
        ("x", "The Rhine flows north.", (cite("docs/lost.md"),)),
        ("x", "The Rhine flows north.", ()),
        ("x", None, ()),
    )
    assert rows.supported[:6].tolist() == [True, True, False, False, False, False]
    assert (figure("supported", rows).value, figure("supported", rows).n) == (pytest.approx(2 / 6), 6)


@pytest.mark.parametrize(("words", "holds"), [(4, True), (3, False)])
def test_support_begins_at_four_fifths_of_the_tokens(words: int, holds: bool) -> None:  # noqa: FBT001  a parameter
    sentence = "one two three four five"
    assert is_supported(sentence, [" ".join(sentence.split()[:words])]) is holds


def test_the_first_citation_must_be_relevant() -> None:
    right, wrong = cite("docs/towns.md"), cite("docs/rivers.md")
    rows = scored(
        ("x", "x", (right, wrong)), ("x", "x", (wrong, right)), ("x", "x", ()), ("x", None, ()), relevant=("towns",)
    )
    found = figure("citation_accuracy", rows)
    assert (found.value, found.n) == (pytest.approx(1 / 3), 3)


def test_a_relevant_document_is_named_by_path_name_or_stem() -> None:
    assert all(is_relevant("docs/12.md", [name]) for name in ("docs/12.md", "12.md", "12"))
    assert not any(is_relevant("docs/12.md", [name]) for name in ("1", "docs/1.md", "docs", ""))


def test_nothing_is_defined_on_no_rows() -> None:
    none = scored(("x", "x", (cite(),))).rows(np.zeros(1, dtype=bool))
    assert {name: METRICS.create(name)(none) for name in METRICS.names()} == dict.fromkeys(METRICS.names())
