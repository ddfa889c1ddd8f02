"""Stories over ten graphs, told in the benchmark's sentences, with answers computed from the model behind them."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from pathlib import Path
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
    "nde": "mediation arrowhead",
    "nie": "chain diamond mediation frontdoor arrowhead",
    "exp_away": "collision",
    "collider_bias": "collision",
    "backadj": "chain confounding diamond diamondcut fork frontdoor IV mediation arrowhead collision",
    "det-counterfactual": "chain confounding diamond diamondcut fork frontdoor IV mediation arrowhead",
}


# What is put in the place of a story's cause or effect, as nobody would expect.
ODD_CAUSES = ["tattoo", "whistle", "peru", "comet"]
ODD_EFFECTS = ["nose", "hands", "sparrows", "mole", "cats", "beard"]
TIE = 0.005


class Told(NamedTuple):
    """How a story speaks of a variable.

    Its name, and its values as things, as groups of people, as a second condition, as clauses, and as what had been.
    """

    name: str
    thing: tuple[str, str]
    group: tuple[str, str]
    partial: tuple[str, str]
    clause: tuple[str, str]
    had: tuple[str, str]


Stories = tuple[dict[str, Told], dict[str, list[str]]]


def plain(name: str) -> Told:
    """A variable with an invented name."""
    group = (f"those who are not {name}", f"those who are {name}")
    clause = (f"an individual is not {name}", f"an individual is {name}")
    had = (f"the individual was not {name}", f"the individual was {name}")
    return Told(name, (f"not {name}", name), group, (f"are not {name}", f"are {name}"), clause, had)


def read_stories(file: str, order: tuple[int, ...]) -> Stories:
    """How each variable is told of, by the lines of a file in the order of `Told`, and the stories of each graph."""
    told: dict[str, list[str]] = {}
    stories: dict[str, list[str]] = {}
    into = told
    for line in (Path(__file__).parent / file).read_text(encoding="utf-8").splitlines():
        if line.startswith("@"):
            into, key = stories, line[1:]
            into[key] = []
        elif line.startswith("    "):
            into[key].append(line.strip())
        elif line and not line.startswith("#"):
            key, _, name = line.partition(": ")
            into[key] = [name]
    pairs = {key: [tuple(one.split(" | ")) for one in parts[1:]] for key, parts in told.items()}
    return {key: Told(told[key][0], *((of[at][0], of[at][1]) for at in order)) for key, of in pairs.items()}, stories


FAMILIAR = read_stories("stories.txt", (0, 1, 1, 2, 3))
# Where a variable is no story's treatment, what had been is the last line in its place.
INVENTED = read_stories("invented.txt", (0, 1, 2, 3, -1))
# Written after the grammar was done, and only to measure it.
UNSEEN = read_stories("unseen.txt", (0, 1, 2, 3, -1))
NONSENSE = [
    "xevo",
    "xevu",
    "tijv",
    "tijw",
    "zuph",
    "zupj",
    "kwox",
    "kwoz",
    "gyzp",
    "rixq",
    "unpq",
    "nonz",
    "yupt",
    "muvq",
]

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
            (name, values): rng.uniform(0.04, 0.96)
            for name in names
            for values in product((0, 1), repeat=len(self.parents[name]))
        }

    def p(
        self, of: Mapping[str, int], given: Mapping[str, int] | None = None, do: Mapping[str, int] | None = None
    ) -> float:
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
        """P(Y=1) had X been x and the mediators as under the other value; a V2 that has no cause may confound these."""
        hidden = ["V2"] if "V2" not in mediators and not self.parents.get("V2", ["none"]) else []
        return sum(
            self.p({"Y": 1}, settings, {"X": x}) * self.p(settings, None, {"X": other})
            if not hidden
            else sum(
                self.p({"Y": 1}, {**settings, **z}, {"X": x}) * self.p(settings, z, {"X": other}) * self.p(z)
                for z in ({"V2": 0}, {"V2": 1})
            )
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
        lines = [
            f"{names[a][0].upper()}{names[a][1:]} has a direct effect on {' and '.join(of)}."
            for a, of in effects.items()
        ]
        if self.graph in HIDDEN:
            hidden = names[HIDDEN[self.graph]]
            lines.append(f"{hidden[0].upper()}{hidden[1:]} is unobserved.")
        intro = "Imagine a self-contained, hypothetical world with only the following conditions, "
        intro += "and without any unmentioned factors or causal relationships:"
        return " ".join([intro, *lines])

    def conditional(self, of: str, *given: str) -> str:
        lines = []
        for values in product((0, 1), repeat=len(given)):
            setting = dict(zip(given, values, strict=True))
            first, *rest = (
                self.told[name].partial[value] if at else self.told[name].group[value]
                for at, (name, value) in enumerate(setting.items())
            )
            groups = " and ".join([first, *rest])
            lines.append(
                f"For {groups}, the probability of {self.told[of].thing[1]} is {self.model.p({of: 1}, setting):.0%}."
            )
        return " ".join(lines)

    def overall(self, of: str) -> str:
        return f"The overall probability of {self.told[of].thing[1]} is {self.model.p({of: 1}):.0%}."

    def ask(self, kind: str) -> Question:
        given, question, answer = getattr(self, f"_{kind.replace('-', '_')}")()
        return {
            "background": self.background(),
            "given_info": given,
            "question": question,
            "answer": answer,
            "kind": kind,
        }

    def _up(self, words: tuple[str, str], value: float) -> tuple[str, str]:
        """Which of two words the question asks with, and the answer; no for both where the value is next to none."""
        up = self.rng.random() < 0.5
        return words[not up], "yes" if abs(value) >= TIE and (value > 0) == up else "no"

    def _marginal(self) -> tuple[str, str, str]:
        word, answer = self._up(("more", "less"), self.model.p({"Y": 1}) - 0.5)
        y = self.told["Y"].thing
        return (
            f"{self.overall('X')} {self.conditional('Y', 'X')}",
            f"Is {y[1]} {word} likely than {y[0]} overall?",
            answer,
        )

    def _correlation(self) -> tuple[str, str, str]:
        value = self.model.p({"Y": 1}, {"X": 1}) - self.model.p({"Y": 1}, {"X": 0})
        word, answer = self._up(("larger", "smaller"), value)
        x, y = self.told["X"].thing, self.told["Y"].thing
        joint = " ".join(
            f"The probability of {x[v]} and {y[1]} is {self.model.p({'X': v, 'Y': 1}):.0%}." for v in (0, 1)
        )
        return f"{self.overall('X')} {joint}", f"Is the chance of {y[1]} {word} when observing {x[1]}?", answer

    def _adjusted(self, *, treated: bool = False) -> str:
        if self.graph == "diamondcut" and treated:
            return f"{self.conditional('Y', 'X', 'V3')} {self.conditional('V3', 'X')}"
        if self.graph in {"confounding", "diamondcut"}:
            return f"{self.conditional('Y', 'V1', 'X')} {self.overall('V1')}"
        if self.graph == "frontdoor":
            weights = "" if treated else self.overall("X")
            return f"{self.conditional('V3', 'X')} {self.conditional('Y', 'X', 'V3')} {weights}".strip()
        if self.graph == "IV":
            return f"{self.conditional('Y', 'V2')} {self.conditional('X', 'V2')}"
        return self.conditional("Y", "X")

    def _ate(self) -> tuple[str, str, str]:
        value = self.model.p({"Y": 1}, None, {"X": 1}) - self.model.p({"Y": 1}, None, {"X": 0})
        if self.graph == "IV":
            upper = self.model.p({"Y": 1}, {"V2": 1}) - self.model.p({"Y": 1}, {"V2": 0})
            value = upper / (self.model.p({"X": 1}, {"V2": 1}) - self.model.p({"X": 1}, {"V2": 0}))
        level = self.rng.randrange(2)
        word, answer = self._up(("increase", "decrease"), value if level else -value)
        return (
            self._adjusted(),
            f"Will {self.told['X'].thing[level]} {word} the chance of {self.told['Y'].thing[1]}?",
            answer,
        )

    def _ett(self) -> tuple[str, str, str]:
        level = self.rng.randrange(2)
        names = {"confounding": ["V1"], "diamondcut": ["V1"], "frontdoor": ["V1"]}.get(self.graph, [])
        of = [dict(zip(names, values, strict=True)) for values in product((0, 1), repeat=len(names))]
        value = sum(
            (self.model.p(z, {"X": level}) if z else 1.0)
            * (self.model.p({"Y": 1}, z, {"X": 1 - level}) - self.model.p({"Y": 1}, z, {"X": level}))
            for z in of
        )
        word, answer = self._up(("more", "less"), value)
        x, y = self.told["X"], self.told["Y"]
        return (
            self._adjusted(treated=True),
            f"For {x.group[level]}, would it be {word} likely to see {y.thing[1]} if {x.had[1 - level]}?",
            answer,
        )

    def _mediated(self) -> tuple[str, list[str]]:
        middle = {"diamond": ["V2", "V3"], "frontdoor": ["V3"], "arrowhead": ["V3"]}.get(self.graph, ["V2"])
        if self.graph == "mediation":
            return f"{self.conditional('Y', 'X', 'V2')} {self.conditional('V2', 'X')}", middle
        if self.graph == "arrowhead":
            weights = f"{self.conditional('V3', 'X', 'V2')} {self.overall('V2')}"
            return f"{self.conditional('Y', 'X', 'V3')} {weights}", middle
        return self._adjusted(), middle

    def _nde(self) -> tuple[str, str, str]:
        given, middle = self._mediated()
        word, answer = self._up(
            ("positively", "negatively"), self.model.nested(1, 0, middle) - self.model.nested(0, 0, middle)
        )
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
        x, y = self.told["X"].thing[self.rng.randrange(2)], self.told["Y"].thing[1]
        c = self.told["V3"].group[1]
        verb, answer = self.rng.choice([("affects", "no"), ("does not affect", "yes")])
        return (
            f"For {c}, the correlation between {x} and {y} is -0.13.",
            f"If we look at {c}, does it mean that {x} {verb} {y}?",
            answer,
        )

    def _backadj(self) -> tuple[str, str, str]:
        by = {
            "confounding": "V1",
            "diamondcut": "V3",
            "frontdoor": "V1",
            "IV": "V1",
            "arrowhead": "V3",
            "collision": "V3",
            "diamond": "V3",
        }.get(self.graph, "V2")
        x, y, z = self.told["X"].name, self.told["Y"].name, self.told[by].name
        adjust = self.graph in {"confounding", "diamondcut", "frontdoor", "IV"}
        if self.rng.random() < 0.5:
            direct, case = f"We look directly at how {x} correlates with {y} in general.", "this correlation"
            given = f"Method 1: {direct} Method 2: We look at {case} case by case according to {z}."
            first = not adjust
        else:
            case = f"how {x} correlates with {y} case by case according to {z}."
            given = f"Method 1: We look at {case} Method 2: We look directly at how {x} correlates with {y} in general."
            first = adjust
        one, two = self.rng.choice([(1, 2), (2, 1)])
        answer = "yes" if first == (one == 1) else "no"
        return (
            given,
            f"To understand how {x} affects {y}, is it more correct to use the Method {one} than Method {two}?",
            answer,
        )

    def _det_counterfactual(self) -> tuple[str, str, str]:
        rules = {
            name: (self.rng.choice(("and", "or")), parents) for name, parents in self.model.parents.items() if parents
        }
        free = [name for name in self.model.order if name not in rules]
        start = {name: self.rng.randrange(2) for name in free}
        level, asked = self.rng.randrange(2), self.rng.randrange(2)
        # Of the rules with one cause, some bring about that something is not so.
        result = {name: int(len(parents) > 1 or self.rng.random() < 0.5) for name, (_, parents) in rules.items()}
        world: dict[str, int] = {}
        for name in self.model.order:
            joined, parents = rules.get(name, ("and", []))
            met = (all if joined == "and" else any)(world[parent] for parent in parents)
            value = (result[name] if met else 1 - result[name]) if parents else start[name]
            world[name] = level if name == "X" else value
        causes = self._causes({name: (joined, parents, result[name]) for name, (joined, parents) in rules.items()})
        text = (
            f"We know that {causes[0]}"
            + "".join(f"{self.rng.choice(['.', ', and we know that'])} {one}" for one in causes[1:])
            + "."
        )
        seen = [self.told[name].clause[start[name]] for name in free if name != "X"]
        observed = f" We observed {' and '.join(seen)}." if seen else ""
        x, y = self.told["X"].thing, self.told["Y"].clause
        question = f"Would {y[asked]} if {x[level]} instead of {x[1 - level]}?"
        return text + observed, question, "yes" if world["Y"] == asked else "no"

    def _causes(self, rules: Mapping[str, tuple[str, list[str], int]]) -> list[str]:
        """The rules in words, those with the same cause as one."""
        found: dict[str, list[str]] = {}
        for name, (joined, parents, result) in rules.items():
            cause = f" {joined} ".join(self.told[parent].thing[1] for parent in parents)
            found.setdefault(cause, []).append(self.told[name].thing[result])
        return [f"{cause} causes {' and '.join(effects)}" for cause, effects in found.items()]


def tell(graph: str, story: str, seed: int, told_of: Mapping[str, Told] = FAMILIAR[0], odd: str = "") -> Asker:
    """A story of a graph; the empty one has invented names; with an odd cause or effect in its place."""
    rng = random.Random(seed)
    if story:
        words = story.split()
        told = {role: told_of[key] for role, key in zip(words[::2], words[1::2], strict=True)}
        if odd:
            told["X" if odd in ODD_CAUSES else "Y"] = told_of[odd]
    else:
        roles = sorted({name for edge in EDGES[graph].split(", ") for name in edge.split()})
        told = {role: plain(name) for role, name in zip(roles, rng.sample(NONSENSE, len(roles)), strict=True)}
    return Asker(graph, told, rng)


def cases(seeds: Sequence[int]) -> list[Question]:
    """Questions of all kinds about all stories of all graphs."""
    found = []
    for kind, graphs in CASES.items():
        for graph in graphs.split():
            for story in [*FAMILIAR[1][graph], ""]:
                found += [{**tell(graph, story, seed).ask(kind), "graph": graph, "story": story} for seed in seeds]
    return found


def invented(seeds: Sequence[int], told: Stories = INVENTED) -> list[Question]:
    """Questions of all kinds about all invented stories, one in three with an odd cause or effect."""
    stories, told_of = told[1], {**INVENTED[0], **told[0]}
    found = []
    for kind, graphs in CASES.items():
        for graph in graphs.split():
            for at, story in enumerate([*stories[graph], ""]):
                for seed in seeds:
                    odd = random.Random(f"{kind} {graph} {at} {seed}").choice([*ODD_CAUSES, *ODD_EFFECTS, *[""] * 20])
                    asker = tell(graph, story, seed, told_of, odd)
                    found.append({**asker.ask(kind), "graph": graph, "story": f"{story} {odd}"})
    return found


@pytest.fixture(scope="session")
def invented_cases() -> Callable[[Sequence[int]], list[Question]]:
    """Questions about stories whose words nothing was developed on, answered by the models behind them."""
    return invented


@pytest.fixture(scope="session")
def unseen_cases() -> Callable[[Sequence[int]], list[Question]]:
    """Questions about stories that were written after the grammar was done."""
    return lambda seeds: invented(seeds, UNSEEN)


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
