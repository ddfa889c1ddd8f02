from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.errors import ProofInvalid
from proveout.ledger import ConsistencyProof, InclusionProof, Tree, leaf_hash

TREE = Tree(leaf_hash(str(number).encode()) for number in range(20))
INCLUSION = InclusionProof(index=7, size=20, root=TREE.root(20), path=TREE.inclusion(7, 20))
CONSISTENCY = ConsistencyProof(
    old_size=9, size=20, old_root=TREE.root(9), root=TREE.root(20), path=TREE.consistency(9, 20)
)


def test_proofs_survive_bytes_and_json() -> None:
    assert InclusionProof.from_bytes(INCLUSION.to_bytes()) == INCLUSION
    assert ConsistencyProof.from_bytes(CONSISTENCY.to_bytes()) == CONSISTENCY
    assert msgspec.json.decode(msgspec.json.encode(INCLUSION.to_dict()))["path"] == [p.hex() for p in INCLUSION.path]
    assert CONSISTENCY.to_dict()["old_root"] == TREE.root(9).hex()
    assert INCLUSION.check(TREE.leaf(7))
    assert CONSISTENCY.check()


@given(st.integers(0), st.integers(1, 255))
def test_any_changed_byte_makes_a_proof_invalid(at: int, flip: int) -> None:
    for proof, kind in ((INCLUSION, InclusionProof), (CONSISTENCY, ConsistencyProof)):
        content = bytearray(proof.to_bytes())
        content[at % len(content)] ^= flip
        assert not holds(kind, bytes(content))


def holds(kind: type[InclusionProof | ConsistencyProof], content: bytes) -> bool:
    """Checked against what the verifier knows beforehand: the leaf, its place, and the heads."""
    try:
        proof = kind.from_bytes(content)
    except ProofInvalid:
        return False
    if isinstance(proof, InclusionProof):
        known = (proof.index, proof.size, proof.root) == (7, 20, TREE.root(20))
        return known and proof.check(TREE.leaf(7))
    known = (proof.old_size, proof.size) == (9, 20) and (proof.old_root, proof.root) == (TREE.root(9), TREE.root(20))
    return known and proof.check()


@given(st.binary(max_size=200))
def test_any_bytes_are_a_proof_or_refused(content: bytes) -> None:
    for kind in (InclusionProof, ConsistencyProof):
        try:
            proof = kind.from_bytes(content)
        except ProofInvalid as error:
            assert error.fix
        else:
            assert proof.to_bytes() == content


def test_a_proof_among_a_hundred_thousand_is_small() -> None:
    tree = Tree(leaf_hash(number.to_bytes(4, "big")) for number in range(100_000))
    proof = InclusionProof(index=12_345, size=100_000, root=tree.root(100_000), path=tree.inclusion(12_345, 100_000))
    assert len(proof.to_bytes()) < 600


def test_one_kind_is_not_read_as_the_other() -> None:
    with pytest.raises(ProofInvalid):
        ConsistencyProof.from_bytes(INCLUSION.to_bytes())
