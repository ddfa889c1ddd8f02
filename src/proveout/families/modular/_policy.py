"""Tasks that are decided by a policy: what is it about, what does it state, what do the rules say, and the reply."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from proveout.families.modular._draft import Draft
from proveout.families.modular._labels import encoders_of
from proveout.families.modular._recipe import ANSWER, Part, Plan, Planned, Tried, model_step
from proveout.families.modular.graph import StepSpec
from proveout.families.modular.micro import Case, Decision, Intent, Known, MicroRows, Reply, RulesModel, micro_rows
from proveout.families.symbolic._decisions import fits_decisions
from proveout.families.symbolic._sureness import Sureness, sureness
from proveout.families.symbolic.policy import load_policy, policy_to_json
from proveout.task import canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from proveout.data import SelectSplit, TrainSplit
    from proveout.families._protocol import BuildRun, Fit
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
        """Micro-models for what the task names: a policy, readers, an intent, replies."""
        policy = policy_to_json(load_policy(task.root / task.rules.policy))
        rows = micro_rows(task, train, select, intent=task.modular.intent, facts=task.rules.facts)
        readers = (task.root / task.rules.readers).read_text(encoding="utf-8") if task.rules.readers else ""
        reading = {"policy": policy, "readers": readers, "fields": tuple(task.input_fields), "day": task.rules.day}
        deciding = {"policy": policy, "recourse": task.rules.recourse}
        models = [
            Planned(step=FACTS, kind=FACTS, rows=rows, parameters=reading),
            Planned(step=RULES, kind=RULES, rows=MicroRows(), parameters=deciding),
        ]
        if task.modular.intent:
            encoders = {"encoders": encoders_of(run)}
            models.append(Planned(step=INTENT, kind=INTENT, rows=rows, parameters=encoders))
        if task.modular.replies:
            templates = (task.root / task.modular.replies).read_text(encoding="utf-8")
            parameters = {"templates": templates, "values": _shown(task)}
            models.append(
                Planned(step=REPLY, kind=REPLY, rows=MicroRows(), parameters=parameters, needs={"rules": RULES})
            )
        return Plan(models=tuple(models), settings=_settings(task))

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
            (one.run.outputs[FACTS].weak, one.run.output.guess == one.example.expected)
            for one in tried
            if one.run.output.output
        ]
        return settings | {"sureness": msgspec.to_builtins(sureness(judged))}

    def gold(self, settings: Json, example: Example) -> Json:
        """Facts and intent stand in their columns, the decision is the expected output."""
        found: Json = {}
        stated = example.meta.get(settings["facts"]) if settings["facts"] else None
        if stated not in {None, ""}:
            facts = msgspec.json.decode(stated) if isinstance(stated, str) else stated
            case = {"facts": facts, "places": {}, "ambiguous": {}, "text": example.inputs.get("text", "")}
            found[FACTS] = case
        intent = example.meta.get(settings["intent"]) if settings["intent"] else None
        if intent not in {None, ""}:
            found[INTENT] = {"label": str(intent), "confidence": 1.0}
        decision = (example.expected or {}).get(settings["target"])
        if decision is not None:
            found[RULES] = {"decision": decision, "abstention": "", "guess": decision, "note": ""}
        return found

    def judged(self, settings: Json) -> dict[str, tuple[str, ...]]:
        """What was read and decided, and not where it stood nor how sure it is."""
        del settings
        return {INTENT: ("label",), FACTS: ("facts",), RULES: ("guess",)}

    def checked_files(self, settings: Json, parts: Mapping[str, Part]) -> dict[str, bytes]:
        """The policy, and what its checker must know of the task."""
        rules = parts[RULES].model
        assert isinstance(rules, RulesModel)  # noqa: S101  what kind "rules" builds
        state = {name: settings[name] for name in ("fields", "target", "recourse", "day")}
        return {"decisions.json": canonical_json(state), "policy.json": canonical_json(policy_to_json(rules.policy))}


def _settings(task: Task) -> Json:
    return {
        "target": task.target,
        "fields": task.input_fields,
        "recourse": task.rules.recourse,
        "day": task.rules.day,
        "facts": task.rules.facts,
        "intent": task.modular.intent,
        "sureness": msgspec.to_builtins(sureness(())),
    }


def _shown(task: Task) -> dict[str, Any]:
    """What templates may show besides the facts; nothing is known about a case where no intent is learned."""
    shown = {WHY: Known()} | ({ABOUT: Known()} if task.modular.intent else {})
    return {name: msgspec.to_builtins(known) for name, known in shown.items()}
