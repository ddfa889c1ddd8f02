"""Rows of a small assistant, and a folder to build in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proveout.families._spans import Span
from proveout.families.modular.micro import BuiltMicro, Encoders, MicroRow, MicroRows, MicroRun, build_micro

CITIES = ("Bonn", "New York", "Lyon", "San Jose", "Bern", "Los Altos", "Oslo", "Los Angeles")
SHAPES = {
    "weather": ("will it rain in {city} today", "weather in {city}", "how warm does it get in {city}"),
    "forecast": ("forecast of the week in {city}", "next days in {city} please", "the outlook for {city}"),
    "book": ("book a table in {city}", "reserve dinner in {city} tonight", "a restaurant in {city} for two"),
    "cancel": ("cancel my table in {city}", "drop the reservation in {city}", "no dinner in {city} after all"),
}
DOMAINS = {"weather": "sky", "forecast": "sky", "book": "food", "cancel": "food"}
OUTSIDE = ("who won the election", "tell me a joke about cats", "translate this into latin", "my phone is broken")
Build = Callable[..., BuiltMicro]


def row_of(intent: str, shape: str, city: str) -> MicroRow:
    text = shape.format(city=city)
    at = text.index(city)
    return MicroRow(text=text, intent=intent, domain=DOMAINS[intent], spans=(Span(at, at + len(city), "city"),))


def rows_of(cities: tuple[str, ...]) -> tuple[MicroRow, ...]:
    named = tuple(
        row_of(intent, shape, city) for city in cities for intent, shapes in SHAPES.items() for shape in shapes
    )
    away = tuple(MicroRow(text=f"{text} {at}", inside=False) for at, text in enumerate(OUTSIDE * len(cities)))
    return named + away


@pytest.fixture(scope="session")
def rows() -> MicroRows:
    return MicroRows(train=rows_of(CITIES[:6]), select=rows_of(CITIES[6:]))


@pytest.fixture
def run(tmp_path: Path) -> MicroRun:
    return MicroRun(seed=0, cache=tmp_path / "cache", encoders=Encoders(tmp_path / "cache"))


@pytest.fixture
def make(rows: MicroRows, run: MicroRun) -> Build:
    """Builds one on TF-IDF, which needs no weights."""

    def made(kind: str, name: str = "", **options: Any) -> BuiltMicro:
        if kind in {"intent", "scope"}:
            options["parameters"] = {"encoders": ["tfidf"], **options.get("parameters", {})}
        if kind == "slots":
            options["parameters"] = {"regularisation": [0.0], **options.get("parameters", {})}
        return build_micro(name or kind, kind, options.pop("rows", rows), options.pop("run", run), **options)

    return made
