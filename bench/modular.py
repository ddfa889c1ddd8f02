"""Measure micro-models in sequence. Run: python bench/modular.py --data DIR [--only snips,sgd,clinc150] [--json].

DIR holds the folders snips, sgd (turns.jsonl and schema.json) and clinc150 (with train_small.csv and domains.json).
Everything is fitted to one part of the rows and chosen on another (encoder, levels, regularisation, whether the tagger
is told the intent); test rows are read after all builds. Speed is that of one core, one text at a time, from text to
typed values.

SNIPS: one row in ten of train is held out to choose on. SGD: split by dialogue, and services drawn beforehand are held
out wholly: of them no row is learned from, only the descriptions in their schema. Turns of a dialogue are not
independent, so its intervals are 95 % percentile bootstraps over dialogues; the others are Wilson's and, for F1,
bootstraps over sentences.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import tempfile
import time
from functools import partial
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline, make_union
from sklearn.svm import LinearSVC

from extract import gazetteer, quality, rows_of, spans_of
from families import one_core
from proveout.families._spans import Span
from proveout.families.modular.micro import (
    BuiltMicro,
    Encoders,
    MicroRow,
    MicroRows,
    MicroRun,
    build_micro,
    load_micro,
)
from proveout.trial import wilson

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# Chen et al. (2019), recalled, on the usual 13,084, 700 and 700 rows, which are not these: intent, slot F1, sentence.
PUBLISHED = {"JointBERT": (0.986, 0.970, 0.928), "Slot-Gated": (0.970, 0.888, 0.755)}
KINDS = {"party_size_number": "number", "rating_value": "number"}
DATES = {"timeRange": "datetime"}
WARM_UP, SINGLE, RESAMPLES, UNSEEN, SEED = 20, 200, 2000, 4, 0
NONE = "NONE"
ENCODERS = {"TF-IDF": ("tfidf",), "encoder chosen": ("tfidf", "minilm-int8")}

Figures = dict[str, Any]
Spans = set[tuple[int, int, str]]


def run_in(folder: Path) -> MicroRun:
    """A build in a folder."""
    return MicroRun(seed=SEED, cache=folder, encoders=Encoders(folder))


def waits(answer: Callable[[int], object], count: int) -> Figures:
    """Milliseconds of one at a time, on one core."""
    with one_core():
        for at in range(WARM_UP):
            answer(at % count)
        took = []
        for at in range(count):
            begun = time.perf_counter()
            answer(at)
            took.append((time.perf_counter() - begun) * 1000)
    p50, p95 = np.percentile(took, [50, 95])
    return {"p50_ms": float(p50), "p95_ms": float(p95)}


def svm(rows: Sequence[MicroRow]) -> Any:
    """Words, word pairs and character n-grams, and a linear SVM with scikit-learn's defaults."""
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    pieces = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True)
    model = make_pipeline(make_union(words, pieces), LinearSVC(random_state=0))
    return model.fit([row.text for row in rows], [row.intent for row in rows])


def shares(found: Sequence[str], wanted: Sequence[str]) -> Any:
    """Accuracy with Wilson's interval."""
    return wilson(sum(one == other for one, other in zip(found, wanted, strict=True)), len(wanted))


# SNIPS


def snips_row(row: Mapping[str, Any]) -> MicroRow:
    """A row as it is annotated."""
    spans = tuple(sorted(Span(slot["start"], slot["end"], slot["slot"]) for slot in row["slots"]))
    return MicroRow(text=row["text"], intent=row["intent"], spans=spans)


def snips(source: Path, folder: Path, count: int | None) -> Figures:
    """Intent, slots, whole sentences, and speed, beside a linear SVM and a gazetteer."""
    rows = rows_of(source / "train.jsonl")
    random.Random(SEED).shuffle(rows)  # noqa: S311  seeded on purpose
    rows = rows[:count]
    held = len(rows) // 10
    made = tuple(snips_row(row) for row in rows)
    parts, run = MicroRows(train=made[held:], select=made[:held]), run_in(folder)
    begun = time.perf_counter()
    intent = build_micro("intent", "intent", parts, run)
    slots = build_micro("slots", "slots", parts, run, needs={"intent": intent})
    kinds = KINDS | (DATES if find_spec("dateparser") else {})
    typed = build_micro("normalise", "normalise", parts, run, parameters={"kinds": kinds})
    took = time.perf_counter() - begun
    plain, listed = svm(parts.train), gazetteer(rows[held:])
    return {
        "micro-models": {
            **snips_quality(source, [intent, slots, typed], folder),
            "build_seconds": took,
            "chosen": {one.id: one.card.chosen for one in (intent, slots)},
            "typed": sorted(kinds),
        },
        "TF-IDF + LinearSVC, gazetteer": snips_baseline(source, plain, listed),
    }


def snips_quality(source: Path, built: Sequence[BuiltMicro], folder: Path) -> Figures:
    """Figures on the test rows of the models as they are read back."""
    encoders = Encoders(folder)
    intent, slots, typed = (load_micro(one.folder, folder, encoders)[1] for one in built)
    rows = rows_of(source / "test.jsonl")
    texts, wanted = [row["text"] for row in rows], [spans_of(row) for row in rows]

    def answer(at: int) -> tuple[str, Spans]:
        label = intent(texts[at]).label
        values = slots(texts[at], label)
        typed(values)
        return label, {(one.start, one.end, one.name) for one in values.slots}

    found = [answer(at) for at in range(len(rows))]
    return snips_figures(found, rows, wanted) | waits(answer, len(rows))


def snips_figures(found: Sequence[tuple[str, Spans]], rows: Sequence[Any], wanted: Sequence[Spans]) -> Figures:
    """Intent accuracy, span F1, and sentences right in both."""
    labels = [row["intent"] for row in rows]
    whole = sum(
        label == other and spans == right for (label, spans), other, right in zip(found, labels, wanted, strict=True)
    )
    return {
        "intent": shares([label for label, _ in found], labels),
        "slot_f1": quality([spans for _, spans in found], wanted)["f1"],
        "sentence": wilson(whole, len(rows)),
    }


def snips_baseline(source: Path, plain: Any, listed: Callable[[Sequence[str]], list[Spans]]) -> Figures:
    """The same figures for the two baselines side by side."""
    rows = rows_of(source / "test.jsonl")
    texts, wanted = [row["text"] for row in rows], [spans_of(row) for row in rows]

    def answer(at: int) -> tuple[str, Spans]:
        return str(plain.predict([texts[at]])[0]), listed([texts[at]])[0]

    found = [answer(at) for at in range(len(rows))]
    return snips_figures(found, rows, wanted) | waits(answer, len(rows))


# SGD


def sgd_text(turn: Mapping[str, Any]) -> str:
    """What is read of a turn: the service, which the benchmark tells, what the system said before, and the user."""
    return f"{turn['service'].partition('_')[0]} : {turn['system']} | {turn['text']}"


def sgd_row(turn: Mapping[str, Any]) -> MicroRow:
    """A turn with its spans at their places in `sgd_text`."""
    text = sgd_text(turn)
    shift = len(text) - len(turn["text"])
    spans = tuple(sorted(Span(one["start"] + shift, one["end"] + shift, one["slot"]) for one in turn["spans"]))
    return MicroRow(text=text, intent=turn["active_intent"], domain=turn["service"], spans=spans)


def sgd(source: Path, folder: Path) -> Figures:
    """Active intent and slots, for services that were learned from and for services that were not."""
    turns = rows_of(source / "turns.jsonl")
    schema = {one["service_name"]: one for one in json.loads((source / "schema.json").read_text(encoding="utf-8"))}
    drawn = random.Random(SEED)  # noqa: S311  seeded on purpose
    unseen = set(drawn.sample(sorted(schema), UNSEEN))
    dialogues = sorted({turn["dialogue_id"] for turn in turns if turn["service"] not in unseen})
    drawn.shuffle(dialogues)
    cut = len(dialogues) // 10
    parts = {"select": set(dialogues[:cut]), "test": set(dialogues[cut : 3 * cut]), "train": set(dialogues[3 * cut :])}
    known = {
        name: [turn for turn in turns if turn["dialogue_id"] in inside and turn["service"] not in unseen]
        for name, inside in parts.items()
    }
    rows = MicroRows(train=tuple(map(sgd_row, known["train"])), select=tuple(map(sgd_row, known["select"])))
    run = run_in(folder)
    built = {name: sgd_build(rows, run, encoders) for name, encoders in ENCODERS.items()}
    reader = Unseen(rows, known["select"], schema, run)
    away = [turn for turn in turns if turn["service"] in unseen]
    return {
        **{
            f"seen services, {name}": sgd_figures(known["test"], partial(sgd_seen, *pair))
            for name, pair in built.items()
        },
        "unseen services": {
            **sgd_figures(away, reader.answer),
            "services": sorted(unseen),
            "query": reader.chosen,
        },
        "unseen services, most frequent": sgd_figures(
            away, lambda turn: (most_frequent(schema[turn["service"]]), set())
        ),
        "chosen": {one.id: one.card.chosen for one in chain.from_iterable(built.values())},
    }


def sgd_build(rows: MicroRows, run: MicroRun, encoders: Sequence[str]) -> tuple[BuiltMicro, BuiltMicro]:
    """Intent and slots of services that are learned from."""
    given = {"levels": ["flat"], "encoders": list(encoders)}
    intent = build_micro("intent", "intent", rows, run, parameters=given)
    return intent, build_micro("slots", "slots", rows, run, needs={"intent": intent})


def most_frequent(service: Mapping[str, Any]) -> str:
    """The first intent of a schema, where nothing is known of how often each is asked for."""
    return str(service["intents"][0]["name"])


def sgd_seen(intent: BuiltMicro, slots: BuiltMicro, turn: Mapping[str, Any]) -> tuple[str, Spans]:
    """Intent and spans of a turn of a service that was learned from."""
    text = sgd_text(turn)
    shift = len(text) - len(turn["text"])
    label = intent.model(text).label
    found = slots.model(text, label).slots
    return label, {(one.start - shift, one.end - shift, one.name) for one in found if one.start >= shift}


class Unseen:
    """Reads turns of services of which nothing is known but the schema.

    Whether anything is asked for at all, and where values stand, is learned from other services; which intent and which
    slot it is, is the one whose description is nearest.
    """

    def __init__(self, rows: MicroRows, select: Sequence[Any], schema: Mapping[str, Any], run: MicroRun) -> None:
        self._schema, self._run = schema, run
        given = {"levels": ["flat"], "encoders": ["tfidf"]}
        self._asked = build_micro("asked", "intent", _mapped(rows, _is_asked), run, parameters=given)
        self._places = build_micro("places", "slots", _mapped(rows, _one_slot), run, parameters={"intent": False})
        self._nearest: dict[str, BuiltMicro] = {}
        tried = {name: self._right(select, query) for name, query in QUERIES.items()}
        self.chosen = max(tried, key=lambda name: tried[name])

    def _to(self, about: str, described: Mapping[str, str]) -> BuiltMicro:
        if about not in self._nearest:
            given = {"descriptions": dict(described)}
            self._nearest[about] = build_micro("nearest", "nearest", MicroRows(), self._run, parameters=given)
        return self._nearest[about]

    def _right(self, turns: Sequence[Any], query: Callable[[Any, str], str]) -> float:
        """Share of known spans whose slot is the nearest, on turns of other services."""
        found = [self._slot(turn, one["value"], query) == one["slot"] for turn in turns for one in turn["spans"]]
        return float(np.mean(found)) if found else 0.0

    def _slot(self, turn: Mapping[str, Any], value: str, query: Callable[[Any, str], str]) -> str:
        slots = self._schema[turn["service"]]["slots"]
        described = {one["name"]: f"{_words(one['name'])}: {one['description']}" for one in slots}
        return str(self._to(f"{turn['service']} slots", described).model(query(turn, value)).label)

    def answer(self, turn: Mapping[str, Any]) -> tuple[str, Spans]:
        """Intent and spans of one turn."""
        text = sgd_text(turn)
        shift = len(text) - len(turn["text"])
        label = NONE
        if self._asked.model(text).label != NONE:
            intents = self._schema[turn["service"]]["intents"]
            described = {one["name"]: f"{_words(one['name'])}: {one['description']}" for one in intents}
            label = self._to(f"{turn['service']} intents", described).model(f"{turn['system']} {turn['text']}").label
        found = [one for one in self._places.model(text).slots if one.start >= shift]
        query = QUERIES[self.chosen]
        return label, {(one.start - shift, one.end - shift, self._slot(turn, one.text, query)) for one in found}


QUERIES: dict[str, Callable[[Any, str], str]] = {
    "value": lambda _, value: value,
    "system and value": lambda turn, value: f"{turn['system']} {value}",
    "turn and value": lambda turn, value: f"{turn['text']} {value}",
    "system, turn and value": lambda turn, value: f"{turn['system']} {turn['text']} {value}",
}


def _words(name: str) -> str:
    return "".join(f" {char.lower()}" if char.isupper() else char for char in name).replace("_", " ").strip()


def _mapped(rows: MicroRows, change: Callable[[MicroRow], MicroRow]) -> MicroRows:
    return MicroRows(train=tuple(map(change, rows.train)), select=tuple(map(change, rows.select)))


def _is_asked(row: MicroRow) -> MicroRow:
    """Without the service, which will be another."""
    text = row.text.partition(" : ")[2]
    return msgspec.structs.replace(row, text=f"Service : {text}", intent=NONE if row.intent == NONE else "asked")


def _one_slot(row: MicroRow) -> MicroRow:
    spans = tuple(Span(span.start, span.end, "value") for span in row.spans or ())
    return msgspec.structs.replace(row, spans=spans)


def over_dialogues(turns: Sequence[Any], tops: Sequence[float], bottoms: Sequence[float]) -> tuple[float, ...]:
    """The ratio of two sums, with a 95 % percentile bootstrap over dialogues."""
    _, at = np.unique([turn["dialogue_id"] + turn["service"] for turn in turns], return_inverse=True)
    top, bottom = np.bincount(at, weights=tops), np.bincount(at, weights=bottoms)
    drawn = np.random.default_rng(SEED).integers(0, len(top), size=(RESAMPLES, len(top)))
    ratios = top[drawn].sum(axis=1) / np.maximum(bottom[drawn].sum(axis=1), 1)
    return (float(top.sum() / bottom.sum()), *np.percentile(ratios, [2.5, 97.5]).tolist())


def sgd_figures(turns: Sequence[Any], answer: Callable[[Any], tuple[str, Spans]]) -> Figures:
    """Active intent accuracy, span F1, and milliseconds a turn."""
    found = [answer(turn) for turn in turns]
    wanted = [{(one["start"], one["end"], one["slot"]) for one in turn["spans"]} for turn in turns]
    right = [float(label == turn["active_intent"]) for (label, _), turn in zip(found, turns, strict=True)]
    hits = [2.0 * len(spans & other) for (_, spans), other in zip(found, wanted, strict=True)]
    named = [float(len(spans) + len(other)) for (_, spans), other in zip(found, wanted, strict=True)]
    return {
        "turns": len(turns),
        "intent": over_dialogues(turns, right, [1.0] * len(turns)),
        "slot_f1": over_dialogues(turns, hits, named),
        **waits(lambda at: answer(turns[at]), min(len(turns), SINGLE)),
    }


# CLINC150


def clinc150(source: Path, folder: Path) -> Figures:
    """In-scope accuracy flat and in two levels, and what the detector says of both sides."""
    domains = json.loads((source / "domains.json").read_text(encoding="utf-8"))
    above = {intent: domain for domain, inside in domains.items() for intent in inside}
    train, select, test = (
        [_clinc_row(row) for row in csv.DictReader((source / name).open(encoding="utf-8"))]
        for name in ("train_small.csv", "val.csv", "test.csv")
    )
    rows, run = MicroRows(train=tuple(train), select=tuple(select)), run_in(folder)
    given = {"encoders": ["minilm-int8"], "domains": above}
    found: Figures = {}
    inside = [row for row in test if row.inside]
    for level in ("flat", "two"):
        built = build_micro(level, "intent", rows, run, parameters={**given, "levels": [level]})
        labels = [one.label for one in _in_batches(built, inside)]
        found[f"intent, {level}"] = {"in_scope": shares(labels, [row.intent for row in inside])}
        right = [above[label] == above[row.intent] for label, row in zip(labels, inside, strict=True)]
        found[f"intent, {level}"]["domain"] = wilson(sum(right), len(right))
    scope = build_micro("scope", "scope", rows, run, parameters={"encoders": ["minilm-int8"]})
    said = [one.inside for one in _in_batches(scope, test)]
    rejected = {
        flag: [not one for one, row in zip(said, test, strict=True) if row.inside == flag] for flag in (True, False)
    }
    found["scope"] = {
        "out_of_scope_recall": wilson(sum(rejected[False]), len(rejected[False])),
        "in_scope_rejected": wilson(sum(rejected[True]), len(rejected[True])),
    }
    return found


def _clinc_row(row: Mapping[str, str]) -> MicroRow:
    outside = row["intent"] == "oos"
    return MicroRow(text=row["text"], intent="" if outside else row["intent"], inside=not outside)


def _in_batches(built: BuiltMicro, rows: Sequence[MicroRow]) -> list[Any]:
    model: Any = built.model
    texts = [row.text for row in rows]
    return list(chain.from_iterable(model.many(texts[at : at + 512]) for at in range(0, len(texts), 512)))


def show(found: Mapping[str, Any], depth: int = 0) -> None:
    """One figure a line."""
    for key, value in found.items():
        if isinstance(value, dict) and key != "chosen":
            print(f"{'  ' * depth}{key}:")
            show(value, depth + 1)
        else:
            shown = tuple(round(one, 4) for one in value) if isinstance(value, tuple) else value
            print(f"{'  ' * depth}{key:<22} {shown}")


def main() -> None:
    """Print a block for each data set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--only", default="snips,sgd,clinc150")
    parser.add_argument("--rows", type=int, default=None, help="of SNIPS' train.jsonl; all when left out")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    source = options.data.resolve()
    found: Figures = {}
    with tempfile.TemporaryDirectory() as name:
        measures: dict[str, Callable[[], Figures]] = {
            "snips": lambda: snips(source / "snips", Path(name), options.rows),
            "sgd": lambda: sgd(source / "sgd", Path(name)),
            "clinc150": lambda: clinc150(source / "clinc150", Path(name)),
        }
        for part in options.only.split(","):
            found[part] = measures[part]()
    if options.json:
        print(json.dumps({"measured": found, "published": PUBLISHED}))
    else:
        show(found)
        for model, (intent, f1, sentence) in PUBLISHED.items():
            print(f"{model} (published, other split of SNIPS): intent {intent}, F1 {f1}, sentence {sentence}")


if __name__ == "__main__":
    main()
