"""Evidence that holds is accepted, and evidence that was changed is not."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from proveout.families import CandidateCard, document_versions
from proveout.task import Answer, Citation, Evidence, Example, Kind, Neighbour, Task
from proveout.trial._evidence import EvidenceChecker, learned_rows

PAGES = {
    "rhine.md": b"The Rhine rises in the Alps. It flows north to the sea.",
    "elbe.md": b"The Elbe rises in Bohemia. It passes Dresden and Hamburg on its way.",
}
ROWS = [Example(id=f"r{n}", inputs={"text": f"text {n}"}, expected={"y": "ab"[n % 2]}) for n in range(8)]


def checker(kind: Kind) -> EvidenceChecker:
    field = "y" if kind == "classify" else "answer"
    task = Task(name="t", kind=kind, input={}, output={"properties": {field: {}}}, target=field)

    def passages(cited: Citation) -> str | None:
        page = PAGES.get(cited.document)
        return page.decode()[cited.start : cited.end] or None if page else None

    return EvidenceChecker(
        task=task,
        versions=lambda path: document_versions(path, PAGES[path]) if path in PAGES else frozenset(),
        passages=passages,
        learned=learned_rows(ROWS),
    )


def card(**parameters: Any) -> CandidateCard:
    return CandidateCard(family="f", task="t", snapshot="s", code="1", seed=0, parameters=parameters)


def problems(kind: Kind, answer: Answer, **parameters: Any) -> tuple[str, ...]:
    return checker(kind).check(ROWS[0], answer, card(**parameters), Path()).problems


def cited(document: str, start: int, end: int) -> Citation:
    return Citation(
        document=document, fingerprint=min(document_versions(document, PAGES[document])), start=start, end=end
    )


def near(number: int, similarity: float) -> Neighbour:
    fingerprint, row = learned_rows(ROWS)[f"r{number}"]
    return Neighbour(example=row.id, fingerprint=fingerprint, similarity=similarity, output=dict(row.expected or {}))


ANSWERED = Answer(
    output={"answer": "It flows north to the sea."},
    confidence=0.9,
    evidence=Evidence(citations=(cited("rhine.md", 29, 55), cited("elbe.md", 0, 26))),
)
VOTED = Answer(
    output={"y": "a"}, confidence=0.9, evidence=Evidence(neighbours=(near(0, 0.95), near(2, 0.9), near(1, 0.9)))
)


def test_evidence_that_holds_is_accepted() -> None:
    assert problems("answer", ANSWERED) == ()
    assert problems("classify", VOTED) == ()
    assert problems("classify", VOTED, neighbours={"value": 1}) == ()


def test_no_evidence_is_not_accepted() -> None:
    found = checker("classify").check(ROWS[0], Answer(output={"y": "a"}), card(), Path())
    assert (found.kind, bool(found.problems)) == ("none", True)


def test_an_answer_is_supported_by_what_it_cites() -> None:
    other = msgspec.structs.replace(ANSWERED, output={"answer": "It flows south to the desert and beyond."})
    assert problems("answer", other) == ("no cited span supports the answer",)


def test_only_the_neighbours_that_vote_decide() -> None:
    turned = msgspec.structs.replace(VOTED, evidence=Evidence(neighbours=(near(1, 0.91), near(0, 0.9), near(2, 0.9))))
    assert problems("classify", turned) == ()
    assert problems("classify", turned, neighbours={"value": 1}) == (
        "the vote of the cited neighbours gives another output",
    )


def test_neighbours_prove_no_text() -> None:
    answer = msgspec.structs.replace(VOTED, output={"answer": "a"})
    assert "neighbours prove nothing where an answer is more than a label" in problems("answer", answer)


def mutated_citation(rng: random.Random) -> Answer:
    """ANSWERED with one thing about its first citation, or its output, changed."""
    first, second = ANSWERED.evidence.citations
    place = 100 * rng.randint(1, 50)
    changes: list[Any] = [
        lambda: msgspec.structs.replace(first, fingerprint=first.fingerprint[::-1]),
        lambda: msgspec.structs.replace(first, fingerprint=second.fingerprint),
        lambda: msgspec.structs.replace(first, document="elbe.md"),
        lambda: msgspec.structs.replace(first, document="nowhere.md"),
        lambda: msgspec.structs.replace(first, start=place, end=place + 26),
        lambda: msgspec.structs.replace(first, end=first.end + rng.randint(1, 99)),
        lambda: msgspec.structs.replace(first, start=0, end=rng.randint(1, 28)),
        lambda: msgspec.structs.replace(first, start=first.end, end=first.start),
        lambda: msgspec.structs.replace(first, start=-rng.randint(1, 20)),
    ]
    if rng.random() < 0.1:
        return msgspec.structs.replace(ANSWERED, output={"answer": f"It flows to {rng.random()} seas and back."})
    changed = rng.choice(changes)()
    return msgspec.structs.replace(ANSWERED, evidence=Evidence(citations=(changed, second)))


def mutated_neighbours(rng: random.Random) -> Answer:
    """VOTED with one thing about its neighbours, or its output, changed."""
    rows = list(VOTED.evidence.neighbours)
    at = rng.randrange(len(rows))
    one, other = rows[at], rows[at - 1]

    def put(new: Neighbour) -> list[Neighbour]:
        return [*rows[:at], new, *rows[at + 1 :]]

    changes: list[Any] = [
        lambda: put(msgspec.structs.replace(one, fingerprint=other.fingerprint)),
        lambda: put(msgspec.structs.replace(one, example=other.example)),
        lambda: put(msgspec.structs.replace(one, example=f"r{rng.randint(100, 999)}")),
        lambda: put(msgspec.structs.replace(one, output={"y": {"a": "b", "b": "a"}[one.output["y"]]})),
        lambda: put(msgspec.structs.replace(one, similarity=1.0 + rng.random())),
        lambda: put(other),
        lambda: [rows[2]],
        lambda: [rows[1], rows[0], rows[2]],
        lambda: [*rows, rows[at]],
    ]
    if rng.random() < 0.1:
        return msgspec.structs.replace(VOTED, output={"y": rng.choice("bcd")})
    return msgspec.structs.replace(VOTED, evidence=Evidence(neighbours=tuple(rng.choice(changes)())))


@pytest.mark.parametrize(
    ("kind", "mutate", "whole"),
    [("answer", mutated_citation, ANSWERED), ("classify", mutated_neighbours, VOTED)],
    ids=["citations", "neighbours"],
)
def test_changed_evidence_is_refused_every_time(kind: Kind, mutate: Any, whole: Answer) -> None:
    rng = random.Random(3)
    found = [mutate(rng) for _ in range(1000)]
    assert all(one != whole for one in found)
    assert [one for one in found if not problems(kind, one)] == []
