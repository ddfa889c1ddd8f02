"""Tasks that ask for several fields: closed ones by a model each, values in the text by a tagger."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from proveout.families._calibration import Calibrator
from proveout.families._fields import (
    FieldForm,
    assembled,
    calibrated,
    closed_key,
    extracted,
    field_forms,
    fits_fields,
    output_key,
    spellings,
)
from proveout.families._spans import Span, align
from proveout.families.modular._draft import Draft
from proveout.families.modular._labels import encoders_of
from proveout.families.modular._recipe import ANSWER, Part, Plan, Planned, Tried, check_column, model_step
from proveout.families.modular.graph import StepSpec
from proveout.families.modular.micro import Intent, MicroRow, MicroRows, Slots
from proveout.task import input_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from proveout.data import SelectSplit, TrainSplit
    from proveout.families._fields import Extracted
    from proveout.families._protocol import BuildRun, Fit
    from proveout.task import Example, Task

__all__ = ["FieldRecipe"]

Json = dict[str, Any]
SLOTS = "slots"
TAGGERS = {"crf": "slots", "encoder": "slots-tuned"}
SMALLEST = 1e-6
# Names that the graph, or a parameter of its last step, has already.
TAKEN = {ANSWER, SLOTS, "input", "self", "text"}


class _Assembles:
    """The last step: values of the text and of the closed fields as the task's output."""

    def __init__(self, settings: Json) -> None:
        self._forms = msgspec.convert(settings["forms"], tuple[FieldForm, ...])
        self._spelled: dict[str, dict[str, str]] = settings["spelled"]
        self._constant: Json = settings["constant"]
        self._fields = {step: name for name, step in settings["closed"].items()}
        self._calibrator = msgspec.convert(settings["calibrator"], Calibrator)
        self._least: float = settings["threshold"]
        self.version = f"fields {settings['calibrator']} {self._least}"

    def __call__(self, text: str, slots: Slots | None = None, **closed: Intent) -> Draft:
        """The answer; held back where it is not sure enough."""
        values = self._constant | {self._fields[step]: msgspec.json.decode(one.label) for step, one in closed.items()}
        guess = assembled(self._forms, text, self._ranked(slots), values, self._spelled)
        score = score_of(slots, closed.values())
        sure = round(float(self._calibrator(np.array([score]))[0]), 4)
        held_back = score < self._least
        return Draft(
            output=None if held_back else guess,
            guess=guess,
            confidence=sure,
            abstention="low confidence" if held_back else "",
        )

    def _ranked(self, slots: Slots | None) -> list[Span]:
        """Spans in the text's order; for a field of one value, the likeliest first."""
        found = [] if slots is None else list(slots.slots)
        many = {form.name for form in self._forms if form.many}
        ranked = sorted(found, key=lambda slot: -slot.confidence)
        order = [slot for slot in found if slot.name in many] + [slot for slot in ranked if slot.name not in many]
        return [Span(slot.start, slot.end, slot.name) for slot in order]


def score_of(slots: Slots | None, closed: Any) -> float:
    """The log-odds that all parts are right, were they independent."""
    sure = 1.0 if slots is None else slots.confidence
    for one in closed:
        sure *= one.confidence
    sure = min(max(sure, SMALLEST), 1 - SMALLEST)
    return float(np.log(sure / (1 - sure)))


def step_names(fields: Sequence[str]) -> dict[str, str]:
    """The step of each closed field: its own name, unless that cannot be written in a graph or is another step's.

    Example:
        >>> step_names(["room", "check-in day", "answer"])
        {'room': 'room', 'check-in day': 'check-in_day', 'answer': 'answer_'}
    """
    found: dict[str, str] = {}
    for field in fields:
        step = re.sub(r"[^A-Za-z0-9_-]", "_", field)
        step = step if step[:1].isalpha() or step.startswith("_") else f"_{step}"
        while step in TAKEN or step in found.values():
            step += "_"
        found[field] = step
    return found


class FieldRecipe:
    """A model for each closed field, ``slots`` for what stands in the text, and ``answer`` that joins them."""

    name = "fields"

    def fits(self, task: Task) -> Fit:
        """Kind ``extract``, where its fields are texts, numbers or closed sets."""
        return fits_fields(task)

    def plan(self, task: Task, train: TrainSplit, select: SelectSplit, run: BuildRun) -> Plan:
        """How each field is learned follows from its schema and from where its values stand.

        Raises:
            BuildFailed: no row has a value.
            TaskInvalid: the intent is no field of the output.
        """
        check_column("intent", task.modular.intent, train)
        rows, held = extracted(task, train.examples), extracted(task, select.examples)
        forms = field_forms(task, rows, "modular")
        closed = [form.name for form in forms if not form.in_text]
        constant = {name: rows.outputs[0].get(name) for name in closed if len(_values(name, rows)) < 2}  # noqa: PLR2004
        learned = [name for name in closed if name not in constant]
        steps = step_names(learned)
        context = task.modular.intent if task.modular.intent in learned else ""
        encoders = {"encoders": encoders_of(run)}
        models = [
            Planned(step=step, kind="intent", rows=_closed_rows(name, rows, held), parameters=encoders)
            for name, step in steps.items()
        ]
        read = {form.name for form in forms if form.in_text}
        if read:
            tagged = MicroRows(train=_span_rows(rows, read, context), select=_span_rows(held, read, context))
            # The tagger is judged with the intent as it will be told it, errors and all.
            needs = {"intent": steps[context]} if context else {}
            models.append(Planned(step=SLOTS, kind=TAGGERS[task.modular.tagger], rows=tagged, needs=needs))
        settings = {
            "forms": msgspec.to_builtins(forms),
            "spelled": spellings(forms, rows),
            "constant": constant,
            "closed": steps,
            "context": context,
            "calibrator": {"slope": 1.0, "bias": 0.0},
            "threshold": float(np.finfo(np.float32).min),
            "fields": task.input_fields,
        }
        return Plan(models=tuple(models), settings=settings)

    def steps(self, settings: Json, parts: Mapping[str, Part]) -> Sequence[StepSpec]:
        """All read the text; the tagger is told the intent where the task names one."""
        closed: dict[str, str] = settings["closed"]
        found = [model_step(step, parts, text="input.text") for step in closed.values()]
        takes = {"text": "input.text"} | {step: step for step in closed.values()}
        if SLOTS in parts:
            context = {"intent": f"{closed[settings['context']]}.label"} if settings["context"] else {}
            found.append(model_step(SLOTS, parts, text="input.text", **context))
            takes |= {SLOTS: SLOTS}
        return [*found, StepSpec(name=ANSWER, run=_Assembles(settings), takes=takes)]

    def calibrated(self, settings: Json, tried: Sequence[Tried]) -> Json:
        """Confidence that all fields are right, and the least at which an answer goes out."""
        labelled = [one for one in tried if one.example.expected is not None]
        outputs = [one.run.outputs for one in labelled]
        scores = np.array(
            [score_of(one.get(SLOTS), [one[step] for step in settings["closed"].values()]) for one in outputs]
        )
        keys = [(output_key(one.run.output.guess), output_key(one.example.expected or {})) for one in labelled]
        calibrator, threshold = calibrated(scores, np.array([ours == wanted for ours, wanted in keys], dtype=bool))
        return settings | {"calibrator": msgspec.to_builtins(calibrator), "threshold": threshold}

    def gold(self, settings: Json, example: Example) -> Json:
        """The values of a row, and where they stand; no slots where one stands nowhere."""
        expected = example.expected
        if expected is None:
            return {}
        found: Json = {
            step: {"label": closed_key(expected.get(name)), "confidence": 1.0}
            for name, step in settings["closed"].items()
        }
        read = {form["name"] for form in settings["forms"] if form["in_text"]}
        text = input_text(settings["fields"], example.inputs)
        # All values take their places, as in the rows that were learned from.
        names = [form["name"] for form in settings["forms"]]
        spans, missing = align(text, {name: expected[name] for name in names if name in expected})
        if read and not missing & read:
            slots = [
                {"name": one.field, "start": one.start, "end": one.end, "text": text[one.start : one.end]}
                for one in spans
                if one.field in read
            ]
            found[SLOTS] = {"slots": slots, "confidence": 1.0}
        return found

    def judged(self, settings: Json) -> dict[str, tuple[str, ...]]:
        """The values, and not how sure they are."""
        return {SLOTS: ("slots",)} | dict.fromkeys(settings["closed"].values(), ("label",))

    def checked_files(self, settings: Json, parts: Mapping[str, Part]) -> dict[str, bytes]:
        """Fields have no proof."""
        del settings, parts
        return {}


def _values(name: str, rows: Extracted) -> set[str]:
    return {closed_key(output.get(name)) for output in rows.outputs}


def _closed_rows(name: str, rows: Extracted, held: Extracted) -> MicroRows:
    made = (
        tuple(
            MicroRow(text=text, intent=closed_key(output.get(name)))
            for text, output in zip(part.texts, part.outputs, strict=True)
        )
        for part in (rows, held)
    )
    return MicroRows(train=next(made), select=next(made))


def _span_rows(rows: Extracted, read: set[str], context: str) -> tuple[MicroRow, ...]:
    """Rows whose values all stand in the text: another would teach that a value is none."""
    return tuple(
        MicroRow(
            text=text,
            intent=closed_key(output.get(context)) if context else "",
            spans=tuple(span for span in spans if span.field in read),
        )
        for text, output, spans, missing in zip(rows.texts, rows.outputs, rows.spans, rows.missing, strict=True)
        if not missing & read
    )
