from __future__ import annotations

import pytest

from proveout.errors import PolicyInvalid
from proveout.families._fields import Extracted
from proveout.families.symbolic.patterns._closed import ClosedField, closed_fields, read_closed, written_closed

TEXTS = [f"{word} {number}" for number in range(8) for word in ("open the shop", "shut the shop")]
OUTPUTS = [{"is_open": text.startswith("open"), "place": "shop"} for text in TEXTS]
ROWS = Extracted(TEXTS, OUTPUTS, [()] * 16, [set()] * 16, [], 0)


@pytest.fixture(scope="module")
def fields() -> dict[str, ClosedField]:
    return closed_fields(["is_open", "place"], ROWS, ROWS, lambda _stage, _done, _total: None)


def test_a_value_comes_with_the_rule_that_gave_it(fields: dict[str, ClosedField]) -> None:
    value, sure, proof = fields["is_open"].judge("shut the shop now")
    assert value is False
    assert sure > 0.8
    assert proof["kind"] == "rules"
    assert fields["is_open"].judge("open the shop")[0] is True


def test_a_field_of_one_value_has_it(fields: dict[str, ClosedField]) -> None:
    assert fields["place"].judge("anything")[:2] == ("shop", 1.0)


def test_rules_are_read_back(fields: dict[str, ClosedField]) -> None:
    content = written_closed(fields)
    assert {name: one.rules for name, one in read_closed(content).items()} == {
        name: one.rules for name, one in fields.items()
    }
    assert written_closed(read_closed(content)) == content


def test_a_label_that_is_no_json_is_refused(fields: dict[str, ClosedField]) -> None:
    content = written_closed(fields).replace(b"default: 'false'", b"default: 'no'")
    content = content.replace(b"default: 'true'", b"default: 'no'")
    with pytest.raises(PolicyInvalid, match="no JSON"):
        read_closed(content)
