from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from proveout import loop
from proveout.data import SelectSplit, load_snapshot
from proveout.errors import BuildFailed, FamilyUnknown, ProveoutError
from proveout.families import Claim, check_proof, load_candidate
from proveout.release import Part, parse_route
from proveout.release._plan import _judged
from proveout.store import Workspace
from proveout.task import Example
from proveout.testing import make_task as make_labels


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("waterfall:a,b", FamilyUnknown, "no route is called 'waterfall'"),
        ("cascade", BuildFailed, "no candidate"),
        ("cascade:a", BuildFailed, "it has a"),
        ("mixture:a,a", BuildFailed, "a, a"),
    ],
)
def test_what_is_no_route_is_said(text: str, error: type[ProveoutError], said: str) -> None:
    with pytest.raises(error, match=said):
        parse_route(text)


def make_task(folder: Path) -> Path:
    rows = [f"{word} {n},{word}" for n in range(60) for word in ("card", "refund")]
    (folder / "train.csv").write_text("\n".join(["text,intent", *rows]) + "\n", encoding="utf-8")
    loop.new(folder / "desk", kind="classify", examples=[folder / "train.csv"], inputs=["text"], outputs=["intent"])
    return folder / "desk"


def test_a_route_is_stored_loaded_and_found_again(tmp_path: Path) -> None:
    desk = make_task(tmp_path)
    names = ["distilled", "retrieval"]
    routes = ["cascade:distilled,retrieval", "mixture:distilled,retrieval"]
    first = loop.compare(desk, names=names, embedder="tfidf", routes=routes)
    again = loop.compare(desk, names=names, embedder="tfidf", routes=routes)
    assert [one.family for one in first.candidates] == [*names, "cascade", "mixture"]
    assert [one.id for one in first.candidates] == [one.id for one in again.candidates]
    workspace = Workspace(desk)
    rows = [example.inputs for example in load_snapshot(workspace).select().examples]
    for one in first.candidates[2:]:
        loaded = load_candidate(workspace, one.id)
        assert [answer.output for answer in loaded.answer(rows)]
        assert loaded.card.parameters["candidates"] == [part.id for part in first.candidates[:2]]


def test_a_route_over_what_was_not_built(tmp_path: Path) -> None:
    with pytest.raises(BuildFailed, match="cascade: llm"):
        loop.compare(make_task(tmp_path), names=["distilled"], embedder="tfidf", routes=["cascade:distilled,llm"])


def test_a_proof_of_a_stranger_is_not_accepted(tmp_path: Path) -> None:
    folder = tmp_path / "cascade@1"
    folder.mkdir()
    (folder / "cascade.json").write_text('{"card": {"parameters": {"candidates": ["symbolic@1"]}}}', encoding="utf-8")
    proof = {"kind": "routed", "by": "symbolic@2", "proof": {"kind": "decision"}}
    assert check_proof(Claim(inputs={}, output={}, proof=proof, folder=folder)) == (
        "the proof is of a candidate that is not of this route",
    )


def test_rows_out_of_scope_are_right_when_they_are_left_without_an_answer(part: Callable[..., Part]) -> None:
    said = {"1": ("card", 0.9), "2": (None, 0.0), "3": ("card", 0.9), "4": ("oos", 0.9)}

    def say(inputs: Mapping[str, Any]) -> tuple[str | None, float]:
        return said[inputs["text"]]

    rows = tuple(
        Example(id=text, inputs={"text": text}, expected={"label": "card" if text == "1" else "oos"}) for text in said
    )
    task = make_labels(target="label", out_of_scope="oos")
    judged = _judged(task, part("a", say), SelectSplit(snapshot="0" * 64, examples=rows))
    assert judged.points == (1.0, 1.0, 0.0, 1.0)
    assert judged.outside == (1, 2, 3)
