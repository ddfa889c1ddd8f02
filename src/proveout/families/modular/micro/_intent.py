"""What a text asks for: an encoder and a linear head, flat or in two levels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self

import msgspec
import numpy as np
from safetensors.numpy import load_file, save_file

from proveout.errors import BuildFailed
from proveout.families._calibration import Calibrator, fit_calibrator
from proveout.families._conformal import Conformal, fit_conformal
from proveout.families.modular.micro._kinds import (
    MicroModel,
    MicroRun,
    Parameters,
    checked_parameters,
    micro_kind,
)
from proveout.families.modular.micro._levels import clustered, fit_flat, fit_two_levels, level_log_probabilities
from proveout.families.modular.micro._types import Intent
from proveout.task import canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from proveout.families.modular.micro._encoders import Encoders, SharedEncoder
    from proveout.families.modular.micro._rows import MicroRow, MicroRows

    Array = np.ndarray[Any, Any]

__all__ = ["IntentKind", "IntentModel", "IntentParameters", "simplest"]

STATE, HEAD = "intent.json", "intent.safetensors"
DIGITS = 4
Level = Literal["flat", "two"]


class IntentParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of kind ``intent``.

    Attributes:
        encoders: to choose from, cheapest first; those that are not installed are left out.
        levels: to choose from: ``flat``, or ``two``: a domain, then an intent within it.
        domains: of each intent; left out, the rows' domains, and where rows have none, groups of like intents.
    """

    encoders: tuple[str, ...] = ("tfidf", "minilm-int8")
    levels: tuple[Level, ...] = ("flat", "two")
    domains: dict[str, str] = msgspec.field(default_factory=dict)


class _State(msgspec.Struct, frozen=True, kw_only=True):
    """What the head needs besides its arrays."""

    labels: tuple[str, ...]
    domains: dict[str, str]
    calibrator: Calibrator
    conformal: Conformal
    chosen: dict[str, Any]


class IntentModel:
    """The likeliest intent of a text.

    Attributes:
        labels: the intents it knows.
    """

    def __init__(self, state: _State, arrays: Mapping[str, Array], encoder: SharedEncoder) -> None:
        self._state, self._arrays, self._encoder = state, arrays, encoder
        self.labels = state.labels

    @property
    def chosen(self) -> dict[str, Any]:
        """Encoder, levels and what they were chosen from."""
        return self._state.chosen

    def __call__(self, text: str) -> Intent:
        """The intent of one text."""
        return self.many([text])[0]

    def many(self, texts: Sequence[str]) -> list[Intent]:
        """The intents of many texts: those of one at a time, in less time."""
        if not texts:
            return []
        log_p = level_log_probabilities(self._encoder.embed(texts), self._arrays)
        confidence = self._state.calibrator(_log_odds(log_p.max(axis=1)))
        best, sets = log_p.argmax(axis=1).tolist(), self._state.conformal.sets(log_p)
        return [self._made(*one) for one in zip(best, confidence.tolist(), sets, strict=True)]

    def _made(self, best: int, confidence: float, codes: Array) -> Intent:
        label = self.labels[best]
        likely = tuple(self.labels[code] for code in codes) if len(codes) > 1 else ()
        domain = self._state.domains.get(label, "")
        return Intent(label=label, confidence=round(confidence, DIGITS), domain=domain, alternatives=likely)

    def save(self, folder: Path) -> None:
        """Write arrays, state and the encoder's files."""
        save_file({name: np.ascontiguousarray(array) for name, array in self._arrays.items()}, folder / HEAD)
        (folder / STATE).write_bytes(canonical_json(self._state))
        self._encoder.save(folder)

    @classmethod
    def load(cls, folder: Path, encoders: Encoders) -> Self:
        """Read what `save` wrote."""
        state = msgspec.json.decode((folder / STATE).read_bytes(), type=_State)
        return cls(state, load_file(folder / HEAD), encoders.load(folder))


class _Option(NamedTuple):
    """One way to build it, and which held-out rows it has right."""

    encoder: SharedEncoder
    level: Level
    domains: dict[str, str]
    arrays: dict[str, Any]
    log_p: Any
    right: Any


@micro_kind("intent")
class IntentKind:
    """Encoder, levels and regularisation are chosen on the SelectSplit, the simplest that is as good as the best."""

    name = "intent"
    model: type[MicroModel] = IntentModel
    reads = frozenset({"text", "intent", "domain", "inside"})

    def settled(self, given: dict[str, Any], run: MicroRun) -> dict[str, Any]:
        """Parameters with the encoders that are there."""
        found = checked_parameters(given, IntentParameters, self.name)
        usable = run.encoders.usable(found.encoders)
        return dict(msgspec.to_builtins(msgspec.structs.replace(found, encoders=usable)))

    def build(
        self, parameters: dict[str, Any], rows: MicroRows, run: MicroRun, needs: Mapping[str, MicroModel]
    ) -> IntentModel:
        """Fit each option on the TrainSplit, and choose and calibrate on the SelectSplit.

        Raises:
            BuildFailed: there are fewer than two intents.
        """
        del needs
        asked = checked_parameters(parameters, IntentParameters, self.name)
        train, held = _labelled(rows.train), _labelled(rows.select)
        labels = tuple(sorted({row.intent for row in train}))
        if len(labels) < 2:  # noqa: PLR2004  one label needs no model
            why = f"the rows to learn from hold {len(labels)} different intents"
            raise BuildFailed("nothing to learn", why=why, fix="add labelled rows", about=self.name)
        options = [one for name in asked.encoders for one in _options(name, asked, (train, held), run)]
        best = options[simplest([one.right for one in options])]
        truth = np.array([labels.index(row.intent) if row.intent in labels else -1 for row in held], dtype=int)
        tried = [
            {"encoder": one.encoder.name, "levels": one.level, "right": int(one.right.sum()), "of": len(held)}
            for one in options
        ]
        state = _State(
            labels=labels,
            domains=best.domains,
            calibrator=fit_calibrator(_log_odds(best.log_p.max(axis=1, initial=-1e9)), best.right),
            conformal=fit_conformal(best.log_p, truth),
            chosen={"encoder": best.encoder.name, "levels": best.level, "tried": tried, "chosen_on": "select"},
        )
        return IntentModel(state, best.arrays, best.encoder)


def _labelled(rows: Sequence[MicroRow]) -> list[MicroRow]:
    return [row for row in rows if row.inside and row.intent and row.text.strip()]


def _options(
    name: str, asked: IntentParameters, rows: tuple[list[MicroRow], list[MicroRow]], run: MicroRun
) -> list[_Option]:
    """A head of each level on one encoder."""
    texts, names = ([[getattr(row, field) for row in part] for part in rows] for field in ("text", "intent"))
    encoder = run.encoders.fit(name, texts[0])
    vectors, held = (encoder.embed_rows(part, run.cache, run.progress) for part in texts)
    learned, chosen_on = (vectors, names[0]), (_no_rows(vectors) if not names[1] else held, names[1])
    labels = sorted(set(names[0]))
    domains = _domains(asked, rows[0], labels) or clustered(learned, labels)
    found = []
    for level in asked.levels:
        if level == "two" and len(set(domains.values())) > 1:
            arrays = fit_two_levels(learned, chosen_on, domains, run.progress)
        elif level == "flat":
            arrays = fit_flat(learned, chosen_on, labels, run.progress)
        else:
            continue
        log_p = level_log_probabilities(chosen_on[0], arrays)
        right = np.array([labels[at] == name for at, name in zip(log_p.argmax(axis=1), names[1], strict=True)], bool)
        # Groups that were found say nothing to a reader; domains that were given do.
        said = domains if level == "two" or _domains(asked, rows[0], labels) else {}
        found.append(_Option(encoder, level, said, arrays, log_p, right))
    return found


def _no_rows(vectors: Any) -> Any:
    return vectors[:0]


def _domains(asked: IntentParameters, rows: Sequence[MicroRow], labels: Sequence[str]) -> dict[str, str]:
    """Of each label, as they are given; none where one label has none."""
    found = {row.intent: row.domain for row in rows if row.domain} | asked.domains
    return {label: found[label] for label in labels} if all(label in found for label in labels) else {}


def simplest(right: Sequence[Array]) -> int:
    """The first option whose accuracy is within one standard error of the best (Breiman et al. 1984, the 1-SE rule).

    Args:
        right: for each option, simplest first, whether it has each row right, shape (n,).

    Example:
        >>> simplest([np.array([True] * 95 + [False] * 5), np.array([True] * 96 + [False] * 4)])
        0
        >>> simplest([np.array([True] * 80 + [False] * 20), np.array([True] * 96 + [False] * 4)])
        1
    """
    shares = [float(one.mean()) if len(one) else 0.0 for one in right]
    best = max(shares)
    error = (best * (1 - best) / max(len(right[0]), 1)) ** 0.5
    return next(at for at, share in enumerate(shares) if share >= best - error)


def _log_odds(log_p: Array) -> Array:
    least = np.minimum(log_p, -1e-9)
    return np.asarray(least - np.log(-np.expm1(least)))
