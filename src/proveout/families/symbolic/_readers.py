"""The readers of a policy's facts: made, taught, saved and loaded."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from proveout.errors import ArtifactCorrupt
from proveout.families._artifacts import built_before, check_files, store_artifact
from proveout.families._sources import code_of
from proveout.families.symbolic.facts import LearnedReader, PatternReader, ReaderTrust, fit_reader, measure_trust
from proveout.families.symbolic.policy import policy_to_json
from proveout.task import content_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from proveout.families.symbolic.facts import FactReader
    from proveout.families.symbolic.policy import Policy

    Stated = Sequence[tuple[str, dict[str, Any]]]

__all__ = ["load_readers", "save_readers", "taught_readers"]

PATTERNS, LEARNED = "facts.yaml", "learned"
# Folder of the cache.
KEPT = "readers"


def taught_readers(
    first: PatternReader,
    policy: Policy,
    rows: tuple[Stated, Stated],
    seed: int,
    cache: Path,
    progress: Callable[[str, int, int], None],
) -> tuple[list[FactReader], ReaderTrust | None]:
    """Beside the first reader a learned one, where rows say their facts; and how far to trust both.

    Args:
        first: reads by phrases.
        policy: whose facts these are.
        rows: to learn from and to measure on: texts with the facts that they state.
        seed: of the learning.
        cache: where what was learned is kept, for whoever learns from the same.
        progress: called with a stage name, units done and units in all.
    """
    readers: list[FactReader] = [first]
    known, held = rows
    if any(stated for _, stated in known):
        progress("learn to read facts", 0, 1)
        readers.append(_learned(policy, rows, seed, cache / KEPT))
        progress("learn to read facts", 1, 1)
    return readers, measure_trust(readers, held, policy.facts) if held else None


def _learned(policy: Policy, rows: tuple[Stated, Stated], seed: int, root: Path) -> LearnedReader:
    """Learned, or read from where it was kept; one that was altered there is learned again."""
    facts = policy_to_json(policy)["facts"]
    key = content_hash([facts, rows, seed, code_of(fit_reader.__module__)])
    known = built_before(root, key)
    if known is not None:
        try:
            check_files(root, known)
            return LearnedReader.load(root / known, policy.facts)
        except ArtifactCorrupt:
            shutil.rmtree(root / known)
    reader = fit_reader(policy.facts, *rows, seed)
    store_artifact(root, "reader", reader.save, key)
    return reader


def save_readers(readers: Sequence[FactReader], folder: Path) -> None:
    """Write the phrases as they are, and what was learned into a folder of its own."""
    for reader in readers:
        if isinstance(reader, PatternReader):
            (folder / PATTERNS).write_bytes(reader.content)
        elif isinstance(reader, LearnedReader):
            (folder / LEARNED).mkdir()
            reader.save(folder / LEARNED)


def load_readers(folder: Path, policy: Policy) -> list[FactReader]:
    """Read what `save_readers` wrote."""
    readers: list[FactReader] = []
    if (folder / PATTERNS).is_file():
        readers.append(PatternReader((folder / PATTERNS).read_bytes(), policy.facts))
    if (folder / LEARNED).is_dir():
        readers.append(LearnedReader.load(folder / LEARNED, policy.facts))
    return readers
