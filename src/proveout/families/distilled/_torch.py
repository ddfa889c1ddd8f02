"""The encoder as a trainable network: torch and transformers, needed when building only."""

from __future__ import annotations

import hashlib
import io
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from proveout.errors import ExtraMissing, WeightsMissing
from proveout.families._encoder import LONGEST
from proveout.store import write_atomic

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = ["FILES", "Trainable", "batches", "libraries", "seeded"]

FILES = ("model.safetensors", "config.json", "tokenizer.json")
EVALUATED = 128
# Batches are cut from this many batches' worth of rows sorted by length, so that little is padding.
POOL = 20
DIGEST = 32


def libraries() -> tuple[Any, Any]:
    """The modules ``torch`` and ``transformers``.

    Raises:
        ExtraMissing: one of them is not installed.
    """
    try:
        import torch  # noqa: PLC0415  an extra
        import transformers  # noqa: PLC0415  an extra
    except ImportError as error:
        fix = 'pip install "proveout[tune]"; or build distilled, which freezes its encoder'
        raise ExtraMissing("an extra is missing", why=f"no module {error.name}", fix=fix, about="tune") from error
    return torch, transformers


@contextmanager
def seeded(torch: Any, seed: int) -> Iterator[None]:
    """Draw from ``seed`` inside, and leave the generator outside as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


class Trainable:
    """A BERT-like encoder with mean pooling, as `OnnxEncoder` runs it, whose weights can be changed.

    Its word embeddings stay as they are: rows of a task touch few of them, and the rest would drift apart.

    Raises:
        ExtraMissing: torch or transformers is not installed.
        WeightsMissing: the model has no safetensors weights to start from, or they are damaged or of another network.
    """

    def __init__(self, files: Mapping[str, Path]) -> None:
        for name in FILES:
            if name not in files:
                fix = f"name a folder that holds {', '.join(FILES)}"
                raise WeightsMissing("nothing to train", why=f"{name} is not there", fix=fix, about="embedder")
        self.torch, transformers = libraries()
        from tokenizers import Tokenizer  # noqa: PLC0415  an extra

        config = transformers.BertConfig(**msgspec.json.decode(files["config.json"].read_bytes()))
        self.model = transformers.BertModel(config, add_pooling_layer=False)
        self._read(files["model.safetensors"])
        self.model.embeddings.word_embeddings.weight.requires_grad_(False)  # noqa: FBT003  torch's own signature
        self._tokenizer = Tokenizer.from_file(str(files["tokenizer.json"]))
        self._tokenizer.enable_truncation(LONGEST)
        self._tokenizer.no_padding()

    def _read(self, path: Path) -> None:
        """Take the weights; each one the network has must be in the file, or it would start from chance."""
        from safetensors import SafetensorError  # noqa: PLC0415  beside the next
        from safetensors.torch import load_file  # noqa: PLC0415  needs torch

        fix = "fetch the encoder again; or build distilled with an encoder that is ONNX already"
        try:
            weights = {name.removeprefix("bert."): value for name, value in load_file(path).items()}
        except SafetensorError as error:
            raise WeightsMissing("weights cannot be read", why=str(error), fix=fix, about=str(path)) from error
        absent = self.model.load_state_dict(weights, strict=False).missing_keys
        if absent:
            raise WeightsMissing("weights are not whole", why=f"{absent[0]} is not there", fix=fix, about=str(path))

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text."""
        return [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]

    def pieces(self, texts: Sequence[str]) -> list[tuple[list[int], list[tuple[int, int]]]]:
        """Token ids of each text, and the characters each of them covers; none for the marks at both ends."""
        return [(encoding.ids, encoding.offsets) for encoding in self._tokenizer.encode_batch(list(texts))]

    def states(self, tokens: Sequence[Sequence[int]]) -> tuple[Any, Any]:
        """The last hidden states of one batch, (len(tokens), longest, d), and the mask of what is no padding."""
        torch = self.torch
        ids = torch.nn.utils.rnn.pad_sequence([torch.tensor(row) for row in tokens], batch_first=True)
        lengths = torch.tensor([len(row) for row in tokens])
        mask = (torch.arange(ids.shape[1])[None, :] < lengths[:, None]).long()
        return self.model(input_ids=ids, attention_mask=mask).last_hidden_state, mask

    def vectors(self, tokens: Sequence[Sequence[int]]) -> Any:
        """Unit vectors of one batch, a tensor of shape (len(tokens), d)."""
        hidden, mask = self.states(tokens)
        pooled = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        return self.torch.nn.functional.normalize(pooled, dim=1)

    def embed(self, tokens: Sequence[Sequence[int]]) -> Any:
        """Unit vectors without dropout, a float32 array of shape (len(tokens), d)."""
        self.model.eval()
        found = np.zeros((len(tokens), self.model.config.hidden_size), dtype=np.float32)
        order = np.argsort([len(row) for row in tokens], kind="stable")
        with self.torch.no_grad():
            for start in range(0, len(order), EVALUATED):
                batch = order[start : start + EVALUATED]
                found[batch] = self.vectors([tokens[row] for row in batch]).numpy()
        return found

    def trained(self) -> list[Any]:
        """The parameters that training changes."""
        return [parameter for parameter in self.model.parameters() if parameter.requires_grad]

    def save(self, path: Path) -> str:
        """Write the weights as safetensors; gives the SHA-256 of the file."""
        from safetensors.torch import save  # noqa: PLC0415  needs torch

        content = save({name: value.contiguous() for name, value in self.model.state_dict().items()})
        write_atomic(path, content)
        return hashlib.sha256(content).hexdigest()

    def keep(self, path: Path, state: Any) -> None:
        """Write a checkpoint of tensors and plain values, behind its hash."""
        content = io.BytesIO()
        self.torch.save(state, content)
        write_atomic(path, hashlib.sha256(content.getvalue()).digest() + content.getvalue())

    def kept(self, path: Path) -> Any:
        """A checkpoint that `keep` wrote; None when there is none, or when it was altered."""
        content = path.read_bytes() if path.exists() else b""
        hashed, state = content[:DIGEST], content[DIGEST:]
        # weights_only: nothing but tensors and plain values is read, so the file cannot run code.
        is_whole = hashlib.sha256(state).digest() == hashed
        return self.torch.load(io.BytesIO(state), weights_only=True) if is_whole else None


def batches(lengths: Sequence[int], size: int, rng: np.random.Generator) -> list[Any]:
    """Row numbers in random batches of rows of like length.

    Example:
        >>> found = batches([3, 9, 3, 9], 2, np.random.default_rng(0))
        >>> sorted(int(row) for batch in found for row in batch)
        [0, 1, 2, 3]
    """
    shuffled = rng.permutation(len(lengths))
    measured = np.asarray(lengths)
    found = []
    for start in range(0, len(shuffled), size * POOL):
        pool = shuffled[start : start + size * POOL]
        pool = pool[np.argsort(measured[pool], kind="stable")]
        found += [pool[at : at + size] for at in range(0, len(pool), size)]
    return [found[at] for at in rng.permutation(len(found))]
