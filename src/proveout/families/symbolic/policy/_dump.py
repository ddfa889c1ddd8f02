"""A policy as canonical JSON and YAML, and the hash of its meaning."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import yaml

from proveout.families.symbolic.policy._explicit import explicit
from proveout.families.symbolic.policy._unparse import exact_text, expression_text
from proveout.task import content_hash

if TYPE_CHECKING:
    from proveout.families.symbolic.policy._model import Cite, Definition, Fact, Policy, Rule, Scalar

__all__ = ["dump_policy", "explicit_json", "plain_value", "policy_hash", "policy_to_json"]

_STEPS = {"money": Fraction(1, 100), "duration": Fraction(1)}


def policy_to_json(policy: Policy) -> dict[str, Any]:
    """The policy as a JSON object with the keys of the file, without those at their defaults.

    Numbers are exact: integers, or texts such as ``"24.5"`` and ``"1/3"``; dates are ISO texts, expressions are
    canonical texts.

    Raises:
        PolicyInvalid: an expression holds a number that has no literal.

    Example:
        >>> from proveout.families.symbolic.policy import Fact, Policy
        >>> price = Fact(name="price", type="money", unit="USD", low=Fraction(1, 2), step=Fraction(1, 100))
        >>> policy_to_json(Policy(name="p", version=1, decisions=("a",), facts=(price,)))["facts"]
        [{'name': 'price', 'type': 'money', 'unit': 'USD', 'range': ['0.5', None]}]
    """
    return explicit_json(explicit(policy))


def explicit_json(policy: Policy) -> dict[str, Any]:
    """As `policy_to_json`, of a policy whose units are written out."""
    return _some(
        version=policy.version,
        name=policy.name,
        decisions=list(policy.decisions),
        undetermined=policy.undetermined,
        facts=[_fact(fact) for fact in policy.facts],
        definitions=[_definition(definition) for definition in policy.definitions],
        rules=[_rule(rule) for rule in policy.rules],
    )


def dump_policy(policy: Policy) -> str:
    """The policy as canonical YAML, which `parse_policy` reads back to the same meaning; comments are lost.

    Example:
        >>> from proveout.families.symbolic.policy import Policy
        >>> print(dump_policy(Policy(name="p", version=1, decisions=("a", "b"))))
        version: 1
        name: p
        decisions: [a, b]
    """
    text: str = yaml.dump(
        policy_to_json(policy),
        Dumper=_dumper(),
        sort_keys=False,
        allow_unicode=True,
        width=110,
        default_flow_style=None,
    )
    return text


def policy_hash(policy: Policy) -> str:
    """BLAKE2b-256 of the canonical JSON: the same for two files that mean the same.

    Example:
        >>> from proveout.families.symbolic.policy import Policy
        >>> len(policy_hash(Policy(name="p", version=1, decisions=("a",))))
        64
    """
    return content_hash(policy_to_json(policy))


def plain_value(value: Scalar | None) -> Any:
    """A value as JSON: exact numbers that are not whole are text, and so are dates.

    Example:
        >>> plain_value(Fraction(49, 2)), plain_value(date(2026, 1, 31)), plain_value(True)
        ('24.5', '2026-01-31', True)
    """
    if isinstance(value, Fraction):
        return value.numerator if value.denominator == 1 else exact_text(value)
    return value.isoformat() if isinstance(value, date) else value


def _dumper() -> Any:
    return getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def _some(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None and value not in ("", [])}


def _fact(fact: Fact) -> dict[str, Any]:
    bounded = fact.low is not None or fact.high is not None
    step: Any = None
    if fact.step != _STEPS.get(fact.type):
        step = "any" if fact.step is None else plain_value(fact.step)
    return _some(
        name=fact.name,
        type=fact.type,
        unit=fact.unit,
        values=list(fact.values),
        range=[plain_value(fact.low), plain_value(fact.high)] if bounded else None,
        step=step,
        question=fact.question,
        mutable=True if fact.mutable else None,
        world=fact.world if fact.world == "closed" else None,
    ) | ({"default": plain_value(fact.default)} if fact.default is not None else {})


def _definition(definition: Definition) -> dict[str, Any]:
    return _some(name=definition.name, means=expression_text(definition.means), cites=_cites(definition.cites))


def _rule(rule: Rule) -> dict[str, Any]:
    return _some(
        id=rule.id,
        cites=_cites(rule.cites),
        starts=plain_value(rule.starts),
        ends=plain_value(rule.ends),
        then=rule.then,
        priority=rule.priority,
        overrides=list(rule.overrides),
    ) | {"if": expression_text(rule.when)}


def _cites(cite: Cite | None) -> dict[str, Any] | None:
    return None if cite is None else {"document": cite.document, "section": cite.section}
