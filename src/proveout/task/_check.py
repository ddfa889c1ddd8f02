"""What a task must satisfy beyond the types of its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import TaskInvalid
from proveout.task._causal import causal_problem

if TYPE_CHECKING:
    from proveout.task._task import Task

__all__ = ["checked", "invalid", "short", "with_target"]

_SHARES = ("train", "select", "certify", "test_share")
_TOLERANCE = 1e-9


def with_target(task: Task, where: str) -> Task:
    """Fill in the target when the output has one property."""
    scored = task.kind in {"classify", "decide"}
    if task.target or not scored:
        return task
    if len(task.output_fields) == 1:
        return msgspec.structs.replace(task, target=task.output_fields[0])
    why = f"the output has the fields {', '.join(task.output_fields) or 'none'}"
    raise invalid(where, "no target", why, "set target to the output field that is scored")


def checked(task: Task, where: str) -> Task:
    """The task itself, once its parts agree with each other."""
    for table, schema in (("input", task.input), ("output", task.output)):
        _check_schema(table, schema, where)
    if task.target and task.target not in task.output_fields:
        why = f"the output schema has {', '.join(task.output_fields)}"
        raise invalid(where, f"target {task.target!r} is no output field", why, "name one of them")
    if task.out_of_scope and task.labels and task.out_of_scope not in task.labels:
        why = f"{task.out_of_scope!r} is not in the enum of {task.target!r}"
        raise invalid(where, "the out-of-scope label is no label", why, "add it to the enum, or correct out_of_scope")
    _check_shares(task, where)
    _check_data(task, where)
    _check_incumbent(task, where)
    _check_rules(task, where)
    problem = causal_problem(task)
    if problem:
        raise invalid(where, *problem)
    return task


def _check_schema(table: str, schema: dict[str, Any], where: str) -> None:
    import jsonschema  # noqa: PLC0415  importing it takes longer than every command's --help may

    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        raise invalid(
            where, f"[{table}] is not a JSON Schema", f"{error.json_path}: {error.message}", "correct that keyword"
        ) from error
    if schema.get("type") != "object" or not schema.get("properties"):
        why = f"its type is {schema.get('type')!r} with {len(schema.get('properties', {}))} properties"
        raise invalid(
            where, f"[{table}] does not describe an object", why, 'set type = "object" and at least one property'
        )
    unknown = sorted(set(schema.get("required", [])) - set(schema["properties"]))
    if unknown:
        why = f"{', '.join(unknown)} is required and not among the properties"
        raise invalid(where, f"[{table}] contradicts itself", why, "add the property or drop it from required")


def _check_shares(task: Task, where: str) -> None:
    shares = {name: getattr(task.data, name) for name in _SHARES}
    if task.data.examples and abs(sum(shares.values()) - 1) > _TOLERANCE:
        stated = ", ".join(f"{name} = {value}" for name, value in shares.items())
        raise invalid(
            where,
            "the shares of [data] do not add up to 1",
            f"{stated} add up to {sum(shares.values()):g}",
            "correct one of them",
        )
    if task.data.test and task.data.test_share:
        why = f"data.test names files and data.test_share is {task.data.test_share}"
        raise invalid(where, "two sources of test rows", why, "drop one of the two")


def _check_data(task: Task, where: str) -> None:
    for key, mapping, fields in (
        ("data.inputs", task.data.inputs, task.input_fields),
        ("data.expected", task.data.expected, task.output_fields),
    ):
        for field in mapping:
            if field not in fields:
                raise invalid(
                    where,
                    f"unknown field {key}.{field}",
                    "the schema has no such property",
                    f"use one of {', '.join(fields)}",
                )
    if task.data.by == "time" and not task.data.time:
        raise invalid(where, "data.time is missing", 'data.by is "time"', "name the column that holds the time")


def _check_rules(task: Task, where: str) -> None:
    rules = task.rules
    if not rules.policy and rules != type(rules)():
        stated = ", ".join(key for key, value in msgspec.to_builtins(rules).items() if value)
        raise invalid(where, "rules without a policy", f"[rules] has {stated}", "set rules.policy, or drop them")
    if rules.day and rules.day not in task.input_fields:
        why = f"the input schema has {', '.join(task.input_fields)}"
        raise invalid(where, f"rules.day {rules.day!r} is no input field", why, "name one of them")


def _check_incumbent(task: Task, where: str) -> None:
    incumbent = task.incumbent
    needed = {
        "recorded": ("data.incumbent", task.data.incumbent),
        "endpoint": ("incumbent.base_url", incumbent.base_url),
        "local": ("incumbent.model", incumbent.model),
    }
    key, value = needed.get(incumbent.mode, ("", "set"))
    if task.data.format == "openai" and incumbent.mode == "recorded":
        return
    if not value:
        raise invalid(where, f"{key} is missing", f"incumbent.mode is {incumbent.mode!r}", f"set {key}")
    if incumbent.mode == "endpoint" and not incumbent.model:
        raise invalid(where, "incumbent.model is missing", "incumbent.mode is 'endpoint'", "name the model to call")
    if incumbent.api_key_env and incumbent.api_key_file:
        why = "incumbent.api_key_env and incumbent.api_key_file are both set"
        raise invalid(where, "two sources of the key", why, "drop one of the two")


def short(value: Any, limit: int = 80) -> str:
    """A value as an error shows it."""
    text = repr(value)
    return text if len(text) <= limit else f"{text[:limit]}…"


def invalid(where: str, what: str, why: str, fix: str) -> TaskInvalid:
    """A `TaskInvalid` about the file ``where``."""
    return TaskInvalid(what, why=why, fix=fix, about=where)
