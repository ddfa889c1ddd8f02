from __future__ import annotations

from collections.abc import Callable

import pytest

from proveout.errors import BuildFailed
from proveout.families._spans import Span
from proveout.families.modular.micro import BuiltMicro, Intent, MicroRow, MicroRows

Build = Callable[..., BuiltMicro]
# The same words mean another slot under another intent.
TWOFOLD = {"play": "artist", "map": "place"}


def twofold(names: tuple[str, ...]) -> tuple[MicroRow, ...]:
    return tuple(
        MicroRow(text=f"show me {name} now", intent=intent, spans=(Span(8, 8 + len(name), slot),))
        for name in names
        for intent, slot in TWOFOLD.items()
    )


ROWS = MicroRows(
    train=twofold(("paris", "berlin", "rome", "kansas", "asia", "boston")), select=twofold(("oslo", "lima"))
)


def test_values_of_texts_never_seen(make: Build, rows: MicroRows) -> None:
    model = make("slots").model
    known = [row for row in rows.select if row.spans]
    for row in known:
        assert tuple(Span(one.start, one.end, one.name) for one in model(row.text).slots) == row.spans
    assert known
    assert model("").slots == ()


def test_a_batch_is_its_texts_one_by_one(make: Build, rows: MicroRows) -> None:
    model = make("slots").model
    texts, intents = [row.text for row in rows.select], [row.intent for row in rows.select]
    one_by_one = [model(text, intent) for text, intent in zip(texts, intents, strict=True)]
    assert model.many(texts, intents) == one_by_one  # type: ignore[attr-defined]


def test_the_intent_is_used_where_it_helps(make: Build) -> None:
    built = make("slots", rows=ROWS)
    assert built.card.chosen["intent"] is True
    assert [built.model("show me nairobi now", intent).slots[0].name for intent in TWOFOLD] == ["artist", "place"]
    assert make("slots", rows=ROWS, parameters={"intent": False}).card.chosen["intent"] is False


def test_the_intent_is_not_used_where_the_model_for_it_is_wrong(make: Build) -> None:
    class Wrong:
        """Says the other intent."""

        def __call__(self, text: str) -> Intent:
            row = next(row for row in ROWS.select if row.text == text)
            seen[text] = seen.get(text, 0) + 1
            return Intent(label="map" if row.intent == "play" and seen[text] == 1 else "play")

    seen: dict[str, int] = {}
    kind = make("slots", rows=ROWS)
    needed = BuiltMicro(id="intent@wrong", card=kind.card, model=Wrong(), folder=kind.folder, reused=False)  # type: ignore[arg-type]
    built = make("slots", rows=ROWS, needs={"intent": needed})
    assert not built.reused
    assert built.card.needs == ("intent",)
    assert built.card.chosen["intent"] is False


def test_no_value_is_nothing_to_learn(make: Build) -> None:
    with pytest.raises(BuildFailed, match="no row has a value"):
        make("slots", rows=MicroRows(train=(MicroRow(text="hello", spans=()), MicroRow(text="there"))))


def test_no_row_to_choose_on_takes_the_first(make: Build) -> None:
    built = make("slots", rows=MicroRows(train=ROWS.train))
    assert built.card.chosen["regularisation"] == 0.0
    assert built.model("show me paris now").slots[0].text == "paris"
