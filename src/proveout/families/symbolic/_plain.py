"""Plain YAML: mappings, lists and scalars, each key once, nothing constructed."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from proveout.errors import PolicyInvalid

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["known_key", "plain_yaml", "table"]

MOST_BYTES = 1_000_000


def plain_yaml(content: bytes, about: str) -> Any:
    """The content of a YAML file.

    Raises:
        PolicyInvalid: it is too large, no YAML, has an alias or a tag, or a key twice.

    Example:
        >>> plain_yaml(b"a: [1, true]", "x.yaml")
        {'a': [1, True]}
    """
    import yaml  # noqa: PLC0415  only what reads files written by people needs it

    fix = "write plain YAML: no anchors, no tags, each key once"
    if len(content) > MOST_BYTES:
        why = f"it has {len(content):,} bytes, and {MOST_BYTES:,} are read"
        raise PolicyInvalid("the file is too large", why=why, fix="write a shorter one", about=about)
    try:
        _check(yaml, yaml.compose(content, Loader=yaml.SafeLoader), about, fix)
        return yaml.safe_load(content)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        why = " ".join(str(error).split())[:200]
        raise PolicyInvalid("the file is no YAML", why=why, fix=fix, about=about) from error


def _check(yaml: Any, root: Any, about: str, fix: str) -> None:
    """Every node has one place, and every key of a mapping is another."""
    seen: set[int] = set()
    todo = [root] if root is not None else []
    while todo:
        node = todo.pop()
        if id(node) in seen:
            raise PolicyInvalid("the file has an alias", why=_where(node), fix=fix, about=about)
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            twice = next((key for at, key in enumerate(keys) if key in keys[:at]), None)
            if twice is not None:
                raise PolicyInvalid("a key stands twice", why=f"{twice!r}, {_where(node)}", fix=fix, about=about)
            todo.extend(part for pair in node.value for part in pair)
        elif isinstance(node, yaml.SequenceNode):
            todo.extend(node.value)


def _where(node: Any) -> str:
    return f"line {node.start_mark.line + 1}"


def table(value: Any, known: Iterable[str], where: str, about: str) -> dict[str, Any]:
    """A mapping whose keys are all known.

    Raises:
        PolicyInvalid: it is none, or has another key.
    """
    if not isinstance(value, dict):
        fix = f"write a mapping with {', '.join(known)}"
        raise PolicyInvalid(f"{where} is no mapping", why=f"it is {value!r:.80}", fix=fix, about=about)
    for key in value:
        known_key(key, list(known), where, about)
    return {str(key): item for key, item in value.items()}


def known_key(key: Any, known: list[str], where: str, about: str) -> None:
    """Refuse a key that is not known, naming the nearest one.

    Raises:
        PolicyInvalid: with the keys there are.
    """
    if key not in known:
        near = get_close_matches(str(key), known, n=1)
        fix = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
        raise PolicyInvalid(f"unknown key in {where}", why=f"{key!r} is not known", fix=fix.rstrip("?"), about=about)
