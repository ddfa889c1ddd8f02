"""Measure pruning of a tuned encoder as a size-quality curve on CLINC150.

Run: python bench/prune.py --data DIR --encoder FOLDER [--weights FILE] [--per-label N] [--json] [--plot FILE].

DIR holds train.csv, val.csv and test.csv; FOLDER a BERT-like encoder (model.safetensors, config.json,
tokenizer.json); FILE its tuned weights, when they lie elsewhere. Each pruned encoder is quantised to int8 and gets a
head of its own, fitted to rows of the TrainSplit; everything is measured on the SelectSplit, since a size is chosen by
it. Test rows are not read. The encoder must have been tuned on the TrainSplit of the same files, test.csv included:
without a file of test rows the splits are others, and the SelectSplit would hold rows it was tuned on.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
import zlib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from proveout import data, loop
from proveout.families._embedders import folder_files
from proveout.families._labels import labelled
from proveout.families.distilled._head import fit_head, log_probabilities
from proveout.families.distilled._prune import (
    Encoder,
    drop_layers,
    drop_words,
    read_encoder,
    thin,
    tokens_of,
    write_encoder,
)
from proveout.families.distilled._quantise import export
from proveout.trial import wilson
from proveout.trial._plots import Dot, pareto_plot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from proveout.families._labels import Labelled

STRENGTH = 10.0
WARM_UP, SINGLE = 10, 150
STYLE = (
    "<style>svg{font:12px sans-serif}line,path{fill:none;stroke:#94a3b8}.grid{stroke:#e2e8f0}"
    ".dot{fill:#0f766e}.whisker{stroke:#0f766e}.frontier{stroke:#0f766e;stroke-dasharray:4 3}</style>"
)
Figures = dict[str, Any]


def variants(encoder: Encoder, seen: set[int]) -> dict[str, Callable[[], Encoder]]:
    """Every pruning by its name, from the whole encoder on."""
    layers = encoder.config["num_hidden_layers"]
    found: dict[str, Callable[[], Encoder]] = {
        "whole": partial(drop_layers, encoder, range(layers)),
        "task's tokens": partial(drop_words, encoder, seen),
    }
    for count in (layers - 1, layers - 2, layers // 2):
        fewer = drop_layers(encoder, range(count))
        found[f"task's tokens, first {count} layers"] = partial(drop_words, fewer, seen)
    for count in range(layers - 1, 0, -1):
        found[f"first {count} layers"] = partial(drop_layers, encoder, range(count))
    found["every other layer"] = partial(drop_layers, encoder, range(1, layers, 2))
    for share in (0.2, 0.4, 0.5, 0.6, 0.7):
        found[f"{share:.0%} of weights zero"] = partial(thin, encoder, share)
    return found


def few(rows: Labelled, per_label: int) -> tuple[list[str], list[str]]:
    """The first rows of each label."""
    left: dict[str, int] = dict.fromkeys(rows.labels, per_label)
    texts, labels = [], []
    for text, label in zip(rows.texts, rows.labels, strict=True):
        if left[label]:
            left[label] -= 1
            texts.append(text)
            labels.append(label)
    return texts, labels


def measure(encoder: Encoder, rows: tuple[list[str], list[str]], held: Labelled, folder: Path) -> Figures:
    """Bytes, accuracy on held-out rows, and processor time of one text on one thread."""
    files = write_encoder(encoder, folder)
    embedder, precision = export("pruned", files["model.safetensors"], files, held.texts, folder)
    head = fit_head(embedder.embed(rows[0]), rows[1], STRENGTH)
    guess = log_probabilities(embedder.embed(held.texts), head).argmax(axis=1)
    names = sorted(set(rows[1]))
    right = sum(names[code] == label for code, label in zip(guess, held.labels, strict=True))
    graph = folder / ("model.int8.onnx" if precision["value"] == "int8" else "model.onnx")
    content = graph.read_bytes()
    return {
        "bytes": len(content),
        "compressed": len(zlib.compress(content, 6)),
        "accuracy": wilson(right, len(held.texts)),
        "p50_ms": p50(embedder.embed, held.texts),
        "precision": precision["value"],
        "cosine_to_float32": precision["cosine"],
    }


def p50(embed: Callable[[Sequence[str]], Any], texts: Sequence[str]) -> float:
    """Milliseconds of processor time, so that whoever shares the machine does not count."""
    waits = []
    for text in texts[: WARM_UP + SINGLE]:
        begun = time.process_time()
        embed([text])
        waits.append((time.process_time() - begun) * 1000)
    return float(np.median(waits[WARM_UP:]))


def splits(folder: Path, source: Path) -> tuple[Labelled, Labelled]:
    """In-scope rows of the TrainSplit and the SelectSplit."""
    examples, test = [source / "train.csv", source / "val.csv"], [source / "test.csv"]
    options: dict[str, Any] = {"kind": "classify", "inputs": ["text"], "outputs": ["intent"], "out_of_scope": "oos"}
    loop.new(folder, examples=examples, test=test, **options)
    with loop.opened(folder) as here:
        snapshot = data.take_snapshot(here.workspace, here.task, here.ledger)
        return labelled(here.task, snapshot.train().examples), labelled(here.task, snapshot.select().examples)


def curve(files: Mapping[str, Path], source: Path, per_label: int) -> dict[str, Figures]:
    """Each pruning's figures, printed as they come."""
    found: dict[str, Figures] = {}
    with tempfile.TemporaryDirectory() as place:
        rows, held = splits(Path(place) / "desk", source)
        taught = few(rows, per_label)
        for number, (name, prune) in enumerate(variants(read_encoder(files), tokens_of(files, rows.texts)).items()):
            found[name] = measure(prune(), taught, held, Path(place) / str(number))
            show(name, found[name])
    return found


def show(name: str, figures: Figures) -> None:
    """One row of the table."""
    value, low, high = figures["accuracy"]
    cells = [f"{figures['bytes'] / 1e6:.1f}", f"{figures['compressed'] / 1e6:.1f}", f"{value:.1%}"]
    cells += [f"{low:.1%}-{high:.1%}", f"{figures['p50_ms']:.2f}", figures["precision"]]
    print(f"{name:<34}" + "".join(f"{cell:>16}" for cell in cells), flush=True)


def plot(found: Mapping[str, Figures]) -> str:
    """Accuracy with intervals over size."""
    accuracies = {name: one["accuracy"] for name, one in found.items()}
    dots = [
        Dot(name, found[name]["bytes"] / 1e6, value, low, high, 0) for name, (value, low, high) in accuracies.items()
    ]
    drawn = str(pareto_plot(dots, title="Size and quality", axes=("MB", "accuracy"), unit=""))
    drawn = drawn.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    return drawn.replace("<title>", STYLE + "<title>", 1)


def main() -> None:
    """Print a row for each pruning."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--encoder", required=True)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--per-label", type=int, default=40)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    files = folder_files(options.encoder) | ({"model.safetensors": options.weights} if options.weights else {})
    columns = ("MB", "MB compressed", "accuracy", "95 % interval", "p50 CPU ms", "precision")
    print(" " * 34 + "".join(f"{column:>16}" for column in columns))
    found = curve(files, options.data.resolve(), options.per_label)
    if options.json:
        print(json.dumps(found))
    if options.plot:
        options.plot.write_text(plot(found), encoding="utf-8")


if __name__ == "__main__":
    main()
