"""The values in a text, by an encoder that was trained to label its tokens."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any, Self

import msgspec
import numpy as np
from safetensors.numpy import load_file, save_file

from proveout.errors import BuildFailed
from proveout.families._calibration import Calibrator, fit_calibrator
from proveout.families._convert import bert_to_onnx
from proveout.families._embedders import folder_files
from proveout.families._encoder import OnnxEncoder
from proveout.families._spans import OUTSIDE, tokenise
from proveout.families._weights import PACKAGED, locate, sha256
from proveout.families.distilled._crf import allowed_steps, tag
from proveout.families.distilled._quantise import quantise
from proveout.families.distilled._spanner import FoundSpans, spans_found
from proveout.families.distilled._token_tune import first_pieces, token_labels, tune_tokens
from proveout.families.modular.micro._intent import simplest
from proveout.families.modular.micro._kinds import MicroModel, Parameters, checked_parameters, micro_kind
from proveout.families.modular.micro._slots import annotated, log_odds, slots_of
from proveout.families.modular.micro._types import Slots  # noqa: TC001  callers resolve the annotations
from proveout.task import canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from proveout.families.distilled._token_tune import TokenTuned
    from proveout.families.modular.micro._encoders import Encoders
    from proveout.families.modular.micro._kinds import MicroRun
    from proveout.families.modular.micro._rows import MicroRow, MicroRows

    Array = np.ndarray[Any, Any]

__all__ = ["TunedSlotsKind", "TunedSlotsModel", "TunedSlotsParameters"]

STATE, HEAD = "slots-tuned.json", "slots-tuned.safetensors"
GRAPH = ("model.onnx", "tokenizer.json")


class TunedSlotsParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of kind ``slots-tuned``.

    Attributes:
        encoder: to start from: ``minilm``, or a folder with ``model.safetensors``, ``config.json`` and
            ``tokenizer.json``.
        hashes: of its files, settled when it is built.
    """

    encoder: str = "minilm"
    hashes: dict[str, str] = msgspec.field(default_factory=dict)


class _State(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored besides the graph and the head."""

    labels: tuple[str, ...]
    calibrator: Calibrator
    chosen: dict[str, Any]


class TunedSlotsModel:
    """The values of a text, by a tuned encoder on onnxruntime and a linear layer over the first piece of each token."""

    def __init__(
        self, state: _State, head: Mapping[str, Array], files: Mapping[str, Path], encoder: OnnxEncoder
    ) -> None:
        self._state, self._head, self._files, self._encoder = state, head, files, encoder
        self._allowed = allowed_steps(state.labels)
        size = len(state.labels)
        # The CRF's reading of labels, with the head's log-probabilities as its scores.
        self._reading = {"weights": np.eye(size, dtype=np.float32), "steps": np.zeros((size + 1, size), np.float32)}

    @property
    def chosen(self) -> dict[str, Any]:
        """The encoder it started from, and the precision that was chosen."""
        return self._state.chosen

    def __call__(self, text: str, intent: str = "") -> Slots:
        """The values of one text; the intent is not made use of."""
        del intent
        return self.many([text])[0]

    def many(self, texts: Sequence[str], intents: Sequence[str] = ()) -> list[Slots]:
        """The values of many texts, one after another: an int8 graph scales a text by those beside it."""
        del intents
        calibrator = self._state.calibrator
        return [slots_of(text, one, calibrator) for text, one in zip(texts, self.find(texts), strict=True)]

    def find(self, texts: Sequence[str]) -> list[FoundSpans]:
        """The likeliest spans of each text."""
        tokens = [tokenise(text) for text in texts]
        scores = [self._scores(text, one) for text, one in zip(texts, tokens, strict=True)]
        if not any(tokens):
            return [FoundSpans((), (), 0.0) for _ in texts]
        tagged = tag(np.concatenate(scores), [len(one) for one in tokens], self._reading, self._allowed)
        labels = self._state.labels
        return [
            spans_found(one, [labels[code] for code in found.codes], found.marginals, found.log_p)
            for one, found in zip(tokens, tagged, strict=True)
        ]

    def _scores(self, text: str, tokens: Sequence[Any]) -> Array:
        """Log-probability of each label of each token; what was cut off is outside."""
        scores = np.full((len(tokens), len(self._state.labels)), -30.0, dtype=np.float32)
        scores[:, self._state.labels.index(OUTSIDE)] = 0.0
        if tokens:
            states, offsets = self._encoder.states(text)
            logits = states @ self._head["weights"].T + self._head["bias"]
            log_p = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
            pieces = np.array(first_pieces(tokens, offsets))
            scores[pieces >= 0] = log_p[pieces[pieces >= 0]]
        return scores

    def save(self, folder: Path) -> None:
        """Write the graph, its tokenizer, the head and the rest."""
        for name in GRAPH:
            shutil.copyfile(self._files[name], folder / name)
        save_file({name: np.ascontiguousarray(array) for name, array in self._head.items()}, folder / HEAD)
        (folder / STATE).write_bytes(canonical_json(self._state))

    @classmethod
    def load(cls, folder: Path, encoders: Encoders) -> Self:
        """Read what `save` wrote."""
        files = {name: folder / name for name in GRAPH}
        state = msgspec.json.decode((folder / STATE).read_bytes(), type=_State)
        return cls(state, load_file(folder / HEAD), files, OnnxEncoder.open(files, encoders.cache))


@micro_kind("slots-tuned")
class TunedSlotsKind:
    """An encoder trained on the TrainSplit; int8 where that is as good on the SelectSplit as full precision."""

    name = "slots-tuned"
    model: type[MicroModel] = TunedSlotsModel
    reads = frozenset({"text", "spans"})

    def settled(self, given: dict[str, Any], run: MicroRun) -> dict[str, Any]:
        """Parameters with the hashes of the encoder's files.

        Raises:
            WeightsMissing: the encoder is not on this machine.
        """
        del run
        found = checked_parameters(given, TunedSlotsParameters, self.name)
        hashes = {name: sha256(path) for name, path in sorted(_files(found.encoder).items())}
        return {"encoder": found.encoder, "hashes": hashes}

    def build(
        self, parameters: dict[str, Any], rows: MicroRows, run: MicroRun, needs: Mapping[str, MicroModel]
    ) -> TunedSlotsModel:
        """Train on the TrainSplit, export, choose the precision and calibrate on the SelectSplit.

        Raises:
            BuildFailed: no row has a value.
            ExtraMissing: torch, transformers or onnx is not installed.
        """
        del needs
        asked = checked_parameters(parameters, TunedSlotsParameters, self.name)
        train, held = annotated(rows.train), annotated(rows.select)
        if not any(row.spans for row in train):
            fix = "add rows with the places of their values"
            raise BuildFailed("nothing to learn", why="no row has a value", fix=fix, about=self.name)
        files = _files(asked.encoder)
        pairs = [(row.text, row.spans or ()) for row in train]
        labels = token_labels(pairs)
        tuned = tune_tokens(files, pairs, labels, seed=run.seed, cache=run.cache, progress=run.progress)
        return _exported(tuned, labels, files, held, run)


def _files(name: str) -> dict[str, Path]:
    found = locate(name) if name in PACKAGED else folder_files(name)
    return {
        file: path for file, path in found.items() if file in {"model.safetensors", "config.json", "tokenizer.json"}
    }


def _exported(
    tuned: TokenTuned, labels: tuple[str, ...], files: Mapping[str, Path], held: Sequence[MicroRow], run: MicroRun
) -> TunedSlotsModel:
    """The int8 graph where it has as many held-out rows right as the full one, give or take a standard error."""
    whole, small = tuned.weights.with_suffix(".onnx"), tuned.weights.with_suffix(".int8.onnx")
    bert_to_onnx(tuned.weights, files["config.json"], whole)
    quantise(whole, small)
    state = _State(labels=labels, calibrator=Calibrator(1.0, 0.0), chosen={})
    made, found, right = [], [], []
    for graph in (small, whole):
        both = {"model.onnx": graph, "tokenizer.json": files["tokenizer.json"]}
        model = TunedSlotsModel(state, tuned.head, both, OnnxEncoder.open(both, run.cache))
        spans = model.find([row.text for row in held])
        made.append((both, model))
        found.append(spans)
        right.append(np.array([one.spans == row.spans for one, row in zip(spans, held, strict=True)], dtype=bool))
    best = simplest(right)
    chosen = {
        "tagger": "encoder",
        "precision": ("int8", "float32")[best],
        "tried": {"int8": int(right[0].sum()), "float32": int(right[1].sum()), "of": len(held)},
        "chosen_on": "select",
        "epochs": len(tuned.losses),
    }
    calibrator = fit_calibrator(log_odds(found[best]), right[best])
    said = msgspec.structs.replace(state, calibrator=calibrator, chosen=chosen)
    kept, model = made[best]
    return TunedSlotsModel(said, tuned.head, kept, model._encoder)  # noqa: SLF001  of this module
