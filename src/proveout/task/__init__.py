"""The contract: what a Task promises, and what its examples and answers look like."""

from proveout.task._canonical import canonical_json, content_hash
from proveout.task._causal import causal_field, pattern_of
from proveout.task._fingerprint import fingerprint
from proveout.task._load import FILE_NAME, load_task, parse_task, task_keys
from proveout.task._prices import Prices, prices_of
from proveout.task._prompt import prompt_text
from proveout.task._task import (
    KPI,
    Budgets,
    Causal,
    CausalFactor,
    CertificateTerms,
    DataSpec,
    Documents,
    Incumbent,
    Kind,
    Modular,
    Rules,
    Simulation,
    Task,
    input_text,
)
from proveout.task._types import Answer, Citation, Evidence, Example, Neighbour, Step, Usage

__all__ = [
    "FILE_NAME",
    "KPI",
    "Answer",
    "Budgets",
    "Causal",
    "CausalFactor",
    "CertificateTerms",
    "Citation",
    "DataSpec",
    "Documents",
    "Evidence",
    "Example",
    "Incumbent",
    "Kind",
    "Modular",
    "Neighbour",
    "Prices",
    "Rules",
    "Simulation",
    "Step",
    "Task",
    "Usage",
    "canonical_json",
    "causal_field",
    "content_hash",
    "fingerprint",
    "input_text",
    "load_task",
    "parse_task",
    "pattern_of",
    "prices_of",
    "prompt_text",
    "task_keys",
]
