"""Independent checker of causal proofs: independences of the graph, the formula of every line, and the arithmetic.

A term is (of, given, do, had, mediators, as if), each part sorted; a formula is signed products of terms over others.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from proveout.families.symbolic.causal._check_bounds import bounds
from proveout.families.symbolic.causal._check_graph import Case, Dag, flat, text_of, written
from proveout.families.symbolic.causal._check_rules import RULES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Dag", "check_quantity"]

HALF = {"marginal": Fraction(1, 2)}
UP = {"more", "larger", "higher", "greater", "bigger", "increase", "raise", "positively"}
QUANTITY = {"marginal": "probability", "correlation": "association", "exp_away": "association"}
ASSUMED = {
    "instrument": "the effect of the treatment is the same for all, or the instrument moves nobody the other way",
    "mediation formula, as if nothing confounded it": "no unobserved variable biases the mediator's part",
    "as among all": "those asked about are as all are in what the treatment does not cause",
}


def check_quantity(proof: Mapping[str, Any], dag: Dag, inputs: Mapping[str, str]) -> list[str]:
    """What is wrong with the lines and the result of a question about a quantity."""
    del inputs
    form, result, lines = proof["question"]["form"], proof["result"], proof["lines"]
    terms, asked = _wanted(proof)
    problems, formulas = _lines(proof, dag)
    if problems:
        return problems
    ends = [at for at in (result["plus"], result["minus"]) if at is not None]
    wald = lines[ends[0]]["rule"] == "instrument"
    if [flat(lines[at]["term"]) for at in ends if "term" in lines[at]] != ([] if wald and form == "ate" else terms):
        return ["the lines that count are not those of the quantity asked for"]
    if len(lines) != len(order := _needed(ends, formulas)) or order != list(range(len(lines))):
        return ["a line is not needed, or out of order"]
    numbers = [Fraction(one["value"]) for one in lines]
    value = numbers[ends[0]] - (numbers[ends[1]] if ends[1:] else 0)
    free = [-1 - at if one["rule"] == "as among all" else formulas[at] for at, one in enumerate(lines)]
    within = bounds(proof["given"], free, ends)
    threshold = HALF.get(form, Fraction(0))
    up = asked == "greater"
    said = [(end > threshold) if up else (end < threshold) for end in within or ()]
    rules = {one["rule"] for one in lines} - ({"as among all"} if len(set(said)) == 1 else set())
    lenient = bool({"mediation formula, as if nothing confounded it", "as among all"} & rules)
    verdict = "not identified" if lenient else "undecided" if len(set(said)) != 1 else "yes" if said[0] else "no"
    expected = {
        "quantity": QUANTITY.get(form, form),
        "estimand": " - ".join(f"[{lines[at].get('formula') or text_of(flat(lines[at]['term']))}]" for at in ends),
        "plus": ends[0],
        "minus": ends[1] if ends[1:] else None,
        "value": str(value),
        "interval": [str(end) for end in within] if within else None,
        "asked": asked,
        "threshold": str(threshold),
        "assumptions": [text for rule, text in ASSUMED.items() if rule in rules],
    }
    digits = [len(proof["given"][one["stated"]]["number"].partition(".")[2]) for one in lines if "stated" in one]
    none = len(set(said)) != 1 and not threshold and abs(value) < Fraction(1, 200 * 10 ** min(digits, default=99))
    answer = "yes" if (value > threshold if up else value < threshold) and not none else "no"
    right = result == expected and proof["verdict"] == verdict and proof["answer"] == answer
    return [] if right else ["the result, the verdict or the answer does not follow from the lines"]


def _wanted(proof: Mapping[str, Any]) -> tuple[list[Any], str]:
    """The terms counted positive and negative, and the direction asked, by the form and roles of the question."""
    form, asked = proof["question"]["form"], "greater" if proof["question"]["direction"] in UP else "smaller"
    roles = {role: tuple(proof["mentions"][at][3:5]) for role, at in proof["question"]["roles"].items()}
    flipped = {"greater": "smaller", "smaller": "greater"}[asked]
    if form == "marginal":
        return [written(of=[roles["y"]])], asked
    (x, level), y = roles["x"], roles["y"]
    one, zero = [(x, 1)], [(x, 0)]
    if form in {"nde", "nie"}:
        m = [name for role, (name, _) in roles.items() if role.startswith("m")]
        first = next(
            dict(one["term"]["of"])[y[0]] for one in proof["given"] if y[0] in one.get("term", {}).get("of", {})
        )
        of, base = [(y[0], first)], {"mediators": m, "as_if": zero}
        plus = written(of=of, had=one, **base) if form == "nde" else written(of=of, had=zero, mediators=m, as_if=one)
        return [plus, written(of=of, had=zero, **base)], asked
    if form == "ett":
        return [written(of=[y], had=had, given=[(x, level)]) for had in (one, zero)], flipped if level else asked
    if form == "ate":
        return [written(of=[y], do=do) for do in (one, zero)], asked if level else flipped
    given = [value for role, value in roles.items() if role == "given"]
    return [written(of=[y], given=[*given, *of]) for of in (one, zero)], asked if level else flipped


def _lines(proof: Mapping[str, Any], dag: Dag) -> tuple[list[str], list[Any]]:
    """Each line's formula, after the line has been found to be what its rule gives, with the right value."""
    known: dict[Any, int] = {}
    formulas: list[Any] = []
    roles = {role: tuple(proof["mentions"][at][3:5]) for role, at in proof["question"]["roles"].items()}
    for at, line in enumerate(proof["lines"]):
        term = flat(line["term"]) if "term" in line else None
        if line["rule"] == "stated":
            given = proof["given"][line["stated"]]
            expected = {
                "rule": "stated",
                "term": given["term"],
                "stated": line["stated"],
                "value": str(Fraction(given["number"]) / 100),
            }
            formulas.append(line["stated"])
        else:
            found = RULES[line["rule"]](
                Case(dag, term or (), {role: tuple(names) for role, names in line.get("sets", {}).items()}, roles)
            )
            if found is None:
                return [f"line {at}: the rule {line['rule']!r} does not apply"], []
            over, under, needs = found
            formula = [[(sign, [known[one] for one in factors]) for sign, factors in side] for side in (over, under)]
            values = [Fraction(one["value"]) for one in proof["lines"][:at]]
            value = _sum(formula[0], values) / (_sum(formula[1], values) if under else 1)
            expected = {key: line[key] for key in ("term", "sets") if line.get(key)} | {
                "rule": line["rule"],
                "value": str(value),
            }
            expected |= {"formula": _text(over, under)} | ({"needs": needs} if needs else {})
            formulas.append(formula)
        if line != expected or term in known:
            return [f"line {at} is not what its rule gives"], []
        known[term] = at
    return [], formulas


def _text(over: Sequence[Any], under: Sequence[Any]) -> str:
    """A formula as it is printed."""

    def side(products: Sequence[Any]) -> str:
        parts = [
            ("- " if sign < 0 else "+ ") + (" * ".join(text_of(one) for one in factors) or "1")
            for sign, factors in products
        ]
        return " ".join(parts).removeprefix("+ ")

    return f"({side(over)}) / ({side(under)})" if under else side(over)


def _sum(products: Sequence[Any], values: Sequence[Fraction]) -> Fraction:
    total = Fraction(0)
    for sign, factors in products:
        part = Fraction(sign)
        for at in factors:
            part *= values[at]
        total += part
    return total


def _needed(ends: Sequence[int], formulas: Sequence[Any]) -> list[int]:
    """The lines that the ends rest on, each after those it uses, in the order of first use."""
    done: list[int] = []

    def visit(at: int) -> None:
        if at in done:
            return
        for side in formulas[at] if isinstance(formulas[at], list) else ():
            for _, factors in side:
                for one in factors:
                    visit(one)
        done.append(at)

    for at in ends:
        visit(at)
    return done
