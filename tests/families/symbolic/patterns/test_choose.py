from __future__ import annotations

from proveout.families._spans import Span
from proveout.families.symbolic.patterns import Pattern
from proveout.families.symbolic.patterns._choose import chosen, seen_outside
from proveout.families.symbolic.patterns._patterns import Counts
from proveout.families.symbolic.patterns._rows import gold_of, vocabulary_of

ROWS = [gold_of(f"to {city} in may", [Span(3, 3 + len(city), "city")]) for city in ("Bonn", "Ulm", "Rome", "Bari")]
CLASSES = {"may": "<month>", "june": "<month>", "two": "<number>"}
WORDS = vocabulary_of(ROWS, CLASSES)
GOOD = Pattern(id="x", field="city", before="to", value="<name>", after="in <month>", train=Counts(20, 20))
BAD = Pattern(id="y", field="city", before="in", value="<name>", train=Counts(6, 8))
LISTED = Pattern(id="z", field="city", value="{city}", train=Counts(9, 10))


def test_held_out_rows_drop_what_they_speak_against() -> None:
    found = chosen([BAD, GOOD], WORDS, ROWS, ("other",))
    assert [one.before for one in found.patterns] == ["to"]
    assert found.patterns[0].select == Counts(4, 4)
    assert found.patterns[0].id == "p1"


def test_without_held_out_rows_all_are_kept() -> None:
    assert len(chosen([BAD, GOOD], WORDS, [], ()).patterns) == 2


def test_lists_and_classes_are_those_that_patterns_use() -> None:
    found = chosen([GOOD, LISTED], WORDS, [], ())
    assert found.classes == {"month": ("june", "may")}
    assert found.lists == {"city": ("bari", "bonn", "rome", "ulm")}
    assert chosen([BAD], WORDS, [], ()).lists == {}


def test_words_that_are_values_are_seldom_outside() -> None:
    found = seen_outside(ROWS)
    assert found.chance("to") == 1.0
    assert found.chance("bonn") < 0.5
    assert found.chance("nobody") == found.new < 0.5
    assert found.chance(",") == 1.0
