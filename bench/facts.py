"""Measure facts read from text on the refund desk. Run: python bench/facts.py [--json].

The demo's examples.csv is learned from (its first four fifths) and chosen on (its last fifth); test.csv is read after
all is built, and measures only. A fact is right when its value is the row's, or it is left unstated where the row
leaves it so; ambiguous when somebody is asked to confirm it; missed when the row states it and the reading does not;
wrong otherwise. A row is clear when nothing in it is ambiguous. This says nothing of reasoning: `decision` is the right
decision by the demo's own reference on the facts as read, of the clear rows. Intervals are Wilson's.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import yaml

from proveout.demo import write_demo
from proveout.demo._facts import Facts
from proveout.demo._reference import decide
from proveout.families.symbolic.facts import (
    FactReader,
    PatternReader,
    ReaderTrust,
    fit_reader,
    measure_trust,
    plain_value,
    read_facts,
    stated_facts,
)
from proveout.families.symbolic.policy import Fact
from proveout.trial import wilson

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KINDS = ("right", "wrong", "ambiguous", "missed")
Row = tuple[str, dict[str, Any], str]
Figures = dict[str, Any]


def facts_of(path: Path) -> list[Fact]:
    """The facts of a policy file."""
    found = []
    for raw in yaml.safe_load(path.read_text(encoding="utf-8"))["facts"]:
        low, high = raw.pop("range", (None, None))
        given = {**raw, "low": low, "high": high, "values": tuple(raw.get("values", ()))}
        found.append(Fact(**given))
    return found


def rows_of(path: Path) -> list[Row]:
    """Text, stated facts and decision of each row."""
    with path.open(encoding="utf-8", newline="") as file:
        return [(row["text"], json.loads(row["facts"]), row["decision"]) for row in csv.DictReader(file)]


def judged(
    readers: Sequence[FactReader], facts: Sequence[Fact], rows: Sequence[Row], trust: ReaderTrust | None
) -> Figures:
    """Each fact of each row, and rows as a whole."""
    counts: dict[str, Counter[str]] = {fact.name: Counter() for fact in facts}
    clear = right = decided = 0
    begun = time.perf_counter()
    readings = [read_facts(readers, text, facts, trust=trust) for text, _, _ in rows]
    took = time.perf_counter() - begun
    for reading, (_, given, decision) in zip(readings, rows, strict=True):
        wanted = stated_facts(facts, given)
        asked = {one.fact for one in reading.ambiguous}
        found = {name: one.value for name, one in reading.facts.items()}
        kinds = {fact.name: _kind(fact, found, wanted, asked) for fact in facts}
        for name, kind in kinds.items():
            counts[name][kind] += 1
        if not asked:
            clear += 1
            right += set(kinds.values()) == {"right"}
            stated = {name: plain_value(value) for name, value in found.items()}
            decided += decide(msgspec.convert(stated, Facts, strict=False)).decision == decision
    return {
        "facts": {name: {kind: one[kind] for kind in KINDS} for name, one in counts.items()},
        "clear": wilson(clear, len(rows)),
        "all_right_of_clear": wilson(right, clear),
        "decision_of_clear": wilson(decided, clear),
        "all_right_of_all": wilson(right, len(rows)),
        "ms_per_text": 1000 * took / len(rows),
    }


def _kind(fact: Fact, found: Mapping[str, Any], wanted: Mapping[str, Any], asked: set[str]) -> str:
    if fact.name in asked:
        return "ambiguous"
    if found.get(fact.name, fact.default) == wanted.get(fact.name, fact.default):
        return "right"
    return "wrong" if fact.name in found else "missed"


def labelled(rows: Sequence[Row]) -> list[tuple[str, dict[str, Any]]]:
    """Texts with their facts."""
    return [(text, given) for text, given, _ in rows]


def measure(folder: Path) -> dict[str, Figures]:
    """Build all readers, then read the test rows."""
    facts = facts_of(folder / "policy.yaml")
    rows = rows_of(folder / "data" / "examples.csv")
    train, select = rows[: len(rows) * 4 // 5], rows[len(rows) * 4 // 5 :]
    file = Path(__file__).parents[1] / "src" / "proveout" / "demo" / "desk" / "facts.yaml"
    patterns = PatternReader(file.read_bytes(), facts)
    begun = time.perf_counter()
    learned = fit_reader(facts, labelled(train), labelled(select))
    took = time.perf_counter() - begun
    held = [(text, stated_facts(facts, given)) for text, given, _ in select]
    trust = measure_trust([patterns, learned], held, facts)
    tested = rows_of(folder / "data" / "test.csv")
    return {
        "patterns": judged([patterns], facts, tested, None),
        "learned": {**judged([learned], facts, tested, None), "fit_seconds": took, "chosen": learned.chosen},
        "both": {**judged([patterns, learned], facts, tested, trust), "level": trust.level},
    }


def show(found: dict[str, Figures]) -> None:
    """A block for each set of readers."""
    for name, figures in found.items():
        print(f"{name}:")
        for key, value in figures.items():
            if key == "facts":
                print(f"  {'fact':<22}" + "".join(f"{kind:>11}" for kind in KINDS))
                for fact, counts in value.items():
                    print(f"  {fact:<22}" + "".join(f"{counts[kind]:>11}" for kind in KINDS))
            else:
                print(f"  {key:<22} {tuple(round(one, 4) for one in value) if isinstance(value, tuple) else value}")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write_demo(Path(folder) / "desk")
        found = measure(Path(folder) / "desk")
    if options.json:
        print(json.dumps(found))
    else:
        show(found)


if __name__ == "__main__":
    main()
