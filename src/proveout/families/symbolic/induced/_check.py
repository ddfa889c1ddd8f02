"""Checks a proof of kind ``rules`` against the rules as YAML holds them and the text, with nothing of what made it."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["check_rules"]

KEYS = {"kind", "rule", "label", "matched", "missing"}
MATCH_KEYS = {"concept", "term", "start", "end"}
WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
DEFAULT = "default"


def check_rules(proof: Any, document: Any, text: str) -> list[str]:
    """What is wrong with a proof; nothing where it is accepted.

    Args:
        proof: that a rule fired and no earlier one did.
        document: the rules, as ``yaml.safe_load`` gives ``rules.yaml``.
        text: of the input.

    Example:
        >>> document = {"default": "none", "concepts": {}, "rules": [{"id": "r1", "all": ["card"], "then": "card"}]}
        >>> match = {"concept": "card", "term": "card", "start": 3, "end": 7}
        >>> proof = {"kind": "rules", "rule": "r1", "label": "card", "matched": [match], "missing": []}
        >>> check_rules(proof, document, "my card"), check_rules(proof | {"label": "none"}, document, "my card")
        ([], ["the label is 'none', and the rule gives 'card'"])
    """
    if not isinstance(proof, dict) or set(proof) != KEYS or proof["kind"] != "rules":
        return ["it is no proof of kind rules"]
    missing, matched = proof["missing"], proof["matched"]
    if not isinstance(missing, list) or not isinstance(matched, list) or len(missing) > len(document["rules"]):
        return ["its parts are not of their form"]
    fired = _fired(document, len(missing))
    problems = []
    if proof["rule"] != fired["id"]:
        problems.append(f"rule {proof['rule']!r} is not the one after the {len(missing)} that are said not to fire")
    if proof["label"] != fired["then"]:
        problems.append(f"the label is {proof['label']!r}, and the rule gives {fired['then']!r}")
    if len(matched) != len(fired["all"]):
        problems.append("not every concept of the rule is matched")
    words = [(one.group().lower().replace("\u2019", "'"), *one.span()) for one in WORD.finditer(text)]
    for concept, match in zip(fired["all"], matched, strict=False):
        problems += _match_problems(concept, match, document, words)
    return problems + _missing_problems(missing, document, words)


def _fired(document: Any, at: int) -> Any:
    """The rule at a place; after the last, the default."""
    if at < len(document["rules"]):
        return document["rules"][at]
    return {"id": DEFAULT, "then": document["default"], "all": []}


def _terms(document: Any, concept: str) -> list[str]:
    """The terms of a concept; a name that is none stands for itself."""
    return list(document["concepts"].get(concept, [concept]))


def _match_problems(concept: str, match: Any, document: Any, words: list[tuple[str, int, int]]) -> list[str]:
    if not isinstance(match, dict) or set(match) != MATCH_KEYS or match["concept"] != concept:
        return [f"the match of {concept!r} is not of its form"]
    if any(type(match[key]) is not int for key in ("start", "end")):
        return [f"the match of {concept!r} has no place"]
    inside = [word for word in words if match["start"] <= word[1] and word[2] <= match["end"]]
    exact = bool(inside) and (inside[0][1], inside[-1][2]) == (match["start"], match["end"])
    if not exact or " ".join(word[0] for word in inside) != match["term"]:
        return [f"{match['term']!r} does not stand at {match['start']} to {match['end']}"]
    return [] if match["term"] in _terms(document, concept) else [f"{match['term']!r} is no term of {concept!r}"]


def _missing_problems(missing: list[Any], document: Any, words: list[tuple[str, int, int]]) -> list[str]:
    """The earlier rules that may have fired after all."""
    spaced = f" {' '.join(word[0] for word in words)} "
    problems = []
    for rule, number in zip(document["rules"], missing, strict=False):
        if type(number) is not int or not 0 <= number < len(rule["all"]):
            problems.append(f"nothing is said to be missing for rule {rule['id']!r}")
        elif any(f" {term} " in spaced for term in _terms(document, rule["all"][number])):
            problems.append(f"{rule['all'][number]!r} of rule {rule['id']!r} is in the text")
    return problems
