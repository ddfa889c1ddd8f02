from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from proveout.errors import DecisionModelInvalid
from proveout.families.symbolic.dmn import check_dmn, decide, dmn_json, load_dmn
from proveout.families.symbolic.dmn._xml import SPACES

BODY = """
  <itemDefinition name="tRisk">
    <typeRef>string</typeRef><allowedValues><text>"low", "high"</text></allowedValues>
  </itemDefinition>
  <itemDefinition name="tPerson">
    <itemComponent name="date of birth"><typeRef>date</typeRef></itemComponent>
    <itemComponent name="risk"><typeRef>tRisk</typeRef></itemComponent>
  </itemDefinition>
  <itemDefinition name="tPeople" isCollection="true"><typeRef>tPerson</typeRef></itemDefinition>
  <inputData id="i1" name="person"><variable name="person" typeRef="tPerson"/></inputData>
  <inputData id="i2" name="sum"><variable name="sum" typeRef="number"/></inputData>
  <businessKnowledgeModel id="b1" name="with tax">
    <encapsulatedLogic>
      <formalParameter name="amount" typeRef="number"/>
      <literalExpression><text>amount * 1.2</text></literalExpression>
    </encapsulatedLogic>
  </businessKnowledgeModel>
  <decision id="d1" name="rate">
    <variable name="rate" typeRef="number"/>
    <informationRequirement><requiredInput href="#i1"/></informationRequirement>
    <decisionTable hitPolicy="UNIQUE">
      <input><inputExpression typeRef="string"><text>person.risk</text></inputExpression></input>
      <input><inputExpression typeRef="date"><text>person.date of birth</text></inputExpression></input>
      <output name="rate" typeRef="number"/>
      <rule><inputEntry><text>"low"</text></inputEntry><inputEntry><text>-</text></inputEntry>
        <outputEntry><text>1</text></outputEntry></rule>
      <rule><inputEntry><text>"high"</text></inputEntry><inputEntry><text>&lt; date("2000-01-01")</text></inputEntry>
        <outputEntry><text>2.5</text></outputEntry></rule>
    </decisionTable>
  </decision>
  <decision id="d2" name="price">
    <informationRequirement><requiredDecision href="#d1"/></informationRequirement>
    <informationRequirement><requiredInput href="#i2"/></informationRequirement>
    <knowledgeRequirement><requiredKnowledge href="#b1"/></knowledgeRequirement>
    <context>
      <contextEntry><variable name="net"/><literalExpression><text>sum * rate</text></literalExpression></contextEntry>
      <contextEntry>
        <invocation><literalExpression><text>with tax</text></literalExpression>
          <binding><parameter name="amount"/><literalExpression><text>net</text></literalExpression></binding>
        </invocation>
      </contextEntry>
    </context>
  </decision>
"""
PERSON = {"date of birth": "1990-05-01", "risk": "high"}
LATEST = "https://www.omg.org/spec/DMN/20230324/MODEL/"


def document(body: str, space: str = LATEST) -> bytes:
    return f'<?xml version="1.0"?><definitions xmlns="{space}" name="prices">{body}</definitions>'.encode()


@pytest.mark.parametrize("space", SPACES)
def test_a_file_of_each_version_is_read_decided_and_checked(space: str, tmp_path: Path) -> None:
    path = tmp_path / "prices.dmn"
    path.write_bytes(document(BODY, space))
    inputs = {"person": PERSON, "sum": 10}
    found = decide(load_dmn(path), "price", inputs)
    assert (found.value, found.errors) == (30, ())
    assert check_dmn(found.proof, dmn_json(str(path)), inputs) == []
    assert check_dmn(found.proof, dmn_json(str(path)), inputs | {"sum": 11})


def test_types_are_kept() -> None:
    model = load_dmn(document(BODY))
    wrong = decide(model, "rate", {"person": PERSON | {"risk": "medium"}})
    assert wrong.value is None
    assert "not among those allowed" in wrong.errors[0]
    assert decide(model, "rate", {"person": PERSON | {"date of birth": "1990-02-30"}}).value is None
    assert decide(model, "rate", {"person": "nobody"}).value is None
    assert decide(model, "rate", {"person": {"risk": "low", "more": 1}}).value == 1


BOXES: list[tuple[str, Any]] = [
    ("<list><literalExpression><text>1</text></literalExpression></list>", [1]),
    (
        '<relation><column name="a"/><row><literalExpression><text>1</text></literalExpression></row></relation>',
        [{"a": 1}],
    ),
    (
        (
            "<conditional><if><literalExpression><text>1 &gt; 2</text></literalExpression></if>"
            "<then><literalExpression><text>1</text></literalExpression></then>"
            "<else><literalExpression><text>2</text></literalExpression></else></conditional>"
        ),
        2,
    ),
    (
        (
            '<for iteratorVariable="i"><in><literalExpression><text>[1, 2]</text></literalExpression></in>'
            "<return><literalExpression><text>i * 2</text></literalExpression></return></for>"
        ),
        [2, 4],
    ),
    (
        (
            '<every iteratorVariable="i"><in><literalExpression><text>[1, 2]</text></literalExpression></in>'
            "<satisfies><literalExpression><text>i &gt; 1</text></literalExpression></satisfies></every>"
        ),
        False,
    ),
    (
        (
            "<filter><in><literalExpression><text>[1, 2]</text></literalExpression></in>"
            "<match><literalExpression><text>item &gt; 1</text></literalExpression></match></filter>"
        ),
        [2],
    ),
    (
        (
            '<functionDefinition><formalParameter name="x"/><literalExpression><text>x</text></literalExpression>'
            "</functionDefinition>"
        ),
        "function(x)",
    ),
]


@pytest.mark.parametrize(("box", "value"), BOXES)
def test_boxed_expressions_are_read(box: str, value: Any) -> None:
    assert decide(load_dmn(document(f'<decision name="d">{box}</decision>')), "d", {}).value == value


@pytest.mark.parametrize(
    "body",
    [
        '<import namespace="urn:x" name="x" importType="urn:dmn"/>',
        "<decision/>",
        '<decision name="d"><informationRequirement><requiredInput href="#none"/></informationRequirement></decision>',
        '<decision name="d"><literalExpression/></decision>',
        '<decision name="d"><literalExpression expressionLanguage="js"><text>1</text></literalExpression></decision>',
        '<decision name="d"><literalExpression><text>1 +</text></literalExpression></decision>',
        '<decision name="d"><functionDefinition kind="Java"><context/></functionDefinition></decision>',
        '<decision name="d"><decisionTable><input/><output/></decisionTable></decision>',
        '<decision name="d"><invocation/></decision>',
        '<decision name="d"><for iteratorVariable="i"/></decision>',
        '<businessKnowledgeModel name="b"/>',
        (
            '<decision id="a" name="d"><informationRequirement><requiredDecision href="#a"/></informationRequirement>'
            "<literalExpression><text>1</text></literalExpression></decision>"
        ),
        '<decision name="d"/><inputData name="d"/>',
    ],
)
def test_what_cannot_be_read_is_refused(body: str) -> None:
    with pytest.raises(DecisionModelInvalid):
        load_dmn(document(body))


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(DecisionModelInvalid):
        load_dmn(tmp_path / "missing.dmn")
    with pytest.raises(DecisionModelInvalid):
        load_dmn(tmp_path)
    with pytest.raises(DecisionModelInvalid, match="no definitions"):
        load_dmn(b"<html/>")
    with pytest.raises(DecisionModelInvalid, match="no definitions"):
        load_dmn(document("", "urn:other"))


def test_what_other_namespaces_add_is_left_out() -> None:
    extra = '<x:decision xmlns:x="urn:x" name="not ours"/><extensionElements/>'
    assert [one.name for one in load_dmn(document(BODY + extra)).decisions] == ["rate", "price"]
