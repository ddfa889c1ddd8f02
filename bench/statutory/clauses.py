"""Reads a case sentence by sentence into atoms; a sentence that does not match entirely is handed back unread."""

from __future__ import annotations

import re
from datetime import date

import msgspec

from statutory.patterns import RELATIVES, compiled
from statutory.words import EVER, Span, days_of, mark, sentences

__all__ = ["Atom", "Reading", "read_case"]

_T = r"[DNY]\d{4,8}"
_YEARS = r"(?:the )?(?:taxable |calendar |tax )?(?:years? )?"
_SEVERAL = re.compile(rf"\bon ({_T}(?:(?:, (?:and )?| and ){_T})+)")
_TIMES = (
    ("span", re.compile(rf",? ?\b(?:for {_YEARS}|from |between ){_YEARS}({_T}) (?:to|until|through|and) ({_T})")),
    ("since", re.compile(rf",? ?\b(?:since|starting|starting on|beginning) (?:{_YEARS})({_T})()")),
    ("until", re.compile(rf",? ?\b(?:until|up to) (?:{_YEARS})({_T})()")),
    ("in", re.compile(rf",? ?\b(?:in|for|during|on|of|as of) {_YEARS}({_T})()")),
    ("in", re.compile(rf",? ?(?<=\bborn )({_T})()")),
    ("in", re.compile(rf",? ?(?<=\bdied )({_T})()")),
)
_THEN = re.compile(
    r",? ?\b(?:during that (?:time|period)|since then|since(?=$|,)|that year|in the same year|ever since)\b"
)
_PLACE = re.compile(r",? in (G\w+)(?:,(?= for| to|$)|(?=\s|$))")
_FILLER = re.compile(
    r"^(?:in addition|additionally|also|however|moreover|furthermore|otherwise),? |,? \b(?:as well|too|both)$|"
    r"(?<=paid) (?:otherwise)\b"
)
_LIST = r"P_\w+(?:(?:, P_\w+)*,? and P_\w+)?"
_SUBJECT = re.compile(rf"(?:^|, )(?P<who>{_LIST})(?='s|\b)")
_CUT = re.compile(
    r", and |, while |, but | while | and |, who |, whom |, born |, which |, for which |, | who | whom | where | but "
    r"| because "
)
_MOST_CUTS = 5
_MALE = frozenset({"son", "father", "brother", "husband", "stepson", "stepfather", "stepbrother", "grandson", "uncle"})
_FEMALE = frozenset({"daughter", "mother", "sister", "wife", "stepdaughter", "stepmother", "stepsister", "aunt"})
_NAMES = {"Alice": "f", "Bob": "m", "Charlie": "m", "Dan": "m", "Dave": "m", "David": "m", "Eve": "f", "Emily": "f"}
_REL = "surviving spouse|friend|neighbor|roommate|" + RELATIVES
_APPOSED = (
    re.compile(rf"(?P<p>{_LIST})'s (?P<rel>{_REL}),? (?P<who>P_\w+)(?P<end>,| )"),
    re.compile(rf"(?P<who>P_\w+), (?P<p>{_LIST})'s (?P<rel>{_REL})(?P<end>,)"),
    re.compile(rf"(?P<who>P_\w+), the (?P<rel>{_REL}) of (?P<p>{_LIST})(?P<end>,)"),
)


_NAMELESS = re.compile(rf"(P_\w+)'s ({_REL})\b(?!'s parents)")


class Atom(msgspec.Struct, frozen=True):
    """One thing that a case says: its kind, who and what, when (each time with its preposition) and where."""

    kind: str
    args: dict[str, str]
    times: tuple[tuple[str, Span], ...] = ()
    place: str = ""
    sentence: int = 0


class Reading(msgspec.Struct, frozen=True):
    """All atoms of a case, and the sentences that were not understood."""

    atoms: tuple[Atom, ...]
    unread: tuple[str, ...]
    sentences: int


def read_case(text: str) -> Reading:
    """What the case says.

    Example:
        >>> [one.kind for one in read_case("Alice and Bob got married on Feb 3rd, 2017. Alice died.").atoms]
        ['married', 'died']
    """
    reader = _Reader()
    unread = []
    parts = sentences(mark(text))
    for number, sentence in enumerate(parts):
        if not reader.sentence(sentence, number):
            unread.append(sentence)
    return Reading(tuple(reader.atoms), tuple(unread), len(parts))


class _Reader:
    """Holds what pronouns and elisions refer to."""

    def __init__(self) -> None:
        self.atoms: list[Atom] = []
        self.subjects: list[str] = []
        self.pair = ""
        self.last: Span = EVER
        self.number = 0
        self.seen: dict[tuple[str, int], list[Atom] | None] = {}
        self.genders = dict(_NAMES)

    def sentence(self, text: str, number: int) -> bool:
        """Whether all of the sentence was understood; only then are its atoms kept."""
        self.number = number
        self.seen.clear()
        kept = len(self.atoms)
        text = self.resolved(_FILLER.sub("", text.replace("and and", "and")))
        found = self.clause(text)
        if found is None:
            del self.atoms[kept:]
            return False
        self.atoms.extend(found)
        self.subjects.extend(one for one in re.findall(r"P_\w+", text) if one not in self.subjects[-1:])
        return True

    def resolved(self, text: str) -> str:
        """The text with names for pronouns and relatives, appositions read."""
        text = self.apposed(self.possessed(text))
        lead = [one for part in _SUBJECT.findall(text) for one in re.findall(r"P_\w+", part)]
        for found in list(re.finditer(r"\b(she|he|her|his|him|herself|himself)\b", text))[::-1]:
            female = found[0] in {"she", "her", "herself"}
            name = self.referent(text[: found.start()], lead, "f" if female else "m")
            text = text[: found.start()] + name + text[found.end() :]
        text = self.paired(text)
        pairs = re.findall(r"P_\w+ and P_\w+", text)
        self.pair = pairs[-1] if pairs else self.pair
        return self.apposed(text)

    def paired(self, text: str) -> str:
        """The text with two names for "they": the pair named before, or the two persons last named."""
        while found := re.search(r"\bthey\b", text):
            before = text[: found.start()]
            pairs = re.findall(r"P_\w+ and P_\w+", before)
            named = list(dict.fromkeys(re.findall(r"P_\w+", before)))[-2:]
            pair = pairs[-1] if pairs else " and ".join(named) if len(named) == 2 else self.pair
            if not pair:
                break
            text = before + pair + text[found.end() :]
        return text

    def possessed(self, text: str) -> str:
        """The text with names for "her" and "his" before a noun."""
        lead = [one for part in _SUBJECT.findall(text) for one in re.findall(r"P_\w+", part)]
        pattern = re.compile(r"\b(her|his)(?= [a-z])(?! (?:in|for|as)\b)")
        while found := pattern.search(text):
            name = self.referent(text[: found.start()], lead, "f" if found[1] == "her" else "m")
            text = text[: found.start()] + name + "'s" + text[found.end() :]
        return text

    def referent(self, before: str, lead: list[str], gender: str) -> str:
        """The person a pronoun stands for: the subject of the sentence, else the last one named, of that gender."""
        named = re.findall(r"P_\w+", before)
        apposed = re.findall(r"(P_\w+), who ", before)[-1:]
        fitting: list[str] = [*apposed, *(one for one in lead if one in named), *self.subjects[::-1], *named[::-1]]
        for one in fitting:
            if self.genders.get(one.removeprefix("P_"), gender) == gender:
                return one
        return "P_nobody"

    def apposed(self, text: str) -> str:
        """Reads "her father Bob" and "Bob, Alice's father,"; names relatives that have no name."""
        for _ in range(6):
            found = next((m for m in (one.search(text) for one in _APPOSED) if m), None)
            if found is None:
                break
            self.kin(found["p"], found["who"], found["rel"])
            end = ", " if found["end"] == "," and "," not in found[0][:-1] else " "
            text = text[: found.start()] + found["who"] + end + text[found.end() :].lstrip()
        return _NAMELESS.sub(self.unnamed, text) if " is P_" not in text else text

    def unnamed(self, found: re.Match[str]) -> str:
        parent = re.search(rf"(P_\w+) has an? (?:son|daughter|child), {found[1]}\b", found.string)
        if parent and found[2] in {"father", "mother", "parent"}:
            return str(parent[1])
        rel = "spouse" if found[2] in {"husband", "wife", "spouse", "surviving spouse"} else found[2]
        for one in self.atoms[::-1]:
            both = re.findall(r"P_\w+", one.args.get("p", "") + " " + one.args.get("other", ""))
            if rel == "spouse" and one.kind == "married" and found[1] in both and len(both) == 2:
                return str(next(name for name in both if name != found[1]))
            if one.kind == "kin" and one.args["rel"] == rel and found[1] in one.args["p"]:
                return str(one.args["who"])
        name = f"{found[1]}__{rel.replace('-', '_')}"
        self.kin(found[1], name, rel)
        return name

    def kin(self, of: str, who: str, rel: str) -> None:
        self.atoms.append(Atom("kin", {"p": of, "who": who, "rel": rel}, sentence=self.number))
        for kind, names in (("m", _MALE), ("f", _FEMALE)):
            if rel in names:
                self.genders[who.removeprefix("P_")] = kind

    def clause(self, text: str, depth: int = 0) -> list[Atom] | None:
        """The atoms of a clause, read whole or cut in two at a conjunction; None where it is not understood."""
        text = text.strip(" ,")
        if (text, depth) not in self.seen:
            self.seen[text, depth] = self.fresh(text, depth)
        return self.seen[text, depth]

    def fresh(self, text: str, depth: int) -> list[Atom] | None:
        """As `clause`, of a text not seen in this sentence: each is read once, or long sentences would not end."""
        rest, times, place = self.taken(text)
        for pattern, kind in compiled():
            found = pattern.fullmatch(rest)
            if found:
                args = {_name(key): value for key, value in found.groupdict().items() if value}
                return [Atom(kind, args, times, place, self.number)]
        if found := re.fullmatch(r"while (attending classes at O\w+), (P_\w+)( .*)", text):
            text = f"{found[2]} {found[1]} and {found[2]}{found[3]}"
        if depth > _MOST_CUTS:
            return None
        for cut in _CUT.finditer(text):
            parts = self.halves(text, cut, depth)
            if parts is not None:
                return parts
        return None

    def halves(self, text: str, cut: re.Match[str], depth: int) -> list[Atom] | None:
        left, right = text[: cut.start()], text[cut.end() :]
        first = self.clause(left, depth + 1)
        if first is None:
            return None
        subject = self.subject(left, last=cut[0].strip(" ,") in {"who", "whom", "born"})
        joined = f"{subject} was born {right}" if "born" in cut[0] else f"{subject} {right}"
        tries = [joined] if cut[0].strip(" ,") in {"who", "born"} else [right, joined]
        tries += [f"which {right}"] if "which" in cut[0] else []
        tries += [f"{subject} {word} {right}" for word in _elided(left)]
        for one in tries:
            second = self.clause(one, depth + 1)
            if second is not None:
                return first + _timed(
                    second, first, shared=one != right or bool(re.match(rf"(?:in|on|from) {_T}", left))
                )
        return None

    def subject(self, text: str, *, last: bool) -> str:
        names = re.findall(_LIST, text)
        return (re.findall(r"P_\w+", names[-1])[-1] if last else names[0]) if names else "P_nobody"

    def taken(self, text: str) -> tuple[str, tuple[tuple[str, Span], ...], str]:
        """The text without its times and place, and these."""
        times: list[tuple[str, Span]] = []
        text = _SEVERAL.sub(lambda m: ", ".join(f"on {day}" for day in re.findall(_T, m[1])), text)
        for kind, pattern in _TIMES:
            while found := pattern.search(text):
                times.append((kind, _span(kind, found[1], found[2])))
                text = text[: found.start()] + text[found.end() :]
        if times:
            self.last = times[-1][1]
        if found := _THEN.search(text):
            span = (self.last[0], date.max) if "since" in found[0] else self.last
            times.append(("in", span))
            text = text[: found.start()] + text[found.end() :]
        places = _PLACE.findall(text)
        text = re.sub(r"(?:,? and)+$", "", " ".join(_PLACE.sub("", text).split())).strip(" ,:")
        text = re.sub(r"(?:,? on (?:various|several|multiple) occasions:?)?(?:,? and)?:?$", "", text)
        return _FILLER.sub("", text).replace(" ,", ","), tuple(times), places[0] if len(places) == 1 else ""


def _name(group: str) -> str:
    return re.sub(r"_\d+$", "", group)


def _elided(left: str) -> list[str]:
    verbs = re.findall(r"\b(is|was|has|is allowed|has paid|was paid|has also paid|are|were)\b", left)
    return list(dict.fromkeys(["is allowed", *verbs] if "allowed" in left else verbs))


def _timed(atoms: list[Atom], first: list[Atom], *, shared: bool) -> list[Atom]:
    """Atoms without a time have that of the clause before, where they share its subject or its opening."""
    times = first[0].times if first and first[-1].kind not in {"born", "died"} else ()
    return [msgspec.structs.replace(one, times=times) if shared and not one.times else one for one in atoms]


def _span(kind: str, start: str, end: str) -> Span:
    first, last = days_of(start)
    if end:
        last = days_of(end)[1]
    return {"since": (first, date.max), "until": (date.min, last)}.get(kind, (first, last))
