"""Training the encoder on the task: supervised from a fitted head, or self-supervised on unlabelled traffic."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from proveout.families._weights import sha256
from proveout.families.distilled._head import best_scale, log_probabilities
from proveout.families.distilled._torch import FILES, Trainable, batches, seeded
from proveout.store import write_atomic
from proveout.task import content_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Array = np.ndarray[Any, Any]
    Progress = Callable[[str, int, int], None]

__all__ = ["Pace", "Tuned", "adapt", "tune"]

LEAST_EPOCHS, MOST_EPOCHS = 4, 16
# Rows seen over all epochs, where the number of epochs allows.
ROWS_SEEN = 60_000
SMOOTHING = 0.1
TEMPERATURE = 0.05
WEIGHT_DECAY = 0.01
# Of the trained weights, in the average with the untrained ones; with nothing to choose on, the first.
SHARES = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5)


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How fast training goes; found on the SelectSplit of CLINC150.

    Attributes:
        encoder: learning rate of the encoder.
        head: learning rate of the head.
        batch: rows a step.
        warm_up: share of the steps over which the rate rises.
    """

    encoder: float = 1e-4
    head: float = 1e-3
    batch: int = 32
    warm_up: float = 0.1


class Tuned(msgspec.Struct, frozen=True, kw_only=True):
    """What training gave.

    Attributes:
        weights: a safetensors file.
        head: ``weights`` (labels, d) and ``bias`` (labels,), trained with the encoder; empty when there was none.
        history: accuracy on the held-out rows after each epoch.
        share: of the trained weights; the rest of each weight is what it was before.
    """

    weights: Path
    head: dict[str, Any] = {}
    history: tuple[float, ...] = ()
    share: float = 1.0


def epochs_for(rows: int) -> int:
    """Epochs for that many rows: few rows are seen more often.

    Example:
        >>> epochs_for(15_000), epochs_for(1_500)
        (4, 16)
    """
    return int(np.clip(ROWS_SEEN // max(rows, 1), LEAST_EPOCHS, MOST_EPOCHS))


def tune(  # noqa: PLR0913  a training has this many parties
    files: Mapping[str, Path],
    rows: tuple[Sequence[str], Array],
    held: tuple[Sequence[str], Array],
    start: Mapping[str, Array],
    *,
    seed: int,
    cache: Path,
    progress: Progress,
    pace: Pace | None = None,
) -> Tuned:
    """Train encoder and head together, the head first fitted on the frozen encoder (Kumar et al. 2022, LP-FT).

    At the end trained and untrained weights are averaged, in the share that is best on held-out rows: this costs
    nothing when serving, and is steadier when traffic shifts (Wortsman et al. 2022, WiSE-FT). After a kill the training
    goes on behind its last whole epoch, and ends with the same weights.

    Args:
        files: ``model.safetensors``, ``config.json`` and ``tokenizer.json``.
        rows: texts and label codes of shape (n,).
        held: the same, to choose the share on.
        start: the fitted head, ``weights`` (labels, d) and ``bias`` (labels,).
        seed: of order and dropout.
        cache: where checkpoints and the weights go.
        progress: called with a stage name, batches done and batches in all.
        pace: rates and batch size.

    Raises:
        ExtraMissing: torch or transformers is not installed.
        WeightsMissing: the encoder has no safetensors weights.
    """
    pace = pace or Pace()
    epochs = epochs_for(len(rows[0]))
    head = {name: array.tolist() for name, array in sorted(start.items())}
    data = [rows[0], rows[1].tolist(), held[0], held[1].tolist(), head]
    key = _key("tune", files, [data, seed, epochs, msgspec.to_builtins(pace)])
    checkpoint = cache / "tuned" / f"{key}.checkpoint"
    training = _Supervised(Trainable(files), rows, held, start, pace)
    training.restore(training.encoder.kept(checkpoint))
    for epoch in range(len(training.history), epochs):
        training.epoch(np.random.default_rng([seed, epoch]), epoch, epochs, progress)
        training.encoder.keep(checkpoint, training.state())
    share, trained = training.average(progress)
    weights = cache / "tuned" / f"{key}.safetensors"
    training.encoder.save(weights)
    return Tuned(weights=weights, head=trained, history=tuple(training.history), share=share)


def _key(kind: str, files: Mapping[str, Path], of: Any) -> str:
    """Names a training by all that its result depends on: the encoder it starts from, the data and the pace."""
    return content_hash([kind, {name: sha256(files[name]) for name in FILES if name in files}, of])[:24]


class _Supervised:
    """Encoder, head and optimiser, epoch by epoch."""

    def __init__(
        self,
        encoder: Trainable,
        rows: tuple[Sequence[str], Array],
        held: tuple[Sequence[str], Array],
        start: Mapping[str, Array],
        pace: Pace,
    ) -> None:
        torch = encoder.torch
        self.encoder, self._pace = encoder, pace
        self._first = {name: value.clone() for name, value in encoder.model.state_dict().items()}
        self._tokens, self._codes = encoder.tokens(rows[0]), torch.tensor(rows[1])
        self._held = (encoder.tokens(held[0]), held[1])
        self._head = torch.nn.Linear(start["weights"].shape[1], start["weights"].shape[0])
        self._head.load_state_dict({"weight": torch.tensor(start["weights"]), "bias": torch.tensor(start["bias"])})
        groups = [
            {"params": encoder.trained(), "lr": pace.encoder},
            {"params": self._head.parameters(), "lr": pace.head},
        ]
        self._optimiser = torch.optim.AdamW(groups, weight_decay=WEIGHT_DECAY)
        self.history: list[float] = []

    def epoch(self, rng: np.random.Generator, number: int, epochs: int, progress: Progress) -> None:
        """Go through the rows once and measure on the held-out ones."""
        torch, loss = self.encoder.torch, self.encoder.torch.nn.CrossEntropyLoss(label_smoothing=SMOOTHING)
        order = batches([len(row) for row in self._tokens], self._pace.batch, rng)
        self.encoder.model.train()
        with seeded(torch, int(rng.integers(2**31))):
            for at, batch in enumerate(order):
                progress("tuning the encoder", number * len(order) + at, epochs * len(order))
                self._rate((number + at / len(order)) / epochs)
                logits = self._head(self.encoder.vectors([self._tokens[row] for row in batch]))
                self._step(loss(logits, self._codes[torch.tensor(batch)]))
        progress("tuning the encoder", (number + 1) * len(order), epochs * len(order))
        self.history.append(self._accuracy())

    def _rate(self, passed: float) -> None:
        """Rise, then fall to zero in a straight line; ``passed`` is the share of the training that is over."""
        share = min(passed / self._pace.warm_up, (1 - passed) / (1 - self._pace.warm_up))
        for group, rate in zip(self._optimiser.param_groups, (self._pace.encoder, self._pace.head), strict=True):
            group["lr"] = rate * max(share, 1e-3)

    def _step(self, loss: Any) -> None:
        self._optimiser.zero_grad()
        loss.backward()
        self.encoder.torch.nn.utils.clip_grad_norm_(self.encoder.trained(), 1.0)
        self._optimiser.step()

    def _accuracy(self) -> float:
        tokens, codes = self._held
        if not tokens:
            return 0.0
        found = log_probabilities(self.encoder.embed(tokens), self._trained_head())
        return float(np.mean(found.argmax(axis=1) == codes))

    def average(self, progress: Progress) -> tuple[float, dict[str, Array]]:
        """Give the encoder the best average of its weights before and after; that share, and the trained head."""
        head, (tokens, codes) = self._trained_head(), self._held
        after = {name: value.clone() for name, value in self.encoder.model.state_dict().items()}
        losses = []
        for done, share in enumerate(SHARES):
            progress("averaging the weights", done, len(SHARES))
            self._mix(after, share)
            losses.append((best_scale(head, self.encoder.embed(tokens), codes)[0], share) if tokens else (0.0, share))
        progress("averaging the weights", len(SHARES), len(SHARES))
        share = min(losses, key=lambda found: found[0])[1]
        self._mix(after, share)
        return share, head

    def _mix(self, after: Mapping[str, Any], share: float) -> None:
        mix, model = self.encoder.torch.lerp, self.encoder.model
        model.load_state_dict({name: mix(first, after[name], share) for name, first in self._first.items()})

    def _trained_head(self) -> dict[str, Array]:
        return {
            "weights": self._head.weight.detach().numpy().copy(),
            "bias": self._head.bias.detach().numpy().copy(),
        }

    def state(self) -> dict[str, Any]:
        """All that the next epoch depends on."""
        return {"history": self.history, **{name: part.state_dict() for name, part in self._parts().items()}}

    def restore(self, state: Mapping[str, Any] | None) -> None:
        """Go back to a `state`; None leaves everything as it is."""
        if state is None:
            return
        self.history = list(state["history"])
        for name, part in self._parts().items():
            part.load_state_dict(state[name])

    def _parts(self) -> dict[str, Any]:
        return {"encoder": self.encoder.model, "head": self._head, "optimiser": self._optimiser}


def _is_whole(path: Path, digest: str) -> bool:
    return path.is_file() and sha256(path) == digest


def adapt(
    files: Mapping[str, Path], texts: Sequence[str], *, seed: int, cache: Path, progress: Progress, rate: float = 2e-5
) -> Tuned:
    """One epoch of unsupervised SimCSE: a text's two dropout views attract, other texts repel (Gao et al. 2021).

    Args:
        files: ``model.safetensors``, ``config.json`` and ``tokenizer.json``.
        texts: traffic of the task; labels are not needed.
        seed: of order and dropout.
        cache: where the weights go.
        progress: called with a stage name, batches done and batches in all.
        rate: learning rate.

    Raises:
        ExtraMissing: torch or transformers is not installed.
        WeightsMissing: the encoder has no safetensors weights.
    """
    target = cache / "tuned" / f"{_key('adapt', files, [list(texts), seed, rate])}.safetensors"
    known = target.with_suffix(".sha256")
    if known.is_file() and _is_whole(target, known.read_text("ascii", "replace")):
        return Tuned(weights=target)
    encoder = Trainable(files)
    torch, rng = encoder.torch, np.random.default_rng(seed)
    optimiser = torch.optim.AdamW(encoder.trained(), lr=rate)
    tokens = encoder.tokens(texts)
    order = batches([len(row) for row in tokens], 64, rng)
    encoder.model.train()
    with seeded(torch, seed):
        for at, batch in enumerate(order):
            progress("adapting the encoder", at, len(order))
            one, other = (encoder.vectors([tokens[row] for row in batch]) for _ in range(2))
            loss = torch.nn.functional.cross_entropy(one @ other.T / TEMPERATURE, torch.arange(len(batch)))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    progress("adapting the encoder", len(order), len(order))
    write_atomic(known, encoder.save(target).encode("ascii"))
    return Tuned(weights=target)
