"""Compiles boxed expressions: each gives its value and the step of the proof that derives it (DMN 1.3, 7.3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from proveout.families.symbolic.dmn import _model as model
from proveout.families.symbolic.dmn._feel_evaluate import Frame, invoked
from proveout.families.symbolic.dmn._feel_values import Fault, Function, bounded, exact
from proveout.families.symbolic.dmn._tables import CompiledTable

if TYPE_CHECKING:
    from proveout.families.symbolic.dmn._scope import Scope

__all__ = ["Runner", "compile_logic", "entry_names", "function_of"]

Runner: TypeAlias = Callable[[Frame], Any]


def compile_logic(logic: model.Logic, scope: Scope) -> Runner:
    """What evaluates a boxed expression in a frame of that scope."""
    return COMPILERS[type(logic)](logic, scope)


def _feel(logic: model.Feel, scope: Scope) -> Runner:
    closure = scope.expression(logic.text)

    def run(frame: Frame) -> Any:
        value = closure(frame)
        bounded(value)
        frame.run.derived({"type": "feel", "text": logic.text, "value": exact(value)})
        return value

    return run


def _table(logic: model.Table, scope: Scope) -> Runner:
    return CompiledTable(logic, scope).run


def _context(logic: model.Context, scope: Scope) -> Runner:
    entries = []
    for entry in logic.entries:
        entries.append((entry, compile_logic(entry.value, scope)))
        scope = scope.inner([entry.name] if entry.name else [])

    def run(frame: Frame) -> Any:
        inner, found = frame.inner({}), {}
        result: list[Any] = []
        for entry, runner in entries:
            value = scope.typed(runner(inner), entry.type, frame, entry.name or "the result")
            if entry.name is None:
                result.append(value)
            else:
                inner.names[entry.name] = found[entry.name] = value
        return result[-1] if result else found

    return run


def function_of(logic: model.FunctionBox, scope: Scope) -> Callable[[Frame], Function]:
    """What makes a function that sees the frame it was made in."""
    body = compile_logic(logic.body, scope.inner(logic.parameters))

    def made(frame: Frame) -> Function:
        def call(*given: Any) -> Any:
            typed = tuple(
                scope.typed(value, wanted, frame, f"parameter {name}")
                for value, wanted, name in zip(given, logic.types, logic.parameters, strict=True)
            )
            return invoked(frame, logic.parameters, typed, body)

        return Function(logic.parameters, call)

    return made


def _function(logic: model.FunctionBox, scope: Scope) -> Runner:
    return function_of(logic, scope)


def _invocation(logic: model.Invocation, scope: Scope) -> Runner:
    function = scope.expression(logic.function)
    bindings = [(one.parameter, compile_logic(one.value, scope)) for one in logic.bindings]

    def run(frame: Frame) -> Any:
        given = {name: runner(frame) for name, runner in bindings}
        try:
            return _called(function(frame), given)
        except Fault as fault:
            frame.run.fail(f"{scope.about}: {logic.function}: {fault}")
            return None

    return run


def _called(function: Any, given: dict[str, Any]) -> Any:
    if not isinstance(function, Function):
        raise Fault("what is invoked is no function")
    if not given.keys() <= set(function.parameters):
        raise Fault(f"its parameters are {', '.join(function.parameters)} and not {', '.join(given)}")
    return function.call(*(given.get(name) for name in function.parameters))


def _list(logic: model.ListBox, scope: Scope) -> Runner:
    items = [compile_logic(one, scope) for one in logic.items]
    return lambda frame: [runner(frame) for runner in items]


def _relation(logic: model.Relation, scope: Scope) -> Runner:
    rows = [[compile_logic(one, scope) for one in row] for row in logic.rows]
    columns = logic.columns
    return lambda frame: [dict(zip(columns, [runner(frame) for runner in row], strict=True)) for row in rows]


def _conditional(logic: model.Conditional, scope: Scope) -> Runner:
    condition, then, otherwise = (compile_logic(one, scope) for one in (logic.condition, logic.then, logic.otherwise))
    return lambda frame: then(frame) if condition(frame) is True else otherwise(frame)


def _iteration(logic: model.Iteration, scope: Scope) -> Runner:
    over = compile_logic(logic.over, scope)
    body = compile_logic(logic.body, scope.inner([logic.variable, "partial"]))

    def run(frame: Frame) -> Any:
        among = over(frame)
        items = among if isinstance(among, list) else [] if among is None else [among]
        found: list[Any] = []
        for item in items:
            frame.run.step()
            own = item if logic.how == "filter" and isinstance(item, dict) else {}
            found.append(body(frame.inner({**own, logic.variable: item, "partial": found})))
        return ITERATED[logic.how](items, found)

    return run


def _quantity(values: list[Any], decisive: bool) -> bool | None:  # noqa: FBT001  it is the value itself
    if decisive in [one for one in values if isinstance(one, bool)]:
        return decisive
    return (not decisive) if all(isinstance(one, bool) for one in values) else None


ITERATED: dict[str, Callable[[list[Any], list[Any]], Any]] = {
    "for": lambda _, found: list(found),
    "some": lambda _, found: _quantity(found, decisive=True),
    "every": lambda _, found: _quantity(found, decisive=False),
    "filter": lambda items, found: [item for item, kept in zip(items, found, strict=True) if kept is True],
}
COMPILERS: dict[type, Callable[[Any, Scope], Runner]] = {
    model.Feel: _feel,
    model.Table: _table,
    model.Context: _context,
    model.FunctionBox: _function,
    model.Invocation: _invocation,
    model.ListBox: _list,
    model.Relation: _relation,
    model.Conditional: _conditional,
    model.Iteration: _iteration,
}


def entry_names(logic: model.Logic | None) -> set[str]:
    """Names of entries that a boxed expression's value may have, at any depth."""
    found: set[str] = set()
    waiting: list[Any] = [logic]
    while waiting:
        one = waiting.pop()
        if isinstance(one, model.Entry) and one.name:
            found.add(one.name)
        if isinstance(one, model.Relation):
            found |= set(one.columns)
        if isinstance(one, model.TableOutput) and one.name:
            found.add(one.name)
        if isinstance(one, tuple):
            waiting.extend(one)
        elif hasattr(one, "__struct_fields__") and not isinstance(one, model.Rule):
            waiting.extend(getattr(one, field) for field in one.__struct_fields__)
    return found
