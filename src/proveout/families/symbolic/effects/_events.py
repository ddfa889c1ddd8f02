"""Cases as sequences of events, and the declaration of how actions change them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import FactInvalid, GraphInvalid
from proveout.families.symbolic.effects._dag import ordered, separated

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ACTION", "Case", "Consequences", "Event", "Value", "Variable", "next_of", "read_consequences"]

Value = str | float
ACTION = "action"
NEXT = "next."


def next_of(name: str) -> str:
    """The node of a variable's value after the action.

    Example:
        >>> next_of("proof")
        'next.proof'
    """
    return NEXT + name


class Event(msgspec.Struct, frozen=True):
    """One step of a case: what was known, what was done, and what came of it."""

    state: dict[str, Value]
    action: str
    after: dict[str, Value]


class Case(msgspec.Struct, frozen=True):
    """A case's events, in order."""

    id: str
    events: tuple[Event, ...]


class Variable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A variable of a case.

    Attributes:
        values: its values, worst first where it is ``monotone``; a variable without is a number.
        parents: its causes: variables, ``action``, and ``next.NAME`` for a value after the action.
        monotone: whoever fares better under one action fares no worse under another that is better on the whole;
            without it a counterfactual of this variable has bounds only.
    """

    values: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    monotone: bool = False


class Consequences(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A structural causal model over case events, as declared in ``[consequences]``.

    Attributes:
        actions: what can be done.
        safe: the action taken where nothing is proved allowed.
        seen: the variables, hidden ones too, that whoever acted in the log looked at: the causes of ``action``.
        state: what is known before an action.
        after: what is known after it; one that is also in ``state`` is that variable's next value.
        reward: what an outcome is worth: an amount for each value, or a factor for a number.
        hidden: unmeasured variables and their causes.
        ends: values of ``after`` with which a case is over.
    """

    actions: tuple[str, ...]
    safe: str
    seen: tuple[str, ...]
    state: dict[str, Variable]
    after: dict[str, Variable]
    reward: dict[str, float | dict[str, float]]
    hidden: dict[str, tuple[str, ...]] = {}
    ends: dict[str, tuple[str, ...]] = {}

    def graph(self) -> dict[str, tuple[str, ...]]:
        """Causes by node, over one step of a case."""
        return {
            **self.hidden,
            **{name: one.parents for name, one in self.state.items()},
            ACTION: self.seen,
            **{next_of(name): one.parents for name, one in self.after.items()},
        }

    def order(self) -> list[str]:
        """The variables of ``after``, each after its causes, numbers last."""
        nodes = [node.removeprefix(NEXT) for node in ordered(self.graph()) if node.startswith(NEXT)]
        return sorted(nodes, key=lambda name: not self.after[name].values)

    def inputs(self, name: str) -> tuple[str, ...]:
        """The observed nodes that the value of ``name`` after an action is learned from.

        All that come before it, less those that the graph separates from it given the others: with hidden causes these
        are more than its declared parents, because what reveals a hidden cause must then be held fixed.
        """
        order = self.order()
        earlier = [next_of(one) for one in order[: order.index(name)] if self.after[one].values]
        chosen = [*sorted(self.state), ACTION, *earlier]
        graph = self.graph()
        for node in list(chosen):
            others = [one for one in chosen if one != node]
            if separated(graph, next_of(name), node, others):
                chosen = others
        return tuple(chosen)

    def over(self, after: Mapping[str, Value]) -> bool:
        """Whether a case is over."""
        return any(after.get(name) in values for name, values in self.ends.items())

    def worth(self, after: Mapping[str, Value]) -> float:
        """The reward of an outcome; of a number its expectation may be given."""
        total = 0.0
        for name, weight in self.reward.items():
            value = after[name]
            total += weight.get(str(value), 0.0) if isinstance(weight, dict) else weight * float(value)
        return total


def read_consequences(table: Mapping[str, Any]) -> Consequences:
    """The declaration, checked: names, values, no cycle, and effects of actions that the graph identifies.

    Raises:
        GraphInvalid: a key or name is unknown, there is a cycle, or a hidden variable moves action and outcome alike.

    Example:
        >>> table = {
        ...     "actions": ["approve", "escalate"],
        ...     "safe": "escalate",
        ...     "seen": ["amount"],
        ...     "state": {"amount": {"values": ["small", "large"]}},
        ...     "after": {"result": {"values": ["lost", "kept"], "parents": ["amount", "action"]}},
        ...     "reward": {"result": {"kept": 5, "lost": -20}},
        ... }
        >>> read_consequences(table).inputs("result")
        ('amount', 'action')
    """
    try:
        spec = msgspec.convert(dict(table), Consequences)
    except msgspec.ValidationError as error:
        fix = "correct that key of [consequences]"
        raise GraphInvalid("the declaration is not valid", why=str(error), fix=fix, about="consequences") from error
    _check_names(spec)
    _check_worth(spec)
    ordered(spec.graph())
    _check_causes(spec)
    for name in spec.after:
        _check_identified(spec, name)
    return spec


def _check_names(spec: Consequences) -> None:
    names = [*spec.state, *spec.hidden, ACTION, *map(next_of, spec.after)]
    twice = sorted(
        {
            name
            for name in names
            if names.count(name) > 1 or (name.startswith((NEXT, "_")) and name not in map(next_of, spec.after))
        }
    )
    if twice:
        raise _invalid("it is declared twice or has a reserved name", twice[0])
    if spec.safe not in spec.actions:
        raise _invalid("the safe action is none of the actions", spec.safe)
    if len(set(spec.actions)) < len(spec.actions) or not spec.after:
        raise _invalid("an action stands there twice, or nothing comes after one", ACTION)
    for name, one in [*spec.state.items(), *spec.after.items()]:
        if len(set(one.values)) < len(one.values) or len(one.values) == 1:
            raise _invalid("it needs two different values, or none for a number", name)
    for name, one in spec.after.items():
        if name in spec.state and spec.state[name].values != one.values:
            raise _invalid("it has other values before and after an action", name)


def _check_worth(spec: Consequences) -> None:
    """Rewards and ends are of variables and values that exist."""
    for name, weights in [*spec.reward.items(), *((name, dict.fromkeys(of, 0.0)) for name, of in spec.ends.items())]:
        if name not in spec.after:
            raise _invalid("a reward or an end is of something that does not come after an action", name)
        values = spec.after[name].values
        strangers = set(weights) - set(values) if isinstance(weights, dict) else set()
        if strangers or isinstance(weights, dict) != bool(values):
            raise _invalid(f"a reward or an end does not fit its values {', '.join(values) or '(a number)'}", name)


def _check_causes(spec: Consequences) -> None:
    later = {ACTION, *map(next_of, spec.after)}
    numbers = {next_of(name) for name, one in spec.after.items() if not one.values}
    for node, parents in spec.graph().items():
        if node not in later and set(parents) & later:
            raise _invalid("what comes later causes it", node)
        if node == ACTION and set(parents) & later:
            raise _invalid("what comes later causes the action", node)
        if set(parents) & numbers:
            raise _invalid("a number that comes after the action cannot be a cause", node)


def _check_identified(spec: Consequences, name: str) -> None:
    """Given the state, action and outcome have no common cause: ignorability (Rosenbaum and Rubin 1983)."""
    graph = {node: tuple(one for one in of if one != ACTION) for node, of in spec.graph().items()}
    if not separated(graph, ACTION, next_of(name), set(spec.state)):
        why = f"a hidden variable moves both the action and {name}, whatever state is known"
        fix = "record what whoever acted looked at, and declare it in state"
        raise GraphInvalid("the effect of an action is not identified", why=why, fix=fix, about=name)


def _invalid(why: str, about: str) -> GraphInvalid:
    return GraphInvalid("the declaration is not valid", why=why, fix="correct [consequences]", about=about)


def check_value(name: str, variable: Variable, value: Any) -> Value:
    """The value, if it is one of the variable's.

    Raises:
        FactInvalid: it is not.
    """
    if variable.values:
        if value in variable.values:
            return str(value)
        why, fix = f"it is {value!r}", f"use one of {', '.join(variable.values)}"
        raise FactInvalid("a value is not the variable's", why=why, fix=fix, about=name)
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf"):
        return float(value)
    raise FactInvalid("a value is no number", why=f"it is {value!r}", fix="give a finite number", about=name)
