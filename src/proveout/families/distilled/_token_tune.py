"""Training the encoder to label the tokens of a text, and what comes of it as an int8 ONNX graph.

Devlin et al. (2019), section 5.3: a linear layer over the state of each token's first piece. Steps between labels that
BIO does not know are ruled out when the labels are read.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from proveout.families._spans import OUTSIDE, Token, bio_encode, tokenise
from proveout.families._weights import sha256
from proveout.families.distilled._torch import FILES, Trainable, batches, seeded
from proveout.families.distilled._tune import WEIGHT_DECAY, Pace, epochs_for
from proveout.task import content_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from proveout.families._spans import Span

    Array = np.ndarray[Any, Any]
    Progress = Callable[[str, int, int], None]
    Rows = Sequence[tuple[str, Sequence[Span]]]

__all__ = ["TokenTuned", "first_pieces", "token_labels", "tune_tokens"]

STAGE = "tuning the tagger"
# The code torch leaves out of a loss.
IGNORED = -100


class TokenTuned(msgspec.Struct, frozen=True, kw_only=True):
    """What training gave.

    Attributes:
        weights: of the encoder, a safetensors file.
        head: ``weights`` (labels, d) and ``bias`` (labels,), float32.
        losses: mean loss of each epoch.
    """

    weights: Path
    head: dict[str, Any]
    losses: tuple[float, ...]


def token_labels(rows: Rows) -> tuple[str, ...]:
    """The BIO labels of rows, sorted.

    Example:
        >>> from proveout.families._spans import Span
        >>> token_labels([("to New York", [Span(3, 11, "city")])])
        ('B-city', 'I-city', 'O')
    """
    return tuple(sorted({OUTSIDE}.union(*(bio_encode(tokenise(text), spans) for text, spans in rows))))


def first_pieces(tokens: Sequence[Token], offsets: Sequence[tuple[int, int]]) -> list[int]:
    """For each token the piece that holds its first character; -1 where the text was cut before it.

    Example:
        >>> first_pieces([Token(0, 2), Token(3, 7)], [(0, 0), (0, 2), (3, 5), (5, 7), (0, 0)])
        [1, 2]
    """
    starts = {char: at for at, (start, end) in enumerate(offsets) for char in range(start, end)}
    return [starts.get(token.start, -1) for token in tokens]


def tune_tokens(
    files: Mapping[str, Path],
    rows: Rows,
    labels: Sequence[str],
    *,
    seed: int,
    cache: Path,
    progress: Progress,
    pace: Pace | None = None,
) -> TokenTuned:
    """Train encoder and head together. After a kill it goes on behind its last whole epoch, to the same weights.

    Args:
        files: ``model.safetensors``, ``config.json`` and ``tokenizer.json``.
        rows: texts with their spans.
        labels: what `token_labels` gave.
        seed: of the head's first weights, of order and dropout.
        cache: where checkpoints and the weights go.
        progress: called with a stage name, batches done and batches in all.
        pace: rates and batch size.

    Raises:
        ExtraMissing: torch or transformers is not installed.
        WeightsMissing: the encoder has no safetensors weights.
    """
    pace = pace or Pace()
    epochs = epochs_for(len(rows))
    data = [[text, list(spans)] for text, spans in rows]
    hashes = {name: sha256(files[name]) for name in FILES if name in files}
    key = content_hash(["tokens", hashes, data, list(labels), seed, epochs, msgspec.to_builtins(pace)])[:24]
    checkpoint = cache / "tuned" / f"{key}.checkpoint"
    training = _Training(Trainable(files), rows, labels, seed, pace)
    training.restore(training.encoder.kept(checkpoint))
    for epoch in range(len(training.losses), epochs):
        training.epoch(np.random.default_rng([seed, epoch]), epoch, epochs, progress)
        training.encoder.keep(checkpoint, training.state())
    weights = cache / "tuned" / f"{key}.safetensors"
    training.encoder.save(weights)
    return TokenTuned(weights=weights, head=training.head(), losses=tuple(training.losses))


class _Training:
    """Encoder, head and optimiser, epoch by epoch."""

    def __init__(self, encoder: Trainable, rows: Rows, labels: Sequence[str], seed: int, pace: Pace) -> None:
        torch = encoder.torch
        self.encoder, self._pace, self.losses = encoder, pace, list[float]()
        found = encoder.pieces([text for text, _ in rows])
        self._tokens = [ids for ids, _ in found]
        self._codes = [_codes(*row, offsets, labels) for row, (_, offsets) in zip(rows, found, strict=True)]
        with seeded(torch, seed):
            self._head = torch.nn.Linear(encoder.model.config.hidden_size, len(labels))
        groups = [
            {"params": encoder.trained(), "lr": pace.encoder},
            {"params": self._head.parameters(), "lr": pace.head},
        ]
        self._optimiser = torch.optim.AdamW(groups, weight_decay=WEIGHT_DECAY)

    def epoch(self, rng: np.random.Generator, number: int, epochs: int, progress: Progress) -> None:
        """Go through the rows once."""
        torch = self.encoder.torch
        order = batches([len(row) for row in self._tokens], self._pace.batch, rng)
        self.encoder.model.train()
        total = 0.0
        with seeded(torch, int(rng.integers(2**31))):
            for at, batch in enumerate(order):
                progress(STAGE, number * len(order) + at, epochs * len(order))
                self._rate((number + at / len(order)) / epochs)
                hidden, _ = self.encoder.states([self._tokens[row] for row in batch])
                codes = torch.nn.utils.rnn.pad_sequence(
                    [torch.tensor(self._codes[row]) for row in batch], batch_first=True, padding_value=IGNORED
                )
                loss = torch.nn.functional.cross_entropy(
                    self._head(hidden).flatten(0, 1), codes.flatten(), ignore_index=IGNORED
                )
                self._step(loss)
                total += float(loss.detach())
        progress(STAGE, (number + 1) * len(order), epochs * len(order))
        self.losses.append(total / max(len(order), 1))

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

    def head(self) -> dict[str, Array]:
        """The trained head."""
        return {
            "weights": self._head.weight.detach().numpy().copy(),
            "bias": self._head.bias.detach().numpy().copy(),
        }

    def state(self) -> dict[str, Any]:
        """All that the next epoch depends on."""
        return {"losses": self.losses, **{name: part.state_dict() for name, part in self._parts().items()}}

    def restore(self, state: Mapping[str, Any] | None) -> None:
        """Go back to a `state`; None leaves everything as it is."""
        if state is None:
            return
        self.losses = list(state["losses"])
        for name, part in self._parts().items():
            part.load_state_dict(state[name])

    def _parts(self) -> dict[str, Any]:
        return {"encoder": self.encoder.model, "head": self._head, "optimiser": self._optimiser}


def _codes(text: str, spans: Sequence[Span], offsets: Sequence[tuple[int, int]], labels: Sequence[str]) -> list[int]:
    """The label of each piece: that of the first token that begins in it; other pieces are left out."""
    tokens = tokenise(text)
    codes = [IGNORED] * len(offsets)
    for piece, label in zip(first_pieces(tokens, offsets), bio_encode(tokens, spans), strict=True):
        if piece >= 0 and codes[piece] == IGNORED:
            codes[piece] = labels.index(label)
    return codes
