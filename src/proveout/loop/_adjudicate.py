"""adjudicate: a person says which of two answers that differ is right, as few times as will do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from proveout import certify as certifying
from proveout.certify import Question
from proveout.loop._certify import CertifyOptions, look
from proveout.loop._open import opened, quiet

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from proveout.certify import RowAdjudicated
    from proveout.loop._certify import Look
    from proveout.loop._open import Progress

__all__ = ["Adjudication", "Ask", "Asker", "adjudicate", "label_queue"]

Ask = Callable[[Question], str | None]
Asker = Callable[[Sequence[Question]], Ask]


class Adjudication(msgspec.Struct, frozen=True, kw_only=True):
    """What came of asking.

    Attributes:
        queue: rows that lacked a label and could change the outcome.
        labelled: of them, labelled now.
        reached: whether the threshold aimed at is certified with the labels there are, so that no more are needed.
    """

    queue: int
    labelled: int
    reached: bool


def label_queue(folder: Path, options: CertifyOptions | None = None, *, progress: Progress = quiet) -> list[Question]:
    """The rows a certificate of non-inferiority needs labelled, those first that settle it soonest.

    Raises:
        CertifyError: as `certify` does.
    """
    with opened(folder) as here:
        found = look(here, _non_inferiority(options), progress)
        return _questions(found, here.task.text)


def adjudicate(
    folder: Path,
    asker: Asker,
    *,
    by: str,
    options: CertifyOptions | None = None,
    progress: Progress = quiet,
) -> Adjudication:
    """Ask about the queue until the certificate is settled; each verdict is in the ledger before the next question.

    Args:
        folder: of the task.
        asker: given the queue, gives a function that answers one question with ``a``, ``b``, ``both`` or ``neither``,
            with "" to leave it for later, or with None to stop.
        by: who answers.
        options: as for `certify`; the claim is non-inferiority.
        progress: called with a stage name, units done and units in all.

    Raises:
        CertifyError: as `certify` does.
    """
    with opened(folder) as here:
        found = look(here, _non_inferiority(options), progress)
        questions = _questions(found, here.task.text)
        ask, rows = asker(questions), list(found.rows)
        said: dict[int, RowAdjudicated] = {}
        for question in questions:
            if certifying.aim_reached(found.plan, certifying.settled(rows, said)):
                break
            verdict = ask(question)
            if verdict is None:
                break
            if verdict:
                body = question.said(verdict, snapshot=found.plan.snapshot, by=by)
                here.ledger.append(body)
                said[question.at] = body
        reached = certifying.aim_reached(found.plan, certifying.settled(rows, said))
        return Adjudication(queue=len(questions), labelled=len(said), reached=reached)


def _non_inferiority(options: CertifyOptions | None) -> CertifyOptions:
    return msgspec.structs.replace(options or CertifyOptions(), claim="non-inferiority")


def _questions(found: Look, text: Callable[[Mapping[str, Any]], str]) -> list[Question]:
    return certifying.questions_of(found.plan, found.rows, found.examples, found.answers, found.incumbents, text)
