"""Headers as one block of lines: what a whole answer's head is put together from, without a pair for each."""

from __future__ import annotations

__all__ = ["pairs_of"]


def pairs_of(block: bytes) -> list[tuple[bytes, bytes]]:
    r"""The headers of a block, as ASGI has them.

    Args:
        block: lines ``name: value``, each with its line break.

    Example:
        >>> pairs_of(b"x-a: 1\r\nx-b: 2: 3\r\n")
        [(b'x-a', b'1'), (b'x-b', b'2: 3')]
    """
    found = []
    for line in block.splitlines():
        name, _, value = line.partition(b": ")
        found.append((name, value))
    return found
