"""Grounds sections 1, 2, 63, 68, 151 and 7703 for one taxpayer and year."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from statutory.kin import Kin
from statutory.world import Doubt, World

if TYPE_CHECKING:
    from statutory.decide import Court

__all__ = ["Taxpayer"]

_ENTITIES = frozenset({"business trust", "trust", "estate", "common trust fund", "partnership"})
_STATED = {
    "S151": "exemptions",
    "S151_a": "exemptions",
    "S151_c": "dependents",
    "S63_c": "standard",
    "S63_c_1": "standard",
}


def _text(amount: Fraction) -> str:
    return str(amount)


class Taxpayer:
    """One person in one year.

    Raises:
        Doubt: from `facts`, where the case leaves open what matters.
    """

    def __init__(self, world: World, court: Court, person: str, year: int) -> None:
        self.world, self.person, self.year = world, person, year
        self.kin = Kin(world, court, year)
        self.mate = world.spouse(person, year)
        self.joint = world.files(person, year) == "joint"

    def facts(self) -> dict[str, Any]:
        """All facts of the policy ``income-tax`` but those of the question."""
        return (
            {"year": self.year, "joint": self.joint}
            | self.marital()
            | self.widowhood()
            | self.homes()
            | self.statuses()
            | self.amounts()
            | self.persons()
            | self.stated_amounts()
        )

    def marital(self) -> dict[str, Any]:
        """Section 7703, and what section 2 asks of the spouse."""
        world, person, year, mate = self.world, self.person, self.year, self.mate
        late = date(year, 7, 1)
        return {
            "has_spouse": mate is not None,
            "separated": world.separated(person, year),
            "spouse_alien": mate is not None and world.during(mate, year, "nonresident"),
            "spouse_died_in_year": mate is not None and world.died(mate, year),
            "alien": world.during(person, year, "nonresident"),
            "spouse_in_household_late": mate is not None and world.same_abode(person, mate, year, late)[0] > 0,
        }

    def widowhood(self) -> dict[str, Any]:
        """What section 2(a) asks of a spouse who died."""
        world, person, year = self.world, self.person, self.year
        dead = [
            (world.deaths[name], name) for name, span in world.spouses(person)
            if name in world.deaths and span[1] >= world.deaths[name] and world.deaths[name].year <= year
        ]  # fmt: skip
        if not dead:
            return {}
        day, name = max(dead)
        later = [span for _, span in world.spouses(person) if day < span[0] <= date(year, 12, 31)]
        return {
            "widowed": True,
            "years_since_death": year - day.year,
            "remarried": bool(later),
            "alien_in_year_of_death": any(world.during(one, day.year, "nonresident") for one in (name, person)),
        }

    def homes(self) -> dict[str, Any]:
        """Who lives in the taxpayer's home, for how much of the year."""
        world, person, year, kin = self.world, self.person, self.year, self.kin
        facts = dict.fromkeys(("child_home_over_half", "dependent_child_home", "home_of_qualifying_child"), False)
        household, relatives = [], []
        for one in self.others():
            days, of = world.same_abode(person, one, year)
            if 2 * days <= of:
                continue
            child = person in world.related(one, "child", year)
            dependent = kin.entitled(person, one)
            facts["child_home_over_half"] |= child and dependent
            facts["dependent_child_home"] |= child and dependent and days == of
            own = kin.asked("152_c", one, person)
            facts["home_of_qualifying_child"] |= own and (world.spouse(one, year) is None or dependent)
            if dependent and not own:
                household.append(one)
                relatives.append(any(kin.relations(one, person).values()) or self.is_stated(one))
        facts["home_of_other_dependent"] = bool(household)
        parents = self.parents_kept()
        by_member_only = bool(household) and not any(relatives) and not facts["home_of_qualifying_child"]
        return facts | {
            "keeps_household": world.keeps(person, year),
            "household_of_parent": parents,
            "only_by_household_member": by_member_only and not parents,
        }

    def is_stated(self, one: str) -> bool:
        """Whether the case says that a deduction for somebody is allowed."""
        return any(a.args.get("other") == one for a in self.world.about(self.person, self.year, "entitled"))

    def parents_kept(self) -> bool:
        """Section 2(b)(1)(B): a household, not need be one's own home, that is a parent's abode for the whole year."""
        world, person, year = self.world, self.person, self.year
        for one in world.related(person, "child", year):
            days, of = world.same_abode(person, one, year)
            if days == of and world.keeps(person, year) and self.kin.entitled(person, one):
                return True
        return False

    def others(self) -> list[str]:
        """All persons but the taxpayer and the spouse."""
        return [one for one in self.world.people if one not in {self.person, self.mate}]

    def statuses(self) -> dict[str, Any]:
        """What the case says outright of the taxpayer's status."""
        facts = {}
        for fact, yes, no in (
            ("married_stated", "status married", "status unmarried"),
            ("head_stated", "status head", "status nohead"),
            ("surviving_stated", "status surviving", "status nosurviving"),
        ):
            said = [kind for kind in (yes, no) if self.world.about(self.person, self.year, kind)]
            if len(said) > 1:
                raise Doubt("a status is stated and denied")
            if said:
                facts[fact] = "yes" if said[0] == yes else "no"
        if self.mate and any(
            len(one.args["p"].split()) == 1 for one in self.world.about(self.person, self.year, "unmarried")
        ):
            raise Doubt("married and not married")
        return facts

    def amounts(self) -> dict[str, Any]:
        """Incomes and deductions; of both spouses on a joint return."""
        world, person, year, mate = self.world, self.person, self.year, self.mate
        together = [person, mate] if self.joint and mate else [person]
        itemized = [one for name in together for one in world.about(name, year, "itemized", "itemizes")]
        standard = [one for name in together for one in world.about(name, year, "standard")]
        itemized = list({id(one): one for one in itemized}.values())
        if itemized and standard:
            raise Doubt("the standard deduction and itemized deductions")
        taxable = world.about(person, year, "taxable", keys=("p", "other"))
        if len(taxable) > 1:
            raise Doubt("two taxable incomes")
        own = sum((world.income(name, year) for name in together if name), Fraction(0))
        facts: dict[str, Any] = {
            "income": _text(own),
            "earned": _text(world.income(person, year)),
            "itemizes": bool(itemized),
            "itemized": _text(sum((Fraction(one.args["m"][1:]) for one in itemized if "m" in one.args), Fraction(0))),
            "spouse_itemizes": mate is not None
            and not self.joint
            and bool(world.about(mate, year, "itemized", "itemizes")),
        }
        if taxable:
            facts |= {"taxable_stated": True, "taxable_amount": taxable[0].args["m"][1:]}
        return facts

    def persons(self) -> dict[str, Any]:
        """Ages, blindness, exemptions and dependents."""
        world, person, year, mate = self.world, self.person, self.year, self.mate
        facts: dict[str, Any] = {
            "aged": (world.age_at_close(person, year) or 0) >= 65,
            "blind": self.blind(person),
            "claimed_by_another": any(self.kin.entitled(one, person) for one in world.people if one != person),
            "dependents": sum(self.deducted(one) for one in self.others()),
            "entity": any(
                one.args["o"] == person and one.args["what"] in _ENTITIES and world.holds(one, year)
                for one in world.of("entity")
            ),
        }
        if mate is not None:
            facts |= {
                "spouse_aged": (world.age_at_close(mate, year) or 0) >= 65,
                "spouse_blind": self.blind(mate),
                "spouse_no_income": world.income(mate, year) == 0,
                "spouse_dependent_of_another": any(
                    self.kin.dependent(mate, one) for one in world.people if one not in {person, mate}
                ),
                "spouse_exemption_stated": self.spouse_exemption(mate),
            }
        return facts

    def deducted(self, one: str) -> bool:
        """Whether somebody is a dependent of the taxpayer, or of the spouse on a joint return."""
        return self.kin.entitled(self.person, one) or (
            self.joint and self.mate is not None and self.kin.entitled(self.mate, one)
        )

    def blind(self, person: str) -> bool:
        """Whether somebody is blind at the close of the year."""
        close = date(self.year, 12, 31)
        return any(
            not one.times or (one.times[0][1][0] <= close and (one.times[0][0] == "in" or one.times[0][1][1] >= close))
            for one in self.world.about(person, self.year, "blind")
        )

    def spouse_exemption(self, mate: str) -> str:
        """What the case says of an exemption for the spouse."""
        for kind, value in (("not entitled", "no"), ("entitled", "yes")):
            if any(one.args.get("other") == mate for one in self.world.about(self.person, self.year, kind)):
                return value
        return "unstated"

    def stated_amounts(self) -> dict[str, Any]:
        """Deductions that the case gives an amount of, by section."""
        facts: dict[str, Any] = {}
        for one in self.world.about(self.person, self.year, "allowed"):
            group = _STATED.get(one.args["s"])
            if group is None or f"{group}_amount" in facts:
                raise Doubt(f"an amount under section {one.args['s'][1:]}")
            facts[f"{group}_amount"] = one.args["m"][1:]
            if group != "dependents":
                facts[f"{group}_stated"] = True
        return facts
