"""Facts from text: redundant readers that agree, or say what has to be confirmed."""

from proveout.families.symbolic.facts._combine import ReaderTrust, combine, measure_trust, read_facts
from proveout.families.symbolic.facts._grammars import word_classes
from proveout.families.symbolic.facts._learn import fit_reader, stated_facts
from proveout.families.symbolic.facts._learned import LearnedReader
from proveout.families.symbolic.facts._llm import LlmReader, facts_schema
from proveout.families.symbolic.facts._patterns import PatternReader
from proveout.families.symbolic.facts._types import (
    Ambiguity,
    FactReader,
    FactReading,
    ReadFact,
    Said,
    fact_value,
    plain_value,
)

__all__ = [
    "Ambiguity",
    "FactReader",
    "FactReading",
    "LearnedReader",
    "LlmReader",
    "PatternReader",
    "ReadFact",
    "ReaderTrust",
    "Said",
    "combine",
    "fact_value",
    "facts_schema",
    "fit_reader",
    "measure_trust",
    "plain_value",
    "read_facts",
    "stated_facts",
    "word_classes",
]
