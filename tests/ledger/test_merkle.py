from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proveout.ledger import Tree, check_consistency, check_inclusion, leaf_hash
from proveout.ledger._merkle import EMPTY_ROOT, Frontier

# The reference vectors of the certificate-transparency project for RFC 6962.
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
PATH_0_OF_8 = [
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
]
PROOF_6_TO_8 = [
    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
]
LEAVES = [leaf_hash(bytes.fromhex(text)) for text in INPUTS]


def naive_root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + naive_root(leaves[:split]) + naive_root(leaves[split:])).digest()


def naive_path(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962, section 2.1.1, word for word."""
    if len(leaves) == 1:
        return []
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if index < split:
        return [*naive_path(index, leaves[:split]), naive_root(leaves[split:])]
    return [*naive_path(index - split, leaves[split:]), naive_root(leaves[:split])]


def leaves_of(count: int) -> list[bytes]:
    return [leaf_hash(str(number).encode()) for number in range(count)]


@pytest.mark.parametrize("size", range(1, 9))
def test_reference_roots(size: int) -> None:
    frontier = Frontier()
    frontier.extend(LEAVES[:size])
    assert frontier.root().hex() == Tree(LEAVES).root(size).hex() == ROOTS[size - 1]


def test_reference_proofs() -> None:
    tree = Tree(LEAVES)
    assert [step.hex() for step in tree.inclusion(0, 8)] == PATH_0_OF_8
    assert [step.hex() for step in tree.consistency(6, 8)] == PROOF_6_TO_8
    assert tree.consistency(0, 8) == tree.consistency(8, 8) == []


def test_the_empty_tree() -> None:
    assert Frontier().root() == Tree().root(0) == EMPTY_ROOT == sha256(b"").digest()


@given(st.data(), st.integers(1, 70))
def test_proofs_are_those_of_the_standard_and_verify(data: st.DataObject, size: int) -> None:
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))
    leaves = leaves_of(size + data.draw(st.integers(0, 9)))
    tree = Tree(leaves)
    root = tree.root(size)
    assert root == naive_root(leaves[:size])
    path = tree.inclusion(index, size)
    assert path == naive_path(index, leaves[:size])
    assert check_inclusion(leaves[index], index, size, path, root)
    assert check_consistency(old, size, tree.consistency(old, size), tree.root(old), root)


@given(st.data(), st.integers(2, 70))
def test_altered_proofs_fail(data: st.DataObject, size: int) -> None:
    tree = Tree(leaves_of(size))
    root, index, old = tree.root(size), data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size - 1))
    path = tree.inclusion(index, size)
    steps = tree.consistency(old, size)
    place, bit = data.draw(st.integers(0, len(path) * 256 - 1)), data.draw(st.integers(0, len(steps) * 256 - 1))
    assert not check_inclusion(tree.leaf(index), index, size, flipped(path, place), root)
    assert not check_inclusion(tree.leaf(index), index, size, path[:-1], root)
    assert not check_inclusion(tree.leaf(index), index, size, [*path, root], root)
    assert not check_inclusion(tree.leaf((index + 1) % size), index, size, path, root)
    assert not check_inclusion(tree.leaf(index), (index + 1) % size, size, path, root)
    assert not check_consistency(old, size, flipped(steps, bit), tree.root(old), root)
    assert not check_consistency(old, size, steps[:-1], tree.root(old), root)
    assert not check_consistency(old, size, [*steps, root], tree.root(old), root)
    assert not check_consistency(old, size, steps, tree.root(old - 1), root)
    assert not check_consistency(old, size, steps, tree.root(old), tree.root(size - 1))


def flipped(path: list[bytes], bit: int) -> list[bytes]:
    joined = bytearray(b"".join(path))
    joined[bit // 8] ^= 1 << bit % 8
    return [bytes(joined[at : at + 32]) for at in range(0, len(joined), 32)]


@given(st.integers(-3, 40), st.integers(-3, 40), st.lists(st.binary(min_size=32, max_size=32), max_size=8))
def test_nonsense_is_refused_without_a_crash(index: int, size: int, path: list[bytes]) -> None:
    assert not check_inclusion(bytes(32), index, size, path, b"no root has this")
    assert not check_consistency(index, size, path, b"no root has this", b"nor this")


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 9)])
def test_a_proof_of_what_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        Tree(LEAVES).inclusion(index, size)
    with pytest.raises(ValueError, match="no tree"):
        Tree(LEAVES).consistency(size + 1, size)


@given(st.lists(st.integers(0, 9), max_size=8))
def test_growing_in_steps_is_growing_at_once(steps: list[int]) -> None:
    leaves, tree, frontier, at = leaves_of(sum(steps)), Tree(), Frontier(), 0
    for step in steps:
        tree.extend(leaves[at : at + step])
        frontier = frontier.copy()
        frontier.extend(leaves[at : at + step])
        at += step
    assert tree.root(at) == frontier.root() == naive_root(leaves)


def test_a_frontier_must_fit_its_size() -> None:
    with pytest.raises(ValueError, match="complete subtrees"):
        Frontier(3, [bytes(32)])
