"""Tasks that are decided by a policy: what is it about, what does it state, what do the rules say, and the reply."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import msgspec

from proveout.families.modular._draft import Draft
from proveout.families.modular._labels import encoders_of
from proveout.families.modular._recipe import ANSWER, Part, Plan, Planned, Tried, check_column, model_step
from proveout.families.modular.graph import StepSpec
from proveout.families.modular.micro import (
    Case,
    Decision,
    Intent,
    Known,
    MicroRow,
    MicroRows,
    Reply,
    RulesModel,
    micro_rows,
)
from proveout.families.modular.micro._reply import OTHERWISE
from proveout.families.modular.micro._rows import known_label, stated_facts
from proveout.families.symbolic._case import CaseReader
from proveout.families.symbolic._decisions import check_labels, fits_decisions
from proveout.families.symbolic._sureness import Sureness, sureness
from proveout.families.symbolic.policy import load_policy, policy_to_json
from proveout.task import canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from proveout.data import SelectSplit, TrainSplit
    from proveout.families._protocol import BuildRun, Fit
    from proveout.families.symbolic.policy import Policy
    from proveout.task import Example, Task

__all__ = ["PolicyRecipe"]

Json = dict[str, Any]
INTENT, FACTS, RULES, REPLY = "intent", "facts", "rules", "reply"
# What a template may show besides the facts.
ABOUT, WHY = "about", "why"


class _Decides:
    """The last step: the decision as the task's output, and how sure it is by what it stands on."""

    def __init__(self, target: str, sure: Sureness) -> None:
        self._target, self._sure = target, sure
        self.version = f"decision {target} {sure.definite} {sure.weak}"

    def __call__(self, case: Case, decision: Decision, reply: Reply | None = None) -> Draft:
        """The answer; the reply, where there is one, is its note."""
        guess = {self._target: decision.guess} if decision.guess else None
        output = {self._target: decision.decision} if decision.decision else None
        sure = self._sure.of(weak=case.weak or not decision.decision) if guess else 0.0
        return Draft(
            output=output,
            guess=guess or output,
            confidence=sure,
            abstention="" if output else decision.abstention or "no decision",
            proof=decision.proof,
            note=decision.note if reply is None else reply.text,
        )


class _Replies:
    """The step that writes: the reply for a decision. Where nothing is decided, it asks what has to be confirmed."""

    def __init__(self, part: Part) -> None:
        self._model, self.version = part.model, part.id

    def __call__(self, decision: Decision, case: Case, intent: Intent | None = None) -> Reply:
        """The reply, with the facts of the case, what it is about and why it is decided so."""
        if not decision.decision:
            return Reply(text=decision.note)
        about = {} if intent is None else {ABOUT: intent.label}
        why = {WHY: decision.note or decision.decision}
        found: Reply = self._model(decision.decision, {**case.facts, **about, **why})
        return found


class PolicyRecipe:
    """``intent`` and ``facts`` read the text, ``rules`` decides, ``reply`` writes."""

    name = "policy"

    def fits(self, task: Task) -> Fit:
        """What the symbolic family decides by a policy."""
        return fits_decisions(task)

    def plan(self, task: Task, train: TrainSplit, select: SelectSplit, run: BuildRun) -> Plan:
        """Micro-models for what the task names: a policy, readers, an intent, replies.

        Raises:
            PolicyInvalid: it may decide what is no label of the task.
            TaskInvalid: no row has the column of intents.
        """
        check_column("intent", task.modular.intent, train)
        stated = load_policy(task.root / task.rules.policy)
        check_labels(task, stated)
        policy = policy_to_json(stated)
        rows = micro_rows(task, train, select, intent=task.modular.intent)
        readers = (task.root / task.rules.readers).read_text(encoding="utf-8") if task.rules.readers else ""
        reading = {"policy": policy, "readers": readers, "fields": tuple(task.input_fields), "day": task.rules.day}
        deciding = {"policy": policy, "recourse": task.rules.recourse}
        models = [
            Planned(step=FACTS, kind=FACTS, rows=_stated_rows(task, stated, train, select), parameters=reading),
            Planned(step=RULES, kind=RULES, rows=MicroRows(), parameters=deciding),
        ]
        if task.modular.intent:
            encoders = {"encoders": encoders_of(run)}
            models.append(Planned(step=INTENT, kind=INTENT, rows=rows, parameters=encoders))
        templates = _templates(task)
        if templates:
            parameters = {"templates": templates, "values": _shown(task)}
            models.append(
                Planned(step=REPLY, kind=REPLY, rows=MicroRows(), parameters=parameters, needs={"rules": RULES})
            )
        return Plan(models=tuple(models), settings=_settings(task, stated) | {"templates": _labels_of(templates)})

    def steps(self, settings: Json, parts: Mapping[str, Part]) -> Sequence[StepSpec]:
        """Facts, then rules; the intent and the reply where the task has them."""
        found = [model_step(FACTS, parts, inputs="input.inputs"), model_step(RULES, parts, case=FACTS)]
        takes, about = {"case": FACTS, "decision": RULES}, {}
        if INTENT in parts:
            found.append(model_step(INTENT, parts, text="input.text"))
            about = {"intent": INTENT}
        if REPLY in parts:
            found.append(StepSpec(name=REPLY, run=_Replies(parts[REPLY]), takes=takes | about))
            takes = takes | {"reply": REPLY}
        sure = msgspec.convert(settings["sureness"], Sureness)
        return [*found, StepSpec(name=ANSWER, run=_Decides(settings["target"], sure), takes=takes)]

    def calibrated(self, settings: Json, tried: Sequence[Tried]) -> Json:
        """How sure a decision is, counted apart for what stands on one reader alone."""
        judged = [
            (one.run.outputs[FACTS].weak, one.run.outputs[RULES].guess == _decided(settings, one.example))
            for one in tried
            if one.run.output.output
        ]
        return settings | {"sureness": msgspec.to_builtins(sureness(judged))}

    def gold(self, settings: Json, example: Example) -> Json:
        """Facts and intent stand in their columns, the decision is the expected output."""
        found: Json = {}
        stated = stated_facts(settings["facts"], example)
        if stated is not None:
            given = {name: example.inputs[name] for name in settings["given"] if example.inputs.get(name) is not None}
            case = {"facts": given | stated, "places": {}, "ambiguous": {}}
            day = example.inputs.get(settings["day"]) if settings["day"] else None
            found[FACTS] = case | ({"day": str(day)[:10]} if day else {})
        intent = known_label(settings["intent"], example, {})
        if intent:
            found[INTENT] = {"label": intent, "confidence": 1.0}
        decision = _decided(settings, example)
        if decision:
            # What a reply says is nobody's to state; which template is right, the decision states.
            template = decision if decision in settings["templates"] else OTHERWISE
            found[REPLY] = {"text": "", "template": template, "missing": []}
            found[RULES] = {"decision": decision, "abstention": "", "guess": decision, "note": ""}
        return found

    def judged(self, settings: Json) -> dict[str, tuple[str, ...]]:
        """What was read and decided, and not where it stood nor how sure it is."""
        del settings
        return {INTENT: ("label",), FACTS: ("facts",), RULES: ("guess",), REPLY: ("template",)}

    def checked_files(self, settings: Json, parts: Mapping[str, Part]) -> dict[str, bytes]:
        """The policy, and what its checker must know of the task."""
        rules = parts[RULES].model
        assert isinstance(rules, RulesModel)  # noqa: S101  what kind "rules" builds
        state = {name: settings[name] for name in ("fields", "target", "recourse", "day")}
        return {"decisions.json": canonical_json(state), "policy.json": canonical_json(policy_to_json(rules.policy))}


def _stated_rows(task: Task, policy: Policy, train: TrainSplit, select: SelectSplit) -> MicroRows:
    """Rows that state their facts, each with the text that its facts are read from and not with the whole input."""
    rows = micro_rows(task, train, select, facts=task.rules.facts)
    cases = CaseReader(policy, task.input_fields, (), day=task.rules.day)
    made = (
        tuple(
            MicroRow(text=cases.text(example.inputs), facts=row.facts)
            for row, example in zip(part, split.examples, strict=True)
        )
        for part, split in ((rows.train, train), (rows.select, select))
    )
    return MicroRows(train=next(made), select=next(made))


def _decided(settings: Json, example: Example) -> str:
    """The decision that a row states; "" where it states none."""
    decision = (example.expected or {}).get(settings["target"])
    return "" if decision is None else str(decision)


def _templates(task: Task) -> str:
    return (task.root / task.modular.replies).read_text(encoding="utf-8") if task.modular.replies else ""


def _labels_of(templates: str) -> list[str]:
    """Labels that have a template of their own; a text that is no TOML is refused where the reply is built."""
    try:
        return sorted(tomllib.loads(templates).get("replies", {}))
    except tomllib.TOMLDecodeError:
        return []


def _settings(task: Task, policy: Policy) -> Json:
    return {
        "target": task.target,
        "fields": task.input_fields,
        "recourse": task.rules.recourse,
        "day": task.rules.day,
        "facts": task.rules.facts,
        "given": sorted({fact.name for fact in policy.facts} & set(task.input_fields)),
        "intent": task.modular.intent,
        "sureness": msgspec.to_builtins(sureness(())),
    }


def _shown(task: Task) -> dict[str, Any]:
    """What templates may show besides the facts; nothing is known about a case where no intent is learned."""
    shown = {WHY: Known()} | ({ABOUT: Known()} if task.modular.intent else {})
    return {name: msgspec.to_builtins(known) for name, known in shown.items()}
