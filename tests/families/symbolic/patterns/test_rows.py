from __future__ import annotations

from proveout.families._spans import Span
from proveout.families.symbolic.patterns._patterns import WORDS
from proveout.families.symbolic.patterns._rows import Key, gold_of, rows_of, shape_of, vocabulary_of

CLASSES = {"may": "<month>"}


def city(text: str, *names: str) -> tuple[str, list[Span]]:
    return text, [Span(text.index(name), text.index(name) + len(name), "city") for name in names]


ROWS = [gold_of(*city("to Bonn", "Bonn")), gold_of(*city("to Bonn in May", "Bonn")), gold_of(*city("to Ulm", "Ulm"))]


def test_values_by_token() -> None:
    words, gold = gold_of("to New York", [Span(3, 11, "city")])
    assert words.words == ("to", "new", "york")
    assert gold == {(1, 3, "city")}


def test_a_value_inside_a_number_is_none() -> None:
    assert gold_of("pay 1,299", [Span(4, 5, "units")])[1] == frozenset()


def test_the_vocabulary_has_values_and_common_words() -> None:
    found = vocabulary_of(ROWS, CLASSES)
    assert found.lists == {"city": ("bonn", "ulm")}
    assert "to" in found.common
    assert not {"bonn", "ulm", "in"} & found.common


def test_a_row_does_not_know_the_value_that_only_it_taught() -> None:
    bonn, _, ulm = rows_of(ROWS, vocabulary_of(ROWS, CLASSES))
    assert bonn.starts == {1: [("{city}", 2)]}
    assert ulm.starts == {}


def test_what_stands_around_a_place() -> None:
    row = rows_of(ROWS, vocabulary_of(ROWS, CLASSES))[1]
    assert row.before[1] == ["", "to", "<start> to"]
    assert row.before[3] == ["", "in", "bonn in", "to bonn in"]
    assert row.before[2][-2:] == ["{city}", "to {city}"]
    assert row.after[2] == ["", "in", "in may"]
    assert row.after[3] == ["", "may", "may <end>", "<month>", "<month> <end>"]
    assert row.after[4] == ["", "<end>"]


def test_forms_of_a_value() -> None:
    short, row, _ = rows_of(ROWS, vocabulary_of(ROWS, CLASSES))
    assert short.forms(1, 2, "city") == ["{city}", "<name>"]
    assert row.forms(2, 4, "day") == ["in <month>"]
    assert shape_of(["in", "town"], CLASSES) == ""


def test_what_was_taken_is_a_context_and_not_free() -> None:
    row = rows_of(ROWS, vocabulary_of(ROWS, CLASSES))[1]
    row.taken.append((1, 2, "city"))
    row.refresh()
    assert row.before[2][-2:] == ["[city]", "to [city]"]
    assert row.after[1][-2:] == ["[city]", "[city] in"]
    assert "[city]" in row.signs
    assert list(row.places({"{city}"})) == []
    assert row.is_free(2, 4)
    assert not row.is_free(0, 2)


def test_any_words_end_where_what_follows_first_stands() -> None:
    row = rows_of([gold_of("from a to b to c", [])], vocabulary_of([], {}))[0]
    assert list(row.stretches({"from": {"to"}})) == [(Key("from", WORDS, "to"), 1, 2)]
