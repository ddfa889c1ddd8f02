"""distilled: small students of the labels, or of the incumbent's answers where there are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proveout.families._embedders import fit_embedder
from proveout.families._labels import fits_labels, labelled, require_labels
from proveout.families._protocol import BuildRun, Fit, family
from proveout.families.distilled._student import DistilledCandidate, fit_student

if TYPE_CHECKING:
    from proveout.data import SelectSplit, TrainSplit
    from proveout.task import Task

__all__ = ["DistilledFamily"]


@family("distilled")
class DistilledFamily:
    """A frozen encoder and a linear head."""

    name = "distilled"
    candidate = DistilledCandidate

    def fits(self, task: Task) -> Fit:
        """Kinds ``classify`` and ``decide``."""
        return fits_labels(task)

    def build(self, task: Task, train: TrainSplit, select: SelectSplit, run: BuildRun) -> DistilledCandidate:
        """Embed, fit a multinomial head for several regularisations, and choose and calibrate on ``select``.

        Raises:
            BuildFailed: the TrainSplit holds fewer than two labels.
        """
        rows, held = labelled(task, train.examples), labelled(task, select.examples)
        require_labels(rows, self.name)
        encoder = fit_embedder(run.embedder, rows.texts, run.cache)
        return fit_student(self.name, task, rows, held, encoder, run)
