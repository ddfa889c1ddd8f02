"""distilled and its variants: small students of the labels, or of the incumbent's answers where there are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from proveout.families._embedders import fit_embedder, folder_files
from proveout.families._fields import fits_fields
from proveout.families._labels import fits_labels, labelled, require_labels
from proveout.families._protocol import BuildRun, Candidate, Fit, Loads, family
from proveout.families._vectors import embed_all
from proveout.families._weights import locate
from proveout.families.distilled._edge import augmented, train_table, vocabulary
from proveout.families.distilled._head import best_head, best_scale, log_probabilities
from proveout.families.distilled._quantise import export
from proveout.families.distilled._static import StaticEmbedder
from proveout.families.distilled._student import DistilledCandidate, Encoding, fit_student
from proveout.families.distilled._tagger import TaggerCandidate, build_tagger
from proveout.families.distilled._torch import libraries
from proveout.families.distilled._tune import adapt, tune

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from proveout.data import SelectSplit, TrainSplit
    from proveout.families._embedders import Embedder
    from proveout.families._labels import Labelled
    from proveout.task import Task

    MakeEncoder = Callable[[Labelled, Labelled, BuildRun], Encoding]

__all__ = ["DistilledFamily"]

# The variant that needs nothing but what every installation has.
PLAIN = "distilled"
# Encoders whose trainable weights are the packaged full-precision MiniLM.
PACKAGED = {"auto", "minilm", "minilm-int8"}


class AnyStudent:
    """Loads whichever was saved."""

    @classmethod
    def load(cls, folder: Path, cache: Path) -> Candidate:
        """Read a `TaggerCandidate` or a `DistilledCandidate`."""
        kind: type[Loads] = TaggerCandidate if TaggerCandidate.is_in(folder) else DistilledCandidate
        return kind.load(folder, cache)


class DistilledFamily:
    """An encoder and a linear head; for kind ``extract``, a tagger.

    Args:
        name: of the variant.
        encoder: makes the encoder from the rows of TrainSplit and SelectSplit, and says what the card shall say of it.
    """

    candidate = AnyStudent

    def __init__(self, name: str, encoder: MakeEncoder) -> None:
        self.name = name
        self._encoder = encoder

    def fits(self, task: Task) -> Fit:
        """Kinds ``classify`` and ``decide``; ``extract``, where its fields are texts, numbers or closed sets."""
        if task.kind != "extract":
            return fits_labels(task)
        if self.name != PLAIN:
            return Fit(ok=False, reason=f"its encoder gives one vector a text, and only {PLAIN} has a tagger")
        return fits_fields(task)

    def build(self, task: Task, train: TrainSplit, select: SelectSplit, run: BuildRun) -> Candidate:
        """Fit models of several regularisations; choose and calibrate on ``select``.

        Raises:
            BuildFailed: the TrainSplit holds fewer than two labels, or no value of a field.
            ExtraMissing: the variant needs a library that is not installed.
        """
        if task.kind == "extract":
            return build_tagger(self.name, task, train, select, run)
        rows, held = labelled(task, train.examples), labelled(task, select.examples)
        require_labels(rows, self.name)
        return fit_student(self.name, task, rows, held, self._encoder(rows, held, run), run)


def _frozen(rows: Labelled, held: Labelled, run: BuildRun) -> Encoding:
    """The pretrained encoder as it is."""
    del held
    return Encoding(embedder=fit_embedder(run.embedder, rows.texts, run.cache))


def _tuned(rows: Labelled, held: Labelled, run: BuildRun) -> Encoding:
    """The encoder trained on the labels, from a head fitted on the frozen one."""
    files = _trainable(run.embedder)
    frozen = _untrained(run)
    labels = sorted(set(rows.labels))
    known = [at for at, label in enumerate(held.labels) if label in set(labels)]
    texts, kept = [held.texts[at] for at in known], [held.labels[at] for at in known]
    vectors, held_vectors = (embed_all(frozen, part, run.cache, run.progress) for part in (rows.texts, texts))
    strength, start = best_head((vectors, rows.labels), (held_vectors, kept), labels, run.progress)
    codes, held_codes = (np.array([labels.index(one) for one in part], dtype=int) for part in (rows.labels, kept))
    found = tune(
        files,
        (rows.texts, codes),
        (texts, held_codes),
        start,
        seed=run.seed,
        cache=run.cache,
        progress=run.progress,
    )
    encoder, precision = export("minilm-tuned", found.weights, files, held.texts, run.cache)
    trained = {"value": found.share, "epochs": len(found.history), "chosen_on": "select"}
    said = {"trained_share": trained, "precision": precision}
    return Encoding(embedder=encoder, said=said, head=found.head, unseen=(vectors, strength))


def _adapted(rows: Labelled, held: Labelled, run: BuildRun) -> Encoding:
    """The encoder adapted to the traffic without labels."""
    files = _trainable(run.embedder)
    texts = sorted({*rows.texts, *rows.outside})
    found = adapt(files, texts, seed=run.seed, cache=run.cache, progress=run.progress)
    encoder, precision = export("minilm-adapted", found.weights, files, held.texts, run.cache)
    said = {"adapted_to": {"value": len(texts), "chosen_on": "train"}, "precision": precision}
    return Encoding(embedder=encoder, said=said)


def _edge(rows: Labelled, held: Labelled, run: BuildRun) -> Encoding:
    """A static table that imitates the tuned encoder on the rows and on texts made of their parts."""
    teacher = _tuned(rows, held, run)
    labels = sorted(set(rows.labels))
    truth = np.array([labels.index(label) if label in labels else -1 for label in held.labels], dtype=int)
    held_vectors = embed_all(teacher.embedder, held.texts, run.cache, run.progress)
    _, scale, head = best_scale(teacher.head, held_vectors, truth)
    texts = [*rows.texts, *augmented(rows.texts, rows.labels, np.random.default_rng(run.seed))]
    vectors = embed_all(teacher.embedder, texts, run.cache, run.progress)
    counted = vocabulary(rows.texts)
    seen = [term for kind, term in counted if kind == "word"]
    table = train_table(
        libraries()[0],
        texts,
        np.exp(log_probabilities(vectors, head)).astype(np.float32),
        counted,
        embed_all(_untrained(run), seen, run.cache, run.progress),
        seed=run.seed,
        progress=run.progress,
    )
    learned = {"value": "distilled-tuned", "scale": scale, "made_texts": len(texts) - len(rows.texts)}
    return Encoding(embedder=StaticEmbedder.of(table), said={"imitates": learned}, unseen=teacher.unseen)


def _trainable(name: str) -> Mapping[str, Path]:
    return locate("minilm") if name in PACKAGED else folder_files(name)


def _untrained(run: BuildRun) -> Embedder:
    """The encoder that `_trainable` names, as it is."""
    return fit_embedder("minilm" if run.embedder in PACKAGED else run.embedder, (), run.cache)


VARIANTS: dict[str, MakeEncoder] = {
    PLAIN: _frozen,
    "distilled-tuned": _tuned,
    "distilled-adapted": _adapted,
    "distilled-edge": _edge,
}


def _maker(name: str) -> Callable[[], DistilledFamily]:
    return lambda: DistilledFamily(name, VARIANTS[name])


for _name in VARIANTS:
    family(_name)(_maker(_name))
