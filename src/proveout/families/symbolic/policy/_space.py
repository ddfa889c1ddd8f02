"""The facts of a policy as constants of the prover, and expressions over them as its formulas."""

from __future__ import annotations

from fractions import Fraction
from math import gcd, lcm
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from proveout.families.symbolic.policy._cells import (
    bounds,
    code_of,
    is_numeric,
    other_text,
    parts_of,
    step_of,
    value_of,
)
from proveout.families.symbolic.policy._expressions import (
    All,
    AnyOf,
    Arithmetic,
    Call,
    Choose,
    Compare,
    Constant,
    Expression,
    In,
    Name,
    Negative,
    Not,
)
from proveout.families.symbolic.policy._z3 import z3_module

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from proveout.families.symbolic.policy._cells import Cells
    from proveout.families.symbolic.policy._model import Fact, Scalar
    from proveout.families.symbolic.policy._plain import Plainer

__all__ = ["Space", "Translator"]


class Space:
    """The constants of facts, in a context of their own: nothing is shared between two of them.

    A fact with a step is an integer that counts steps (cents, days), one without is a real number, enums and texts are
    integers that number all texts of the policy.

    Args:
        facts: whose constants to make.
        texts: all texts that the expressions mention.
    """

    def __init__(self, facts: Iterable[Fact], texts: Iterable[str]) -> None:
        z3 = z3_module()
        self.z3 = z3
        self.context = z3.Context()
        self.truth = z3.BoolVal(val=True, ctx=self.context)
        self.facts = {fact.name: fact for fact in facts}
        listed = [value for fact in self.facts.values() for value in fact.values]
        self.codes = {text: code for code, text in enumerate(dict.fromkeys([*listed, *sorted(texts)]))}
        self._texts = list(self.codes)
        self.constants = {name: self._constant(fact, name) for name, fact in self.facts.items()}
        self.domain = [
            formula for fact in self.facts.values() for formula in self.within(fact, self.constants[fact.name])
        ]
        # Whether the fast procedure for whole numbers and sums will do.
        self.linear = all(fact.type in {"boolean", "text", "enum"} or step_of(fact) for fact in self.facts.values())

    def _constant(self, fact: Fact, name: str) -> Any:
        if fact.type == "boolean":
            return self.z3.Bool(name, self.context)
        real = is_numeric(fact) and not step_of(fact)
        return self.z3.Real(name, self.context) if real else self.z3.Int(name, self.context)

    def twin(self, name: str) -> Any:
        """A second constant for a fact, to compare two cases."""
        return self._constant(self.facts[name], f"{name}'")

    def within(self, fact: Fact, constant: Any) -> list[Any]:
        """That a constant has a value which the fact may have."""
        if fact.type == "boolean":
            return []
        if fact.type == "text":
            return [constant >= 0]
        if fact.type == "enum":
            codes = sorted(self.codes[value] for value in fact.values)
            if codes[-1] - codes[0] == len(codes) - 1:
                return [constant >= codes[0], constant <= codes[-1]]
            return [self.z3.Or([constant == code for code in codes])]
        low, high = bounds(fact)
        ends = [] if low is None else [constant >= self.number(low)]
        return ends if high is None else [*ends, constant <= self.number(high)]

    def number(self, value: int | Fraction) -> Any:
        """An exact literal."""
        if isinstance(value, Fraction) and value.denominator != 1:
            return self.z3.Q(value.numerator, value.denominator, self.context)
        return self.z3.IntVal(int(value), self.context)

    def equals(self, name: str, value: Scalar, texts: dict[str, int]) -> Any:
        """That a fact has a value; None when it cannot."""
        fact = self.facts[name]
        code: Any = code_of(fact, value)
        if isinstance(code, bool):
            return self.constants[name] if code else self.z3.Not(self.constants[name])
        if isinstance(code, str):
            code = self.codes[code] if code in self.codes else texts.setdefault(code, len(self.codes) + len(texts))
        if code is None:
            return None
        return self.constants[name] == self.number(code)

    def inside(self, name: str, cells: Cells, index: int) -> Any:
        """That a fact has a value of one of its cells."""
        fact, constant, cell = self.facts[name], self.constants[name], cells.cells[index]
        if fact.type == "text" and index == len(cells.cells) - 1:
            return self.z3.And([constant != self.codes[str(known.sample)] for known in cells.cells[:-1]])
        if not is_numeric(fact):
            return self.equals(name, cell.sample, {})
        ends = []
        if cell.low is not None:
            low = self.number(cell.low)
            ends.append(constant > low if cell.open_low else constant >= low)
        if cell.high is not None:
            high = self.number(cell.high)
            ends.append(constant < high if cell.open_high else constant <= high)
        return self.z3.And(ends)

    def read(self, model: Any, name: str, texts: dict[str, int]) -> Scalar:
        """The value of a fact in a model of the prover."""
        return self.value(self.facts[name], model.eval(self.constants[name], model_completion=True), texts)

    def value(self, fact: Fact, found: Any, texts: dict[str, int]) -> Scalar:
        """What a value of the prover stands for."""
        z3 = self.z3
        if fact.type == "boolean":
            return bool(z3.is_true(found))
        if z3.is_algebraic_value(found):
            found = found.approx(12)
        number = (
            Fraction(found.numerator_as_long(), found.denominator_as_long())
            if z3.is_rational_value(found)
            else found.as_long()
        )
        if fact.type not in {"enum", "text"}:
            return value_of(fact, number)
        if number < len(self._texts):
            return self._texts[int(number)]
        known = {code: text for text, code in texts.items()}
        return known.get(int(number)) or self._invented(int(number), texts)

    def _invented(self, code: int, texts: dict[str, int]) -> str:
        taken = dict.fromkeys([*self._texts, *texts])
        for _ in range(len(self._texts) + len(texts), code):
            taken[other_text(taken)] = None
        return other_text(taken)


class _Term(NamedTuple):
    """A number: ``expression * scale``, or, without an expression, just ``scale``; ``real`` for continuous ones."""

    expression: Any
    scale: Fraction
    real: bool = False


class Translator:
    """Writes plain expressions as formulas over a space.

    Args:
        space: with the constants.
        plainer: with the definitions.
        definitions: their names.
    """

    def __init__(self, space: Space, plainer: Plainer, definitions: Iterable[str]) -> None:
        self._space, self._z3, self._plainer = space, space.z3, plainer
        self._definitions = set(definitions)
        self._known: dict[str, Any] = {}
        self._writers: dict[type, Callable[[Any], Any]] = {
            Constant: self._constant,
            Name: self._name,
            Not: lambda node: self._z3.Not(self.write(node.of)),
            All: lambda node: self._z3.And([self.write(part) for part in node.of]),
            AnyOf: lambda node: self._z3.Or([self.write(part) for part in node.of]),
            Compare: self._compare,
            In: self._in,
            Arithmetic: self._arithmetic,
            Negative: lambda node: self._scaled(self.write(node.of), Fraction(-1)),
            Call: self._call,
            Choose: self._choose,
        }
        z3 = self._z3
        self._apply: dict[str, Callable[[Any, Any], Any]] = {
            "==": lambda a, b: a == b,
            "!=": lambda a, b: a != b,
            "<": lambda a, b: a < b,
            "<=": lambda a, b: a <= b,
            ">": lambda a, b: a > b,
            ">=": lambda a, b: a >= b,
            "min": lambda a, b: z3.If(a <= b, a, b),
            "max": lambda a, b: z3.If(a >= b, a, b),
        }

    def formula(self, expression: Expression) -> Any:
        """An expression, units and all, as a formula: of a condition, that it holds."""
        plain = self._plainer.plain(expression)
        return self.truth(plain, held=True) if self._is_condition(plain) else self.write(plain)

    def fails(self, expression: Expression) -> Any:
        """That a condition fails; None where that is simply that it does not hold.

        A condition with a quotient by zero may do neither: as in the evaluator, the quotient has no value, what needs
        it is unknown, and ``and``, ``or`` and ``not`` are Kleene's (1952).
        """
        plain = self._plainer.plain(expression)
        return self.truth(plain, held=False) if self._is_partial(plain) else None

    def _is_condition(self, node: Expression) -> bool:
        if isinstance(node, Name) and node.name in self._definitions:
            return self._is_condition(self._plainer.definition(node.name))
        if isinstance(node, Name):
            return self._space.facts[node.name].type == "boolean"
        if isinstance(node, Choose):
            return self._is_condition(node.then)
        return isinstance(node, Not | All | AnyOf | Compare | In) or (
            isinstance(node, Constant) and isinstance(node.value, bool)
        )

    def _is_partial(self, node: Expression) -> bool:
        """Whether it may have no value: whether something is divided by what may be zero."""
        if isinstance(node, Constant):
            return False
        if isinstance(node, Name):
            return node.name in self._definitions and self._is_partial(self._plainer.definition(node.name))
        if (
            isinstance(node, Arithmetic)
            and node.op == "/"
            and not (isinstance(node.right, Constant) and node.right.value)
        ):
            return True
        return any(self._is_partial(part) for part in parts_of(node))

    def truth(self, node: Expression, *, held: bool) -> Any:
        """That a plain condition holds, or that it fails."""
        z3 = self._z3
        if not self._is_partial(node):
            return self.write(node) if held else z3.Not(self.write(node))
        if isinstance(node, Name):
            return self.truth(self._plainer.definition(node.name), held=held)
        if isinstance(node, Not):
            return self.truth(node.of, held=not held)
        if isinstance(node, All | AnyOf):
            parts = [self.truth(part, held=held) for part in node.of]
            return z3.And(parts) if held == isinstance(node, All) else z3.Or(parts)
        if isinstance(node, Choose):
            ways = ((True, node.then), (False, node.otherwise))
            return z3.Or(
                [z3.And(self.truth(node.condition, held=so), self.truth(part, held=held)) for so, part in ways]
            )
        formula = self.write(node)
        return z3.And([formula if held else z3.Not(formula), *self._defined(node)])

    def _defined(self, node: Expression) -> list[Any]:
        """What must be so for a plain expression to have a value, besides its conditions."""
        if not self._is_partial(node):
            return []
        if isinstance(node, Name):
            return self._defined(self._plainer.definition(node.name))
        if isinstance(node, Not | All | AnyOf):
            return [self._z3.Or(self.truth(node, held=True), self.truth(node, held=False))]
        if isinstance(node, Choose):
            ways = ((True, node.then), (False, node.otherwise))
            return [
                self._z3.Or(
                    [self._z3.And([self.truth(node.condition, held=so), *self._defined(part)]) for so, part in ways]
                )
            ]
        defined = [formula for part in parts_of(node) for formula in self._defined(part)]
        if isinstance(node, Arithmetic) and node.op == "/":
            by = self.write(node.right)
            defined.append(self._z3.Not(self._space.truth) if by.expression is None else by.expression != 0)
        return defined

    def write(self, node: Expression) -> Any:
        """A plain expression as a formula, a term, or the number of a text."""
        return self._writers[type(node)](node)

    def _constant(self, node: Constant) -> Any:
        if isinstance(node.value, bool):
            return self._z3.BoolVal(node.value, self._space.context)
        if isinstance(node.value, str):
            # A text that no fact may have and no rule mentions equals nothing.
            return self._space.number(self._space.codes.get(node.value, -1))
        return _Term(None, Fraction(cast("int", node.value)))

    def _name(self, node: Name) -> Any:
        if node.name in self._known:
            return self._known[node.name]
        if node.name in self._definitions:
            written = self.write(self._plainer.definition(node.name))
        else:
            fact, constant = self._space.facts[node.name], self._space.constants[node.name]
            step = step_of(fact)
            written = _Term(constant, step or Fraction(1), real=not step) if is_numeric(fact) else constant
        self._known[node.name] = written
        return written

    def _compare(self, node: Compare) -> Any:
        left, right = self.write(node.left), self.write(node.right)
        if isinstance(left, _Term):
            left, right = self._aligned([left, right])[0]
        return self._apply[node.op](left, right)

    def _in(self, node: In) -> Any:
        return self._z3.Or([self._compare(Compare("==", node.item, literal)) for literal in node.of])

    def _choose(self, node: Choose) -> Any:
        condition, then, otherwise = (self.write(part) for part in (node.condition, node.then, node.otherwise))
        if not isinstance(then, _Term):
            return self._z3.If(condition, then, otherwise)
        (then, otherwise), scale, real = self._aligned([then, otherwise])
        return _Term(self._z3.If(condition, then, otherwise), scale, real)

    def _call(self, node: Call) -> _Term:
        terms = [self.write(argument) for argument in node.arguments]
        if node.function == "abs":
            terms.append(self._scaled(terms[0], Fraction(-1)))
        (best, *others), scale, real = self._aligned(terms)
        for other in others:
            best = self._apply["min" if node.function == "min" else "max"](best, other)
        return _Term(best, scale, real)

    def _arithmetic(self, node: Arithmetic) -> _Term:
        left, right = self.write(node.left), self.write(node.right)
        if node.op in "+-":
            right = right if node.op == "+" else self._scaled(right, Fraction(-1))
            if left.expression is None and right.expression is None:
                return _Term(None, left.scale + right.scale)
            (one, other), scale, real = self._aligned([left, right])
            return _Term(one + other, scale, real)
        if node.op == "/":
            return self._divided(left, right)
        if left.expression is None or right.expression is None:
            return self._scaled(left, right.scale) if right.expression is None else self._scaled(right, left.scale)
        self._space.linear = False
        product = (
            self._real(left) * self._real(right) if left.real or right.real else left.expression * right.expression
        )
        real = left.real or right.real
        return _Term(product, Fraction(1) if real else left.scale * right.scale, real)

    def _divided(self, left: _Term, right: _Term) -> _Term:
        if right.expression is None and right.scale:
            return self._scaled(left, 1 / right.scale)
        self._space.linear = False
        return _Term(self._real(left) / self._real(right), Fraction(1), real=True)

    def _scaled(self, term: _Term, times: Fraction) -> _Term:
        return term._replace(scale=term.scale * times) if times else _Term(None, Fraction(0))

    def _real(self, term: _Term) -> Any:
        if term.expression is None:
            return self._z3.Q(term.scale.numerator, term.scale.denominator, self._space.context)
        whole = term.expression if term.expression.is_real() else self._z3.ToReal(term.expression)
        return whole if term.scale == 1 else whole * self._real(_Term(None, term.scale))

    def _aligned(self, terms: list[_Term]) -> tuple[list[Any], Fraction, bool]:
        """The expressions at one common scale: integers, unless a real number is among them."""
        if any(term.real for term in terms):
            return [self._real(term) for term in terms], Fraction(1), True
        scales = [abs(term.scale) for term in terms if term.scale]
        scale = (
            Fraction(gcd(*(one.numerator for one in scales)), lcm(*(one.denominator for one in scales)))
            if scales
            else Fraction(1)
        )
        return [self._whole(term, term.scale / scale) for term in terms], scale, False

    def _whole(self, term: _Term, times: Fraction) -> Any:
        if term.expression is None:
            return self._space.number(times)
        return term.expression if times == 1 else term.expression * self._space.number(times)
