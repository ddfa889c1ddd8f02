"""The contract: what a Task promises, and what its examples and answers look like."""

from proveout.task._task import (
    KPI,
    Budgets,
    CertificateTerms,
    DataSpec,
    Documents,
    Incumbent,
    Kind,
    Rules,
    Simulation,
    Task,
)
from proveout.task._types import Answer, Citation, Evidence, Example, Neighbour, Step, Usage

__all__ = [
    "KPI",
    "Answer",
    "Budgets",
    "CertificateTerms",
    "Citation",
    "DataSpec",
    "Documents",
    "Evidence",
    "Example",
    "Incumbent",
    "Kind",
    "Neighbour",
    "Rules",
    "Simulation",
    "Step",
    "Task",
    "Usage",
]
