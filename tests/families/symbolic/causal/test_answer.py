from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.families.symbolic.causal import answer_question, check_causal, looks_causal, render
from proveout.trial import wilson

FIELDS = ("background", "given_info", "question")
UNSURE = {"undecided", "not identified"}
TOLD = {
    "background": "Smoking has a direct effect on tar deposit. Tar deposit has a direct effect on cancer.",
    "given_info": "For nonsmokers, the probability of cancer is 10%. For smokers, the probability of cancer is 30%.",
    "question": "Will smoking increase the chance of cancer?",
}


def test_stories_are_answered_as_the_models_behind_them(
    told_cases: Callable[[Sequence[int]], list[dict[str, Any]]],
) -> None:
    """Open vocabulary: no wrong answer, unless rounding has taken it away."""
    found: Counter[str] = Counter()
    for case in told_cases([1, 2]):
        inputs = {name: case[name] for name in FIELDS}
        answer = answer_question(**inputs)
        if answer.output == case["answer"]:
            found["right"] += 1
        else:
            assert answer.output == "" or answer.verdict in UNSURE, (inputs, answer.note)
            found[answer.verdict if answer.output else "abstained"] += 1
    assert found["right"] >= 0.97 * found.total()


def test_an_answer_by_rounded_numbers_says_so() -> None:
    told = {**TOLD, "given_info": TOLD["given_info"].replace("30%", "10%")}
    answer = answer_question(**told)
    assert (answer.output, answer.verdict) == ("no", "undecided")
    assert "undecided at this precision" in answer.note


def test_a_question_behind_a_hidden_cause_is_answered_under_a_named_assumption() -> None:
    background = (
        "Gender has a direct effect on job and pay. Skill has a direct effect on job and pay. "
        "Job has a direct effect on pay. Skill is unobserved."
    )
    given_info = (
        "For those who are not male and clerks, the probability of high pay is 40%. "
        "For those who are not male and managers, the probability of high pay is 60%. "
        "For those who are male and clerks, the probability of high pay is 50%. "
        "For those who are male and managers, the probability of high pay is 80%. "
        "For those who are not male, the probability of manager job is 30%. "
        "For those who are male, the probability of manager job is 60%."
    )
    question = "If we disregard the mediation effect through job, would gender positively affect pay?"
    answer = answer_question(background, given_info, question)
    assert (answer.output, answer.verdict) == ("yes", "not identified")
    assert "assumed" in answer.note
    assert answer.proof is not None
    assert Fraction(answer.proof["result"]["value"]) == Fraction(7, 10) * Fraction(1, 10) + Fraction(3, 10) * Fraction(
        2, 10
    )


@pytest.mark.parametrize(
    ("field", "text", "about"),
    [
        ("background", "Smoking is pleasant.", "Smoking is pleasant"),
        ("given_info", "Most smokers fall ill.", "Most smokers fall ill"),
        ("question", "Why does one smoke?", "Why does one smoke"),
        ("question", "Will the weather increase the chance of cancer?", ""),
        ("given_info", "For smokers, the probability of cancer is 30%.", "does not follow"),
        ("given_info", "", "does not follow"),
        ("background", "Smoking has a direct effect on cancer. Cancer has a direct effect on smoking.", "cycle"),
    ],
)
def test_what_is_not_understood_is_abstained_from_and_named(field: str, text: str, about: str) -> None:
    answer = answer_question(**{**TOLD, field: text})
    if answer.output:
        # Unknown words may name the only variable that is left; then the answer stands on that reading.
        assert about == ""
        return
    assert answer.proof is None
    assert about in answer.abstention


def test_two_numbers_for_one_probability_are_refused() -> None:
    text = f"{TOLD['given_info']} For smokers, the probability of cancer is 31%."
    assert answer_question(**{**TOLD, "given_info": text}).output == ""


def test_negation_of_treatment_turns_the_direction() -> None:
    turned = {**TOLD, "question": "Will not smoking increase the chance of cancer?"}
    answer = answer_question(**turned)
    assert answer.output == "no"
    assert answer.proof is not None
    assert check_causal(answer.proof, turned) == []


def test_looks_causal_wants_the_three_fields() -> None:
    assert looks_causal(TOLD)
    assert not looks_causal({"question": "Why?"})
    assert not looks_causal({**TOLD, "question": ""})
    assert not looks_causal({**TOLD, "given_info": 3})


def test_render_shows_phrases_rules_and_the_verdict() -> None:
    answer = answer_question(**TOLD)
    assert answer.proof is not None
    text = render(answer.proof, TOLD)
    assert "'nonsmokers': smoking=0" in text
    assert "back-door" in text
    assert text.endswith("Verdict: yes. Answer: yes.")


PIECES = st.sampled_from(
    [
        "For smokers, the probability of cancer is 3%.", "We know that a causes b.", "We observed a and b.", "%", "and",
        "Method 1: we look directly at how a correlates with b in general.", "The probability of x and y is 5%.",
        "has a direct effect on", "is unobserved.", "Smoking", "cancer", "not", "or", ".", "\n",
        "the", "Will x increase",
    ]
)  # fmt: skip
SOUP = st.lists(PIECES, max_size=8).map(" ".join)


@given(st.text(max_size=60) | SOUP, st.text(max_size=60) | SOUP, st.text(max_size=60) | SOUP)
def test_any_text_is_abstained_from_or_proved(background: str, given_info: str, question: str) -> None:
    answer = answer_question(background, given_info, question)
    assert bool(answer.output) == (answer.proof is not None)
    if answer.proof is None:
        assert answer.abstention


@given(st.text(max_size=40), st.sampled_from(FIELDS), st.integers(0, 200))
def test_a_foreign_piece_never_gives_a_proof_that_is_refused(piece: str, field: str, at: int) -> None:
    told = {**TOLD, field: TOLD[field][:at] + piece + TOLD[field][at:]}
    answer = answer_question(**told)
    if answer.proof is not None:
        assert check_causal(json.loads(json.dumps(answer.proof)), told) == []


@given(st.text(max_size=80))
def test_arbitrary_text_is_never_answered(text: str) -> None:
    assert answer_question(text, text, text).output == ""


@pytest.mark.data
def test_questions_of_the_benchmark(shared_data: Path) -> None:
    lines = (shared_data / "cladder" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    right = answered = accepted = 0
    for line in lines:
        row = json.loads(line)
        inputs = {name: row[name] for name in FIELDS}
        answer = answer_question(**inputs)
        right += answer.output == row["answer"]
        answered += bool(answer.output)
        accepted += answer.proof is not None and check_causal(answer.proof, inputs) == []
    found = wilson(right, len(lines))
    assert found is not None
    assert found.value >= 0.95
    assert accepted == answered
