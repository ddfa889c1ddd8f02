"""Every error Proveout raises, as one tree.

Each carries the id of what it concerns (``about``), says what happened, why, and the next thing to do.
``exit_code`` is what the command line returns, ``code`` what ``--json`` prints::

    ProveoutError
    ├── TaskError            (3)  TaskInvalid · TaskNotFound · TaskChanged
    ├── DataError            (3)  DataUnreadable · DataEmpty · ColumnMissing · RowInvalid · DuplicateIds
    │                             LabelOnlyInTest · OneClass · ImporterUnknown · SplitTooSmall · SnapshotNotFound
    │                             ChunkerUnknown · DocumentUnusable · GenerationNotFound · RequestNotFound
    ├── FamilyError          (3)  FamilyUnknown · FamilyDoesNotFit · BuildFailed · CandidateNotFound · RerankerUnknown
    │                             MicroModelUnknown
    ├── PolicyError          (3)  PolicyInvalid · FactInvalid · DecisionModelInvalid · GraphInvalid · TextNotUnderstood
    ├── WorkflowError        (3)  WorkflowInvalid · StepFailed · StepTimedOut · StepOutputInvalid · StepLost
    │                             RunNotFound · RunNotReady · GraphVersionMissing · DeterminismBroken
    ├── TrialError           (3)  MetricUnknown · FaultUnknown · CandidateInvalid · TrialNotFound
    ├── CertifyError         (3)  EvidenceUnusable · DeltaSpent · CertificateForeign · LabelsInvalid
    ├── EconomicsError       (3)  ScenarioNotFound · ScenarioInvalid · PriceUnknown · ArchitectureUnknown
    │                             CountsInvalid
    ├── EventError           (3)  EventInvalid · TriggerInvalid · HandlerUnknown · HandlerTimedOut
    ├── GatewayError         (3)  SettingsInvalid · KeyNotFound · GuardUnknown
    │   └── Refused               RequestInvalid · Unauthenticated · Forbidden · ModelUnknown · PathUnknown · MethodUnknown
    │                             BodyTooLarge · RateLimited · QuotaSpent · GuardRefused · Overloaded · UpstreamFailed
    │                             UpstreamTimedOut · UpstreamLied · AnswerUnusable · GatewayFault
    ├── ProviderError        (7)  ProviderUnreachable · ProviderRefused · ProviderMalformed · BudgetExceeded
    ├── LedgerError          (3)  EntryNotFound · EntryUnknown · SubjectErased
    ├── IntegrityError       (4)  LedgerCorrupt · SnapshotCorrupt · ArtifactCorrupt · ProofInvalid · WeightsMismatch
    │                             StoreCorrupt · IndexCorrupt · JournalCorrupt · CertificateCorrupt · RingCorrupt
    ├── BusyError            (5)  WriterBusy · HandlerStuck
    └── SetupError           (6)  ExtraMissing · WeightsMissing · NotWritable · DiskFull · RingForeign
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "AnswerUnusable",
    "ArchitectureUnknown",
    "ArtifactCorrupt",
    "BodyTooLarge",
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
    "Forbidden",
    "GatewayError",
    "GatewayFault",
    "GenerationNotFound",
    "GraphInvalid",
    "GraphVersionMissing",
    "GuardRefused",
    "GuardUnknown",
    "HandlerStuck",
    "HandlerTimedOut",
    "HandlerUnknown",
    "ImporterUnknown",
    "IndexCorrupt",
    "IntegrityError",
    "JournalCorrupt",
    "KeyNotFound",
    "LabelOnlyInTest",
    "LabelsInvalid",
    "LedgerCorrupt",
    "LedgerError",
    "MethodUnknown",
    "MetricUnknown",
    "MicroModelUnknown",
    "ModelUnknown",
    "NotWritable",
    "OneClass",
    "Overloaded",
    "PathUnknown",
    "PolicyError",
    "PolicyInvalid",
    "PriceUnknown",
    "ProofInvalid",
    "ProveoutError",
    "ProviderError",
    "ProviderMalformed",
    "ProviderRefused",
    "ProviderUnreachable",
    "QuotaSpent",
    "RateLimited",
    "Refused",
    "RequestInvalid",
    "RequestNotFound",
    "RerankerUnknown",
    "RingCorrupt",
    "RingForeign",
    "RowInvalid",
    "RunNotFound",
    "RunNotReady",
    "ScenarioInvalid",
    "ScenarioNotFound",
    "SettingsInvalid",
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
    "Unauthenticated",
    "UpstreamFailed",
    "UpstreamLied",
    "UpstreamTimedOut",
    "WeightsMismatch",
    "WeightsMissing",
    "WorkflowError",
    "WorkflowInvalid",
    "WriterBusy",
]


class ProveoutError(Exception):
    """The root of the tree.

    Args:
        what: what happened, in one clause.
        why: the cause, with the offending value.
        fix: the next thing to do, as an instruction.
        about: the id of what it concerns: a path, an entry index, a candidate id.

    Example:
        >>> print(DataEmpty("no rows", why="the file has only a header", fix="export again", about="train.csv"))
        train.csv: no rows: the file has only a header. Next: export again.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, why: str, fix: str, about: str) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.fix = fix
        self.about = about

    @property
    def code(self) -> str:
        """The class name, as printed by ``--json``."""
        return type(self).__name__

    def __str__(self) -> str:
        return f"{self.about}: {self.what}: {self.why}. Next: {self.fix}."

    def to_dict(self) -> dict[str, str]:
        """The error as the object that ``--json`` prints."""
        said = {"about": self.about, "what": self.what, "why": self.why, "fix": self.fix}
        # A file name may hold bytes that are no text, which JSON cannot; somebody's own error may hold a number.
        plain = {name: str(value).encode("utf-8", "backslashreplace").decode() for name, value in said.items()}
        return {"error": self.code, **plain}


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


class GatewayError(ProveoutError):
    """The gateway cannot be set up as asked, or refuses a request."""

    exit_code = 3


class SettingsInvalid(GatewayError):
    """``gateway.toml`` has an unknown key, a wrong value or a contradiction; what was in force stays in force."""


class KeyNotFound(GatewayError):
    """No key of that id or name was created here."""


class GuardUnknown(GatewayError):
    """No guard of that name is registered."""


class Refused(GatewayError):
    """A request is answered with an error: the status, type and code are those of the OpenAI API.

    Args:
        what: what happened; told to the client.
        why: told to the client too: it holds no secret and nothing of another tenant.
        fix: told to the client too.
        about: a parameter, a model or a header.
        param: the request's parameter at fault; "" where none is.
        retry_after: seconds after which trying again can help; None when it cannot.
        headers: sent with the answer.
    """

    status: ClassVar[int] = 400
    type: ClassVar[str] = "invalid_request_error"
    error_code: ClassVar[str] = ""

    def __init__(  # noqa: PLR0913  an error of the API has this many parts
        self,
        what: str,
        *,
        why: str,
        fix: str,
        about: str,
        param: str = "",
        retry_after: float | None = None,
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        super().__init__(what, why=why, fix=fix, about=about)
        self.param = param
        self.retry_after = retry_after
        self.headers = headers


class RequestInvalid(Refused):
    """The request is not JSON, or not one of the API."""


class Unauthenticated(Refused):
    """No key, or none that is known, in force and not revoked."""

    status = 401
    type = "authentication_error"
    error_code = "invalid_api_key"


class Forbidden(Refused):
    """The key may not do this."""

    status = 403
    type = "permission_error"
    error_code = "insufficient_permissions"


class ModelUnknown(Refused):
    """The model is no task here and no provider has it."""

    status = 404
    type = "invalid_request_error"
    error_code = "model_not_found"


class PathUnknown(Refused):
    """The gateway serves no such path."""

    status = 404
    error_code = "unknown_url"


class GatewayFault(Refused):
    """Something in the gateway itself failed; the notice on its standard error says what."""

    status = 500
    type = "server_error"
    error_code = "internal_error"


class MethodUnknown(Refused):
    """The path does not take this method."""

    status = 405


class BodyTooLarge(Refused):
    """The body has more bytes than the gateway takes."""

    status = 413
    error_code = "request_too_large"


class RateLimited(Refused):
    """Too many requests or tokens in too short a time."""

    status = 429
    type = "rate_limit_error"
    error_code = "rate_limit_exceeded"


class QuotaSpent(Refused):
    """The budget of money is spent."""

    status = 429
    type = "insufficient_quota"
    error_code = "insufficient_quota"


class GuardRefused(Refused):
    """A guard refused the input or the output."""

    error_code = "content_filter"


class Overloaded(Refused):
    """More requests are under way than the gateway takes, or it is draining."""

    status = 503
    type = "server_error"
    error_code = "overloaded"


class UpstreamFailed(Refused):
    """The provider could not be reached, or answered with nothing usable.

    Args:
        what: as of `Refused`.
        why: as of `Refused`.
        fix: as of `Refused`.
        about: as of `Refused`.
        param: as of `Refused`.
        retry_after: as of `Refused`.
        headers: as of `Refused`.
        sent: whether the provider may have seen a byte of the request, so that it may have been worked on and billed.
    """

    status = 502
    type = "server_error"
    error_code = "upstream_failed"

    def __init__(  # noqa: PLR0913  an error of the API has this many parts
        self,
        what: str,
        *,
        why: str,
        fix: str,
        about: str,
        param: str = "",
        retry_after: float | None = None,
        headers: tuple[tuple[bytes, bytes], ...] = (),
        sent: bool = True,
    ) -> None:
        super().__init__(what, why=why, fix=fix, about=about, param=param, retry_after=retry_after, headers=headers)
        self.sent = sent


class UpstreamTimedOut(UpstreamFailed):
    """The provider did not answer in time."""

    status = 504
    error_code = "upstream_timeout"


class UpstreamLied(UpstreamFailed):
    """What the provider sent is not HTTP, not as long as it said, or ended in the middle."""

    error_code = "upstream_malformed"


class AnswerUnusable(Refused):
    """The route abstained, or its answer is not of the task's output schema, and nothing else may answer."""

    status = 502
    type = "server_error"
    error_code = "no_answer"


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
