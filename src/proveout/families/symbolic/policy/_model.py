"""What a policy is: typed facts, definitions, and rules that cite what they stand on."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Literal

import msgspec

from proveout.families.symbolic.policy._expressions import Expression

__all__ = ["Cite", "Definition", "Fact", "FactType", "Policy", "Rule", "Scalar"]

FactType = Literal["boolean", "number", "money", "date", "duration", "enum", "text"]
Scalar = bool | int | Fraction | str | date


class Cite(msgspec.Struct, frozen=True, gc=False):
    """Where a rule or definition stands: a document of the task and a section of it."""

    document: str
    section: str = ""


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One typed input of the policy.

    Attributes:
        name: an identifier.
        type: of its values: ``number``, ``money`` and ``duration`` are exact (int, or Fraction when not whole).
        unit: of a number, the currency of money, the unit of a duration (``day``); "" when it has none.
        values: of an ``enum``.
        low: smallest value allowed; None without a limit.
        high: largest value allowed; None without a limit.
        step: values are whole multiples of it (0.01 for money, 1 for durations); None for continuous numbers.
        question: what to ask when it is unknown.
        mutable: whether somebody may still change it, so that a counterfactual may.
        world: ``open`` (unstated is unknown) or ``closed`` (unstated is the default).
        default: of a closed fact.
    """

    name: str
    type: FactType
    unit: str = ""
    values: tuple[str, ...] = ()
    low: Scalar | None = None
    high: Scalar | None = None
    step: Fraction | None = None
    question: str = ""
    mutable: bool = False
    world: Literal["open", "closed"] = "open"
    default: Scalar | None = None


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """A named expression over facts and other definitions; definitions have no cycles."""

    name: str
    means: Expression
    cites: Cite | None = None


class Rule(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One rule: where ``when`` holds, ``then`` is decided, unless a rule that outranks or overrides it applies.

    Attributes:
        id: unique in the policy.
        when: a boolean expression.
        then: one of the policy's decisions.
        priority: the highest decides.
        overrides: ids of rules that it switches off while it is active itself; never a cycle.
        cites: document and section.
        starts: first day on which it is in force; None from the beginning.
        ends: last day; None for ever.
        text: ``when`` as written.
    """

    id: str
    when: Expression
    then: str
    priority: int = 0
    overrides: tuple[str, ...] = ()
    cites: Cite | None = None
    starts: date | None = None
    ends: date | None = None
    text: str = ""


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """Typed facts and cited rules that decide.

    How it decides: a rule *fires* where its condition holds, and is *active* when it fires and no active rule overrides
    it. Of the active rules, those of the highest priority decide; if these disagree, the policy contradicts itself and
    decides nothing. Unknown facts follow Kleene's three-valued logic: while a rule that would outrank, override or
    contradict the deciding one may still be active, nothing is decided.

    Attributes:
        name: of the policy.
        version: as its authors count.
        decisions: what it may decide.
        undetermined: the decision given while facts are missing (``ask``); "" gives none.
        facts: in the order of the file.
        definitions: in the order of the file.
        rules: in the order of the file.
        hash: BLAKE2b-256 of its meaning, 64 hex digits.
    """

    name: str
    version: int
    decisions: tuple[str, ...]
    undetermined: str = ""
    facts: tuple[Fact, ...] = ()
    definitions: tuple[Definition, ...] = ()
    rules: tuple[Rule, ...] = ()
    hash: str = ""

    def in_force(self, day: date) -> Policy:
        """The policy with the rules in force on ``day`` alone.

        Example:
            >>> Policy(name="p", version=1, decisions=("yes",)).in_force(date(2026, 1, 1)).rules
            ()
        """
        rules = tuple(rule for rule in self.rules if (rule.starts or date.min) <= day <= (rule.ends or date.max))
        return msgspec.structs.replace(self, rules=rules)
