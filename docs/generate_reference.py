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
from proveout import errors
from proveout.cli import COMMANDS
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
| 3 | bad input | `TaskError`, `DataError`, `FamilyError`, `PolicyError`, `CertifyError`, `LedgerError` |
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
ENTRIES = """# Ledger entries

What happened, each written once. `proveout ledger show DIR` lists them; in Python, `proveout.ledger.LedgerReader` reads
them. An old version of a body is read as its newest.
"""
TABLES = [
    ("[data]", "data.", DataSpec),
    ("[documents]", "documents.", Documents),
    ("[rules]", "rules.", Rules),
    ("[incumbent]", "incumbent.", Incumbent),
    ("[incumbent.simulated]", "incumbent.simulated.", Simulation),
    ("[budgets]", "budgets.", Budgets),
    ("[[kpis]]", "kpis[].", KPI),
    ("[certificate]", "certificate.", CertificateTerms),
    ("[causal]", "causal.", Causal),
    ("[[causal.factors]]", "causal.factors[].", CausalFactor),
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


def errors_page() -> str:
    """Every error, its exit code and its meaning, branch by branch."""
    parts = [ERRORS]
    for branch in errors.ProveoutError.__subclasses__():
        parts.append(f"\n## `{branch.__name__}`\n\nExit code {branch.exit_code}. {inspect.getdoc(branch)}\n\n")
        parts.append("| error | when |\n|---|---|\n")
        parts += [f"| `{kind.__name__}` | {_line(inspect.getdoc(kind) or '')} |\n" for kind in branch.__subclasses__()]
    return "".join(parts)


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


def entries_page() -> str:
    """Every kind of ledger entry with its fields."""
    parts = [ENTRIES]
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


def _table(kind: type[msgspec.Struct], prefix: str) -> str:
    rows = ["| key | type | default | meaning |\n|---|---|---|---|\n"]
    meanings = _meanings(kind)
    for field in msgspec.structs.fields(kind):
        hint = get_type_hints(kind)[field.name]
        if field.name == "root" or _is_table(hint):
            continue
        rows.append(
            f"| `{prefix}{field.name}` | {_words(hint)} | {_default(field)} | {meanings.get(field.name, '')} |\n"
        )
    return "".join(rows)


def _is_table(hint: Any) -> bool:
    kinds = (hint, *get_args(hint))
    return any(isinstance(kind, type) and issubclass(kind, msgspec.Struct) for kind in kinds)


def _words(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return " or ".join(f"`{value}`" for value in get_args(hint))
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
