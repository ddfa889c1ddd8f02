"""The LLM reader: a model is asked for the facts with a quotation for each, and what it cannot quote does not count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proveout.errors import FactInvalid
from proveout.families.symbolic.facts._types import Said, fact_value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from proveout.families.symbolic.policy import Fact

    Ask = Callable[[str, dict[str, Any]], Mapping[str, Any]]

__all__ = ["LlmReader", "facts_schema"]

TYPES = {"boolean": "boolean", "number": "number", "money": "number", "duration": "number"}


def facts_schema(facts: Sequence[Fact]) -> dict[str, Any]:
    """JSON Schema of what the model answers: for each stated fact, its value and the words that state it.

    Example:
        >>> from proveout.families.symbolic.policy import Fact
        >>> schema = facts_schema([Fact(name="opened", type="boolean", question="Has it been opened?")])
        >>> schema["properties"]["opened"]["properties"]["value"]
        {'type': 'boolean'}
    """
    return {
        "type": "object",
        "description": "Only what the text itself states; leave out every fact that it does not state.",
        "properties": {fact.name: _fact_schema(fact) for fact in facts},
        "additionalProperties": False,
    }


def _fact_schema(fact: Fact) -> dict[str, Any]:
    value: dict[str, Any] = {"type": TYPES.get(fact.type, "string")}
    if fact.values:
        value["enum"] = list(fact.values)
    if fact.unit:
        value["description"] = f"in {fact.unit}"
    quote = {"type": "string", "description": "the words of the text that state it, copied"}
    described = {"description": fact.question} if fact.question else {}
    fields = {"value": value, "quote": quote}
    return {"type": "object", "properties": fields, "required": ["value", "quote"], **described}


class LlmReader:
    """Reads facts by asking a model.

    Args:
        ask: gives the model's answer to a text, as an object of the schema; it caches and pays by itself.
        facts: of the policy.

    Example:
        >>> from proveout.families.symbolic.policy import Fact
        >>> def ask(text, schema):
        ...     return {"opened": {"value": True, "quote": "used it"}, "price": {"value": 5, "quote": "$5"}}
        >>> LlmReader(ask, [Fact(name="opened", type="boolean")]).read("I used it", None)["opened"].span
        (2, 9)
    """

    name = "llm"

    def __init__(self, ask: Ask, facts: Sequence[Fact]) -> None:
        self._ask = ask
        self._facts = facts
        self._schema = facts_schema(facts)

    def read(self, text: str, today: date | None) -> dict[str, Said]:
        """What the model states and quotes; in doubt where its quotation is not in the text or the value cannot be."""
        del today
        answer = self._ask(text, self._schema)
        said = {fact.name: _said(fact, answer[fact.name], text) for fact in self._facts if fact.name in answer}
        return {name: one for name, one in said.items() if one is not None}


def _said(fact: Fact, given: Any, text: str) -> Said | None:
    if not isinstance(given, dict) or given.get("value") is None:
        return None
    try:
        value = fact_value(fact, given["value"])
    except FactInvalid:
        return Said(verdict="doubt")
    quote = str(given.get("quote", "")).strip()
    start = text.lower().find(quote.lower()) if quote else -1
    if start < 0 or len(text.lower()) != len(text):
        return Said(verdict="doubt", values=(value,))
    return Said(verdict="value", values=(value,), span=(start, start + len(quote)))
