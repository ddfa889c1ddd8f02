"""Write the pages of docs/reference that the code itself knows best. Run: python docs/generate_reference.py."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import click
import msgspec

# Importing these registers the entries they write.
from proveout import errors, gateway
from proveout.cli import COMMANDS
from proveout.economics import (
    ArchitectureTerms,
    Criterion,
    CriterionScore,
    DecisionTerms,
    GateTerms,
    ModelPrice,
    MonteCarlo,
    PriceTerms,
    ProductFigure,
    Quantity,
    Scenario,
    Tier,
    Traffic,
)
from proveout.events import FieldRule, GateSpec, Trigger
from proveout.families.modular.graph import Retry, StepSpec
from proveout.families.modular.graph._input_types import TYPES
from proveout.families.modular.graph._toml import GraphTable, StepTable
from proveout.ledger import entry_kinds, entry_type
from proveout.task import (
    KPI,
    Budgets,
    Causal,
    CausalFactor,
    CertificateTerms,
    DataSpec,
    Documents,
    Incumbent,
    Modular,
    Rules,
    Simulation,
    Task,
)

HEAD = """# Command line

Data goes to standard output, progress and errors to standard error. `--json` prints the result as JSON, or writes it
to a file when one is named; an error is then also printed as `{"error", "about", "what", "why", "fix"}`. `NO_COLOR`
is honoured.

| exit code | meaning | class of [error](errors.md) |
|---|---|---|
| 0 | done | |
| 1 | a bug in Proveout | |
| 2 | wrong usage | |
| 3 | bad input | all branches not named below |
| 4 | something stored is not what was stored | `IntegrityError` |
| 5 | another process is at it | `BusyError` |
| 6 | the machine lacks something | `SetupError` |
| 7 | a provider failed | `ProviderError` |
| 130 | interrupted | |
"""

ERRORS = """# Errors

One tree under `ProveoutError`, in `proveout.errors`. Each error says what happened, why, and what to do next, and has
the id of what it concerns: `error.what`, `error.why`, `error.fix`, `error.about`. On the command line the exit code is
the branch's, and `--json` prints the error as an object.

```python
from pathlib import Path

import proveout
from proveout.errors import TaskNotFound

try:
    proveout.snapshot(Path("nowhere"))
except TaskNotFound as error:
    print(error.fix)
```
"""
TASK = """# task.toml

The contract of one LLM feature. Unknown keys are errors, answered with the nearest valid one. The *fingerprint* of a
task changes if and only if its meaning does: comments, key order, spelled-out defaults, file locations, the name, the
causal factors and the order of `enum`, `required` and `properties` mean nothing.

"""
GRAPH = """# Graph TOML

A graph of steps as a file: see [graphs of steps](../how-to/graphs.md). Unknown keys are errors, answered with the
nearest valid one.

A reference names a value: `input.text`, the output of a step (`intent`), a part of it (`intent.label`), or the first of
several that was not skipped (`book.reply | refuse.reply`).

`module:function` is looked for in a file beside the graph, then among installed packages; the current directory is not
searched. Importing a module runs it, so a graph file is as trusted as code. A file beside the graph imports another
with `from . import other`.

"""
SCENARIO = """# scenario.toml

What costs and decisions stand on besides the latest trial: traffic, prices, and what no trial can measure. `proveout
cost` and `proveout decide` read it from the task's folder, or from the file that `--scenario` names. Unknown keys are
errors, answered with the nearest valid one; so are negative volumes, figures beyond reason, and distributions of which
over 1 % of the draws lie outside the bounds of their figure. All money is in US dollars.

A *number or distribution* is a number or one of these tables. The typical value is what break-even days are worked out
from; P10, P50 and P90 come from draws.

| distribution | table | typical value |
|---|---|---|
| uniform | `{ dist = "uniform", low = 1, high = 3 }` | the middle |
| triangular | `{ dist = "triangular", low = 1, mode = 2, high = 5 }` | `mode` |
| normal | `{ dist = "normal", mean = 10, sd = 2 }` | `mean` |
| lognormal | `{ dist = "lognormal", median = 10, sigma = 0.5 }` | `median` |

"""
EVENTS = """# events.toml

What `proveout events` reacts to, beside `task.toml`: one `[[triggers]]` table for each reaction. Unknown keys are
errors. A path is `data`, `data.FIELD.FIELD`, `extensions.NAME` or an attribute of the event: `subject`, `type`, `time`.

"""
GATEWAY = """# gateway.toml

What a team decides about its gateway: `proveout serve` reads it from its `--home`. Every key has a default but
`base_url`, and without the file all defaults are in force. Unknown keys are errors, answered with the nearest valid
one; so are contradictions: a fallback that does not exist or leads back, a URL with a password in it, a header that
frames messages. A change is in force within a second, in all workers or in none; a file that is not valid leaves the
old settings in force, and the gateway says why. Secrets stand in environment variables, which are named here.

`ring_bytes` of a worker changes when the worker is started again.

"""
ENTRIES = """# Ledger entries

What happened, each written once. `proveout ledger show DIR` lists them; in Python, `proveout.ledger.LedgerReader` reads
them. An old version of a body is read as its newest.
"""
TABLES = [
    ("[data]", "data.", DataSpec),
    ("[documents]", "documents.", Documents),
    ("[rules]", "rules.", Rules),
    ("[modular]", "modular.", Modular),
    ("[incumbent]", "incumbent.", Incumbent),
    ("[incumbent.simulated]", "incumbent.simulated.", Simulation),
    ("[budgets]", "budgets.", Budgets),
    ("[[kpis]]", "kpis[].", KPI),
    ("[certificate]", "certificate.", CertificateTerms),
    ("[causal]", "causal.", Causal),
    ("[[causal.factors]]", "causal.factors[].", CausalFactor),
]

GATEWAY_TABLES = [
    ("[server]", "server.", gateway.Server),
    ("[providers.NAME]", "providers.NAME.", gateway.Provider),
    ("[tasks.NAME]", "tasks.NAME.", gateway.ServedTask),
    ("[tasks.NAME.limits]", "tasks.NAME.limits.", gateway.Limits),
    ("[tiers.NAME]", "tiers.NAME.", gateway.Tier),
    ("[tiers.NAME.limits]", "tiers.NAME.limits.", gateway.Limits),
    ("[cache]", "cache.", gateway.CacheTerms),
    ("[cache.semantic.NAME]", "cache.semantic.NAME.", gateway.Semantic),
    ("[guards]", "guards.", gateway.Guards),
    ("[telemetry]", "telemetry.", gateway.Telemetry),
    ("[admin]", "admin.", gateway.AdminAccess),
]

SCENARIO_TABLES = [
    ("[traffic]", "traffic.", Traffic),
    ("[[tiers]]", "tiers[].", Tier),
    ("[prices]", "prices.", PriceTerms),
    ("[[models]]", "models[].", ModelPrice),
    ("[architectures.NAME]", "architectures.NAME.", ArchitectureTerms),
    ("[gates]", "gates.", GateTerms),
    ("[decision]", "decision.", DecisionTerms),
    ("[[criteria]]", "criteria[].", Criterion),
    ("scores.NAME of [[criteria]]", "criteria[].scores.NAME.", CriterionScore),
    ("[[product]]", "product[].", ProductFigure),
    ("[monte_carlo]", "monte_carlo.", MonteCarlo),
]


def section(command: click.Command, path: str) -> str:
    """One command's heading and help, and those of its sub-commands."""
    context = click.Context(command, info_name=path, max_content_width=100, terminal_width=100)
    parts = [f"\n## `{path}`\n\n```text\n{command.get_help(context)}\n```\n"]
    parts += [section(inner, f"{path} {name}") for name, inner in getattr(command, "commands", {}).items()]
    return "".join(parts)


def cli_page() -> str:
    """Every command's help."""
    return HEAD + "".join(
        section(import_module(module).command, f"proveout {name}") for name, (module, _) in COMMANDS.items()
    )


def _below(branch: type[errors.ProveoutError]) -> list[type[errors.ProveoutError]]:
    """All classes under one, each before those under it."""
    return [kind for child in branch.__subclasses__() for kind in (child, *_below(child))]


def errors_page() -> str:
    """Every error, its exit code and its meaning, branch by branch."""
    parts = [ERRORS]
    for branch in errors.ProveoutError.__subclasses__():
        parts.append(f"\n## `{branch.__name__}`\n\nExit code {branch.exit_code}. {inspect.getdoc(branch)}\n\n")
        parts.append("| error | when |\n|---|---|\n")
        parts += [f"| `{kind.__name__}` | {_line(inspect.getdoc(kind) or '')} |\n" for kind in _below(branch)]
    return "".join(parts)


def _below(branch: type[errors.ProveoutError]) -> list[type[errors.ProveoutError]]:
    """All kinds of a branch, each before its own kinds."""
    return [found for kind in branch.__subclasses__() for found in (kind, *_below(kind))]


def task_page() -> str:
    """Every key of task.toml with type, default and meaning."""
    return (
        TASK
        + _table(Task, "")
        + "".join(
            f"\n## `{title}`\n\n{_line(inspect.getdoc(kind) or '')}\n\n{_table(kind, prefix)}"
            for title, prefix, kind in TABLES
        )
    )


def graph_page() -> str:
    """Every key of a graph file, and the types that an input may have."""
    parts = [GRAPH, _table(GraphTable, "")]
    parts.append("\n## `[steps.NAME]`\n\nOne step, under its name. Either `run` or `graph` says what it calls.\n\n")
    parts.append(_table(StepTable, "steps.NAME.", _meanings(StepSpec) | _meanings(StepTable)))
    parts.append("\n## `[steps.NAME.retry]`\n\n" + _line(inspect.getdoc(Retry) or "") + "\n\n")
    parts.append(_table(Retry, "steps.NAME.retry."))
    parts.append("\n## Types of input fields\n\n| type | a value |\n|---|---|\n")
    parts += [f"| `{name}` | {meaning} |\n" for name, (_, meaning) in TYPES.items()]
    parts.append("| `list[T]` | a list of `T` |\n| `dict[str, T]` | an object whose values are `T` |\n")
    parts.append("| `T?` | `T` or null; the field may be left out |\n")
    return "".join(parts)


def scenario_page() -> str:
    """Every key of scenario.toml with type, default and meaning."""
    return (
        SCENARIO
        + _table(Scenario, "")
        + "".join(
            f"\n## `{title}`\n\n{_line(inspect.getdoc(kind) or '')}\n\n{_table(kind, prefix)}"
            for title, prefix, kind in SCENARIO_TABLES
        )
    )


def events_page() -> str:
    """Every key of events.toml with type, default and meaning."""
    parts = [f"{EVENTS}## `[[triggers]]`\n\n{_table(Trigger, '')}"]
    for title, prefix, kind in (("gate", "gate.", GateSpec), ("gate.fields", "gate.fields[].", FieldRule)):
        parts.append(f"\n## `{title}`\n\n{_line(inspect.getdoc(kind) or '')}\n\n{_table(kind, prefix)}")
    return "".join(parts)


def gateway_page() -> str:
    """Every key of gateway.toml with type, default and meaning."""
    parts = [GATEWAY, _table(gateway.Settings, "")]
    for title, prefix, kind in GATEWAY_TABLES:
        parts.append(f"\n## `{title}`\n\n{_line(inspect.getdoc(kind) or '')}\n\n{_table(kind, prefix)}")
    return "".join(parts)


def entries_page() -> str:
    """Every kind of ledger entry with its fields."""
    parts = [ENTRIES]
    for package in ("proveout.gateway.keys", "proveout.gateway.record"):
        import_module(package)
    for kind in entry_kinds():
        body = entry_type(kind)
        parts.append(f"\n## `{kind}`\n\nVersion {body.version}. {_line(inspect.getdoc(body) or '')}\n\n")
        parts.append("| field | type |\n|---|---|\n")
        parts += [
            f"| `{name}` | `{_type(hint)}` |\n"
            for name, hint in get_type_hints(body).items()
            if name not in {"kind", "version"}
        ]
    return "".join(parts)


def _line(doc: str) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join(doc.split("\n\n", maxsplit=1)[0].split()).replace("``", "`").replace("|", "\\|")


def _meanings(kind: type) -> dict[str, str]:
    """What the Attributes section of a docstring says of each field."""
    section_text = (inspect.getdoc(kind) or "").partition("Attributes:")[2].partition("\n\n")[0]
    found = re.findall(r"^ {4}(\w+): (.+(?:\n {8}.+)*)", section_text, re.MULTILINE)
    return {name: " ".join(meaning.split()).replace("``", "`") for name, meaning in found}


def _table(kind: type[msgspec.Struct], prefix: str, said: dict[str, str] | None = None) -> str:
    rows = ["| key | type | default | meaning |\n|---|---|---|---|\n"]
    meanings = _meanings(kind) if said is None else said
    for field in msgspec.structs.fields(kind):
        hint = get_type_hints(kind)[field.name]
        if field.name == "root" or _is_table(hint):
            continue
        rows.append(
            f"| `{prefix}{field.name}` | {_words(hint)} | {_default(field)} | {meanings.get(field.name, '')} |\n"
        )
    return "".join(rows)


def _is_quantity(hint: Any) -> bool:
    return set(get_args(Quantity)) <= set(get_args(hint))


def _is_table(hint: Any) -> bool:
    if _is_quantity(hint):
        return False
    kinds = (hint, *get_args(hint))
    return any(isinstance(kind, type) and issubclass(kind, msgspec.Struct) for kind in kinds)


def _words(hint: Any) -> str:
    if _is_quantity(hint):
        return "number or distribution"
    if get_origin(hint) is Literal:
        return " or ".join(f"`{value}`" if value else '`""`' for value in get_args(hint))
    return f"`{_type(hint)}`"


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.default is not msgspec.NODEFAULT:
        return f"`{msgspec.json.encode(field.default).decode()}`"
    if field.default_factory is not msgspec.NODEFAULT:
        return f"`{msgspec.json.encode(field.default_factory()).decode()}`"
    return "required"


def _type(hint: Any) -> str:
    return (
        str(getattr(hint, "__name__", hint) if not get_args(hint) else hint).replace("typing.", "").replace("|", "\\|")
    )


def pages() -> dict[str, str]:
    """The generated pages by file name."""
    return {
        "cli.md": cli_page(),
        "errors.md": errors_page(),
        "task-toml.md": task_page(),
        "graph-toml.md": graph_page(),
        "scenario-toml.md": scenario_page(),
        "events-toml.md": events_page(),
        "gateway-toml.md": gateway_page(),
        "ledger-entries.md": entries_page(),
    }


def main() -> None:
    """Write the pages."""
    folder = Path(__file__).parent / "reference"
    folder.mkdir(exist_ok=True)
    for name, content in pages().items():
        (folder / name).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
