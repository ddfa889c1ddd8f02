"""Whether a text is one that the other models were made for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import msgspec
import numpy as np
from safetensors.numpy import load_file, save_file

from proveout.errors import BuildFailed
from proveout.families._calibration import ALLOWED_LOSS, NEVER, rejection_threshold
from proveout.families.distilled._head import best_head, judge
from proveout.families.modular.micro._kinds import (
    MicroModel,
    MicroRun,
    Parameters,
    checked_parameters,
    micro_kind,
)
from proveout.families.modular.micro._types import Scope
from proveout.task import canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from proveout.families.modular.micro._encoders import Encoders, SharedEncoder
    from proveout.families.modular.micro._rows import MicroRow, MicroRows

    Array = np.ndarray[Any, Any]

__all__ = ["ScopeKind", "ScopeModel", "ScopeParameters"]

STATE, HEAD = "scope.json", "scope.safetensors"
DIGITS = 4


class ScopeParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of kind ``scope``.

    Attributes:
        encoders: to choose from, cheapest first; those that are not installed are left out.
    """

    encoders: tuple[str, ...] = ("tfidf", "minilm-int8")


class _State(msgspec.Struct, frozen=True, kw_only=True):
    """Threshold, and what was chosen."""

    threshold: float
    chosen: dict[str, Any]


class ScopeModel:
    """Scores a text by the best label's log-probability and the nearest label's mean, and holds it to a threshold."""

    def __init__(self, state: _State, arrays: Mapping[str, Array], encoder: SharedEncoder) -> None:
        self._state, self._arrays, self._encoder = state, arrays, encoder

    @property
    def chosen(self) -> dict[str, Any]:
        """Encoder, threshold and the rows they were chosen on."""
        return self._state.chosen

    def __call__(self, text: str) -> Scope:
        """Whether one text is inside."""
        return self.many([text])[0]

    def many(self, texts: Sequence[str]) -> list[Scope]:
        """Whether each text is inside: as one at a time, in less time."""
        if not texts:
            return []
        over = judge(self._encoder.embed(texts), self._arrays)[2] - self._state.threshold
        # Rounded before it is judged, because a batch and a single text may differ in the last bits.
        return [Scope(inside=score >= 0, score=score) for score in np.round(over, DIGITS).tolist()]

    def save(self, folder: Path) -> None:
        """Write arrays, threshold and the encoder's files."""
        save_file({name: np.ascontiguousarray(array) for name, array in self._arrays.items()}, folder / HEAD)
        (folder / STATE).write_bytes(canonical_json(self._state))
        self._encoder.save(folder)

    @classmethod
    def load(cls, folder: Path, encoders: Encoders) -> Self:
        """Read what `save` wrote."""
        state = msgspec.json.decode((folder / STATE).read_bytes(), type=_State)
        return cls(state, load_file(folder / HEAD), encoders.load(folder))


@micro_kind("scope")
class ScopeKind:
    """Of the encoders, the one whose threshold finds most out-of-scope rows; the first of equals."""

    name = "scope"
    model: type[MicroModel] = ScopeModel
    reads = frozenset({"text", "intent", "inside"})

    def settled(self, given: dict[str, Any], run: MicroRun) -> dict[str, Any]:
        """Parameters with the encoders that are there."""
        found = checked_parameters(given, ScopeParameters, self.name)
        return dict(msgspec.to_builtins(ScopeParameters(encoders=run.encoders.usable(found.encoders))))

    def build(
        self, parameters: dict[str, Any], rows: MicroRows, run: MicroRun, needs: Mapping[str, MicroModel]
    ) -> ScopeModel:
        """Fit to the in-scope rows; place the threshold on the SelectSplit and the out-of-scope rows of the TrainSplit.

        Raises:
            BuildFailed: there are fewer than two intents.
        """
        del needs
        asked = checked_parameters(parameters, ScopeParameters, self.name)
        if len({row.intent for row in _inside(rows.train)}) < 2:  # noqa: PLR2004  nothing to tell apart
            fix = "add rows with an intent"
            raise BuildFailed("nothing to learn", why="rows have fewer than two intents", fix=fix, about=self.name)
        made = [_fitted(name, rows, run) for name in asked.encoders]
        return max(made, key=lambda one: one[0])[1]


def _inside(rows: Sequence[MicroRow]) -> list[MicroRow]:
    return [row for row in rows if row.inside and row.intent and row.text.strip()]


def _fitted(name: str, rows: MicroRows, run: MicroRun) -> tuple[float, ScopeModel]:
    """Recall of out-of-scope rows, and the model on one encoder."""
    train, held = _inside(rows.train), _inside(rows.select)
    encoder = run.encoders.fit(name, [row.text for row in train])

    def vectors(texts: Sequence[str]) -> Any:
        return encoder.embed_rows(texts, run.cache, run.progress)

    labels = sorted({row.intent for row in train})
    inner = vectors([row.text for row in train])
    known = vectors([row.text for row in held]) if held else inner[:0]
    _, arrays = best_head(
        (inner, [row.intent for row in train]), (known, [row.intent for row in held]), labels, run.progress
    )
    away = [row.text for row in (*rows.train, *rows.select) if not row.inside and row.text.strip()]
    outside = judge(vectors(away), arrays)[2] if away else np.zeros(0)
    guess, _, scores = judge(known, arrays)
    right = np.array([labels[at] == row.intent for at, row in zip(guess, held, strict=True)], dtype=bool)
    threshold = rejection_threshold(scores, right, outside) if away else _lowest(scores)
    recall = float(np.mean(outside < threshold)) if away else 0.0
    chosen = {
        "encoder": encoder.name,
        "threshold": threshold,
        "recall": round(recall, DIGITS),
        "out_of_scope_rows": len(away),
        "chosen_on": "select and the out-of-scope rows of train" if away else "select, whose rows are all in scope",
    }
    return recall, ScopeModel(_State(threshold=threshold, chosen=chosen), arrays, encoder)


def _lowest(scores: Array) -> float:
    """The score below which a hundredth of the in-scope rows are: with no row outside, nothing else can be said."""
    return float(np.quantile(scores, ALLOWED_LOSS, method="lower")) if len(scores) else NEVER
