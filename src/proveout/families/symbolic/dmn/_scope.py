"""What the texts of a model may name, and their compilation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from proveout.families.symbolic.dmn import _feel_tree as tree
from proveout.families.symbolic.dmn._feel_evaluate import Closure, Frame, compile_expression, compile_tests
from proveout.families.symbolic.dmn._feel_functions import BUILTINS
from proveout.families.symbolic.dmn._feel_parser import parse_expression, parse_tests
from proveout.families.symbolic.dmn._feel_types import SCALARS, ItemType, canonical, fitted
from proveout.families.symbolic.dmn._feel_values import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["TYPES", "Scope"]

# The frame's name for the model's types, which no FEEL name can equal.
TYPES = "\0types"


class Scope(msgspec.Struct, frozen=True):
    """Where a text stands: names in scope, names of entries, types, and the decision that errors are about.

    ``unknown`` gathers, for each decision, names that nothing defines; ``texts`` what was compiled already,
    and ``tables`` the decision tables that were compiled, each with its decision.
    """

    names: frozenset[str]
    members: tuple[str, ...]
    types: dict[str, ItemType]
    about: str
    unknown: list[tuple[str, str]]
    texts: dict[tuple[str, bool], tuple[Closure, tree.Node]]
    tables: list[tuple[str, Any]]

    def inner(self, names: Iterable[str]) -> Scope:
        """The scope with more names."""
        return msgspec.structs.replace(self, names=self.names | set(names), texts={})

    def of(self, about: str, names: Iterable[str]) -> Scope:
        """The scope of another decision."""
        return msgspec.structs.replace(self, names=frozenset({*BUILTINS, *names}), about=about, texts={})

    def expression(self, text: str) -> Closure:
        """What evaluates an expression."""
        return self._compiled(text, tests=False)[0]

    def tests(self, text: str) -> tuple[Closure, tree.Tests]:
        """What evaluates unary tests, and their tree."""
        closure, node = self._compiled(text, tests=True)
        return closure, node if isinstance(node, tree.Tests) else tree.Tests((node,))

    def _compiled(self, text: str, *, tests: bool) -> tuple[Closure, tree.Node]:
        known = self.texts.get((text, tests))
        if known is not None:
            return known
        node: tree.Node
        if tests:
            node = parse_tests(text, self.names, self.members, self.about)
            closure = compile_tests(node)
        else:
            node = parse_expression(text, self.names, self.members, self.about)
            closure = compile_expression(node)
        for one in tree.walk(node):
            if isinstance(one, tree.Name) and not one.known and (self.about, one.name) not in self.unknown:
                self.unknown.append((self.about, one.name))
        self.texts[text, tests] = (closure, node)
        return closure, node

    def typed(self, value: Any, wanted: str | None, frame: Frame, what: str) -> Any:
        """A value made to fit a type, or null with the reason noted."""
        name = canonical(wanted)
        if value is None or name is None or (name not in SCALARS and name not in self.types):
            return value
        try:
            return fitted(value, self.types.get(name) or ItemType(name), self.types)
        except Fault as fault:
            frame.run.fail(f"{self.about}: {what}: {fault}")
            return None
