"""Whether a task's answers are of the JSON Schema that a request asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["conflict"]

Json = dict[str, Any]
# These say nothing of what is valid.
NOTES = {"title", "description", "$schema", "$id", "$comment", "examples", "default", "deprecated"}
TYPES: dict[type, str] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
    type(None): "null",
}


def conflict(wanted: Json, given: Json, path: str = "$") -> str:
    """Why answers of one schema cannot be promised to be of another; "" when they can.

    Types, values, properties and items are compared; a keyword that is none of these has to be the same in both. What
    ``required`` and ``additionalProperties`` ask is left to the answer itself, which is checked before it is sent.

    Args:
        wanted: the schema asked for; it comes from outside, so that nothing of it is run or fetched.
        given: the schema of the task's output.
        path: where both stand.

    Example:
        >>> task = {"type": "object", "properties": {"intent": {"type": "string", "enum": ["card", "refund"]}}}
        >>> conflict({"type": "object", "properties": {"intent": {"type": "string"}}}, task)
        ''
        >>> conflict({"type": "object", "properties": {"intent": {"enum": ["card"]}}}, task)
        '$.intent: the answer may be "refund"'
        >>> conflict({"type": "object", "properties": {"price": {}}, "required": ["price"]}, task)
        '$: answers have no price'
    """
    if "anyOf" in wanted and wanted.get("anyOf") != given.get("anyOf"):
        return _any(wanted, given, path)
    for keyword, value in wanted.items():
        if keyword in NOTES:
            continue
        compare = COMPARED.get(keyword)
        problem = compare(value, given, path) if compare else _same(keyword, value, given, path)
        if problem:
            return problem
    return ""


def _any(wanted: Json, given: Json, path: str) -> str:
    branches = wanted["anyOf"]
    if not isinstance(branches, list) or not branches or not all(isinstance(one, dict) for one in branches):
        return f"{path}: anyOf is no list of schemas"
    rest = {keyword: value for keyword, value in wanted.items() if keyword != "anyOf"}
    foreign = next((keyword for branch in branches for keyword in _foreign(branch)), None)
    if foreign is not None:
        return f"{path}: {foreign[:40]!r} within anyOf is not compared"
    problems = [conflict(branch, given, path) for branch in branches]
    return (problems[0] if all(problems) else "") or conflict(rest, given, path)


def _foreign(schema: Any) -> Iterator[str]:
    """Keywords of a schema from outside that could do more than compare: they never reach a validator."""
    if isinstance(schema, dict):
        yield from (keyword for keyword in schema if keyword not in COMPARED and keyword not in NOTES)
        inner = schema.get("properties")
        for one in (schema.get("items"), *(inner.values() if isinstance(inner, dict) else ())):
            yield from _foreign(one)


def _same(keyword: str, value: Any, given: Json, path: str) -> str:
    return (
        "" if keyword in given and given[keyword] == value else f"{path}: {keyword[:40]!r} is not of the task's output"
    )


def _type(value: Any, given: Json, path: str) -> str:
    listed = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    wanted = {one for one in listed if isinstance(one, str)}
    wanted |= {"integer"} if "number" in wanted else set()
    stated = given.get("type")
    found = [stated] if isinstance(stated, str) else stated or [TYPES[type(one)] for one in _values(given) or ()]
    if not found:
        return f"{path}: answers may be of any type"
    other = next((one for one in found if one not in wanted), None)
    return f"{path}: answers may be of type {other}" if other else ""


def _enum(value: Any, given: Json, path: str) -> str:
    values = _values(given)
    if values is None or not isinstance(value, list):
        return f"{path}: answers are not of a fixed set of values"
    other = [one for one in values if one not in value]
    return f'{path}: the answer may be "{other[0]}"' if other else ""


def _const(value: Any, given: Json, path: str) -> str:
    return _enum([value], given, path)


def _values(given: Json) -> list[Any] | None:
    return [given["const"]] if "const" in given else given.get("enum")


def _properties(value: Any, given: Json, path: str) -> str:
    if not isinstance(value, dict):
        return f"{path}: properties are no object"
    inner = given.get("properties", {})
    for name, schema in value.items():
        if name not in inner:
            return f"{path}: answers have no {name[:40]}"
        if not isinstance(schema, dict):
            return f"{path}.{name[:40]}: it is no schema"
        problem = conflict(schema, inner[name], f"{path}.{name}")
        if problem:
            return problem
    return ""


def _required(value: Any, given: Json, path: str) -> str:
    inner = given.get("properties", {})
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        return f"{path}: required is no list of names"
    lacking = [name for name in value if name not in inner]
    return f"{path}: answers have no {lacking[0][:40]}" if lacking else ""


def _items(value: Any, given: Json, path: str) -> str:
    inner = given.get("items")
    if not (isinstance(value, dict) and isinstance(inner, dict)):
        return _same("items", value, given, path)
    return conflict(value, inner, f"{path}[]")


def _additional(value: Any, given: Json, path: str) -> str:
    return "" if isinstance(value, bool) else _same("additionalProperties", value, given, path)


COMPARED = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "properties": _properties,
    "required": _required,
    "items": _items,
    "additionalProperties": _additional,
}
