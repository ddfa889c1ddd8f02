"""Training the encoder on the task: supervised from a fitted head, or self-supervised on unlabelled traffic."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from proveout.families._weights import sha256
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
        history: accuracy on the held-out rows after each epoch; zeros when there are none, and then the last is taken.
        epoch: whose weights these are, from 1.
    """

    weights: Path
    history: tuple[float, ...]
    epoch: int


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

    The weights of the epoch that is best on held-out rows are kept. After a kill the training goes on behind its last
    whole epoch, and ends with the same weights.

    Args:
        files: ``model.safetensors``, ``config.json`` and ``tokenizer.json``.
        rows: texts and label codes of shape (n,).
        held: the same, to choose the epoch on.
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
    training = _Supervised(Trainable(files), rows, held, start, pace)
    training.resume(cache / "tuned", key)
    for epoch in range(len(training.history), epochs):
        training.epoch(np.random.default_rng([seed, epoch]), epoch, epochs, progress)
        training.keep(cache / "tuned", key)
    weights, _ = training.best
    return Tuned(weights=cache / "tuned" / weights, history=tuple(training.history), epoch=training.best_epoch)


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
        # Name and hash of the file with the weights of the best epoch.
        self.best = ("", "")

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
        logits = self._head(self.encoder.torch.tensor(self.encoder.embed(tokens)))
        return float(np.mean(logits.argmax(1).numpy() == codes))

    @property
    def best_epoch(self) -> int:
        """The best on the held-out rows, the last of equals; from 1."""
        return max(range(len(self.history)), key=lambda epoch: (self.history[epoch], epoch)) + 1

    def keep(self, folder: Path, key: str) -> None:
        """Write the weights when they are the best so far, then all that the next epoch depends on.

        Weights have a name for each epoch: those the last checkpoint speaks of stand until the next one does.
        """
        before = self.best[0]
        if self.best_epoch == len(self.history):
            name = f"{key}-{len(self.history)}.safetensors"
            self.best = (name, self.encoder.save(folder / name))
        state = {name: part.state_dict() for name, part in self._parts().items()}
        self.encoder.keep(folder / f"{key}.checkpoint", {"history": self.history, "best": self.best, **state})
        if before and before != self.best[0]:
            (folder / before).unlink(missing_ok=True)

    def resume(self, folder: Path, key: str) -> None:
        """Go on where `keep` left off; a damaged checkpoint, or damaged weights, are as none."""
        state = self.encoder.kept(folder / f"{key}.checkpoint")
        if not state or not _is_whole(folder / state["best"][0], state["best"][1]):
            return
        self.history, self.best = list(state["history"]), state["best"]
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
        return Tuned(weights=target, history=(), epoch=1)
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
    return Tuned(weights=target, history=(), epoch=1)
