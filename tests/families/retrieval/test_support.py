from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proveout.families.retrieval._reader import PageReader
from proveout.families.retrieval._support import Support, claims_of, support

THRESHOLD = 0.6
ASKED = "When are refunds paid, and who signs them?"


@pytest.fixture
def check(handbook: dict[str, bytes], embedder: Any, tmp_path: Path) -> Callable[..., Support]:
    reader = PageReader(handbook, embedder, tmp_path)

    def of(claim: str, question: str = ASKED) -> Support:
        return support(question, claim, reader.look_up(question), reader.vectors)

    return of


@pytest.mark.parametrize(
    "claim",
    [
        "Refunds are paid within 5 working days.",
        "Refunds are paid within five working days.",
        "Sale items are not refunded.",
        "Mrs. Abel signs each refund above 200 euros.",
        "The desk in Bonn opens at 9 and closes at 17 on weekdays.",
    ],
)
def test_what_the_documents_say_is_supported(check: Callable[..., Support], claim: str) -> None:
    found = check(claim, ASKED if "efund" in claim else "When is the desk open?")
    assert (found.problem, found.score >= THRESHOLD) == ("", True)


@pytest.mark.parametrize(
    ("claim", "why"),
    [
        ("Refunds are paid within 7 working days.", "the number 7 is in no passage"),
        ("Refunds are paid within seven working days.", "the number 7 is in no passage"),
        ("Refunds are paid within 12 working days.", "its numbers are not where the rest of it stands"),
        ("Refunds are not paid within 5 working days.", "the documents say it with, or without, a negation"),
        ("Sale items are refunded.", "the documents say it with, or without, a negation"),
        ("Each refund above 200 euros is signed by Mrs. Kane.", "the name kane is in no passage"),
        ("Yes, it is so.", "nothing in it can be checked"),
        ("...", "nothing in it can be checked"),
    ],
)
def test_what_the_documents_do_not_say_is_named(check: Callable[..., Support], claim: str, why: str) -> None:
    found = check(claim)
    assert why in {found.problem, found.doubt}
    assert found.problem or found.score < THRESHOLD


def test_another_subject_scores_low(check: Callable[..., Support]) -> None:
    found = check("Penguins breed on the southern ice in winter storms.")
    assert found.score < THRESHOLD


def test_the_place_is_exactly_the_text(check: Callable[..., Support], handbook: dict[str, bytes]) -> None:
    text = handbook["refunds.md"].decode()
    found = check("Sale items are not refunded.")
    assert text[found.start : found.end] == "Sale items are not refunded."
    hours = handbook["hours.md"].decode()
    both = check("The desk in Bonn opens at 9 and closes at 17 on weekdays.", "When is the desk open?")
    assert hours[both.start : both.end] == "The desk in Bonn opens at 9. It closes at 17 on weekdays."


def test_a_short_answer_is_read_with_its_question(check: Callable[..., Support]) -> None:
    right = check("12 euros", "What does a new card cost?")
    wrong = check("200 euros", "What does a new card cost?")
    assert (right.problem, right.score >= THRESHOLD) == ("", True)
    assert wrong.problem or wrong.score < right.score


def test_thousands_and_zeros_do_not_matter(embedder: Any, tmp_path: Path) -> None:
    reader = PageReader({"a.md": b"The tower weighs 1,200 tons and is 3.50 m wide."}, embedder, tmp_path)
    looked = reader.look_up("How heavy is the tower?")
    assert support("How heavy?", "The tower weighs 1200 tons and is 3.5 m wide.", looked, reader.vectors).problem == ""


def test_claims_are_sentences() -> None:
    assert claims_of("It is so. It was 3.5 m long!\n\nDone") == ["It is so.", "It was 3.5 m long!", "Done"]
    assert claims_of(" \n") == []
