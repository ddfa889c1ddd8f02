"""A decision model ready to run: which decision needs which, what each comes to, and the proof of it."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import DecisionModelInvalid
from proveout.families.symbolic.dmn._boxed import Runner, compile_logic, entry_names, function_of
from proveout.families.symbolic.dmn._feel_evaluate import Frame, Run, compile_expression
from proveout.families.symbolic.dmn._feel_functions import BUILTINS
from proveout.families.symbolic.dmn._feel_parser import parse_expression
from proveout.families.symbolic.dmn._feel_types import ItemType
from proveout.families.symbolic.dmn._feel_values import Fault, bounded, exact, from_json_value, to_json
from proveout.families.symbolic.dmn._model import Decision, DecisionNode, FunctionBox, InputNode
from proveout.families.symbolic.dmn._scope import TYPES, Scope
from proveout.families.symbolic.dmn._tables import CompiledTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["DecisionModel", "assembled", "decide", "feel"]


class DecisionModel(msgspec.Struct, frozen=True, eq=False):
    """A decision model, read and compiled; hand it to `decide`.

    Attributes:
        name: of the model.
        inputs: its input data.
        decisions: its decisions.
        knowledge: its business knowledge models.
        source: the model as JSON, which a proof is checked against.
        types: its item definitions by name.
        orders: for each decision, those it needs and itself, the fewest needs first, then as the model has them.
        runners: what evaluates each decision that has logic.
        functions: what makes each business knowledge model's function.
        unknown: decisions with names in their texts that nothing defines.
        tables: compiled decision tables, each with its decision.
    """

    name: str
    inputs: tuple[InputNode, ...]
    decisions: tuple[DecisionNode, ...]
    knowledge: tuple[DecisionNode, ...]
    source: dict[str, Any]
    types: dict[str, ItemType]
    orders: dict[str, tuple[DecisionNode, ...]]
    runners: dict[str, Runner]
    functions: dict[str, Any]
    unknown: tuple[tuple[str, str], ...]
    tables: tuple[tuple[str, CompiledTable], ...]


def assembled(
    source: dict[str, Any],
    inputs: tuple[InputNode, ...],
    decisions: tuple[DecisionNode, ...],
    knowledge: tuple[DecisionNode, ...],
    types: dict[str, ItemType],
) -> DecisionModel:
    """A model from its parts: requirements ordered, every text read and compiled.

    Raises:
        DecisionModelInvalid: two parts share a name, a requirement is not there or needs itself, a text is no FEEL.
    """
    name = str(source.get("model") or "model")
    others = [*(one.name for one in inputs), *(one.name for one in knowledge)]
    _distinct([*others, *(one.name for one in decisions)], name)
    orders = _orders(decisions, set(others))
    scope = _outer(name, decisions, knowledge, types)
    functions = {}
    for one in knowledge:
        if not isinstance(one.logic, FunctionBox):
            raise _invalid("a business knowledge model has no function", "its logic is of another kind", one.name)
        functions[one.name] = function_of(one.logic, scope.of(one.name, [other.name for other in knowledge]))
    runners = {
        one.name: compile_logic(one.logic, scope.of(one.name, [*one.requires, *functions]))
        for one in decisions
        if one.logic is not None
    }
    return DecisionModel(
        name=name,
        inputs=inputs,
        decisions=decisions,
        knowledge=knowledge,
        source=source,
        types=types,
        orders=orders,
        runners=runners,
        functions=functions,
        unknown=tuple(scope.unknown),
        tables=tuple(scope.tables),
    )


def _outer(
    name: str, decisions: Iterable[DecisionNode], knowledge: Iterable[DecisionNode], types: dict[str, ItemType]
) -> Scope:
    members = {part for one in (*decisions, *knowledge) for part in entry_names(one.logic)}
    members |= {part for one in types.values() for part in _components(one)}
    return Scope(frozenset(), tuple(sorted(members)), types, name, [], {}, [])


def _components(item: ItemType) -> set[str]:
    return {name for name, _ in item.components} | {part for _, one in item.components for part in _components(one)}


def _invalid(what: str, why: str, about: str) -> DecisionModelInvalid:
    return DecisionModelInvalid(what, why=why, fix="correct the model", about=about)


def _distinct(names: list[str], about: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise _invalid("two parts of the model share a name", repr(name), about)
        seen.add(name)


def _orders(decisions: tuple[DecisionNode, ...], others: set[str]) -> dict[str, tuple[DecisionNode, ...]]:
    nodes = {one.name: one for one in decisions}
    for one in decisions:
        for need in one.requires:
            if need not in nodes and need not in others:
                raise _invalid("a requirement is not there", f"it requires {need!r}, which the model lacks", one.name)
    needs: dict[str, set[str]] = {}
    depths: dict[str, int] = {}
    for name in _sorted(nodes):
        direct = [need for need in nodes[name].requires if need in nodes]
        needs[name] = {name}.union(*(needs[need] for need in direct))
        depths[name] = 1 + max((depths[need] for need in direct), default=0)
    place = {name: (depths[name], at) for at, name in enumerate(nodes)}
    return {name: tuple(nodes[one] for one in sorted(needs[name], key=place.__getitem__)) for name in nodes}


def _sorted(nodes: dict[str, DecisionNode]) -> list[str]:
    """Names, each after those it requires."""
    state: dict[str, int] = {}
    order: list[str] = []
    for root in nodes:
        waiting = [(root, False)]
        while waiting:
            name, done = waiting.pop()
            if done:
                state[name] = 2
                order.append(name)
                continue
            if state.get(name) == 2:  # noqa: PLR2004  done
                continue
            if state.get(name) == 1:
                raise _invalid("decisions require each other in a circle", f"{name!r} comes to require itself", name)
            state[name] = 1
            waiting.append((name, True))
            waiting += [(need, False) for need in nodes[name].requires if need in nodes and state.get(need) != 2]  # noqa: PLR2004  done
    return order


def decide(model: DecisionModel, decision: str, inputs: Mapping[str, Any]) -> Decision:
    """What a decision of a model comes to, with the proof and the reasons for nulls.

    Args:
        model: from `load_dmn` or `from_json`.
        decision: its name.
        inputs: JSON values by the names of input data, and of decisions without logic. One left out is null.

    Raises:
        DecisionModelInvalid: the model has no such decision, or a value is nested too deep to hold.

    Example:
        >>> from proveout.families.symbolic.dmn import from_json
        >>> model = from_json(
        ...     {
        ...         "model": "fee",
        ...         "inputs": [{"name": "age", "type": "number"}],
        ...         "decisions": [
        ...             {"name": "fee", "requires": ["age"], "logic": {"feel": "if age < 18 then 0 else 2.5 * 4"}}
        ...         ],
        ...     }
        ... )
        >>> decide(model, "fee", {"age": 20}).value
        10
    """
    if decision not in model.orders:
        near = get_close_matches(decision, model.orders, n=1)
        why = f"did you mean {near[0]!r}" if near else f"its decisions are {', '.join(sorted(model.orders)) or 'none'}"
        raise DecisionModelInvalid("no such decision", why=why, fix="name one of the model", about=decision)
    run = Run()
    try:
        return _decided(model, decision, inputs, run)
    except RecursionError:
        raise _invalid("a value is nested too deep", "it cannot be followed to its end", decision) from None


def _decided(model: DecisionModel, decision: str, inputs: Mapping[str, Any], run: Run) -> Decision:
    values = _given(model, inputs, run)
    base = Frame({TYPES: model.types}, run)
    # Each function sees all others, itself included.
    for name, made in model.functions.items():
        base.names[name] = made(base)
    decisions = []
    for node in model.orders[decision]:
        run.steps = []
        made = node.name in model.runners
        value = _run_one(model, node, base, values) if made else _read(inputs, node.name, run)
        values[node.name] = _typed(model, node.type, value, run, node.name)
        decisions.append({"name": node.name, "steps": run.steps, "value": exact(values[node.name])})
    proof = {
        "kind": "dmn",
        "model": model.name,
        "decision": decision,
        "decisions": decisions,
        "value": exact(values[decision]),
    }
    return Decision(to_json(values[decision]), proof, tuple(run.errors))


def _run_one(model: DecisionModel, node: DecisionNode, base: Frame, values: dict[str, Any]) -> Any:
    frame = base.inner({need: values.get(need) for need in node.requires if need not in model.functions})
    try:
        value = model.runners[node.name](frame)
        bounded(value)
    except Fault as fault:
        base.run.fail(f"{node.name}: {fault}")
        return None
    return value


def _given(model: DecisionModel, inputs: Mapping[str, Any], run: Run) -> dict[str, Any]:
    known = {one.name for one in model.inputs} | {one.name for one in model.decisions if one.logic is None}
    for name in inputs:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            run.fail(f"{name!r} is no input of the model" + (f"; did you mean {near[0]!r}?" if near else ""))
    return {one.name: _typed(model, one.type, _read(inputs, one.name, run), run, one.name) for one in model.inputs}


def _read(inputs: Mapping[str, Any], name: str, run: Run) -> Any:
    try:
        return from_json_value(inputs.get(name))
    except Fault as fault:
        run.fail(f"{name}: {fault}")
        return None


def _typed(model: DecisionModel, wanted: str | None, value: Any, run: Run, what: str) -> Any:
    scope = Scope(frozenset(), (), model.types, model.name, [], {}, [])
    return scope.typed(value, wanted, Frame({TYPES: model.types}, run), what)


def feel(text: str, scope: Mapping[str, Any] | None = None) -> Any:
    """The value of a FEEL expression, as JSON; what has no value is None.

    Args:
        text: the expression.
        scope: JSON values by name; a string is read as a date, time or duration where it meets one.

    Raises:
        DecisionModelInvalid: the text is no FEEL, or a value is nested too deep; says where.

    Example:
        >>> feel("if monthly income > 1000 then monthly income * 0.3 else 0", {"monthly income": 2000})
        600
        >>> feel('date("2024-01-31") + duration("P1M")'), feel("1 / 0")
        ('2024-02-29', None)
    """
    given = dict(scope or {})
    try:
        names = {name: from_json_value(value) for name, value in given.items()}
        node = parse_expression(text, frozenset({*BUILTINS, *names}), _keys(names))
        value = compile_expression(node)(Frame({**names, TYPES: {}}, Run()))
        bounded(value)
        return to_json(value)
    except Fault as fault:
        raise _invalid("a value cannot be used", str(fault), "FEEL") from None
    except RecursionError:
        raise _invalid("a value is nested too deep", "it cannot be followed to its end", "FEEL") from None


def _keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {str(name) for name in value} | {key for part in value.values() for key in _keys(part)}
    return {key for part in value for key in _keys(part)} if isinstance(value, list) else set()
