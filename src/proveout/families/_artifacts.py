"""Folders of files under a name that is a hash over their content: written whole or not at all, checked when read."""

from __future__ import annotations

import hashlib
import os
import shutil
from typing import TYPE_CHECKING

import msgspec

from proveout.errors import ArtifactCorrupt
from proveout.store import fsync_folder, translated_os_errors, write_atomic
from proveout.task import canonical_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["MANIFEST", "Manifest", "artifact_ids", "built_before", "check_files", "store_artifact"]

MANIFEST = "manifest.json"


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The hash of each file, and of what they were built from."""

    built_from: str
    files: dict[str, str]


def artifact_ids(root: Path) -> list[str]:
    """Ids of all artifacts in a folder, sorted."""
    return sorted(path.parent.name for path in root.glob(f"*@*/{MANIFEST}"))


def built_before(root: Path, built_from: str) -> str | None:
    """The id of the artifact that was built from the same; None when there is none."""
    for identifier in artifact_ids(root):
        content = (root / identifier / MANIFEST).read_bytes()
        if msgspec.json.decode(content, type=Manifest).built_from == built_from:
            return identifier
    return None


def store_artifact(root: Path, name: str, save: Callable[[Path], None], built_from: str) -> tuple[str, Manifest]:
    """Write files beside their place, then rename: a kill leaves a whole artifact or none.

    Args:
        root: the folder of artifacts.
        name: what the id begins with.
        save: writes the files into an empty folder.
        built_from: hash of all they depend on; "" leaves it out, so that the id says nothing but what the files are.

    Returns:
        The id, ``name@`` and the first 12 digits of the hash over the files, and the manifest.
    """
    unfinished = root / f".{name}-{built_from[:12] or os.getpid()}"
    with translated_os_errors(unfinished):
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        save(unfinished)
        _sync(unfinished)
        manifest = Manifest(built_from=built_from, files=_hashes(unfinished))
        content = canonical_json(manifest)
        write_atomic(unfinished / MANIFEST, content)
        identifier = _identifier(name, content)
        target = root / identifier
        if target.exists():
            shutil.rmtree(unfinished)
        else:
            unfinished.rename(target)
        fsync_folder(root)
    return identifier, manifest


def check_files(root: Path, identifier: str) -> str:
    """Re-hash an artifact's files, and say what was checked.

    Raises:
        ArtifactCorrupt: a file was altered, added or removed.
    """
    folder = root / identifier
    path = folder / MANIFEST
    content = path.read_bytes()
    if _identifier(identifier.partition("@")[0], content) != identifier:
        raise _corrupt(path, "its manifest does not match its id", identifier)
    stated = msgspec.json.decode(content, type=Manifest).files
    found = _hashes(folder)
    for name in sorted(stated.keys() | found.keys()):
        if stated.get(name) != found.get(name):
            raise _corrupt(folder / name, "it does not match its hash", identifier)
    size = sum((folder / name).stat().st_size for name in stated)
    return f"{len(stated)} files, {size:,} bytes, match their hashes"


def _corrupt(path: Path, why: str, identifier: str) -> ArtifactCorrupt:
    fix = f"restore it from a backup, or remove the folder {identifier} and build again"
    return ArtifactCorrupt("a candidate was altered", why=why, fix=fix, about=str(path))


def _sync(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_dir():
            fsync_folder(path)
            continue
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _identifier(name: str, manifest: bytes) -> str:
    return f"{name}@{hashlib.blake2b(manifest, digest_size=32).hexdigest()[:12]}"


def _hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    return {
        path.relative_to(folder).as_posix(): hashlib.blake2b(path.read_bytes(), digest_size=32).hexdigest()
        for path in files
    }
