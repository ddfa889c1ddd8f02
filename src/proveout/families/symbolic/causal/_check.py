"""Independent checker of causal proofs: the texts. It shares no code with what writes them.

That a phrase speaks of a variable is the one thing taken on trust; that the same phrase always does, is checked.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from proveout.families.symbolic.causal._check_forms import QUESTIONS
from proveout.families.symbolic.causal._check_lines import Dag, check_quantity
from proveout.families.symbolic.causal._check_results import RESULTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["check_causal"]

KEYS = {"kind", "inputs", "graph", "mentions", "given", "question", "lines", "result", "answer", "verdict"}
# Sentences with each phrase replaced by a mark.
IS = r"(?:is|was|equals) (?P<n>[\d.]+)\s*%"
CONDITION = rf"(?:for|among|given|in) <>(?:,? and <>)*, the (?:probability|chance) (?:of|that) <> {IS}"
SENTENCES = (
    CONDITION,
    rf"the (?:overall|general|total) probability (?:of|that) <> {IS}",
    rf"the (?:joint )?probability (?:of|that) <> and <> {IS}",
    r"(?:for|among|in) <>, the correlation between <> and <> is (?P<n>[+-]?[\d.]+)",
    r"method [12]\s*: we look directly at how <> correlates with <> in general",
    r"method [12]\s*: we look at (?:this correlation|how <> correlates with <>) case by case according to <>",
    r"(?:(?:,? ?(?:and )?we know that )?<>(?: (?:and|or) <>)* (?:causes|cause|leads to) <>(?: and <>)*)+",
    r"we (?:have )?observed? (?:that )?<>(?: and <>)*",
)
FIELDS = ("background", "given_info", "question")
NAMED = {"nde", "nie", "collider_bias", "backadj"}


def check_causal(proof: Mapping[str, Any], inputs: Mapping[str, str]) -> list[str]:
    """What is wrong with a causal proof, against the texts it is about; empty when it is accepted.

    Args:
        proof: as `answer_question` gives it.
        inputs: the fields ``background``, ``given_info`` and ``question``.

    Example:
        >>> check_causal({"kind": "causal"}, {"background": "", "given_info": "", "question": ""})
        ['the proof has not the parts that it must have']
    """
    if set(proof) != KEYS or proof["kind"] != "causal":
        return ["the proof has not the parts that it must have"]
    try:
        texts = {name: sha256(inputs[name].encode("utf-8", "surrogatepass")).hexdigest() for name in FIELDS}
        problems = [] if proof["inputs"] == texts else ["the proof is about other texts"]
        problems += [
            *_graph(proof, inputs["background"]),
            *_mentions(proof, inputs),
            *_given(proof, inputs["given_info"]),
        ]
        problems += _question(proof, inputs["question"])
        if not problems:
            dag = Dag(
                [(a, b) for a, b, *_ in proof["graph"]["edges"]], [name for name, *_ in proof["graph"]["unobserved"]]
            )
            problems += RESULTS.get(proof["question"]["form"], check_quantity)(proof, dag, inputs)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, ZeroDivisionError, StopIteration) as error:
        return [f"the proof is malformed: {type(error).__name__} {error}"]
    return problems


def _sentences(text: str, start: int = 0) -> Iterator[tuple[int, int]]:
    """Places of sentences, without their full stops and the white space around them."""
    for found in re.finditer(r"(?:[^.\n]|\.(?=\S))+", text[start:]):
        piece = found.group()
        if piece.strip():
            left = start + found.start() + len(piece) - len(piece.lstrip())
            yield left, left + len(piece.strip())


def _graph(proof: Mapping[str, Any], text: str) -> Iterator[str]:
    """Every sentence of the background gives exactly the edges claimed."""
    intro = re.match(r"(?is).*?(?:causal relationships|conditions|relations)\s*:", text)
    edges: list[list[Any]] = []
    hidden: list[list[Any]] = []
    for a, b in _sentences(text, intro.end() if intro else 0):
        said = " ".join(text[a:b].lower().split())
        if found := re.fullmatch(r"(.+?) (?:is|are) (?:unobserved|not observed|unmeasured|latent)", said):
            hidden.append([found[1], a, b])
            continue
        found = re.fullmatch(
            r"(.+?) (?:(?:has|have) a (?:direct )?(?:causal )?effect on|(?:directly )?(?:affects?|influences?)) (.+)",
            said,
        )
        edges += (
            [[found[1], one, a, b] for one in re.split(r",? and |, ", found[2]) if one] if found else [["?", "?", a, b]]
        )
    if proof["graph"] != {"edges": edges, "unobserved": hidden}:
        yield "the edges are not those that the background tells"


def _mentions(proof: Mapping[str, Any], inputs: Mapping[str, str]) -> Iterator[str]:
    """Phrases are in the text, in order, and each text always says the same."""
    names = {name for a, b, *_ in proof["graph"]["edges"] for name in (a, b)}
    said: dict[tuple[str, bool], tuple[str, int | None]] = {}
    before = ("given_info", 0)
    for field, start, end, name, value in proof["mentions"]:
        piece = inputs[field][start:end]
        text = " ".join(piece.lower().split())
        if (
            not text
            or piece != piece.strip()
            or (field, start) < before
            or name not in names
            or (value is not None and type(value) is not int)
            or value not in {0, 1, None}
        ):
            yield f"the phrase at {field} {start} is none, out of order or of no variable"
        if said.setdefault((text, value is None), (name, value)) != (name, value) or (text in names and text != name):
            yield f"{text!r} is read in two ways"
        before = (field, end)
    if proof["question"]["form"] in {"collider_bias", "backadj"} and any(
        one[4] is not None for one in proof["mentions"]
    ):
        yield "a phrase that only names its variable has a value"
    used = [at for one in proof["given"] for at in one["mentions"]] + list(proof["question"]["roles"].values())
    if used[: len(used) - len(proof["question"]["roles"])] != sorted(used)[
        : -len(proof["question"]["roles"])
    ] or sorted(used) != list(range(len(proof["mentions"]))):
        yield "a phrase is used never or twice"


def _marked(proof: Mapping[str, Any], text: str, span: list[int], marks: Mapping[int, str]) -> str:
    """A piece of text with phrases replaced by marks."""
    start, pieces = span[0], []
    for at in sorted(marks):
        _, a, b, *_ = proof["mentions"][at]
        pieces += [text[start:a], marks[at]]
        start = b
    return " ".join("".join([*pieces, text[start : span[1]]]).lower().split())


def _given(proof: Mapping[str, Any], text: str) -> Iterator[str]:
    """Every sentence of the given information is one of the forms known, and states the term claimed."""
    if [one["span"] for one in proof["given"]] != [list(span) for span in _sentences(text)]:
        yield "the sentences are not those of the text"
        return
    for one in proof["given"]:
        own = [proof["mentions"][at] for at in one["mentions"]]
        inside = all(field == "given_info" and one["span"][0] <= a <= b <= one["span"][1] for field, a, b, *_ in own)
        said = _marked(proof, text, one["span"], dict.fromkeys(one["mentions"], "<>"))
        found = next((hit for form in SENTENCES if (hit := re.fullmatch(form, said))), None)
        if found is None or not inside:
            yield f"the sentence at {one['span'][0]} is of no form known"
            continue
        values = [(name, value) for *_, name, value in own]
        of = values[-1:] if found.re.pattern == CONDITION else values
        number = found.groupdict().get("n")
        expected: dict[str, Any] = {"span": one["span"], "mentions": one["mentions"]} | (
            {"number": number} if number else {}
        )
        if "%" in said:
            given = {} if of is values else {"given": dict(values[:-1])}
            expected["term"] = {"of": dict(of), **given}
            if len({name for name, _ in values}) < len(values) or None in dict(values).values():
                yield f"the sentence at {one['span'][0]} names a variable twice or without a value"
        if one != expected:
            yield f"the sentence at {one['span'][0]} states something else"


def _question(proof: Mapping[str, Any], text: str) -> Iterator[str]:
    """The question has the form, direction and roles claimed."""
    asked, roles = proof["question"], proof["question"]["roles"]
    end = len(text.rstrip().rstrip("?").rstrip())
    said = _marked(proof, text, [len(text) - len(text.lstrip()), end], {at: f"<{role}>" for role, at in roles.items()})
    found = re.fullmatch(QUESTIONS[asked["form"]], said)
    if (
        found is None
        or set(asked) != {"form", "direction", "roles"}
        or asked["direction"] != (found.groupdict().get("d") or "")
    ):
        yield "the question is of another form or direction"
        return
    mentions = {role: proof["mentions"][at] for role, at in roles.items()}
    if any(field != "question" or b > end for field, _, b, *_ in mentions.values()):
        yield "a role is not in the question"
    if any((one[4] is None) != (asked["form"] in NAMED) for one in mentions.values()):
        yield "a role has a value where it only names a variable, or none where it says one"
    if "other" in mentions:
        one, other = mentions["y" if asked["form"] == "marginal" else "x"], mentions["other"]
        if one[3] != other[3] or one[4] == other[4]:
            yield "the two values that the question contrasts are not of one variable"
