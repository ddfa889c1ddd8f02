"""Word lists of general English that the reader of causal questions goes by."""

from __future__ import annotations

__all__ = [
    "ATTRIBUTES",
    "BEFORE_QUALITY_WORDS",
    "EMPTY_WORDS",
    "ENDINGS",
    "IRREGULAR_WORDS",
    "LITTLE_WORDS",
    "MUCH_WORDS",
    "NEGATED_WORDS",
    "NEGATIVE_WORDS",
    "OPPOSITES",
    "WHOLE_WORDS",
]

EMPTY_WORDS = """
    a an the of in on at to by for with and or is are was were be been being has have had having do does did if who
    that which when there it its this these those they them he she we you i s his her their our my your as from
    would will can could may might get gets got gotten getting what than then so any all some one status level
    levels condition people person persons individual individuals patient patients subject subjects case cases day
    days
"""
NEGATIVE_WORDS = """
    not no non never without absence absent lack lacks lacking cannot none neither nor refusal refuse refuses
    refused refusing fail fails failed failing don't doesn't didn't isn't aren't wasn't weren't won't can't couldn't
    hasn't haven't hadn't wouldn't shouldn't dont doesnt avoid avoids avoided avoiding deficiency deficient
"""
# Words that negate another, where cutting off their beginning would not give it.
NEGATED_WORDS = """
    able: inability; accept: reject rejects rejected rejecting rejection; enough: insufficient inadequate
    insufficiently; active: inactive inactivity; encouraged: discouraged discouragement discouraging; complete:
    incomplete; effective: ineffective; experienced: inexperienced inexperience; visible: invisible; valid: invalid;
    eligible: ineligible; perfect: imperfect; patient: impatient; polite: impolite; pure: impure; mobile: immobile;
    mature: immature; regular: irregular; legal: illegal; literate: illiterate; honest: dishonest dishonesty;
    approval: disapproval; approved: disapproved; satisfied: dissatisfied; satisfaction: dissatisfaction; connected:
    disconnected; liked: disliked; likes: dislikes; liking: disliking; abled: disabled; ability: disability;
    advantage: disadvantage; agreement: disagreement; frequent: infrequent; correct: incorrect; secure: insecure
"""
# Words that begin like a negation and are none.
WHOLE_WORDS = """
    under union unions unit units until uncle unique university universities understand understanding nonsense none
    uniform unite united unto unobserved unmeasured unknown unless less nevertheless regardless wireless bless
"""
ENDINGS = """
    ations ation ities ingly iness ments ment ances ance ences ence ized izes ize ers ings ing ions ion ity ies ied
    ous iness ness ful ive ed er es ly al or th s e y
"""
# Between one of these, or the beginning, and a word stands what qualifies that word.
BEFORE_QUALITY_WORDS = "a an the is are was were be been has have had with of for there no not in to"
IRREGULAR_WORDS = """
    take: taken took; wake: woke woken wakes waking; eat: ate eaten; drink: drank drunk; give: gave given; choose:
    chose chosen choice; break: broke broken; blow: blew blown; fall: fell fallen; drive: drove driven; wear: wore
    worn; grow: grew grown; win: won; lose: lost; buy: bought; sleep: slept asleep;
    awake: awakes awakened awakening awakens awoke; go: went gone goes going; die: died
    dead death deaths dies dying; live: alive lives lived living survive survives survived surviving survival
    survivor survivors; man: men; woman: women; wife: wives; child: children; swim: swam swum; ring: rang rung;
    speak: spoke spoken; light: lit; poverty: poor; obese: obesity; fame: famous; able: ability abilities; young:
    youth; high: height; long: length; strong: strength; accept: admit admits admitted admitting admission; deep:
    depth; wide: width; warm: warmth; enough: sufficient sufficiently adequate
"""
# Words at the two ends of one scale, in any domain.
OPPOSITES = """
    tall short, long short, old young, older younger, male female, man woman, boy girl, heavy light, good bad, good
    poor, better worse, rich poor, strong weak, hot cold, warm cold, wet dry, rainy dry, rainy sunny, dark bright,
    late early, late time, clean polluted, clean dirty, pure polluted, clear polluted, live die, survive die,
    survival mortality, survival die, happy sad, ringing silent, close far, near far, loud quiet, fast slow, hard
    easy, healthy sick, healthy ill, present absent, on off, open closed, accepted rejected, win lose, success
    failure, attractive ugly, kind mean, smart dumb, true false, active inactive, full empty, thick thin, fat slim,
    urban rural, passed failed, gain loss, normal abnormal, release execute, free jail, local global, single
    married, hardworking lazy, private public, cheap expensive, natural artificial, first last, retain fire, keep
    fire, hire fire, recover die, healthy problem, healthy issue, healthy disease, single relationship, single
    couple, straight curly, smooth rough, soft hard, sharp blunt, awake sleep, sweet bitter, fresh stale, calm
    stormy, safe dangerous, stay leave, arrive depart, up down
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
    gender: male female man woman boy girl; sex: male female man woman boy girl; age: old young older younger
    elderly; season: dry rainy wet summer winter spring autumn; weather: rain rainy sunny sun cloudy storm snow;
    mortality: die survival survive; survival: die mortality; mood: happy sad happiness sadness angry calm;
    occupation: job worker profession; appearance: attractive beautiful handsome ugly; effort: hard working lazy;
    diligence: hard working lazy; admission: accepted admitted rejected; cost: bill expensive cheap price; quality:
    polluted clean pure dirty good bad poor; proximity: close near far distance; education: college degree school
    university graduate; fame: celebrity; salary: wage income earn paid; income: salary wage earn; disease: ill sick
    healthy recovery; recovery: cure cured healed; wealth: rich poor; health: healthy sick ill; relationship: single
    dating partner married; poverty: rich poor; speed: fast slow; time: late early; color: red green blue black
    white brown; temperature: hot cold warm
"""
