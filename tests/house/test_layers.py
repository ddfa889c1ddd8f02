"""Packages import only downwards, through front pages; heavy libraries stay in the package that owns them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "proveout"
# From top to bottom; packages on one line may not import each other, except as PEERS says.
LAYERS = [
    {"cli", "console"},
    {"loop"},
    {"testing"},
    {"gateway", "events"},
    {"release", "monitor", "govern"},
    {"trial", "certify", "economics", "demo"},
    {"page"},
    {"families", "guard"},
    {"task", "data"},
    {"ledger"},
    {"store"},
    {"_registry", "_tables"},
    {"errors"},
]
PEERS = {("data", "task")}
OWNERS = {
    "click": {"cli"},
    "rich": {"cli", "trial", "economics"},
    "jinja2": {"certify", "page", "trial"},
    "sqlalchemy": {"store"},
    "duckdb": {"ledger"},
    "cryptography": {"ledger", "store", "certify"},
    "pyarrow": {"data", "ledger", "trial"},
    "sklearn": {"families", "trial"},
    "scipy": {"families", "trial", "certify", "data", "economics"},
    "onnx": {"families"},
    "onnxruntime": {"families"},
    "dateparser": {"families"},
    "tokenizers": {"families"},
    "safetensors": {"families"},
    "httptools": {"gateway", "testing"},
    "httpx": {"families", "gateway"},
    "jwt": {"gateway"},
    "pypdf": {"families"},
    "selectolax": {"families"},
    "semantic_text_splitter": {"families"},
    "cronsim": {"families"},
    "sqlite3": {"families", "events"},
    "cloudevents": {"events"},
    "prometheus_client": {"gateway"},
    "opentelemetry": {"gateway"},
    "faststream": {"events"},
    "nats": {"events"},
    "uvicorn": {"events", "gateway"},
    "uvloop": {"gateway", "testing"},
    "watchfiles": {"events"},
    "tantivy": {"families"},
    "usearch": {"families"},
    "genai_prices": {"task"},
    "torch": {"families"},
    "transformers": {"families"},
    "xllamacpp": {"families"},
    "dspy": {"families"},
    "z3": {"families"},
    "beartype": {"families"},
    "any_llm": {"gateway"},
    "dowhy": {"families"},
    "econml": {"families"},
    "pandas": {"families"},
    "networkx": {"families"},
    "yaml": {"task", "families"},
    "jsonschema": {"task", "data", "families", "gateway"},
    "tomli_w": {"families", "loop"},
}
DEPTH = {package: depth for depth, layer in enumerate(LAYERS) for package in layer}


def imports() -> Iterator[tuple[Path, int, str, str]]:
    """(file, line, package it is in, dotted name it imports) for each import in the source."""
    for path in sorted(SOURCE.rglob("*.py")):
        package = path.relative_to(SOURCE).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((path, node.lineno, package, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}:{node.lineno} imports relatively"
                names = [alias.name for alias in node.names] if node.module == "proveout" else [""]
                yield from ((path, node.lineno, package, f"{node.module}.{name}".rstrip(".")) for name in names)


ALL = list(imports())
OWN = [(path, line, package, name.split(".")) for path, line, package, name in ALL if name.startswith("proveout.")]


def test_every_package_has_a_layer() -> None:
    found = {path.name for path in SOURCE.iterdir() if path.is_dir() and (path / "__init__.py").exists()}
    assert found <= set(DEPTH), f"give these a layer: {found - set(DEPTH)}"


@pytest.mark.parametrize("package", sorted(DEPTH))
def test_imports_go_downwards(package: str) -> None:
    wrong = [
        f"{path}:{line} {package} imports {parts[1]}"
        for path, line, importer, parts in OWN
        if importer == package
        and parts[1] != package
        and DEPTH[parts[1]] <= DEPTH[package]
        and (package, parts[1]) not in PEERS
    ]
    assert wrong == []


def test_other_packages_are_imported_through_their_front_page() -> None:
    wrong = [
        f"{path}:{line} {'.'.join(parts)}"
        for path, line, importer, parts in OWN
        if len(parts) > 2 and parts[1] != importer and parts[2].startswith("_")
    ]
    assert wrong == []


def test_heavy_libraries_stay_with_their_owners() -> None:
    wrong = [
        f"{path}:{line} {package} imports {name}"
        for path, line, package, name in ALL
        if name.split(".")[0] in OWNERS and package not in OWNERS[name.split(".")[0]]
    ]
    assert wrong == []
