"""Grounds section 152: who is a qualifying child, a qualifying relative, a dependent of whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from statutory.world import Doubt, World, year_span

if TYPE_CHECKING:
    from statutory.decide import Court

__all__ = ["Kin"]

_IN_LAW = ("son-in-law", "daughter-in-law", "father-in-law", "mother-in-law", "brother-in-law", "sister-in-law")
_DIRECT = {
    "rel_c_2_A": ("grandson", "granddaughter", "grandchild"),
    "rel_d_2_A": ("grandson", "granddaughter", "grandchild"),
    "rel_c_2_B": ("nephew", "niece"),
    "rel_d_2_C": ("grandfather", "grandmother", "grandparent"),
    "rel_d_2_E": ("nephew", "niece"),
    "rel_d_2_F": ("uncle", "aunt"),
    "rel_d_2_G": _IN_LAW,
}
_INVERSE = {
    "rel_c_2_A": ("grandfather", "grandmother", "grandparent"),
    "rel_d_2_A": ("grandfather", "grandmother", "grandparent"),
    "rel_c_2_B": ("uncle", "aunt"),
    "rel_d_2_C": ("grandson", "granddaughter", "grandchild"),
    "rel_d_2_E": ("uncle", "aunt"),
    "rel_d_2_F": ("nephew", "niece"),
    "rel_d_2_G": _IN_LAW,
}


class Kin:
    """Answers for pairs of persons of one case in one year; each answer is a decision of the policy ``dependents``."""

    def __init__(self, world: World, court: Court, year: int) -> None:
        self.world, self.court, self.year = world, court, year
        self._seen: dict[tuple[str, str, str, int], bool] = {}

    def asked(self, what: str, who: str, taxpayer: str, level: int = 2) -> bool:
        """Whether a provision of section 152 applies to a person, of a taxpayer.

        Raises:
            Doubt: a relation is not modelled.
        """
        key = (what, who, taxpayer, level)
        if key not in self._seen:
            facts = self.facts(who, taxpayer, level) | {"asked": what}
            self._seen[key] = self.court.decide("dependents", facts) == "applies"
        return self._seen[key]

    def dependent(self, who: str, taxpayer: str, level: int = 2) -> bool:
        """Section 152(a).

        That a dependent has no dependents (152(b)(1)) goes round in circles where two persons without income are kin.
        So it is asked by levels: at 0, who is a qualifying child; at 1, who else depends on somebody who is none; at 2
        on somebody who does not depend on a third.
        """
        return who != taxpayer and self.asked("152_a" if level else "152_a_1", who, taxpayer, level)

    def entitled(self, taxpayer: str, who: str) -> bool:
        """Whether a taxpayer may deduct for somebody under section 151(c): as stated, else as a dependent."""
        world = self.world
        for kind, value in (("not entitled", False), ("entitled", True)):
            if any(one.args.get("other") == who for one in world.about(taxpayer, self.year, kind)):
                return value
        return who not in {name for name, _ in world.spouses(taxpayer)} and self.dependent(who, taxpayer)

    def facts(self, who: str, taxpayer: str, level: int) -> dict[str, Any]:
        """The facts of the policy ``dependents`` for one pair."""
        world, year = self.world, self.year
        if taxpayer in world.related(who, "stepchild", year):
            raise Doubt("a stepchild")
        days, of = world.same_abode(who, taxpayer, year) if taxpayer else (0, 1)
        facts = self.relations(who, taxpayer) | {
            "same_abode_whole_year": days == of,
            "same_abode_over_half": 2 * days > of,
            "was_spouse": self.was_spouse(who, taxpayer),
            "younger": self.younger(who, taxpayer),
            "under_25": world.assume_young if (age := world.age_at_close(who, year)) is None else age < 25,
            "joint_return": world.files(who, year) == "joint",
            "no_income": world.income(who, year) == 0 and (world.assume_poor or world.income_stated(who, year)),
            "child_stated": self.stated(who, taxpayer, "S152_c") or self.stated(who, taxpayer, "S152_a"),
            "relative_stated": self.stated(who, taxpayer, "S152_d"),
        }
        if level:
            others = [one for one in world.people if one not in {who, taxpayer}]
            facts["child_of_another"] = any(self.asked("152_c", who, one, 0) for one in others)
            facts["taxpayer_is_dependent"] = any(self.dependent(taxpayer, one, level - 1) for one in [*others, who])
            below = level - 1
            facts["individual_is_dependent"] = any(self.dependent(who, one, below) for one in [*others, taxpayer])
        return facts

    def was_spouse(self, who: str, taxpayer: str) -> bool:
        """Whether two were married at any time in the year."""
        first, last = year_span(self.year)
        return any(name == taxpayer and span[0] <= last and span[1] >= first for name, span in self.world.spouses(who))

    def younger(self, who: str, taxpayer: str) -> bool:
        """Whether somebody is younger than the taxpayer; a descendant is."""
        births = self.world.births
        if who in births and taxpayer in births:
            return births[who][0] > births[taxpayer][0]
        return taxpayer in self.world.closure(who, self.year) or self.world.assume_young

    def stated(self, who: str, taxpayer: str, section: str) -> bool:
        """Whether the case says that a provision is met; whose child it is then, the case says as kin."""
        world = self.world
        for one in world.about(who, self.year, "dependent", "satisfies"):
            stated = one.args.get("other")
            of = {stated} if stated else world.related(who, "child", self.year)
            if taxpayer in of and one.args["s"].startswith(section):
                return True
        return False

    def relations(self, who: str, taxpayer: str) -> dict[str, bool]:
        """The relations of 152(c)(2) and (d)(2) in which a person stands to a taxpayer."""
        world, year = self.world, self.year
        above = world.closure(who, year)
        siblings = world.related(taxpayer, "sibling", year) | world.related(taxpayer, "stepsibling", year)
        parents = world.related(taxpayer, "child", year)
        aunts = {one for parent in parents for one in world.related(parent, "sibling", year)}
        found = {
            "rel_c_2_A": taxpayer in above,
            "rel_d_2_A": taxpayer in above,
            "rel_c_2_B": who in siblings or bool(above & siblings),
            "rel_d_2_B": who in siblings,
            "rel_d_2_C": who in world.closure(taxpayer, year),
            "rel_d_2_D": who in world.related(taxpayer, "stepchild", year) or self.married_parent(who, taxpayer),
            "rel_d_2_E": bool(world.related(who, "child", year) & world.related(taxpayer, "sibling", year)),
            "rel_d_2_F": who in aunts,
            "rel_d_2_G": self.in_law(who, taxpayer),
        }
        for table, one, other in ((_DIRECT, who, taxpayer), (_INVERSE, taxpayer, who)):
            for fact, words in table.items():
                found[fact] = found[fact] or any(other in world.related(one, word, year) for word in words)
        return found

    def married_parent(self, who: str, taxpayer: str) -> bool:
        """Whether somebody is married to a parent of the taxpayer and is none: a stepparent."""
        parents = self.world.related(taxpayer, "child", self.year)
        return who not in parents and self.spouse(who) in parents

    def in_law(self, who: str, taxpayer: str) -> bool:
        """Section 152(d)(2)(G)."""
        world, year = self.world, self.year
        mine, theirs = self.spouse(who), self.spouse(taxpayer)
        child, sibling = world.related, world.related
        return (
            mine is not None and (taxpayer in child(mine, "child", year) or taxpayer in sibling(mine, "sibling", year))
        ) or (theirs is not None and (who in child(theirs, "child", year) or who in sibling(theirs, "sibling", year)))

    def spouse(self, person: str) -> str | None:
        """The spouse at the close of the year."""
        return self.world.spouse(person, self.year)
