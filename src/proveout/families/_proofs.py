"""Proofs and citations re-verified by code that had no part in making them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from proveout._registry import Registry
from proveout.errors import ProofInvalid, ProveoutError
from proveout.families.retrieval._chunkers import choose_chunker, chunkers
from proveout.task import content_hash

__all__ = ["Checker", "Claim", "check_proof", "document_versions", "proof_checker", "proof_checkers"]

Json = Mapping[str, Any]


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """That an output follows from an input, and why.

    Attributes:
        inputs: input fields by name.
        output: what the candidate answered.
        proof: `Evidence.proof`; its ``kind`` names the checker.
        folder: the candidate's files, of which a checker reads what the proof stands on: a policy, a graph.
    """

    inputs: Json
    output: Json
    proof: Json
    folder: Path


Checker = Callable[[Claim], Sequence[str]]
proof_checkers: Registry[Checker] = Registry("checker of proofs", group="proveout.proof_checkers", missing=ProofInvalid)


def proof_checker(kind: str) -> Callable[[Checker], Checker]:
    """Register a checker of proofs of one kind: it gives the problems it found, none when it accepts.

    A checker re-verifies from the raw material and shares no code with what made the proof.

    Example:
        >>> @proof_checker("example-echo")
        ... def check_echo(claim):
        ...     return [] if claim.output["said"] == claim.inputs["text"] else ["it says something else"]
        >>> fields = {"inputs": {"text": "hi"}, "proof": {"kind": "example-echo"}, "folder": Path()}
        >>> check_proof(Claim(output={"said": "hi"}, **fields)), check_proof(Claim(output={"said": "ho"}, **fields))
        ((), ('it says something else',))
    """

    def decorate(checker: Checker) -> Checker:
        def factory() -> Checker:
            return checker

        proof_checkers.register(kind)(factory)
        return checker

    return decorate


def check_proof(claim: Claim) -> tuple[str, ...]:
    """The problems of a proof; empty when its checker accepts it.

    A proof of no known kind is not accepted, nor one on which its checker fails.

    Example:
        >>> check_proof(Claim(inputs={}, output={}, proof={"kind": "nonsense"}, folder=Path()))
        ("no checker of proofs of kind 'nonsense' is registered",)
    """
    kind = claim.proof.get("kind")
    if not isinstance(kind, str) or kind not in proof_checkers.names():
        return (f"no checker of proofs of kind {kind!r} is registered",)
    try:
        return tuple(proof_checkers.create(kind)(claim))
    except ProveoutError as error:
        return (str(error),)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
        # What a checker does not expect in a proof is no reason to believe it.
        return (f"the proof has not the form of its kind: {type(error).__name__}: {error}",)


def document_versions(path: str, content: bytes) -> frozenset[str]:
    """The fingerprints by which a citation may name these bytes: their BLAKE2b-256, and a knowledge base's version.

    Example:
        >>> sorted(len(one) for one in document_versions("a.md", b"Rhine"))
        [64, 64]
    """
    digest = hashlib.blake2b(content, digest_size=32).hexdigest()
    cutter = chunkers.create(choose_chunker(content, path)).id
    return frozenset({digest, content_hash([path, digest, "", None, {}, cutter])})
