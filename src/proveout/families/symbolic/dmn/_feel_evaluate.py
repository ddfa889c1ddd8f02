"""Turns trees of FEEL into Python closures; what has no value is null, with the reason noted (OMG DMN 1.3, 10.3.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, TypeAlias

from proveout.families.symbolic.dmn import _feel_tree as tree
from proveout.families.symbolic.dmn import _feel_values as values
from proveout.families.symbolic.dmn._feel_functions import BUILTINS, called
from proveout.families.symbolic.dmn._feel_members import member
from proveout.families.symbolic.dmn._feel_types import conforms
from proveout.families.symbolic.dmn._feel_values import Fault, Function, Range

__all__ = ["INPUT", "Closure", "Frame", "Run", "compile_expression", "compile_tests", "invoked"]

# Names of the frame that no FEEL name can equal.
INPUT = "?"
CALLS = 24
STEPS = 1_000_000
LONGEST = 20_000


class Run:
    """What one evaluation shares: the reasons for nulls, the steps of the proof, and how much work is left."""

    __slots__ = ("calls", "errors", "left", "steps")

    def __init__(self) -> None:
        self.errors: list[str] = []
        self.steps: list[dict[str, Any]] = []
        self.left = STEPS
        self.calls = 0

    def fail(self, why: str) -> None:
        """Note why something is null, once."""
        if why not in self.errors and len(self.errors) < 100:  # noqa: PLR2004  enough to read
            self.errors.append(why)

    def derived(self, step: dict[str, Any]) -> None:
        """Put a step into the proof."""
        if len(self.steps) >= LONGEST:
            raise Fault(f"the proof has more than {LONGEST} steps")
        self.steps.append(step)

    def step(self, count: int = 1) -> None:
        """Account for work; a fault when there was too much."""
        self.left -= count
        if self.left < 0:
            raise Fault(f"more than {STEPS} steps")


class Frame:
    """Names with their values, within a run."""

    __slots__ = ("names", "run")

    def __init__(self, names: dict[str, Any], run: Run) -> None:
        self.names = names
        self.run = run

    def inner(self, names: dict[str, Any]) -> Frame:
        """A frame that sees these names over its own."""
        return Frame({**self.names, **names}, self.run)


Closure: TypeAlias = Callable[[Frame], Any]


def compile_expression(node: tree.Node) -> Closure:
    """What evaluates a tree in a frame; a fault within becomes null there and a reason in the run."""
    return COMPILERS[type(node)](node)


def _guarded(action: Closure) -> Closure:
    def run(frame: Frame) -> Any:
        try:
            return action(frame)
        except Fault as fault:
            frame.run.fail(str(fault))
            return None

    return run


def _literal(node: tree.Literal) -> Closure:
    value = node.value
    return lambda _: value


def _name(node: tree.Name) -> Closure:
    name, builtin = node.name, BUILTINS.get(node.name)

    def run(frame: Frame) -> Any:
        if name in frame.names:
            return frame.names[name]
        if builtin is not None:
            return Function(builtin[0].parameters, lambda *given: called(name, given, ()))
        frame.run.fail(f"no {name!r} is in scope")
        return None

    return run


def _input(_: tree.Input) -> Closure:
    return lambda frame: frame.names.get(INPUT)


ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": values.add,
    "-": values.subtract,
    "*": values.multiply,
    "/": values.divide,
    "**": values.power,
}


def _chain(node: tree.Chain) -> Closure:
    first = compile_expression(node.first)
    if node.rest[0][0] in {"and", "or"}:
        return _junction(node.rest[0][0], [first, *(compile_expression(one) for _, one in node.rest)])
    rest = [(ARITHMETIC[operator], compile_expression(one)) for operator, one in node.rest]

    def run(frame: Frame) -> Any:
        value = first(frame)
        for operate, operand in rest:
            value = operate(value, operand(frame))
        return value

    return _guarded(run)


def _junction(operator: str, parts: list[Closure]) -> Closure:
    """Kleene's and/or: the deciding value wins, and otherwise anything that is no boolean makes it null."""
    decisive = operator == "or"

    def run(frame: Frame) -> Any:
        unknown = False
        for part in parts:
            value = part(frame)
            if value is decisive:
                return decisive
            unknown = unknown or not isinstance(value, bool)
        return None if unknown else not decisive

    return run


def _negative(node: tree.Negative) -> Closure:
    of = compile_expression(node.of)
    return _guarded(lambda frame: values.negate(of(frame)))


ORDERS: dict[str, Callable[[int], bool]] = {
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    ">": lambda order: order > 0,
    ">=": lambda order: order >= 0,
}


def _compare(node: tree.Compare) -> Closure:
    left, right = compile_expression(node.left), compile_expression(node.right)
    if node.operator == "=":
        return lambda frame: values.equal(left(frame), right(frame))
    if node.operator == "!=":
        return lambda frame: _negated(values.equal(left(frame), right(frame)))
    holds = ORDERS[node.operator]

    def run(frame: Frame) -> Any:
        order = values.compare(left(frame), right(frame))
        return None if order is None else holds(order)

    return run


def _negated(value: Any) -> bool | None:
    return not value if isinstance(value, bool) else None


def _between(node: tree.Between) -> Closure:
    value, low, high = map(compile_expression, (node.value, node.low, node.high))

    def run(frame: Frame) -> Any:
        return values.inside(value(frame), Range(_some(low(frame)), _some(high(frame)), True, True))  # noqa: FBT003  its fields

    return _guarded(run)


def _some(value: Any) -> Any:
    if value is None:
        raise Fault("between: an end is null")
    return value


def _in(node: tree.In) -> Closure:
    value, tests = compile_expression(node.value), compile_tests(node.tests)
    return lambda frame: tests(frame.inner({INPUT: value(frame)}))


def _instance(node: tree.InstanceOf) -> Closure:
    value, wanted = compile_expression(node.value), node.type
    return lambda frame: conforms(value(frame), wanted, frame.names.get("\0types", {}))


def _if(node: tree.If) -> Closure:
    branches = [(compile_expression(condition), compile_expression(value)) for condition, value in node.branches]
    otherwise = compile_expression(node.otherwise)

    def run(frame: Frame) -> Any:
        for condition, value in branches:
            if condition(frame) is True:
                return value(frame)
        return otherwise(frame)

    return run


class _Iterated:
    """An iterator of ``for``, ``some`` or ``every``."""

    def __init__(self, node: tree.Iterator) -> None:
        self.name = node.name
        self.over = compile_expression(node.over)
        self.until = compile_expression(node.until) if node.until is not None else None

    def items(self, frame: Frame) -> Iterator[Any]:
        over = self.over(frame)
        if self.until is not None:
            return _counted(over, self.until(frame))
        if isinstance(over, Range):
            return _counted(over.start, over.end, skip=(not over.start_included, not over.end_included))
        if over is None:
            raise Fault("there is nothing to iterate over: null")
        return iter(over if isinstance(over, list) else [over])


def _counted(start: Any, end: Any, skip: tuple[bool, bool] = (False, False)) -> Iterator[Any]:
    what = values.kind(start)
    if what != values.kind(end) or what not in {"number", "date"}:
        raise Fault("iteration needs two whole numbers or two dates")
    if what == "number" and (start != int(start) or end != int(end)):
        raise Fault("iteration needs whole numbers")
    one: Any = values.read_as("P1D", "days and time duration") if what == "date" else Decimal(1)
    return _steps(start, end, one, skip)


def _steps(start: Any, end: Any, one: Any, skip: tuple[bool, bool]) -> Iterator[Any]:
    down = start > end
    value = start
    while value >= end if down else value <= end:
        if not ((skip[0] and value == start) or (skip[1] and value == end)):
            yield value
        if value == end:
            return
        value = value - one if down else value + one


def _nested(iterators: list[_Iterated], frame: Frame) -> Iterator[Frame]:
    first, *rest = iterators
    for item in first.items(frame):
        frame.run.step(1 + len(frame.names) // 50)
        inner = frame.inner({first.name: item})
        if rest:
            yield from _nested(rest, inner)
        else:
            yield inner


def _for(node: tree.For) -> Closure:
    iterators, body = [_Iterated(one) for one in node.iterators], compile_expression(node.body)

    def run(frame: Frame) -> Any:
        found: list[Any] = []
        for inner in _nested(iterators, frame):
            inner.names["partial"] = found
            found.append(body(inner))
        return found

    return _guarded(run)


def _quantified(node: tree.Quantified) -> Closure:
    iterators, condition = [_Iterated(one) for one in node.iterators], compile_expression(node.condition)
    decisive = not node.every

    def run(frame: Frame) -> Any:
        unknown = False
        for inner in _nested(iterators, frame):
            value = condition(inner)
            if value is decisive:
                return decisive
            unknown = unknown or not isinstance(value, bool)
        return None if unknown else not decisive

    return _guarded(run)


def _function(node: tree.FunctionOf) -> Closure:
    parameters, body = node.parameters, compile_expression(node.body)

    def run(frame: Frame) -> Any:
        return Function(parameters, lambda *given: invoked(frame, parameters, given, body))

    return run


def invoked(frame: Frame, parameters: tuple[str, ...], given: tuple[Any, ...], body: Closure) -> Any:
    """The value of a function's body with its parameters bound in the frame where it was defined."""
    run = frame.run
    if run.calls >= CALLS:
        raise Fault(f"functions call each other more than {CALLS} deep")
    run.step()
    run.calls += 1
    try:
        return body(frame.inner(dict(zip(parameters, given, strict=True))))
    finally:
        run.calls -= 1


def _call(node: tree.Call) -> Closure:
    arguments = [compile_expression(one) for one in node.arguments]
    names = node.names
    function = compile_expression(node.function)
    direct = node.function.name if isinstance(node.function, tree.Name) and node.function.name in BUILTINS else None

    def run(frame: Frame) -> Any:
        given = [argument(frame) for argument in arguments]
        frame.run.step()
        if direct is not None and direct not in frame.names:
            return called(direct, given, names)
        found = function(frame)
        if not isinstance(found, Function):
            raise Fault("what is called is no function")
        return found.call(*_placed(found, given, names))

    return _guarded(run)


def _placed(function: Function, given: list[Any], names: tuple[str, ...]) -> list[Any]:
    if len(given) != len(function.parameters):
        raise Fault(f"a function of {len(function.parameters)} parameters is called with {len(given)}")
    if not names:
        return given
    if set(names) != set(function.parameters):
        raise Fault(f"a function has the parameters {', '.join(function.parameters)} and not {', '.join(names)}")
    named = dict(zip(names, given, strict=True))
    return [named[name] for name in function.parameters]


def _path(node: tree.Path) -> Closure:
    base, name = compile_expression(node.base), node.name
    return _guarded(lambda frame: member(base(frame), name))


def _filter(node: tree.Filter) -> Closure:
    base, condition = compile_expression(node.base), compile_expression(node.condition)

    def run(frame: Frame) -> Any:
        found = base(frame)
        if found is None:
            return None
        items = found if isinstance(found, list) else [found]
        if isinstance(node.condition, tree.Literal):
            return (
                _indexed(items, node.condition.value)
                if isinstance(node.condition.value, Decimal)
                else _kept(frame, items)
            )
        return _kept(frame, items)

    def _kept(frame: Frame, items: list[Any]) -> Any:
        kept = []
        for item in items:
            frame.run.step(1 + len(frame.names) // 50)
            own = item if isinstance(item, dict) else {}
            value = condition(frame.inner({"item": item, **own}))
            if isinstance(value, Decimal):
                return _indexed(items, value)
            if value is True:
                kept.append(item)
        return kept

    return _guarded(run)


def _indexed(items: list[Any], index: Decimal) -> Any:
    """The item of that index from 1, or from the end when it is negative; null outside of the list."""
    if index != index.to_integral_value() or not 1 <= abs(index) <= len(items):
        return None
    return items[int(index) - 1 if index > 0 else int(index)]


def _list(node: tree.ListOf) -> Closure:
    items = [compile_expression(one) for one in node.items]
    return lambda frame: [item(frame) for item in items]


def _context(node: tree.ContextOf) -> Closure:
    entries = [(name, compile_expression(one)) for name, one in node.entries]

    def run(frame: Frame) -> Any:
        inner, found = frame.inner({}), {}
        for name, value in entries:
            inner.names[name] = found[name] = value(inner)
        return found

    return run


def _range(node: tree.RangeOf) -> Closure:
    start = compile_expression(node.start) if node.start is not None else None
    end = compile_expression(node.end) if node.end is not None else None
    low, high = node.start_included, node.end_included

    def run(frame: Frame) -> Any:
        first = start(frame) if start else None
        last = end(frame) if end else None
        if (start and first is None) or (end and last is None):
            raise Fault("an end of a range is null")
        if start and end:
            first, last = values.aligned(first, last)
            if values.compare(first, last) is None:
                raise Fault(f"a range from {values.kind(first)} to {values.kind(last)}")
        return Range(first, last, low, high)

    return _guarded(run)


def _tests(node: tree.Tests) -> Closure:
    return compile_tests(node)


def compile_tests(node: tree.Tests) -> Closure:
    """What tells whether the frame's ``?`` passes one of the tests: true, false or null."""
    if not node.tests:
        return lambda _: True
    tests = [_test(one) for one in node.tests]
    if len(tests) == 1 and not node.negated:
        return tests[0]
    either = _junction("or", tests)
    return (lambda frame: _negated(either(frame))) if node.negated else either


def _test(node: tree.Node) -> Closure:
    found = compile_expression(node)
    if not _asks(node):
        return lambda frame: _passes(frame, found(frame))

    def run(frame: Frame) -> Any:
        value = found(frame)
        return value if value is None or isinstance(value, bool) else _passes(frame, value)

    return run


def _passes(frame: Frame, wanted: Any) -> bool | None:
    """Whether the input equals, is in, or is among what a test evaluates to."""
    value = frame.names.get(INPUT)
    if isinstance(wanted, Range):
        return values.inside(value, wanted)
    same = values.equal(value, wanted)
    if isinstance(wanted, list) and same is not True:
        return any(_passes(frame, one) is True for one in wanted)
    return same


def _asks(node: tree.Node) -> bool:
    """Whether a tree has the input ``?`` in it, so that its value is the test's own."""
    return any(isinstance(one, tree.Input) for one in tree.walk(node))


COMPILERS: dict[type, Callable[[Any], Closure]] = {
    tree.Literal: _literal,
    tree.Name: _name,
    tree.Input: _input,
    tree.Chain: _chain,
    tree.Negative: _negative,
    tree.Compare: _compare,
    tree.Between: _between,
    tree.Tests: _tests,
    tree.In: _in,
    tree.InstanceOf: _instance,
    tree.If: _if,
    tree.For: _for,
    tree.Quantified: _quantified,
    tree.FunctionOf: _function,
    tree.Call: _call,
    tree.Path: _path,
    tree.Filter: _filter,
    tree.ListOf: _list,
    tree.ContextOf: _context,
    tree.RangeOf: _range,
}
