from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jsonschema
import pytest

from proveout.families.symbolic.facts import LlmReader, Said, facts_schema
from proveout.families.symbolic.policy import Fact


def read(facts: Sequence[Fact], answer: dict[str, Any], text: str = "It was $25, a gold member") -> dict[str, Said]:
    return LlmReader(lambda _text, _schema: answer, facts).read(text, None)


@pytest.mark.parametrize(
    ("answer", "verdict", "span"),
    [
        ({"value": 25, "quote": "$25"}, "value", (7, 10)),
        ({"value": 25, "quote": "paid $25"}, "doubt", None),
        ({"value": 25}, "doubt", None),
        ({"value": 25, "quote": ""}, "doubt", None),
        ({"value": "lots", "quote": "$25"}, "doubt", None),
        ({"value": 9999, "quote": "$25"}, "doubt", None),
    ],
)
def test_what_is_not_quoted_or_not_possible_is_doubted(
    shop_facts: Sequence[Fact], answer: dict[str, Any], verdict: str, span: tuple[int, int] | None
) -> None:
    one = read(shop_facts, {"price": answer})["price"]
    assert (one.verdict, one.span) == (verdict, span)


@pytest.mark.parametrize("answer", [{}, {"price": None}, {"price": {"value": None}}, {"other": 1}, {"price": 3}])
def test_what_is_not_stated_is_silence(shop_facts: Sequence[Fact], answer: dict[str, Any]) -> None:
    assert read(shop_facts, answer) == {}


def test_the_schema_is_one_and_names_every_fact(shop_facts: Sequence[Fact]) -> None:
    schema = facts_schema(shop_facts)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert list(schema["properties"]) == [fact.name for fact in shop_facts]
    jsonschema.validate({"member": {"value": "gold", "quote": "gold member"}}, schema)
