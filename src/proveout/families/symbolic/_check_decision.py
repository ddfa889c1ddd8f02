"""The checker of decisions: it reads the policy and the input, and nothing that the candidate made of them."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from proveout.families._proofs import Claim, proof_checker
from proveout.families.symbolic.dmn import check_dmn
from proveout.families.symbolic.policy import check_counterfactual, check_policy

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["check_decision", "check_table"]

Json = dict[str, Any]
KEYS = {"kind", "decision", "readings", "places"}
OPTIONAL = {"recourse"}
NUMBER = re.compile(r"-?\d+(?:\.\d+|/\d+)?")
AMOUNT = re.compile(r"(?:[A-Z]{3}\s*|P)?(?P<number>-?\d+(?:\.\d+|/\d+)?)\s*(?P<unit>[A-Za-z]*)")
SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "d": 86_400, "week": 604_800, "w": 604_800}


@proof_checker("decision")
def check_decision(claim: Claim) -> Sequence[str]:
    """Re-verify a decision by a policy.

    Each reading of the case must have a proof that its facts lead to the decision; facts of the input's fields must be
    those of the input; facts read from text must quote it; and a change that is promised must lead where it is said to,
    none smaller being enough. That the text means what the readers took it to mean is measured apart, on labelled
    facts, and is not proved.
    """
    state, policy = (_json(claim.folder / name) for name in ("decisions.json", "policy.json"))
    proof = claim.proof
    if not proof.keys() >= KEYS or proof.keys() - KEYS - OPTIONAL or not proof["readings"]:
        return ["the proof has not the parts that it must have"]
    day = str(claim.inputs.get(state["day"]) or "")[:10] if state["day"] else ""
    in_force = _in_force(policy, day)
    checks = (
        [] if claim.output == {state["target"]: proof["decision"]} else ["the proof decides otherwise"],
        *(_reading(one, proof["decision"], policy, day) for one in proof["readings"]),
        _fields(claim, policy, proof),
        _quotes(claim, state, policy, proof),
        _recourse(proof, state["recourse"].get(proof["decision"]), in_force),
    )
    return [problem for found in checks for problem in found]


@proof_checker("dmn")
def check_table(claim: Claim) -> Sequence[str]:
    """Re-verify a decision by a DMN model: the trace against model and input, and the value against the output."""
    state = _json(claim.folder / "model.json")
    given = {name: claim.inputs[field] for name, field in state["fields"].items() if field in claim.inputs}
    alike = claim.output == {state["target"]: claim.proof["value"]} and claim.proof["decision"] == state["decision"]
    return [*check_dmn(dict(claim.proof), state["model"], given), *([] if alike else ["the proof decides otherwise"])]


def _json(path: Path) -> Any:
    return json.loads(path.read_bytes())


def _in_force(policy: Json, day: str) -> Json:
    rules = [rule for rule in policy["rules"] if rule.get("starts", day) <= day <= rule.get("ends", day)]
    return policy | {"rules": rules if day else policy["rules"]}


def _reading(reading: Json, decision: str, policy: Json, day: str) -> list[str]:
    given = reading["facts"]
    dated = any({"starts", "ends"} & rule.keys() for rule in policy["rules"])
    found = check_policy(reading["policy"], policy, given, day if dated else "")
    return found if reading["policy"].get("decision") == decision else [*found, "a reading is decided otherwise"]


def _fields(claim: Claim, policy: Json, proof: Any) -> list[str]:
    """Every reading has the facts that the input's fields hold, unless a text contradicts one."""
    units = {fact["name"]: fact.get("unit", "") for fact in policy["facts"]}
    given = {name: value for name, value in claim.inputs.items() if name in units and value is not None}
    stated = proof["readings"][0]["facts"]
    wrong = [
        name
        for name, value in given.items()
        if name not in stated or (stated[name] is not None and not _alike(stated[name], value, units[name]))
    ]
    return [f"fact {name} is not as the input says" for name in wrong]


def _alike(stated: Any, given: Any, unit: str) -> bool:
    """Whether a fact as the policy holds it is the value that the input gives, perhaps in another unit of time."""
    if stated == given and isinstance(stated, bool) == isinstance(given, bool):
        return True
    exact, found = NUMBER.fullmatch(str(stated)), AMOUNT.fullmatch(json.dumps(given).strip('"'))
    if exact is None or found is None or isinstance(given, bool):
        return False
    scale = Fraction(SECONDS.get(found["unit"].lower().removesuffix("s"), 1), SECONDS.get(unit, 1))
    return Fraction(str(stated)) == Fraction(found["number"]) * (scale if found["unit"] else 1)


def _quotes(claim: Claim, state: Json, policy: Json, proof: Any) -> list[str]:
    names = {fact["name"] for fact in policy["facts"]}
    fields = [field for field in state["fields"] if field not in names and field != state["day"]]
    text = _text(fields, claim.inputs)
    wrong = [name for name, place in proof["places"].items() if text[slice(*place["span"])] != place["text"]]
    known = set().union(*(reading["facts"] for reading in proof["readings"]))
    return [f"fact {name} quotes what the text does not say" for name in wrong] + [
        f"{name} is quoted and is no fact of the case" for name in proof["places"].keys() - known
    ]


def _text(fields: Sequence[str], inputs: Any) -> str:
    values = [inputs.get(field) for field in fields]
    plain = ["" if value is None else value if isinstance(value, str) else json.dumps(value) for value in values]
    if len(fields) == 1:
        return plain[0]
    return "\n".join(f"{field}: {value}" for field, value in zip(fields, plain, strict=True))


def _recourse(proof: Any, wanted: str | None, policy: Json) -> list[str]:
    change = proof.get("recourse")
    if wanted is None:
        return [] if change is None else ["a change is promised that nobody asked for"]
    if change is None:
        return ["a change to be decided otherwise is neither shown nor ruled out"]
    stated = proof["readings"][0]["facts"]
    usual = {one["name"]: one["default"] for one in policy["facts"] if one.get("world") == "closed"}
    known = {name: value for name, value in {**usual, **stated}.items() if value is not None}
    found = check_counterfactual(change, policy)
    if change.get("facts") != known:
        found = [*found, "the change starts from another case"]
    return found if change.get("wanted") == wanted else [*found, "the change leads to another decision"]
