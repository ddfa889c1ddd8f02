"""Random worlds in controlled English, and a brute-force oracle of what follows in them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import pytest

from proveout.families.symbolic.logic._tokens import is_content

# A predicate's kind and word, its arguments ("X" is anybody), and whether it holds.
Fact = tuple[tuple[str, str], tuple[str, ...], bool]


class World(NamedTuple):
    """A text, what it says, and all statements that could be asked about it."""

    text: str
    rules: list[tuple[Fact, list[Fact]]]
    names: list[str]
    facts: list[Fact]
    statements: list[str]


class Words:
    """Invented names, nouns, adjectives and verbs: nothing that a vocabulary could hold."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.used: set[str] = set()
        self.names = [self.word().capitalize() for _ in range(2)]
        self.names += [f"the {self.word()}", f"the {self.word()} {self.word()}"]
        self.adjectives = [self.word(rng.choice(["", "ous", "y", "-red"])) for _ in range(4)]
        self.nouns = [self.word(rng.choice(["pus", "", "x", "ty", "er"])) for _ in range(3)]
        self.verbs = [self.word(rng.choice(["", "ch", "e", "ss", "rry"])) for _ in range(2)]

    def word(self, ending: str = "") -> str:
        while True:
            starts, vowels, stops = "bdfgklmnprtvz", "aeou", "bdgkmnprt"
            made = "".join(self.rng.choice(starts) + self.rng.choice(vowels) for _ in range(self.rng.randint(1, 2)))
            made += self.rng.choice(stops) + ending
            if made not in self.used and made + "s" not in self.used and len(made) > 3 and is_content(made):
                self.used.add(made)
                return made


def inflected(base: str) -> str:
    if base.endswith("y"):
        return base[:-1] + "ies"
    return base + ("es" if base.endswith(("s", "x", "ch")) else "s")


def clause(fact: Fact, subject: str, *, plural: bool = False) -> str:
    """A literal in words, with a subject of its own or a pronoun."""
    (kind, word), args, positive = fact
    if kind == "verb":
        verb = word if plural or not positive else inflected(word)
        return (
            f"{subject}{'' if positive else ' do' if plural else ' does'}{'' if positive else ' not'} {verb} {args[1]}"
        )
    article = ("an " if word[0] in "aeiou" else "a ") if kind == "noun" else ""
    return f"{subject} {'are' if plural else 'is'}{'' if positive else ' not'} {article}{word}"


class Writer:
    """Says facts and rules in one of the ways there are."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def fact(self, fact: Fact) -> str:
        return clause(fact, fact[1][0])

    def rule(self, head: Fact, body: Sequence[Fact]) -> str:
        unary = all(one[0][0] != "verb" for one in body) and all(one[1] == ("X",) for one in body)
        if unary and head[1][0] == "X" and all(one[2] for one in body) and self.rng.random() < 0.6:
            return self.about_all(head, body)
        return self.conditional(head, body)

    def about_all(self, head: Fact, body: Sequence[Fact]) -> str:
        adjectives = [one[0][1] for one in body if one[0][0] == "adjective"]
        nouns = [one[0][1] for one in body if one[0][0] == "noun"]
        if len(nouns) == 1 and not adjectives:
            if self.rng.random() < 0.5:
                return clause(head, f"{self.rng.choice(['every', 'each'])} {nouns[0]}")
            return clause(head, f"{self.rng.choice(['', 'all '])}{inflected(nouns[0])}", plural=True)
        if not nouns and self.rng.random() < 0.7:
            listed = f"{', '.join(adjectives)} {self.rng.choice(['people', 'things'])}"
            return clause(head, f"{self.rng.choice(['', 'all '])}{listed}", plural=True)
        said = [*(f"a {noun}" for noun in nouns), *adjectives]
        return clause(head, f"{self.rng.choice(['everything that', 'everyone who'])} is {self.listed(said)}")

    def listed(self, said: list[str]) -> str:
        return " and ".join([", ".join(said[:-1]), said[-1]]) if len(said) > 1 else said[0]

    def conditional(self, head: Fact, body: Sequence[Fact]) -> str:
        anybody, pronoun = self.rng.choice([("someone", "they"), ("something", "it")])
        parts, seen = [], False
        for one in body:
            subject = one[1][0]
            if subject == "X":
                subject, seen, first = (pronoun, True, False) if seen else (anybody, True, True)
                parts.append(clause(one, subject, plural=pronoun == "they" and not first))
            else:
                parts.append(clause(one, subject))
        ours = pronoun if head[1][0] == "X" else head[1][0]
        comma = self.rng.choice(["", ","])
        return f"if {' and '.join(parts)}{comma} then {clause(head, ours, plural=ours == 'they')}"


def make(seed: int, *, negation: bool = True) -> World:
    """A random world: its text is read, its rules are ground truth."""
    rng = random.Random(seed)
    words, writer = Words(rng), Writer(rng)
    predicates = [("adjective", word) for word in words.adjectives] + [("noun", word) for word in words.nouns]
    predicates += [("verb", word) for word in words.verbs]

    def draw(subject: str) -> Fact:
        predicate = rng.choice(predicates)
        args = (subject, rng.choice(words.names)) if predicate[0] == "verb" else (subject,)
        return predicate, args, not (negation and rng.random() < 0.2)

    rules: list[tuple[Fact, list[Fact]]] = [(draw(rng.choice(words.names)), []) for _ in range(rng.randint(1, 6))]
    for _ in range(rng.randint(1, 8)):
        subject = rng.choice(["X", "X", "X", words.names[0]])
        body = [draw(subject) for _ in range(rng.randint(1, 3))]
        rules.append((draw(rng.choice([subject, subject, rng.choice(words.names)])), body))
    said = [writer.rule(head, body) if body else writer.fact(head) for head, body in rules]
    facts: list[Fact] = [
        (predicate, args, positive)
        for predicate in predicates
        for name in words.names
        for args in ([(name, other) for other in words.names] if predicate[0] == "verb" else [(name,)])
        for positive in (True, False)
    ]
    text = " ".join(sentence(one) for one in said)
    return World(text, rules, words.names, facts, [sentence(clause(fact, fact[1][0])) for fact in facts])


def sentence(said: str) -> str:
    return f"{said[0].upper()}{said[1:]}."


def ground(world: World) -> list[tuple[Fact, list[Fact]]]:
    """Every rule about every name."""
    found = []
    for head, body in world.rules:
        for name in world.names:
            about = [(p, tuple(name if arg == "X" else arg for arg in args), s) for p, args, s in (head, *body)]
            found.append((about[0], about[1:]))
    return found


def least(grounded: list[tuple[Fact, list[Fact]]], absent: Callable[[Fact], bool] | None) -> set[Fact]:
    """Naive fixpoint; with ``absent`` a negative premise holds if that says so of its positive literal."""
    known: set[Fact] = set()
    while True:
        new = {
            head
            for head, body in grounded
            if all(one in known if one[2] or absent is None else absent((one[0], one[1], True)) for one in body)
        }
        if new <= known:
            return known
        known |= new


def lacks(known: frozenset[Fact], one: Fact) -> bool:
    return one not in known


def well_founded(grounded: list[tuple[Fact, list[Fact]]]) -> tuple[set[Fact], set[Fact]]:
    """What certainly and what possibly holds in the closed world: the alternating fixpoint of Van Gelder (1989)."""
    certain: set[Fact] = set()
    while True:
        possible = least(grounded, partial(lacks, frozenset(certain)))
        sure = least(grounded, partial(lacks, frozenset(possible)))
        if sure == certain:
            return certain, possible
        certain = sure


class Oracle(NamedTuple):
    """The functions of this file, for tests that get them as a fixture."""

    make: Callable[..., World]
    ground: Callable[[World], list[tuple[Fact, list[Fact]]]]
    least: Callable[..., set[Fact]]
    well_founded: Callable[[list[tuple[Fact, list[Fact]]]], tuple[set[Fact], set[Fact]]]


@pytest.fixture(scope="session")
def oracle() -> Oracle:
    return Oracle(make, ground, least, well_founded)


Proof = dict[str, Any]
CITED = ("sentence", "start", "end", "text")


class Mutator:
    """Alters a proof at random, always into a different one."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def mutated(self, proof: Proof) -> tuple[str, Proof]:
        """What was done, and the altered proof."""
        kinds = [self.value, self.value, self.value, self.listed, self.keyed, self.claim]
        kinds += [self.steps, self.steps, self.cited, self.removed] if len(proof["steps"]) > 1 else []
        while True:
            altered, change = json.loads(json.dumps(proof)), self.rng.choice(kinds)
            change(altered)
            if json.dumps(altered, sort_keys=True) != json.dumps(proof, sort_keys=True):
                return change.__name__, altered

    def nodes(self, node: Any) -> list[tuple[Any, Any]]:
        """Every place in a proof, as what holds it and its key."""
        keys = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else []
        return [place for key in keys for place in ((node, key), *self.nodes(node[key]))]

    def value(self, proof: Proof) -> None:
        """One value becomes another, of its type or not."""
        leaves = [(held, key) for held, key in self.nodes(proof) if not isinstance(held[key], dict | list)]
        held, key = self.rng.choice(leaves)
        old = held[key]
        others = [inner[at] for inner, at in leaves if type(inner[at]) is type(old)]
        if isinstance(old, bool):
            held[key] = self.rng.choice([not old, int(old), None])
        elif isinstance(old, int):
            held[key] = self.rng.choice([old + 1, old - 1, float(old), bool(old), str(old), -old, *others[:3]])
        else:
            held[key] = self.rng.choice([f"{old} ", old.upper(), old[:-1], f"not {old}", "", None, *others])

    def listed(self, proof: Proof) -> None:
        """A list loses, doubles or exchanges items."""
        lists = [held[key] for held, key in self.nodes(proof) if isinstance(held[key], list) and held[key]]
        chosen = self.rng.choice(lists)
        at, other = self.rng.randrange(len(chosen)), self.rng.randrange(len(chosen))
        change = self.rng.choice(["drop", "double", "swap", "end", "reverse"])
        if change == "drop":
            del chosen[at]
        elif change == "swap":
            chosen[at], chosen[other] = chosen[other], chosen[at]
        elif change == "reverse":
            chosen.reverse()
        else:
            chosen.insert(at if change == "double" else len(chosen), chosen[at])

    def keyed(self, proof: Proof) -> None:
        """An object loses, gains or renames a key."""
        dicts = [proof, *(held[key] for held, key in self.nodes(proof) if isinstance(held[key], dict))]
        chosen = self.rng.choice(dicts)
        change = self.rng.choice(["drop", "gain", "rename"])
        if change == "gain" or not chosen:
            chosen[self.rng.choice(["?y", "note", "literal", "?x"])] = self.rng.choice(["anne", True, 0])
        else:
            key = self.rng.choice(list(chosen))
            value = chosen.pop(key)
            if change == "rename":
                chosen[f"{key}s"] = value

    def claim(self, proof: Proof) -> None:
        """Another verdict, world or statement."""
        proof["truth"] = self.rng.choice(["true", "false", "unknown", "contradictory"])
        proof["world"] = self.rng.choice([proof["world"], "open", "closed"])
        proof["whole"] = self.rng.choice([proof["whole"], True, False])
        if self.rng.random() < 0.3:
            self.rng.choice(proof["asked"])["positive"] ^= True

    def steps(self, proof: Proof) -> None:
        """Two steps exchange a part, or their places."""
        one, other = self.rng.sample(range(len(proof["steps"])), 2)
        steps = proof["steps"]
        if self.rng.random() < 0.3:
            steps[one], steps[other] = steps[other], steps[one]
        else:
            key = self.rng.choice(list(steps[one]))
            steps[one][key], steps[other][key] = steps[other][key], steps[one][key]

    def cited(self, proof: Proof) -> None:
        """A step cites, well formed, the sentence of another step."""
        one, other = self.rng.sample(proof["steps"], 2)
        one.update({key: other[key] for key in CITED})

    def removed(self, proof: Proof) -> None:
        """A step is taken out, and the others are numbered anew."""
        gone = self.rng.randrange(len(proof["steps"]))
        del proof["steps"][gone]
        for step in proof["steps"]:
            step["from"] = [at - (at > gone) for at in step["from"] if at != gone]


@pytest.fixture(scope="session")
def mutator() -> Callable[[int], Mutator]:
    return Mutator
