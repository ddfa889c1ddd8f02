"""The grammar of controlled English: what is said of whom, before nouns and adjectives are told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, NoReturn

from proveout.families.symbolic.logic._program import ANYBODY
from proveout.families.symbolic.logic._tokens import is_content, not_understood, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proveout.families.symbolic.logic._program import Sentence

__all__ = ["Said", "SaidRule", "Word", "parse"]

BE = {"is", "are"}
DO = {"does", "do"}
PLURAL = {"are", "do"}
# Whom a rule is about, as its first subject or object.
SOMEBODY = {"someone", "somebody", "something", "anyone", "anybody", "anything"}
EVERYBODY = {"everyone", "everybody", "everything", "anyone", "anybody", "anything"}
NOBODY = {"nobody", "nothing"}
QUANTIFIERS = {"every": False, "each": False, "any": False, "all": True, "no": None}
HE, HIM = {"they", "it", "he", "she"}, {"it", "them", "him", "her"}
SELF = {"itself", "himself", "herself", "themself", "themselves"}
# Heads of a noun phrase that stand for everything there is.
SORTS = {"people", "things", "person", "thing"}
RELATIVE = {"who", "that"}
AND = {",", "and"}


class Word(NamedTuple):
    """A word, or several that name one kind, with the place that tells what it is.

    Attributes:
        form: ``adjective``, ``one`` (a noun after an article), ``many`` (a plural noun), ``either`` (after "are": an
            adjective or a plural noun), ``does`` (a verb as in "she sees") or ``do`` (as in "they see").
        words: in lower case; only ``one``, ``many`` and ``either`` can have several, the last of which is the noun.
    """

    form: str
    words: tuple[str, ...]


class Said(NamedTuple):
    """Something that is said of somebody, or denied."""

    word: Word
    args: tuple[str, ...]
    positive: bool = True


class SaidRule(NamedTuple):
    """The heads follow from the body; with ``never`` body and heads are never true together."""

    body: tuple[Said, ...]
    heads: tuple[Said, ...]
    never: bool = False


def parse(sentence: Sentence) -> SaidRule:
    """What a sentence says.

    Raises:
        TextNotUnderstood: it is not of the grammar.

    Example:
        >>> from proveout.families.symbolic.logic._program import Sentence
        >>> parse(Sentence("Anne is kind.", 0, 13)).heads
        (Said(word=Word(form='adjective', words=('kind',)), args=('anne',), positive=True),)
    """
    found = words(sentence)
    known = Referents()
    first = found[0].lower()
    if first == "if":
        return _conditional(sentence, found[1:], known)
    parser = Parser(sentence, found, known)
    if first in QUANTIFIERS or first in EVERYBODY or first in NOBODY or parser.begins_with_plural():
        return parser.universal()
    heads = parser.clauses()
    if known.anybody:
        parser.fail(f"it says something of {first!r} and of nobody in particular")
    return SaidRule((), heads)


def _conditional(sentence: Sentence, found: list[str], known: Referents) -> SaidRule:
    """``If BODY then HEADS``, or with nothing but a comma between them."""
    lower = [word.lower() for word in found]
    split = lower.index("then") if "then" in lower else lower.index(",") if lower.count(",") == 1 else len(lower)
    after = found[split + 1 :]
    before = found[: split - 1] if split and lower[split - 1] == "," else found[:split]
    if not before or not after:
        raise not_understood(sentence, "an 'if' needs something, then 'then', and something that follows")
    body = Parser(sentence, before, known).clauses()
    known.closed = True
    return SaidRule(body, Parser(sentence, after, known).clauses())


class Referents:
    """Whom a pronoun of a sentence can mean."""

    def __init__(self) -> None:
        self.anybody = False
        self.names: dict[str, None] = {}
        self.closed = False
        self.unclear = False

    def meant(self) -> str | None:
        """Whom "they" or "it" means: anybody where a rule is about anybody, else the only one named so far."""
        if self.anybody:
            return None if self.unclear else ANYBODY
        return next(iter(self.names)) if len(self.names) == 1 else None


class Parser:
    """Reads the words of a sentence from left to right; it never goes back."""

    def __init__(self, sentence: Sentence, found: Sequence[str], known: Referents) -> None:
        self.sentence = sentence
        self.words = found
        self.lower = [word.lower() for word in found]
        self.at = 0
        self.known = known
        self.subject = ""
        self.plural = False
        # The last predicate, which a list goes on with: how it ends, whether it was denied, and its verb.
        self.copula = False
        self.positive = True
        self.verb: Word | None = None

    def fail(self, why: str) -> NoReturn:
        """Give up on the sentence."""
        raise not_understood(self.sentence, why)

    def word(self, ahead: int = 0) -> str:
        """A word to come, in lower case; empty after the end."""
        place = self.at + ahead
        return self.lower[place] if place < len(self.lower) else ""

    def content(self, place: int) -> bool:
        """Whether a word can name something."""
        return place < len(self.lower) and is_content(self.lower[place])

    def named(self, place: int) -> bool:
        """Whether a name begins there: a capital, or a number."""
        return self.content(place) and not self.words[place][0].islower()

    def object_begins(self, place: int) -> bool:
        """Whether what a verb concerns begins there."""
        if place >= len(self.lower):
            return False
        return self.lower[place] in HIM | SELF | SOMEBODY | {"the"} or self.named(place)

    def verb_at(self, place: int) -> bool:
        """Whether a verb stands there with what it concerns behind it."""
        return self.content(place) and self.words[place][0].islower() and self.object_begins(place + 1)

    def run(self, start: int) -> int:
        """Where a run of content words ends: at another word, or at a verb with what it concerns."""
        place = start
        while self.content(place) and not (place > start and self.verb_at(place)):
            place += 1
        return place

    def begins_with_plural(self) -> bool:
        """Whether the sentence begins like "Cats are" or "Big people like"."""
        if self.lower[0] == "the" or self.lower[0] in HE | SOMEBODY:
            return False
        for place in range(1, len(self.lower)):
            word = self.lower[place]
            if word in BE | DO | RELATIVE:
                return word in PLURAL | RELATIVE
            if self.verb_at(place):
                return not _third_person(word)
        return False

    # Clauses: "Anne is kind and big, the cat does not like the dog and Bob is a cat".

    def clauses(self) -> tuple[Said, ...]:
        """All that is said up to the end."""
        found = self.clause()
        return self.more(found)

    def more(self, found: list[Said]) -> tuple[Said, ...]:
        """What a list goes on with, up to the end."""
        while self.at < len(self.lower):
            self.connective()
            found += self.item()
        return tuple(found)

    def connective(self) -> None:
        """Take a comma, "and" or both."""
        if self.word() not in AND:
            self.fail(f"{self.words[self.at]!r} is not expected there")
        self.at += 2 if self.word() == "," and self.word(1) == "and" else 1

    def clause(self) -> list[Said]:
        """A subject with what is said of it."""
        self.subject, self.plural = self.somebody(subject=True)
        return self.predicate()

    def item(self) -> list[Said]:
        """What follows a connective: another clause, predicate, complement or object."""
        word, place = self.word(), self.at
        if word in HE | SOMEBODY:
            return self.clause()
        if word == "the" or self.named(place):
            end = self.run(place + 1) if word == "the" else self.name_end(place)
            if end < len(self.lower) and self.lower[end] not in AND:
                return self.clause()
            return self.verb_object()
        if word in BE | DO or self.verb_at(place):
            return self.predicate()
        return self.complement()

    def somebody(self, *, subject: bool) -> tuple[str, bool]:
        """Whom a clause is about or a verb concerns, and whether it takes a plural verb."""
        word, start = self.word(), self.at
        if word in SOMEBODY:
            return self.anybody(subject=subject), False
        if word in (HE if subject else HIM):
            return self.pronoun(), word == "they"
        if word in SELF and not subject:
            self.at += 1
            return self.subject, False
        if word == "the":
            self.at = self.run(start + 1)
            self.noun_like(start + 1)
            name = " ".join(self.lower[start : self.at])
        else:
            self.at = self.name_end(start)
            name = " ".join(self.lower[start : self.at])
        if self.at == start or name == "the":
            self.fail("somebody or something is missing" if not word else f"{self.words[start]!r} names nobody")
        self.known.names.setdefault(name)
        return name, False

    def anybody(self, *, subject: bool) -> str:
        """Take "someone", which a rule has once, and before its head."""
        if self.known.anybody or self.known.closed:
            self.fail(f"{self.words[self.at]!r} may be somebody else than before")
        # In "if the cat sees something then it is big", "it" could be either.
        self.known.unclear = not subject and bool(self.known.names)
        self.known.anybody = True
        self.at += 1
        return ANYBODY

    def pronoun(self) -> str:
        """Take "they" or "it"."""
        meant = self.known.meant()
        if meant is None:
            self.fail(f"{self.words[self.at]!r} does not say whom it means")
        self.at += 1
        return meant

    def name_end(self, start: int) -> int:
        """Where a name ends: after its words with capitals; one at the start of a sentence is a name without that."""
        place = start + 1 if self.content(start) else start
        while place > start and self.named(place) and self.words[start][0].isupper():
            place += 1
        return place

    # Predicates: "is kind", "is not a cat", "does not like the dog".

    def predicate(self) -> list[Said]:
        """What is said of the subject."""
        word = self.word()
        if word in BE | DO and (word in PLURAL) != self.plural:
            self.fail(f"{word!r} does not go with its subject")
        if word in BE:
            self.at += 1
            self.copula, self.positive = True, True
            return self.complement()
        self.copula, self.positive = False, word not in DO
        if word in DO:
            self.at += 1
            if self.word() != "not":
                self.fail(f"{word!r} is read only before 'not'")
            self.at += 1
        self.verb = self.take_verb(third=self.positive and not self.plural)
        return self.verb_object()

    def take_verb(self, *, third: bool) -> Word:
        """A verb, with the ending its subject asks for."""
        word = self.word()
        if not self.content(self.at) or self.named(self.at):
            self.fail(f"a verb is missing before {word!r}" if word else "a verb is missing at its end")
        if _third_person(word) != third:
            self.fail(f"{word!r} is no verb of its subject")
        self.at += 1
        return Word("does" if third else "do", (word,))

    def verb_object(self) -> list[Said]:
        """Whom the last verb concerns."""
        if self.copula or self.verb is None:
            self.fail("a name stands there and nothing is said of it")
        if not self.object_begins(self.at):
            self.fail("whom the verb concerns is not said")
        concerned, _ = self.somebody(subject=False)
        return [Said(self.verb, (self.subject, concerned), self.positive)]

    def complement(self) -> list[Said]:
        """What the subject is or is not: an adjective, or a noun."""
        if not self.copula:
            self.fail(
                f"{self.words[self.at]!r} is not expected there" if self.word() else "something is missing at its end"
            )
        if self.word() == "not":
            self.at += 1
            self.positive = False
        elif not self.positive:
            # "is not big and kind" could deny both.
            self.fail("it is not clear whether 'not' goes on after a connective; repeat 'not' or the verb")
        article = self.word() in {"a", "an"}
        self.at += article
        start = self.at
        self.at = self.run(start)
        if self.at == start:
            self.fail(f"{self.words[start]!r} says nothing" if self.word() else "something is missing at its end")
        if not article:
            self.at = self.at if self.plural else start + 1
            if self.named(self.at - 1):
                self.fail(f"{self.words[self.at - 1]!r} is a name, and no name is said of a subject")
        said = [Said(word, (self.subject,), self.positive) for word in self.kinds(start, article=article)]
        if len(said) > 1 and not self.positive:
            self.fail("it is not clear what of it is denied; say it as one word")
        return said

    def kinds(self, start: int, *, article: bool) -> list[Word]:
        """The words of a complement, or of a subject's noun phrase without commas."""
        found = tuple(self.lower[start : self.at])
        if found[-1] in SORTS and (article or self.plural):
            if len(found) == 1:
                self.fail(f"{found[0]!r} says nothing of its own")
            return [Word("adjective", (word,)) for word in found[:-1]]
        if article:
            self.noun_like(start)
            return [Word("one", found)]
        return [Word("either" if self.plural else "adjective", found)]

    def noun_like(self, start: int) -> None:
        """Refuse a run of words that ends in an adverb, as "the cat happily" in "the cat happily chases the dog"."""
        last = self.lower[self.at - 1] if self.at > start else ""
        if self.at - start > 1 and (last == "even" or (last.endswith("ly") and not last.endswith("fly"))):
            self.fail(f"{last!r} is no noun")

    # Sentences about all: "Every cat is big", "Big, cold people who like the dog are kind", "Nobody is kind".

    def universal(self) -> SaidRule:
        """A rule about everybody of some kind."""
        self.known.anybody = True
        self.subject = ANYBODY
        never = self.word() in NOBODY or self.word() == "no"
        body = self.everybody()
        if self.word() in RELATIVE:
            body += self.relative()
        heads = self.more(self.predicate())
        if never and not all(one.positive for one in heads):
            self.fail("it denies twice")
        if never and len(heads) > 1:
            self.fail("it is not clear what of it is denied")
        return SaidRule(tuple(body), heads, never)

    def everybody(self) -> list[Said]:
        """The subject of a rule: "everyone", "every big cat", "all big, cold people", "cats"."""
        word = self.word()
        if word in EVERYBODY | NOBODY:
            self.at += 1
            return []
        if word in QUANTIFIERS:
            self.at += 1
        start = self.at
        end = self.phrase_end(start)
        self.plural = end < len(self.lower) and self.plural_follows(end, word)
        listed = any(part in AND for part in self.lower[start:end])
        parts = [place for place in range(start, end) if self.lower[place] not in AND]
        if not parts or not self.content(end - 1) or (listed and not self.well_listed(start, end)):
            self.fail("its subject is not read")
        return self.phrase(parts, listed=listed)

    def phrase_end(self, start: int) -> int:
        """Where the subject ends: at "is", "who" or a verb with what it concerns."""
        place = start
        while self.content(place) or (place < len(self.lower) and self.lower[place] in AND):
            if place > start and self.verb_at(place):
                break
            place += 1
        return place

    def plural_follows(self, end: int, quantifier: str) -> bool:
        """Whether the verb, behind a relative clause or not, is plural; it must go with the quantifier."""
        word = self.lower[end]
        if word in RELATIVE:
            word = self.lower[end + 1] if end + 1 < len(self.lower) else ""
        plural = word in PLURAL or (word not in BE | DO and not _third_person(word))
        wanted = QUANTIFIERS.get(quantifier, True)
        if wanted is not None and wanted != plural:
            self.fail(f"{word!r} does not go with its subject")
        return plural

    def well_listed(self, start: int, end: int) -> bool:
        """Whether modifiers are divided by commas or "and", and the noun by nothing: "big, old and cold people"."""
        shape = "".join({",": ",", "and": "&"}.get(word, "w") for word in self.lower[start:end])
        shape = shape.replace(",&", " ").replace(",", " ").replace("&", " ")
        return shape == " ".join("w" * (shape.count("w") - 1)) + "w" and "w" in shape[:-1]

    def phrase(self, parts: list[int], *, listed: bool) -> list[Said]:
        """What a subject's noun phrase says of whoever it is about."""
        found = tuple(self.lower[place] for place in parts)
        self.at = parts[-1] + 1
        sort = found[-1] in SORTS
        modifiers = [Word("adjective", (word,)) for word in found[:-1]] if sort or listed else []
        noun = [] if sort else [Word("many" if self.plural else "one", found[-1:] if listed else found)]
        return [Said(word, (ANYBODY,)) for word in (*modifiers, *noun)]

    def relative(self) -> list[Said]:
        """A relative clause: up to a verb with no connective before it."""
        self.at += 1
        found = self.predicate()
        while self.word() in AND:
            self.connective()
            if self.word() in RELATIVE:
                self.at += 1
            found += self.item()
        return found


def _third_person(word: str) -> bool:
    """Whether a verb has the ending of "she sees"."""
    return word.endswith("s") and not word.endswith("ss")
