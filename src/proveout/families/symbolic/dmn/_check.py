"""Re-verifies proofs of DMN decisions from the model and the inputs alone; shares nothing with what made them."""

from __future__ import annotations

import json
from decimal import Decimal, DecimalException
from typing import Any

from proveout.families.symbolic.dmn._check_feel import FUNCTIONS, READ, Json, evaluated, parsed, passes, typed

__all__ = ["check_dmn"]

FAULTS = (
    AttributeError,
    DecimalException,
    LookupError,
    RuntimeError,
    StopIteration,
    SyntaxError,
    TypeError,
    ValueError,
)
# More calls of functions than this are not followed.
MOST = 10_000
POLICIES = ("UNIQUE", "ANY", "PRIORITY", "FIRST", "RULE ORDER", "OUTPUT ORDER", "COLLECT")


def _policy(made: Json) -> str:
    return next(one for one in POLICIES if one[0] == (made.get("hit_policy") or "U")[0])


def _hit(made: Json, rows: list[list[Any]], scope: Json) -> Any:
    names, policy = [one.get("name") for one in made["outputs"]], _policy(made)[0]
    if policy in "PO" and rows:
        orders = [one.get("values_in_priority_order") for one in made["outputs"]]
        ranks = [evaluated(*parsed(f"[{order}]", scope)) if order else [] for order in orders]
        rows = sorted(
            rows, key=lambda row: [rank.index(one) if rank else 0 for rank, one in zip(ranks, row, strict=True)]
        )
    found = [row[0] if len(row) == 1 else dict(zip(names, row, strict=True)) for row in rows]
    if made.get("aggregation"):
        return FUNCTIONS[made["aggregation"].lower()](found) if found or made["aggregation"] == "COUNT" else None
    if policy in "ORC":
        return found
    return found[0] if found and (policy in "PF" or all(one == found[0] for one in found)) else None


def _table(made: Json, scope: Json, types: Json) -> Json:
    inputs = [typed(evaluated(*parsed(one["expression"], scope)), one, types) for one in made["inputs"]]
    step: Json = {
        "type": "table",
        "policy": _policy(made),
        "inputs": inputs,
        "matched": [],
        "rules": [],
        "value": None,
    }
    if not all(passes(one.get("allowed"), scope, value) for one, value in zip(made["inputs"], inputs, strict=True)):
        return step
    scopes, outputs, rows = [scope] * len(inputs), made["outputs"], []
    hits = [at for at, rule in enumerate(made["rules"]) if all(map(passes, rule["if"], scopes, inputs))]
    step["matched"] = [Decimal(at + 1) for at in hits]
    if not hits and any(one.get("default") for one in outputs):
        row = [evaluated(*parsed(one.get("default") or "null", scope)) for one in outputs]
        return step | {"default": True, "value": _hit(made | {"hit_policy": "FIRST"}, [row], scope)}
    for at in {"F": hits[:1], "U": hits[:1] if len(hits) == 1 else []}.get(_policy(made)[0], hits):
        texts = zip(made["rules"][at]["then"], outputs, strict=True)
        row = [typed(evaluated(*parsed(text, scope)), one, types) for text, one in texts]
        if not all(
            passes(one.get("values_in_priority_order"), scope, value) for one, value in zip(outputs, row, strict=True)
        ):
            raise ValueError("an output that is not allowed")
        rows.append(row)
        tests = [cell or "-" for cell in made["rules"][at]["if"]]
        step["rules"].append({"rule": Decimal(at + 1), "tests": tests, "outputs": row})
    return step | {"value": _hit(made, rows, scope)}


class _Replay:
    """A model, replayed; ``steps`` gathers what the proof must say."""

    def __init__(self, model: Json) -> None:
        self.nodes: Json = {one["name"]: one for one in model["decisions"]}
        self.types: Json = model.get("types") or {}
        self.steps: list[Json] = []
        self.calls = 0
        self.functions: Json = {
            one["name"]: _Called(self, one["logic"]) for one in model.get("business_knowledge") or []
        }

    def logic(self, logic: Json, scope: Json) -> Any:
        if "feel" in logic:
            value = evaluated(*parsed(logic["feel"], scope))
            self.steps.append({"type": "feel", "text": logic["feel"], "value": value})
            return value
        if "decision_table" in logic:
            self.steps.append(_table(logic["decision_table"], scope, self.types))
            return self.steps[-1]["value"]
        if "context" in logic:
            found: dict[Any, Any] = {}
            for one in logic["context"]:
                found[one["name"]] = typed(self.logic(one["value"], scope | found), one, self.types)
            return found.get(None, found)
        given = {one["parameter"]: self.logic(one["value"], scope) for one in logic["bindings"]}
        function = evaluated(*parsed(logic["invoke"]["feel"], scope))
        return function(*(given[name] for name in function.names))

    def decision(self, name: str, values: Json, inputs: Json) -> Json:
        made, self.steps = self.nodes[name], []
        scope = self.functions | {need: values[need] for need in made.get("requires") or [] if need in values}
        value = self.logic(made["logic"], scope) if made.get("logic") else inputs.get(name)
        values[name] = typed(value, made, self.types)
        return {"name": name, "steps": self.steps, "value": values[name]}


class _Called:
    """A business knowledge model as a function."""

    def __init__(self, replay: _Replay, logic: Json) -> None:
        self.replay, self.body = replay, logic["body"]
        self.parameters = [one if isinstance(one, dict) else {"name": one} for one in logic["parameters"]]
        self.names = [one["name"] for one in self.parameters]

    def __call__(self, *given: Any) -> Any:
        self.replay.calls += 1
        if self.replay.calls > MOST:
            raise ValueError("functions call each other too often")
        bound = zip(given, self.parameters, strict=True)
        values = {one["name"]: typed(value, one, self.replay.types) for value, one in bound}
        return self.replay.logic(self.body, self.replay.functions | values)


def _derived(decision: str, model: Json, inputs: Json) -> Json:
    replay = _Replay(model)
    nodes, depths = replay.nodes, dict[str, int]()
    values = {one["name"]: typed(inputs.get(one["name"]), one, replay.types) for one in model.get("inputs") or []}

    def depth(name: str) -> int:
        needs = nodes.keys() & (nodes[name].get("requires") or [])
        depths[name] = depths.get(name) or 1 + max(map(depth, needs), default=0)
        return depths[name]

    depth(decision)
    order = sorted(depths, key=lambda one: (depths[one], list(nodes).index(one)))
    steps = [replay.decision(name, values, inputs) for name in order]
    return {"kind": "dmn", "model": model["model"], "decision": decision, "decisions": steps, "value": values[decision]}


def _untagged(made: Json) -> Any:
    """A number, date, time or duration that a proof tags, or the object itself."""
    tag, inner = next(iter(made.items()), ("", None))
    if len(made) != 1 or not isinstance(inner, str | dict):
        return made
    if tag == "context":
        return inner
    return READ[tag](inner) if tag in READ else Decimal(str(inner)) if tag == "number" else made


def _loaded(value: Any, **hook: Any) -> Any:
    return json.loads(json.dumps(value), parse_int=Decimal, parse_float=Decimal, **hook)


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(left[name], right[name]) for name in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    return type(left) is type(right) and bool(left == right)


def check_dmn(proof: Json, model: Json, inputs: Json) -> list[str]:
    """What is wrong with the proof of a decision, or cannot be checked here; empty when it holds.

    Args:
        proof: as `decide` gives it.
        model: the model's JSON form, as `from_json` reads it or `dmn_json` gives it.
        inputs: as they were handed to `decide`.

    Example:
        >>> model = {
        ...     "model": "m",
        ...     "inputs": [],
        ...     "decisions": [{"name": "d", "requires": [], "logic": {"feel": "1 + 1"}}],
        ... }
        >>> step = {"type": "feel", "text": "1 + 1", "value": 2}
        >>> proof = {"kind": "dmn", "model": "m", "decision": "d", "value": 2}
        >>> check_dmn(proof | {"decisions": [{"name": "d", "steps": [step], "value": 2}]}, model, {})
        []
    """
    try:
        derived = _derived(proof["decision"], model, _loaded(inputs))
        claimed = _loaded(proof, object_hook=_untagged)
        wrong = [name for name in derived if not _same(derived[name], claimed.get(name, ...))]
        wrong += claimed.keys() - derived.keys()
    except FAULTS as fault:
        return [f"expression not checkable: {type(fault).__name__}: {fault}"]
    return [f"{name!r} does not follow from the model and the inputs" for name in sorted(wrong)]
