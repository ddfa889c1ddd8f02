from __future__ import annotations

import json
import threading
from importlib.util import find_spec
from typing import Any

import pytest

from proveout.data import SelectSplit, TrainSplit
from proveout.errors import DataEmpty, ExtraMissing, ProviderRefused
from proveout.families.llm._completion import Completion
from proveout.families.llm._optimise import (
    OptimisedPrompt,
    OptimiserBudget,
    is_right,
    optimise_prompt,
    plain_prompt,
)
from proveout.families.llm._provider import Provider
from proveout.task import Example, Incumbent, Task
from proveout.testing import FakeProvider, completion

OUTPUT = {"type": "object", "properties": {"intent": {"enum": ["card", "refund"]}}, "required": ["intent"]}
TASK = Task(
    name="desk",
    kind="classify",
    input={"type": "object", "properties": {"text": {"type": "string"}}},
    output=OUTPUT,
    description="Route it.",
    incumbent=Incumbent(model="m"),
)
BUDGET = OptimiserBudget(candidates=3, trials=4, shown=2, train_rows=20, select_rows=10)
needs_dspy = pytest.mark.skipif(
    not (find_spec("dspy") and find_spec("optuna")), reason='the extra "dspy" is not installed'
)


def example(number: int, *, labelled: bool = True) -> Example:
    intent = "card" if number % 2 else "refund"
    expected = {"intent": intent} if labelled else None
    return Example(id=str(number), inputs={"text": f"{intent} {number}"}, expected=expected)


TRAIN = TrainSplit(snapshot="s", examples=tuple(example(number) for number in range(30)))
SELECT = SelectSplit(snapshot="s", examples=tuple(example(number) for number in range(100, 120)))


class Pupil:
    """Right once it is shown two examples or told the trick; it proposes the trick. Otherwise it says card."""

    def __init__(self, proposal: str) -> None:
        self.proposal = proposal
        self.bodies: list[dict[str, Any]] = []

    def complete(self, body: dict[str, Any]) -> Completion:
        self.bodies.append(body)
        if "response_format" not in body:
            return Completion(self.proposal, refused=False, tokens_in=1, tokens_out=1)
        told = "Look" in body["messages"][0]["content"]
        shown = sum(turn["role"] == "assistant" for turn in body["messages"])
        said = body["messages"][-1]["content"]
        intent = "card" if "card" in said or not (told or shown >= 2) else "refund"
        return Completion(json.dumps({"intent": intent}), refused=False, tokens_in=1, tokens_out=1)


def run(pupil: Pupil, select: SelectSplit = SELECT) -> OptimisedPrompt:
    return optimise_prompt(TASK, TRAIN, select, pupil, seed=0, budget=BUDGET)


def test_the_prompt_holds_instructions_schema_examples_and_input() -> None:
    turns = plain_prompt(TASK, "Look.", [example(1)], {"text": "é"})
    assert [turn["role"] for turn in turns] == ["system", "user", "assistant", "user"]
    assert turns[0]["content"].startswith("Look.\n")
    assert json.loads(turns[0]["content"].splitlines()[-1]) == OUTPUT
    assert [json.loads(turn["content"]) for turn in turns[1:]] == [
        {"text": "card 1"},
        {"intent": "card"},
        {"text": "é"},
    ]


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ('{"intent": "card"}', True),
        ('{"intent":"card"}\n', True),
        ('{"intent": "refund"}', False),
        ('{"intent": "loan"}', False),
        ('"card"', False),
        ("card", False),
        ("", False),
    ],
)
def test_right_is_json_of_the_schema_that_equals_the_label(text: str, right: bool) -> None:  # noqa: FBT001  a parameter
    assert is_right(TASK, text, {"intent": "card"}) is right


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proveout.families.llm._optimise.find_spec", lambda _: None)
    with pytest.raises(ExtraMissing, match=r"proveout\[dspy\]"):
        run(Pupil(""))


def test_a_split_without_labels_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proveout.families.llm._optimise.find_spec", lambda _: True)
    with pytest.raises(DataEmpty, match="no labelled row"):
        run(Pupil(""), SelectSplit(snapshot="s", examples=(example(100, labelled=False),)))


@needs_dspy
def test_a_better_prompt_is_found_and_equal_seeds_find_the_same() -> None:
    pupil = Pupil("Look for the word card.")
    found = run(pupil)
    assert found.select_score == 1.0
    assert found.select_rows == BUDGET.select_rows
    assert found.instructions == "Look for the word card." or len(found.demos) == 2
    assert found == run(Pupil("Look for the word card."))
    plain = next(one for one in found.tried if one.instructions == "Route it." and not one.demos)
    assert plain.right < BUDGET.select_rows
    assert len(found.tried) == BUDGET.trials + 1
    assert found.calls == len(pupil.bodies) <= BUDGET.calls


@needs_dspy
def test_what_is_scored_is_the_prompt_that_is_returned() -> None:
    pupil = Pupil("Look.")
    found = run(pupil)
    asked = sorted(SELECT.examples, key=lambda one: one.id)
    sent = [body["messages"] for body in pupil.bodies if "response_format" in body]
    assert any(plain_prompt(TASK, found.instructions, found.demos, one.inputs) in sent for one in asked)
    assert {json.dumps(body["response_format"]["json_schema"]["schema"]) for body in pupil.bodies[-5:]} == {
        json.dumps(OUTPUT)
    }


@needs_dspy
def test_only_training_rows_are_shown_and_only_select_rows_are_scored() -> None:
    pupil = Pupil("Nothing helps.")
    run(pupil)
    training = {one.inputs["text"] for one in TRAIN.examples}
    selected = {one.inputs["text"] for one in SELECT.examples}
    for body in pupil.bodies:
        if "response_format" in body:
            *before, last = (json.loads(turn["content"]) for turn in body["messages"][1:])
            assert {turn["text"] for turn in before[::2]} <= training
            assert last["text"] in training | selected
        else:
            assert not any(text in turn["content"] for turn in body["messages"] for text in selected)


@needs_dspy
def test_when_nothing_is_better_the_prompt_stays(capfd: pytest.CaptureFixture[str]) -> None:
    class Constant(Pupil):
        def complete(self, body: dict[str, Any]) -> Completion:
            return Completion("" if "response_format" in body else "Try.", refused=False, tokens_in=1, tokens_out=1)

    found = run(Constant(""))
    assert (found.instructions, found.demos, found.select_score) == ("Route it.", (), 0.0)
    assert capfd.readouterr() == ("", "")


@needs_dspy
def test_an_endpoint_that_refuses_ends_the_search_with_our_error() -> None:
    bad = completion("bad key", status=401)
    threads = threading.active_count()
    with FakeProvider(completion({"intent": "card"}), bad) as fake:
        provider = Provider(Incumbent(mode="endpoint", model="m", base_url=fake.url))
        with pytest.raises(ProviderRefused, match="bad key"):
            optimise_prompt(TASK, TRAIN, SELECT, provider, seed=0, budget=BUDGET)
        provider.close()
        assert len(fake.requests) == 2
    assert threading.active_count() == threads
