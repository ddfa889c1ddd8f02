"""The fingerprint of a task: it changes if and only if the task's meaning does."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import msgspec
import yaml

from proveout.errors import TaskInvalid
from proveout.task._canonical import canonical_json, content_hash
from proveout.task._prompt import prompt_text

if TYPE_CHECKING:
    from pathlib import Path

    from proveout.task._task import Task

__all__ = ["fingerprint"]

# A file may move and a task may be renamed without meaning anything else. What the files say is in
# the snapshot's id (examples, documents) or added below (the policy, the prompt). The causal factors say how a
# candidate is measured; nothing that is built depends on them, and a trial has them in its own id.
_NOT_MEANING = {"name", "root", "documents", "rules", "modular", "causal"}
_DATA_NOT_MEANING = {"examples", "test", "format"}
_ANNOTATIONS = {"title", "$comment", "examples", "$schema", "$id"}
_SETS = {"required", "enum", "type"}
_POLICY_BYTES = 4_000_000


def fingerprint(task: Task) -> str:
    """BLAKE2b-256 of the task's canonical form, as 64 hex digits.

    Comments, key order, spelled-out defaults, file locations, the name, the causal factors, and the order of ``enum``,
    ``required`` and ``properties`` mean nothing; everything else does, the content of policy and prompt included.

    Raises:
        TaskInvalid: the policy file is missing or is not plain YAML; the replies are missing or no TOML; the
            prompt file is missing or is not UTF-8.

    Example:
        >>> from proveout.task import Task
        >>> schema = {"type": "object", "properties": {"text": {"type": "string"}}}
        >>> a = Task(name="a", kind="classify", input=schema, output=schema)
        >>> b = Task(name="renamed", kind="classify", input=schema, output=schema)
        >>> fingerprint(a) == fingerprint(b)
        True
    """
    fields = (field for field in task.__struct_fields__ if field not in _NOT_MEANING)
    meaning: dict[str, Any] = {field: msgspec.to_builtins(getattr(task, field)) for field in fields}
    meaning["data"] = {key: value for key, value in meaning["data"].items() if key not in _DATA_NOT_MEANING}
    meaning["kpis"] = sorted(meaning["kpis"], key=canonical_json)
    meaning["input"] = _schema_meaning(task.input)
    meaning["output"] = _schema_meaning(task.output)
    meaning["policy"] = _rules_file(task.root / task.rules.policy) if task.rules.policy else None
    meaning |= _rules(task) | _modular(task)
    meaning["incumbent"]["prompt"] = prompt_text(task)
    return content_hash(meaning)


def _rules(task: Task) -> dict[str, Any]:
    """What the table ``rules`` means besides the policy; nothing where it says nothing else."""
    said = {key: value for key, value in msgspec.to_builtins(task.rules).items() if value and key != "policy"}
    if task.rules.readers:
        said["readers"] = _policy(task.root / task.rules.readers)
    return {"rules": said} if said else {}


def _modular(task: Task) -> dict[str, Any]:
    """What the table ``modular`` means, its files by what they say; nothing where it says nothing."""
    said = {key: value for key, value in msgspec.to_builtins(task.modular).items() if value}
    if said == {"tagger": type(task.modular)().tagger}:
        return {}
    if "replies" in said:
        said["replies"] = _toml(task.root / said["replies"], "modular.replies")
    return {"modular": said}


def _toml(path: Path, key: str) -> Any:
    try:
        return _dates_as_text(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        fix = f"correct {key} in task.toml, or the file"
        raise TaskInvalid("cannot read a file of the task", why=str(error), fix=fix, about=str(path)) from error


def _rules_file(path: Path) -> Any:
    """A policy in YAML as what it says; a decision model as it is written."""
    if path.suffix in {".yaml", ".yml"}:
        return _policy(path)
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _bad_policy(path, str(error)) from error


def _schema_meaning(schema: Any, *, names: bool = False) -> Any:
    """A JSON Schema without annotations, its sets sorted; ``names`` marks an object whose keys are field names."""
    if isinstance(schema, list):
        return [_schema_meaning(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    meaning = {}
    for key, value in schema.items():
        if not names and key in _ANNOTATIONS:
            continue
        if not names and key in _SETS and isinstance(value, list):
            meaning[key] = sorted(value, key=canonical_json)
        elif not names and key in {"const", "default"}:
            meaning[key] = value
        else:
            meaning[key] = _schema_meaning(value, names=key == "properties" and not names)
    return meaning


def _policy(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _bad_policy(path, str(error)) from error
    if len(text) > _POLICY_BYTES:
        raise _bad_policy(path, f"it is longer than {_POLICY_BYTES:,} characters")
    try:
        # An alias can make a small file mean a huge one, so none is expanded.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
            raise _bad_policy(path, "it uses YAML aliases")
        return _dates_as_text(yaml.safe_load(text))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise _bad_policy(path, " ".join(str(error).split())) from error


def _dates_as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _dates_as_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_dates_as_text(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _bad_policy(path: Path, why: str) -> TaskInvalid:
    fix = "correct rules.policy in task.toml, or the file"
    return TaskInvalid("cannot read the policy", why=why, fix=fix, about=str(path))
