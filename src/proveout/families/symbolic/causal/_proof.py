"""The proof of an answer: where each phrase, edge and number stands in the text, and every step from them."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from proveout.families.symbolic.causal._expression import Term, expanded

if TYPE_CHECKING:
    from fractions import Fraction

    from proveout.families.symbolic.causal._compute import Verdict
    from proveout.families.symbolic.causal._read_text import Phrase
    from proveout.families.symbolic.causal._reading import Mention, Reading
    from proveout.families.symbolic.causal._stated import Line

__all__ = ["proof_of"]


def proof_of(
    reading: Reading, *, output: str, verdict: Verdict | None = None, result: dict[str, Any] | None = None
) -> dict[str, Any]:
    """A plain JSON object that `check_causal` verifies against the texts.

    Args:
        reading: the texts as read.
        output: the answer.
        verdict: of a question about a quantity.
        result: of a qualitative question.
    """
    unique = _unique(reading)
    places = {one.phrase: at for at, one in enumerate(unique)}
    proof: dict[str, Any] = {
        "kind": "causal",
        "inputs": {
            name: sha256(text.encode("utf-8", "surrogatepass")).hexdigest() for name, text in reading.texts.items()
        },
        "graph": {
            "edges": [[a, b, one.start, one.end] for a, b, one in reading.background.edges],
            "unobserved": [[name, one.start, one.end] for name, one in reading.background.hidden],
        },
        "mentions": [[one.phrase.field, one.phrase.start, one.phrase.end, one.variable, one.value] for one in unique],
        "given": _given(reading, places),
        "question": {
            "form": reading.question.kind,
            "direction": reading.question.direction,
            "roles": {role: places[one.phrase] for role, one in reading.roles.items()},
        },
        "lines": [] if verdict is None else _lines(verdict),
        "result": result if verdict is None else _quantity(reading, verdict),
        "answer": output,
    }
    proof["verdict"] = output if verdict is None else verdict.answer
    return proof


def _unique(reading: Reading) -> list[Mention]:
    """Mentions by place in the text, each once."""
    order = {"given_info": 0, "question": 1}
    found = {one.phrase: one for one in reading.mentions}
    return sorted(found.values(), key=lambda one: (order[one.phrase.field], one.phrase.start))


def _given(reading: Reading, places: dict[Phrase, int]) -> list[dict[str, Any]]:
    """Each sentence of the given information: its span, the phrases in it, and what it states."""
    found: dict[Phrase, dict[str, Any]] = {}

    def note(sentence: Phrase, *phrases: Phrase | None) -> dict[str, Any]:
        entry = found.setdefault(sentence, {"span": [sentence.start, sentence.end], "mentions": []})
        entry["mentions"] = sorted({*entry["mentions"], *(places[one] for one in phrases if one is not None)})
        return entry

    given = reading.given
    terms = {fact.sentence: one.term for fact, one in zip(reading.facts, reading.stated, strict=True)}
    for fact in given.facts:
        entry = note(fact.sentence, *fact.of, *fact.given)
        entry["number"] = fact.number
        if fact.sentence in terms:
            entry["term"] = written(terms[fact.sentence])
    for method in given.methods:
        note(method.sentence, method.x, method.y, method.by)
    for rule in given.rules:
        note(rule.sentence, *rule.causes, *rule.effects)
    for one in given.observed:
        note(_sentence(reading, one), one)
    return [found[one] for one in sorted(found, key=lambda one: one.start)]


def _sentence(reading: Reading, one: Phrase) -> Phrase:
    return next(sentence for sentence in reading.given.sentences if sentence.start <= one.start < sentence.end)


def written(one: Term) -> dict[str, Any]:
    """A term as JSON, without its empty parts."""
    parts: dict[str, Any] = {name: dict(getattr(one, name)) for name in ("of", "given", "do", "had", "as_if")}
    parts["mediators"] = list(one.mediators)
    return {name: part for name, part in parts.items() if part}


def _lines(verdict: Verdict) -> list[dict[str, Any]]:
    return [_line(one, number) for one, number in zip(verdict.lines, verdict.numbers, strict=True)]


def _line(line: Line, number: Fraction) -> dict[str, Any]:
    found: dict[str, Any] = {"rule": line.rule, "value": str(number)}
    if line.term is not None:
        found["term"] = written(line.term)
    if line.full is None:
        found["stated"] = line.stated
    else:
        found["formula"] = expanded(line.full)
    if line.sets:
        found["sets"] = {role: list(names) for role, names in line.sets}
    if line.separations:
        found["needs"] = [[a, b, list(given), where] for a, b, given, where in line.separations]
    return found


def _quantity(reading: Reading, verdict: Verdict) -> dict[str, Any]:
    """What the lines come to, beside what was asked."""
    query, asked, threshold = reading.query()
    plus, minus = verdict.ends
    texts = [_formula(verdict.lines[at]) for at in (plus, minus) if at is not None]
    return {
        "quantity": query.kind,
        "estimand": " - ".join(f"[{one}]" for one in texts),
        "plus": plus,
        "minus": minus,
        "value": str(verdict.value),
        "interval": [str(end) for end in verdict.interval] if verdict.interval else None,
        "asked": asked,
        "threshold": str(threshold),
        "assumptions": list(verdict.assumptions),
    }


def _formula(line: Line) -> str:
    return expanded(line.full) if line.full is not None else str(line.term)
