"""Questions whether a statement is true by a text, answered with the letter of an option."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import TextNotUnderstood
from proveout.families.symbolic.logic._program import Sentence, Truth
from proveout.families.symbolic.logic._prove import judge
from proveout.families.symbolic.logic._reader import read_statement
from proveout.families.symbolic.logic._tokens import not_understood

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from proveout.families.symbolic.logic._program import Program, World
    from proveout.families.symbolic.logic._prove import Verdict

__all__ = ["LogicAnswer", "answer_question", "looks_like_logic", "read_options", "read_question"]

UNKNOWN = r"(?:unknown|uncertain|undetermined|neither)"
ASKED = re.compile(
    r"\s*(?:(?:based on|given|according to|from)\s[^?:.]*?,\s*)?"
    r"(?:is\s(?:it|(?:the\s)?(?:following\s|this\s)?(?:statement|claim|sentence))\s)?"
    rf"true(?:,\s*|\s+or\s+|,\s*or\s+)false(?:,?\s*(?:or\s+)?{UNKNOWN})?\s*[?:]\s*(?P<statement>\S.*)",
    re.IGNORECASE | re.DOTALL,
)
OPTION = re.compile(rf"\s*\(?(?P<letter>[A-Za-z])\s*[).:]\s*(?P<truth>true|false|{UNKNOWN})\.?\s*", re.IGNORECASE)
FIELDS = ("context", "question", "options")


class LogicAnswer(msgspec.Struct, frozen=True):
    """An answer to a question about a text.

    Attributes:
        output: the letter of the option; empty where the question is not answered.
        truth: the verdict; empty where the text was not understood.
        proof: a JSON object for `check_logic`; None where the text was not understood.
        abstention: why there is no output, with the sentence or fact that is to blame; empty for an answer.
    """

    output: str
    truth: Truth | None = None
    proof: dict[str, Any] | None = None
    abstention: str = ""


def answer_question(context: str, question: str, options: str | Sequence[str], world: World = "open") -> LogicAnswer:
    """Answer whether a statement is true by a text, or say why not.

    Args:
        context: the text.
        question: "Is the following statement true, false, or unknown? ...", the statement behind it.
        options: "A) True" and so on, as a list or its JSON text.
        world: whether what the text does not say is unknown (``open``) or false (``closed``).

    Example:
        >>> answer = answer_question(
        ...     "Every cat is an animal. Animals are not wooden. Rex is a cat.",
        ...     "Is the following statement true or false? Rex is wooden.",
        ...     ["A) True", "B) False"],
        ... )
        >>> answer.output, answer.truth, len(answer.proof["steps"])
        ('B', 'false', 3)
        >>> answer_question("Rex likes to sleep.", "True or false: Rex is big.", ["A) True", "B) False"]).output
        ''
    """
    try:
        letters = read_options(options)
        program, asked = read_statement(context, read_question(question))
    except TextNotUnderstood as error:
        return LogicAnswer("", abstention=f"{error.what}: {error.why}")
    verdict = judge(program, asked, world)
    abstention = _why_not(program, verdict, letters, world)
    output = "" if abstention else letters[verdict.truth]
    return LogicAnswer(output, verdict.truth, verdict.proof, abstention)


def _why_not(program: Program, verdict: Verdict, letters: Mapping[str, str], world: World) -> str:
    """Why a verdict is no answer; empty where it is one."""
    if verdict.truth == "contradictory":
        return "the text contradicts itself"
    if program.compounds and (verdict.truth == "unknown" or world == "closed"):
        named = program.compounds[0].removeprefix("is a ")
        return (
            f"the text does not say whether every {named!r} is a {named.split()[-1]!r}, and the answer may turn on it"
        )
    if verdict.truth not in letters:
        return f"the statement is {verdict.truth} by the text, and no option says so"
    return ""


def read_question(question: str) -> str:
    """The statement that a question asks about.

    Raises:
        TextNotUnderstood: it is no question whether a statement is true.

    Example:
        >>> read_question("Is the following statement true or false? Stella is bright.")
        'Stella is bright.'
    """
    found = ASKED.fullmatch(question)
    if found is None:
        whole = Sentence(question.strip(), 0, len(question))
        raise not_understood(whole, "it does not ask whether a statement is true or false")
    return found["statement"].strip()


def read_options(options: str | Sequence[str]) -> dict[str, str]:
    """The letter of each truth value that is offered.

    Raises:
        TextNotUnderstood: they are not true, false and perhaps unknown, once each.

    Example:
        >>> read_options('["A) True", "B) False", "C) Unknown"]')
        {'true': 'A', 'false': 'B', 'unknown': 'C'}
    """
    listed = _listed(options)
    found = [OPTION.fullmatch(option) for option in listed]
    letters = {_truth(one["truth"]): one["letter"].upper() for one in found if one}
    if (
        len(letters) != len(listed)
        or len(set(letters.values())) != len(listed)
        or not {"true", "false"} <= letters.keys()
    ):
        whole = Sentence(str(options), 0, len(str(options)))
        raise not_understood(whole, "the options are not a letter each for true, false and perhaps unknown")
    return letters


def _truth(said: str) -> str:
    lower = said.lower()
    return lower if lower in {"true", "false"} else "unknown"


def _listed(options: str | Sequence[str]) -> list[str]:
    """Options as a list of texts; empty for anything else."""
    if isinstance(options, str):
        try:
            options = json.loads(options)
        except (ValueError, RecursionError):
            return []
    return list(options) if isinstance(options, list | tuple) and all(isinstance(one, str) for one in options) else []


def looks_like_logic(inputs: Mapping[str, Any]) -> bool:
    """Whether input fields are a text, a question whether a statement is true, and options to match.

    It looks at the form only; whether each sentence is understood is known when the question is answered.

    Example:
        >>> looks_like_logic(
        ...     {"context": "Rex is big.", "question": "True or false: Rex is big.", "options": ["A) True", "B) False"]}
        ... )
        True
        >>> looks_like_logic({"context": "Rex is big.", "question": "Who is big?", "options": ["A) Rex", "B) Max"]})
        False
    """
    context, question, options = (inputs.get(field) for field in FIELDS)
    if not isinstance(context, str) or not isinstance(question, str) or not isinstance(options, str | list | tuple):
        return False
    try:
        read_question(question)
        read_options(options)
    except TextNotUnderstood:
        return False
    return True
