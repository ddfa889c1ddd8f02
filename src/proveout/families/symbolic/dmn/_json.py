"""Reads decision models from their JSON form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proveout.errors import DecisionModelInvalid
from proveout.families.symbolic.dmn import _model as model
from proveout.families.symbolic.dmn._execute import DecisionModel, assembled
from proveout.families.symbolic.dmn._feel_evaluate import INPUT, Frame, Run, compile_tests
from proveout.families.symbolic.dmn._feel_functions import BUILTINS
from proveout.families.symbolic.dmn._feel_parser import parse_tests
from proveout.families.symbolic.dmn._feel_types import ItemType

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["from_json"]

DEEPEST = 40
LETTERS = {**model.POLICIES, **{name: name for name in model.POLICIES.values()}}
SYMBOLS = {"+": "SUM", "<": "MIN", ">": "MAX", "#": "COUNT", **{name: name for name in model.AGGREGATIONS}}


def from_json(data: Any) -> DecisionModel:
    """A decision model from JSON.

    Args:
        data: an object with ``model`` (its name), ``inputs`` (``name``, ``type``), ``decisions`` (``name``,
            ``requires``, ``logic``), ``business_knowledge`` (``name``, ``logic``) and ``types``. A logic is one of
            ``{"feel": text}``, ``{"decision_table": {...}}``, ``{"context": [...]}``, ``{"invoke": ..., "bindings":
            [...]}``, ``{"parameters": [...], "body": ...}``, ``{"list": [...]}``, ``{"relation": {...}}``,
            ``{"if": ..., "then": ..., "else": ...}``, ``{"for" | "some" | "every" | "filter": name, "in": ...,
            "body": ...}``.

    Raises:
        DecisionModelInvalid: it is no such object, or a text in it is no FEEL; says where.

    Example:
        >>> model = from_json({"model": "m", "decisions": [{"name": "d", "logic": {"list": [{"feel": "1 + 1"}]}}]})
        >>> model.decisions[0].name
        'd'
    """
    source = _object(data, "the model")
    about = str(source.get("model") or "model")
    inputs = tuple(
        model.InputNode(_name(one, about), _optional(one, "type", about)) for one in _objects(source, "inputs", about)
    )
    decisions = tuple(_node(one, about) for one in _objects(source, "decisions", about))
    knowledge = tuple(_node(one, about) for one in _objects(source, "business_knowledge", about))
    types = {name: _type(one, name) for name, one in _object(source.get("types") or {}, about).items()}
    return assembled(source, inputs, decisions, knowledge, types)


def _invalid(why: str, about: str) -> DecisionModelInvalid:
    return DecisionModelInvalid("the model cannot be read", why=why, fix="correct the model", about=about)


def _object(value: Any, about: str) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise _invalid(f"an object is expected and not {type(value).__name__}", about)
    return value


def _objects(value: dict[str, Any], key: str, about: str) -> list[dict[str, Any]]:
    return [_object(one, f"{about}: {key}") for one in _array(value.get(key) or [], f"{about}: {key}")]


def _array(value: Any, about: str) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise _invalid(f"an array is expected and not {type(value).__name__}", about)
    return list(value)


def _text(value: Any, about: str) -> str:
    if not isinstance(value, str):
        raise _invalid(f"a text is expected and not {type(value).__name__}", about)
    return value


def _optional(value: dict[str, Any], key: str, about: str) -> str | None:
    found = value.get(key)
    return None if found is None else _text(found, f"{about}: {key}")


def _name(value: dict[str, Any], about: str) -> str:
    name = " ".join(_text(value.get("name"), f"{about}: name").split())
    if not name:
        raise _invalid("a name is empty", about)
    return name


def _node(value: dict[str, Any], about: str) -> model.DecisionNode:
    name = _name(value, about)
    needs = tuple(" ".join(_text(one, name).split()) for one in _array(value.get("requires") or [], name))
    logic = value.get("logic")
    made = None if logic is None else _logic(logic, name, 0)
    return model.DecisionNode(name, needs, made, _optional(value, "type", name))


def _type(value: Any, about: str, depth: int = 0) -> ItemType:
    made = _object(value, about)
    if depth > DEEPEST:
        raise _invalid(f"types are nested more than {DEEPEST} deep", about)
    parts = _object(made.get("components") or {}, about)
    components = tuple((name, _type(one, f"{about}.{name}", depth + 1)) for name, one in parts.items())
    allowed = _optional(made, "allowed", about)
    return ItemType(_optional(made, "base", about), made.get("collection") is True, components, _allows(allowed, about))


def _allows(text: str | None, about: str) -> Callable[[Any], bool] | None:
    if text is None:
        return None
    tests = compile_tests(parse_tests(text, frozenset(BUILTINS), (), about))
    return lambda value: value is None or tests(Frame({INPUT: value}, Run())) is True


def _logic(value: Any, about: str, depth: int) -> model.Logic:
    made = _object(value, about)
    if depth > DEEPEST:
        raise _invalid(f"logic is nested more than {DEEPEST} deep", about)
    for key, read in READERS.items():
        if key in made:
            return read(made, about, depth + 1)
    raise _invalid(f"logic has none of the keys {', '.join(READERS)}", about)


def _feel(value: dict[str, Any], about: str, _: int) -> model.Logic:
    return model.Feel(_text(value["feel"], about))


def _context(value: dict[str, Any], about: str, depth: int) -> model.Logic:
    entries = []
    for one in _objects(value, "context", about):
        name = _name(one, about) if one.get("name") is not None else None
        entries.append(model.Entry(name, _logic(one.get("value"), about, depth), _optional(one, "type", about)))
    return model.Context(tuple(entries))


def _invocation(value: dict[str, Any], about: str, depth: int) -> model.Logic:
    function = _text(_object(value["invoke"], about).get("feel"), f"{about}: invoke")
    bindings = tuple(
        model.Binding(_text(one.get("parameter"), about), _logic(one.get("value"), about, depth))
        for one in _objects(value, "bindings", about)
    )
    if len({one.parameter for one in bindings}) != len(bindings):
        raise _invalid("a parameter is bound twice", about)
    return model.Invocation(function, bindings)


def _function(value: dict[str, Any], about: str, depth: int) -> model.Logic:
    parameters = [
        {"name": one} if isinstance(one, str) else _object(one, about) for one in _array(value["parameters"], about)
    ]
    names = tuple(_name(one, about) for one in parameters)
    if len(set(names)) != len(names):
        raise _invalid("two parameters share a name", about)
    types = tuple(_optional(one, "type", about) for one in parameters)
    return model.FunctionBox(names, types, _logic(value.get("body"), about, depth))


def _list(value: dict[str, Any], about: str, depth: int) -> model.Logic:
    return model.ListBox(tuple(_logic(one, about, depth) for one in _array(value["list"], about)))


def _relation(value: dict[str, Any], about: str, depth: int) -> model.Logic:
    made = _object(value["relation"], about)
    columns = tuple(_text(one, about) for one in _array(made.get("columns"), about))
    rows = [tuple(_logic(one, about, depth) for one in _array(row, about)) for row in _array(made.get("rows"), about)]
    if any(len(row) != len(columns) for row in rows) or len(set(columns)) != len(columns):
        raise _invalid("a row of a relation has not as many values as there are columns, or two share a name", about)
    return model.Relation(columns, tuple(rows))


def _conditional(value: dict[str, Any], about: str, depth: int) -> model.Logic:
    return model.Conditional(*(_logic(value.get(key), about, depth) for key in ("if", "then", "else")))


def _iteration(how: str) -> Callable[[dict[str, Any], str, int], model.Logic]:
    def read(value: dict[str, Any], about: str, depth: int) -> model.Logic:
        over, body = (_logic(value.get(key), about, depth) for key in ("in", "body"))
        return model.Iteration(how, _text(value[how], about), over, body)

    return read


def _table(value: dict[str, Any], about: str, _: int) -> model.Logic:
    made = _object(value["decision_table"], about)
    policy = LETTERS.get(str(made.get("hit_policy") or "UNIQUE").upper())
    if policy is None:
        raise _invalid(f"{made.get('hit_policy')!r} is no hit policy", about)
    inputs = tuple(
        model.TableInput(
            _text(one.get("expression"), about), _optional(one, "type", about), _filled(one, "allowed", about)
        )
        for one in _objects(made, "inputs", about)
    )
    outputs = tuple(_output(one, about) for one in _objects(made, "outputs", about))
    if not outputs:
        raise _invalid("a decision table has no output", about)
    rules = tuple(
        _rule(one, at, (len(inputs), len(outputs)), about) for at, one in enumerate(_objects(made, "rules", about))
    )
    return model.Table(policy, _aggregation(made, policy, about), inputs, outputs, rules)


def _aggregation(made: dict[str, Any], policy: str, about: str) -> str | None:
    text = _optional(made, "aggregation", about)
    if not text:
        return None
    if text.upper() not in SYMBOLS or policy != "COLLECT":
        raise _invalid(f"{text!r} is no aggregation, or the hit policy is not COLLECT", about)
    return SYMBOLS[text.upper()]


def _filled(value: dict[str, Any], key: str, about: str) -> str | None:
    text = _optional(value, key, about)
    return text if text and text.strip() else None


def _output(value: dict[str, Any], about: str) -> model.TableOutput:
    kinds = ("type", "values_in_priority_order", "default")
    return model.TableOutput(_optional(value, "name", about), *(_filled(value, key, about) for key in kinds))


def _rule(value: dict[str, Any], at: int, widths: tuple[int, int], about: str) -> model.Rule:
    tests = _cells(value.get("if") or [], "-", about)
    outputs = _cells(value.get("then") or [], "null", about)
    if (len(tests), len(outputs)) != widths:
        raise _invalid(f"rule {at + 1} has not as many cells as the table has columns", about)
    return model.Rule(tests, outputs)


def _cells(value: Any, empty: str, about: str) -> tuple[str, ...]:
    cells: Sequence[Any] = _array(value, about)
    return tuple(empty if one is None or not _text(one, about).strip() else one for one in cells)


READERS: dict[str, Callable[[dict[str, Any], str, int], model.Logic]] = {
    "feel": _feel,
    "decision_table": _table,
    "context": _context,
    "invoke": _invocation,
    "parameters": _function,
    "list": _list,
    "relation": _relation,
    "if": _conditional,
    **{how: _iteration(how) for how in ("for", "some", "every", "filter")},
}
