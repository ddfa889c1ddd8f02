"""Reads FEEL expressions and unary tests into trees (OMG DMN 1.3, 10.3.1.2); nothing is evaluated here."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from contextlib import contextmanager
from decimal import Decimal, DecimalException
from typing import TYPE_CHECKING, TypeAlias

from proveout.families.symbolic.dmn import _feel_tree as tree
from proveout.families.symbolic.dmn import _feel_values as values
from proveout.families.symbolic.dmn._feel_lexer import Lexer
from proveout.families.symbolic.dmn._feel_times import read_date, read_date_time, read_duration, read_time

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["parse_expression", "parse_tests"]

DEEPEST = 40
WIDEST = 20_000
COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
# Operators that chain from the left, loosest first; comparisons stand between `and` and `+`.
LEVELS = (("or",), ("and",), COMPARISONS, ("+", "-"), ("*", "/"), ("**",))
COMPARING = 2
PROPERTIES = ("time offset", "start included", "end included")
CONSTANTS = {"true": True, "false": False, "null": None}
TYPES = (
    "number",
    "string",
    "boolean",
    "date",
    "time",
    "date and time",
    "days and time duration",
    "years and months duration",
    "day and time duration",
    "year and month duration",
    "list",
    "context",
    "range",
    "function",
    "Any",
    "Null",
)


def parse_expression(
    text: str, names: Collection[str] = (), members: Collection[str] = (), about: str = "FEEL"
) -> tree.Node:
    """The tree of an expression.

    Args:
        text: the expression.
        names: what is in scope, each as it is declared, spaces included.
        members: names of entries of contexts, known after a point and within a filter.
        about: what an error is about.

    Raises:
        DecisionModelInvalid: the text is no expression, or is nested too deep; says where.

    Example:
        >>> parse_expression("monthly fee * 12", ["monthly fee"]).first
        Name(name='monthly fee', known=True)
    """
    if found := LITERAL.fullmatch(text):
        return tree.Literal(found[1]) if found[2] is None else _number(found[2])
    return _parsed(text, names, members, about, lambda parser: parser.expression())


def parse_tests(
    text: str, names: Collection[str] = (), members: Collection[str] = (), about: str = "FEEL"
) -> tree.Tests:
    """The tree of the unary tests of a decision table's cell: ``-``, ``not(...)`` or a list of them."""
    found = _ordinary(text) or _parsed(text, names, members, about, lambda parser: parser.unary_tests())
    return found if isinstance(found, tree.Tests) else tree.Tests((found,))


# Most cells of large tables are one of these, and read like this they are read ten times faster. No name begins so.
DIGITS = r"\s*(-?(?:\d{1,30}(?:\.\d{1,30})?|\.\d{1,30}))\s*"
LITERAL = re.compile(rf'\s*"([^"\\]*)"\s*|{DIGITS}', re.ASCII)
COMPARED = re.compile(rf"\s*(<=|>=|<|>){DIGITS}", re.ASCII)
RANGED = re.compile(rf"\s*([\[(\]]){DIGITS}\.\.{DIGITS}([\])\[])\s*", re.ASCII)


def _ordinary(text: str) -> tree.Node | None:
    """The tree of a plain literal, comparison with a number or range of numbers, as the parser would give it."""
    if found := LITERAL.fullmatch(text):
        return tree.Literal(found[1]) if found[2] is None else _number(found[2])
    if found := COMPARED.fullmatch(text):
        return tree.Compare(found[1], tree.Input(), _number(found[2]))
    if found := RANGED.fullmatch(text):
        return tree.RangeOf(_number(found[2]), _number(found[3]), found[1] == "[", found[4] == "]")
    return None


def _number(text: str) -> tree.Literal:
    return tree.Literal(values.CONTEXT.create_decimal(text))


def _parsed(
    text: str, names: Collection[str], members: Collection[str], about: str, read: Callable[[_Parser], tree.Node]
) -> tree.Node:
    lexer = Lexer(text, names, about)
    parser = _Parser(lexer, tuple(members))
    try:
        found = read(parser)
    except RecursionError:
        raise lexer.invalid("it is nested too deep", lexer.at) from None
    if lexer.peek().kind != "end":
        raise lexer.invalid("expected the end")
    return found


class _Parser:
    def __init__(self, lexer: Lexer, members: tuple[str, ...]) -> None:
        self.lexer = lexer
        self.members = members
        self.depth = 0
        # The end of a range may be followed by a `[` that closes it and opens no filter.
        self.closing = False

    @contextmanager
    def scope(self, names: Collection[str]) -> Iterator[None]:
        self.lexer.push(names)
        yield
        self.lexer.pop()

    def expression(self) -> tree.Node:
        if self.depth >= DEEPEST:
            raise self.lexer.invalid(f"it is nested more than {DEEPEST} deep")
        self.depth += 1
        closing, self.closing = self.closing, False
        token = self.lexer.peek()
        special = SPECIAL.get(token.text) if token.kind == "word" else None
        found = special(self) if special else self.binary(0)
        self.depth -= 1
        self.closing = closing
        return found

    def binary(self, level: int) -> tree.Node:
        if level == len(LEVELS):
            return self.negation()
        left = self.binary(level + 1)
        if level == COMPARING:
            return self.comparison(left)
        rest: list[tuple[str, tree.Node]] = []
        while (token := self.lexer.peek()).text in LEVELS[level] and token.kind in {"operator", "word"}:
            self.lexer.take()
            rest.append((token.text, self.binary(level + 1)))
        return tree.Chain(left, tuple(rest)) if rest else left

    def comparison(self, left: tree.Node) -> tree.Node:
        for _ in range(DEEPEST):
            token = self.lexer.peek()
            if token.kind == "operator" and token.text in COMPARISONS:
                self.lexer.take()
                left = tree.Compare(token.text, left, self.binary(COMPARING + 1))
            elif token.kind == "word" and token.text in RELATIONS:
                self.lexer.take()
                left = RELATIONS[token.text](self, left)
            else:
                return left
        raise self.lexer.invalid(f"more than {DEEPEST} comparisons follow each other")

    def between(self, value: tree.Node) -> tree.Node:
        low = self.binary(COMPARING + 1)
        self.lexer.expect("and")
        return tree.Between(value, low, self.binary(COMPARING + 1))

    def instance(self, value: tree.Node) -> tree.Node:
        self.lexer.expect("of")
        return tree.InstanceOf(value, self.type())

    def within(self, value: tree.Node) -> tree.Node:
        if not self.lexer.skip("("):
            return tree.In(value, tree.Tests((self.test(),)))
        first = self.test()
        if self.lexer.skip(".."):
            return tree.In(value, tree.Tests((self.range_from(first, included=False),)))
        tests = [first]
        while self.lexer.skip(","):
            tests.append(self.test())
        self.lexer.expect(")")
        return tree.In(value, tree.Tests(tuple(tests)))

    def unary_tests(self) -> tree.Tests:
        token = self.lexer.peek()
        if token.text == "-" and not self.lexer.text[token.end :].strip():
            self.lexer.take()
            return tree.Tests(())
        if (
            token.kind in {"name", "unknown"}
            and token.text == "not"
            and self.lexer.text[token.end :].lstrip()[:1] == "("
        ):
            at = self.lexer.at
            self.lexer.take()
            self.lexer.expect("(")
            tests = self.test_list()
            self.lexer.expect(")")
            if self.lexer.peek().kind == "end":
                return tree.Tests(tests, negated=True)
            # The call of the built-in within a longer expression, as in `not(a) and b`.
            self.lexer.reset(at)
        return tree.Tests(self.test_list())

    def test_list(self) -> tuple[tree.Node, ...]:
        tests = [self.test()]
        while self.lexer.skip(","):
            tests.append(self.test())
            if len(tests) > WIDEST:
                raise self.lexer.invalid(f"more than {WIDEST} tests")
        return tuple(tests)

    def test(self) -> tree.Node:
        """A positive unary test: a comparison whose left side is the input, or any expression."""
        token = self.lexer.peek()
        if token.kind == "operator" and token.text in COMPARISONS:
            self.lexer.take()
            return tree.Compare(token.text, tree.Input(), self.binary(COMPARING + 1))
        return self.expression()

    def negation(self) -> tree.Node:
        minus = False
        while self.lexer.skip("-"):
            minus = not minus
        found = self.postfix(self.primary())
        if not minus:
            return found
        if isinstance(found, tree.Literal) and isinstance(found.value, Decimal):
            return tree.Literal(found.value.copy_negate())
        return tree.Negative(found)

    def postfix(self, base: tree.Node) -> tree.Node:
        for _ in range(DEEPEST):
            if self.lexer.skip("."):
                base = tree.Path(base, self.member())
            elif self.lexer.peek().text == "(" and isinstance(
                base, tree.Name | tree.Path | tree.FunctionOf | tree.Call
            ):
                base = self.call(base)
            elif self.lexer.peek().text == "[" and self.lexer.peek().kind == "operator" and not self.closing:
                base = self.filter(base)
            else:
                return base
        raise self.lexer.invalid(f"more than {DEEPEST} paths, filters or calls follow each other")

    def member(self) -> str:
        return self.lexer.member((*self.members, *PROPERTIES))

    def filter(self, base: tree.Node) -> tree.Node:
        self.lexer.take()
        with self.scope((*self.members, "item")):
            condition = self.expression()
            self.lexer.expect("]")
        return tree.Filter(base, condition)

    def call(self, function: tree.Node) -> tree.Node:
        self.lexer.take()
        arguments: list[tree.Node] = []
        names: list[str] = []
        while not self.lexer.skip(")"):
            if arguments:
                self.lexer.expect(",")
            name = self.lexer.declared(":")
            if name is not None:
                self.lexer.expect(":")
                names.append(name)
            arguments.append(self.expression())
        if names and len(names) != len(arguments):
            raise self.lexer.invalid("named and positional arguments are mixed")
        return tree.Call(function, tuple(arguments), tuple(names))

    def primary(self) -> tree.Node:
        token = self.lexer.peek()
        read = PRIMARY.get(token.text if token.kind == "operator" else token.kind)
        if read is None:
            raise self.lexer.invalid("expected a value")
        return read(self)

    def number(self) -> tree.Node:
        token = self.lexer.take()
        try:
            return tree.Literal(values.CONTEXT.create_decimal(token.text))
        except DecimalException:
            raise self.lexer.invalid("a number is too large", token.start) from None

    def asked(self) -> tree.Node:
        self.lexer.take()
        return tree.Input()

    def word(self) -> tree.Node:
        token = self.lexer.peek()
        if token.text in CONSTANTS:
            return tree.Literal(CONSTANTS[self.lexer.take().text])
        if token.text not in SPECIAL:
            raise self.lexer.invalid("expected a value")
        return SPECIAL[token.text](self)

    def temporal(self) -> tree.Node:
        self.lexer.take()
        token = self.lexer.take()
        readers = (read_date, read_date_time, read_time, read_duration)
        found = [value for read in readers if (value := read(token.text)) is not None]
        if token.kind != "string" or not found:
            raise self.lexer.invalid("expected a date, time or duration in quotes after @", token.start)
        return tree.Literal(found[0])

    def parenthesis(self) -> tree.Node:
        self.lexer.take()
        token = self.lexer.peek()
        if token.kind == "operator" and token.text in OPEN:
            self.lexer.take()
            end = self.expression()
            self.lexer.expect(")")
            return OPEN[token.text](end)
        first = self.expression()
        if self.lexer.skip(".."):
            return self.range_from(first, included=False)
        self.lexer.expect(")")
        return first

    def outward(self) -> tree.Node:
        self.lexer.take()
        first = self.expression()
        self.lexer.expect("..")
        return self.range_from(first, included=False)

    def range_from(self, start: tree.Node, *, included: bool) -> tree.Node:
        self.closing = True
        end = self.binary(COMPARING + 1)
        self.closing = False
        token = self.lexer.take()
        if token.text not in {"]", ")", "["} or token.kind != "operator":
            raise self.lexer.invalid("expected the end of a range", token.start)
        return tree.RangeOf(start, end, included, token.text == "]")

    def bracket(self) -> tree.Node:
        self.lexer.take()
        items: list[tree.Node] = []
        while not self.lexer.skip("]"):
            if items:
                self.lexer.expect(",")
            items.append(self.expression())
            if len(items) == 1 and self.lexer.skip(".."):
                return self.range_from(items[0], included=True)
            if len(items) > WIDEST:
                raise self.lexer.invalid(f"a list has more than {WIDEST} items")
        return tree.ListOf(tuple(items))

    def context(self) -> tree.Node:
        self.lexer.take()
        entries: dict[str, tree.Node] = {}
        with self.scope(()):
            while not self.lexer.skip("}"):
                if entries:
                    self.lexer.expect(",")
                name = self.key()
                if name in entries or len(entries) > WIDEST:
                    raise self.lexer.invalid(f"the entry {name!r} is there twice, or there are too many")
                entries[name] = self.expression()
                self.lexer.add(name)
        return tree.ContextOf(tuple(entries.items()))

    def key(self) -> str:
        if self.lexer.peek().kind == "string":
            name: str | None = self.lexer.take().text
        else:
            name = self.lexer.declared(":")
        if name is None:
            raise self.lexer.invalid("expected the name of an entry")
        self.lexer.expect(":")
        return name

    def conditional(self) -> tree.Node:
        branches = []
        while self.lexer.skip("if"):
            condition = self.expression()
            self.lexer.expect("then")
            branches.append((condition, self.expression()))
            self.lexer.expect("else")
        return tree.If(tuple(branches), self.expression())

    def loop(self) -> tree.Node:
        self.lexer.take()
        with self.scope(()):
            iterators = self.iterators("return")
            self.lexer.add("partial")
            self.lexer.expect("return")
            body = self.expression()
        return tree.For(iterators, body)

    def quantified(self) -> tree.Node:
        every = self.lexer.take().text == "every"
        with self.scope(()):
            iterators = self.iterators("satisfies")
            self.lexer.expect("satisfies")
            condition = self.expression()
        return tree.Quantified(every, iterators, condition)

    def iterators(self, end: str) -> tuple[tree.Iterator, ...]:
        found: list[tree.Iterator] = []
        while not found or self.lexer.skip(","):
            name = self.lexer.declared(r"\bin\b")
            if name is None or len(found) > DEEPEST:
                raise self.lexer.invalid(f"expected a name and 'in', or {end!r}")
            self.lexer.expect("in")
            over = self.expression()
            until = self.expression() if self.lexer.skip("..") else None
            found.append(tree.Iterator(name, over, until))
            self.lexer.add(name)
        return tuple(found)

    def function(self) -> tree.Node:
        self.lexer.take()
        self.lexer.expect("(")
        names: list[str] = []
        types: list[tree.TypeOf | None] = []
        while not self.lexer.skip(")"):
            if names:
                self.lexer.expect(",")
            name = self.lexer.declared("[:,)]")
            if name is None or name in names:
                raise self.lexer.invalid("expected the name of a parameter")
            names.append(name)
            types.append(self.type() if self.lexer.skip(":") else None)
        if self.lexer.peek().text == "external":
            raise self.lexer.invalid("functions of other languages are not supported")
        with self.scope(names):
            body = self.expression()
        return tree.FunctionOf(tuple(names), tuple(types), body)

    def type(self) -> tree.TypeOf:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.lexer.invalid(f"it is nested more than {DEEPEST} deep")
        name = "function" if self.lexer.skip("function") else self.lexer.member(TYPES)
        parts: list[tuple[str, tree.TypeOf]] = []
        if name in PARTED and self.lexer.skip("<"):
            while not self.lexer.skip(">"):
                if parts:
                    self.lexer.expect(",")
                key = self.lexer.declared(":") if name == "context" else None
                if key is not None:
                    self.lexer.expect(":")
                parts.append((key or "", self.type()))
            if self.lexer.skip("->"):
                parts.append(("return", self.type()))
        self.depth -= 1
        return tree.TypeOf(name, tuple(parts))


Reader: TypeAlias = Callable[[_Parser], tree.Node]
PARTED = {"list", "context", "range", "function"}
SPECIAL: dict[str, Reader] = {
    "if": _Parser.conditional,
    "for": _Parser.loop,
    "some": _Parser.quantified,
    "every": _Parser.quantified,
    "function": _Parser.function,
}
RELATIONS: dict[str, Callable[[_Parser, tree.Node], tree.Node]] = {
    "between": _Parser.between,
    "in": _Parser.within,
    "instance": _Parser.instance,
}
PRIMARY: dict[str, Reader] = {
    "number": _Parser.number,
    "string": lambda parser: tree.Literal(parser.lexer.take().text),
    "name": lambda parser: tree.Name(parser.lexer.take().text, known=True),
    "unknown": lambda parser: tree.Name(parser.lexer.take().text, known=False),
    "word": _Parser.word,
    "@": _Parser.temporal,
    "?": _Parser.asked,
    "(": _Parser.parenthesis,
    "[": _Parser.bracket,
    "]": _Parser.outward,
    "{": _Parser.context,
}
OPEN: dict[str, Callable[[tree.Node], tree.Node]] = {
    "<": lambda end: tree.RangeOf(None, end, start_included=False, end_included=False),
    "<=": lambda end: tree.RangeOf(None, end, start_included=False, end_included=True),
    ">": lambda end: tree.RangeOf(end, None, start_included=False, end_included=False),
    ">=": lambda end: tree.RangeOf(end, None, start_included=True, end_included=False),
    "=": lambda end: tree.RangeOf(end, end, start_included=True, end_included=True),
}
