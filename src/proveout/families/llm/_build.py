"""Building the candidate that asks an endpoint: the prompt, then what the SelectSplit says of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from proveout.families._calibration import Calibrator, fit_calibrator
from proveout.families._protocol import card_of
from proveout.families.llm._agreement import TIMES, self_agreement
from proveout.families.llm._endpoint import EndpointCandidate, Prompt, asker_of, read_output
from proveout.families.llm._local import local_parameters
from proveout.families.llm._prompt import instructions, pool_of, template_of
from proveout.families.llm._shown import chosen
from proveout.task import content_hash, prices_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proveout.data import SelectSplit, TrainSplit
    from proveout.families._protocol import BuildRun
    from proveout.families.llm._cache import Paid
    from proveout.task import Example, Incumbent, Task

__all__ = ["CALIBRATION_ROWS", "build_endpoint", "model_parameters", "share_right"]

# Rows of the SelectSplit an endpoint is called on, to state how often it is right.
CALIBRATION_ROWS = 40
# Fewer log-probabilities than this are not calibrated on.
FEWEST_SCORES = 20
DIGITS = 4


class _Measured(msgspec.Struct, frozen=True):
    """What the rows of the SelectSplit said."""

    right: list[bool]
    calibrator: Calibrator | None
    agreement: dict[str, Any] | None
    calls: list[Any]


def build_endpoint(task: Task, train: TrainSplit, select: SelectSplit, run: BuildRun) -> EndpointCandidate:
    """Make the prompt, ask it rows of ``select``, and state in the card how often it is right and like itself.

    Raises:
        TaskInvalid: the prompt's template is wrong.
        ProviderError: the endpoint cannot be used, or ``budgets.build_usd`` does not suffice.
    """
    template = template_of(task)
    shown = chosen(task, pool_of(train.examples), run)
    parameters: dict[str, Any] = {
        "mode": {"value": task.incumbent.mode},
        **model_parameters(task.incumbent),
        "prompt": {"value": content_hash(template)[:16], "text": template},
        "examples": shown.parameter(),
        "price": (prices := prices_of(task.incumbent)).parameter(),
    }
    prompt = Prompt(
        card=card_of("llm", task, run, **parameters),
        incumbent=task.incumbent,
        output=task.output,
        fields=tuple(task.input_fields),
        system=instructions(task, template),
        shots=shown.shots,
        prices=prices,
        cap=task.budgets.build_usd,
    )
    asking = EndpointCandidate(prompt, shown, asker_of(prompt, run.cache, seed=run.seed))
    found = _measure(task, asking, _sample(select.examples), run)
    measured = msgspec.structs.replace(
        prompt,
        card=card_of("llm", task, run, **parameters, **_stated(prompt, found)),
        confidence=round(share_right(found.right), DIGITS),
        calibrator=found.calibrator,
    )
    return EndpointCandidate(measured, shown, asker_of(measured, run.cache, seed=run.seed))


def model_parameters(incumbent: Incumbent) -> dict[str, Any]:
    """What a card says of the model."""
    if incumbent.mode == "local":
        return dict(local_parameters(incumbent.model))
    return {"model": {"value": incumbent.model}}


def share_right(right: Sequence[bool]) -> float:
    """Laplace's estimate, so that a few right rows do not claim certainty.

    Example:
        >>> share_right([True, True])
        0.75
    """
    return (sum(right) + 1) / (len(right) + 2)


def _sample(examples: Sequence[Example]) -> list[Example]:
    """The labelled rows that are asked, in an order set by their hashes: the snapshot's may be sorted by label."""
    return pool_of(examples)[:CALIBRATION_ROWS]


def _measure(task: Task, asking: EndpointCandidate, rows: Sequence[Example], run: BuildRun) -> _Measured:
    import jsonschema  # noqa: PLC0415  slow to import, and few commands need it

    schema = jsonschema.Draft202012Validator(task.output)
    inputs = [one.inputs for one in rows]
    paid = asking.ask(inputs, progress=partial(run.progress, "asking rows of select"))
    right = [read_output(one.completion, schema)[0] == row.expected for one, row in zip(paid, rows, strict=True)]
    again = inputs[: task.incumbent.self_agreement_rows]
    times = [
        asking.ask(again, seed=run.seed + at, time_of=at, progress=partial(run.progress, "asking again"))
        for at in range(1, TIMES + 1)
    ]
    outputs = [[read_output(one.completion, schema)[0] for one in row] for row in zip(*times, strict=True)]
    return _Measured(
        right=right,
        calibrator=_calibrator(paid, right),
        agreement=self_agreement(outputs) if outputs else None,
        calls=[one.completion for asked in (paid, *times) for one in asked],
    )


def _calibrator(paid: Sequence[Paid], right: Sequence[bool]) -> Calibrator | None:
    scored = [(one.completion.logprob, hit) for one, hit in zip(paid, right, strict=True)]
    known = [(score, hit) for score, hit in scored if score is not None]
    if len(known) < FEWEST_SCORES:
        return None
    scores, hits = zip(*known, strict=True)
    return fit_calibrator(np.array(scores), np.array(hits))


def _stated(prompt: Prompt, found: _Measured) -> dict[str, Any]:
    """The parameters that were measured."""
    rows = f"{len(found.right)} rows of select"
    how = "log-probability, Platt scaling" if found.calibrator else "share right"
    adapted = sorted({name for call in found.calls for name in call.adapted})
    usd = sum(prompt.prices.usd(call.tokens_in, call.tokens_out) for call in found.calls)
    agreement = {"self_agreement": found.agreement | {"chosen_on": "select"}} if found.agreement else {}
    return agreement | {
        "confidence": {"value": round(share_right(found.right), DIGITS), "from": how, "chosen_on": rows},
        "output_mode": {"value": prompt.incumbent.output_mode, "left_out": adapted},
        "build_usd": {"value": round(usd, 6), "calls": len(found.calls)},
    }
