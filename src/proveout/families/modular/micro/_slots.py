"""The values in a text: a tagger, which may be told the intent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Self

import msgspec
import numpy as np
from safetensors.numpy import load_file, save_file

from proveout.errors import BuildFailed
from proveout.families._calibration import Calibrator, fit_calibrator
from proveout.families.distilled._spanner import REGULARISATION, Spanner, Terms, fit_spanner
from proveout.families.modular.micro._kinds import (
    MicroModel,
    MicroRun,
    Parameters,
    checked_parameters,
    micro_kind,
)
from proveout.families.modular.micro._types import Slot, Slots
from proveout.task import canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from proveout.families._spans import Span
    from proveout.families.distilled._spanner import FoundSpans
    from proveout.families.modular.micro._encoders import Encoders
    from proveout.families.modular.micro._rows import MicroRow, MicroRows

    Array = np.ndarray[Any, Any]

__all__ = ["SlotsKind", "SlotsModel", "SlotsParameters", "annotated", "intents_of", "log_odds", "slots_of"]

STATE, WEIGHTS = "slots.json", "slots.safetensors"
DIGITS = 4


class SlotsParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of kind ``slots``.

    Attributes:
        regularisation: to choose from.
        intent: whether the intent may be made use of; it is, where that has more held-out texts right.
    """

    regularisation: tuple[float, ...] = REGULARISATION
    intent: bool = True


class _State(msgspec.Struct, frozen=True, kw_only=True):
    """What the tagger needs besides its arrays."""

    terms: Terms
    uses_intent: bool
    calibrator: Calibrator
    chosen: dict[str, Any]


class SlotsModel:
    """The values of a text, by a linear-chain CRF."""

    def __init__(self, state: _State, arrays: Mapping[str, Array]) -> None:
        self._state, self._arrays = state, arrays
        self._spanner = Spanner(state.terms, arrays)

    @property
    def chosen(self) -> dict[str, Any]:
        """Regularisation, and whether the intent is made use of."""
        return self._state.chosen

    def __call__(self, text: str, intent: str = "") -> Slots:
        """The values of one text.

        Args:
            text: to find them in.
            intent: of the text; "" where it is not known.
        """
        return self.many([text], [intent])[0]

    def many(self, texts: Sequence[str], intents: Sequence[str] = ()) -> list[Slots]:
        """The values of many texts: as one at a time, in less time."""
        contexts = intents if self._state.uses_intent else ()
        found = self._spanner.find(texts, contexts)
        return [slots_of(text, one, self._state.calibrator) for text, one in zip(texts, found, strict=True)]

    def save(self, folder: Path) -> None:
        """Write arrays and state."""
        save_file({name: np.ascontiguousarray(array) for name, array in self._arrays.items()}, folder / WEIGHTS)
        (folder / STATE).write_bytes(canonical_json(self._state))

    @classmethod
    def load(cls, folder: Path, encoders: Encoders) -> Self:
        """Read what `save` wrote."""
        del encoders
        state = msgspec.json.decode((folder / STATE).read_bytes(), type=_State)
        return cls(state, load_file(folder / WEIGHTS))


def slots_of(text: str, found: FoundSpans, calibrator: Calibrator) -> Slots:
    """Spans as slots, with a calibrated probability that all are right."""
    slots = tuple(
        Slot(
            name=span.field,
            start=span.start,
            end=span.end,
            text=text[span.start : span.end],
            confidence=round(sure, DIGITS),
        )
        for span, sure in zip(found.spans, found.sure, strict=True)
    )
    return Slots(slots=slots, confidence=round(float(calibrator(log_odds([found]))[0]), DIGITS))


def log_odds(found: Sequence[FoundSpans]) -> Array:
    """Of all labels of each text together, shape (n,)."""
    log_p = np.minimum(np.array([one.log_p for one in found], dtype=np.float64), -1e-9)
    return np.asarray(log_p - np.log(-np.expm1(log_p)))


class _Option(NamedTuple):
    """One way to build it, and which held-out rows it has right."""

    terms: Terms
    arrays: dict[str, Any]
    strength: float
    uses_intent: bool
    found: list[FoundSpans]
    right: Any


@micro_kind("slots")
class SlotsKind:
    """Regularisation is chosen on the SelectSplit, and then whether knowing the intent helps.

    With a micro-model for the part ``intent`` among its needs, what that model says of the held-out rows is what the
    tagger is judged with, errors and all; without one, the rows' own intents are.
    """

    name = "slots"
    model: type[MicroModel] = SlotsModel
    reads = frozenset({"text", "intent", "spans"})

    def settled(self, given: dict[str, Any], run: MicroRun) -> dict[str, Any]:
        """Parameters, checked."""
        del run
        return dict(msgspec.to_builtins(checked_parameters(given, SlotsParameters, self.name)))

    def build(
        self, parameters: dict[str, Any], rows: MicroRows, run: MicroRun, needs: Mapping[str, MicroModel]
    ) -> SlotsModel:
        """Fit taggers to the TrainSplit; choose and calibrate on the SelectSplit.

        Raises:
            BuildFailed: no row has a value.
        """
        asked = checked_parameters(parameters, SlotsParameters, self.name)
        train, held = annotated(rows.train), annotated(rows.select)
        if not any(row.spans for row in train):
            fix = "add rows with the places of their values"
            raise BuildFailed("nothing to learn", why="no row has a value", fix=fix, about=self.name)
        options = _options(asked.regularisation, train, held, run, None)
        best = max(options, key=lambda one: int(one.right.sum()))
        if asked.intent and any(row.intent for row in train):
            options += _options((best.strength,), train, held, run, intents_of(held, needs.get("intent")))
            best = max((best, options[-1]), key=lambda one: int(one.right.sum()))
        tried = [
            {"regularisation": one.strength, "intent": one.uses_intent, "right": int(one.right.sum()), "of": len(held)}
            for one in options
        ]
        state = _State(
            terms=best.terms,
            uses_intent=best.uses_intent,
            calibrator=fit_calibrator(log_odds(best.found), best.right),
            chosen={
                "tagger": "crf",
                "regularisation": best.strength,
                "intent": best.uses_intent,
                "tried": tried,
                "chosen_on": "select",
            },
        )
        return SlotsModel(state, best.arrays)


def annotated(rows: Sequence[MicroRow]) -> list[MicroRow]:
    """The rows whose values are known."""
    return [row for row in rows if row.spans is not None and row.text.strip()]


def intents_of(rows: Sequence[MicroRow], model: MicroModel | None) -> list[str]:
    """The intents a tagger will be told: what the model says, or the rows' own where there is none."""
    return [row.intent if model is None else model(row.text).label for row in rows]


def _options(
    strengths: Sequence[float],
    train: Sequence[MicroRow],
    held: Sequence[MicroRow],
    run: MicroRun,
    intents: Sequence[str] | None,
) -> list[_Option]:
    """A tagger for each strength; one that is told the intent where there are ``intents`` of the held-out rows."""
    pairs: list[tuple[str, Sequence[Span]]] = [(row.text, row.spans or ()) for row in train]
    contexts = () if intents is None else [row.intent for row in train]
    fitted = fit_spanner(pairs, strengths, seed=run.seed, progress=run.progress, contexts=contexts)
    made = []
    for strength, arrays in zip(fitted.strengths, fitted.arrays, strict=True):
        found = Spanner(fitted.terms, arrays).find([row.text for row in held], intents or ()) if held else []
        right = np.array([one.spans == row.spans for one, row in zip(found, held, strict=True)], dtype=bool)
        made.append(_Option(fitted.terms, arrays, strength, intents is not None, found, right))
    return made
