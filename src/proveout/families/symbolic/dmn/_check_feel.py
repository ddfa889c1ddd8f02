"""The checker's own, smaller reading of FEEL: by Python's grammar, node by node and never by eval."""

from __future__ import annotations

import ast
import re
from datetime import date, datetime, time, timedelta
from decimal import ROUND_FLOOR, Context, Decimal
from functools import reduce
from operator import eq, ge, gt, le, lt, ne
from typing import Any

__all__ = ["EXACT", "FUNCTIONS", "READ", "Json", "evaluated", "parsed", "passes", "typed"]

Json = dict[str, Any]
EXACT = Context(prec=34, Emin=-6143, Emax=6144)
RANGE = re.compile(r"([\[(\]])((?:[^\[\](),]|\(\"[^\"]*\"\))+)\.\.((?:[^\[\](),]|\(\"[^\"]*\"\))+)([\])\[])")
LEXEMES = r"""\s*(?:("[^"\\]*"|'.'|\d+(?:\.\d+)?|\.\d+)|((?:{})(?!\w))|(\w+|\*\*|[<>!]=|\S))"""
SIGNS = {"=": "==", "if": " ", "then": " if ", "else": " else ", "and": " and ", "or": " or ", "?": "v0"}
SIGNS |= {one: one for one in (*"+-*/<>()[],.", "**", "<=", ">=", "!=")}
WORDS = {"true": True, "false": False, "null": None}
ORDER: Json = {"Eq": eq, "NotEq": ne, "Lt": lt, "LtE": le, "Gt": gt, "GtE": ge}
COUNT: Json = {"Add": EXACT.add, "Sub": EXACT.subtract, "Mult": EXACT.multiply, "Div": EXACT.divide, "Pow": EXACT.power}
SPAN = re.compile(r"(-?)P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
DAYS, YEARS = "days and time duration", "years and months duration"
NAMES = {"dateTime": "date and time", "dayTimeDuration": DAYS, "yearMonthDuration": YEARS}


class Months(int):
    """A duration in months, which is no number."""


def span(text: str) -> timedelta | Months:
    """A duration."""
    found = SPAN.fullmatch(text)
    if found is None:
        raise ValueError(text)
    sign, *parts = found.groups("0")
    years, months, days, hours, minutes, seconds = (int(sign + one) for one in parts)
    clock = timedelta(days, seconds, 0, 0, minutes, hours)
    return clock if "D" in text or "T" in text else Months(12 * years + months)


READ: Json = {DAYS: span, YEARS: span} | {
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "date and time": datetime.fromisoformat,
}
KINDS = {bool: "boolean", Decimal: "number", str: "string", list: "list", dict: "context", type(None): "null"}
KINDS |= {date: "date", time: "time", datetime: "date and time", timedelta: DAYS, Months: YEARS}
FUNCTIONS: Json = {
    "count": lambda items: Decimal(len(items)),
    "date": date.fromisoformat,
    "decimal": lambda value, scale: value.quantize(Decimal(1).scaleb(-int(scale)), context=EXACT),
    "flatten": lambda items: [part for one in items for part in (one if isinstance(one, list) else [one])],
    "floor": lambda value: value.to_integral_value(ROUND_FLOOR),
    "max": lambda *given: max(given[0] if isinstance(given[0], list) else given),
    "min": lambda *given: min(given[0] if isinstance(given[0], list) else given),
    "not": lambda value: not value if isinstance(value, bool) else None,
    "ranged": lambda *given: given,
    "string": lambda value: value if isinstance(value, str) else f"{EXACT.normalize(value):f}",
    "sum": lambda items: reduce(EXACT.add, items),
}
NODES: Json = {
    "Name": lambda node, values: values[node.id],
    "List": lambda node, values: [evaluated(one, values) for one in node.elts],
    "Tuple": lambda node, values: [evaluated(one, values) for one in node.elts],
    "BoolOp": lambda node, values: _any([evaluated(one, values) for one in node.values], isinstance(node.op, ast.Or)),
    "Compare": lambda node, values: _compared(
        *map(_called, node.ops), *(evaluated(one, values) for one in (node.left, *node.comparators))
    ),
    "BinOp": lambda node, values: _counted(
        _called(node.op), evaluated(node.left, values), evaluated(node.right, values)
    ),
    "UnaryOp": lambda node, values: EXACT.minus(evaluated(node.operand, values)),
    # The text `if a then b else c` is parsed as the Python `a if b else c`.
    "IfExp": lambda node, values: evaluated(node.test if evaluated(node.body, values) is True else node.orelse, values),
    "Attribute": lambda node, values: evaluated(node.value, values)[values[node.attr]],
    "Call": lambda node, values: FUNCTIONS.get(values[node.func.id], values[node.func.id])(
        *(evaluated(one, values) for one in node.args)
    ),
}


def _called(node: Any) -> str:
    return type(node).__name__


def evaluated(node: Any, values: Json) -> Any:
    return NODES[_called(node)](node, values)


def _any(values: list[Any], decisive: bool = True) -> bool | None:  # noqa: FBT001, FBT002  it is the value itself
    if any(one is decisive for one in values):
        return decisive
    return (not decisive) if all(isinstance(one, bool) for one in values) else None


def _counted(sign: str, left: Any, right: Any) -> Any:
    if isinstance(left, str) and isinstance(right, str) and sign == "Add":
        return left + right
    return None if left is None or right is None else COUNT[sign](left, right)


def _compared(sign: str, left: Any, right: Any) -> bool | None:
    kinds = KINDS[type(left)], KINDS[type(right)]
    left = READ[kinds[1]](left) if kinds[0] == "string" and kinds[1] in READ else left
    right = READ[kinds[0]](right) if kinds[1] == "string" and kinds[0] in READ else right
    if left is None or right is None:
        return bool(ORDER[sign](left, right)) if "Eq" in sign else None
    if type(left) is not type(right) or isinstance(left, list | dict) or (isinstance(left, bool) and "Eq" not in sign):
        return None
    return bool(ORDER[sign](left, right))


def parsed(text: str, scope: Json, asked: Any = None) -> tuple[ast.expr, Json]:
    """A FEEL text by Python's own grammar, and the values of the placeholders that stand for names and literals."""
    values, source, before = {"v0": asked}, "", ","
    names = "|".join(re.escape(one) for one in sorted({*scope, *FUNCTIONS}, key=len, reverse=True))
    for literal, name, sign in re.findall(LEXEMES.format(names), RANGE.sub(r"ranged('\1',\2,\3,'\4')", text)):
        word = sign or (name if before in {".", "member"} else "")
        if before == "member" and word[:1].isalpha() and word not in SIGNS:
            values[f"v{len(values) - 1}"] += f" {word}"
        elif word and word not in WORDS and before != ".":
            source += ("v0" if before in ",(" and word[0] in "=<>!" else "") + SIGNS[word]
            before = word
        else:
            plain = word if before == "." else WORDS[word] if word else scope.get(name, name)
            source += f"v{len(values)}"
            values[f"v{len(values)}"] = (
                (literal[1:-1] if literal[0] in "\"'" else Decimal(literal)) if literal else plain
            )
            before = "member" if before == "." else "value"
    # Python's powers bind from the right and before a minus, FEEL's from the left and after it.
    if re.search(r"\*\*.*\*\*|(?<!\*)-\s*\w+\s*\*\*", source):
        raise ValueError(text)
    return ast.parse(source.strip(), mode="eval").body, values


def _test(node: ast.expr, values: Json) -> bool | None:
    wanted, asked = evaluated(node, values), values["v0"]
    if any(isinstance(one, ast.Name) and one.id == "v0" for one in ast.walk(node)):
        return wanted if isinstance(wanted, bool) else None
    if isinstance(wanted, tuple):
        low, start, end, high = wanted
        above = _compared("GtE" if low == "[" else "Gt", asked, start)
        return _any([above, _compared("LtE" if high == "]" else "Lt", asked, end)], decisive=False)
    if isinstance(wanted, list):
        return any(_compared("Eq", asked, one) is True for one in wanted)
    return _compared("Eq", asked, wanted)


def passes(cell: str | None, scope: Json, value: Any) -> bool:
    if (cell or "-").strip() == "-":
        return True
    negated = re.fullmatch(r"not\s*\((.*)\)", str(cell).strip())
    node, values = parsed(negated[1] if negated else str(cell), scope, value)
    found = _any([_test(one, values) for one in (node.elts if isinstance(node, ast.Tuple) else [node])])
    return found is (negated is None)


def typed(value: Any, made: Json, types: Json) -> Any:
    """A value as the ``type`` of what holds it has it; one that does not fit is not followed further."""
    kind = NAMES.get(made.get("type") or "", made.get("type"))
    if kind in types and value is not None:
        return _item(value, types[kind], types)
    if isinstance(value, str) and kind in READ:
        return READ[kind](value)
    if value is not None and kind in KINDS.values() and kind != KINDS[type(value)]:
        raise ValueError(f"a value of type {kind}")
    return value


def _item(value: Any, item: Json, types: Json) -> Any:
    if item.get("collection"):
        return [
            _item(one, item | {"collection": False}, types) for one in (value if isinstance(value, list) else [value])
        ]
    if item.get("components"):
        return value | {name: _item(value.get(name), part, types) for name, part in item["components"].items()}
    found = typed(value, {"type": item.get("base")}, types)
    if found is not None and not passes(item.get("allowed"), {}, found):
        raise ValueError("a value that is not allowed")
    return found
