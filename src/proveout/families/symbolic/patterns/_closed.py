"""Fields whose values do not stand in the text: an induced rule list for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import PolicyInvalid
from proveout.families._fields import closed_key
from proveout.families.symbolic._plain import plain_yaml
from proveout.families.symbolic.induced import Matcher, RuleList, read_rules, written_rules
from proveout.families.symbolic.induced._candidate import proof_of
from proveout.families.symbolic.induced._induce import induce, precision_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from proveout.families._fields import Extracted

    Progress = Callable[[str, int, int], None]

__all__ = ["CLOSED", "ClosedField", "closed_fields", "read_closed", "written_closed"]

CLOSED = "closed.yaml"
# Of a default, which nothing in the text speaks for, where there are rules.
UNFIRED = 0.5


class ClosedField:
    """One field and the rules that give its value.

    Args:
        rules: whose labels are values as `closed_key` writes them.
    """

    def __init__(self, rules: RuleList) -> None:
        self.rules = rules
        self._matcher = Matcher(rules)

    def judge(self, text: str) -> tuple[Any, float, dict[str, Any]]:
        """The value, how precise the rule that gave it is, and a proof of kind ``rules``."""
        fired = self._matcher.fire(text)
        proof = proof_of(self.rules, fired)
        rules = self.rules.rules
        sure = precision_of(rules[fired.at]) if fired.at < len(rules) else UNFIRED if rules else 1.0
        return msgspec.json.decode(proof["label"]), sure, proof


def closed_fields(names: Sequence[str], rows: Extracted, held: Extracted, progress: Progress) -> dict[str, ClosedField]:
    """Rules for each field, learned on rows; ordered and pruned on those held out."""
    found = {}
    for name in names:
        known, other = ([closed_key(output.get(name)) for output in part.outputs] for part in (rows, held))
        if len(set(known)) == 1:
            rules = RuleList(target=name, default=known[0], concepts={}, rules=())
        else:
            rules = induce((rows.texts, known), (held.texts, other), [], name, progress)
        found[name] = ClosedField(rules)
    return found


def written_closed(fields: Mapping[str, ClosedField]) -> bytes:
    """The rules of each field as YAML, in a fixed form that `read_closed` reads back.

    Example:
        >>> rules = RuleList(target="room", default='"single"', concepts={}, rules=())
        >>> read_closed(written_closed({"room": ClosedField(rules)}))["room"].rules == rules
        True
    """
    import yaml  # noqa: PLC0415  only when rules are written

    document = {name: yaml.safe_load(written_rules(field.rules)) for name, field in sorted(fields.items())}
    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=10_000, default_flow_style=None)
    return text.encode()


def read_closed(content: bytes, about: str = CLOSED) -> dict[str, ClosedField]:
    """Read rules that a build wrote or a person edited.

    Raises:
        PolicyInvalid: they are not of their form, or a label is no JSON.
    """
    import yaml  # noqa: PLC0415  only when rules are read

    found = {}
    for name, document in (plain_yaml(content, about) or {}).items():
        rules = read_rules(yaml.safe_dump(document, allow_unicode=True).encode(), about=f"{about}, {name}")
        for label in {rules.default, *(rule.then for rule in rules.rules)}:
            _check_label(label, about)
        found[str(name)] = ClosedField(rules)
    return found


def _check_label(label: str, about: str) -> None:
    try:
        msgspec.json.decode(label)
    except msgspec.DecodeError as error:
        fix = "write the value as JSON, a text in double quotes inside single ones"
        raise PolicyInvalid("a label is no JSON", why=f"it is {label!r}", fix=fix, about=about) from error
