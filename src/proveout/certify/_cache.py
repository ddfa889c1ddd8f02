"""A semantic cache certified by the same test: which similarity is high enough, namespace by namespace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from proveout.certify._decide import Part, decide
from proveout.certify._plan import choose_grid
from proveout.certify._rows import Row

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CacheLookup", "certify_cache"]


class CacheLookup(msgspec.Struct, frozen=True, kw_only=True):
    """One lookup, with the answer that was paid for beside the cached one.

    Attributes:
        score: similarity to the nearest cached input; None when there was none.
        agree: whether the cached answer says what a fresh one did.
        namespace: whose cache it is.
        session: lookups of one session are dependent; "" is a lookup of its own.
    """

    score: float | None
    agree: bool
    namespace: str = ""
    session: str = ""


def certify_cache(
    chosen_on: Sequence[CacheLookup], certified_on: Sequence[CacheLookup], *, alpha: float, delta: float
) -> tuple[Part, ...]:
    """The similarity from which each namespace may be served from the cache; a threshold of None keeps it off there.

    With probability ≥ 1 - delta, in every namespace at most alpha of its lookups are served an answer that a fresh one
    would contradict. A namespace is served only when it is named in ``chosen_on``.

    Args:
        chosen_on: lookups that the grid of similarities is taken from.
        certified_on: other, later lookups that it is tested on.
        alpha: share of lookups.
        delta: probability of being wrong anywhere.

    Example:
        >>> old = [CacheLookup(score=0.97, agree=True, namespace="faq"), CacheLookup(score=0.8, agree=False)]
        >>> new = [CacheLookup(score=0.98, agree=True, namespace="faq")] * 400
        >>> [(part.segment, part.threshold) for part in certify_cache(old, new, alpha=0.01, delta=0.05)]
        [('', None), ('faq', 0.8)]
    """
    names = sorted({lookup.namespace for lookup in chosen_on})
    rows = [_row(at, lookup) for at, lookup in enumerate(chosen_on)]
    grid = choose_grid(rows, claim="agreement", alpha=alpha, delta=delta, segments=names)
    return decide([_row(at, lookup) for at, lookup in enumerate(certified_on)], grid)


def _row(at: int, lookup: CacheLookup) -> Row:
    unit = f"session {lookup.session}" if lookup.session else str(at)
    return Row(
        input=str(at),
        unit=unit,
        segment=lookup.namespace,
        score=lookup.score,
        student="cached",
        incumbent="cached" if lookup.agree else "fresh",
    )
