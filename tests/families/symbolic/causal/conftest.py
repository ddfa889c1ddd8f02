"""Stories over ten graphs, told in the benchmark's sentences, with answers computed from the model behind them."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

import pytest

EDGES = {
    "chain": "X V2, V2 Y",
    "collision": "X V3, Y V3",
    "confounding": "V1 X, V1 Y, X Y",
    "diamond": "X V3, X V2, V2 Y, V3 Y",
    "diamondcut": "V1 V3, V1 X, X Y, V3 Y",
    "fork": "X Y, V2 Y",
    "frontdoor": "V1 X, X V3, V1 Y, V3 Y",
    "IV": "V1 X, V2 X, V1 Y, X Y",
    "mediation": "X V2, X Y, V2 Y",
    "arrowhead": "X V3, V2 V3, X Y, V2 Y, V3 Y",
}
HIDDEN = {"frontdoor": "V1", "IV": "V1", "arrowhead": "V2"}
CASES = {
    "marginal": "chain confounding diamond diamondcut fork frontdoor IV mediation arrowhead",
    "correlation": "chain confounding diamond diamondcut fork frontdoor IV mediation arrowhead",
    "ate": "chain confounding diamond diamondcut fork frontdoor IV mediation arrowhead",
    "ett": "chain confounding diamond diamondcut fork frontdoor mediation arrowhead",
    "nde": "mediation",
    "nie": "chain diamond mediation frontdoor",
    "exp_away": "collision",
    "collider_bias": "collision",
    "backadj": "chain confounding diamond diamondcut fork frontdoor IV mediation arrowhead collision",
    "det-counterfactual": "chain confounding diamond diamondcut fork frontdoor IV mediation arrowhead",
}


class Told(NamedTuple):
    """How a story speaks of a variable: its name, its values as things, as groups of people, and as clauses."""

    name: str
    thing: tuple[str, str]
    group: tuple[str, str]
    clause: tuple[str, str]
    had: tuple[str, str]


def plain(name: str) -> Told:
    """A variable with an invented name."""
    group = (f"those who are not {name}", f"those who are {name}")
    clause = (f"an individual is not {name}", f"an individual is {name}")
    had = (f"the individual was not {name}", f"the individual was {name}")
    return Told(name, (f"not {name}", name), group, clause, had)


TOLD = {
    "smoking": Told("smoking", ("nonsmoking", "smoking"), ("nonsmokers", "smokers"), ("the person does not smoke", "the person smokes"), ("the person had been a nonsmoker", "the person had been a smoker")),
    "tar": Told("tar deposit", ("no tar deposit", "high tar deposit"), ("with no tar deposit", "with high tar deposit"), ("the person has no tar deposit", "the person has high tar deposit"), ("the person had no tar deposit", "the person had high tar deposit")),
    "cancer": Told("lung cancer", ("absence of lung cancer", "lung cancer"), ("people without lung cancer", "people with lung cancer"), ("the person does not have lung cancer", "the person has lung cancer"), ("the person had no lung cancer", "the person had lung cancer")),
    "gender": Told("gender", ("female gender", "male gender"), ("individuals who are not male", "individuals who are male"), ("the individual is female", "the individual is male"), ("the individual had not been male", "the individual had been male")),
    "job": Told("occupation", ("blue-collar job", "white-collar job"), ("blue-collar workers", "white-collar workers"), ("the individual has a blue-collar job", "the individual has a white-collar job"), ("the individual had a blue-collar job", "the individual had a white-collar job")),
    "salary": Told("salary", ("low salary", "high salary"), ("people with a low salary", "people with a high salary"), ("the employee has a low salary", "the employee has a high salary"), ("the salary had been low", "the salary had been high")),
    "skill": Told("skill", ("low skill level", "high skill level"), ("with low skill levels", "with high skill levels"), ("the person's skill is low", "the person's skill is high"), ("the skill had been low", "the skill had been high")),
    "citrus": Told("eating citrus", ("absence of citrus", "citrus intake"), ("people who do not eat citrus", "people who eat citrus"), ("the person does not eat citrus", "the person eats citrus"), ("the person had not eaten citrus", "the person had eaten citrus")),
    "vitamin": Told("vitamin C", ("insufficient vitamin C", "sufficient vitamin C"), ("people with insufficient vitamin C", "people with sufficient vitamin C"), ("the person has insufficient vitamin C", "the person has sufficient vitamin C"), ("vitamin C had been insufficient", "vitamin C had been sufficient")),
    "husband": Told("husband", ("alarm not set by husband", "alarm set by husband"), ("husbands that don't set the alarm", "husbands that set the alarm"), ("the husband doesn't set the alarm", "the husband sets the alarm"), ("the husband had not set the alarm", "the husband had set the alarm")),
    "wife": Told("wife", ("alarm not set by wife", "alarm set by wife"), ("wives that don't set the alarm", "wives that set the alarm"), ("the wife doesn't set the alarm", "the wife sets the alarm"), ("the wife had not set the alarm", "the wife had set the alarm")),
    "alarm": Told("alarm clock", ("silent alarm", "ringing alarm"), ("people with a silent alarm", "people with a ringing alarm"), ("the alarm does not ring", "the alarm rings"), ("the alarm had been silent", "the alarm had rung")),
    "ceo": Told("CEO", ("CEO's decision to retain the employee", "CEO's decision to fire the employee"), ("CEOs who retain employees", "CEOs who fire employees"), ("the CEO decides to retain the employee", "the CEO decides to fire the employee"), ("the CEO had decided to retain the employee", "the CEO had decided to fire the employee")),
    "manager": Told("manager", ("manager not signing the termination letter", "manager signing the termination letter"), ("managers who don't sign termination letters", "managers who sign termination letters"), ("the manager doesn't sign the termination letter", "the manager signs the termination letter"), ("the manager had not signed the termination letter", "the manager had signed the termination letter")),
    "director": Told("director", ("director not signing the termination letter", "director signing the termination letter"), ("directors who don't sign termination letters", "directors who sign termination letters"), ("the director doesn't sign the termination letter", "the director signs the termination letter"), ("the director had not signed the termination letter", "the director had signed the termination letter")),
    "employee": Told("employee", ("employee not being fired", "employee being fired"), ("employees who are not fired", "employees who are fired"), ("the employee is not fired", "the employee is fired"), ("the employee had not been fired", "the employee had been fired")),
    "captain": Told("the captain", ("the captain releasing prisoners", "the captain executing prisoners"), ("captains who release prisoners", "captains who execute prisoners"), ("the captain releases the prisoner", "the captain executes the prisoner"), ("the captain had released the prisoner", "the captain had executed the prisoner")),
    "private": Told("the private", ("the private not shooting", "the private shooting"), ("privates who do not shoot", "privates who shoot"), ("the private does not shoot", "the private shoots"), ("the private had not shot", "the private had shot")),
    "corporal": Told("the corporal", ("the corporal not shooting", "the corporal shooting"), ("corporals who do not shoot", "corporals who shoot"), ("the corporal does not shoot", "the corporal shoots"), ("the corporal had not shot", "the corporal had shot")),
    "prisoner": Told("prisoner", ("the prisoner being alive", "the prisoner's death"), ("prisoners who are alive", "prisoners who are dead"), ("the prisoner is alive", "the prisoner is dead"), ("the prisoner had been alive", "the prisoner had been dead")),
    "confounders": Told("unobserved confounders", ("confounder inactive", "confounder active"), ("people with inactive confounders", "people with active confounders"), ("confounder inactive", "confounder active"), ("the confounder had been inactive", "the confounder had been active")),
    "near": Told("proximity to a college", ("far from any college", "close to a college"), ("people living far from any college", "people living close to a college"), ("the person lives far from any college", "the person lives close to a college"), ("the person had lived far from any college", "the person had lived close to a college")),
    "degree": Told("education level", ("high school degree or lower", "college degree or higher"), ("people without a college degree", "people with a college degree or higher"), ("the person does not have a college degree", "the person has a college degree or higher"), ("the person had not had a college degree", "the person had had a college degree or higher")),
    "man": Told("the man in the room", ("not blowing out the candle", "blowing out the candle"), ("people not blowing out candles", "people who blow out candles"), ("the man does not blow out the candle", "the man blows out the candle"), ("the man had not blown out the candle", "the man had blown out the candle")),
    "candle": Told("the candle", ("candle with wax", "candle that is out of wax"), ("candles with wax", "candles out of wax"), ("the candle has wax", "the candle is out of wax"), ("the candle had wax", "the candle had been out of wax")),
    "room": Told("room", ("bright room", "dark room"), ("people in a bright room", "people in a dark room"), ("the room is bright", "the room is dark"), ("the room had been bright", "the room had been dark")),
    "season": Told("season", ("dry season", "rainy season"), ("people in the dry season", "in the rainy season"), ("it is the dry season", "it is the rainy season"), ("the season had been dry", "the season had been rainy")),
    "sprinkler": Told("sprinkler", ("sprinkler off", "sprinkler on"), ("people with the sprinkler off", "people with the sprinkler on"), ("the sprinkler is off", "the sprinkler is on"), ("the sprinkler had been off", "the sprinkler had been on")),
    "weather": Told("weather", ("no rain", "rain"), ("days without rain", "days with rain"), ("it does not rain", "it rains"), ("it had not rained", "it had rained")),
    "ground": Told("ground", ("dry ground", "wet ground"), ("people with dry ground", "people with wet ground"), ("the ground is dry", "the ground is wet"), ("the ground had been dry", "the ground had been wet")),
    "water": Told("water quality", ("clean water", "polluted water"), ("people with clean water", "people with polluted water"), ("the water is clean", "the water is polluted"), ("the water had been clean", "the water had been polluted")),
    "company": Told("water company", ("global water company", "local water company"), ("people served by a global water company", "people served by a local water company"), ("the person is served by a global water company", "the person is served by a local water company"), ("the person had been served by a global water company", "the person had been served by a local water company")),
    "poverty": Told("poverty", ("being rich", "being poor"), ("rich people", "poor people"), ("the person is rich", "the person is poor"), ("the person had been rich", "the person had been poor")),
    "cholera": Told("cholera", ("absence of cholera", "cholera contraction"), ("people without cholera", "people with cholera"), ("the person does not contract cholera", "the person contracts cholera"), ("the person had no cholera", "the person had cholera")),
    "vaccine": Told("vaccination status", ("refusing the vaccine", "getting the vaccine"), ("unvaccinated individuals", "vaccinated individuals"), ("the individual is not vaccinated", "the individual is vaccinated"), ("the individual had been unvaccinated", "the individual had been vaccinated")),
    "reaction": Told("vaccination reaction", ("no vaccination reaction", "vaccination reaction"), ("individuals without a vaccination reaction", "individuals with a vaccination reaction"), ("the individual has no vaccination reaction", "the individual has a vaccination reaction"), ("there had been no vaccination reaction", "there had been a vaccination reaction")),
    "smallpox": Told("getting smallpox", ("not getting smallpox", "getting smallpox"), ("individuals who do not get smallpox", "individuals who get smallpox"), ("the individual does not get smallpox", "the individual gets smallpox"), ("the individual had not got smallpox", "the individual had got smallpox")),
    "survival": Told("smallpox survival", ("dying from smallpox", "smallpox survival"), ("individuals who die from smallpox", "individuals who survive smallpox"), ("the individual does not survive", "the individual survives"), ("the individual had died", "the individual had survived")),
    "decision": Told("my decision", ("taking the walkway", "taking the shortcut through the penguins"), ("people who go along the walkway", "people who go through the penguins"), ("I take the walkway", "I take the shortcut through the penguins"), ("I had taken the walkway", "I had taken the shortcut")),
    "mood": Told("penguin mood", ("penguin happiness", "penguin sadness"), ("penguins that are happy", "penguins that are sad"), ("the penguin is happy", "the penguin is sad"), ("the penguin had been happy", "the penguin had been sad")),
    "death": Told("penguin survival", ("penguin survival", "penguin death"), ("penguins that survive", "penguins that die"), ("the penguin survives", "the penguin dies"), ("the penguin had survived", "the penguin had died")),
    "looks": Told("appearance", ("unattractive appearance", "attractive appearance"), ("people who are unattractive", "people who are attractive"), ("the person is unattractive", "the person is attractive"), ("the person had been unattractive", "the person had been attractive")),
    "talent": Told("talent", ("lack of talent", "talent"), ("people without talent", "people with talent"), ("the person has no talent", "the person is talented"), ("the person had no talent", "the person had talent")),
    "fame": Told("fame", ("lack of fame", "fame"), ("people who are not famous", "people who are famous"), ("the person is not famous", "the person is famous"), ("the person had not been famous", "the person had been famous")),
    "alice": Told("Alice waking up", ("waking up on time", "waking up late"), ("days when Alice wakes up on time", "days when Alice wakes up late"), ("Alice wakes up on time", "Alice wakes up late"), ("Alice had gotten up on time", "Alice had gotten up late")),
    "traffic": Told("traffic", ("light traffic", "heavy traffic"), ("days with light traffic", "days with heavy traffic"), ("traffic is light", "traffic is heavy"), ("traffic had been light", "traffic had been heavy")),
    "arrival": Told("arriving to school", ("arriving to school on time", "arriving to school late"), ("days on which Alice is on time", "days on which Alice arrives late"), ("Alice arrives to school on time", "Alice arrives to school late"), ("Alice had arrived on time", "Alice had arrived late")),
    "price": Told("price", ("reduced price", "increased price"), ("times of reduced price", "times of increased price"), ("the price is reduced", "the price is increased"), ("the price had been reduced", "the price had been increased")),
    "supply": Told("supply", ("reduced supply", "increased supply"), ("farms with reduced supply", "farms with increased supply"), ("the supply is reduced", "the supply is increased"), ("the supply had been reduced", "the supply had been increased")),
    "demand": Told("demand", ("reduced demand", "increased demand"), ("times of reduced demand", "times of increased demand"), ("the demand is reduced", "the demand is increased"), ("the demand had been reduced", "the demand had been increased")),
    "yield": Told("yield per acre", ("reduced yield per acre", "increased yield per acre"), ("farms with reduced yield per acre", "farms with increased yield per acre"), ("the farm has a reduced yield per acre", "the farm has an increased yield per acre"), ("the yield had been reduced", "the yield had been increased")),
    "brother": Told("having a brother", ("not having a brother", "having a brother"), ("people who do not have a brother", "people who have a brother"), ("the person does not have a brother", "the person has a brother"), ("the person did not have a brother", "the person had a brother")),
    "jazz": Told("listening to jazz", ("not listening to jazz", "listening to jazz"), ("people who do not listen to jazz", "people who listen to jazz"), ("the person does not listen to jazz", "the person listens to jazz"), ("the person had not listened to jazz", "the person had listened to jazz")),
    "swim": Told("ability to swim", ("inability to swim", "ability to swim"), ("students who cannot swim", "students who can swim"), ("the student cannot swim", "the student can swim"), ("the student had not been able to swim", "the student had been able to swim")),
    "exam": Told("exam score", ("low exam score", "high exam score"), ("students with a low exam score", "students with a high exam score"), ("the student has a low exam score", "the student has a high exam score"), ("the exam score had been low", "the exam score had been high")),
    "habit": Told("studying habit", ("not studying hard", "studying hard"), ("students who do not study hard", "students who study hard"), ("the student does not study hard", "the student studies hard"), ("the student had not studied hard", "the student had studied hard")),
    "allergy": Told("peanut allergy", ("not being allergic to peanuts", "being allergic to peanuts"), ("people who are not allergic to peanuts", "people who are allergic to peanuts"), ("the person is not allergic to peanuts", "the person is allergic to peanuts"), ("the person had not been allergic to peanuts", "the person had been allergic to peanuts")),
    "stone": Told("kidney stone size", ("small kidney stone", "large kidney stone"), ("patients with small kidney stones", "patients with large kidney stones"), ("the patient has a small kidney stone", "the patient has a large kidney stone"), ("the stone had been small", "the stone had been large")),
    "treatment": Told("treatment", ("receives no treatment", "receives treatment"), ("patients not receiving treatment", "patients receiving treatment"), ("the patient receives no treatment", "the patient receives treatment"), ("the patient had received no treatment", "the patient had received treatment")),
    "recovery": Told("recovery", ("no recovery", "recovery"), ("patients who do not recover", "patients who recover"), ("the patient does not recover", "the patient recovers"), ("the patient had not recovered", "the patient had recovered")),
    "age": Told("age", ("young age", "old age"), ("patients who are young", "patients who are old"), ("the patient is young", "the patient is old"), ("the patient had been young", "the patient had been old")),
    "bill": Told("hospital costs", ("low hospital bill", "high hospital bill"), ("people with a low hospital bill", "people with a high hospital bill"), ("the patient pays a low hospital bill", "the patient pays a high hospital bill"), ("the hospital bill had been low", "the hospital bill had been high")),
}  # fmt: skip
STORIES = {
    "chain": ["X smoking V2 tar Y cancer", "X citrus V2 vitamin Y allergy", "X degree V2 skill Y salary", "X jazz V2 tar Y cancer"],
    "collision": ["X looks Y talent V3 fame", "X brother Y talent V3 fame", "X jazz Y allergy V3 cancer"],
    "confounding": ["V1 gender X treatment Y recovery", "V1 age X bill Y recovery", "V1 stone X treatment Y recovery", "V1 gender X jazz Y allergy"],
    "diamond": ["X captain V3 private V2 corporal Y prisoner", "X season V3 sprinkler V2 weather Y ground", "X vaccine V3 reaction V2 smallpox Y survival", "X brother V3 private V2 corporal Y prisoner"],
    "diamondcut": ["V1 ceo V3 director X manager Y employee", "V1 ceo V3 manager X director Y employee", "V1 season V3 sprinkler X weather Y ground"],
    "fork": ["X man V2 candle Y room", "X alice V2 traffic Y arrival", "X brother V2 traffic Y arrival", "X jazz V2 candle Y room"],
    "frontdoor": ["V1 gender X smoking V3 tar Y cancer", "V1 gender X brother V3 tar Y cancer", "V1 poverty X company V3 water Y cholera"],
    "IV": ["V1 confounders V2 near X degree Y salary", "V1 demand V2 yield X supply Y price", "V1 poverty V2 company X water Y cholera"],
    "mediation": ["X husband V2 wife Y alarm", "X decision V2 mood Y death", "X swim V2 habit Y exam", "X gender V2 job Y salary", "X jazz V2 wife Y alarm"],
    "arrowhead": ["X gender V3 job V2 skill Y salary", "X jazz V3 job V2 skill Y salary", "X smoking V3 tar V2 poverty Y cancer"],
}  # fmt: skip
NONSENSE = ["xevo", "xevu", "tijv", "tijw", "zuph", "zupj", "kwox", "kwoz", "gyzp", "rixq", "unpq", "nonz", "yupt", "muvq"]

Question = dict[str, Any]


def edges_of(graph: str) -> list[tuple[str, ...]]:
    return [tuple(edge.split()) for edge in EDGES[graph].split(", ")]


def edges_text(graph: str) -> str:
    return ", ".join(" -> ".join(edge) for edge in edges_of(graph))


class Model:
    """A random model of binary variables on a graph, with every probability by enumeration."""

    def __init__(self, edges: Sequence[tuple[str, ...]], rng: random.Random) -> None:
        self.edges = list(edges)
        names = sorted({name for edge in self.edges for name in edge})
        self.parents = {name: [a for a, b in self.edges if b == name] for name in names}
        self.order: list[str] = []
        while len(self.order) < len(names):
            self.order.append(next(n for n in names if n not in self.order and set(self.parents[n]) <= set(self.order)))
        self.table = {
            (name, values): rng.uniform(0.04, 0.96) for name in names for values in product((0, 1), repeat=len(self.parents[name]))
        }

    def p(self, of: Mapping[str, int], given: Mapping[str, int] | None = None, do: Mapping[str, int] | None = None) -> float:
        known = dict(given or {})
        over = self._mass({**known, **of}, do or {})
        return over / self._mass(known, do or {})

    def _mass(self, wanted: Mapping[str, int], do: Mapping[str, int]) -> float:
        total = 0.0
        for values in product((0, 1), repeat=len(self.order)):
            world = dict(zip(self.order, values, strict=True))
            if all(world[name] == value for name, value in wanted.items()):
                total += self._weight(world, do)
        return total

    def _weight(self, world: Mapping[str, int], do: Mapping[str, int]) -> float:
        weight = 1.0
        for name in self.order:
            if name in do:
                weight *= world[name] == do[name]
            else:
                one = self.table[name, tuple(world[parent] for parent in self.parents[name])]
                weight *= one if world[name] else 1 - one
        return weight

    def nested(self, x: int, other: int, mediators: Sequence[str]) -> float:
        """P(Y=1) had X been x and the mediators as under the other value, without confounding of these."""
        return sum(
            self.p({"Y": 1}, settings, {"X": x}) * self.p(settings, None, {"X": other})
            for values in product((0, 1), repeat=len(mediators))
            for settings in [dict(zip(mediators, values, strict=True))]
        )


class Asker:
    """Tells a story about a model and asks a question of some kind."""

    def __init__(self, graph: str, told: Mapping[str, Told], rng: random.Random) -> None:
        self.graph, self.told, self.rng = graph, told, rng
        self.model = Model(edges_of(graph), rng)

    def background(self) -> str:
        names = {role: one.name for role, one in self.told.items()}
        effects: dict[str, list[str]] = {}
        for a, b in self.model.edges:
            effects.setdefault(a, []).append(names[b])
        lines = [f"{names[a][0].upper()}{names[a][1:]} has a direct effect on {' and '.join(of)}." for a, of in effects.items()]
        if self.graph in HIDDEN:
            hidden = names[HIDDEN[self.graph]]
            lines.append(f"{hidden[0].upper()}{hidden[1:]} is unobserved.")
        intro = "Imagine a self-contained, hypothetical world with only the following conditions, and without any unmentioned factors or causal relationships:"
        return " ".join([intro, *lines])

    def conditional(self, of: str, *given: str) -> str:
        lines = []
        for values in product((0, 1), repeat=len(given)):
            setting = dict(zip(given, values, strict=True))
            groups = " and ".join(self.told[name].group[value] for name, value in setting.items())
            lines.append(f"For {groups}, the probability of {self.told[of].thing[1]} is {self.model.p({of: 1}, setting):.0%}.")
        return " ".join(lines)

    def overall(self, of: str) -> str:
        return f"The overall probability of {self.told[of].thing[1]} is {self.model.p({of: 1}):.0%}."

    def ask(self, kind: str) -> Question:
        given, question, answer = getattr(self, f"_{kind.replace('-', '_')}")()
        return {"background": self.background(), "given_info": given, "question": question, "answer": answer, "kind": kind}

    def _up(self, words: tuple[str, str], value: float) -> tuple[str, str]:
        up = self.rng.random() < 0.5
        return words[not up], "yes" if (value > 0) == up else "no"

    def _marginal(self) -> tuple[str, str, str]:
        word, answer = self._up(("more", "less"), self.model.p({"Y": 1}) - 0.5)
        y = self.told["Y"].thing
        return f"{self.overall('X')} {self.conditional('Y', 'X')}", f"Is {y[1]} {word} likely than {y[0]} overall?", answer

    def _correlation(self) -> tuple[str, str, str]:
        value = self.model.p({"Y": 1}, {"X": 1}) - self.model.p({"Y": 1}, {"X": 0})
        word, answer = self._up(("larger", "smaller"), value)
        x, y = self.told["X"].thing, self.told["Y"].thing
        joint = " ".join(f"The probability of {x[v]} and {y[1]} is {self.model.p({'X': v, 'Y': 1}):.0%}." for v in (0, 1))
        return f"{self.overall('X')} {joint}", f"Is the chance of {y[1]} {word} when observing {x[1]}?", answer

    def _adjusted(self, *, treated: bool = False) -> str:
        if self.graph in {"confounding", "diamondcut"}:
            weights = f"{self.conditional('X', 'V1')} {self.overall('V1')}" if treated else self.overall("V1")
            return f"{self.conditional('Y', 'V1', 'X')} {weights}"
        if self.graph == "frontdoor":
            return f"{self.conditional('V3', 'X')} {self.conditional('Y', 'X', 'V3')} {self.overall('X')}"
        if self.graph == "IV":
            return f"{self.conditional('Y', 'V2')} {self.conditional('X', 'V2')}"
        return self.conditional("Y", "X")

    def _ate(self) -> tuple[str, str, str]:
        value = self.model.p({"Y": 1}, None, {"X": 1}) - self.model.p({"Y": 1}, None, {"X": 0})
        if self.graph == "IV":
            upper = self.model.p({"Y": 1}, {"V2": 1}) - self.model.p({"Y": 1}, {"V2": 0})
            value = upper / (self.model.p({"X": 1}, {"V2": 1}) - self.model.p({"X": 1}, {"V2": 0}))
        word, answer = self._up(("increase", "decrease"), value)
        return self._adjusted(), f"Will {self.told['X'].thing[1]} {word} the chance of {self.told['Y'].thing[1]}?", answer

    def _ett(self) -> tuple[str, str, str]:
        parts = [1.0]
        names = {"confounding": ["V1"], "diamondcut": ["V1"], "frontdoor": ["V1"]}.get(self.graph, [])
        of = [dict(zip(names, values, strict=True)) for values in product((0, 1), repeat=len(names))]
        parts = [self.model.p(z, {"X": 1}) if z else 1.0 for z in of]
        value = sum(part * (self.model.p({"Y": 1}, z, {"X": 0}) - self.model.p({"Y": 1}, z, {"X": 1})) for part, z in zip(parts, of, strict=True))
        word, answer = self._up(("more", "less"), value)
        x, y = self.told["X"], self.told["Y"]
        return self._adjusted(treated=True), f"For {x.group[1]}, would it be {word} likely to see {y.thing[1]} if {x.had[0]}?", answer

    def _mediated(self) -> tuple[str, list[str]]:
        middle = {"mediation": ["V2"], "chain": ["V2"], "diamond": ["V2", "V3"], "frontdoor": ["V3"]}[self.graph]
        if self.graph == "mediation":
            return f"{self.conditional('Y', 'X', 'V2')} {self.conditional('V2', 'X')}", middle
        return self._adjusted(), middle

    def _nde(self) -> tuple[str, str, str]:
        given, middle = self._mediated()
        word, answer = self._up(("positively", "negatively"), self.model.nested(1, 0, middle) - self.model.nested(0, 0, middle))
        names = " and ".join(self.told[name].name for name in middle)
        x, y = self.told["X"].name, self.told["Y"].name
        return given, f"If we disregard the mediation effect through {names}, would {x} {word} affect {y}?", answer

    def _nie(self) -> tuple[str, str, str]:
        given, middle = self._mediated()
        value = self.model.nested(0, 1, middle) - self.model.nested(0, 0, middle)
        if self.graph == "frontdoor":
            value = self.model.p({"Y": 1}, None, {"X": 1}) - self.model.p({"Y": 1}, None, {"X": 0})
        word, answer = self._up(("positively", "negatively"), value)
        names = " and ".join(self.told[name].name for name in middle)
        return given, f"Does {self.told['X'].name} {word} affect {self.told['Y'].name} through {names}?", answer

    def _exp_away(self) -> tuple[str, str, str]:
        value = self.model.p({"Y": 1}, {"X": 1, "V3": 1}) - self.model.p({"Y": 1}, {"X": 0, "V3": 1})
        word, answer = self._up(("increase", "decrease"), value)
        x, y, c = self.told["X"], self.told["Y"], self.told["V3"]
        question = f"If we look at {c.group[1]}, does the chance of {y.thing[1]} {word} when {x.thing[1]}?"
        return f"{self.overall('X')} {self.conditional('Y', 'X', 'V3')}", question, answer

    def _collider_bias(self) -> tuple[str, str, str]:
        x, y, c = self.told["X"].thing[1], self.told["Y"].thing[1], self.told["V3"].group[1]
        verb, answer = self.rng.choice([("affects", "no"), ("does not affect", "yes")])
        return f"For {c}, the correlation between {x} and {y} is -0.13.", f"If we look at {c}, does it mean that {x} {verb} {y}?", answer

    def _backadj(self) -> tuple[str, str, str]:
        by = {"confounding": "V1", "diamondcut": "V3", "frontdoor": "V1", "IV": "V1", "arrowhead": "V3", "collision": "V3", "diamond": "V3"}.get(self.graph, "V2")
        x, y, z = self.told["X"].name, self.told["Y"].name, self.told[by].name
        adjust = self.graph in {"confounding", "diamondcut", "frontdoor", "IV"}
        if self.rng.random() < 0.5:
            given = f"Method 1: We look directly at how {x} correlates with {y} in general. Method 2: We look at this correlation case by case according to {z}."
            first = not adjust
        else:
            given = f"Method 1: We look at how {x} correlates with {y} case by case according to {z}. Method 2: We look directly at how {x} correlates with {y} in general."
            first = adjust
        one, two = self.rng.choice([(1, 2), (2, 1)])
        answer = "yes" if first == (one == 1) else "no"
        return given, f"To understand how {x} affects {y}, is it more correct to use the Method {one} than Method {two}?", answer

    def _det_counterfactual(self) -> tuple[str, str, str]:
        rules = {name: (self.rng.choice(("and", "or")), parents) for name, parents in self.model.parents.items() if parents}
        free = [name for name in self.model.order if name not in rules]
        start = {name: self.rng.randrange(2) for name in free}
        level, asked = self.rng.randrange(2), self.rng.randrange(2)
        world: dict[str, int] = {}
        for name in self.model.order:
            joined, parents = rules.get(name, ("and", []))
            value = (all if joined == "and" else any)(world[parent] for parent in parents) if parents else start[name]
            world[name] = level if name == "X" else int(value)
        causes = [f"{f' {joined} '.join(self.told[p].thing[1] for p in parents)} causes {self.told[name].thing[1]}" for name, (joined, parents) in rules.items()]
        text = f"We know that {causes[0]}" + "".join(f"{self.rng.choice(['.', ', and we know that'])} {one}" for one in causes[1:]) + "."
        seen = [self.told[name].clause[start[name]] for name in free if name != "X"]
        observed = f" We observed {' and '.join(seen)}." if seen else ""
        x, y = self.told["X"].thing, self.told["Y"].clause
        question = f"Would {y[asked]} if {x[level]} instead of {x[1 - level]}?"
        return text + observed, question, "yes" if world["Y"] == asked else "no"


def tell(graph: str, story: str, seed: int) -> Asker:
    """A story of a graph; the empty one has invented names."""
    rng = random.Random(seed)
    if story:
        words = story.split()
        told = {role: TOLD[key] for role, key in zip(words[::2], words[1::2], strict=True)}
    else:
        roles = sorted({name for edge in EDGES[graph].split(", ") for name in edge.split()})
        told = {role: plain(name) for role, name in zip(roles, rng.sample(NONSENSE, len(roles)), strict=True)}
    return Asker(graph, told, rng)


def cases(seeds: Sequence[int]) -> list[Question]:
    """Questions of all kinds about all stories of all graphs."""
    found = []
    for kind, graphs in CASES.items():
        for graph in graphs.split():
            for story in [*STORIES[graph], ""]:
                found += [{**tell(graph, story, seed).ask(kind), "graph": graph, "story": story} for seed in seeds]
    return found


@pytest.fixture(scope="session")
def told_cases() -> Callable[[Sequence[int]], list[Question]]:
    """Questions with answers known from the models behind them."""
    return cases


@pytest.fixture(scope="session")
def told_model() -> Callable[[str, int], Model]:
    """A random model of one of the ten graphs."""
    return lambda graph, seed: Model(edges_of(graph), random.Random(seed))


@pytest.fixture(scope="session")
def any_model() -> Callable[[Sequence[tuple[str, ...]], int], Model]:
    """A random model of any graph."""
    return lambda edges, seed: Model(edges, random.Random(seed))


@pytest.fixture(scope="session")
def ten_graphs() -> dict[str, str]:
    """The ten graphs as text, with what they hide."""
    hidden = {name: f", {one} unobserved" for name, one in HIDDEN.items()}
    return {name: edges_text(name) + hidden.get(name, "") for name in EDGES}
