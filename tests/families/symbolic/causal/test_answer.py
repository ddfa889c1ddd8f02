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


def counted(cases: Sequence[dict[str, Any]]) -> Counter[str]:
    """How many questions come out how; no answer may be wrong that claims to be sure, and every proof must hold."""
    found: Counter[str] = Counter()
    for case in cases:
        inputs = {name: case[name] for name in FIELDS}
        answer = answer_question(**inputs)
        if answer.proof is not None:
            assert check_causal(json.loads(json.dumps(answer.proof)), inputs) == []
        if answer.output == case["answer"]:
            found["right"] += 1
        else:
            assert answer.output == "" or answer.verdict in UNSURE, (inputs, answer.note)
            found[answer.verdict if answer.output else "abstained"] += 1
    return found


def test_stories_are_answered_as_the_models_behind_them(
    told_cases: Callable[[Sequence[int]], list[dict[str, Any]]],
) -> None:
    """Open vocabulary: no wrong answer, unless rounding has taken it away."""
    found = counted(told_cases([1, 2]))
    assert found["right"] >= 0.985 * (found.total() - found["undecided"])


@pytest.mark.parametrize("seeds", [[1, 2], [3, 4]])
def test_invented_stories_are_answered_as_the_models_behind_them(
    invented_cases: Callable[[Sequence[int]], list[dict[str, Any]]], seeds: list[int]
) -> None:
    """Other words in the benchmark's forms, with its slips: both worlds told alike, a contrary told as itself."""
    found = counted(invented_cases(seeds))
    assert found.total() >= 500
    assert found["right"] >= 0.985 * (found.total() - found["undecided"])
    assert found["abstained"] <= 0.005 * found.total()


def test_unseen_stories_are_answered_as_the_models_behind_them(
    unseen_cases: Callable[[Sequence[int]], list[dict[str, Any]]],
) -> None:
    """Stories written after the grammar was done."""
    found = counted(unseen_cases([1, 2, 3, 4]))
    assert found.total() >= 500
    assert found["right"] >= 0.985 * (found.total() - found["undecided"])


PLOTS = (
    "For gardens in shade and not watered, the probability of ripe figs is 30%. "
    "For gardens in shade and watered, the probability of ripe figs is {}%. "
    "For gardens in sun and not watered, the probability of ripe figs is 50%. "
    "For gardens in sun and watered, the probability of ripe figs is 70%. "
    "The overall probability of sun is 40%."
)


@pytest.mark.parametrize(("number", "verdict"), [(45, "no"), (20, "not identified")])
def test_how_those_asked_about_are_need_not_be_stated_where_all_say_the_same(number: int, verdict: str) -> None:
    """More figs if watered in shade and in sun: then also for gardens that were, however many lie in the sun."""
    told = {
        "background": "Sunshine has a direct effect on watering and figs. Watering has a direct effect on figs.",
        "given_info": PLOTS.format(number),
        "question": "For watered gardens, would it be more likely to see ripe figs if they had not been watered?",
    }
    answer = answer_question(**told)
    assert (answer.output, answer.verdict) == ("no", verdict)
    assert answer.proof is not None
    assert check_causal(answer.proof, told) == []
    assert ("assumed" in answer.note) == (verdict == "not identified")
    assert bool(answer.proof["result"]["assumptions"]) == (verdict == "not identified")
    assert check_causal({**answer.proof, "verdict": "yes"}, told) != []


@pytest.mark.parametrize(
    ("group", "had", "answer"),
    [
        ("sailors who cannot knit", "the sailor could knit", "yes"),
        ("sailors who can knit", "the sailor could not knit", "no"),
        # What is asked to be instead is the contrary, also where a slip has told it as itself.
        ("sailors who cannot knit", "the sailor could not knit", "yes"),
        ("sailors who can knit", "the sailor could knit", "no"),
    ],
)
def test_what_had_been_is_the_contrary_of_what_is(group: str, had: str, answer: str) -> None:
    given_info = (
        "For sailors from islands and cannot knit, the probability of warm ears is 20%. "
        "For sailors from islands and can knit, the probability of warm ears is 60%. "
        "For sailors from elsewhere and cannot knit, the probability of warm ears is 10%. "
        "For sailors from elsewhere and can knit, the probability of warm ears is 40%. "
        "The overall probability of islands is 30%."
    )
    background = (
        "Home islands have a direct effect on ability to knit and warmth of ears. "
        "Ability to knit has a direct effect on warmth of ears."
    )
    question = f"For {group}, would it be more likely to see warm ears if {had}?"
    assert answer_question(background, given_info, question).output == answer


@pytest.mark.parametrize(
    ("clause", "answer"),
    [
        ("the dancer has a wavy fringe", "no"), ("the dancer has a plain fringe", "yes"),
        ("the dancer has no plain fringe", "no"), ("the dancer avoids a wavy fringe", ""),
    ],
)  # fmt: skip
def test_another_quality_of_the_same_thing_is_the_other_value(clause: str, answer: str) -> None:
    background = "Rain has a direct effect on fringe."
    given_info = "We know that rain causes plain fringe."
    found = answer_question(background, given_info, f"Would {clause} if rain instead of no rain?")
    assert (found.output, found.verdict) == (answer, answer or "not identified")


@pytest.mark.parametrize("word", ["increase", "decrease"])
def test_a_difference_below_the_last_digit_counts_as_none(word: str) -> None:
    """0.45 * 0.02 - 0.55 * 0.01, which is 0.0035: undecided, and neither more nor less."""
    told = {
        "background": "Age has a direct effect on tea and sleep. Tea has a direct effect on sleep.",
        "given_info": "For young people and no tea, the probability of sleep is 50%. "
        "For young people and tea, the probability of sleep is 52%. "
        "For old people and no tea, the probability of sleep is 50%. "
        "For old people and tea, the probability of sleep is 49%. The overall probability of old age is 55%.",
        "question": f"Will tea {word} the chance of sleep?",
    }
    answer = answer_question(**told)
    assert (answer.output, answer.verdict) == ("no", "undecided")
    assert answer.proof is not None
    assert Fraction(answer.proof["result"]["value"]) == Fraction(7, 2000)
    assert check_causal(answer.proof, told) == []
    assert check_causal({**answer.proof, "answer": "yes"}, told) != []


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
    assert found.value >= 0.97
    assert accepted == answered
