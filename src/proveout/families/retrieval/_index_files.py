"""The files of a vector index and the manifest that pins them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec
import numpy as np

from proveout.errors import IndexCorrupt
from proveout.families._weights import sha256
from proveout.families.retrieval._graph import GraphSettings
from proveout.store import write_atomic
from proveout.task import canonical_json, content_hash

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    Array = np.ndarray[Any, Any]

__all__ = ["GRAPH", "IDS", "NODE_ROWS", "NODE_STARTS", "VECTORS", "Manifest", "mapped", "read_manifest", "write_index"]

MANIFEST, IDS, VECTORS = "manifest.json", "ids.i64", "vectors.f32"
GRAPH, NODE_ROWS, NODE_STARTS = "graph.usearch", "node-rows.i64", "node-starts.i64"
FORMAT = 1


class _File(msgspec.Struct, frozen=True, kw_only=True):
    """What a file has to be."""

    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What an index consists of; ``fingerprint`` is the hash of all the rest, and names the index."""

    format: int
    rows: int
    dimensions: int
    graph: GraphSettings | None
    files: dict[str, _File]
    fingerprint: str = ""


def write_index(
    folder: Path, shape: tuple[int, int], graph: GraphSettings | None, contents: Mapping[str, bytes]
) -> None:
    """Write each file atomically, the manifest last: a build cut short is found out when the index is opened.

    Raises:
        DiskFull: no space is left.
        NotWritable: no permission.
    """
    files = {
        name: _File(size=len(content), sha256=hashlib.sha256(content).hexdigest()) for name, content in contents.items()
    }
    manifest = Manifest(format=FORMAT, rows=shape[0], dimensions=shape[1], graph=graph, files=files)
    for name, content in contents.items():
        write_atomic(folder / name, content)
    write_atomic(folder / MANIFEST, canonical_json(msgspec.structs.replace(manifest, fingerprint=_name(manifest))))


def read_manifest(folder: Path) -> Manifest:
    """The manifest of an index, after every file it pins was found to have its size and hash.

    Sizes come first, so that a truncated file costs nothing to find. Hashing reads each file once, which also brings
    it into memory before the first search.

    Raises:
        IndexCorrupt: a file is missing, truncated, altered or of another index.
    """
    manifest = _parsed(folder)
    for name, expected in manifest.files.items():
        path = folder / name
        if not path.is_file():
            _corrupt(path, "it is missing")
        if (size := path.stat().st_size) != expected.size:
            _corrupt(path, f"it has {size} bytes and was written with {expected.size}")
    for name, expected in manifest.files.items():
        if (found := sha256(folder / name)) != expected.sha256:
            _corrupt(folder / name, f"its hash is {found[:12]}… and was written as {expected.sha256[:12]}…")
    return manifest


def mapped(path: Path, dtype: str, shape: tuple[int, ...]) -> Array:
    """The file's numbers, read from disk when they are used."""
    if 0 in shape:
        return np.zeros(shape, dtype=dtype)
    # A plain view: indexing an np.memmap builds a subclass each time.
    return np.asarray(np.memmap(path, dtype=dtype, mode="r", shape=shape))


def _parsed(folder: Path) -> Manifest:
    path = folder / MANIFEST
    try:
        content = path.read_bytes()
        manifest = msgspec.json.decode(content, type=Manifest)
    except FileNotFoundError:
        _corrupt(path, "it is missing")
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        _corrupt(path, str(error))
    # Comparing bytes too: another spelling of the same values was not written by `write_index`.
    is_whole = manifest.fingerprint == _name(manifest) and canonical_json(manifest) == content
    if not is_whole or manifest.format != FORMAT:
        _corrupt(path, "its content is not what was written, or another version of Proveout wrote it")
    return manifest


def _name(manifest: Manifest) -> str:
    return content_hash(msgspec.structs.replace(manifest, fingerprint=""))


def _corrupt(path: Path, why: str) -> NoReturn:
    fix = "delete the folder of the index and build it again from its snapshot"
    raise IndexCorrupt("this vector index cannot be used", why=why, fix=fix, about=str(path))
