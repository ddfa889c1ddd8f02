"""A comparison as JSON, and the JSON Schema it satisfies."""

from __future__ import annotations

import math
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from proveout.trial._comparison import Comparison

__all__ = ["compare_schema", "comparison_to_json", "encode_comparison"]


def comparison_to_json(comparison: Comparison) -> dict[str, Any]:
    """The object that ``--json`` prints: no NaN, null where a figure is undefined, and no text of any row.

    Example:
        >>> sorted(compare_schema()["properties"])[:3]
        ['candidates', 'curves', 'headline']
    """
    value: dict[str, Any] = _finite(msgspec.to_builtins(comparison))
    for candidate in value["candidates"]:
        del candidate["wrong"]
    return value


def encode_comparison(comparison: Comparison) -> bytes:
    """The same as indented UTF-8 bytes with sorted keys."""
    return msgspec.json.format(msgspec.json.encode(comparison_to_json(comparison), order="sorted"), indent=2) + b"\n"


def compare_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a comparison, shipped with the package.

    Example:
        >>> compare_schema()["$schema"]
        'https://json-schema.org/draft/2020-12/schema'
    """
    content = files("proveout.trial").joinpath("compare.schema.json").read_bytes()
    schema: dict[str, Any] = msgspec.json.decode(content)
    return schema


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
