from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from proveout.data import SelectSplit, TrainSplit
from proveout.errors import DecisionModelInvalid
from proveout.families import BuildRun, Claim, check_proof, families
from proveout.families.symbolic._tables import TableCandidate, build_tables, fits_tables
from proveout.task import Answer, Example, Rules, Task
from proveout.testing import check_family, make_task

LEVELS = {
    "hit_policy": "UNIQUE",
    "inputs": [{"expression": "Order Value"}],
    "outputs": [{"name": "level"}],
    "rules": [
        {"if": ["< 100"], "then": ['"small"']},
        {"if": ["[100..1000]"], "then": ['"large"']},
    ],
}
MODEL: dict[str, Any] = {
    "model": "orders",
    "inputs": [{"name": "Order Value"}, {"name": "is member"}],
    "decisions": [
        {"name": "level", "requires": ["Order Value"], "logic": {"decision_table": LEVELS}},
        {
            "name": "shipping",
            "requires": ["level", "is member"],
            "logic": {"feel": 'if level = "large" or is member then "free" else "paid"'},
        },
    ],
}
XML = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" name="orders" id="m" namespace="n">
  <inputData id="value" name="Order Value"><variable name="Order Value" typeRef="number"/></inputData>
  <inputData id="member" name="is member"><variable name="is member" typeRef="boolean"/></inputData>
  <decision id="level" name="level"><variable name="level" typeRef="string"/>
    <informationRequirement id="i1"><requiredInput href="#value"/></informationRequirement>
    <decisionTable id="t" hitPolicy="UNIQUE">
      <input id="c"><inputExpression id="e"><text>Order Value</text></inputExpression></input>
      <output id="o"/>
      <rule id="r1"><inputEntry id="x1"><text>&lt; 100</text></inputEntry>
        <outputEntry id="y1"><text>"small"</text></outputEntry></rule>
      <rule id="r2"><inputEntry id="x2"><text>[100..1000]</text></inputEntry>
        <outputEntry id="y2"><text>"large"</text></outputEntry></rule>
    </decisionTable>
  </decision>
  <decision id="shipping" name="shipping"><variable name="shipping" typeRef="string"/>
    <informationRequirement id="i2"><requiredDecision href="#level"/></informationRequirement>
    <informationRequirement id="i3"><requiredInput href="#member"/></informationRequirement>
    <literalExpression id="l">
      <text>if level = "large" or is member then "free" else "paid"</text></literalExpression>
  </decision>
</definitions>"""
CASES = [(50, False, "paid"), (50, True, "free"), (500, False, "free"), (100, False, "free")]


def task_of(folder: Path, name: str = "orders.dmn", decision: str = "", fields: dict[str, Any] | None = None) -> Task:
    text = XML if name.endswith((".dmn", ".xml")) else json.dumps(MODEL)
    (folder / name).write_text(text, encoding="utf-8")
    properties = fields or {"order_value": {"type": "number"}, "IsMember": {"type": "boolean"}}
    return Task(
        name="shipping",
        kind="decide",
        input={"type": "object", "properties": properties},
        output={"type": "object", "properties": {"shipping": {"type": "string"}}},
        target="shipping",
        rules=Rules(policy=name, decision=decision),
        root=folder,
    )


def splits(wrong: int = 0) -> tuple[TrainSplit, SelectSplit]:
    rows = [
        Example(id=f"{at}", inputs={"order_value": value, "IsMember": member}, expected={"shipping": said})
        for at, (value, member, said) in enumerate([*CASES, *[(50, True, "paid")] * wrong])
    ]
    train = TrainSplit(snapshot="0" * 64, examples=tuple(rows))
    return train, SelectSplit(snapshot="0" * 64, examples=tuple(rows) if wrong else ())


def built(task: Task, folder: Path, wrong: int = 0) -> TableCandidate:
    return build_tables(task, *splits(wrong), BuildRun(seed=0, snapshot="0" * 64, cache=folder))


def asked(candidate: TableCandidate, **inputs: Any) -> Answer:
    return candidate.answer([inputs])[0]


@pytest.mark.parametrize("name", ["orders.dmn", "orders.xml", "orders.json"])
def test_it_keeps_the_promises_of_a_family(name: str, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "work").mkdir()
    check_family(families.create("symbolic"), task_of(tmp_path / "model", name), splits(), tmp_path / "work")


@pytest.mark.parametrize("name", ["orders.dmn", "orders.json"])
@pytest.mark.parametrize("case", CASES)
def test_it_decides_as_the_model_says(name: str, case: tuple[int, bool, str], tmp_path: Path) -> None:
    value, member, said = case
    candidate = built(task_of(tmp_path, name), tmp_path)
    answer = asked(candidate, order_value=value, IsMember=member)
    assert answer.output == answer.guess == {"shipping": said}
    (tmp_path / "saved").mkdir()
    candidate.save(tmp_path / "saved")
    inputs = {"order_value": value, "IsMember": member}
    assert answer.evidence.proof is not None
    claim = Claim(inputs=inputs, output=answer.output, proof=answer.evidence.proof, folder=tmp_path / "saved")
    assert check_proof(claim) == ()


def test_fields_are_matched_by_name_and_others_left_out(tmp_path: Path) -> None:
    number, boolean = {"type": "number"}, {"type": "boolean"}
    fields = {"ORDER value": number, "ismember": boolean, "note": {"type": "string"}}
    task = task_of(tmp_path, "orders.json", fields=fields)
    answer = asked(built(task, tmp_path), **{"ORDER value": 50, "ismember": True, "note": "x"})
    assert answer.output == {"shipping": "free"}


def test_no_field_of_the_model_is_refused(tmp_path: Path) -> None:
    task = task_of(tmp_path, "orders.json", fields={"text": {"type": "string"}})
    with pytest.raises(DecisionModelInvalid, match="no input field"):
        built(task, tmp_path)


def test_the_decision_is_the_last_or_the_one_that_is_named(tmp_path: Path) -> None:
    assert built(task_of(tmp_path), tmp_path).card.parameters["decision"] == "shipping"
    named = built(task_of(tmp_path, decision="level"), tmp_path)
    assert asked(named, order_value=500, IsMember=False).output == {"shipping": "large"}


def test_two_last_decisions_are_refused(tmp_path: Path) -> None:
    task = task_of(tmp_path, "orders.json")
    two = {**MODEL, "decisions": [*MODEL["decisions"], {"name": "other", "logic": {"feel": "1"}}]}
    (tmp_path / "orders.json").write_text(json.dumps(two), encoding="utf-8")
    with pytest.raises(DecisionModelInvalid) as refused:
        built(task, tmp_path)
    assert "shipping, other could be meant" in refused.value.why
    assert "rules.decision" in refused.value.fix


@pytest.mark.parametrize(
    ("inputs", "why"),
    [({"order_value": 5000, "IsMember": False}, ""), ({"order_value": "many", "IsMember": False}, ""), ({}, "")],
)
def test_where_a_decision_comes_to_nothing_it_abstains(inputs: dict[str, Any], why: str, tmp_path: Path) -> None:
    answer = asked(built(task_of(tmp_path, decision="level"), tmp_path), **inputs)
    assert answer.output is None
    assert answer.abstention
    assert why in answer.abstention
    assert answer.evidence.proof is None


@pytest.mark.parametrize("content", ["", "[]", "{", '{"decisions": 3}'])
def test_a_file_that_is_no_model_is_refused(content: str, tmp_path: Path) -> None:
    task = task_of(tmp_path, "orders.json")
    (tmp_path / "orders.json").write_text(content, encoding="utf-8")
    with pytest.raises(DecisionModelInvalid):
        built(task, tmp_path)
    (tmp_path / "orders.json").unlink()
    with pytest.raises(DecisionModelInvalid):
        built(task, tmp_path)


def test_rows_to_select_on_say_how_sure_a_decision_is(tmp_path: Path) -> None:
    task = task_of(tmp_path)
    assert asked(built(task, tmp_path), order_value=5, IsMember=True).confidence == 0.99
    assert asked(built(task, tmp_path, wrong=12), order_value=5, IsMember=True).confidence < 0.5


def test_another_output_value_or_input_is_rejected(tmp_path: Path) -> None:
    candidate = built(task_of(tmp_path), tmp_path)
    (tmp_path / "saved").mkdir()
    candidate.save(tmp_path / "saved")
    inputs = {"order_value": 50, "IsMember": True}
    answer = asked(candidate, **inputs)
    proof = answer.evidence.proof
    assert proof is not None
    good: dict[str, Any] = {"inputs": inputs, "output": answer.output, "proof": proof, "folder": tmp_path / "saved"}
    assert check_proof(Claim(**good)) == ()
    assert check_proof(Claim(**good | {"output": {"shipping": "paid"}}))
    assert check_proof(Claim(**good | {"output": {"other": "free"}}))
    assert check_proof(Claim(**good | {"inputs": {"order_value": 500, "IsMember": True}}))
    assert check_proof(Claim(**good | {"inputs": {"order_value": 50, "IsMember": False}}))
    assert check_proof(Claim(**good | {"output": {"shipping": "paid"}, "proof": {**proof, "value": "paid"}}))
    for key in proof:
        changed = copy.deepcopy(proof)
        changed[key] = "something else"
        assert check_proof(Claim(**good | {"proof": changed})), key


def test_what_it_fits(tmp_path: Path) -> None:
    assert fits_tables(task_of(tmp_path)).ok
    assert "names none" in fits_tables(make_task()).reason
    extract = Task(
        name="x",
        kind="extract",
        input={"type": "object", "properties": {}},
        output={"type": "object", "properties": {"a": {"type": "string"}}},
        rules=Rules(policy="orders.dmn"),
    )
    assert "kind is extract" in fits_tables(extract).reason
