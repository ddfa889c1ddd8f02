"""The sentences that the reader understands: a table of patterns over marked words, times and places taken out."""

# ruff: noqa: E501  a pattern is read in one line
from __future__ import annotations

import re
from functools import cache

__all__ = ["RELATIVES", "compiled"]

RELATIVES = (
    "son-in-law|daughter-in-law|father-in-law|mother-in-law|brother-in-law|sister-in-law|stepson|stepdaughter|"
    "stepfather|stepmother|stepbrother|stepsister|stepchild|stepparent|grandson|granddaughter|grandchild|grandfather|"
    "grandmother|grandparent|son|daughter|child|father|mother|parent|brother|sister|sibling|uncle|aunt|nephew|niece|"
    "cousin|husband|wife|spouse|surviving spouse|former husband|former wife|widow|widower"
)
_SLOTS = {
    "p": r"P_\w+",
    "l": r"P_\w+(?:(?:, P_\w+)*,? (?:and|&) P_\w+)?",
    "m": r"M[\d.]+",
    "q": r"Q[\d.]+",
    "s": r"S\w+",
    "o": r"O\w+",
    "g": r"G\w+",
    "rel": RELATIVES,
    "w": r"[a-z ]+",
}
_BE = "(?:is|was|are|were|has been|have been|had been)"
_HAVE = "(?:has|have|had)"
_INCOME = "(?:adjusted gross |gross |total |annual )?income"
_EARN = (
    "(?:was paid|has been paid|earned|has earned|made|received|was otherwise paid|has received|was also paid|is paid|"
    f"(?:had|has) (?:an? )?{_INCOME} of|makes|earns)"
)
_PAY = "(?:has paid|has otherwise paid|paid|has also paid|also paid|have paid|pays|was paying)"
_PURPOSE = (
    r"(?:,? for (?:work done|work performed|services performed|services))?"
    r"(?:,? (?:for|,? performing|by performing|as) (?P<purpose>agricultural labor|domestic services?"
    r"|repairing (?:P_\w+'s|the) (?:roof|house|car|fence))(?: (?:done|performed|work))?(?: in (?:P_\w+'s|the|a) (?:private )?home)?)?"
)
_HOUSE = "(?:home|house|household|place|apartment|residence)"
_LIVE = "(?:live|lives|lived|has lived|have lived|resides|resided|reside|has resided|was living|is living)"
_TABLE: tuple[tuple[str, str], ...] = (
    # marriage
    (
        rf"<l> (?:got married|{_BE} married|have married|married|gets married)(?: to (?:each other|one another))?",
        "married",
    ),
    (rf"<p> (?:married|{_BE} married to|got married to) <p:other>", "married"),
    (r"<p:other> whom <p> married|<p> whom <p:other> married", "married"),
    (rf"<l> (?:{_BE}|got) legally separated under a decree of (?:divorce|separate maintenance)", "separated"),
    (r"<l> (?:divorced|got divorced|were divorced|are divorced)", "separated"),
    (rf"<l> {_BE} (?:not|never) married", "unmarried"),
    (r"<l> (?:never married|has never been married|have never been married|never got married)", "unmarried"),
    (rf"<l> {_BE} single|<l> {_BE} unmarried", "unmarried"),
    (rf"<l> {_BE} not related(?:, nor do P_\w+ and P_\w+ have relatives married to one another)?", "unrelated"),
    (r"<l> (?:died|has died|passed away)(?: from a heart attack)?", "died"),
    (rf"<l> {_BE} born", "born"),
    # kin
    (
        r"<l> (?:has|have|had) (?:a|an|one|two|three|)(?: )?(?P<rel>(?:"
        + RELATIVES
        + r"|children)s?),? (?:named )?<l:who>",
        "kin",
    ),
    (rf"<l:who> (?:is|are|was|were|has been|have been|became) <l>'s (?P<rel>(?:{RELATIVES}|children)s?)", "kin"),
    (rf"<l:who> (?:is|are|was|were) the (?P<rel>(?:{RELATIVES}|children)s?) of <l>", "kin"),
    (r"<l> adopted <l:who>", "adopted"),
    # income
    (r"<p>'s (?P<whole>(?:adjusted )?gross|total) income (?:is|was|is equal to) <m>", "income"),
    (rf"<p>'s {_INCOME} (?:is|was|is equal to) <m>", "income"),
    (r"<p>'s (?:is|was) <m>", "income"),
    (rf"<p> {_EARN} <m>(?: in (?:remuneration|wages|income))?", "income"),
    (
        rf"<p> {_EARN} <m>(?: in remuneration)? for (?P<jail>services performed (?:in|while in) (?:jail|prison))",
        "income",
    ),
    (
        rf"<p> {_EARN} <m>(?: in (?:remuneration|cash))?,? for (?:services|work) (?:performed|done) (?:for|at|in|in the employ of) <o>",
        "income",
    ),
    (r"<l> (?:has|have|had|has had|have had) no (?:gross )?income", "noincome"),
    (rf"<p>'s and <p:other>'s {_INCOME} (?:is|was) <m>", "income"),
    (r"<p>'s (?:and <p:other>'s )?taxable income (?:is|was|is equal to) <m>", "taxable"),
    (r"<l> (?:has|have|had) (?:a )?taxable income of <m>", "taxable"),
    # status
    (r"<l> (?:is|are|was|were) (?:considered )?married under S7703(?:_\w+)?", "status married"),
    (r"<l> (?:is|are|was|were) not (?:considered )?married under S7703(?:_\w+)?", "status unmarried"),
    (
        r"<p> (?:is|was|qualifies as|counts as) (?:a|the) head of (?:a )?household(?: under S2_b(?:_\w+)?)?",
        "status head",
    ),
    (r"<p> (?:is|was|qualifies as|counts as) a surviving spouse(?: under S2_a(?:_\w+)?)?", "status surviving"),
    (r"<p> (?:is|was) not (?:a|the) head of (?:a )?household(?: under S2_b(?:_\w+)?)?", "status nohead"),
    (r"<p> (?:is|was) not a surviving spouse(?: under S2_a(?:_\w+)?)?", "status nosurviving"),
    # of returns, of deductions
    (
        r"<l> (?:file|files|filed|have filed|has filed|make|makes|made) (?:a (?:single )?joint return|jointly|joint returns|a single return jointly|taxes jointly|their taxes jointly)(?: with <p:other>)?",
        "joint",
    ),
    (
        r"<l> (?:file|files|filed|have filed|has filed) (?:taxes )?(?:separately|separate returns|a separate return|separate tax returns)(?: from <p:other>)?",
        "separate",
    ),
    (
        r"<l> (?:does|do|did) not (?:file|make) (?:a joint return|jointly|joint returns|a single return jointly)(?: with <p:other>)?",
        "separate",
    ),
    (r"<l> (?:take|takes|took) (?:the )?standard deduction", "standard"),
    (r"<l> (?:is|are|was|were) allowed (?:an )?itemized deductions? of <m>(?: under S63(?:_\w+)?)?", "itemized"),
    (
        r"<l> (?:has|have|had|take|takes|took|claims|receives) (?:an )?itemized deductions? of <m>(?: under S63(?:_\w+)?)?",
        "itemized",
    ),
    (r"<l> (?:receives|received|gets|is allowed|takes) a deduction of <m> for <w:why>", "itemized"),
    (r"<l> (?:itemizes|elects to itemize|elected to itemize|itemized) (?:\w+ )?deductions", "itemizes"),
    (r"<p> (?:is|was) allowed (?:an? )?(?:\w+ )?(?:deduction|exemption)s? under <s> of <m>", "allowed"),
    (r"<p> (?:is|was) allowed (?:an? )?(?:\w+ )?(?:deduction|exemption)s? of <m> under <s>", "allowed"),
    (r"<p> (?:deductions|a deduction|deduction|an exemption|exemptions) of <m> under <s>", "allowed"),
    (r"<p> (?:gets|has|receives) (?:one|an|a|two|three) (?:exemption|deduction)s? of <m> under <s>", "allowed"),
    (
        r"<p> (?:is|was) (?:entitled to|allowed) an? (?:additional )?(?:deduction|exemption)(?: for <p:other>| for P_\w+self)? under <s>",
        "entitled",
    ),
    (
        r"<p> (?:is|was) (?:entitled to|allowed) an? (?:additional )?(?:deduction|exemption) under <s> for <p:other>",
        "entitled",
    ),
    (r"<p> (?:is|was) not (?:entitled to|allowed) an? (?:deduction|exemption) for <p:other> under <s>", "not entitled"),
    (r"no other taxpayer is entitled to a deduction for <p>(?: under <s>)?", "noother"),
    (
        r"<p> (?:counts as|is|was|qualifies as) <p:other>'s (?:dependent|qualifying child|qualifying relative) under <s>",
        "dependent",
    ),
    (
        r"<p> (?:counts as|is|was|qualifies as) a (?:dependent|qualifying child|qualifying relative) of <p:other> under <s>",
        "dependent",
    ),
    (r"<p> satisfies <s>(?: with <p:other> as the taxpayer)?", "satisfies"),
    # person
    (r"<l> (?:has been|is|was|have been|are|became) blind", "blind"),
    (r"<l> (?:is|was|were|are|has been|have been) (?:a )?nonresident aliens?", "nonresident"),
    (r"<p> (?:is|was) an? (?P<nation>american|mexican|canadian|[a-z]+) citizen", "citizen"),
    (r"<p> who was admitted to the USA to perform agricultural labor pursuant to S214", "h2a"),
    (r"<p> (?:is|was) admitted to the USA to perform agricultural labor pursuant to S214", "h2a"),
    # homes
    (
        rf"<l> {_LIVE} (?:together|in the same {_HOUSE})(?:,? (?:in )?(?:a|the) {_HOUSE} maintained by <p:keeper>|,? in a {_HOUSE} that <p:keeper> maintains)?",
        "abode",
    ),
    (r"<l> (?:started living|began living|moved in) together", "abode begins"),
    (rf"<p> {_LIVE} in the same {_HOUSE} (?:as|with) <l:other>", "abode"),
    (rf"<l> {_LIVE} in a {_HOUSE} maintained by <p:keeper>", "abode"),
    (
        rf"<l> {_LIVE} in a {_HOUSE} for which <p:keeper> (?:furnished|furnishes) <q> of the (?:maintenance )?costs",
        "abode",
    ),
    (
        rf"<l> (?:has|have|had|share|shared) the same principal place of abode(?:,? a {_HOUSE} maintained by <p:keeper>)?",
        "abode",
    ),
    (r"<p> (?:also )?(?:has|had|shares|shared) the same principal place of abode (?:as|with) <l:other>", "abode"),
    (rf"<p> (?:shares|shared) a {_HOUSE} with <l:other>", "abode"),
    (
        rf"<p> {_LIVE} (?:with|at) <p:other>(?:'s {_HOUSE})?(?:,? in a {_HOUSE} that <p:keeper> maintains|,? a {_HOUSE} that <p:keeper> maintains|,? a {_HOUSE} maintained by <p:keeper>)?",
        "abode",
    ),
    (rf"<p> {_LIVE} (?:at|in) (?:the|a) {_HOUSE} (?:that )?<p:keeper> maintains(?: and resides in)?", "abode kept"),
    (rf"<p> {_LIVE} at <p:other>'s {_HOUSE}, for which <p:keeper> furnish(?:ed|es) all (?:the )?costs", "abode"),
    (rf"<p> (?:has always lived|{_LIVE}) (?:at|in) <p:other>'s parents' {_HOUSE}", "abode elsewhere"),
    (rf"<l> {_LIVE} in (?:separate|different) (?:{_HOUSE})s", "apart"),
    (r"<p> (?:has|had) a different principal place of abode", "apart one"),
    (
        rf"<p> (?:furnished|furnishes|paid|pays|paid for) (?:all )?(?:of )?(?:the )?costs of maintaining the {_HOUSE} where <l:other> lived",
        "keeps",
    ),
    (rf"<p> (?:maintained|maintains) (?:the|a|P_\w+'s) {_HOUSE} where <l:other> (?:lived|live)", "keeps"),
    (
        rf"<p> (?:furnished|furnishes|pays for|paid for|pays|paid) <q> of the costs of (?:the|maintaining the|P_\w+'s) {_HOUSE}",
        "keeps",
    ),
    (
        rf"<p> (?:furnished|furnishes|pays for|paid for|pays|paid) <q> of the costs of maintaining the {_HOUSE} where <l:other> lived",
        "keeps",
    ),
    (r"<p> (?:pays for|paid for|pays|furnishes) the remaining <q>", "keeps"),
    (r"which <p> (?:maintained|maintains)", "keeps"),
    (r"<l> (?:remarried|got remarried)", "married"),
    (r"<p> remarried <p:other>", "married"),
    (r"<l> (?:never remarried|did not remarry|has not remarried)", "nothing"),
    (r"<l> (?:is|are|was|were) (?:siblings|brothers|sisters|brother and sister|sister and brother)", "siblings"),
    (rf"<l:who> (?:is|was|became) (?:a|the) (?P<rel>{RELATIVES}) of <l>", "kin"),
    (r"<l:who> (?:is|are|was|were) the parents of <l>", "parents"),
    (r"<l:who> (?:is|are|was|were) <l>'s parents", "parents"),
    (
        r"<l> (?:is|are|was|were) friends|<p> (?:is|was) <p:other>'s (?:friend|neighbor|roommate)|<p> (?:has|had) a (?:friend|neighbor|roommate), <p:other>",
        "nothing",
    ),
    (r"<l> (?:earned|received) no (?:gross )?income|<l> (?:does|do|did) not have any (?:gross )?income", "noincome"),
    (r"<p> (?:is|was) not (?:a|the) dependent of (?:another|any other|any) taxpayer", "nothing"),
    (r"<l> (?:does|do|did) not itemize (?:P_\w+'s |their |any )?deductions?", "nothing"),
    (r"<l> (?:does|do|did) not (?:elect|choose) to itemize (?:P_\w+'s |their )?deductions?", "nothing"),
    (r"<l> (?:is|are|was|were) not nonresident aliens?|<l> (?:is|was) not a nonresident alien", "nothing"),
    (r"<l> (?:is|are) (?P<nation>american) citizens", "citizen"),
    (r"<p> (?:is|was) a citizen of the (?:united states|USA)", "citizen us"),
    (
        rf"<p:payee> (?:was paid|has been paid|received) (?:wages of )?<m>(?: in (?:remuneration|wages|cash))? (?:by|from) <p>{_PURPOSE}",
        "paid",
    ),
    (rf"<p> {_PAY} (?:wages|remuneration) in (?P<medium>cash) of <m> to <p:payee>{_PURPOSE}", "paid"),
    (rf"<p> {_PAY} (?:wages|remuneration) of <m> in (?P<medium>cash) to <p:payee>{_PURPOSE}", "paid"),
    (r"<p> and <p:other>'s (?:combined |joint |total )?taxable income (?:is|was) <m>", "taxable"),
    (rf"<p> and <p:other>'s (?:combined |joint |total )?{_INCOME} (?:is|was) <m>", "income"),
    (
        rf"<p> (?:furnished|furnishes|pays for|paid for|pays|paid|covers|covered) (?P<half>over half|more than half|less than half|half) of the costs of maintaining the {_HOUSE} where <l:other> (?:lived|live)",
        "keeps",
    ),
    (
        rf"<p> (?:furnished|furnishes|paid|pays|paid for|pays for) (?:all )?(?:of )?(?:the )?costs of maintaining the {_HOUSE} where <p:with> (?:lived|lives) with <p:other>",
        "keeps",
    ),
    (
        rf"<p> (?:furnished|furnishes|paid|pays|paid for|pays for) (?:all )?(?:of )?(?:the )?costs of (?:maintaining )?(?:the|P_\w+'s) {_HOUSE}",
        "keeps",
    ),
    (rf"<p> (?:maintains|maintained) (?:a|the|P_\w+'s) {_HOUSE}", "keeps"),
    (
        rf"<p> {_LIVE} with <p:other> (?:at|in) (?:a|the) {_HOUSE} (?:that |which )?<p:keeper> (?:maintains|maintained)",
        "abode",
    ),
    (r"<l> (?:has|have|had) no (?:children|siblings|dependents|brothers or sisters|spouse)", "nothing"),
    (rf"<p> {_LIVE} with <p:other> in a {_HOUSE} maintained by <p:keeper>", "abode"),
    (rf"<p> {_LIVE} in the {_HOUSE} (?:that |which )?<p:keeper> maintains?(?:ed)?", "abode kept"),
    (
        r"<p> (?:is|was) (?:entitled to|allowed) an? additional standard deduction of <m>(?: each)? for <p:other>(?:self)? under <s>",
        "allowed",
    ),
    (
        r"<p> (?:is|was) (?:entitled to|allowed) an? (?:basic |additional )?standard deduction of <m>(?: under <s>)?",
        "allowed",
    ),
    (r"<p> (?:is|was) employed by <o>", "nothing"),
    (r"<p> (?:is|was) (?:in jail|in prison|an inmate|incarcerated)", "jailed"),
    # employment and payments
    (
        rf"<p> {_PAY} (?:wages of |remuneration of |cash wages of )?<m>(?: in (?P<medium>cash))? to <p:payee>{_PURPOSE}",
        "paid",
    ),
    (rf"<p> {_PAY} <p:payee> (?:wages of |remuneration of )?<m>(?: in (?P<medium>cash|wages))?{_PURPOSE}", "paid"),
    (rf"<p> {_PAY} <p:payee> for (?P<purpose>agricultural labor|domestic service), paying P_\w+ <m>", "paid"),
    (r"<p> (?:has |have )?paid <m> in (?:total )?wages|<p> (?:has )?paid total wages of <m>|<p> <m>", "wages"),
    (
        rf"<p> {_PAY} <p:payee>, <p:former>'s outstanding wages of <m>|<p> {_PAY} <p:payee> <p:former>'s outstanding wages of <m>",
        "outstanding",
    ),
    (r"<p> (?:is|was) an employer under S3306_a(?:_\w+)?", "employer"),
    (
        r"<p> (?:has employed|employed|employs) <l:payee>(?: for (?P<purpose>agricultural labor|domestic service))?",
        "employed",
    ),
    (rf"<p> {_PAY} <p:payee> with (?P<medium>eggs, grapes and hay|[a-z]+, [a-z]+ and [a-z]+)", "in kind"),
    (rf"<p> {_PAY} <p:payee> <m> as a retirement bonus", "bonus"),
    (
        rf"<p> {_PAY} <p:payee> <m> because P_\w+ had to terminate \w+ contract due to P_\w+'s disability",
        "disability pay",
    ),
    (r"<p> retired because P_\w+ reached age 65", "retired by age"),
    (
        r"<p> (?:was diagnosed as disabled and retired|retired for disability|retired because of (?:\w+ )?disability)",
        "retired disabled",
    ),
    (r"<p> <m> into (?P<risk>health|life) insurance for <p:payee>(?P<plan>,? (?:both )?under a plan)?", "insurance"),
    (rf"<p> {_PAY} <m> into a retirement fund for <p:payee>(?P<plan>, under a plan)?", "fund"),
    (
        rf"<p> {_PAY} <m> into (?P<risk>health|a health|life) insurance for <p:payee>(?P<plan>, under a plan)?",
        "insurance",
    ),
    (r"<p> (?:is|was) an american employer", "american employer"),
    (r"<p> (?:is|was) not an american employer", "foreign employer"),
    (r"<p> (?:was|is|has been) committed to (?:jail|prison|a penal institution)", "jailed"),
    (r"<p> (?:was|is) enrolled at <o>(?: and (?:regularly )?attending classes)?", "student"),
    (r"<p> (?:was|is) (?:attending classes|a student) at <o>", "student"),
    (r"<p> (?:was|is) a patient (?:at|in|of) <o>", "patient"),
    (r"<p> attending classes at <o>", "student"),
    (
        r"<o> (?:was|is) considered to be a[n]? (?P<what>business trust|estate|trust|common trust fund|partnership|[a-z ]+)",
        "entity",
    ),
)


@cache
def compiled() -> tuple[tuple[re.Pattern[str], str], ...]:
    """The table with its slots filled; of alternatives in one row, each is a pattern of its own."""
    return tuple((re.compile(_filled(one)), kind) for text, kind in _TABLE for one in _alternatives(text))


def _alternatives(text: str) -> list[str]:
    parts, depth, last = [], 0, 0
    for at, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter == "|" and depth == 0:
            parts.append(text[last:at])
            last = at + 1
    return [*parts, text[last:]]


def _filled(text: str) -> str:
    def slot(found: re.Match[str]) -> str:
        kind, _, name = found[1].partition(":")
        name = name or {"l": "p", "p": "p"}.get(kind, kind)
        return f"(?P<{name}>{_SLOTS[kind]})"

    seen: dict[str, int] = {}

    def once(found: re.Match[str]) -> str:
        seen[found[1]] = seen.get(found[1], 0) + 1
        return found[0] if seen[found[1]] == 1 else f"(?P<{found[1]}_{seen[found[1]]}>"

    return re.sub(r"\(\?P<(\w+)>", once, re.sub(r"(?<!\?P)<([a-z:]+)>", slot, text))
