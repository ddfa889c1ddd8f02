"""The modular family keeps what it promises, on each of its recipes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from proveout.data import SelectSplit, TrainSplit
from proveout.errors import BuildFailed, PolicyInvalid, TaskInvalid
from proveout.families import BuildRun, Claim, ModularCandidate, Override, check_proof, families
from proveout.families.modular import ModularFamily
from proveout.families.modular._policy import PolicyRecipe
from proveout.task import DataSpec, Documents, Example, Modular, Rules, Task
from proveout.testing import check_family, make_splits, make_task

Splits = tuple[TrainSplit, SelectSplit]
FAMILY = ModularFamily()


def run_in(folder: Path, seed: int = 0, **fields: Any) -> BuildRun:
    return BuildRun(seed=seed, snapshot="0" * 64, cache=folder / "cache", embedder="tfidf", **fields)


@pytest.fixture
def labels(tmp_path: Path) -> ModularCandidate:
    return FAMILY.build(make_task_with_rows(), *make_splits(), run_in(tmp_path))


def make_task_with_rows(**fields: Any) -> Task:
    return make_task(data=DataSpec(examples=("rows.csv",)), **fields)


def test_the_suite_of_families_on_labels(tmp_path: Path) -> None:
    check_family(families.create("modular"), make_task_with_rows(), make_splits(), tmp_path, embedder="tfidf")


def test_the_suite_of_families_on_fields(tmp_path: Path, booking: tuple[Task, Splits]) -> None:
    task, splits = booking
    check_family(families.create("modular"), task, splits, tmp_path, embedder="tfidf")


def test_labels_are_two_micro_models_that_can_be_told_apart(labels: ModularCandidate) -> None:
    assert [(step.name, step.does, step.needs) for step in labels.steps] == [
        ("intent", "learned", ()),
        ("scope", "learned", ()),
    ]
    inside, outside = labels.answer([{"text": "my card 7 is lost"}, {"text": "how tall is mountain 7"}])
    assert inside.output == {"intent": "card"}
    assert outside.abstention == "out of scope"
    assert [step.name for step in outside.evidence.trace] == ["intent", "scope"]


def test_gold_of_labels(labels: ModularCandidate) -> None:
    rows = make_splits()[1].examples
    outside = next(row for row in rows if row.expected == {"intent": "oos"})
    assert labels.gold(outside) == {"scope": {"inside": False, "score": -1.0}}
    assert labels.gold(rows[0])["intent"]["label"] == "card"


def test_an_oracle_stands_in_for_a_step(labels: ModularCandidate) -> None:
    said = {"label": "refund", "confidence": 1.0}
    given, asked = labels.answer_with(
        [{"text": "my card 7 is lost"}, {"text": "my card 8 is lost"}],
        {"intent": lambda row, own: said if row == 0 else own},
    )
    assert given.output == {"intent": "refund"}
    assert asked.output == {"intent": "card"}


def test_what_a_step_cannot_work_with_is_an_abstention(labels: ModularCandidate) -> None:
    (answer,) = labels.answer_with([{"text": "my card 7 is lost"}], {"intent": lambda _row, _own: {"label": 7}})
    assert "intent" in answer.abstention
    assert answer.output is None


def test_a_changed_row_builds_only_what_learns_from_it(tmp_path: Path) -> None:
    train, select = make_splits()
    before = FAMILY.build(make_task_with_rows(), train, select, run_in(tmp_path)).state.parts
    again = FAMILY.build(make_task_with_rows(), train, select, run_in(tmp_path)).state.parts
    assert before == again


def test_one_step_is_learned_anew_and_the_other_stays(tmp_path: Path) -> None:
    train, select = make_splits()
    task = make_task_with_rows()
    candidate = FAMILY.build(task, train, select, run_in(tmp_path))
    fewer = TrainSplit(snapshot=train.snapshot, examples=train.examples[::2])
    other = FAMILY.rebuild(candidate, "intent", task, fewer, select, run_in(tmp_path, seed=1))
    assert other.state.parts["scope"] == candidate.state.parts["scope"]
    assert other.state.parts["intent"] != candidate.state.parts["intent"]
    with pytest.raises(BuildFailed, match="answer"):
        FAMILY.rebuild(candidate, "answer", task, fewer, select, run_in(tmp_path))


@pytest.mark.parametrize(("kind", "reason"), [("answer", "no documents"), ("decide", "no rows to learn")])
def test_it_says_why_it_does_not_fit(kind: str, reason: str) -> None:
    fit = FAMILY.fits(make_task(kind=kind))
    assert not fit.ok
    assert reason in fit.reason


POLICY = """
version: 1
name: bikes
decisions: [lend, refuse, ask]
undetermined: ask
facts:
  - {name: age, type: duration, unit: year, range: [0, 120], world: open, mutable: false, question: "How old are you?"}
  - {name: helmet, type: boolean, world: open, mutable: true, question: "Do you have a helmet?"}
rules:
  - {id: child, cites: {document: rules.md, section: "1"}, if: "age < 14", then: refuse, priority: 20}
  - {id: bare, cites: {document: rules.md, section: "2"}, if: "not helmet", then: refuse, priority: 10}
  - {id: fine, cites: {document: rules.md, section: "3"}, if: "age >= 14 and helmet", then: lend, priority: 5}
"""
REPLIES = """
[replies.lend]
text = "Take one. {why}"
[replies."*"]
text = "Not today, at {age} years. {why}"
missing = { age = "unknown" }
"""


def bikes(folder: Path, replies: str = REPLIES) -> Task:
    (folder / "policy.yaml").write_text(POLICY, encoding="utf-8")
    (folder / "replies.toml").write_text(replies, encoding="utf-8")
    schema = {"age": {"type": "number"}, "helmet": {"type": "boolean"}}
    return Task(
        name="bikes",
        kind="decide",
        target="decision",
        input={"type": "object", "properties": schema},
        output={"type": "object", "properties": {"decision": {"enum": ["lend", "refuse", "ask"]}}},
        rules=Rules(policy="policy.yaml"),
        modular=Modular(replies="replies.toml"),
        root=folder,
    )


def test_a_policy_is_decided_proved_and_replied_to(tmp_path: Path) -> None:
    empty = TrainSplit(snapshot="0" * 64, examples=()), SelectSplit(snapshot="0" * 64, examples=())
    candidate = FAMILY.build(bikes(tmp_path), *empty, run_in(tmp_path))
    lent, refused = candidate.answer([{"age": 20, "helmet": True}, {"age": 9, "helmet": True}])
    assert (lent.output, refused.output) == ({"decision": "lend"}, {"decision": "refuse"})
    assert lent.evidence.note.startswith("Take one.")
    assert refused.evidence.note.startswith("Not today, at 9 years.")
    assert lent.evidence.proof is not None
    assert [step.name for step in lent.evidence.trace] == ["facts", "rules", "reply"]
    assert all("proof" not in step.output for step in lent.evidence.trace)


def test_its_proofs_are_accepted_and_a_changed_one_is_not(tmp_path: Path) -> None:
    empty = TrainSplit(snapshot="0" * 64, examples=()), SelectSplit(snapshot="0" * 64, examples=())
    candidate = FAMILY.build(bikes(tmp_path), *empty, run_in(tmp_path))
    stored = tmp_path / "stored"
    stored.mkdir()
    candidate.save(stored)
    inputs = {"age": 20, "helmet": True}
    (answer,) = candidate.answer([inputs])
    claim = Claim(inputs=inputs, output=answer.output or {}, proof=answer.evidence.proof or {}, folder=stored)
    assert check_proof(claim) == ()
    other = Claim(inputs=inputs, output={"decision": "refuse"}, proof=answer.evidence.proof or {}, folder=stored)
    assert check_proof(other)


@pytest.mark.parametrize(
    ("replies", "said"),
    [
        ('replies.lend.text = "{colour}"', "unknown placeholder"),
        ('replies.lend.text = "fine"', "no template is for 'ask'"),
        ("replies", "cannot be read"),
    ],
)
def test_replies_are_checked_when_they_are_built(tmp_path: Path, replies: str, said: str) -> None:
    empty = TrainSplit(snapshot="0" * 64, examples=()), SelectSplit(snapshot="0" * 64, examples=())
    with pytest.raises((TaskInvalid, PolicyInvalid), match=said):
        FAMILY.build(bikes(tmp_path, replies), *empty, run_in(tmp_path))


def oracle_of(output: Any) -> Override:
    return lambda _row, _own: output


def test_fields_are_models_of_their_own(tmp_path: Path, booking: tuple[Task, Splits]) -> None:
    task, splits = booking
    candidate = FAMILY.build(task, *splits, run_in(tmp_path))
    assert {step.name for step in candidate.steps} == {"room", "refundable", "slots"}
    row = splits[1].examples[0]
    (answer,) = candidate.answer([row.inputs])
    gold = candidate.gold(row)

    (oracle,) = candidate.answer_with([row.inputs], {name: oracle_of(output) for name, output in gold.items()})
    assert oracle.guess == row.expected
    assert answer.guess is not None


PAGES = {
    "open.md": b"# Opening\n\nThe shop opens at nine. It closes at six on weekdays.",
    "pay.md": b"# Paying\n\nWe take cards and cash. Cheques are not taken.",
}
QUESTIONS = {
    "When does the shop open?": "at nine",
    "When does it close on weekdays?": "at six",
    "Do you take cards?": "cards and cash",
    "Are cheques taken?": "not taken",
    "Who owns the moon?": None,
}


def asking() -> tuple[Task, Splits]:
    text = {"type": "object", "properties": {"question": {"type": "string"}}}
    output = {"type": "object", "properties": {"answer": {"type": ["string", "null"]}}}
    task = Task(name="ask", kind="answer", input=text, output=output, documents=Documents(paths=("*.md",)))
    rows = tuple(
        Example(id=str(number), inputs={"question": question}, expected={"answer": answer})
        for number, (question, answer) in enumerate(QUESTIONS.items())
    )
    splits = TrainSplit(snapshot="0" * 64, examples=rows), SelectSplit(snapshot="0" * 64, examples=rows)
    return task, splits


def test_the_suite_of_families_on_questions(tmp_path: Path) -> None:
    task, splits = asking()
    check_family(FAMILY, task, splits, tmp_path, embedder="tfidf", documents=lambda: PAGES)


def test_an_answer_cites_its_sentence_and_what_was_found(tmp_path: Path) -> None:
    task, splits = asking()
    candidate = FAMILY.build(task, *splits, run_in(tmp_path, documents=lambda: PAGES))
    (answer,) = candidate.answer([{"question": "When does the shop open?"}])
    assert answer.guess == {"answer": "The shop opens at nine."}
    first = answer.evidence.citations[0]
    assert PAGES[first.document].decode()[first.start : first.end] == "The shop opens at nine."
    assert [step.name for step in answer.evidence.trace] == ["search", "choose"]


def test_documents_that_changed_rebuild_what_stands_on_them(tmp_path: Path) -> None:
    task, splits = asking()
    before = FAMILY.build(task, *splits, run_in(tmp_path, documents=lambda: PAGES)).state.parts
    changed = PAGES | {"pay.md": b"# Paying\n\nWe take cash only."}
    after = FAMILY.build(task, *splits, run_in(tmp_path, documents=lambda: changed)).state.parts
    assert before["search"] != after["search"]


def test_a_bad_row_to_calibrate_on_is_passed_over(tmp_path: Path) -> None:
    task = dated(tmp_path)
    rows = tuple(
        Example(id=str(n), inputs={"age": 20, "helmet": True, "day": day}, expected={"decision": "lend"})
        for n, day in enumerate(["2026-01-31", "no day"])
    )
    splits = TrainSplit(snapshot="0" * 64, examples=()), SelectSplit(snapshot="0" * 64, examples=rows)
    candidate = FAMILY.build(task, *splits, run_in(tmp_path))
    assert candidate.state.settings["sureness"]["rows"] == 1
    served, held_back = candidate.answer([row.inputs for row in rows])
    assert served.output == {"decision": "lend"}
    assert "no day" in held_back.abstention


def dated(folder: Path, **modular: Any) -> Task:
    task = bikes(folder)
    schema = {**task.input["properties"], "day": {"type": "string"}, "text": {"type": "string"}}
    return msgspec.structs.replace(
        task, input={"type": "object", "properties": schema}, rules=Rules(policy="policy.yaml", day="day", facts="said")
    )


EMPTY = TrainSplit(snapshot="0" * 64, examples=()), SelectSplit(snapshot="0" * 64, examples=())


@pytest.mark.parametrize("said", ['{"helmet": false}', {"helmet": False}])
def test_gold_of_facts_keeps_what_is_given_and_the_day(tmp_path: Path, said: Any) -> None:
    candidate = FAMILY.build(dated(tmp_path), *EMPTY, run_in(tmp_path))
    inputs = {"age": 20, "day": "2026-01-31", "text": "no helmet"}
    row = Example(id="1", inputs=inputs, expected={"decision": "refuse"}, meta={"said": said})
    gold = candidate.gold(row)
    assert gold["facts"]["facts"] == {"age": 20, "helmet": False}
    assert gold["facts"]["day"] == "2026-01-31"
    (answer,) = candidate.answer_with([inputs], {"facts": lambda _row, _own: gold["facts"]})
    assert answer.output == {"decision": "refuse"}


def test_gold_that_is_no_facts_names_its_row(tmp_path: Path) -> None:
    candidate = FAMILY.build(dated(tmp_path), *EMPTY, run_in(tmp_path))
    row = Example(id="1", inputs={"age": 20}, meta={"said": "{"}, provenance="rows.csv:7")
    with pytest.raises(BuildFailed, match=r"rows\.csv:7"):
        candidate.gold(row)


def test_a_decision_that_is_no_label_is_refused(tmp_path: Path) -> None:
    task = bikes(tmp_path)
    output = {"type": "object", "properties": {"decision": {"enum": ["lend", "refuse"]}}}
    with pytest.raises(PolicyInvalid, match="ask"):
        FAMILY.build(msgspec.structs.replace(task, output=output), *EMPTY, run_in(tmp_path))


@pytest.mark.parametrize(("key", "make"), [("domain", make_task_with_rows), ("intent", None)])
def test_a_column_that_is_not_there_is_named(tmp_path: Path, key: str, make: Any) -> None:
    task = make() if make else bikes(tmp_path)
    task = msgspec.structs.replace(task, modular=msgspec.structs.replace(task.modular, **{key: "nowhere"}))
    with pytest.raises(TaskInvalid, match=rf"modular\.{key}.*nowhere"):
        FAMILY.build(task, *make_splits(), run_in(tmp_path))


def test_zero_and_false_are_labels(tmp_path: Path) -> None:
    def rows(count: int) -> tuple[Example, ...]:
        words = ("rain", "sun")
        return tuple(
            Example(id=str(n), inputs={"text": f"{words[n % 2]} {n}"}, expected={"y": n % 2}) for n in range(count)
        )

    text = {"type": "object", "properties": {"text": {"type": "string"}}}
    output = {"type": "object", "properties": {"y": {"enum": [0, 1]}}}
    data = DataSpec(examples=("r.csv",))
    task = Task(name="t", kind="classify", target="y", input=text, output=output, data=data)
    splits = TrainSplit(snapshot="0" * 64, examples=rows(40)), SelectSplit(snapshot="0" * 64, examples=rows(10))
    candidate = FAMILY.build(task, *splits, run_in(tmp_path))
    gold = candidate.gold(rows(1)[0])["intent"]
    (answer,) = candidate.answer_with([{"text": "sun 3"}], {"intent": lambda _row, _own: gold})
    assert answer.output == {"y": "0"}


def test_gold_of_values_stands_where_the_steps_read_them(tmp_path: Path) -> None:
    """The text of a task of several input fields names its fields, which moves every value."""
    fields = {"subject": {"type": "string"}, "body": {"type": "string"}}
    wanted = {"city": {"type": "string"}, "room type": {"enum": ["single", "double"]}, "text": {"type": "boolean"}}
    task = Task(
        name="t",
        kind="extract",
        input={"type": "object", "properties": fields},
        output={"type": "object", "properties": wanted},
    )
    rows = tuple(two_fields(number) for number in range(60))
    splits = TrainSplit(snapshot="0" * 64, examples=rows[:48]), SelectSplit(snapshot="0" * 64, examples=rows[48:])
    candidate = FAMILY.build(task, *splits, run_in(tmp_path))
    assert {step.name for step in candidate.steps} == {"room_type", "text_", "slots"}
    row = rows[50]
    gold = candidate.gold(row)
    (answer,) = candidate.answer_with([row.inputs], {name: oracle_of(value) for name, value in gold.items()})
    assert answer.guess == row.expected
    stored = tmp_path / "stored"
    stored.mkdir()
    candidate.save(stored)
    loaded = ModularCandidate.load(stored, tmp_path / "cache")
    assert [one.guess for one in loaded.answer([row.inputs])] == [one.guess for one in candidate.answer([row.inputs])]


def two_fields(number: int) -> Example:
    city, room = ("Bonn", "Lyon", "Oslo")[number % 3], ("single", "double")[number % 2]
    inputs = {"subject": f"a {room} for {number}", "body": f"we go to {city} please" + " urgent" * (number % 4 == 0)}
    return Example(id=str(number), inputs=inputs, expected={"city": city, "room type": room, "text": number % 4 == 0})


def test_a_step_that_these_rows_cannot_teach_is_not_built_again(tmp_path: Path, booking: tuple[Task, Splits]) -> None:
    task, (train, select) = booking
    candidate = FAMILY.build(task, train, select, run_in(tmp_path))
    alike = tuple(one for one in train.examples if (one.expected or {})["room"] == "single")
    with pytest.raises(BuildFailed, match="room"):
        FAMILY.rebuild(candidate, "room", task, TrainSplit(snapshot="0" * 64, examples=alike), select, run_in(tmp_path))


def test_facts_are_learned_from_the_text_that_they_are_read_from(tmp_path: Path) -> None:
    """Not from the whole input, which names its fields and holds the day and the facts given apart."""
    task = dated(tmp_path)
    row = Example(
        id="1",
        inputs={"age": 20, "day": "2026-01-31", "text": "a helmet is on"},
        expected={"decision": "lend"},
        meta={"said": '{"helmet": true}'},
    )
    splits = TrainSplit(snapshot="0" * 64, examples=(row,)), SelectSplit(snapshot="0" * 64, examples=(row,))
    plan = PolicyRecipe().plan(task, *splits, run_in(tmp_path))
    facts = next(one for one in plan.models if one.step == "facts")
    assert [one.text for one in (*facts.rows.train, *facts.rows.select)] == ["a helmet is on"] * 2
    assert facts.rows.train[0].facts == {"helmet": True}


def test_a_step_is_learned_anew_upon_what_is_kept(tmp_path: Path) -> None:
    task, (train, select) = asking()
    candidate = FAMILY.build(task, train, select, run_in(tmp_path, documents=lambda: PAGES))
    fewer = TrainSplit(snapshot=train.snapshot, examples=train.examples[:2])
    run = run_in(tmp_path / "other", documents=lambda: PAGES)
    other = FAMILY.rebuild(candidate, "choose", task, fewer, select, run)
    assert other.parts["search"] is candidate.parts["search"]
    assert other.state.parts["choose"] != candidate.state.parts["choose"]


def test_a_tagger_told_a_field_is_learned_anew_with_the_field_and_alone(
    tmp_path: Path, booking: tuple[Task, Splits]
) -> None:
    task, (train, select) = booking
    task = msgspec.structs.replace(task, modular=Modular(intent="room"))
    candidate = FAMILY.build(task, train, select, run_in(tmp_path))
    assert next(step for step in candidate.steps if step.name == "slots").needs == ("room",)
    fewer = TrainSplit(snapshot=train.snapshot, examples=train.examples[:80])
    alone = FAMILY.rebuild(candidate, "slots", task, fewer, select, run_in(tmp_path / "alone"))
    assert alone.state.parts["room"] == candidate.state.parts["room"]
    assert alone.state.parts["slots"] != candidate.state.parts["slots"]
    both = FAMILY.rebuild(candidate, "room", task, fewer, select, run_in(tmp_path / "both"))
    assert both.state.parts["refundable"] == candidate.state.parts["refundable"]
    assert both.state.parts["room"] != candidate.state.parts["room"]
