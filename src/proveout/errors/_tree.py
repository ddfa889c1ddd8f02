"""Errors of everything but the gateway."""

from __future__ import annotations

from proveout.errors._root import ProveoutError

__all__ = [
    "ArchitectureUnknown",
    "ArtifactCorrupt",
    "BudgetExceeded",
    "BuildFailed",
    "BusyError",
    "CandidateInvalid",
    "CandidateNotFound",
    "CertificateCorrupt",
    "CertificateForeign",
    "CertifyError",
    "ChunkerUnknown",
    "ColumnMissing",
    "CountsInvalid",
    "DataEmpty",
    "DataError",
    "DataUnreadable",
    "DecisionModelInvalid",
    "DeltaSpent",
    "DeterminismBroken",
    "DiskFull",
    "DocumentUnusable",
    "DuplicateIds",
    "EconomicsError",
    "EntryNotFound",
    "EntryUnknown",
    "EventError",
    "EventInvalid",
    "EvidenceUnusable",
    "ExtraMissing",
    "FactInvalid",
    "FamilyDoesNotFit",
    "FamilyError",
    "FamilyUnknown",
    "FaultUnknown",
    "GenerationNotFound",
    "GraphInvalid",
    "GraphVersionMissing",
    "HandlerStuck",
    "HandlerTimedOut",
    "HandlerUnknown",
    "ImporterUnknown",
    "IndexCorrupt",
    "IntegrityError",
    "JournalCorrupt",
    "LabelOnlyInTest",
    "LabelsInvalid",
    "LedgerCorrupt",
    "LedgerError",
    "MetricUnknown",
    "MicroModelUnknown",
    "NotWritable",
    "OneClass",
    "PolicyError",
    "PolicyInvalid",
    "PriceUnknown",
    "ProofInvalid",
    "ProviderError",
    "ProviderMalformed",
    "ProviderRefused",
    "ProviderUnreachable",
    "RequestNotFound",
    "RerankerUnknown",
    "RingCorrupt",
    "RingForeign",
    "RowInvalid",
    "RunNotFound",
    "RunNotReady",
    "ScenarioInvalid",
    "ScenarioNotFound",
    "SetupError",
    "SnapshotCorrupt",
    "SnapshotNotFound",
    "SplitTooSmall",
    "StepFailed",
    "StepLost",
    "StepOutputInvalid",
    "StepTimedOut",
    "StoreCorrupt",
    "SubjectErased",
    "TaskChanged",
    "TaskError",
    "TaskInvalid",
    "TaskNotFound",
    "TextNotUnderstood",
    "TrialError",
    "TrialNotFound",
    "TriggerInvalid",
    "WeightsMismatch",
    "WeightsMissing",
    "WorkflowError",
    "WorkflowInvalid",
    "WriterBusy",
]


class TaskError(ProveoutError):
    """The contract of the task is at fault."""

    exit_code = 3


class TaskInvalid(TaskError):
    """``task.toml`` has an unknown key, a value of the wrong type, or a contradiction."""


class TaskNotFound(TaskError):
    """The folder holds no ``task.toml``."""


class TaskChanged(TaskError):
    """The task means something else now than when its snapshot was taken."""


class DataError(ProveoutError):
    """The data handed in cannot be used as it is."""

    exit_code = 3


class DataUnreadable(DataError):
    """A file is missing, of mixed encodings, holds NULs or an over-long line, or is not of its format."""


class DataEmpty(DataError):
    """A file or a split has no rows."""


class ColumnMissing(DataError):
    """A named column is not in the file."""


class RowInvalid(DataError):
    """A row does not satisfy the task's schema."""


class DuplicateIds(DataError):
    """Two rows carry the same id."""


class LabelOnlyInTest(DataError):
    """A label occurs in the test rows and nowhere else, so that no candidate could learn it."""


class OneClass(DataError):
    """All rows carry the same label, so that there is nothing to compare."""


class ImporterUnknown(DataError):
    """No importer is registered for the file."""


class SplitTooSmall(DataError):
    """There are too few rows to make the four splits."""


class SnapshotNotFound(DataError):
    """No snapshot of that id exists here."""


class ChunkerUnknown(DataError):
    """No chunker of that name is registered."""


class DocumentUnusable(DataError):
    """A document is empty, too large, binary, of mixed encodings, not of its format, or holds no text."""


class RequestNotFound(DataError):
    """No search of that id was recorded."""


class GenerationNotFound(DataError):
    """The knowledge base has no generation of that number."""


class FamilyError(ProveoutError):
    """A candidate cannot be built or found."""

    exit_code = 3


class FamilyUnknown(FamilyError):
    """No family of that name is registered."""


class FamilyDoesNotFit(FamilyError):
    """The family cannot serve this task, and says why."""


class BuildFailed(FamilyError):
    """A build started and could not end."""


class CandidateNotFound(FamilyError):
    """No candidate of that id exists here."""


class RerankerUnknown(FamilyError):
    """No reranker of that name is registered."""


class MicroModelUnknown(FamilyError):
    """No kind of micro-model of that name is registered."""


class PolicyError(ProveoutError):
    """What the symbolic family reasons with cannot be used as it is."""

    exit_code = 3


class PolicyInvalid(PolicyError):
    """A policy has an unknown key or fact, a type or unit that does not match, a cycle, or is not plain YAML."""


class FactInvalid(PolicyError):
    """A fact handed in is not of the policy, not of its type, unit or range, or contradicts another."""


class DecisionModelInvalid(PolicyError):
    """A DMN model or a FEEL expression of it cannot be read."""


class GraphInvalid(PolicyError):
    """A causal graph has a cycle, an unknown variable, or probabilities that contradict each other."""


class TextNotUnderstood(PolicyError):
    """A sentence is outside the controlled English that is read."""


class WorkflowError(ProveoutError):
    """A graph of steps, or a run of one, cannot go on."""

    exit_code = 3


class WorkflowInvalid(WorkflowError):
    """A graph has a cycle, a reference that leads nowhere, a type that does not fit, or an unknown key."""


class StepFailed(WorkflowError):
    """A step raised, each time it was tried."""


class StepTimedOut(StepFailed):
    """A step was not done in its time."""


class StepOutputInvalid(StepFailed):
    """A step gave something that is not of its declared type."""


class StepLost(StepFailed):
    """The process of a step crashed, was killed, or took more memory than it may."""


class RunNotFound(WorkflowError):
    """No run of that id exists here."""


class RunNotReady(WorkflowError):
    """A run cannot do what is asked in its present state: it waits for a person, is done, or was cancelled."""


class GraphVersionMissing(WorkflowError):
    """A run was begun on a version of its graph that is not here any more."""


class DeterminismBroken(WorkflowError):
    """A resumed run asked for a step, or for arguments, other than those its journal holds."""


class TrialError(ProveoutError):
    """Candidates cannot be compared as asked."""

    exit_code = 3


class MetricUnknown(TrialError):
    """No metric of that name is registered."""


class FaultUnknown(TrialError):
    """No fault of that name is registered."""


class CandidateInvalid(TrialError):
    """A candidate was built for another task or on another snapshot, or breaks the protocol: it cannot be measured."""


class TrialNotFound(TrialError):
    """No finished trial of this task is here."""


class CertifyError(ProveoutError):
    """Nothing can be certified as asked; "cannot certify" is a result and no error."""

    exit_code = 3


class EvidenceUnusable(CertifyError):
    """Rows were learned from, stand twice, or are too few to be rows at all."""


class DeltaSpent(CertifyError):
    """Earlier looks at the same rows spent the error that is allowed."""


class CertificateForeign(CertifyError):
    """A certificate is of another task, snapshot, candidate or key than the one it is shown for."""


class LabelsInvalid(CertifyError):
    """A file of labels has a column, a row or a value that is not of the queue."""


class EconomicsError(ProveoutError):
    """Costs cannot be worked out from what was given."""

    exit_code = 3


class ScenarioNotFound(EconomicsError):
    """There is no scenario, so that nobody knows how many requests there are."""


class ScenarioInvalid(EconomicsError):
    """A scenario has an unknown key, a negative volume, a figure beyond reason, or contradicts itself."""


class PriceUnknown(EconomicsError):
    """No price is stated for a model, and the price list has none."""


class ArchitectureUnknown(EconomicsError):
    """Neither the latest trial nor the scenario knows an architecture of that name, or too little of it."""


class CountsInvalid(EconomicsError):
    """Counts of an experiment, or a log of one, cannot be what they are said to be."""


class EventError(ProveoutError):
    """An event, or what is to be done with it, cannot be used as it is."""

    exit_code = 3


class EventInvalid(EventError):
    """What was sent is no CloudEvent 1.0, is too large or too deep, or lacks a field that its trigger needs."""


class TriggerInvalid(EventError):
    """``events.toml`` is missing or not valid, or does not fit the task."""


class HandlerUnknown(EventError):
    """A trigger names a handler that is not registered."""


class HandlerTimedOut(EventError):
    """A handler took longer than its trigger allows."""


class ProviderError(ProveoutError):
    """A model endpoint did not do its part."""

    exit_code = 7


class ProviderUnreachable(ProviderError):
    """The endpoint is down, slow or closed the connection."""


class ProviderRefused(ProviderError):
    """The endpoint answered with a refusal: wrong key, wrong model name, rate limit."""


class ProviderMalformed(ProviderError):
    """The endpoint answered with something that is not a completion."""


class BudgetExceeded(ProviderError):
    """The next call to a provider could cost more than ``budgets.build_usd`` leaves, so it was not made."""


class LedgerError(ProveoutError):
    """The ledger was asked for something it does not hold."""

    exit_code = 3


class EntryNotFound(LedgerError):
    """No entry has that index."""


class EntryUnknown(LedgerError):
    """An entry's kind or version is not registered in this version of Proveout."""


class SubjectErased(LedgerError):
    """The payload's key was destroyed by an erasure request."""


class IntegrityError(ProveoutError):
    """Something stored is not what was stored."""

    exit_code = 4


class LedgerCorrupt(IntegrityError):
    """A record, a head or the tree does not verify."""


class SnapshotCorrupt(IntegrityError):
    """A chunk or a manifest does not match its hash."""


class ArtifactCorrupt(IntegrityError):
    """A candidate's artifact does not match its hash."""


class ProofInvalid(IntegrityError):
    """An inclusion or consistency proof does not lead to the signed root."""


class WeightsMismatch(IntegrityError):
    """Model weights are there, with another hash than the one pinned."""


class StoreCorrupt(IntegrityError):
    """The database of keys and configuration is damaged."""


class IndexCorrupt(IntegrityError):
    """A derived index is truncated, altered or of another snapshot; it can be built again."""


class CertificateCorrupt(IntegrityError):
    """A certificate or its evidence was altered, or does not lead to what it says."""


class JournalCorrupt(IntegrityError):
    """The journal of runs is damaged, or is another kind of file."""


class RingCorrupt(IntegrityError):
    """A ring of records on their way to the ledger is damaged, or is another kind of file."""


class BusyError(ProveoutError):
    """Somebody else is at it."""

    exit_code = 5


class WriterBusy(BusyError):
    """Another process writes to this ledger or this journal of runs."""


class HandlerStuck(BusyError):
    """So many calls of handlers never returned that no further one is made."""


class SetupError(ProveoutError):
    """The machine lacks something."""

    exit_code = 6


class ExtraMissing(SetupError):
    """An optional part of Proveout is not installed."""


class WeightsMissing(SetupError):
    """Model weights are not on this machine."""


class NotWritable(SetupError):
    """A file or folder may not be written."""


class DiskFull(SetupError):
    """No space is left on the device."""


class RingForeign(SetupError):
    """A ring of records was left by another version of Proveout, which alone can read it."""
