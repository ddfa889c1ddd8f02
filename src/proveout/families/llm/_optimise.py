"""A better prompt by DSPy: instructions are proposed, examples chosen, and only the SelectSplit decides.

The optimiser is MIPROv2 (Opsahl-Ong et al., EMNLP 2024, arXiv:2406.11695): it shows the model its own right answers
on training rows, lets it propose instructions, and searches pairs of both with a tree-structured Parzen estimator.
DSPy calls the model through the family's provider and its prompt template, so that what is scored is what is sent.
"""

from __future__ import annotations

import contextlib
import io
import logging
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from proveout.errors import DataEmpty, ExtraMissing, ProveoutError
from proveout.task import Example, Task, canonical_json, content_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from proveout.data import SelectSplit, TrainSplit
    from proveout.families.llm._completion import Completion

    Template = Callable[[Task, str, Sequence[Example], Mapping[str, Any]], list[dict[str, str]]]

__all__ = ["OptimisedPrompt", "OptimiserBudget", "TriedPrompt", "optimise_prompt", "plain_prompt"]

# Field names that no signature of DSPy's own has.
GIVEN, WANTED = "task_input", "task_output"
# Calls with which MIPROv2 describes the data and the program before and while it proposes; see `OptimiserBudget.calls`.
PROPOSING = 12


class Completes(Protocol):
    """A `Provider`, a `LocalProvider`, or what else completes."""

    def complete(self, body: dict[str, Any]) -> Completion:
        """One chat completion."""


class OptimiserBudget(msgspec.Struct, frozen=True, kw_only=True):
    """How much is tried.

    Attributes:
        candidates: instructions proposed, and sets of examples drawn.
        trials: pairs of both that are scored.
        shown: most examples in a prompt.
        train_rows: of the TrainSplit, examples to draw from.
        select_rows: of the SelectSplit, on which every pair is scored.

    Example:
        >>> OptimiserBudget(candidates=2, trials=3, train_rows=20, select_rows=10).calls
        94
    """

    candidates: int = 4
    trials: int = 8
    shown: int = 4
    train_rows: int = 100
    select_rows: int = 100

    @property
    def calls(self) -> int:
        """No more than this many completions: to score, to draw examples, to propose."""
        return (self.trials + 1) * self.select_rows + self.candidates * (self.train_rows + 1) + PROPOSING


class TriedPrompt(msgspec.Struct, frozen=True, kw_only=True):
    """One pair that was scored.

    Attributes:
        instructions: first text of the prompt.
        demos: ids of the training rows shown.
        right: rows of the SelectSplit it got right.
    """

    instructions: str
    demos: tuple[str, ...]
    right: int


class OptimisedPrompt(msgspec.Struct, frozen=True, kw_only=True):
    """The pair that did best on the SelectSplit; the unchanged prompt when none did better.

    Attributes:
        instructions: first text of the prompt.
        demos: training rows to show, in order.
        select_score: share of ``select_rows`` it got right; optimistic, since it was chosen on them.
        select_rows: how many there were.
        tried: all pairs, the best first; the unchanged prompt is one of them.
        calls: completions asked for.
    """

    instructions: str
    demos: tuple[Example, ...]
    select_score: float
    select_rows: int
    tried: tuple[TriedPrompt, ...]
    calls: int


def optimise_prompt(
    task: Task,
    train: TrainSplit,
    select: SelectSplit,
    provider: Completes,
    *,
    seed: int,
    budget: OptimiserBudget | None = None,
    template: Template | None = None,
) -> OptimisedPrompt:
    """Search instructions and examples for ``task``; ``template`` makes messages of them.

    Raises:
        ExtraMissing: DSPy is not installed.
        DataEmpty: a split has no labelled row.
        ProviderError: the model cannot be asked.
    """
    if find_spec("dspy") is None or find_spec("optuna") is None:
        why = "dspy or optuna, which optimise prompts, is not installed"
        raise ExtraMissing("no prompt optimiser", why=why, fix='pip install "proveout[dspy]"', about=task.name)
    spent = budget or OptimiserBudget()
    rows = _labelled(task, train.examples, spent.train_rows), _labelled(task, select.examples, spent.select_rows)
    search = _Search(task, provider, rows[0], template or plain_prompt, seed)
    best, scored = search.run(rows[1], spent)
    tried = tuple(search.tried(program, round(score * len(rows[1]) / 100)) for program, score in scored)
    return OptimisedPrompt(
        instructions=best.signature.instructions,
        demos=tuple(search.shown(best.demos)),
        select_score=round(max(one.right for one in tried) / len(rows[1]), 4),
        select_rows=len(rows[1]),
        tried=tried,
        calls=search.calls,
    )


def plain_prompt(
    task: Task, instructions: str, demos: Sequence[Example], inputs: Mapping[str, Any]
) -> list[dict[str, str]]:
    """Instructions and schema, then the examples as turns, then the input.

    Example:
        >>> task = Task(name="t", kind="classify", input={}, output={"type": "object"})
        >>> [turn["role"] for turn in plain_prompt(task, "Route it.", [], {"text": "Help"})]
        ['system', 'user']
    """
    schema = canonical_json(task.output).decode()
    system = f"{instructions}\nAnswer with one JSON object of this schema and nothing else:\n{schema}"
    turns = [turn for demo in demos for turn in (_said("user", demo.inputs), _said("assistant", demo.expected))]
    return [{"role": "system", "content": system}, *turns, _said("user", inputs)]


def _said(role: str, value: Any) -> dict[str, str]:
    return {"role": role, "content": canonical_json(value).decode()}


def _labelled(task: Task, examples: Iterable[Example], most: int) -> list[Example]:
    """The first labelled rows in an order that no file's order changes."""
    rows = sorted((one for one in examples if one.expected is not None), key=lambda one: content_hash(one.inputs))
    if not rows:
        fix = "give examples with their expected output"
        raise DataEmpty("no prompt to optimise", why="a split has no labelled row", fix=fix, about=task.name)
    return rows[:most]


def is_right(task: Task, text: str, expected: Any) -> bool:
    """Whether a reply is JSON of the output schema and equals ``expected``."""
    import jsonschema  # noqa: PLC0415  slow to import, and few commands need it

    try:
        output = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return False
    return bool(jsonschema.Draft202012Validator(task.output).is_valid(output)) and output == expected


class _Engine:
    """DSPy's view of a provider: `dspy.LM` calls `complete` with a request of its own form."""

    def __init__(self, provider: Completes, common: dict[str, Any]) -> None:
        self._provider = provider
        self._common = common
        self._known: dict[str, Completion] = {}
        self.calls = 0
        self.failed: ProveoutError | None = None

    def complete(self, request: Any) -> Any:
        """One completion; an error is kept, since DSPy goes on after some."""
        from dspy import lm15  # noqa: PLC0415  heavy, and optional

        if self.failed is not None:
            raise self.failed
        body = {"temperature": request.config.temperature or 0, **self._common, "messages": _messages(request)}
        try:
            reply = self._once(body)
        except ProveoutError as error:
            self.failed = error
            raise
        usage = lm15.Usage(input_tokens=reply.tokens_in, output_tokens=reply.tokens_out)
        message = lm15.Message.assistant(reply.text or " ")  # DSPy takes an empty reply for a failure of its own
        return lm15.Response(id=None, model=request.model, message=message, finish_reason="stop", usage=usage)

    def _once(self, body: dict[str, Any]) -> Completion:
        """The search scores a pair again when it draws it again; at temperature 0 that is not paid twice."""
        key = content_hash(body)
        if body["temperature"] or key not in self._known:
            self.calls += 1
            self._known[key] = self._provider.complete(body)
        return self._known[key]


def _messages(request: Any) -> list[dict[str, str]]:
    turns = [
        {"role": message.role, "content": "".join(part.text for part in message.parts)} for message in request.messages
    ]
    return [{"role": "system", "content": request.system}, *turns] if request.system else turns


class _Search:
    """One run of MIPROv2, and the way back from its programs to training rows."""

    def __init__(
        self, task: Task, provider: Completes, train: Sequence[Example], template: Template, seed: int
    ) -> None:
        self._task = task
        self._train = {canonical_json(one.inputs).decode(): one for one in train}
        self._template = template
        self._seed = seed
        common = {"model": task.incumbent.model, "seed": seed}
        schema = {"name": "output", "schema": task.output, "strict": True}
        formatted = {"response_format": {"type": "json_schema", "json_schema": schema}}
        self._asks, self._proposes = _Engine(provider, common | formatted), _Engine(provider, common)

    @property
    def calls(self) -> int:
        """Completions asked for, of both kinds."""
        return self._asks.calls + self._proposes.calls

    def shown(self, demos: Iterable[Mapping[str, Any]]) -> list[Example]:
        """Training rows that DSPy shows."""
        return [self._train[demo[GIVEN]] for demo in demos]

    def tried(self, program: Any, right: int) -> TriedPrompt:
        """A scored program as data."""
        demos = tuple(one.id for one in self.shown(program.demos))
        return TriedPrompt(instructions=program.signature.instructions, demos=demos, right=right)

    def run(self, select: Sequence[Example], budget: OptimiserBudget) -> tuple[Any, list[tuple[Any, float]]]:
        """The best program; and all scored ones with their scores in percent, the best first."""
        import dspy  # noqa: PLC0415  heavy, and optional

        asks, proposes = (
            dspy.LM("task", engine=one, cache=False, temperature=0, num_retries=0)
            for one in (self._asks, self._proposes)
        )
        instructions = self._task.description or f"Give the output of the task {self._task.name!r}."
        program = dspy.Predict(dspy.Signature(f"{GIVEN} -> {WANTED}", instructions))
        optimiser = dspy.MIPROv2(
            metric=lambda row, said, _=None: is_right(self._task, said[WANTED], msgspec.json.decode(row[WANTED])),
            prompt_model=proposes,
            task_model=asks,
            auto=None,
            num_candidates=budget.candidates,
            max_bootstrapped_demos=budget.shown,
            max_labeled_demos=budget.shown,
            num_threads=1,
            max_errors=1,
            seed=self._seed,
        )
        data = {"trainset": _rows(self._train.values()), "valset": _rows(select)}
        try:
            with _quiet(), dspy.context(lm=asks, adapter=self._adapter()):
                best = optimiser.compile(
                    program, **data, num_trials=budget.trials, minibatch=False, seed=self._seed + 1
                )
        finally:
            self._raise_kept()
        return best, [(one["program"], one["score"]) for one in best.candidate_programs]

    def _raise_kept(self) -> None:
        kept = self._asks.failed or self._proposes.failed
        if kept is not None:
            raise kept

    def _adapter(self) -> Any:
        """Our template for the task's calls, DSPy's own for its proposals."""
        import dspy  # noqa: PLC0415  heavy, and optional

        search = self

        class Ours(dspy.ChatAdapter):
            def format(self, signature: Any, demos: Any, inputs: Any) -> Any:
                if WANTED not in signature.output_fields:
                    return super().format(signature, demos, inputs)
                given = msgspec.json.decode(inputs[GIVEN])
                return search._template(search._task, signature.instructions, search.shown(demos), given)

            def parse(self, signature: Any, completion: str) -> Any:
                if WANTED in signature.output_fields:
                    return {WANTED: completion}
                try:
                    return super().parse(signature, completion)
                except dspy.utils.exceptions.AdapterParseError:  # a weak model does not keep DSPy's marks
                    return dict.fromkeys(signature.output_fields, completion)

        return Ours(use_json_adapter_fallback=False)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """DSPy prints its progress, to standard output too, where the answer of a command goes."""
    log = logging.getLogger("dspy")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        log.setLevel(level)


def _rows(examples: Iterable[Example]) -> list[Any]:
    import dspy  # noqa: PLC0415  heavy, and optional

    return [
        dspy.Example(
            **{GIVEN: canonical_json(one.inputs).decode(), WANTED: canonical_json(one.expected).decode()}
        ).with_inputs(GIVEN)
        for one in examples
    ]
