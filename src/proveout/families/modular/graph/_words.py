"""What messages have in common."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["known", "near", "said"]

MOST = 12


def near(word: str, words: Iterable[str]) -> str:
    """The closest of the words, as a question.

    Example:
        >>> near("retrys", ["retry", "run"]), near("zzz", ["retry"])
        ("did you mean 'retry'? ", '')
    """
    close = get_close_matches(word, list(words), n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}? " if close else ""


def known(words: Iterable[str]) -> str:
    """The words in a row, the first few where there are many.

    Example:
        >>> known(["a", "b"]), known([]), known(map(str, range(20)))
        ('a, b', 'none', '0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 8 more')
    """
    found = list(words)
    more = f" and {len(found) - MOST} more" if len(found) > MOST else ""
    return ", ".join(found[:MOST]) + more if found else "none"


def said(error: BaseException) -> str:
    """The class of what was raised and its message, also where that cannot be made.

    Example:
        >>> said(KeyError("city"))
        "KeyError: 'city'"
    """
    try:
        return f"{type(error).__name__}: {error}"
    except Exception as failure:  # noqa: BLE001  a message made by somebody's code
        return f"{type(error).__name__}, whose message raised {type(failure).__name__}"
