from __future__ import annotations

import copy
import random
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from proveout.families.symbolic.patterns import (
    Matcher,
    Pattern,
    PatternList,
    check_output,
    check_patterns,
    words_of,
    written_patterns,
)

FIELDS = {"city": False, "state": False, "day": True, "goal": True}
LIST = PatternList(
    common=("a", "to", "in", "on", "from", "fly"),
    classes={"month": ("may", "june"), "number": ("two",)},
    lists={"city": ("york", "new york", "bonn"), "state": ("ohio", "new york")},
    patterns=(
        Pattern(id="p1", field="day", value="<month> <number>"),
        Pattern(id="p2", field="state", before=",", value="{state}"),
        Pattern(id="p3", field="city", before="in", value="<words>", after="[state]"),
        Pattern(id="p4", field="city", value="{city}", also=("[day]",)),
        Pattern(id="p5", field="goal", before="to", value="<name>", after="<end>"),
        Pattern(id="p6", field="goal", before="<start> fly to", value="<words>", after="on"),
        Pattern(id="p7", field="city", before="{state} in", value="<name>", also=("please",)),
        Pattern(id="p8", field="goal", value="<name>", before="from"),
    ),
)
DOCUMENT = yaml.safe_load(written_patterns(LIST))
TEXTS = [
    "fly to New York on May 2 and June 12",
    "a room in san jose , Ohio",
    "bonn to ulm",
    "in , new york",
    "please , ohio in springfield from here to there",
    "fly to where i was on may two",
    "hello",
]


def proof_of(text: str, patterns: PatternList = LIST) -> dict[str, Any]:
    words = words_of(text)
    single = [name for name, many in FIELDS.items() if not many]
    values = []
    for one in Matcher(patterns, single).found(words):
        start, end = words.span(one.first, one.stop)
        by = patterns.patterns[one.at]
        values.append({"field": by.field, "pattern": by.id, "start": start, "end": end, "text": text[start:end]})
    none = sorted(FIELDS.keys() - {value["field"] for value in values})
    return {"kind": "patterns", "values": values, "none": none, "closed": {}}


@pytest.mark.parametrize("text", TEXTS)
def test_a_proof_is_accepted(text: str) -> None:
    assert check_patterns(proof_of(text), DOCUMENT, text, FIELDS) == []


WORDS = [
    "to",
    "in",
    "new",
    "york",
    "bonn",
    "ohio",
    "may",
    "5",
    "two",
    "x",
    ",",
    "[",
    "{",
    "on",
    "fly",
    "please",
    "from",
    "漢",
    "é",
    "é",
    "1,5",
]


@settings(max_examples=300)
@given(st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join) | st.text())
def test_it_finds_what_the_matcher_finds(text: str) -> None:
    assert check_patterns(proof_of(text), DOCUMENT, text, FIELDS) == []


PARTS = st.lists(st.sampled_from(["to", "x", "<number>", "{city}", "<month>"]), max_size=2).map(" ".join)
AROUND = st.lists(st.sampled_from(["to", "x", "<number>", "{city}", "[city]", "[day]"]), max_size=2).map(" ".join)
MADE = st.builds(
    Pattern,
    id=st.just(""),
    field=st.sampled_from(sorted(FIELDS)),
    before=AROUND | st.just("<start>"),
    value=PARTS.filter(bool) | st.just("<name>"),
    after=AROUND | st.just("<end>"),
)


@settings(max_examples=200)
@given(st.lists(MADE, max_size=6), st.lists(st.sampled_from(WORDS), max_size=10).map(" ".join))
def test_it_reads_any_patterns_as_the_matcher_does(made: list[Pattern], text: str) -> None:
    numbered = [_numbered(one, at) for at, one in enumerate(made)]
    listed = PatternList(common=LIST.common, classes=LIST.classes, lists=LIST.lists, patterns=tuple(numbered))
    assert check_patterns(proof_of(text, listed), yaml.safe_load(written_patterns(listed)), text, FIELDS) == []


def _numbered(one: Pattern, at: int) -> Pattern:
    return Pattern(id=f"p{at}", field=one.field, before=one.before, value=one.value, after=one.after)


def mutated(proof: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """The proof with one part dropped, altered, swapped or duplicated."""
    made = copy.deepcopy(proof)
    values, none = made["values"], made["none"]
    some = rng.choice(values) if values else {}
    changes: list[Callable[[], Any]] = [
        lambda: made.pop(rng.choice(sorted(made))),
        lambda: made.update(extra=1),
        lambda: made.update(kind="rules"),
        lambda: values and values.pop(rng.randrange(len(values))),
        lambda: values.append(copy.deepcopy(some)),
        values.reverse,
        lambda: some.update(start=rng.randint(-1, 30)),
        lambda: some.update(end=rng.randint(-1, 40)),
        lambda: some.update(text=rng.choice(["bonn", "york", "", None])),
        lambda: some.update(field=rng.choice(sorted(FIELDS))),
        lambda: some.update(pattern=rng.choice(["p1", "p2", "p3", "p4", "p9", None])),
        lambda: some and some.pop(rng.choice(sorted(some))),
        lambda: none.append(rng.choice([*sorted(FIELDS), "x"])),
        lambda: none and none.pop(),
        none.reverse,
        lambda: made.update(none={}),
    ]
    rng.choice(changes)()
    return made


@settings(max_examples=600)
@given(st.sampled_from(TEXTS), st.integers(0, 2**32))
def test_a_mutated_proof_is_rejected(text: str, seed: int) -> None:
    proof = mutated(proof_of(text), random.Random(seed))
    if proof == proof_of(text):
        return
    try:
        problems = check_patterns(proof, DOCUMENT, text, FIELDS)
    except (KeyError, TypeError):
        return
    assert problems, proof


@pytest.mark.parametrize(("text", "other"), [(one, other) for one in TEXTS for other in TEXTS if one != other])
def test_a_proof_of_another_text_is_rejected(text: str, other: str) -> None:
    assert check_patterns(proof_of(text), DOCUMENT, other, FIELDS)


def test_a_pattern_changed_afterwards_is_noticed() -> None:
    for at in range(len(DOCUMENT["patterns"])):
        document = copy.deepcopy(DOCUMENT)
        del document["patterns"][at]
        assert any(check_patterns(proof_of(text), document, text, FIELDS) for text in TEXTS), at


FORMS = [
    {"name": "city", "in_text": True, "many": False, "numeric": False, "empty": [None]},
    {"name": "nights", "in_text": True, "many": False, "numeric": True, "empty": []},
    {"name": "day", "in_text": True, "many": True, "numeric": False, "empty": [[]]},
    {"name": "room", "in_text": False, "many": False, "numeric": False, "empty": []},
]


def value(field: str, start: int, text: str) -> dict[str, Any]:
    return {"field": field, "pattern": "p1", "start": start, "end": start + len(text), "text": text}


VALUES = [value("day", 30, "may  5"), value("city", 9, "bonn"), value("day", 20, "may 4"), value("nights", 0, "1,200")]
OUTPUT = {"city": "Bonn", "nights": 1200, "day": ["may 4", "may 5"], "room": "any"}
SPELLED = {"city": {"bonn": "Bonn"}}


def test_an_output_is_what_the_values_say() -> None:
    assert check_output({"values": VALUES}, OUTPUT, FORMS, SPELLED) == []
    assert check_output({"values": []}, {"city": None, "day": []}, FORMS, SPELLED) == []


@pytest.mark.parametrize(
    "changed",
    [{"city": "bonn"}, {"city": None}, {"nights": "1200"}, {"nights": 5}, {"day": ["may 5", "may 4"]}, {"day": []}],
)
def test_another_output_is_rejected(changed: dict[str, Any]) -> None:
    assert check_output({"values": VALUES}, OUTPUT | changed, FORMS, SPELLED)


def test_a_field_that_is_left_out_or_made_up_is_rejected() -> None:
    assert check_output({"values": VALUES}, {"nights": 1200, "day": ["may 4", "may 5"]}, FORMS, SPELLED)
    assert check_output({"values": []}, {"city": None, "nights": 3, "day": []}, FORMS, SPELLED)


@given(st.none() | st.integers() | st.text() | st.dictionaries(st.text(), st.integers()))
def test_what_is_no_proof_is_rejected(proof: Any) -> None:
    assert check_patterns(proof, DOCUMENT, "bonn", FIELDS)


def test_its_source_imports_nothing_of_its_neighbours() -> None:
    source = (files("proveout.families.symbolic.patterns") / "_check.py").read_text(encoding="utf-8")
    assert "from proveout" not in source
    assert source.count("\n") < 200
