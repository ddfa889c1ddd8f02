"""What is wrong with a policy as a text, found without a solver."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from proveout.families.symbolic.policy._explicit import explicit
from proveout.families.symbolic.policy._expressions import Constant, names_in
from proveout.families.symbolic.policy._types import near
from proveout.families.symbolic.policy._unparse import expression_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date

    from proveout.families.symbolic.policy._model import Policy, Rule

__all__ = ["Finding", "findings"]


class Finding(msgspec.Struct, frozen=True):
    """Something in a policy that its authors should look at.

    Attributes:
        severity: ``error`` where the policy cannot mean it, ``warning`` where it might.
        code: the kind of finding, as ``unused-fact``.
        where: what it concerns: ``rule window``, ``fact price``, ``policy``.
        what: what was found, in one sentence.
        fix: what to do next, as an instruction.
        witness: facts that show it, by name, as JSON values; empty where none are needed.
    """

    severity: Literal["error", "warning"]
    code: str
    where: str
    what: str
    fix: str
    witness: dict[str, Any] = {}


def findings(policy: Policy, documents: Sequence[str] | None = None, on: date | None = None) -> list[Finding]:
    """What the text of a valid policy gives away: unused names, missing citations, rules without effect.

    Args:
        policy: to look at.
        documents: paths of the documents that may be cited; None looks at no citation's document.
        on: the day, to find rules that have ended before it; None looks at no day.

    Example:
        >>> from proveout.families.symbolic.policy import Fact, Policy
        >>> policy = Policy(name="p", version=1, decisions=("yes",), facts=(Fact(name="late", type="boolean"),))
        >>> [one.code for one in findings(policy)]
        ['unused-fact', 'decision-never-made']
    """
    policy = explicit(policy)
    found = [one for look in _LOOKS for one in look(policy)]
    found += [] if documents is None else _documents(policy, documents)
    return found + ([] if on is None else _ended(policy, on))


def _warning(code: str, where: str, what: str, fix: str) -> Finding:
    return Finding("warning", code, where, what, fix)


def _unused(policy: Policy) -> Iterator[Finding]:
    used = {name for rule in policy.rules for name in names_in(rule.when)}
    meanings = {one.name: names_in(one.means) for one in policy.definitions}
    waiting = [name for name in used if name in meanings]
    while waiting:
        new = meanings[waiting.pop()] - used
        used |= new
        waiting += [name for name in new if name in meanings]
    for noun, names in (("fact", [fact.name for fact in policy.facts]), ("definition", list(meanings))):
        for name in names:
            if name not in used:
                what = f"no rule depends on {name}"
                yield _warning(f"unused-{noun}", f"{noun} {name}", what, "use it in a rule, or take it away")


def _citations(policy: Policy) -> Iterator[Finding]:
    for rule in policy.rules:
        if rule.cites is None:
            fix = "add cites: {document: ..., section: ...}"
            yield _warning("no-citation", f"rule {rule.id}", "it does not say what it stands on", fix)


def _overrides(policy: Policy) -> Iterator[Finding]:
    rules = {rule.id: rule for rule in policy.rules}
    for rule in policy.rules:
        for other in rule.overrides:
            if other not in rules:
                fix = near(other, rules)
                yield Finding("error", "unknown-override", f"rule {rule.id}", f"there is no rule {other!r}", fix)
            elif rules[other].then == rule.then:
                what = f"it overrides {other}, which decides the same"
                yield _warning("idle-override", f"rule {rule.id}", what, "take the override away, or change `then`")


def _decisions(policy: Policy) -> Iterator[Finding]:
    made = {rule.then for rule in policy.rules} | {policy.undetermined}
    for decision in policy.decisions:
        if decision not in made:
            fix = "write a rule for it, or take it away"
            yield _warning("decision-never-made", "policy", f"no rule decides {decision!r}", fix)


def _constants(policy: Policy) -> Iterator[Finding]:
    for rule in policy.rules:
        if isinstance(rule.when, Constant) and rule.when.value is False:
            yield _warning("never-fires", f"rule {rule.id}", "its condition is False", "write a condition")


def _same_conditions(policy: Policy) -> Iterator[Finding]:
    """Rules of one condition: the one of lower priority never decides, two of the same are one too many."""
    first: dict[str, Rule] = {}
    for rule in sorted(policy.rules, key=lambda rule: -rule.priority):
        text = expression_text(rule.when)
        other = first.setdefault(text, rule)
        if other is rule or not _always_together(other, rule):
            continue
        where, fix = f"rule {rule.id}", "take one of the two away"
        if other.then == rule.then:
            yield _warning("duplicate-rule", where, f"it has the condition and decision of {other.id}", fix)
        elif other.priority == rule.priority and not {other.id, rule.id} & {*other.overrides, *rule.overrides}:
            what = f"it has condition and priority of {other.id} and decides otherwise"
            yield Finding("error", "contradiction", where, what, "give one a higher priority, or let it override")
        elif other.priority > rule.priority and other.id not in rule.overrides:
            what = f"wherever it fires, {other.id} does, which has a higher priority"
            yield _warning("shadowed-rule", where, what, fix)


def _always_together(first: Rule, second: Rule) -> bool:
    """Whether the first is in force whenever the second is."""
    starts = first.starts is None or (second.starts is not None and first.starts <= second.starts)
    ends = first.ends is None or (second.ends is not None and first.ends >= second.ends)
    return starts and ends


def _similar_names(policy: Policy) -> Iterator[Finding]:
    """Names that differ in case alone are mistyped sooner or later."""
    names = [fact.name for fact in policy.facts] + [one.name for one in policy.definitions]
    counts = Counter(name.casefold() for name in names)
    for name in names:
        if counts[name.casefold()] > 1:
            what = "another name differs from it in case alone"
            yield _warning("similar-names", f"name {name}", what, "rename one of them")


def _documents(policy: Policy, documents: Sequence[str]) -> list[Finding]:
    cited = [(f"rule {rule.id}", rule.cites) for rule in policy.rules]
    cited += [(f"definition {one.name}", one.cites) for one in policy.definitions]
    return [
        Finding(
            "error",
            "unknown-document",
            where,
            f"there is no document {cite.document!r}",
            near(cite.document, documents),
        )
        for where, cite in cited
        if cite is not None and cite.document not in documents
    ]


def _ended(policy: Policy, on: date) -> list[Finding]:
    return [
        _warning("ended", f"rule {rule.id}", f"it ended on {rule.ends}", "take it away, or give it another end")
        for rule in policy.rules
        if rule.ends is not None and rule.ends < on
    ]


_LOOKS: tuple[Callable[[Policy], Iterator[Finding]], ...] = (
    _unused,
    _citations,
    _overrides,
    _decisions,
    _constants,
    _same_conditions,
    _similar_names,
)
