"""A proof as text for people: one line, a few, or all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["render_proof"]


def render_proof(proof: dict[str, Any], detail: Literal["short", "medium", "full"] = "medium") -> str:
    """What a proof says: ``short`` is decision, rule and citation; ``medium`` adds facts; ``full`` shows every step.

    Example:
        >>> from proveout.families.symbolic.policy import Evaluator, parse_policy
        >>> policy = parse_policy('''
        ... {version: 1, name: shop, decisions: [yes, no], facts: [{name: late, type: duration, unit: day}],
        ...  rules: [{id: late, if: late > days(30), then: no, priority: 1, cites: {document: terms.md, section: "2"}},
        ...          {id: usual, if: true, then: yes}]}''')
        >>> proof = Evaluator(policy).decide({"late": 31}).proof
        >>> print(render_proof(proof, "short"))
        no, by rule late (terms.md 2)
        >>> print(render_proof(proof, "full"))
        no, by rule late (terms.md 2)
        facts: late = 31
        because
          late > days(30): yes
    """
    lines = [_headline(proof)]
    if detail != "short":
        lines += _facts(proof)
        lines += _open(proof)
    if detail == "full":
        lines += _steps(proof)
    return "\n".join(lines)


def _headline(proof: dict[str, Any]) -> str:
    status, rules = proof["status"], proof["holds"]
    if status == "decided":
        return f"{proof['decision']}, by rule {_rule(rules[0])}"
    if status == "conflict":
        return f"no decision: rules {_rule(rules[0])} and {_rule(rules[1])} contradict each other"
    if status == "uncovered":
        return "no decision: no rule applies"
    said = f"{proof['decision']}: " if proof["decision"] else ""
    missing = ", ".join(proof["missing"]) or "nothing that could be asked: a division by zero has no value"
    return f"{said}not decided yet; missing: {missing}"


def _rule(rule: dict[str, Any]) -> str:
    cites = rule.get("cites")
    return f"{rule['rule']} ({' '.join(part for part in cites.values() if part)})" if cites else str(rule["rule"])


def _facts(proof: dict[str, Any]) -> Iterator[str]:
    stated, default = (
        [f"{name} = {_plain(value)}" for name, value in proof["facts"][kind].items()] for kind in ("stated", "default")
    )
    if stated:
        yield f"facts: {', '.join(stated)}"
    if default:
        yield f"not stated, so as usual: {', '.join(default)}"


def _plain(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _open(proof: dict[str, Any]) -> Iterator[str]:
    for rule in proof.get("waiting", []):
        waits = f" waits for {', '.join(rule['for'])}" if rule["for"] else " has no value"
        yield f"rule {_rule(rule)}, {rule['then']}:{waits}"


def _steps(proof: dict[str, Any]) -> Iterator[str]:
    for at, rule in enumerate(proof["holds"]):
        yield "because" if at == 0 else f"rule {_rule(rule)} applies, because"
        yield from _tree(rule["since"], 1)
    for one in proof["overridden"]:
        yield f"rule {one['rule']} is overridden by {one['by']}"
    for group in proof["fails"]:
        yield f"{_named(group['rules'])} not apply, because"
        yield from _tree(group["since"], 1)


def _named(rules: list[str]) -> str:
    return f"rule {rules[0]} does" if len(rules) == 1 else f"rules {', '.join(rules)} do"


def _tree(step: dict[str, Any], depth: int) -> Iterator[str]:
    yield f"{'  ' * depth}{step['text']}: {_plain(step['is'])}"
    for part in step.get("since", []):
        yield from _tree(part, depth + 1)
