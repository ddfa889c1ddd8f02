"""SmolLM2-135M on PubMedQA beside the majority class. Run: python bench/llm_local.py --data DIR [--rows 0] [--json].

DIR holds train.jsonl, test.jsonl (id, question, answer) and corpus.jsonl (id, text). Nothing is chosen: the prompt, the
cuts and the shown rows (the first of train.jsonl for each answer) were fixed before any test row was read. The model
is small and weak; this measures that the path works and what it costs, and is no baseline for other families.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema

from proveout.families.llm import LocalProvider, LocalSettings, local_parameters, plain_prompt
from proveout.task import Example, Task
from proveout.trial import wilson

# Characters of an abstract: of the one asked about, and of each one shown. Two thousand tokens hold them all.
ASKED, SHOWN = 1500, 600
ANSWERS = ("yes", "no", "maybe")
TASK = Task(
    name="pubmedqa",
    kind="classify",
    input={"type": "object", "properties": {"question": {"type": "string"}, "abstract": {"type": "string"}}},
    output={
        "type": "object",
        "properties": {"answer": {"enum": list(ANSWERS)}},
        "required": ["answer"],
        "additionalProperties": False,
    },
)
INSTRUCTIONS = "Read the abstract and answer the question about it with yes, no or maybe."
# R: recalled from the literature (Jin et al., EMNLP 2019, and its leaderboard), on all 500 rows of the official test.
PUBLISHED = {"BioBERT": 0.681, "human": 0.780}

Figures = dict[str, Any]


def rows(folder: Path, name: str, most: int) -> list[Example]:
    """Labelled questions with their abstracts, cut to ``most`` characters, in the file's order."""
    texts = {row["id"]: row["text"] for row in lines(folder / "corpus.jsonl")}
    return [
        Example(
            id=row["id"],
            inputs={"question": row["question"], "abstract": texts[row["id"]][:most]},
            expected={"answer": row["answer"]},
        )
        for row in lines(folder / f"{name}.jsonl")
    ]


def lines(path: Path) -> list[Figures]:
    """The objects of a JSON Lines file."""
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def first_of_each(examples: list[Example]) -> list[Example]:
    """The first row of each answer."""
    return [next(one for one in examples if one.expected == {"answer": answer}) for answer in ANSWERS]


def measure(model: LocalProvider, shown: list[Example], test: list[Example]) -> Figures:
    """Ask for each row; what is not of the schema counts as wrong."""
    wrapped = {"type": "json_schema", "json_schema": {"name": "output", "schema": TASK.output, "strict": True}}
    said: list[str | None] = []
    waits, tokens = [], []
    for row in test:
        messages = plain_prompt(TASK, INSTRUCTIONS, shown, row.inputs)
        begun = time.perf_counter()
        reply = model.complete({"messages": messages, "temperature": 0, "response_format": wrapped})
        waits.append(time.perf_counter() - begun)
        tokens.append(reply.tokens_in)
        said.append(answer_of(reply.text))
    right = sum({"answer": one} == row.expected for one, row in zip(said, test, strict=True))
    return {
        "accuracy": wilson(right, len(test)),
        "of_the_schema": sum(one is not None for one in said) / len(test),
        "said": dict(Counter(str(one) for one in said).most_common()),
        "p50_ms": statistics.median(waits) * 1000,
        "p50_tokens_in": statistics.median(tokens),
    }


def answer_of(text: str) -> str | None:
    """The answer in a reply, when it is JSON of the schema."""
    try:
        output = json.loads(text)
    except json.JSONDecodeError:
        return None
    return str(output["answer"]) if jsonschema.Draft202012Validator(TASK.output).is_valid(output) else None


def majority(train: list[Example], test: list[Example]) -> Figures:
    """Always the most frequent answer of the training rows."""
    [(answer, _)] = Counter((row.expected or {})["answer"] for row in train).most_common(1)
    right = sum(row.expected == {"answer": answer} for row in test)
    return {"accuracy": wilson(right, len(test)), "of_the_schema": 1.0, "said": {answer: len(test)}}


def show(found: dict[str, Figures]) -> None:
    """A row for each, and the published ones."""
    print(f"{'':<26}{'accuracy':>9}{'95 % interval':>16}{'of schema':>11}{'p50 ms':>9}{'tokens':>8}  said")
    for name, figures in found.items():
        value, low, high = figures["accuracy"]
        cost = f"{figures['p50_ms']:>9.0f}{figures['p50_tokens_in']:>8.0f}" if "p50_ms" in figures else " " * 17
        between = f"{low:.1%}-{high:.1%}"
        print(f"{name:<26}{value:>9.1%}{between:>16}{figures['of_the_schema']:>11.0%}{cost}  {figures['said']}")
    for name, accuracy in PUBLISHED.items():
        print(f"{name + ' (published)':<26}{accuracy:>9.1%}")


def main() -> None:
    """Print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=100, help="test rows, in the file's order; 0 takes all")
    parser.add_argument("--model", default="smollm2-135m", help="or the path of a .gguf file")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    train = rows(options.data, "train", SHOWN)
    test = rows(options.data, "test", ASKED)[: options.rows or None]
    shown = first_of_each(train)
    found = {"majority class": majority(train, test)}
    for count in (0, len(shown)):
        # The shown rows are the same in every prompt, so they are computed once.
        model = LocalProvider(options.model, LocalSettings(context=2048, reply=64, reuse=count > 0))
        found[f"{options.model}, {count} shown"] = measure(model, shown[:count], test)
        model.close()
    if options.json:
        parameters = local_parameters(options.model)
        print(json.dumps({"measured": found, "rows": len(test), "model": parameters, "published": PUBLISHED}))
    else:
        show(found)


if __name__ == "__main__":
    main()
