"""The Merkle tree of RFC 6962 (section 2.1), its proofs (RFC 9162, section 2.1), as pure functions."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "EMPTY_ROOT",
    "Frontier",
    "Tree",
    "check_consistency",
    "check_inclusion",
    "leaf_hash",
    "node_hash",
]

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(body: bytes) -> bytes:
    """Hash a leaf: SHA-256 over 0x00 and the body (RFC 6962, 2.1).

    Example:
        >>> leaf_hash(b"").hex()[:16]
        '6e340b9cffb37a98'
    """
    return sha256(b"\x00" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash an inner node: SHA-256 over 0x01, left and right (RFC 6962, 2.1)."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """The roots of the complete subtrees of a growing tree, largest first: all that appending needs.

    Args:
        size: leaves so far.
        nodes: one hash for each set bit of ``size``.

    Example:
        >>> frontier = Frontier()
        >>> frontier.extend([leaf_hash(b"a"), leaf_hash(b"b")])
        >>> frontier.root() == node_hash(leaf_hash(b"a"), leaf_hash(b"b"))
        True
    """

    def __init__(self, size: int = 0, nodes: Sequence[bytes] = ()) -> None:
        if len(nodes) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} complete subtrees, not {len(nodes)}")
        self.size = size
        self.nodes = list(nodes)

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Append leaf hashes."""
        nodes, size = self.nodes, self.size
        for leaf in leaves:
            node, rest = leaf, size
            while rest & 1:
                node = sha256(b"\x01" + nodes.pop() + node).digest()
                rest >>= 1
            nodes.append(node)
            size += 1
        self.size = size

    def root(self) -> bytes:
        """The root of the whole tree."""
        if not self.nodes:
            return EMPTY_ROOT
        *rest, root = self.nodes
        for node in reversed(rest):
            root = node_hash(node, root)
        return root

    def copy(self) -> Frontier:
        """The same state, apart."""
        return Frontier(self.size, self.nodes)


class Tree:
    r"""A tree with every complete subtree kept, so that a proof reads O(log n) hashes.

    Args:
        leaves: leaf hashes, in order.

    Example:
        >>> tree = Tree([leaf_hash(bytes([n])) for n in range(5)])
        >>> check_inclusion(leaf_hash(b"\x03"), 3, 5, tree.inclusion(3, 5), tree.root(5))
        True
    """

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self._levels: list[bytearray] = [bytearray()]
        self.extend(leaves)

    def __len__(self) -> int:
        return len(self._levels[0]) // HASH_BYTES

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Append leaf hashes."""
        for leaf in leaves:
            self._levels[0] += leaf
        level = 0
        while (whole := len(self._levels[level]) // (2 * HASH_BYTES)) > 0:
            if level + 1 == len(self._levels):
                self._levels.append(bytearray())
            below, above = self._levels[level], self._levels[level + 1]
            for start in range(2 * len(above), 2 * HASH_BYTES * whole, 2 * HASH_BYTES):
                above += sha256(b"\x01" + below[start : start + 2 * HASH_BYTES]).digest()
            level += 1

    def leaf(self, index: int) -> bytes:
        """The leaf hash at ``index``."""
        return bytes(self._levels[0][index * HASH_BYTES : (index + 1) * HASH_BYTES])

    def root(self, size: int) -> bytes:
        """The root over the first ``size`` leaves."""
        return self._range(0, size)

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """PATH(index, D[size]): siblings from the leaf up (RFC 6962, 2.1.1).

        Raises:
            ValueError: unless 0 <= index < size <= len(tree).
        """
        if not 0 <= index < size <= len(self):
            raise ValueError(f"no leaf {index} in a tree of {size} within {len(self)}")
        path: list[bytes] = []
        start, end = 0, size
        while end - start > 1:
            middle = start + _split(end - start)
            sibling = (middle, end) if index < middle else (start, middle)
            path.append(self._range(*sibling))
            start, end = (start, middle) if index < middle else (middle, end)
        return path[::-1]

    def consistency(self, old: int, size: int) -> list[bytes]:
        """PROOF(old, D[size]): that the first ``old`` leaves are a prefix (RFC 6962, 2.1.2).

        Raises:
            ValueError: unless 0 <= old <= size <= len(tree).
        """
        if not 0 <= old <= size <= len(self):
            raise ValueError(f"no tree of {old} in a tree of {size} within {len(self)}")
        if old in (0, size):
            return []
        path: list[bytes] = []
        start, end = 0, size
        while end != old:
            middle = start + _split(end - start)
            if old <= middle:
                path.append(self._range(middle, end))
                end = middle
            else:
                path.append(self._range(start, middle))
                start = middle
        if start:
            path.append(self._range(start, end))
        return path[::-1]

    def _range(self, start: int, end: int) -> bytes:
        if start == end:
            return EMPTY_ROOT
        nodes = []
        while start < end:
            # The largest complete subtree that begins here: ranges come from splits, so starts are aligned.
            height = (end - start).bit_length() - 1
            position = (start >> height) * HASH_BYTES
            nodes.append(bytes(self._levels[height][position : position + HASH_BYTES]))
            start += 1 << height
        root = nodes.pop()
        while nodes:
            root = node_hash(nodes.pop(), root)
        return root


def _split(count: int) -> int:
    """The largest power of two smaller than ``count``."""
    return 1 << ((count - 1).bit_length() - 1)


def check_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether ``path`` leads from a leaf hash to the root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    position, last, node = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if position & 1 or position == last:
            node = node_hash(sibling, node)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            node = node_hash(node, sibling)
        position >>= 1
        last >>= 1
    return last == 0 and node == root


def check_consistency(old: int, size: int, path: Sequence[bytes], old_root: bytes, root: bytes) -> bool:
    """Whether the tree of ``size`` leaves extends the tree of ``old`` leaves (RFC 9162, 2.1.4.2)."""
    if old == size:
        return not path and old_root == root
    if old == 0:
        return not path and old_root == EMPTY_ROOT
    if not 0 < old < size or not path:
        return False
    nodes = [old_root, *path] if old & (old - 1) == 0 else list(path)
    position, last = old - 1, size - 1
    while position & 1:
        position >>= 1
        last >>= 1
    first = second = nodes[0]
    for sibling in nodes[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            second = node_hash(second, sibling)
        position >>= 1
        last >>= 1
    return last == 0 and first == old_root and second == root
