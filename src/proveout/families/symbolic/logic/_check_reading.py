"""The checker's own reading: words become letters, and regular expressions over those find clauses.

It shares nothing with the reader whose proofs it serves to check.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["SORTS", "Clause", "Said", "Unreadable", "X", "clause_of"]

X = "?x"
# One letter for each word: its job, or that it is a name (C), ends like "sees" (z), or is another word of content (w).
JOBS = {
    "T": "the", "A": "a an", "N": "not", "B": "is", "R": "are", "D": "does", "O": "do", "I": "if", "H": "then",
    "&": "and", ",": ",", "Q": "every each all any", "0": "no", "P": "they he she it", "M": "him them her",
    "F": "itself himself herself themself themselves", "S": "someone somebody something", "L": "who that",
    "E": "everyone everybody everything", "Y": "anyone anybody anything", "Z": "nobody nothing",
}  # fmt: skip
OTHER = (
    "or nor but unless except some most many few several never always sometimes often usually may might can could will "
    "would should must was were has have had very too of in on at by with from to than only also just rather"
)
STRANGE = frozenset(OTHER.split())
LETTER = {word: letter for letter, listed in JOBS.items() for word in listed.split()}
PART = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*|,")
SHORT = re.compile(r"\b(is|are|does|do)n['\u2019]t\b", re.IGNORECASE)
END = r"(?=[,&BRDO]|$|[wz][TCPMFSY])"
WHO = r"(?:T[wzC]+?|C+|P|M|F|S|Y)"
ITEM = re.compile(
    rf"(?:(?P<s>{WHO}|^[wz]C*)?(?:(?P<be>[BR])(?P<c>N?(?:A[wzC]+?|[wzC]*?[wz]))|(?P<do>[DO]N)?(?P<v>[wz])(?P<o>{WHO}))"
    rf"|(?P<o2>{WHO})|(?P<c2>N?(?:A[wzC]+?|[wz]+?))){END}"
)
AND = re.compile(",&|,|&")
ALL = re.compile(r"(?P<q>[Q0])?(?P<n>(?:[wzC]|,&|,|&)+?)(?=[BRDOL]|[wz][TCPMFSY])|(?P<e>[EYZ])")
BARE = re.compile(r"(?:[wzC]|,&|,|&)+?(?:[ROL]|w[TCPMFSY])")
LIST = re.compile(r"\w(?:(?:,&|,|&)\w)*\w")
SORTS = {"people", "things", "person", "thing"}


class Unreadable(Exception):
    """A sentence that this reading has no place for."""


class Said(NamedTuple):
    """What is said: words of a kind (be it ``adjective``, ``one``, ``many``, ``either``, ``base`` or ``third``)."""

    kind: str
    words: tuple[str, ...]
    args: tuple[str, ...]
    positive: bool = True


class Clause(NamedTuple):
    """Heads that follow from a body; with ``never`` they do not all hold together."""

    body: list[Said]
    heads: list[Said]
    never: bool = False


class Chunk:
    """Words in a row, their letters, and whom a clause is about as reading goes on."""

    def __init__(self, words: list[str], about: list[str]) -> None:
        self.words = [word.lower() for word in words]
        self.tags = "".join(LETTER.get(low) or _content(word) for word, low in zip(words, self.words, strict=True))
        self.about = about  # X first if the sentence is about anybody, then names: what a pronoun can mean
        self.subject, self.last = "", ("", "", True)

    def who(self, found: re.Match[str], group: str) -> str:
        """Whom the words of a group mean."""
        at, end = found.span(group)
        tag = self.tags[at]
        if tag == "F":
            return self.subject
        if tag in "SY":
            if X in self.about:
                raise Unreadable("there are two of whom nothing is known")
            self.about.insert(0, X)
            if group[0] == "o" and len(self.about) > 1:
                self.about.insert(0, "")
            return X
        if tag in "PM":
            if not self.about or not self.about[0] or (X not in self.about and len(set(self.about)) != 1):
                raise Unreadable("a pronoun means nobody")
            return self.about[0]
        name = " ".join(self.words[at:end])
        self.about.append(name)
        return name

    def clauses(self, at: int, *, relative: bool = False) -> tuple[list[Said], int]:
        """All items from ``at`` to the end, or to the end of a relative clause."""
        said: list[Said] = []
        while True:
            found = ITEM.match(self.tags, at)
            if found is None:
                raise Unreadable("no clause is found")
            said += self.item(found)
            link = AND.match(self.tags, found.end())
            if link is None:
                if found.end() < len(self.tags) and not relative:
                    raise Unreadable("something is left over")
                return said, found.end()
            at = link.end() + (relative and self.tags[link.end() : link.end() + 1] == "L")

    def item(self, found: re.Match[str]) -> list[Said]:
        """What one item says."""
        if found["s"]:
            self.subject = self.who(found, "s")
        kind, verb, positive = self.last
        if found["be"]:
            self.last = kind, verb, positive = "be", found["be"], True
        elif found["v"]:
            form = "base" if found["do"] or found["v"] == "w" else "third"
            self.last = kind, verb, positive = form, self.words[found.start("v")], not found["do"]
        group = next(name for name in ("c", "c2", "o", "o2") if found[name])
        if not self.subject or not kind or (kind == "be") != (group[0] == "c"):
            raise Unreadable("an item lacks its verb")
        if group[0] == "o":
            return [Said(kind, (verb,), (self.subject, self.who(found, group)), positive)]
        return self.complement(found, group, plural=verb == "R")

    def complement(self, found: re.Match[str], group: str, *, plural: bool) -> list[Said]:
        """What "is" or "are" says."""
        tags, denied = found[group], found[group][0] == "N"
        if not denied and not self.last[2]:
            raise Unreadable("a denial may go on")
        self.last = ("be", self.last[1], not denied)
        words = self.words[found.start(group) + denied : found.end(group)]
        article = tags[denied] == "A"
        if len(words) > 1 and not article and not plural:
            raise Unreadable("an adjective is one word")
        kind = "one" if article else "either" if plural else "adjective"
        return [Said(kind, tuple(words[article:]), (self.subject,), not denied)]


def _content(word: str) -> str:
    """The letter of a word of content."""
    if word.lower() in STRANGE:
        raise Unreadable(f"{word!r} is not read")
    if not word[0].islower():
        return "C"
    return "z" if word.endswith("s") and not word.endswith("ss") else "w"


def clause_of(text: str) -> Clause:
    """What a sentence says.

    Raises:
        Unreadable: it is not of the English that is read.
    """
    text = SHORT.sub(r"\1 not", text.strip().removesuffix("."))
    if PART.sub("", text).strip():
        raise Unreadable("it has marks that are not read")
    words, about = PART.findall(text), list[str]()
    whole = Chunk(words, about)
    if whole.tags[:1] == "I":
        split = whole.tags.find("H") if "H" in whole.tags else whole.tags.find(",")
        before = words[1 : split - (whole.tags[split - 1] == ",")]
        head = Chunk(words[split + 1 :], about)
        if split < 0 or ("H" not in whole.tags and whole.tags.count(",") > 1) or set("SY") & set(head.tags):
            raise Unreadable("an if is not followed by what then holds")
        return Clause(Chunk(before, about).clauses(0)[0], head.clauses(0)[0])
    if whole.tags[:1] in set("Q0EYZ") or BARE.match(whole.tags):
        return _universal(whole)
    heads = whole.clauses(0)[0]
    if X in about:
        raise Unreadable("it is about nobody in particular")
    return Clause([], heads)


def _universal(whole: Chunk) -> Clause:
    """A sentence about all."""
    found = ALL.match(whole.tags)
    if found is None:
        raise Unreadable("its subject is not found")
    whole.subject, at = X, found.end()
    whole.about.insert(0, X)
    body = _phrase(whole, found) if found["n"] else []
    if whole.tags[at : at + 1] == "L":
        more, at = whole.clauses(at + 1, relative=True)
        body += more
    return Clause(body, whole.clauses(at)[0], whole.tags[0] in "0Z")


def _phrase(whole: Chunk, found: re.Match[str]) -> list[Said]:
    """What the subject of a sentence about all says."""
    tags, (start, end) = found["n"], found.span("n")
    listed = AND.search(tags) is not None
    if listed and not LIST.fullmatch(tags):
        raise Unreadable("its subject is not a list")
    words = tuple(word for word, tag in zip(whole.words[start:end], tags, strict=True) if tag not in ",&")
    plural = re.match(r"L?(?:[RO]|w[TCPMFSY])", whole.tags[end:]) is not None
    if words[-1] in SORTS:
        return [Said("adjective", (word,), (X,)) for word in words[:-1]]
    described = [Said("adjective", (word,), (X,)) for word in words[:-1] if listed]
    return [*described, Said("many" if plural else "one", words[-1:] if listed else words, (X,))]
