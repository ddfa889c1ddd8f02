"""The Task: the contract of one LLM feature."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec import Meta

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "KPI",
    "Budgets",
    "Causal",
    "CausalFactor",
    "CertificateTerms",
    "DataSpec",
    "Documents",
    "Incumbent",
    "Kind",
    "Modular",
    "Rules",
    "Simulation",
    "Task",
    "input_text",
]

Kind = Literal["classify", "extract", "answer", "decide"]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
OpenShare = Annotated[float, Meta(gt=0.0, lt=1.0)]
Positive = Annotated[float, Meta(gt=0.0)]
NonNegative = Annotated[float, Meta(ge=0.0)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of ``task.toml``: unknown keys are errors."""


class DataSpec(_Table, frozen=True, kw_only=True):
    """Where examples are read from and how they are split.

    Attributes:
        examples: files, relative to the task's folder; all splits but test come from here.
        test: files of test rows; without any, test rows are split off ``examples``.
        format: importer name; "" chooses by the file's ending.
        inputs: input field to column; a field that is not named is read from the column of its own name.
        expected: output field to column.
        id: column of the id; "" numbers the rows.
        time: column of the time, ISO 8601 or seconds since 1970.
        segment: column of the segment.
        session: column that groups dependent rows into one split.
        incumbent: column of the incumbent's recorded answer.
        relevant: column of the documents that the right answer stands in: a path, file name or id, or an array of them.
        train: share of ``examples`` for TrainSplit; the four shares add up to 1.
        select: share for SelectSplit.
        certify: share for CertifySplit.
        test_share: share for TestSplit; 0 when ``test`` names files.
        by: ``hash`` (stratified, stable under added rows) or ``time`` (earlier rows train, later rows test).
        seed: of the split.
    """

    examples: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    format: str = ""
    inputs: dict[str, str] = {}
    expected: dict[str, str] = {}
    id: str = ""
    time: str = ""
    segment: str = ""
    session: str = ""
    incumbent: str = ""
    relevant: str = ""
    train: Share = 0.8
    select: Share = 0.1
    certify: Share = 0.1
    test_share: Share = 0.0
    by: Literal["hash", "time"] = "hash"
    seed: int = 0


class Documents(_Table, frozen=True, kw_only=True):
    """The knowledge of the task.

    Attributes:
        paths: globs of files, relative to the task's folder.
    """

    paths: tuple[str, ...] = ()


class Rules(_Table, frozen=True, kw_only=True):
    """The rules of the task.

    Attributes:
        policy: a typed YAML policy, or a DMN model (``.dmn``, ``.json``), relative to the task's folder; "" when there
            is none.
        readers: phrases and grammars that read the policy's facts from text, a YAML file; "" when the input fields
            are the facts themselves.
        facts: column of the examples that holds the stated facts of a row as JSON, by which readers are learned and
            trusted: of the TrainSplit and SelectSplit alone, test rows only measure them.
        recourse: decision to the decision a person would rather have: every answer of the first carries the smallest
            permitted change that leads to the second, or a proof that there is none.
        decision: which decision of a DMN model is asked for; left out, the one that no other needs.
        day: input field with the day of the case (ISO 8601), for rules that are in force for a time and for relative
            dates; "" when there is none.
    """

    policy: str = ""
    readers: str = ""
    facts: str = ""
    recourse: dict[str, str] = {}
    decision: str = ""
    day: str = ""


class Modular(_Table, frozen=True, kw_only=True):
    """How the modular family divides the task into steps.

    Attributes:
        intent: column of the examples that holds what a row is about; learned as a micro-model of its own. "" takes the
            target, where the task's kind is ``classify``.
        domain: column of the examples that holds the domain of a row's intent, for domain first and intent then.
        tagger: what finds values in a text: ``crf``, or ``encoder``, which is trained and takes longer.
        replies: templates of replies, TOML, relative to the task's folder; "" writes none.
        gold: step to the column of the examples that holds its right output, as JSON or text, by which the step is
            judged alone; steps whose right output is known anyway need none.
    """

    intent: str = ""
    domain: str = ""
    tagger: Literal["crf", "encoder"] = "crf"
    replies: str = ""
    gold: dict[str, str] = {}


class Simulation(_Table, frozen=True, kw_only=True):
    """How a simulated incumbent behaves: for trying Proveout before recording real answers.

    Attributes:
        error_rate: share of rows it gets wrong.
        latency_ms: median of the log-normal latency it pretends to have.
        usd_per_1000: what 1,000 of its answers pretend to cost.
        seed: of its errors and latencies.
    """

    error_rate: Share = 0.06
    latency_ms: Positive = 800.0
    usd_per_1000: NonNegative = 0.6
    seed: int = 0


class Incumbent(_Table, frozen=True, kw_only=True):
    """The LLM call in production today.

    Attributes:
        mode: ``recorded`` (its answers stand in the examples), ``endpoint`` (it can be called), ``local`` (a GGUF
            model on this machine), ``simulated`` or ``none``.
        model: its model name; with ``local``, ``smollm2-135m`` or the path of a ``.gguf`` file.
        base_url: of an OpenAI-compatible endpoint, ending in ``/v1``.
        api_key_env: environment variable that holds the key; the key itself never stands in a file of the task.
        api_key_file: file that holds the key, readable to its owner alone; ``~`` is the home folder.
        headers: headers sent with each call, by name; a value ``env:NAME`` is read from that environment variable.
        timeout_seconds: for one call.
        concurrency: calls under way at the same time.
        prompt: file of the prompt's template, relative to the task's folder; "" takes the built-in one.
        output_mode: how the output is asked for: ``schema`` (response_format with the output's JSON Schema), ``tool``
            (a forced call of one tool) or ``json`` (response_format json_object).
        examples_shown: labelled examples in the prompt.
        examples_chosen: ``spread`` shows the same examples, of as many outputs as possible, with every input;
            ``similar`` those most similar to the input.
        prompt_tokens: the prompt holds no more examples than fit in this many tokens, estimated.
        max_tokens: completion tokens of one answer at most.
        temperature: sent with each call.
        logprobs: ask for the log-probabilities of the answer's tokens; confidence is calibrated on them.
        self_agreement_rows: rows of the SelectSplit that are asked three times when building; 0 asks none.
        usd_per_million_in: price of prompt tokens; left out, it is looked up by base URL and model.
        usd_per_million_out: price of completion tokens; left out, it is looked up.
        simulated: the simulation's parameters.
    """

    mode: Literal["recorded", "endpoint", "local", "simulated", "none"] = "none"
    model: str = ""
    base_url: str = ""
    api_key_env: str = ""
    api_key_file: str = ""
    headers: dict[str, str] = {}
    timeout_seconds: Positive = 30.0
    concurrency: Annotated[int, Meta(ge=1, le=256)] = 4
    prompt: str = ""
    output_mode: Literal["schema", "tool", "json"] = "schema"
    examples_shown: Annotated[int, Meta(ge=0, le=200)] = 8
    examples_chosen: Literal["spread", "similar"] = "spread"
    prompt_tokens: Annotated[int, Meta(ge=1)] = 6000
    max_tokens: Annotated[int, Meta(ge=1)] = 1024
    temperature: Annotated[float, Meta(ge=0.0, le=2.0)] = 0.0
    logprobs: bool = True
    self_agreement_rows: Annotated[int, Meta(ge=0, le=1000)] = 20
    usd_per_million_in: NonNegative | None = None
    usd_per_million_out: NonNegative | None = None
    simulated: Simulation = Simulation()


class Budgets(_Table, frozen=True, kw_only=True):
    """Limits a candidate must keep.

    Attributes:
        usd_per_1000: US dollars per 1,000 requests; left out, there is no limit.
        latency_p95_ms: milliseconds at the 95th percentile.
        build_usd: US dollars that one build may pay a provider, and again the trial of what it built.
    """

    usd_per_1000: NonNegative | None = None
    latency_p95_ms: Positive | None = None
    build_usd: NonNegative | None = None


class KPI(_Table, frozen=True, kw_only=True):
    """A product figure the team watches.

    Attributes:
        name: of the figure.
        better: which direction is good.
        target: where the team wants it.
    """

    name: Name
    better: Literal["higher", "lower"] = "higher"
    target: float | None = None


class CertificateTerms(_Table, frozen=True, kw_only=True):
    """The promise a certificate makes: loss ≤ ``alpha`` with probability ≥ 1 - ``delta``.

    Attributes:
        alpha: the loss allowed, a share of requests.
        delta: the probability that the promise is broken.
        claim: that the cheap path agrees with the incumbent, or that it is right as often.
    """

    alpha: OpenShare = 0.01
    delta: OpenShare = 0.05
    claim: Literal["agreement", "non-inferiority"] = "agreement"


class CausalFactor(_Table, frozen=True, kw_only=True):
    """A property of the input, and how an input is edited in it and in nothing else.

    Attributes:
        name: of the factor; contrast rows name it too.
        role: ``causal`` (the output may depend on it), ``non-causal`` (it must not matter) or ``protected`` (it must
            not matter, and people are told apart by it).
        field: the input field it stands in; "" takes the only one.
        find: for text, a regular expression whose group, or whole match, is replaced; the first match counts.
        values: what replaces the field's value, or the group's text.
        range: lowest and highest number that replaces the value, or the group's number.
        step: distance of two numbers of ``range``; the smallest edit.
        template: how a number or value is written in a text; ``{}`` stands for it.
        insert: sentences added to a text; with ``groups``, ``{}`` in them stands for a value of the group.
        at: where they are added.
        direction: where the output moves in ``order`` when the number grows: never down, or never up.
        threshold: numbers at which the output may change, and nowhere between them.
        groups: of a protected factor, the values of each group, by its name.
    """

    name: Name
    role: Literal["causal", "non-causal", "protected"]
    field: str = ""
    find: str = ""
    values: tuple[str | int | float | bool, ...] = ()
    range: tuple[float, ...] = ()
    step: Positive = 1.0
    template: str = "{}"
    insert: tuple[str, ...] = ()
    at: Literal["start", "end"] = "end"
    direction: Literal["", "up", "down"] = ""
    threshold: tuple[float, ...] = ()
    groups: dict[str, tuple[str, ...]] = {}


class Causal(_Table, frozen=True, kw_only=True):
    """What the output may depend on: how the causal axis is measured, and no part of what the task means.

    Attributes:
        factors: properties of the input.
        contrast: files of contrast rows, relative to the task's folder: the columns of the task's inputs and outputs,
            ``id``, ``pair`` (id of the row they were made from by one edit; "" for that row itself), ``factor``,
            ``role``, and ``value`` (the factor's number, optional).
        order: outputs from lowest to highest, for factors with a ``direction``.
        rows: test rows edited for each factor, at most.
        edits: edits of one row for each factor, at most; a protected factor has one for each group.
        seed: of which rows and edits are drawn.
    """

    factors: tuple[CausalFactor, ...] = ()
    contrast: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    rows: Annotated[int, Meta(ge=1, le=10_000)] = 200
    edits: Annotated[int, Meta(ge=1, le=20)] = 2
    seed: int = 0


class Task(_Table, frozen=True, kw_only=True):
    """The contract of one LLM feature, as read from ``task.toml``.

    Attributes:
        name: of the feature, for people.
        kind: ``classify``, ``extract``, ``answer`` or ``decide``.
        input: JSON Schema (2020-12) of the input object.
        output: JSON Schema of the output object.
        target: the output field that is scored (``classify``, ``decide``); the only property when left out.
        out_of_scope: the label that means "none of these"; "" when the task has none.
        description: for people and for a prompt.
        root: the folder it was read from; not part of its meaning.
    """

    name: Name
    kind: Kind
    input: dict[str, Any]
    output: dict[str, Any]
    target: str = ""
    out_of_scope: str = ""
    description: str = ""
    data: DataSpec = DataSpec()
    documents: Documents = Documents()
    rules: Rules = Rules()
    modular: Modular = Modular()
    incumbent: Incumbent = Incumbent()
    budgets: Budgets = Budgets()
    kpis: tuple[KPI, ...] = ()
    certificate: CertificateTerms = CertificateTerms()
    causal: Causal = Causal()
    root: Path = Path()

    @property
    def input_fields(self) -> list[str]:
        """Names of the input fields, sorted: a JSON object has no order."""
        return sorted(self.input.get("properties", {}))

    @property
    def output_fields(self) -> list[str]:
        """Names of the output fields, sorted."""
        return sorted(self.output.get("properties", {}))

    @property
    def labels(self) -> list[str]:
        """The target's ``enum``, sorted, out-of-scope label included; empty when the schema leaves it open."""
        return sorted(self.output.get("properties", {}).get(self.target, {}).get("enum", []), key=str)

    def text(self, inputs: Mapping[str, Any]) -> str:
        r"""The input as one text: the field itself when there is one, ``field: value`` lines otherwise.

        Example:
            >>> schema = {"type": "object", "properties": {"subject": {}, "body": {}}}
            >>> Task(name="t", kind="classify", input=schema, output={}).text({"subject": "Hi", "body": "Help"})
            'body: Help\nsubject: Hi'
        """
        return input_text(self.input_fields, inputs)


def input_text(fields: Sequence[str], inputs: Mapping[str, Any]) -> str:
    """What `Task.text` gives, for a candidate that keeps the field names and not the task.

    Example:
        >>> input_text(["text"], {"text": "Help"})
        'Help'
    """
    if len(fields) == 1:
        return _as_text(inputs.get(fields[0]))
    return "\n".join(f"{field}: {_as_text(inputs.get(field))}" for field in fields)


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
