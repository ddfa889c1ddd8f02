"""Steps of a proof: why a condition holds or fails, with no more of it than that needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from proveout.families.symbolic.policy._compile import Compiled, conjunction, disjunction, negation
from proveout.families.symbolic.policy._expressions import (
    All,
    AnyOf,
    Expression,
    In,
    Name,
    Not,
    names_in,
)
from proveout.families.symbolic.policy._unparse import expression_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from proveout.families.symbolic.policy._compile import Compiler, Values
    from proveout.families.symbolic.policy._model import Policy

__all__ = ["Step", "Steps"]

Held = bool | None


class Step(msgspec.Struct, frozen=True, gc=False):
    """A part of a condition that can be explained.

    Attributes:
        text: of the part.
        value: gives True, False or None.
        kind: how its parts make its value; a ``leaf`` is computed, and has none.
        parts: of a conjunction or disjunction, the operand of ``not``, the meaning of a definition.
        names: facts that a leaf depends on.
    """

    text: str
    value: Compiled
    kind: Literal["all", "any", "same", "leaf"]
    parts: tuple[Step, ...] = ()
    names: tuple[str, ...] = ()

    def explain(self, values: Values, used: dict[str, Any]) -> dict[str, Any]:
        """Why it holds or fails; the facts it stands on are added to ``used``.

        One false part explains a false conjunction, and one true part a true disjunction.
        """
        held = self.value(values)
        if self.kind == "leaf":
            for name in self.names:
                used[name] = None
            return {"text": self.text, "is": held}
        return {
            "text": self.text,
            "is": held,
            "since": [part.explain(values, used) for part in _CHOSEN[self.kind](self, values, held)],
        }

    def unknown(self, values: Values, found: dict[str, Any]) -> None:
        """Add to ``found`` the unknown facts that leave it open, in the order in which they are written."""
        if self.value(values) is not None:
            return
        for name in self.names:
            if values[name] is None:
                found[name] = None
        for part in self.parts:
            part.unknown(values, found)


def _of_all(step: Step, values: Values, held: Held) -> tuple[Step, ...]:
    return step.parts if held else (next(part for part in step.parts if part.value(values) is False),)


def _of_any(step: Step, values: Values, held: Held) -> tuple[Step, ...]:
    return (next(part for part in step.parts if part.value(values)),) if held else step.parts


_CHOSEN: dict[str, Callable[[Step, Values, Held], tuple[Step, ...]]] = {
    "all": _of_all,
    "any": _of_any,
    "same": lambda step, _values, _held: step.parts,
}


class Steps:
    """Makes the steps of a policy's conditions.

    Args:
        policy: a valid one.
        compiler: of the same policy.
    """

    def __init__(self, policy: Policy, compiler: Compiler) -> None:
        self._compile = compiler.compile
        self._meanings = {definition.name: definition.means for definition in policy.definitions}
        self._order = {fact.name: at for at, fact in enumerate(policy.facts)}
        # By text, which is that of equal expressions alone: equal ones share a step.
        self._by_text: dict[str, Step] = {}

    def of(self, expression: Expression) -> Step:
        """The step of an expression; equal expressions share one."""
        text = expression_text(expression)
        if text not in self._by_text:
            self._by_text[text] = self._make(expression, text)
        return self._by_text[text]

    def _make(self, expression: Expression, text: str) -> Step:
        if isinstance(expression, All | AnyOf):
            parts = tuple(self.of(part) for part in expression.of)
            values = [part.value for part in parts]
            if isinstance(expression, All):
                return Step(text, conjunction(values), "all", parts)
            return Step(text, disjunction(values), "any", parts)
        # `x not in [...]` is written as one comparison, and so it is one.
        if isinstance(expression, Not) and not isinstance(expression.of, In):
            of = self.of(expression.of)
            return Step(text, negation(of.value), "same", (of,))
        if isinstance(expression, Name) and expression.name in self._meanings:
            of = self.of(self._meanings[expression.name])
            return Step(text, of.value, "same", (of,))
        return Step(text, self._compile(expression), "leaf", names=self._facts_in(expression))

    def _facts_in(self, expression: Expression) -> tuple[str, ...]:
        """Facts that it mentions, also through definitions, in the order in which they are declared."""
        found: set[str] = set()
        waiting, seen = list(names_in(expression)), set[str]()
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            if name in self._meanings:
                waiting += names_in(self._meanings[name])
            else:
                found.add(name)
        return tuple(sorted(found, key=self._order.__getitem__))
