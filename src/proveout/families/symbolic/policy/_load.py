"""Reading a policy file strictly: every error names the line, the key and the nearest valid one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import PolicyInvalid
from proveout.families.symbolic.policy._dump import explicit_json
from proveout.families.symbolic.policy._explicit import explicit
from proveout.families.symbolic.policy._model import Policy
from proveout.families.symbolic.policy._read_keys import Reader, read_definition, read_fact, read_rule
from proveout.families.symbolic.policy._read_yaml import MOST_BYTES, Node, read_json_tree, read_yaml
from proveout.families.symbolic.policy._valid import validate
from proveout.task import content_hash

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["load_policy", "parse_policy", "policy_from_json"]


def load_policy(path: Path) -> Policy:
    """Read and check a policy file.

    Raises:
        PolicyInvalid: it cannot be read, is not plain YAML, has an unknown key, or its types, units, names or
            overrides contradict each other.

    Example:
        >>> from importlib.resources import as_file, files
        >>> with as_file(files("proveout.demo") / "desk" / "policy.yaml") as path:
        ...     load_policy(path).name
        'refund-desk'
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        fix = "name a policy file that this user can read"
        raise PolicyInvalid("cannot read the policy", why=str(error), fix=fix, about=str(path)) from error
    return parse_policy(content, str(path))


def parse_policy(text: str | bytes, where: str = "policy") -> Policy:
    """The policy written as ``text``; ``where`` names it in errors.

    Raises:
        PolicyInvalid: as `load_policy`.

    Example:
        >>> parse_policy("{version: 1, name: p, decisions: [a], rules: [{id: r, if: 'True', then: b}]}")
        Traceback (most recent call last):
        proveout.errors.PolicyInvalid: policy:1: rule r: unknown decision: 'b' ... Next: use one of: a.
    """
    return _policy(read_yaml(text, where), where)


def policy_from_json(value: Any, where: str = "policy") -> Policy:
    """The policy that `policy_to_json` wrote.

    Raises:
        PolicyInvalid: as `load_policy`.
    """
    if not isinstance(value, dict):
        fix = "hand in what policy_to_json gave"
        raise PolicyInvalid("not a policy", why=f"it is a {type(value).__name__}", fix=fix, about=where)
    return _policy(read_json_tree(value), where)


def _policy(tree: Node, where: str) -> Policy:
    reader = Reader(tree, where, "the policy", Policy.__struct_fields__[:-1])
    facts = [read_fact(node, where) for node in reader.items("facts")]
    definitions = [read_definition(node, where) for node in reader.items("definitions")]
    rules = [read_rule(node, where) for node in reader.items("rules")]
    policy = Policy(
        name=reader.text("name"),
        version=reader.whole("version", 1),
        decisions=reader.texts("decisions"),
        undetermined=reader.text("undetermined", ""),
        facts=tuple(facts),
        definitions=tuple(definitions),
        rules=tuple(rules),
    )
    lines = {f"fact {one.name}": node.line for one, node in zip(facts, reader.items("facts"), strict=True)}
    lines |= {
        f"definition {one.name}": node.line for one, node in zip(definitions, reader.items("definitions"), strict=True)
    }
    lines |= {f"rule {one.id}": node.line for one, node in zip(rules, reader.items("rules"), strict=True)}
    policy = explicit(policy, validate(policy, where, lines))
    return msgspec.structs.replace(policy, hash=content_hash(explicit_json(policy)))
