"""What an answer stood on: when any of it changes, answers given before are out of reach."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from proveout.gateway._settings import Provider

__all__ = ["provider_generation", "task_generation"]

_encode = msgspec.json.Encoder(order="deterministic").encode


def task_generation(task: str, candidate: str, certificate: str = "", documents: Iterable[tuple[str, str]] = ()) -> str:
    """A fingerprint of all that a task's answers stand on.

    Args:
        task: fingerprint of the task.
        candidate: id.
        certificate: id; its threshold decides who answers.
        documents: of its knowledge base: document and version fingerprint, in any order.

    Example:
        >>> before = task_generation("t", "retrieval@1", documents=[("a.md", "v1"), ("b.md", "v1")])
        >>> before == task_generation("t", "retrieval@1", documents=[("b.md", "v1"), ("a.md", "v1")])
        True
        >>> before == task_generation("t", "retrieval@1", documents=[("a.md", "v2"), ("b.md", "v1")])
        False
    """
    return _hash((task, candidate, certificate, sorted(documents)))


def provider_generation(name: str, provider: Provider, fallbacks: Iterable[tuple[str, Provider]] = ()) -> str:
    """A fingerprint of the settings of a provider, and of those asked when it fails.

    Example:
        >>> from proveout.gateway._settings import Provider
        >>> a = provider_generation("local", Provider(base_url="http://localhost:8000/v1"))
        >>> a == provider_generation("local", Provider(base_url="http://localhost:8001/v1"))
        False
    """
    return _hash([(name, provider), *fallbacks])


def _hash(value: object) -> str:
    return blake2b(_encode(value), digest_size=12).hexdigest()
