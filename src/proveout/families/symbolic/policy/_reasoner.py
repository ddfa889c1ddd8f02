"""One policy in the prover, encoded once and asked many times."""

from __future__ import annotations

from contextlib import contextmanager
from threading import RLock
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from proveout.errors import FactInvalid, PolicyInvalid
from proveout.families.symbolic.policy._cases import CONTRADICTION, NONE, UNKNOWN, Cases, by_priority, overriders
from proveout.families.symbolic.policy._cells import Cells, code_of, find_cells, is_numeric, step_of, value_of
from proveout.families.symbolic.policy._expressions import Constant, Expression
from proveout.families.symbolic.policy._plain import Plainer
from proveout.families.symbolic.policy._space import Space, Translator
from proveout.families.symbolic.policy._z3 import Budget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from proveout.families.symbolic.policy._model import Fact, Policy, Rule, Scalar

__all__ = [
    "Formulas",
    "Given",
    "Reasoner",
    "TooComplexError",
    "active_rules",
    "merged_facts",
    "outcomes_of",
    "texts_in",
]


# Most questions need far fewer steps, and a time limit starts a thread, which takes longer than they do.
QUICK = 100_000


class Given(NamedTuple):
    """Facts of one question.

    Attributes:
        values: by name, with the defaults of closed facts.
        literals: that a fact has its value, or, where that says as much to the policy, is in its cell.
        impossible: facts with a value that they cannot have.
        assumed: closed facts that were not stated.
        texts: numbers of texts that no rule mentions.
        exactly: whether the literals name values, even where cells would do.
    """

    values: dict[str, Scalar]
    literals: dict[str, Any]
    impossible: tuple[str, ...]
    assumed: tuple[str, ...]
    texts: dict[str, int]
    exactly: bool = False


class TooComplexError(Exception):
    """The budget of a question is spent; the functions that ask turn this into their answer "too complex"."""


class Formulas:
    """When each rule fires and is active, and what is decided, as formulas over the facts.

    Args:
        policy: that is written down.
        space: with the constants of its facts.

    Attributes:
        fires: by rule.
        may_fire: by rule, of those whose condition may have no value: that it does not fail.
        active: by rule: it fires and no active rule overrides it.
        deciding: by rule: it is active, and no rule of higher priority is.
        outcomes: by decision, and for `CONTRADICTION`, `NONE` and, where a division by zero may leave a case open,
            `UNKNOWN`: exactly one of them holds in every case.
        definitions: by name; a formula where it is boolean.
    """

    def __init__(self, policy: Policy, space: Space) -> None:
        z3, plainer = space.z3, Plainer(policy.facts, policy.definitions)
        self.translator = Translator(space, plainer, [definition.name for definition in policy.definitions])
        self.definitions = {
            one.name: self.translator.formula(plainer.definition(one.name)) for one in policy.definitions
        }
        rules = {rule.id: rule for rule in policy.rules}
        self.fires = {name: self.translator.formula(rule.when) for name, rule in rules.items()}
        fails = {name: self.translator.fails(rule.when) for name, rule in rules.items()}
        partial = any(one is not None for one in fails.values())
        self.may_fire = {name: z3.Not(one) for name, one in fails.items() if one is not None}
        self.active, maybe = active_rules(policy, self.fires, self.may_fire, z3)
        self.deciding = self._deciding(policy, space)
        outcomes = outcomes_of(policy.rules, self.active, maybe if partial else None, z3, space.truth)
        self.outcomes = {**dict.fromkeys(policy.decisions, z3.Not(space.truth)), **outcomes}

    def _deciding(self, policy: Policy, space: Space) -> dict[str, Any]:
        deciding, none_above = {}, space.truth
        for _, level in by_priority(policy.rules):
            active = {rule.id: self.active[rule.id] for rule in level}
            deciding.update({name: space.z3.And(none_above, formula) for name, formula in active.items()})
            none_above = space.z3.And([none_above, *(space.z3.Not(formula) for formula in active.values())])
        return deciding


def active_rules(
    policy: Policy, fires: Mapping[str, Any], may_fire: Mapping[str, Any], z3: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """By rule, that it is active, and that it is or, for all that is known, may be."""
    active: dict[str, Any] = {}
    maybe: dict[str, Any] = {}
    for name, above in overriders(policy).items():
        off = [z3.Not(maybe[other]) for other in above]
        active[name] = z3.And([fires[name], *off]) if off else fires[name]
        if name in may_fire or any(maybe[other] is not active[other] for other in above):
            maybe[name] = z3.And([may_fire.get(name, fires[name]), *(z3.Not(active[other]) for other in above)])
        else:
            maybe[name] = active[name]
    return active, maybe


def outcomes_of(
    rules: Any, active: Mapping[str, Any], maybe: Mapping[str, Any] | None, z3: Any, truth: Any
) -> dict[str, Any]:
    """Which outcome the active rules lead to, as formulas: by decision, `CONTRADICTION` and `NONE`.

    Args:
        rules: of the policy.
        active: that each is.
        maybe: that each may be; None where every condition has a value, and then there is no `UNKNOWN` either.
        z3: the module.
        truth: in the context of the formulas.
    """
    ways: dict[str, list[Any]] = {CONTRADICTION: []}
    none_above = truth
    above: list[tuple[str, Any]] = []
    for _, level in by_priority(rules):
        some = _by_decision(level, active, z3)
        may = some if maybe is None else _by_decision(level, maybe, z3)
        for then, holds in some.items():
            others = [z3.Not(other) for name, other in (*may.items(), *above) if name != then]
            ways.setdefault(then, []).append(z3.And([none_above, holds, *others]))
        if len(some) > 1:
            open_above = [z3.Not(other) for _, other in above]
            ways[CONTRADICTION].append(z3.And(none_above, z3.AtLeast(*some.values(), 2), *open_above))
        none_above = z3.And([none_above, *(z3.Not(holds) for holds in some.values())])
        above += may.items() if maybe is not None else ()
    none = z3.And([none_above, *(z3.Not(other) for _, other in above)]) if above else none_above
    found = {**{name: z3.Or([z3.Not(truth), *all_ways]) for name, all_ways in ways.items()}, NONE: none}
    return found if maybe is None else found | {UNKNOWN: z3.Not(z3.Or(list(found.values())))}


def _by_decision(level: Sequence[Rule], active: Mapping[str, Any], z3: Any) -> dict[str, Any]:
    """By decision, that some rule for it is active."""
    chosen: dict[str, list[Any]] = {}
    for rule in level:
        chosen.setdefault(rule.then, []).append(active[rule.id])
    return {then: z3.Or(formulas) for then, formulas in chosen.items()}


def texts_in(*policies: Policy) -> set[str]:
    """All texts that the policies mention."""
    expressions = [rule.when for policy in policies for rule in policy.rules]
    expressions += [definition.means for policy in policies for definition in policy.definitions]
    return {text for expression in expressions for text in _texts(expression)}


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, Constant):
        if isinstance(node.value, str):
            yield node.value
        return
    for field in node.__struct_fields__:
        value = getattr(node, field)
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, msgspec.Struct):
                yield from _texts(part)


def merged_facts(policy: Policy, *others: Policy) -> tuple[Fact, ...]:
    """The facts of all the policies, each with the values that all of them allow.

    Raises:
        PolicyInvalid: a fact has two types.
    """
    facts = {fact.name: fact for fact in policy.facts}
    for fact in (fact for other in others for fact in other.facts):
        known = facts.setdefault(fact.name, fact)
        if known.type != fact.type or known.unit != fact.unit:
            why = f"it is {known.type} {known.unit} in one and {fact.type} {fact.unit} in the other"
            fix = "give the new fact another name"
            raise PolicyInvalid("two versions of a fact", why=why, fix=fix, about=f"fact {fact.name}")
        lows: list[Any] = [low for low in (known.low, fact.low) if low is not None]
        highs: list[Any] = [high for high in (known.high, fact.high) if high is not None]
        values = tuple(value for value in known.values if value in fact.values)
        facts[fact.name] = msgspec.structs.replace(
            fact, values=values, low=max(lows, default=None), high=min(highs, default=None)
        )
    return tuple(facts.values())


class Reasoner:
    """Answers questions about one policy, each within a budget. Safe to share between threads: questions take turns.

    The answer to a question does not depend on the questions before it: facts that are responsible are reduced in a
    fixed order, and witnesses are the simplest in a fixed order.

    Args:
        policy: encoded once.
        budget: of each question to the prover.

    Example:
        >>> from proveout.families.symbolic.policy import Fact, Policy, Rule, parse_expression
        >>> late = Rule(id="late", when=parse_expression("days > 30", "late"), then="refuse")
        >>> days = Fact(name="days", type="duration", step=1)
        >>> policy = Policy(name="p", version=1, decisions=("refuse",), facts=(days,), rules=(late,))
        >>> reasoner = Reasoner(policy)
        >>> reasoner.possible([reasoner.outcome("refuse")]), reasoner.simplest([reasoner.outcome("refuse")])
        (True, {'days': 31})
    """

    def __init__(self, policy: Policy, budget: Budget | None = None, beside: Policy | None = None) -> None:
        self.policy = policy
        self.lock = RLock()
        self.cases = Cases(policy)
        policies = (policy, beside) if beside else (policy,)
        facts = merged_facts(*policies)
        self.cells: dict[str, Cells] = find_cells(*policies, facts=facts)
        self.space = Space(facts, texts_in(*policies))
        self.formulas = Formulas(policy, self.space)
        self.beside = Formulas(beside, self.space) if beside else self.formulas
        self._budget = budget or Budget()
        self._names: dict[str, Any] = {}
        self._solver, self._fast = self._new_solver(), self.space.linear
        self._last = self._solver

    def _new_solver(self) -> Any:
        z3, space = self.space.z3, self.space
        solver = z3.SolverFor("QF_LIA", space.context) if space.linear else z3.SimpleSolver(space.context)
        solver.set(rlimit=min(QUICK, self._budget.steps), random_seed=0)
        solver.add(*space.domain, *(name == formula for name, formula in self._names.values()))
        return solver

    def name(self, label: str, formula: Any) -> Any:
        """A name for a formula that is asked often: it is encoded once, and assumed by its name, which is fast."""
        if label not in self._names:
            name = self.space.z3.Bool(f"?{label}", self.space.context)
            self._names[label] = name, formula
            self._solver.add(name == formula)
        return self._names[label][0]

    def outcome(self, outcome: str) -> Any:
        """That a case comes to a decision, to `CONTRADICTION`, to `NONE`, or to `UNKNOWN` where that is possible.

        Raises:
            FactInvalid: the policy has no such decision.
        """
        formula = self.formulas.outcomes.get(outcome)
        if formula is None:
            fix = f"ask about one of {', '.join(self.policy.decisions)}"
            raise FactInvalid("no such decision", why=f"the policy never decides {outcome!r}", fix=fix, about=outcome)
        return self.name(f"decides {outcome}", formula)

    def no(self, formula: Any) -> Any:
        """The negation of a formula."""
        return self.space.z3.Not(formula)

    def condition(self, expression: Expression) -> Any:
        """A boolean expression over the policy's facts, as a formula."""
        formula = self.formulas.translator.formula(expression)
        if self._fast and not self.space.linear:
            self._solver, self._fast = self._new_solver(), False
        return formula

    def given(self, facts: Mapping[str, Scalar | None], *, exactly: bool = False) -> Given:
        """The literals of facts and of the defaults of closed facts that are not among them.

        Args:
            facts: by name; None is unknown, of a closed fact as well.
            exactly: name values even where their cells say as much to the policy, as other formulas may see more.

        Raises:
            FactInvalid: a fact is not of the policy, or its value is not of its type.
        """
        assumed = {
            fact.name: fact.default
            for fact in self.space.facts.values()
            if fact.world == "closed" and fact.default is not None and fact.name not in facts
        }
        known = {name: value for name, value in facts.items() if value is not None}
        given = Given({**known, **assumed}, {}, (), tuple(assumed), {}, exactly)
        impossible = []
        for name, value in given.values.items():
            if name not in self.space.facts:
                fix = f"give facts of the policy: {', '.join(self.space.facts)}"
                raise FactInvalid("no such fact", why=f"the policy does not declare {name!r}", fix=fix, about=name)
            literal = self.literal(name, value, given)
            if literal is None:
                impossible.append(name)
            else:
                given.literals[name] = literal
        return given._replace(impossible=tuple(impossible))

    def literal(self, name: str, value: Scalar, given: Given) -> Any:
        """That a fact has a value, or is in its cell; None when it cannot."""
        fact, cells = self.space.facts[name], self.cells[name]
        if given.exactly or not cells.exact or fact.type == "boolean":
            return self.space.equals(name, value, given.texts)
        if code_of(fact, value) is None:
            return None
        index = cells.number_of(fact, value)
        label = f"{name}#{index}"
        if label in self._names:
            return self._names[label][0]
        return self.name(label, self.space.inside(name, cells, index))

    @contextmanager
    def scope(self, *formulas: Any) -> Iterator[None]:
        """While it is open, these hold as well; the next question knows nothing of them."""
        before = set(self._names)
        self._solver.push()
        try:
            self._solver.add(*formulas)
            yield
        finally:
            self._solver.pop()
            for label in set(self._names) - before:
                del self._names[label]

    def possible(self, assumptions: Sequence[Any]) -> bool:
        """Whether some case satisfies all of them.

        Raises:
            TooComplexError: the budget is spent.
        """
        self._last = self._solver
        found = self._ask(assumptions)
        if found == 0:
            # A fresh one owes nothing to earlier questions, and so gives up on the same questions every time.
            self._last = self.space.z3.SimpleSolver(self.space.context)
            self._last.set(rlimit=self._budget.steps, timeout=self._budget.milliseconds, random_seed=0)
            self._last.add(self._solver.assertions())
            found = self._ask(assumptions)
        if found == 0:
            raise TooComplexError(self._last.reason_unknown())
        return found > 0

    def _ask(self, assumptions: Sequence[Any]) -> int:
        """What `Solver.check` does, without its checks of sorts, which take as long as the prover itself."""
        z3, count = self.space.z3, len(assumptions)
        array = (z3.Ast * count)(*(formula.as_ast() for formula in assumptions))
        return int(z3.Z3_solver_check_assumptions(self.space.context.ref(), self._last.solver, count, array))

    def responsible(
        self, facts: Mapping[str, Any], others: Sequence[Any], spare: Callable[[str], bool] | None = None
    ) -> tuple[str, ...] | None:
        """A set of facts that cannot hold together with the others, none of which can be left out; None when all can.

        Facts are tried for deletion from the last to the first, so earlier ones are kept rather than later ones; one
        whose trial is too complex is kept.

        Args:
            facts: formulas by name.
            others: what is never left out.
            spare: knows of some facts that without them all the rest can hold; saves asking.
        """
        if self.possible([*others, *facts.values()]):
            return None
        core, left = self._core(facts), dict(facts)
        for name in reversed(list(facts)):
            literal = left.pop(name)
            # What no core needs can go without asking; so the outcome is that of asking every time.
            if name not in core:
                continue
            if (spare and spare(name)) or self._maybe([*others, *left.values()]):
                left[name] = literal
            else:
                core = self._core(facts)
        return tuple(name for name in facts if name in left)

    def _maybe(self, assumptions: Sequence[Any]) -> bool:
        try:
            return self.possible(assumptions)
        except TooComplexError:
            return True

    def _core(self, facts: Mapping[str, Any]) -> set[str]:
        # Ids alone: to wrap each formula takes longer than to find the core.
        z3, ref = self.space.z3, self.space.context.ref()
        core = z3.AstVector(z3.Z3_solver_get_unsat_core(ref, self._last.solver), self.space.context)
        ids = {z3.Z3_get_ast_id(ref, z3.Z3_ast_vector_get(ref, core.vector, number)) for number in range(len(core))}
        return {name for name, formula in facts.items() if formula.get_id() in ids}

    def model(self, given: Given) -> dict[str, Scalar]:
        """The complete case that the last `possible` found, with the values of known facts."""
        model = self._last.model()
        unknown = [name for name in self.space.facts if name not in given.literals]
        return {**{name: self.space.read(model, name, given.texts) for name in unknown}, **given.values}

    def value(self, constant: Any) -> Any:
        """The value of a constant in the last case found."""
        return self._last.model().eval(constant, model_completion=True)

    def code(self, name: str) -> int:
        """The code of a stepped fact in the last case found."""
        return int(self.value(self.space.constants[name]).as_long())

    def simplest(
        self, assumptions: Sequence[Any], given: Given | None = None, holds: Callable[[Any], bool] | None = None
    ) -> dict[str, Scalar] | None:
        """A complete case that satisfies all assumptions; of all these the first in a fixed order, None without one.

        Facts come in the policy's order; of a closed one the default is tried first, then a sample of each cell.

        Args:
            assumptions: what must hold.
            given: facts that are known.
            holds: says the same as the assumptions about a complete case, faster.
        """
        known = given or Given({}, {}, (), (), {}, exactly=True)
        fixed = [*assumptions, *known.literals.values()]
        if not self.possible(fixed):
            return None
        search = _Simplest(self, fixed, known, holds)
        for name in self.space.facts:
            if name not in known.literals:
                search.fix(name)
        return {name: search.case[name] for name in self.space.facts}

    def samples(self, name: str) -> Iterator[Scalar]:
        """Values of a fact, one of each cell, the default first."""
        default = self.space.facts[name].default
        if default is not None:
            yield default
        yield from (cell.sample for cell in self.cells[name].cells if cell.sample != default)


class _Simplest:
    """Fixes one fact after the other to the first value with which the assumptions can still be satisfied."""

    def __init__(
        self,
        reasoner: Reasoner,
        fixed: list[Any],
        given: Given,
        holds: Callable[[Any], bool] | None,
    ) -> None:
        self.case = reasoner.model(given)
        self._reasoner, self._space, self._fixed = reasoner, reasoner.space, fixed
        self._given, self._holds = given, holds
        self._chosen: dict[str, Scalar] = {}

    def fix(self, name: str) -> None:
        """Choose the value of one fact."""
        if not any(self._try(name, value) for value in self._reasoner.samples(name)):
            self._try(name, self._least(name))
        self._fixed.append(self._reasoner.literal(name, self.case[name], self._given))
        self._chosen[name] = self.case[name]

    def _try(self, name: str, value: Scalar) -> bool:
        if _same(self.case[name], value):
            return True
        changed = {**self.case, name: value}
        if self._holds and self._holds(changed):
            self.case = changed
            return True
        literal = self._reasoner.literal(name, value, self._given)
        if literal is None or not self._reasoner.possible([*self._fixed, literal]):
            return False
        self.case = {**self._reasoner.model(self._given), **self._chosen, name: value}
        return True

    def _least(self, name: str) -> Scalar:
        """The value nearest zero, or of a continuous fact the one at hand."""
        fact, constant, value = self._space.facts[name], self._space.constants[name], self.case[name]
        if not is_numeric(fact) or not step_of(fact):
            return value
        code = int(code_of(fact, value) or 0)
        sign, low, good = (1 if code >= 0 else -1), 0, abs(code)
        while low < good:
            middle = (low + good) // 2
            if self._reasoner.possible([*self._fixed, sign * constant <= middle, sign * constant >= 0]):
                good = abs(self._reasoner.code(name))
            else:
                low = middle + 1
        return value_of(fact, sign * good)


def _same(value: Scalar, other: Scalar) -> bool:
    return value == other and isinstance(value, bool) == isinstance(other, bool)
