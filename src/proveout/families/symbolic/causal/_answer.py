"""Causal questions in words answered, each with a proof."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from proveout.errors import GraphInvalid, TextNotUnderstood
from proveout.families.symbolic.causal._compute import Verdict, evaluate
from proveout.families.symbolic.causal._deterministic import Equation, twin
from proveout.families.symbolic.causal._identify import adjusts
from proveout.families.symbolic.causal._proof import proof_of
from proveout.families.symbolic.causal._read_text import fail
from proveout.families.symbolic.causal._reading import Reading, readings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["CausalAnswer", "answer_question", "looks_causal"]

FIELDS = ("background", "given_info", "question")
GENERAL = "general identification"


class CausalAnswer(msgspec.Struct, frozen=True):
    """The answer to a causal question in words.

    Args:
        output: ``yes``, ``no``, or empty when abstaining.
        verdict: ``yes``, ``no``, ``undecided`` at the precision of the numbers, or ``not identified``; ``output`` may
            be definite all the same, by the numbers as stated or under the assumption that ``note`` names.
        proof: for `check_causal`; None when abstaining.
        abstention: why there is no answer: the sentence or phrase, or the missing number.
        note: what weakens the answer.
    """

    output: Literal["yes", "no", ""]
    verdict: Literal["yes", "no", "undecided", "not identified"]
    proof: dict[str, Any] | None = None
    abstention: str = ""
    note: str = ""


def looks_causal(inputs: Mapping[str, object]) -> bool:
    """Whether inputs have the three fields of a causal question.

    Example:
        >>> looks_causal({"background": "A affects B.", "given_info": "", "question": "Does A affect B?"})
        True
    """
    return all(isinstance(inputs.get(name), str) for name in FIELDS) and bool(
        inputs["background"] and inputs["question"]
    )


def answer_question(background: str, given_info: str, question: str) -> CausalAnswer:
    """Answer a yes/no question about causes, with a proof, or abstain and say why.

    The texts are those of CLadder (Jin et al., NeurIPS 2023): sentences of a small grammar over open vocabulary.

    Args:
        background: direct causes, "Smoking has a direct effect on cancer." and what is unobserved.
        given_info: stated probabilities, methods to compare, or deterministic rules.
        question: one of ten kinds, from marginal probabilities to counterfactuals.

    Example:
        >>> found = answer_question(
        ...     "Smoking has a direct effect on cancer.",
        ...     "For nonsmokers, the probability of cancer is 10%. For smokers, the probability of cancer is 30%.",
        ...     "Will smoking decrease the chance of cancer?",
        ... )
        >>> found.output, found.verdict
        ('no', 'no')
    """
    try:
        likely, further = readings(background, given_info, question)
    except (TextNotUnderstood, GraphInvalid) as error:
        return CausalAnswer("", "not identified", abstention=str(error))
    answers = [_answered(reading) for reading in likely]
    if not any(one.output for one in answers):
        # That a text states what its question needs is itself a sign of how it is to be read.
        answers += [_answered(reading) for reading in further]
    definite = [one for one in answers if one.output]
    if len({one.output for one in definite}) > 1:
        phrases = ", ".join(f"{one.phrase.text!r}" for one in likely[0].mentions[:4])
        reason = f"phrases fit more than one variable, with different answers: {phrases}"
        return CausalAnswer("", "not identified", abstention=reason)
    return definite[0] if definite else answers[0]


def _answered(reading: Reading) -> CausalAnswer:
    """The answer of one reading."""
    try:
        return KINDS.get(reading.question.kind, _quantity)(reading)
    except (TextNotUnderstood, GraphInvalid) as error:
        return CausalAnswer("", "not identified", abstention=str(error))


def _quantity(reading: Reading) -> CausalAnswer:
    """A question about the size of a probability or effect."""
    query, asked, threshold = reading.query()
    verdict = evaluate(
        reading.background.graph,
        query,
        reading.stated,
        asked="greater" if asked == "greater" else "smaller",
        threshold=threshold,
    )
    if verdict.value is None:
        return CausalAnswer("", "not identified", abstention=verdict.reason)
    if any(line.rule == GENERAL for line in verdict.lines):
        return CausalAnswer(
            "", "not identified", abstention="the estimand is beyond the rules that a proof can be checked by"
        )
    output: Literal["yes", "no"] = "yes" if verdict.point == "yes" else "no"
    return CausalAnswer(
        output, verdict.answer, proof_of(reading, verdict=verdict, output=output), note=_note(reading, verdict)
    )


def _note(reading: Reading, verdict: Verdict) -> str:
    """What weakens an answer."""
    notes = []
    if verdict.answer == "undecided" and verdict.interval:
        low, high = (f"{float(end):.4f}" for end in verdict.interval)
        notes.append(f"undecided at this precision: the rounded numbers allow {low} to {high}")
    elif verdict.answer == "undecided":
        notes.append("undecided at this precision: the rounded numbers allow a division by zero")
    if verdict.reason:
        notes.append(f"not identified: {verdict.reason}")
    notes.extend(f"assumed: {one}" for one in verdict.assumptions)
    notes.extend(f"by form alone, {text!r} is taken to say that it holds" for text in reading.assumed)
    return "; ".join(notes)


def _definite(reading: Reading, *, holds: bool, result: dict[str, Any]) -> CausalAnswer:
    output: Literal["yes", "no"] = "yes" if holds else "no"
    return CausalAnswer(output, output, proof_of(reading, result=result, output=output))


def _influence(reading: Reading) -> CausalAnswer:
    """Whether one variable affects another at all, whatever a selected group shows."""
    x, y = reading.roles["x"].variable, reading.roles["y"].variable
    path = next(reading.background.graph.paths(x, y), ())
    denied = "not" in reading.question.direction
    return _definite(reading, holds=bool(path) != denied, result={"path": list(path)})


def _methods(reading: Reading) -> CausalAnswer:
    """Which of two methods is more correct: looking directly, or case by case."""
    x, y, graph = reading.roles["x"].variable, reading.roles["y"].variable, reading.background.graph
    methods = {one.number: one for one in reading.given.methods}
    direct = [number for number, one in methods.items() if one.by is None]
    by_case = [(number, one.by) for number, one in methods.items() if one.by is not None]
    if len(direct) != 1 or len(by_case) != 1:
        raise fail("the methods are not one direct and one case by case", reading.question.kind)
    adjust = " ".join(by_case[0][1].text.lower().split())
    plainly, adjusted = adjusts(graph, x, y, []), adjusts(graph, x, y, [adjust])
    if not plainly and not adjusted:
        return CausalAnswer("", "not identified", abstention=f"neither method shows how {x} affects {y}")
    better = direct[0] if plainly else by_case[0][0]
    result = {"adjust": adjust, "direct": plainly, "by_case": adjusted, "better": better}
    return _definite(reading, holds=better == int(reading.question.direction), result=result)


def _determined(reading: Reading) -> CausalAnswer:
    """A counterfactual of a deterministic model."""
    said = {(one.phrase.start, one.phrase.field): one for one in reading.mentions}

    def event(one: Any) -> tuple[str, int]:
        found = said[one.start, one.field]
        return found.variable, found.value or 0

    equations = [
        Equation(*event(effect), tuple(event(cause) for cause in rule.causes), rule.joined)
        for rule in reading.given.rules
        for effect in rule.effects
    ]
    graph = reading.background.graph
    if any(cause not in graph.parents(one.variable) for one in equations for cause, _ in one.causes):
        raise fail("a rule has a cause that the background does not tell", reading.given.rules[0].sentence.text)
    if len({one.variable for one in equations}) < len(equations):
        raise fail("two rules have the same effect", reading.given.rules[0].sentence.text)
    if reading.assumed:
        raise fail("no word decides which value a phrase says", reading.assumed[0])
    x, y = reading.roles["x"], reading.roles["y"]
    observed = dict(event(one) for one in reading.given.observed)
    found = twin(graph, equations, observed, {x.variable: x.value or 0}, y.variable)
    if found.value is None:
        return CausalAnswer("", "not identified", abstention=found.reason)
    result = {
        "equations": [
            [one.variable, one.result, [list(cause) for cause in one.causes], one.joined] for one in equations
        ],
        "observed": dict(sorted(observed.items())),
        "worlds": [list(pair) for pair in found.worlds],
        "value": found.value,
    }
    return _definite(reading, holds=found.value == y.value, result=result)


KINDS: dict[str, Callable[[Reading], CausalAnswer]] = {
    "collider_bias": _influence,
    "backadj": _methods,
    "det-counterfactual": _determined,
}
