"""A causal proof as text for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proveout.families.symbolic.causal._expression import Term, events

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["render"]


def render(proof: Mapping[str, Any], inputs: Mapping[str, str]) -> str:
    """The steps of a proof, with the words of the texts that they come from.

    Args:
        proof: as `answer_question` gives it.
        inputs: the texts it is about.

    Example:
        >>> from proveout.families.symbolic.causal import answer_question
        >>> inputs = {
        ...     "background": "Rain has a direct effect on mud.",
        ...     "given_info": "For dry days, the probability of mud is 10%. "
        ...     "For rainy days, the probability of mud is 80%.",
        ...     "question": "Will rain increase the chance of mud?",
        ... }
        >>> print(render(answer_question(**inputs).proof, inputs))
        Graph: rain -> mud
        'dry days': rain=0
        'mud': mud=1
        'rainy days': rain=1
        'rain': rain=1
        P(mud=1 | rain=1) = 4/5 (stated)
        P(mud=1 | do(rain=1)) = P(mud=1 | rain=1) = 4/5 (back-door, adjust nothing)
          rain is independent of mud given nothing in the graph without edges out of rain
        P(mud=1 | rain=0) = 1/10 (stated)
        P(mud=1 | do(rain=0)) = P(mud=1 | rain=0) = 1/10 (back-door, adjust nothing)
          rain is independent of mud given nothing in the graph without edges out of rain
        ate = [P(mud=1 | rain=1)] - [P(mud=1 | rain=0)] = 7/10, between 69/100 and 71/100 (greater than 0?)
        Verdict: yes. Answer: yes.
    """
    return "\n".join(_rendered(proof, inputs))


def _rendered(proof: Mapping[str, Any], inputs: Mapping[str, str]) -> Iterator[str]:
    hidden = "".join(f"; {name} is unobserved" for name, *_ in proof["graph"]["unobserved"])
    yield f"Graph: {', '.join(f'{a} -> {b}' for a, b, *_ in proof['graph']['edges'])}{hidden}"
    yield from dict.fromkeys(
        f"{inputs[field][start:end]!r}: {name}{'' if value is None else f'={value}'}"
        for field, start, end, name, value in proof["mentions"]
    )
    for line in proof["lines"]:
        yield from _line(line)
    yield from _result(proof["result"])
    yield f"Verdict: {proof['verdict']}. Answer: {proof['answer']}."


def _line(line: Mapping[str, Any]) -> Iterator[str]:
    sets = "".join(f", {role} {', '.join(names) or 'nothing'}" for role, names in line.get("sets", {}).items())
    formula = f"{line['formula']} = " if "formula" in line else ""
    yield f"{_term(line.get('term'))} = {formula}{line['value']} ({line['rule']}{sets})"
    for a, b, given, where in line.get("needs", ()):
        yield f"  {a} is independent of {b} given {', '.join(given) or 'nothing'} in {where}"


def _term(term: Mapping[str, Any] | None) -> str:
    if term is None:
        return "effect"
    parts = {name: events(part) for name, part in term.items() if name != "mediators"}
    return str(Term(**parts, mediators=tuple(term.get("mediators", ()))))


def _result(result: Mapping[str, Any]) -> Iterator[str]:
    if "quantity" not in result:
        for name, part in result.items():
            yield f"{name}: {part}"
        return
    within = f", between {' and '.join(result['interval'])}" if result["interval"] else ""
    asked = f"({result['asked']} than {result['threshold']}?)"
    yield f"{result['quantity']} = {result['estimand']} = {result['value']}{within} {asked}"
    for one in result["assumptions"]:
        yield f"assumed: {one}"
