"""The readers of a policy's facts: made, taught, saved and loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proveout.families.symbolic.facts import LearnedReader, PatternReader, ReaderTrust, fit_reader, measure_trust

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from proveout.families.symbolic.facts import FactReader
    from proveout.families.symbolic.policy import Policy

    Stated = Sequence[tuple[str, dict[str, Any]]]

__all__ = ["load_readers", "save_readers", "taught_readers"]

PATTERNS, LEARNED = "facts.yaml", "learned"


def taught_readers(
    first: PatternReader,
    policy: Policy,
    rows: tuple[Stated, Stated],
    seed: int,
    progress: Callable[[str, int, int], None],
) -> tuple[list[FactReader], ReaderTrust | None]:
    """Beside the first reader a learned one, where rows say their facts; and how far to trust both.

    Args:
        first: reads by phrases.
        policy: whose facts these are.
        rows: to learn from and to measure on: texts with the facts that they state.
        seed: of the learning.
        progress: called with a stage name, units done and units in all.
    """
    readers: list[FactReader] = [first]
    known, held = rows
    if any(stated for _, stated in known):
        progress("learn to read facts", 0, 1)
        readers.append(fit_reader(policy.facts, known, held, seed))
        progress("learn to read facts", 1, 1)
    return readers, measure_trust(readers, held, policy.facts) if held else None


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
