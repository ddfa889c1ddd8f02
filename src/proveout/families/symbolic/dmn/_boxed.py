"""Compiles boxed expressions: each gives its value and the step of the proof that derives it (DMN 1.3, 7.3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from proveout.families.symbolic.dmn import _model as model
from proveout.families.symbolic.dmn._feel_evaluate import Frame, invoked
from proveout.families.symbolic.dmn._feel_values import Fault, Function, exact
from proveout.families.symbolic.dmn._tables import CompiledTable, Step

if TYPE_CHECKING:
    from proveout.families.symbolic.dmn._scope import Scope

__all__ = ["Runner", "compile_logic", "entry_names", "function_of"]

Runner: TypeAlias = Callable[[Frame], tuple[Any, Step]]


def compile_logic(logic: model.Logic, scope: Scope) -> Runner:
    """What evaluates a boxed expression in a frame of that scope."""
    return COMPILERS[type(logic)](logic, scope)


def _feel(logic: model.Feel, scope: Scope) -> Runner:
    closure = scope.expression(logic.text)

    def run(frame: Frame) -> tuple[Any, Step]:
        value = closure(frame)
        return value, {"type": "feel", "text": logic.text, "value": exact(value)}

    return run


def _table(logic: model.Table, scope: Scope) -> Runner:
    return CompiledTable(logic, scope).run


def _context(logic: model.Context, scope: Scope) -> Runner:
    entries = []
    for entry in logic.entries:
        entries.append((entry, compile_logic(entry.value, scope)))
        scope = scope.inner([entry.name] if entry.name else [])

    def run(frame: Frame) -> tuple[Any, Step]:
        inner, found, steps = frame.inner({}), {}, []
        result: list[Any] = []
        for entry, runner in entries:
            value, step = runner(inner)
            value = scope.typed(value, entry.type, frame, entry.name or "the result")
            steps.append({"name": entry.name, "step": step})
            if entry.name is None:
                result.append(value)
            else:
                inner.names[entry.name] = found[entry.name] = value
        value = result[-1] if result else found
        return value, {"type": "context", "entries": steps, "value": exact(value)}

    return run


def function_of(logic: model.FunctionBox, scope: Scope) -> Callable[[Frame], Function]:
    """What makes a function that sees the frame it was made in."""
    body = compile_logic(logic.body, scope.inner(logic.parameters))

    def made(frame: Frame) -> Function:
        def traced(*given: Any) -> tuple[Any, Step]:
            typed = tuple(
                scope.typed(value, wanted, frame, f"parameter {name}")
                for value, wanted, name in zip(given, logic.types, logic.parameters, strict=True)
            )
            found: tuple[Any, Step] = invoked(frame, logic.parameters, typed, body)
            return found

        return Function(logic.parameters, lambda *given: traced(*given)[0], traced)

    return made


def _function(logic: model.FunctionBox, scope: Scope) -> Runner:
    made = function_of(logic, scope)
    text = f"function({', '.join(logic.parameters)})"
    return lambda frame: (made(frame), {"type": "function", "value": {"function": text}})


def _invocation(logic: model.Invocation, scope: Scope) -> Runner:
    function = scope.expression(logic.function)
    bindings = [(one.parameter, compile_logic(one.value, scope)) for one in logic.bindings]

    def run(frame: Frame) -> tuple[Any, Step]:
        given = {name: runner(frame) for name, runner in bindings}
        step: Step = {
            "type": "invocation",
            "function": logic.function,
            "bindings": [{"parameter": name, "step": one} for name, (_, one) in given.items()],
            "body": None,
        }
        try:
            value, step["body"] = _called(function(frame), {name: value for name, (value, _) in given.items()})
        except Fault as fault:
            frame.run.fail(f"{scope.about}: {logic.function}: {fault}")
            value = None
        return value, {**step, "value": exact(value)}

    return run


def _called(function: Any, given: dict[str, Any]) -> tuple[Any, Step | None]:
    if not isinstance(function, Function):
        raise Fault("what is invoked is no function")
    if not given.keys() <= set(function.parameters):
        raise Fault(f"its parameters are {', '.join(function.parameters)} and not {', '.join(given)}")
    placed = [given.get(name) for name in function.parameters]
    return function.traced(*placed) if function.traced else (function.call(*placed), None)


def _list(logic: model.ListBox, scope: Scope) -> Runner:
    items = [compile_logic(one, scope) for one in logic.items]

    def run(frame: Frame) -> tuple[Any, Step]:
        found = [runner(frame) for runner in items]
        value = [one for one, _ in found]
        return value, {"type": "list", "items": [step for _, step in found], "value": exact(value)}

    return run


def _relation(logic: model.Relation, scope: Scope) -> Runner:
    rows = [[compile_logic(one, scope) for one in row] for row in logic.rows]

    def run(frame: Frame) -> tuple[Any, Step]:
        found = [[runner(frame) for runner in row] for row in rows]
        value = [dict(zip(logic.columns, (one for one, _ in row), strict=True)) for row in found]
        return value, {"type": "relation", "rows": [[step for _, step in row] for row in found], "value": exact(value)}

    return run


def _conditional(logic: model.Conditional, scope: Scope) -> Runner:
    condition, then, otherwise = (compile_logic(one, scope) for one in (logic.condition, logic.then, logic.otherwise))

    def run(frame: Frame) -> tuple[Any, Step]:
        asked, first = condition(frame)
        value, second = (then if asked is True else otherwise)(frame)
        return value, {"type": "conditional", "if": first, "branch": second, "value": exact(value)}

    return run


def _iteration(logic: model.Iteration, scope: Scope) -> Runner:
    over = compile_logic(logic.over, scope)
    body = compile_logic(logic.body, scope.inner([logic.variable, "partial"]))

    def run(frame: Frame) -> tuple[Any, Step]:
        found, first = over(frame)
        items = found if isinstance(found, list) else [] if found is None else [found]
        value, steps = _iterated(logic, frame, items, body)
        return value, {"type": logic.how, "over": first, "items": steps, "value": exact(value)}

    return run


def _iterated(logic: model.Iteration, frame: Frame, items: list[Any], body: Runner) -> tuple[Any, list[Step]]:
    found: list[Any] = []
    steps: list[Step] = []
    for item in items:
        frame.run.step()
        own = item if logic.how == "filter" and isinstance(item, dict) else {}
        value, step = body(frame.inner({**own, logic.variable: item, "partial": found}))
        found.append(value)
        steps.append(step)
    return ITERATED[logic.how](items, found), steps


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
