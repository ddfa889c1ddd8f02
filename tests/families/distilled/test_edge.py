from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.families.distilled._edge import EdgePlan, augmented, train_table, vocabulary
from proveout.families.distilled._static import StaticEmbedder, StaticTable, features
from proveout.families.distilled._torch import libraries

Array = np.ndarray[Any, Any]
KINDS = ("my card {} is lost", "please refund order {}", "where the shop opens on day {}")
PLAN = EdgePlan(width=16, epochs=6, batch=16, rate=2e-2)
WORD = st.text("abc", min_size=1, max_size=3)


def quiet(stage: str, done: int, total: int) -> None:
    del stage, done, total


def rows_of(numbers: range) -> tuple[list[str], Array]:
    texts = [text.format(number) for number in numbers for text in KINDS]
    return texts, np.array([code for _ in numbers for code in range(len(KINDS))])


def trained(seed: int = 0, progress: Any = quiet) -> StaticTable:
    """A table for three labels, from a teacher that is nearly always right and says how sure it is."""
    texts, codes = rows_of(range(30))
    targets = np.full((len(texts), len(KINDS)), 0.02, dtype=np.float32)
    targets[np.arange(len(texts)), codes] = 0.96
    counted = vocabulary(texts)
    seen = sum(kind == "word" for kind, _ in counted)
    start = np.random.default_rng(1).normal(size=(seen, 8)).astype(np.float32)
    torch = libraries()[0]
    return train_table(torch, texts, targets, counted, start, seed=seed, progress=progress, plan=PLAN)


def test_the_student_tells_apart_what_the_teacher_does() -> None:
    embedder = StaticEmbedder.of(trained())
    (texts, codes), (held, held_codes) = rows_of(range(30)), rows_of(range(100, 130))
    vectors = embedder.embed(texts)
    centres = np.stack([vectors[codes == code].mean(axis=0) for code in range(len(KINDS))])
    guess = (embedder.embed(held) @ (centres / np.linalg.norm(centres, axis=1, keepdims=True)).T).argmax(axis=1)
    assert np.mean(guess == held_codes) >= 0.98


def test_a_static_sum_is_the_bag_that_was_trained() -> None:
    """Rounding to int8 aside, embedding a text gives the rectified sum that the output layer was trained on."""
    table = trained()
    at = {term: row for row, term in enumerate(table.terms)}
    texts = rows_of(range(5))[0]
    embedded = StaticEmbedder.of(table).embed(texts)
    for text, found in zip(texts, embedded, strict=True):
        rows = [at[term] for term in features(text) if term in at]
        hidden = np.maximum(table.rows[rows].sum(axis=0) / np.sqrt(table.squares[rows].sum()) + table.bias, 0)
        assert found @ hidden / np.linalg.norm(hidden) > 0.999


def test_two_trainings_give_the_same_table_and_another_seed_another() -> None:
    one, same, other = trained(1), trained(1), trained(2)
    assert one.rows.tobytes() == same.rows.tobytes()
    assert one.bias.tobytes() == same.bias.tobytes()
    assert one.rows.tobytes() != other.rows.tobytes()


def test_training_leaves_the_generators_outside_as_they_were() -> None:
    torch = libraries()[0]
    torch.manual_seed(5)
    wanted = torch.rand(1).item()
    torch.manual_seed(5)
    trained()
    assert torch.rand(1).item() == wanted


def test_progress_is_told_epoch_by_epoch() -> None:
    seen: list[tuple[int, int]] = []
    trained(progress=lambda _stage, done, total: seen.append((done, total)))
    assert seen == [(done, PLAN.epochs) for done in range(PLAN.epochs + 1)]


def test_the_vocabulary_holds_what_two_texts_have_in_one_order() -> None:
    texts = ["my card", "my order", "a card"]
    found = vocabulary(texts)
    assert found["word", "my"] == found["word", "card"] == 2
    assert ("word", "order") not in found
    assert found["pair", "< my"] == 2
    assert list(found) == sorted(found)
    assert list(vocabulary(texts[::-1])) == list(found)
    assert vocabulary(["a a a a"]) == {}


@given(st.lists(st.tuples(st.lists(WORD, min_size=1, max_size=6).map(" ".join), st.sampled_from("xy")), max_size=12))
def test_made_texts_are_new_and_made_of_words_of_one_label(rows: list[tuple[str, str]]) -> None:
    texts, labels = [text for text, _ in rows], [label for _, label in rows]
    made = augmented(texts, labels, np.random.default_rng(0))
    assert made == sorted(set(made))
    assert not set(made) & set(texts)
    known = [{word for text, own in rows if own == label for word in text.split()} for label in "xy"]
    assert all(any(set(text.split()) <= words for words in known) for text in made)
    assert made == augmented(texts, labels, np.random.default_rng(0))


@pytest.mark.parametrize("texts", [[], [""], ["  "]])
def test_there_may_be_nothing_to_make(texts: list[str]) -> None:
    assert augmented(texts, ["x"] * len(texts), np.random.default_rng(0)) == []
