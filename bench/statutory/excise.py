"""Grounds sections 3301 and 3306 for an employer, its payments and a calendar year."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import msgspec

from statutory.clauses import Atom
from statutory.world import Doubt, World, names, year_span

if TYPE_CHECKING:
    from collections.abc import Iterable

    from statutory.decide import Court
    from statutory.words import Span

__all__ = ["Employer", "Service", "services"]

_PAID = ("paid", "outstanding", "bonus", "disability pay", "fund", "insurance")
_NEIGHBOURS = frozenset({"canada", "mexico"})
_FOR = {
    "for_government": "O_government",
    "for_state": "O_state",
    "for_foreign_government": "O_foreign",
    "for_international": "O_international",
}
_CAP = 7000
_OF_AGE = 21


class Service(msgspec.Struct, frozen=True):
    """A payment for work, or employment of which no payment is stated."""

    atom: Atom
    payer: str
    payee: str
    amount: Fraction

    @property
    def purpose(self) -> str:
        """What the work is."""
        return self.atom.args.get("purpose", "")


def services(world: World) -> list[Service]:
    """All work and payments of a case, one for each employee."""
    found: list[Service] = []
    for one in world.of(*_PAID, "employed"):
        amount = Fraction(one.args["m"][1:]) if "m" in one.args else Fraction(0)
        payees = names(one.args.get("former", one.args["payee"]))
        found.extend(Service(one, one.args["p"], payee, amount) for payee in payees)
    found.extend(
        Service(one, one.args.get("o", ""), one.args["p"], Fraction(one.args["m"][1:]))
        for one in world.of("income")
        if "o" in one.args or "jail" in one.args
    )
    return found


class Employer:
    """One employer in one calendar year."""

    def __init__(self, world: World, court: Court, payer: str, year: int) -> None:
        self.world, self.court, self.payer, self.year = world, court, payer, year
        self.services = [one for one in services(world) if one.payer == payer]

    def service_facts(self, one: Service, year: int) -> dict[str, Any]:
        """The facts of the policy ``excise`` about one service and its payment."""
        world, args, place = self.world, one.atom.args, one.atom.place
        purpose = self.purpose(one)
        in_kind = self.in_kind(one)
        if in_kind and not purpose.startswith(("agricultural", "repairing")):
            raise Doubt("pay in kind for work that may be of the employer's trade")
        facts = {
            "employed": True,
            "in_states": place in {"", "GUSA"},
            "contiguous": place.rpartition("_")[2] in _NEIGHBOURS,
            "citizen": any(
                a.args.get("nation", "american") == "american"
                for a in world.about(one.payee, year, "citizen", "citizen us")
            ),
            "american_employer": world.during(one.payer, year, "american employer"),
            "agricultural": purpose == "agricultural labor",
            "admitted_alien": world.during(one.payee, year, "h2a"),
            "domestic": purpose.startswith("domestic service"),
            "plan_for_sickness": "plan" in args and "health" in args.get("risk", ""),
            "plan_for_death": "plan" in args and args.get("risk") == "life",
            "under_plan": "plan" in args,
            "in_kind": in_kind,
            "not_for_trade": purpose.startswith("repairing"),
            "ended_by_death_or_disability": one.atom.kind == "disability pay",
            "to_survivor_later": one.atom.kind == "outstanding" and self.dead_before(one),
        }
        return facts | self.agricultural_cash() | self.family(one, year) | self.body(one, year)

    def purpose(self, one: Service) -> str:
        """What the work is; where a payment does not say, what the employment does."""
        said = {other.purpose for other in self.services if other.payee == one.payee and other.purpose}
        return one.purpose or (said.pop() if len(said) == 1 else "")

    def in_kind(self, one: Service) -> bool:
        """Whether a payment was not in cash."""
        return (
            any(a.args["p"] == one.payer and a.args["payee"] == one.payee for a in self.world.of("in kind"))
            and one.atom.kind == "paid"
        )

    def dead_before(self, one: Service) -> bool:
        """Whether the employee died in a calendar year before the payment."""
        death = self.world.deaths.get(one.payee)
        return death is not None and all(span[0].year > death.year for _, span in one.atom.times)

    def family(self, one: Service, year: int) -> dict[str, bool]:
        """Section 3306(c)(5)."""
        world = self.world
        child = one.payer in world.related(one.payee, "child", year)
        if child and one.payee not in world.births:
            raise Doubt("the age of an employed child is not stated")
        age = world.age_at_close(one.payee, year) or 0
        if child and age == _OF_AGE:
            raise Doubt("an employed child comes of age that year")
        return {
            "for_child_or_spouse": one.payee in world.related(one.payer, "child", year)
            or world.spouse(one.payee, year) == one.payer,
            "child_under_21": child and age < _OF_AGE,
        }

    def body(self, one: Service, year: int) -> dict[str, bool]:
        """Who is employed by a school, a hospital, a government or in prison."""
        world = self.world
        mate = world.spouse(one.payee, year)
        facts = {name: one.payer.startswith(word) for name, word in _FOR.items()}
        studies = [a for a in world.of("student") if a.args["o"] == one.payer and _together(a, one.atom)]
        stays = [a for a in world.of("patient") if a.args["o"] == one.payer and _together(a, one.atom)]
        jailed = "jail" in one.atom.args
        return facts | {
            "student": any(one.payee in names(a.args["p"]) for a in studies),
            "spouse_of_student": any(mate is not None and mate in names(a.args["p"]) for a in studies),
            "patient": any(one.payee in names(a.args["p"]) for a in stays),
            "in_prison": jailed and any(one.payee in names(a.args["p"]) for a in world.of("jailed")),
        }

    # sums of this calendar year or the one before

    def agricultural_cash(self) -> dict[str, Any]:
        """Sums and weeks that sections 3306(a)(2), (a)(3), (c)(1) and (c)(2) ask for."""
        return {
            "agricultural_cash": self.largest("agricultural labor"),
            "domestic_cash": self.largest("domestic service"),
            "agricultural_weeks_of_5": max(self.weeks(year, "agricultural", 5) for year in self.years()),
        }

    def years(self) -> tuple[int, int]:
        """This calendar year and the preceding one."""
        return self.year, self.year - 1

    def largest(self, purpose: str) -> str:
        """The larger sum of cash paid for such work in this year or the one before."""
        return str(
            max(
                sum(
                    (one.amount for one in self.services if self.purpose(one).startswith(purpose)
                     and not self.in_kind(one) and self.in_year(one, year)),
                    Fraction(0),
                )
                for year in self.years()
            )
        )  # fmt: skip

    def in_year(self, one: Service, year: int) -> bool:
        """Whether it is a payment of that year."""
        return one.atom.kind not in {"employed", "income"} and self.world.paid_in(one.atom, year)

    def weeks(self, year: int, purpose: str, least: int) -> int:
        """In how many weeks of a year at least so many were employed on one day."""
        count: Counter[date] = Counter()
        for one in self.services:
            said = self.purpose(one)
            if said.startswith(purpose) and not (purpose == "" and said.startswith("domestic")):
                for span in _worked(one.atom):
                    count.update(_within(span, year))
        return len({day.isocalendar()[:2] for day, number in count.items() if number >= least})

    def is_wages(self, one: Service, year: int) -> bool:
        """Section 3306(b), of one payment."""
        facts = self.service_facts(one, year)
        return self.court.decide("excise", facts | {"asked": "wages"}) == "applies"

    def wages(self, year: int, *, domestic: bool | None = None, agricultural: bool | None = None) -> list[Service]:
        """The payments of a year that are wages, of one kind of work or of all."""
        return [
            one for one in self.services
            if self.in_year(one, year)
            and domestic in {None, self.purpose(one).startswith("domestic")}
            and agricultural in {None, self.purpose(one).startswith("agricultural")}
            and self.is_wages(one, year)
        ]  # fmt: skip

    def facts(self) -> dict[str, Any]:
        """The facts of the policy ``excise`` about the employer."""
        world, year = self.world, self.year
        stated = world.about(self.payer, year, "wages")
        total = sum((Fraction(one.args["m"][1:]) for one in stated), Fraction(0)) or self.capped(year)
        return self.agricultural_cash() | {
            "wages": _most(self.wages(one, domestic=False) for one in self.years()),
            "agricultural_wages": _most(self.wages(one, agricultural=True) for one in self.years()),
            "most_weeks": max(self.weeks(one, "", 1) for one in self.years()),
            "employer_stated": world.during(self.payer, year, "employer"),
            "total_wages": str(total),
        }

    def capped(self, year: int) -> Fraction:
        """All wages of a year, of each employee the first $7,000; section 3306(b)(1)."""
        sums: dict[str, Fraction] = {}
        for one in self.wages(year):
            sums[one.payee] = sums.get(one.payee, Fraction(0)) + one.amount
        return sum((min(Fraction(_CAP), amount) for amount in sums.values()), Fraction(0))


def _most(groups: Iterable[list[Service]]) -> str:
    return str(max(sum((one.amount for one in group), Fraction(0)) for group in groups))


def _worked(atom: Atom) -> list[Span]:
    return [span for kind, span in atom.times if kind == "span" or span[0] == span[1]]


def _within(span: Span, year: int) -> set[date]:
    first, last = max(span[0], year_span(year)[0]), min(span[1], year_span(year)[1])
    return {first + timedelta(number) for number in range((last - first).days + 1)}


def _together(one: Atom, other: Atom) -> bool:
    """Whether two atoms hold at one time; one without a time holds ever."""
    return (
        not one.times
        or not other.times
        or any(a[0] <= b[1] and b[0] <= a[1] for _, a in one.times for _, b in other.times)
    )
