"""The label whose description a text is nearest to: for labels that no row has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import msgspec
import numpy as np
from safetensors.numpy import load_file, save_file

from proveout.errors import TaskInvalid
from proveout.families._calibration import Calibrator, fit_calibrator
from proveout.families.modular.micro._kinds import MicroModel, Parameters, checked_parameters, micro_kind
from proveout.families.modular.micro._types import Intent
from proveout.task import canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from proveout.families.modular.micro._encoders import Encoders, SharedEncoder
    from proveout.families.modular.micro._kinds import MicroRun
    from proveout.families.modular.micro._rows import MicroRows

    Array = np.ndarray[Any, Any]

__all__ = ["NearestKind", "NearestModel", "NearestParameters"]

STATE, VECTORS = "nearest.json", "nearest.safetensors"
DIGITS = 4
# How much likelier a label is for each unit of cosine, where no row was there to say.
SLOPE = 20.0


class NearestParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of kind ``nearest``.

    Attributes:
        descriptions: of each label, in words.
        encoder: of texts and descriptions.
    """

    descriptions: dict[str, str]
    encoder: str = "minilm-int8"


class _State(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored besides the vectors."""

    labels: tuple[str, ...]
    calibrator: Calibrator
    chosen: dict[str, Any]


class NearestModel:
    """The label whose description has the largest cosine with the text.

    Attributes:
        labels: that have a description.
    """

    def __init__(self, state: _State, vectors: Array, encoder: SharedEncoder) -> None:
        self._state, self._vectors, self._encoder = state, vectors, encoder
        self.labels = state.labels

    @property
    def chosen(self) -> dict[str, Any]:
        """The encoder, and the rows that its confidence was fitted on."""
        return self._state.chosen

    def __call__(self, text: str) -> Intent:
        """The nearest label of one text."""
        return self.many([text])[0]

    def many(self, texts: Sequence[str]) -> list[Intent]:
        """The nearest label of each text: as one at a time, in less time."""
        if not texts:
            return []
        # Rounded, so that a batch and a single text order labels alike.
        cosines = np.round(np.asarray(self._encoder.embed(texts) @ self._vectors.T), DIGITS)
        sure = self._state.calibrator(_margins(cosines)).tolist()
        best = cosines.argmax(axis=1).tolist()
        return [
            Intent(label=self.labels[at], confidence=round(one, DIGITS)) for at, one in zip(best, sure, strict=True)
        ]

    def save(self, folder: Path) -> None:
        """Write the vectors of the descriptions, and name the encoder."""
        save_file({"vectors": np.ascontiguousarray(self._vectors)}, folder / VECTORS)
        (folder / STATE).write_bytes(canonical_json(self._state))
        self._encoder.save(folder)

    @classmethod
    def load(cls, folder: Path, encoders: Encoders) -> Self:
        """Read what `save` wrote."""
        state = msgspec.json.decode((folder / STATE).read_bytes(), type=_State)
        return cls(state, load_file(folder / VECTORS)["vectors"], encoders.load(folder))


def _margins(cosines: Array) -> Array:
    """How far the nearest label is before the next, in log-odds; shape (n,)."""
    if cosines.shape[1] == 1:
        return np.full(len(cosines), SLOPE)
    ordered = np.sort(cosines, axis=1)
    return np.asarray(SLOPE * (ordered[:, -1] - ordered[:, -2]))


@micro_kind("nearest")
class NearestKind:
    """Learns nothing of the labels but their descriptions; rows on which to choose calibrate its confidence."""

    name = "nearest"
    model: type[MicroModel] = NearestModel
    reads = frozenset({"text", "intent"})

    def settled(self, given: dict[str, Any], run: MicroRun) -> dict[str, Any]:
        """Parameters, checked.

        Raises:
            WeightsMissing: the encoder is not on this machine.
        """
        found = checked_parameters(given, NearestParameters, self.name)
        run.encoders.usable([found.encoder])
        return dict(msgspec.to_builtins(found))

    def build(
        self, parameters: dict[str, Any], rows: MicroRows, run: MicroRun, needs: Mapping[str, MicroModel]
    ) -> NearestModel:
        """Embed the descriptions, and fit the confidence on the SelectSplit.

        Raises:
            TaskInvalid: there is no description.
        """
        del needs
        asked = checked_parameters(parameters, NearestParameters, self.name)
        if not asked.descriptions:
            raise TaskInvalid("no label", why="descriptions is empty", fix="describe each label", about=self.name)
        labels = tuple(sorted(asked.descriptions))
        encoder = run.encoders.fit(asked.encoder, [asked.descriptions[label] for label in labels])
        vectors = _dense(encoder.embed([asked.descriptions[label] for label in labels]))
        held = [row for row in rows.select if row.intent in labels and row.text.strip()]
        chosen = {"encoder": encoder.name, "calibrated_on": "select" if held else "nothing", "rows": len(held)}
        state = _State(labels=labels, calibrator=Calibrator(1.0, 0.0), chosen=chosen)
        model = NearestModel(state, vectors, encoder)
        if not held:
            return model
        cosines = np.round(np.asarray(encoder.embed([row.text for row in held]) @ vectors.T), DIGITS)
        truth = np.array([labels.index(row.intent) for row in held])
        fitted = fit_calibrator(_margins(cosines), cosines.argmax(axis=1) == truth)
        return NearestModel(msgspec.structs.replace(state, calibrator=fitted), vectors, encoder)


def _dense(vectors: Any) -> Array:
    return np.asarray(vectors.toarray() if hasattr(vectors, "toarray") else vectors, dtype=np.float32)
