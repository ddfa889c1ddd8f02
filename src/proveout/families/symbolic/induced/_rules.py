"""An ordered list of rules over concepts: which rule fires, and the YAML file that a person edits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import PolicyInvalid
from proveout.families.symbolic._plain import plain_yaml, table
from proveout.families.symbolic.induced._terms import LONGEST, terms_of, words_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Counts", "Fired", "InducedRule", "Matcher", "RuleList", "read_rules", "written_rules"]

VERSION = 1
FILE_KEYS = ("version", "target", "default", "concepts", "rules")
RULE_KEYS = ("id", "all", "then", "train", "select")
DEFAULT = "default"
DOCUMENT = "rules.yaml"


class Counts(msgspec.Struct, frozen=True):
    """Of the rows on which a rule was the first to fire, how many it was right about."""

    right: int = 0
    fired: int = 0


class InducedRule(msgspec.Struct, frozen=True, kw_only=True):
    """Where every concept of ``all`` is in the text, the label is ``then``.

    Attributes:
        id: unique in the list.
        all: names of concepts, or terms that are one each.
        then: the label.
        train: on the rows it was learned from.
        select: on rows set apart.
    """

    id: str
    all: tuple[str, ...]
    then: str
    train: Counts = Counts()
    select: Counts = Counts()


class RuleList(msgspec.Struct, frozen=True, kw_only=True):
    """Rules in the order in which they are tried.

    Attributes:
        target: the field they give.
        default: the label where none fires.
        concepts: terms by name; a concept is in a text where one of its terms is.
        rules: the first that fires gives the label.
    """

    target: str
    default: str
    concepts: dict[str, tuple[str, ...]]
    rules: tuple[InducedRule, ...]

    def terms(self, concept: str) -> tuple[str, ...]:
        """The terms of a concept; a name that is none stands for itself."""
        return self.concepts.get(concept, (concept,))


class Fired(msgspec.Struct, frozen=True):
    """What a list makes of a text.

    Attributes:
        at: index of the rule that fired; the number of rules where none did.
        matched: for each concept of the rule, the term that is in the text and where.
        missing: for each earlier rule, which of its concepts is not in the text.
    """

    at: int
    matched: tuple[tuple[str, int, int], ...]
    missing: tuple[int, ...]


class Matcher:
    """Finds the first rule that fires.

    Example:
        >>> rule = InducedRule(id="r1", all=("lost", "card"), then="card")
        >>> found = Matcher(RuleList(target="t", default="none", concepts={"lost": ("lost", "gone")}, rules=(rule,)))
        >>> found.fire("My card is gone").matched
        (('gone', 11, 15), ('card', 3, 7))
    """

    def __init__(self, rules: RuleList) -> None:
        self._rules = rules
        self._owners: dict[str, list[str]] = {}
        self._users: dict[str, list[int]] = {}
        for at, rule in enumerate(rules.rules):
            for concept in set(rule.all):
                self._users.setdefault(concept, []).append(at)
        for concept in sorted({name for rule in rules.rules for name in rule.all}):
            for term in rules.terms(concept):
                self._owners.setdefault(term, []).append(concept)

    def _held(self, text: str) -> dict[str, tuple[str, int, int]]:
        """The concepts in a text, with the term of each and where it stands."""
        held: dict[str, tuple[str, int, int]] = {}
        for term, (start, end) in terms_of(text).items():
            for concept in self._owners.get(term, ()):
                held.setdefault(concept, (term, start, end))
        return held

    def first(self, text: str) -> int:
        """Index of the first rule that fires; the number of rules where none does."""
        held = self._held(text)
        found = (at for concept in held for at in self._users.get(concept, ()))
        rules = self._rules.rules
        return min((at for at in found if all(one in held for one in rules[at].all)), default=len(rules))

    def fire(self, text: str) -> Fired:
        """The first rule that fires, and why no earlier one did."""
        held = self._held(text)
        missing: list[int] = []
        for at, rule in enumerate(self._rules.rules):
            absent = next((number for number, concept in enumerate(rule.all) if concept not in held), None)
            if absent is None:
                return Fired(at, tuple(held[concept] for concept in rule.all), tuple(missing))
            missing.append(absent)
        return Fired(len(self._rules.rules), (), tuple(missing))


def written_rules(rules: RuleList) -> bytes:
    """The list as YAML, in a fixed form that `read_rules` reads back.

    Example:
        >>> rule = InducedRule(id="r1", all=("card",), then="card")
        >>> rules = RuleList(target="t", default="none", concepts={}, rules=(rule,))
        >>> read_rules(written_rules(rules)) == rules
        True
    """
    import yaml  # noqa: PLC0415  only when a list is written

    document = {
        "version": VERSION,
        "target": rules.target,
        "default": rules.default,
        "concepts": {name: list(terms) for name, terms in rules.concepts.items()},
        "rules": [
            {
                "id": rule.id,
                "all": list(rule.all),
                "then": rule.then,
                "train": msgspec.to_builtins(rule.train),
                "select": msgspec.to_builtins(rule.select),
            }
            for rule in rules.rules
        ],
    }
    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=10_000, default_flow_style=None)
    return text.encode()


def read_rules(content: bytes, labels: Sequence[str] = (), about: str = DOCUMENT) -> RuleList:
    """Read a list that a build wrote or a person edited.

    Args:
        content: of the file.
        labels: that it may give; any when empty.
        about: path of the file, for errors.

    Raises:
        PolicyInvalid: an unknown key or label, two rules of one id, a rule without concepts, or a term that is none.
    """
    raw = table(plain_yaml(content, about), FILE_KEYS, "the file", about)
    if raw.get("version") != VERSION:
        fix = f"write version: {VERSION}"
        raise PolicyInvalid("unknown version", why=f"it is {raw.get('version')!r}", fix=fix, about=about)
    for rule in raw.get("rules") or ():
        table(rule, RULE_KEYS, "a rule", about)
    try:
        rules = msgspec.convert({key: value for key, value in raw.items() if key != "version"}, type=RuleList)
    except msgspec.ValidationError as error:
        fix = "write it as a build writes it"
        raise PolicyInvalid("the rules are not of their form", why=str(error), fix=fix, about=about) from error
    _check(rules, labels, about)
    return rules


def _check(rules: RuleList, labels: Sequence[str], about: str) -> None:
    ids = [rule.id for rule in rules.rules]
    problems: Mapping[str, Any] = {
        "two rules have one id": next((one for at, one in enumerate(ids) if one in ids[:at]), None)
        if len(set(ids)) < len(ids)
        else None,
        f"the id {DEFAULT!r} is taken": DEFAULT if DEFAULT in ids else None,
        "a rule has no concept": next((rule.id for rule in rules.rules if not rule.all), None),
        "a label is not the task's": next(
            (one for one in (*(rule.then for rule in rules.rules), rules.default) if labels and one not in labels), None
        ),
        "a term is not a run of up to three words in lower case": next(
            (term for term in _all_terms(rules) if not _is_term(term)), None
        ),
    }
    for what, which in problems.items():
        if which is not None:
            raise PolicyInvalid(what, why=repr(which), fix="correct the file", about=about)


def _all_terms(rules: RuleList) -> list[str]:
    used = {concept for rule in rules.rules for concept in rule.all}
    return [term for concept in sorted(used | set(rules.concepts)) for term in rules.terms(concept)]


def _is_term(term: str) -> bool:
    words = [word for word, _, _ in words_in(term)]
    return 0 < len(words) <= LONGEST and " ".join(words) == term
