"""edge: a static embedding distilled from a tuned encoder, for microseconds a text and a few megabytes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from proveout.families.distilled._static import StaticTable, features
from proveout.families.distilled._torch import seeded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Array = np.ndarray[Any, Any]
    Progress = Callable[[str, int, int], None]

__all__ = ["EdgePlan", "augmented", "train_table", "vocabulary"]

LEAST_TEXTS = 2
# Share of words a made text drops.
DROPPED = 0.25
# Of the rows' own parts at the start.
SPREAD = 0.02


class EdgePlan(msgspec.Struct, frozen=True, kw_only=True):
    """How the table is trained; found on the SelectSplit of CLINC150.

    Attributes:
        width: length of a row.
        epochs: times each text is seen.
        batch: texts a step.
        rate: learning rate at the start; it falls to zero.
        term_dropout: share of a text's terms left out at each step.
        dropout: share of the hidden units left out at each step.
        scale: of the sum of rows.
        encoded: of the projection of the encoder's vectors.
    """

    width: int = 128
    epochs: int = 6
    batch: int = 64
    rate: float = 3e-3
    term_dropout: float = 0.1
    dropout: float = 0.5
    scale: float = 3.0
    encoded: float = 2.0


def augmented(texts: Sequence[str], labels: Sequence[str], rng: np.random.Generator) -> list[str]:
    """New texts for the teacher to label: two texts of one label spliced, and texts with words left out.

    Example:
        >>> rows = ["my card is lost", "where is my card"]
        >>> set(augmented(rows, ["card", "card"], np.random.default_rng(0))) & set(rows)
        set()
    """
    by_label: dict[str, list[list[str]]] = {}
    for text, label in zip(texts, labels, strict=True):
        by_label.setdefault(label, []).append(text.split())
    made = set()
    for text, label in zip(texts, labels, strict=True):
        own = text.split()
        other = by_label[label][rng.integers(len(by_label[label]))]
        made.add(" ".join(own[: (len(own) + 1) // 2] + other[len(other) // 2 :]))
        made.add(" ".join(word for word in own if rng.random() > DROPPED))
    return sorted(made - set(texts) - {""})


def vocabulary(texts: Sequence[str]) -> dict[tuple[str, str], int]:
    """Terms of at least two texts, with the number of texts they are in; in a fixed order.

    Example:
        >>> vocabulary(["a b", "a c"])["word", "a"]
        2
    """
    counts = Counter(term for text in texts for term in set(features(text)))
    return {term: counts[term] for term in sorted(counts) if counts[term] >= LEAST_TEXTS}


def train_table(  # noqa: PLR0913  a training has this many parties
    torch: Any,
    texts: Sequence[str],
    targets: Array,
    counted: dict[tuple[str, str], int],
    start: Array,
    *,
    seed: int,
    progress: Progress,
    plan: EdgePlan | None = None,
) -> StaticTable:
    """Fit rows so that a linear layer on their rectified sum gives the teacher's probabilities (Hinton et al. 2015).

    Args:
        torch: the module.
        texts: to learn from, shape (n,).
        targets: the teacher's probabilities, shape (n, labels).
        counted: `vocabulary`.
        start: the encoder's vector of each word of the vocabulary, in its order, shape (words, any).
        seed: of order, dropout and first values.
        progress: called with a stage name, epochs done and epochs in all.
        plan: widths and rates.
    """
    plan = plan or EdgePlan()
    at = {term: row for row, term in enumerate(counted)}
    weights = _weights(list(counted.values()), len(texts))
    bags = [np.array([at[term] for term in features(text) if term in at], dtype=np.int64) for text in texts]
    rng = np.random.default_rng(seed)
    with seeded(torch, seed):
        model = _Bag(torch, _encoded(counted, start), weights, targets.shape[1], plan)
        for epoch in range(plan.epochs):
            progress("training the static embedding", epoch, plan.epochs)
            model.epoch(bags, targets, rng, epoch)
    progress("training the static embedding", plan.epochs, plan.epochs)
    rows, bias = model.learned()
    return StaticTable(terms=list(counted), rows=rows, squares=weights**2, bias=bias)


def _weights(counts: Sequence[int], texts: int) -> Array:
    """Inverse document frequency of each term."""
    return np.asarray(np.log((1 + texts) / (1 + np.array(counts))) + 1, dtype=np.float32)


def _encoded(counted: dict[tuple[str, str], int], start: Array) -> Array:
    """The encoder's centred vector of each word; zeros for pairs and pieces; shape (terms, width of the encoder)."""
    found = np.zeros((len(counted), start.shape[1]), dtype=np.float32)
    found[[row for row, (kind, _) in enumerate(counted) if kind == "word"]] = start - start.mean(axis=0)
    return found


class _Bag:
    """Rows, bias and output layer, with their optimiser.

    The row of a term is its own part, plus a projection of the encoder's vector that all words share: so a rare word
    starts where the encoder puts it.
    """

    def __init__(self, torch: Any, encoded: Array, weights: Array, labels: int, plan: EdgePlan) -> None:
        self._torch, self._plan = torch, plan
        self._weights, self._encoded = torch.tensor(weights), torch.tensor(encoded)
        self._rows = torch.nn.EmbeddingBag(len(encoded), plan.width, mode="sum")
        torch.nn.init.normal_(self._rows.weight, std=SPREAD)
        self._projection = torch.nn.Linear(encoded.shape[1], plan.width, bias=False)
        self._bias = torch.nn.Parameter(torch.zeros(plan.width))
        self._output = torch.nn.Linear(plan.width, labels)
        parameters = [self._rows.weight, self._bias, *self._projection.parameters(), *self._output.parameters()]
        self._optimiser = torch.optim.Adam(parameters, lr=plan.rate)

    def epoch(self, bags: Sequence[Array], targets: Array, rng: np.random.Generator, number: int) -> None:
        """See each text once."""
        order = rng.permutation(len(bags))
        for start in range(0, len(order), self._plan.batch):
            passed = (number + start / len(order)) / self._plan.epochs
            self._optimiser.param_groups[0]["lr"] = self._plan.rate * (1 - passed)
            batch = order[start : start + self._plan.batch]
            logits = self._output(self._hidden([bags[row] for row in batch]))
            loss = self._torch.nn.functional.cross_entropy(logits, self._torch.tensor(targets[batch]))
            self._optimiser.zero_grad()
            loss.backward()
            self._optimiser.step()

    def _hidden(self, bags: Sequence[Array]) -> Any:
        torch, plan = self._torch, self._plan
        lengths = torch.tensor([len(bag) for bag in bags])
        terms = torch.tensor(np.concatenate(bags))
        owner = torch.repeat_interleave(torch.arange(len(bags)), lengths)
        weight = self._weights[terms] * (torch.rand(len(terms)) > plan.term_dropout)
        squares = torch.zeros(len(bags)).index_add_(0, owner, weight * weight)
        scaled = weight * squares.clamp(min=1e-9).rsqrt()[owner] * plan.scale
        summed = self._rows(terms, lengths.cumsum(0) - lengths, per_sample_weights=scaled)
        meant = torch.zeros(len(bags), self._encoded.shape[1])
        meant.index_add_(0, owner, self._encoded[terms] * scaled[:, None])
        hidden = summed + self._projection(meant) * plan.encoded + self._bias
        return torch.nn.functional.dropout(torch.relu(hidden), plan.dropout)

    def learned(self) -> tuple[Array, Array]:
        """Rows times weight and scale, and the bias."""
        rows = self._rows.weight + self._projection(self._encoded) * self._plan.encoded
        rows = (rows * self._weights[:, None] * self._plan.scale).detach().numpy()
        return rows, self._bias.detach().numpy().copy()
