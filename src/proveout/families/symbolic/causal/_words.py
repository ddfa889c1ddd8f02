"""Words of phrases: their stems, their negation, and how much two phrases have in common."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import takewhile
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Bag", "attribute", "bag", "contrasting", "first_place", "met", "overlap", "signed"]

WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
# What ends or is not there: "out of wax", "recovers from flu", "cured of flu", "free from tax", "tax-free".
WITHOUT = re.compile(
    r"\bout[ -]of[ -]|\b(?:recover\w*|freed?|escap\w+|heal(?:s|ed|ing)) from |\b(?:cured|free|rid|devoid) of "
)
# "A degree or higher" says how much, and more than the words beside it.
OR_MORE = re.compile(r"\bor (?:higher|more|above|over|older|greater|better|longer|later)\b")
OR_LESS = re.compile(r"\bor (?:lower|less|below|under|younger|fewer|smaller|worse|shorter|earlier)\b")
OFF = re.compile(r"\b(?:turned|switched|been|is|are|was|were) off\b|\boff$")
FREE = re.compile(r"\b(\w+)-free\b")
SPELLED = {WITHOUT: "without ", FREE: r"without \1", OFF: "not", OR_MORE: "atleast", OR_LESS: "atmost"}
EMPTY_WORDS = """
    a an the of in on at to by for with and or is are was were be been being has have had having do does did if who
    that which when there it its this these those they them he she we you i s his her their our my your as from would
    will can could may might get gets got gotten getting what than then so any all some one status level levels
    condition people person persons individual individuals patient patients subject subjects case cases day days
"""
NEGATIVE_WORDS = """
    not no non never without absence absent lack lacks lacking cannot none neither nor refusal refuse refuses refused
    refusing fail fails failed failing don't doesn't didn't isn't aren't wasn't weren't won't can't couldn't hasn't haven't
    hadn't wouldn't shouldn't dont doesnt avoid avoids avoided avoiding deficiency deficient
"""
# Words that negate another, where cutting off their beginning would not give it.
NEGATED_WORDS = """
    able: inability; accept: reject rejects rejected rejecting rejection; enough: insufficient inadequate insufficiently; active: inactive inactivity;
    encouraged: discouraged discouragement discouraging; complete: incomplete; effective: ineffective;
    experienced: inexperienced inexperience; visible: invisible; valid: invalid; eligible: ineligible;
    perfect: imperfect; patient: impatient; polite: impolite; pure: impure; mobile: immobile; mature: immature;
    regular: irregular; legal: illegal; literate: illiterate; honest: dishonest dishonesty; approval: disapproval;
    approved: disapproved; satisfied: dissatisfied; satisfaction: dissatisfaction; connected: disconnected;
    liked: disliked; likes: dislikes; liking: disliking; abled: disabled; ability: disability;
    advantage: disadvantage; agreement: disagreement; frequent: infrequent; correct: incorrect; secure: insecure
"""
PREFIXES = ("non", "un")
WITHOUT_SUFFIX = "less"
# Words that begin like a negation and are none.
WHOLE_WORDS = """
    under union unions unit units until uncle unique university universities understand understanding nonsense none
    uniform unite united unto unobserved unmeasured unknown unless less nevertheless regardless wireless bless
"""
ENDINGS = """
    ations ation ities ingly iness ments ment ances ance ences ence ized izes ize ers ings ing ions ion ity ies ied ous
    iness ness ful ive ed er es ly al or th s e y
"""
# Between one of these, or the beginning, and a word stands what qualifies that word.
BEFORE_QUALITY = frozenset("a an the is are was were be been has have had with of for there no not in to".split())
ARTICLES = frozenset(["a", "an", "the"])
SHORTEST = 3
IRREGULAR_WORDS = """
    take: taken took; wake: woke woken wakes waking; eat: ate eaten; drink: drank drunk; give: gave given;
    choose: chose chosen choice; break: broke broken; blow: blew blown; fall: fell fallen; drive: drove driven;
    wear: wore worn; grow: grew grown; win: won; lose: lost; buy: bought; sleep: slept; go: went gone goes going;
    die: died dead death deaths dies dying;
    live: alive lives lived living survive survives survived surviving survival survivor survivors; man: men; woman: women; wife: wives;
    child: children; swim: swam swum; ring: rang rung; speak: spoke spoken; light: lit; poverty: poor;
    obese: obesity; fame: famous; able: ability abilities; young: youth; high: height; long: length; strong: strength;
    accept: admit admits admitted admitting admission; deep: depth; wide: width; warm: warmth; enough: sufficient sufficiently adequate
"""
# Words at the two ends of one scale, in any domain.
OPPOSITES = """
    tall short, long short, old young, older younger, male female, man woman,
    boy girl, heavy light, good bad, good poor, better worse, rich poor, strong weak, hot cold, warm cold, wet dry,
    rainy dry, rainy sunny, dark bright, late early, late time, clean polluted, clean dirty, pure polluted,
    clear polluted, live die, survive die, survival mortality, survival die, happy sad, ringing silent, close far,
    near far, loud quiet, fast slow, hard easy, healthy sick, healthy ill, present absent, on off, open closed,
    accepted rejected, win lose, success failure, attractive ugly, kind mean, smart dumb, true false, active inactive,
    full empty, thick thin, fat slim, urban rural, passed failed, gain loss, normal abnormal, release execute,
    free jail, local global, single married, hardworking lazy, private public, cheap expensive, natural artificial,
    first last, retain fire, keep fire, hire fire, recover die, healthy problem, healthy issue,
    healthy disease, single relationship, single couple, straight curly, smooth rough, soft hard, sharp blunt, awake asleep,
    sweet bitter, fresh stale, calm stormy, safe dangerous, stay leave, arrive depart, up down
"""
# Words that say much or little of anything: one of each makes two values of one thing.
MUCH_WORDS = """
    high higher large larger big bigger increased increase increasing more greater raised rising strong many heavy
    atleast long tall ample plentiful abundant severe intense elevated extensive considerable frequent
"""
LITTLE_WORDS = """
    low lower small smaller little reduced reduce reduction decreased decrease decreasing less fewer few weak light
    atmost short scarce mild minor slight scant limited rare
"""
# What a value says of which attribute, for attributes that texts name and values do not repeat.
ATTRIBUTES = """
    gender: male female man woman boy girl; sex: male female man woman boy girl; age: old young older younger elderly;
    season: dry rainy wet summer winter spring autumn; weather: rain rainy sunny sun cloudy storm snow;
    mortality: die survival survive; survival: die mortality; mood: happy sad happiness sadness angry calm;
    occupation: job worker profession; appearance: attractive beautiful handsome ugly; effort: hard working lazy;
    diligence: hard working lazy; admission: accepted admitted rejected; cost: bill expensive cheap price;
    quality: polluted clean pure dirty good bad poor; proximity: close near far distance;
    education: college degree school university graduate; fame: celebrity; salary: wage income earn paid;
    income: salary wage earn; disease: ill sick healthy recovery; recovery: cure cured healed; wealth: rich poor;
    health: healthy sick ill; relationship: single dating partner married; poverty: rich poor; speed: fast slow;
    time: late early; color: red green blue black white brown; temperature: hot cold warm
"""


FUNCTION = frozenset((EMPTY_WORDS + NEGATIVE_WORDS).split())
EMPTY, NEGATIVE, WHOLE, MUCH, LITTLE = (
    frozenset(words.split()) for words in (EMPTY_WORDS, NEGATIVE_WORDS, WHOLE_WORDS, MUCH_WORDS, LITTLE_WORDS)
)
SUFFIXES = tuple(ENDINGS.split())


def _table(lines: str) -> dict[str, list[str]]:
    """Words by the word they are listed under."""
    rows = (line.partition(":") for line in lines.split(";"))
    return {name.strip(): words.split() for name, _, words in rows}


IRREGULAR = {word: base for base, words in _table(IRREGULAR_WORDS).items() for word in words}
NEGATED = {word: base for base, words in _table(NEGATED_WORDS).items() for word in words}


class Bag(msgspec.Struct, frozen=True):
    """A phrase as stems of its words, whether it is negated, stems with the one that qualifies them, and all in order."""

    stems: frozenset[str]
    words: frozenset[str]
    negated: bool
    qualities: frozenset[tuple[str, str]] = frozenset()
    order: tuple[str, ...] = ()


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """A word without its ending; short words are left alone.

    Example:
        >>> stem("smokers"), stem("smoking"), stem("famous"), stem("fame"), stem("xevu")
        ('smok', 'smok', 'fam', 'fam', 'xevu')
    """
    base = word.removesuffix("'s")
    base = IRREGULAR.get(base, base)
    changed = True
    while changed:
        changed = False
        for suffix in SUFFIXES:
            if base.endswith(suffix) and len(base) - len(suffix) >= SHORTEST:
                base, changed = base[: -len(suffix)], True
                break
    if len(base) > SHORTEST and base[-1] == base[-2]:
        base = base[:-1]
    return base


@lru_cache(maxsize=4096)
def bag(text: str) -> Bag:
    """The words of a phrase.

    Example:
        >>> bag("people who do not smoke").negated, sorted(bag("nonsmokers").stems), bag("nonsmokers").negated
        (True, ['smok'], True)
    """
    plain = text.lower().replace("\u2019", "'")
    for pattern, instead in SPELLED.items():
        plain = pattern.sub(instead, plain)
    words = WORD.findall(plain)
    negations = sum(word in NEGATIVE for word in words)
    kept = [word for word in words if word not in EMPTY and word not in NEGATIVE]
    bare = []
    for word in kept:
        inner = _bare(word)
        negations += inner != word
        bare.append(inner)
    stems = frozenset([stem(word) for word in bare])
    order = tuple([stem(_bare(word)) for word in words])
    return Bag(stems, frozenset(bare), negations % 2 == 1, frozenset(_qualities(words)), order)


def _qualities(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Pairs of stems such as ("curl", "hair"): what begins a run of words as their quality, and each of them."""
    for at, (before, quality) in enumerate(zip(["a", *words], words, strict=False)):
        if before in BEFORE_QUALITY and quality not in FUNCTION and not quality.endswith("ing"):
            # "To sell the shop": what is done to a thing is told over its article.
            over = ARTICLES if before == "to" else frozenset[str]()
            run = takewhile(lambda word, over=over: word not in FUNCTION - over, words[at + 1 :])  # type: ignore[misc]
            yield from ((stem(_bare(quality)), stem(_bare(word))) for word in run if word not in over)


def _bare(word: str) -> str:
    """A word without a beginning or end that negates it."""
    if word in WHOLE:
        return word
    if word in NEGATED:
        return NEGATED[word]
    if word.endswith(WITHOUT_SUFFIX) and len(word) - len(WITHOUT_SUFFIX) >= SHORTEST:
        return word.removesuffix(WITHOUT_SUFFIX)
    for prefix in PREFIXES:
        if word.startswith(prefix) and len(word) - len(prefix) > SHORTEST:
            return word[len(prefix) :]
    return word


def _alike(one: str, other: str) -> float:
    """How sure it is that two stems are of one word: 1, less for a common beginning, or 0."""
    if one == other:
        return 1.0
    if one[: SHORTEST + 1] != other[: SHORTEST + 1]:
        return 0.0
    short, long = sorted((one, other), key=len)
    if len(short) > SHORTEST and long.startswith(short):
        return 0.8
    same = next((at for at, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    return 0.7 if same > SHORTEST and same >= 0.7 * len(long) and len(long) > SHORTEST + 1 else 0.0


def overlap(one: Bag, other: Bag) -> float:
    """The number of words that two phrases share, a common beginning counted as less.

    Example:
        >>> overlap(bag("eating citrus"), bag("citrus intake"))
        1.0
    """
    return sum([met(stem_, other) for stem_ in one.stems])


def met(stem_: str, other: Bag) -> float:
    """How sure it is that a phrase has a word with a stem."""
    if stem_ in other.stems:
        return 1.0
    return max([_alike(stem_, found) for found in other.stems], default=0.0)


_PAIRS = frozenset(frozenset(stem(word) for word in pair.split()) for pair in OPPOSITES.split(","))
_MUCH, _LITTLE = (frozenset(map(stem, words)) for words in (MUCH, LITTLE))


def first_place(name: Bag, phrase: Bag) -> int:
    """Where in a phrase the first word of a name stands, in words; far away when none does.

    Example:
        >>> first_place(bag("employee"), bag("the CEO who fires an employee"))
        5
    """
    return next((at for at, word in enumerate(phrase.order) if word in name.stems), FAR)


FAR = 99


def opposite(one: Bag, other: Bag) -> bool:
    """Whether two phrases differ by words at the two ends of a scale."""
    left, right = one.stems - other.stems, other.stems - one.stems
    if (left & _MUCH and right & _LITTLE) or (left & _LITTLE and right & _MUCH):
        return True
    return any(frozenset((a, b)) in _PAIRS for a in left for b in right)


def contrasting(one: Bag, other: Bag) -> bool:
    """Whether two phrases give one thing different qualities, neither of which the other phrase has.

    Example:
        >>> contrasting(bag("the child has straight hair"), bag("curly hair"))
        True
        >>> contrasting(bag("eats bread"), bag("bread intake")), contrasting(bag("high pay"), bag("increased pay"))
        (False, False)
    """
    return any(
        word == same
        and not ({left} & other.stems or {right} & one.stems or {left, right} <= _MUCH or {left, right} <= _LITTLE)
        for left, word in one.qualities
        for right, same in other.qualities
        if not _alike(left, right)
    )


def signed(one: Bag, other: Bag) -> float:
    """How much two phrases say the same (positive) or the contrary (negative) of one thing, between -1 and 1.

    Example:
        >>> signed(bag("not smoking"), bag("smoker")), signed(bag("low salary"), bag("high salary"))
        (-1.0, -1.0)
    """
    against = opposite(one, other)
    shared = overlap(one, other)
    if against:
        shared += 1
    total = max(1, min(len(one.stems), len(other.stems)))
    size = min(1.0, shared / total)
    return -size if (one.negated != other.negated) != against else size


_ATTRIBUTES = {stem(name): frozenset(map(stem, words)) for name, words in _table(ATTRIBUTES).items()}


def attribute(name: Bag, value: Bag) -> bool:
    """Whether a phrase says a value of what a name calls.

    Example:
        >>> attribute(bag("gender"), bag("men who are tall")), attribute(bag("age"), bag("male"))
        (True, False)
    """
    return any(_ATTRIBUTES.get(stem_, frozenset()) & value.stems for stem_ in name.stems)
