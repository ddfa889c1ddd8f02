"""Building micro-models one by one, and keeping them by what they were built from."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from proveout.errors import ArtifactCorrupt
from proveout.families._artifacts import MANIFEST, check_files, store_artifact
from proveout.families._sources import code_of
from proveout.families.modular.micro._encoders import Encoders
from proveout.families.modular.micro._kinds import MicroKind, MicroModel, MicroRun, micro_kinds
from proveout.families.modular.micro._rows import MicroRows, rows_hash
from proveout.store import write_atomic
from proveout.task import canonical_json, content_hash

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["BuiltMicro", "MicroCard", "Needed", "build_micro", "load_micro"]

CARD = "micro.json"
FOLDER, BUILT = "micro", "built-from"


class MicroCard(msgspec.Struct, frozen=True, kw_only=True):
    """What a micro-model is.

    Attributes:
        kind: it is registered under.
        parameters: settled ones.
        chosen: when it was built, and on which rows.
        learned: from rows, and not written by people.
        needs: the parts that other micro-models played in its build.
    """

    kind: str
    parameters: dict[str, Any]
    chosen: dict[str, Any]
    learned: bool
    needs: tuple[str, ...] = ()


class Needed(Protocol):
    """What one micro-model must know of another that it is built upon."""

    @property
    def id(self) -> str:
        """Its version."""
        ...

    @property
    def model(self) -> MicroModel:
        """Ready to be called."""
        ...


class BuiltMicro(msgspec.Struct, frozen=True, kw_only=True):
    """A micro-model and where it is kept.

    Attributes:
        id: ``name@`` and the first 12 digits of the hash over its files: the same files are the same version.
        card: what it is.
        model: ready to be called.
        folder: its files.
        reused: it was there already.
        wall_seconds: what building it took; 0 where it was there.
    """

    id: str
    card: MicroCard
    model: MicroModel
    folder: Path
    reused: bool
    wall_seconds: float = 0.0

    def save(self, folder: Path) -> None:
        """Copy its files into an empty folder, from which `load_micro` reads it."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(MANIFEST))


def build_micro(
    name: str,
    kind: str,
    rows: MicroRows,
    run: MicroRun,
    *,
    parameters: Mapping[str, Any] | None = None,
    needs: Mapping[str, Needed] | None = None,
) -> BuiltMicro:
    """Build a micro-model, or find the one built from the same.

    It is built again when its parameters change, the fields of the rows that its kind reads, the seed of a kind that
    learns, the code it depends on, or the id of a micro-model it needs; and by nothing else.

    Args:
        name: of the micro-model; what its id begins with.
        kind: registered in `micro_kinds`.
        rows: to learn from and to choose on.
        run: seed, cache and encoders.
        parameters: of the kind.
        needs: micro-models it is built upon, by the part they play.

    Raises:
        MicroModelUnknown: no kind of that name.
        TaskInvalid: a parameter is unknown or of another type, or what is written contradicts itself.
        BuildFailed: the rows do not allow it.
    """
    maker, needed = micro_kinds.create(kind), dict(needs or {})
    settled = maker.settled(dict(parameters or {}), run)
    root = run.cache / FOLDER
    kept = root / BUILT / _key(maker, settled, rows, run, needed)
    found = _kept(root, kept, run.encoders)
    if found is not None:
        return found
    begun = time.perf_counter()
    model = maker.build(settled, rows, run, {part: one.model for part, one in needed.items()})
    said = MicroCard(
        kind=kind,
        parameters=settled,
        chosen=model.chosen,
        learned=bool(maker.reads),
        needs=tuple(sorted(needed)),
    )
    # As it is read back, so that a card just made and one kept are written alike.
    card = msgspec.json.decode(canonical_json(said), type=MicroCard)

    def save(folder: Path) -> None:
        model.save(folder)
        (folder / CARD).write_bytes(canonical_json(card))

    identifier, _ = store_artifact(root, name, save, "")
    write_atomic(kept, identifier.encode())
    took = time.perf_counter() - begun
    return BuiltMicro(id=identifier, card=card, model=model, folder=root / identifier, reused=False, wall_seconds=took)


def load_micro(folder: Path, cache: Path, encoders: Encoders | None = None) -> tuple[MicroCard, MicroModel]:
    """Read a micro-model and its card.

    Args:
        folder: that `BuiltMicro.save` wrote.
        cache: folder for what can be made again.
        encoders: to share with others; its own where left out.

    Raises:
        MicroModelUnknown: its kind is not installed.
    """
    card = msgspec.json.decode((folder / CARD).read_bytes(), type=MicroCard)
    return card, micro_kinds.create(card.kind).model.load(folder, encoders or Encoders(cache))


def _key(
    kind: MicroKind, parameters: dict[str, Any], rows: MicroRows, run: MicroRun, needs: Mapping[str, Needed]
) -> str:
    learned = [rows_hash(rows, kind.reads), run.seed] if kind.reads else []
    ids = {part: one.id for part, one in needs.items()}
    return content_hash([kind.name, parameters, learned, code_of(type(kind).__module__), ids])


def _kept(root: Path, kept: Path, encoders: Encoders) -> BuiltMicro | None:
    """The micro-model that was built before; None where there is none, or an altered one, which is removed."""
    identifier = kept.read_text("ascii", "replace") if kept.is_file() else ""
    folder = root / identifier
    if "@" not in identifier or not (folder / MANIFEST).is_file():
        return None
    try:
        check_files(root, identifier)
    except ArtifactCorrupt:
        shutil.rmtree(folder)
        return None
    card, model = load_micro(folder, encoders.cache, encoders)
    return BuiltMicro(id=identifier, card=card, model=model, folder=folder, reused=True)
