"""Finding the rules that may fire, by the facts that many rules ask for the value of."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.families.symbolic.policy._expressions import All, Compare, Constant, Expression, In, Name, Not

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from proveout.families.symbolic.policy._model import Fact

__all__ = ["Branch", "build_index", "conjuncts"]

SMALL = 16
MOST_DEPTH = 4
TYPES = {"enum", "boolean", "text"}

Asked = dict[str, frozenset[Any]]


class Branch(msgspec.Struct, frozen=True):
    """Rules that may fire, and a fact that narrows them down.

    Attributes:
        ranks: of the rules here, ascending.
        fact: whose value chooses the next branch; "" at the end.
        children: a branch for each value that a rule asks for.
        rest: the branch for every other value.
    """

    ranks: tuple[int, ...]
    fact: str = ""
    children: dict[Any, Branch] = {}
    rest: Branch | None = None

    def find(self, values: Mapping[str, Any]) -> tuple[int, ...]:
        """Ranks of the rules that may fire on these values; all others fail."""
        branch = self
        while branch.rest is not None:
            value = values[branch.fact]
            if value is None:
                break
            branch = branch.children.get(value, branch.rest)
        return branch.ranks


def build_index(conditions: Sequence[Expression], facts: Sequence[Fact]) -> Branch:
    """The index of rules by their conditions, in the order of ``conditions``.

    Example:
        >>> from proveout.families.symbolic.policy import Fact, parse_expression
        >>> kinds = [Fact(name="kind", type="enum", values=tuple("abc"))]
        >>> rules = [parse_expression(f"kind == '{'abc'[at % 3]}' and {at} > 3", "here") for at in range(60)]
        >>> build_index(rules, kinds).find({"kind": "b"})[:4]
        (1, 4, 7, 10)
    """
    known = {fact.name: fact for fact in facts if fact.type in TYPES}
    asked = [_asked(condition, known) for condition in conditions]
    return _branch(tuple(range(len(asked))), asked, frozenset())


def conjuncts(condition: Expression) -> list[Expression]:
    """The parts of a condition that must all hold.

    Example:
        >>> from proveout.families.symbolic.policy import parse_expression
        >>> len(conjuncts(parse_expression("a and (b and not c) and (d or e)", "here")))
        4
    """
    if not isinstance(condition, All):
        return [condition]
    return [inner for part in condition.of for inner in conjuncts(part)]


def _branch(ranks: tuple[int, ...], asked: Sequence[Asked], used: frozenset[str]) -> Branch:
    counts = Counter(fact for rank in ranks for fact in asked[rank] if fact not in used)
    fact, count = max(counts.items(), key=lambda item: (item[1], item[0]), default=("", 0))
    if len(ranks) <= SMALL or len(used) == MOST_DEPTH or 2 * count < len(ranks):
        return Branch(ranks)
    everything = frozenset(value for rank in ranks for value in asked[rank].get(fact, ()))
    buckets: dict[Any, list[int]] = {value: [] for value in everything}
    rest: list[int] = []
    for rank in ranks:
        for value in asked[rank].get(fact, everything):
            buckets[value].append(rank)
        if fact not in asked[rank]:
            rest.append(rank)
    deeper = used | {fact}
    children = {value: _branch(tuple(inside), asked, deeper) for value, inside in buckets.items()}
    return Branch(ranks, fact, children, _branch(tuple(rest), asked, deeper))


def _asked(condition: Expression, facts: Mapping[str, Fact]) -> Asked:
    """Facts that must have one of some values for the condition to hold or be unknown."""
    found: Asked = {}
    for part in conjuncts(condition):
        name, values = _asks(part, facts)
        if name in facts:
            found[name] = found.get(name, values) & values
    return found


def _asks(part: Expression, facts: Mapping[str, Fact]) -> tuple[str, frozenset[Any]]:
    none: frozenset[Any] = frozenset()
    if isinstance(part, Name):
        return part.name, frozenset([True])
    if isinstance(part, Compare) and part.op == "==" and isinstance(part.left, Name):
        return (part.left.name, frozenset([part.right.value])) if isinstance(part.right, Constant) else ("", none)
    if isinstance(part, In) and isinstance(part.item, Name):
        return part.item.name, frozenset(literal.value for literal in part.of)
    if isinstance(part, Not):
        name, values = _asks(part.of, facts)
        fact = facts.get(name)
        if fact is not None and fact.type != "text":
            return name, frozenset(fact.values or (True, False)) - values
    return "", none
