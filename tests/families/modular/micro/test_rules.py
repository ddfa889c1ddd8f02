from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
import pytest

from proveout.data import SelectSplit, TrainSplit
from proveout.errors import PolicyInvalid, TaskInvalid
from proveout.families import BuildRun, Claim, check_proof, families
from proveout.families.modular.micro import BuiltMicro, Case, MicroRow, MicroRows
from proveout.families.symbolic.policy import load_policy, policy_to_json
from proveout.task import Example, Rules, Task

Build = Callable[..., BuiltMicro]
DESK = Path(str(files("proveout.demo") / "desk"))
TEXTS = (
    "I changed my mind about the floor lamp. It arrived 3 days ago, I paid $40 and never opened it.",
    "My laptop came broken and cost $900.",
    "Please refund me.",
    "The hoodie was delivered 400 days ago or maybe 2 days ago, and I don't want it anymore. I paid 30 dollars.",
    "My lawyer has been informed.",
)


@pytest.fixture(scope="module")
def policy() -> dict[str, Any]:
    return policy_to_json(load_policy(DESK / "policy.yaml"))


@pytest.fixture(scope="module")
def readers() -> str:
    return (DESK / "facts.yaml").read_text(encoding="utf-8")


def test_facts_and_rules_decide_as_the_symbolic_family_does(
    make: Build, policy: dict[str, Any], readers: str, tmp_path: Path
) -> None:
    facts = make("facts", parameters={"policy": policy, "readers": readers})
    rules = make("rules", parameters={"policy": policy})
    schema = {"type": "object", "properties": {"text": {"type": "string"}}}
    output = {"type": "object", "properties": {"decision": {"enum": policy["decisions"]}}}
    named = Rules(policy="policy.yaml", readers="facts.yaml")
    task = Task(name="d", kind="decide", target="decision", input=schema, output=output, rules=named, root=DESK)
    rows = (Example(id="1", inputs={"text": "hello"}),)
    splits = TrainSplit(snapshot="0" * 64, examples=rows), SelectSplit(snapshot="0" * 64, examples=())
    whole = families.create("symbolic").build(task, *splits, BuildRun(seed=0, snapshot="0" * 64, cache=tmp_path))
    whole.save(_folder(tmp_path / "whole"))
    seen = set()
    for text in TEXTS:
        found = rules.model(facts.model({"text": text}))
        answer = whole.answer([{"text": text}])[0]
        assert found.decision == (answer.output or {}).get("decision", "")
        assert found.abstention == answer.abstention
        assert found.proof == answer.evidence.proof
        seen.add(found.decision)
        if found.proof:
            output = {"decision": found.decision}
            claim = Claim(inputs={"text": text}, output=output, proof=found.proof, folder=tmp_path / "whole")
            assert check_proof(claim) == ()
    assert len(seen) > 2


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def test_a_case_of_plain_json_is_enough(make: Build, policy: dict[str, Any]) -> None:
    rules = make("rules", parameters={"policy": policy}).model
    found = rules(msgspec.convert({"facts": {"injury": True}}, Case))
    assert (found.decision, found.abstention) == ("escalate", "")
    assert msgspec.json.decode(msgspec.json.encode(found), type=type(found)) == found


def test_facts_that_cannot_be_so_are_no_decision(make: Build, policy: dict[str, Any]) -> None:
    rules = make("rules", parameters={"policy": policy}).model
    assert "price" in rules(Case({"price": "a lot"})).abstention
    assert "unknown fact" in rules(Case({"prise": 3})).abstention


def test_a_policy_is_checked_and_its_spelling_changes_nothing(make: Build, policy: dict[str, Any]) -> None:
    first = make("rules", parameters={"policy": policy})
    # The same rules with a condition in other white space.
    spaced = {**policy, "rules": [{**rule, "if": f"({rule['if']})"} for rule in policy["rules"]]}
    assert make("rules", parameters={"policy": spaced}).id == first.id
    with pytest.raises(PolicyInvalid, match="unknown decision"):
        make("rules", parameters={"policy": {**policy, "decisions": ["approve"]}})
    with pytest.raises(TaskInvalid, match="use: policy, recourse"):
        make("rules", parameters={"path": "policy.yaml"})


def test_recourse_is_the_smallest_change(make: Build, policy: dict[str, Any]) -> None:
    rules = make("rules", parameters={"policy": policy, "recourse": {"refuse": "approve"}}).model
    facts = {"reason": "changed_mind", "category": "gift_card", "injury": False}
    found = rules(Case(facts))
    assert found.decision == "refuse"
    assert found.proof is not None
    assert found.proof["recourse"]


def test_a_reply_may_show_facts_and_has_to_speak_of_every_decision(make: Build, policy: dict[str, Any]) -> None:
    rules = make("rules", parameters={"policy": policy})
    text = "\n".join(
        f'replies.{name} = {{text = "{name}: {{price}}", missing = {{price = "?"}}}}' for name in policy["decisions"]
    )
    reply = make("reply", parameters={"templates": text}, needs={"rules": rules})
    assert reply.model("refuse", {"price": "24.5"}).text == "refuse: 24.50"
    assert reply.model("ask", {}).text == "ask: ?"
    with pytest.raises(TaskInvalid, match="no template is for"):
        make("reply", parameters={"templates": text.partition("\n")[0]}, needs={"rules": rules})
    with pytest.raises(TaskInvalid, match="no value is called 'prise'"):
        make("reply", parameters={"templates": text.replace("price", "prise")}, needs={"rules": rules})
    # A changed policy is another thing to be checked against; one that is spelled otherwise is not.
    assert make("reply", parameters={"templates": text}, needs={"rules": rules}).reused
    other = make("rules", parameters={"policy": {**policy, "version": 99}})
    assert not make("reply", parameters={"templates": text}, needs={"rules": other}).reused


def test_rows_that_say_their_facts_teach_a_second_reader(make: Build, policy: dict[str, Any], readers: str) -> None:
    rows = MicroRows(
        train=tuple(
            MicroRow(text=f"I paid ${price} for the lamp, order {price}.", facts={"price": price, "category": "home"})
            for price in range(20, 50)
        ),
        select=(MicroRow(text="I paid $60 for the lamp.", facts={"price": 60, "category": "home"}),),
    )
    given = {"policy": policy, "readers": readers}
    alone, taught = make("facts", parameters=given), make("facts", parameters=given, rows=rows)
    assert len(taught.card.chosen["readers"]) == len(alone.card.chosen["readers"]) + 1
    assert taught.model({"text": "I paid $70 for the lamp."}).facts["price"] == 70
    again = make("facts", parameters=given, rows=rows)
    assert again.reused
    assert again.model({"text": TEXTS[0]}) == taught.model({"text": TEXTS[0]})


def test_fields_may_be_the_facts(make: Build, policy: dict[str, Any]) -> None:
    model = make("facts", parameters={"policy": policy, "fields": ["price", "injury"]}).model
    assert model({"price": 3, "injury": None, "else": 1}) == Case({"price": 3})
