"""Reads controlled English into a program."""

from __future__ import annotations

from proveout.families.symbolic.logic._grammar import SaidRule, parse
from proveout.families.symbolic.logic._lexicon import Lexicon
from proveout.families.symbolic.logic._program import ANYBODY, Literal, Program, Rule, Sentence, Statement
from proveout.families.symbolic.logic._tokens import not_understood, sentences

__all__ = ["read_statement", "read_text"]


def read_text(text: str) -> Program:
    """The facts and rules that a text states.

    The English is that of ProofWriter (Tafjord, Dalvi, Clark 2021) and ProntoQA (Saparov, He 2023), for any names,
    nouns, adjectives and regular verbs: `docs/design/logic.md` lists the sentences. Words are told apart by where they
    stand, not by a vocabulary.

    Args:
        text: sentences, each ended by a full stop.

    Raises:
        TextNotUnderstood: a sentence is outside this English; ``about`` gives its place.

    Example:
        >>> program = read_text("Anne is kind. If someone is kind then they chase the dog.")
        >>> print(program.rules[1].head, "|", *program.rules[1].body)
        ?x chase the dog | ?x is kind
    """
    found = tuple(sentences(text))
    said = [parse(sentence) for sentence in found]
    return _program(text, found, said, Lexicon(said), [])


def read_statement(text: str, statement: str) -> tuple[Program, Statement]:
    """A text and a statement to be judged by it, read together, so that a word means the same in both.

    Raises:
        TextNotUnderstood: a sentence is outside this English, or the statement is none about somebody named.

    Example:
        >>> program, asked = read_statement("Wumpuses are felines. Max is a wumpus.", "Max is a feline.")
        >>> asked.literals[0].predicate == program.rules[0].head.predicate
        True
    """
    found = tuple(sentences(text))
    said = [parse(sentence) for sentence in found]
    asked = _asked(statement)
    rule = parse(asked)
    if rule.body or rule.never or any(ANYBODY in one.args for one in rule.heads):
        raise not_understood(asked, "only a statement about somebody named is judged")
    lexicon = Lexicon([*said, rule])
    literals = _literals(asked, lexicon, rule)
    return _program(text, found, said, lexicon, literals), Statement(asked.text, tuple(literals))


def _asked(statement: str) -> Sentence:
    """The one sentence of a statement."""
    found = list(sentences(statement))
    if len(found) != 1:
        whole = Sentence(statement.strip(), 0, len(statement))
        raise not_understood(whole, f"a statement is one sentence, and this has {len(found)}")
    return found[0]


def _literals(sentence: Sentence, lexicon: Lexicon, rule: SaidRule, *, body: bool = False) -> list[Literal]:
    """The literals of a rule's heads or body."""
    try:
        return [literal for said in (rule.body if body else rule.heads) for literal in lexicon.literals(said)]
    except ValueError as error:
        raise not_understood(sentence, str(error)) from error


def _program(
    text: str, found: tuple[Sentence, ...], said: list[SaidRule], lexicon: Lexicon, asked: list[Literal]
) -> Program:
    """The program of sentences that are parsed; the names of the literals asked about belong to it too."""
    rules: dict[Rule, None] = {}
    for at, (sentence, one) in enumerate(zip(found, said, strict=True)):
        body, heads = _literals(sentence, lexicon, one, body=True), _literals(sentence, lexicon, one)
        rules.update(dict.fromkeys(_rules(body, heads, at, never=one.never)))
    literals = [*asked, *(literal for rule in rules for literal in (rule.head, *rule.body))]
    names = {arg for literal in literals for arg in literal.args} - {ANYBODY}
    return Program(text, found, tuple(rules), tuple(sorted(names)), lexicon.compounds())


def _rules(body: list[Literal], heads: list[Literal], sentence: int, *, never: bool) -> list[Rule]:
    """A rule for each head; "no A is B" denies each of its parts when the others hold."""
    if not never:
        return [Rule(head, tuple(dict.fromkeys(body)), sentence) for head in heads]
    parts = list(dict.fromkeys((*body, *heads)))
    return [Rule(part.denied(), tuple(one for one in parts if one != part), sentence) for part in parts]
