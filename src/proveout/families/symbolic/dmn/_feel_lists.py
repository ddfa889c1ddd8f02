"""FEEL's built-in functions on lists and contexts (OMG DMN 1.3, 10.3.4.4 and 10.3.4.10)."""

from __future__ import annotations

from decimal import Decimal
from functools import cmp_to_key
from typing import TYPE_CHECKING, Any

from proveout.families.symbolic.dmn._feel_registry import Table, builtin, whole
from proveout.families.symbolic.dmn._feel_values import CONTEXT, Fault, Function, add, compare, divide, equal, kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["CONTEXTS", "LISTS"]

LONGEST = 1_000_000
DEEPEST = 100


def _same(left: Any, right: Any) -> bool:
    return equal(left, right) is True


def _extreme(sign: int) -> Callable[[list[Any]], Any]:
    def extreme(items: list[Any]) -> Any:
        best = items[0] if items else None
        for item in items[1:]:
            order = compare(item, best)
            if order is None:
                raise Fault("the items have no order")
            best = item if order == sign else best
        if best is not None and compare(best, best) is None:
            raise Fault("the items have no order")
        return best

    return extreme


def _numbers(items: list[Any]) -> list[Any]:
    if any(not isinstance(item, Decimal) for item in items):
        raise Fault("an item is no number")
    return items


def _sum(items: list[Any]) -> Any:
    if not items:
        return None
    first = kind(items[0])
    if first not in {"number", "days and time duration", "years and months duration"}:
        raise Fault("an item is no number")
    total = items[0]
    for item in items[1:]:
        if kind(item) != first:
            raise Fault("an item is no number")
        total = add(total, item)
    return total


def _product(items: list[Any]) -> Any:
    total = Decimal(1)
    for item in _numbers(items):
        total = CONTEXT.multiply(total, item)
    return total if items else None


def _mean(items: list[Any]) -> Any:
    return divide(_sum(items), Decimal(len(items))) if items else None


def _median(items: list[Any]) -> Any:
    ordered, middle = sorted(_numbers(items)), len(items) // 2
    if not items:
        return None
    return ordered[middle] if len(items) % 2 else divide(add(ordered[middle - 1], ordered[middle]), Decimal(2))


def _deviation(items: list[Any]) -> Any:
    if len(_numbers(items)) < 2:  # noqa: PLR2004  a sample's deviation needs two
        raise Fault("it takes two numbers or more")
    mean = _mean(items)
    squares = [CONTEXT.power(CONTEXT.subtract(item, mean), Decimal(2)) for item in items]
    return CONTEXT.sqrt(divide(_sum(squares), Decimal(len(items) - 1)))


def _mode(items: list[Any]) -> list[Any]:
    counts: dict[Decimal, int] = {}
    for item in _numbers(items):
        counts[item] = counts.get(item, 0) + 1
    most = max(counts.values(), default=0)
    return sorted(item for item, count in counts.items() if count == most)


def _junction(decisive: bool) -> Callable[[list[Any]], bool | None]:  # noqa: FBT001  it is the value itself
    def junction(items: list[Any]) -> bool | None:
        if any(item is decisive for item in items):
            return decisive
        return (not decisive) if all(isinstance(item, bool) for item in items) else None

    return junction


def _sublist(items: list[Any], start: Decimal, length: Decimal | None = None) -> list[Any]:
    first = whole(start)
    if first == 0 or abs(first) > len(items):
        raise Fault("the start position is outside of the list")
    at = first - 1 if first > 0 else len(items) + first
    count = len(items) - at if length is None else whole(length)
    if count < 0 or at + count > len(items):
        raise Fault("the length is outside of the list")
    return items[at : at + count]


def _place(items: list[Any], position: Decimal) -> int:
    at = whole(position)
    if at == 0 or abs(at) > len(items):
        raise Fault("the position is outside of the list")
    return at - 1 if at > 0 else len(items) + at


def _insert(items: list[Any], position: Decimal, new: Any) -> list[Any]:
    at = _place(items, position)
    return [*items[:at], new, *items[at:]]


def _remove(items: list[Any], position: Decimal) -> list[Any]:
    at = _place(items, position)
    return [*items[:at], *items[at + 1 :]]


def _list_replace(items: list[Any], position: Any, new: Any) -> list[Any]:
    if isinstance(position, Function):
        return [new if position.call(item, new) is True else item for item in items]
    at = _place(items, position)
    return [*items[:at], new, *items[at + 1 :]]


def _index_of(items: list[Any], match: Any) -> list[Any]:
    return [Decimal(at) for at, item in enumerate(items, 1) if _same(item, match)]


def _distinct(items: Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    seen: set[Any] = set()
    for item in items:
        if isinstance(item, str | Decimal | bool):
            key = (kind(item), item)
            if key not in seen:
                seen.add(key)
                found.append(item)
        elif not any(_same(item, one) for one in found):
            found.append(item)
    return found


def _flatten(items: list[Any], depth: int = 0) -> list[Any]:
    if depth > DEEPEST:
        raise Fault(f"a list is nested more than {DEEPEST} deep")
    found: list[Any] = []
    for item in items:
        found.extend(_flatten(item, depth + 1) if isinstance(item, list) else [item])
        if len(found) > LONGEST:
            raise Fault(f"a list has more than {LONGEST} items")
    return found


def _joined(lists: list[Any]) -> list[Any]:
    found = [item for one in lists for item in (one if isinstance(one, list) else [one])]
    if len(found) > LONGEST:
        raise Fault(f"a list has more than {LONGEST} items")
    return found


def _sort(items: list[Any], precedes: Any = None) -> list[Any]:
    def order(left: Any, right: Any) -> int:
        if precedes is None:
            found = compare(left, right)
            if found is None:
                raise Fault("the items have no order")
            return found
        if precedes.call(left, right) is True:
            return -1
        return int(precedes.call(right, left) is True)

    return sorted(items, key=cmp_to_key(order))


def _entries(value: dict[str, Any]) -> list[Any]:
    return [{"key": name, "value": part} for name, part in value.items()]


def _get(value: dict[str, Any], key: str) -> Any:
    return value.get(key)


def _put(value: dict[str, Any], key: Any, new: Any) -> dict[str, Any]:
    path = key if isinstance(key, list) else [key]
    if not path or len(path) > DEEPEST or not all(isinstance(one, str) for one in path):
        raise Fault("the key is no string or list of strings")
    if len(path) == 1:
        return {**value, path[0]: new}
    inner = value.get(path[0])
    if not isinstance(inner, dict):
        raise Fault(f"the entry {path[0]!r} is no context")
    return {**value, path[0]: _put(inner, path[1:], new)}


def _merge(contexts: list[Any]) -> dict[str, Any]:
    if any(not isinstance(one, dict) for one in contexts):
        raise Fault("an item is no context")
    return {name: part for one in contexts for name, part in one.items()}


def _context(entries: list[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for entry in entries:
        if not isinstance(entry, dict) or not {"key", "value"} <= entry.keys() or not isinstance(entry["key"], str):
            raise Fault("an entry has no key or value")
        if entry["key"] in found:
            raise Fault(f"the key {entry['key']!r} is there twice")
        found[str(entry["key"])] = entry["value"]
    return found


LISTS: Table = {
    "list contains": (builtin("list: list, element", lambda items, one: any(_same(item, one) for item in items)),),
    "count": (builtin("list: list", lambda items: Decimal(len(items)), spread=True),),
    "min": (builtin("list: list", _extreme(-1), spread=True),),
    "max": (builtin("list: list", _extreme(1), spread=True),),
    "sum": (builtin("list: list", _sum, spread=True),),
    "product": (builtin("list: list", _product, spread=True),),
    "mean": (builtin("list: list", _mean, spread=True),),
    "median": (builtin("list: list", _median, spread=True),),
    "stddev": (builtin("list: list", _deviation, spread=True),),
    "mode": (builtin("list: list", _mode, spread=True),),
    "all": (builtin("list: list", _junction(decisive=False), spread=True),),
    "any": (builtin("list: list", _junction(decisive=True), spread=True),),
    "sublist": (builtin("list: list, start position: number, length?: number", _sublist),),
    "append": (builtin("list: list, items: list", lambda items, more: [*items, *more]),),
    "concatenate": (builtin("lists: list", _joined, spread=True),),
    "insert before": (builtin("list: list, position: number, newItem", _insert),),
    "remove": (builtin("list: list, position: number", _remove),),
    "list replace": (builtin("list: list, position: number|function, newItem", _list_replace),),
    "reverse": (builtin("list: list", lambda items: items[::-1]),),
    "index of": (builtin("list: list, match", _index_of),),
    "union": (builtin("lists: list", lambda lists: _distinct(_joined(lists)), spread=True),),
    "distinct values": (builtin("list: list", _distinct),),
    "flatten": (builtin("list: list", _flatten),),
    "sort": (builtin("list: list, precedes?: function", _sort),),
}
CONTEXTS: Table = {
    "get value": (builtin("m: context, key: string", _get),),
    "get entries": (builtin("m: context", _entries),),
    "context put": (
        builtin("context: context, key: string, value", _put),
        builtin("context: context, keys: list, value", _put),
    ),
    "context merge": (builtin("contexts: list", _merge),),
    "context": (builtin("entries: list", _context),),
}
