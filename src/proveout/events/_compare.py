"""When two values of a field are the same: exactly, within a tolerance, or in meaning."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from proveout.errors import TriggerInvalid

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from proveout.events._trigger import FieldRule

    Embed = Callable[[Sequence[str]], Any]
    Same = Callable[[Any, Any], bool]

__all__ = ["comparer"]

VECTORS_KEPT = 4096


def comparer(rule: FieldRule, embed: Embed | None) -> Same:
    """A function of the new and the answered value that says whether they are the same.

    Raises:
        TriggerInvalid: the rule has a distance, and there is no embedder.
    """
    if rule.distance is not None:
        if embed is None:
            why, fix = "the field has a distance, which needs an embedder", "give one, or leave the distance out"
            raise TriggerInvalid("no embedder", why=why, fix=fix, about=rule.path)
        return _Meaning(embed, rule.distance)
    if rule.absolute is not None or rule.relative is not None:
        return _tolerance(rule.absolute or 0.0, rule.relative or 0.0)
    return _equal


def _equal(new: Any, answered: Any) -> bool:
    return bool(new == answered)


def _tolerance(absolute: float, relative: float) -> Same:
    def same(new: Any, answered: Any) -> bool:
        if new == answered:
            return True
        if type(new) not in _NUMBERS or type(answered) not in _NUMBERS:
            return False
        try:
            return bool(abs(new - answered) <= max(absolute, relative * abs(answered)))
        except OverflowError:  # integers that no float holds
            return False

    return same


_NUMBERS = frozenset({int, float})


class _Meaning:
    """Cosine distance of embedded texts; the vectors of texts seen lately are kept."""

    def __init__(self, embed: Embed, distance: float) -> None:
        self._embed = embed
        self._distance = distance
        self._vectors: OrderedDict[str, Any] = OrderedDict()

    def __call__(self, new: Any, answered: Any) -> bool:
        if new == answered:
            return True
        if not isinstance(new, str) or not isinstance(answered, str):
            return False
        return 1.0 - float(self._vector(new) @ self._vector(answered)) <= self._distance

    def _vector(self, text: str) -> Any:
        import numpy as np  # noqa: PLC0415  only a gate on meaning needs it

        if text in self._vectors:
            self._vectors.move_to_end(text)
            return self._vectors[text]
        vector = np.asarray(self._embed([text]), dtype=np.float64).reshape(-1)
        length = float(np.linalg.norm(vector))
        self._vectors[text] = vector / length if length else vector
        if len(self._vectors) > VECTORS_KEPT:
            self._vectors.popitem(last=False)
        return self._vectors[text]
