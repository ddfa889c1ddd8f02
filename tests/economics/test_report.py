"""The page opens offline, escapes, and draws what it says."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import StringIO
from xml.etree import ElementTree as ET

import msgspec
import pytest
from rich.console import Console

from proveout.economics import (
    ArchitectureTerms,
    Inputs,
    Measured,
    PriceTerms,
    Tier,
    Traffic,
    Uniform,
    cost,
    decide,
    print_costs,
    print_decision,
    render_costs,
    render_decision,
)

Make = Callable[..., Inputs]


@pytest.fixture
def inputs(make: Make) -> Inputs:
    return make(
        traffic=Traffic(queries_per_day=Uniform(low=5_000.0, high=15_000.0)),
        prices=PriceTerms(usd_per_error=0.01),
        tiers=(Tier(name="free", share=0.5), Tier(name="gold", share=0.5)),
    )


def test_pages_are_whole_and_ask_for_nothing(inputs: Inputs) -> None:
    for page in (render_costs(cost(inputs)), render_decision(decide(inputs))):
        assert "default-src 'none'" in page
        assert not re.search(r"""(src|href)\s*=\s*["']?(https?:)?//""", page)
        assert "<script" not in page
        drawings = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
        assert len(drawings) == 4
        for drawing in drawings:
            assert ET.fromstring(drawing).find("desc") is not None  # noqa: S314  our own drawing


def test_the_verdict_its_gates_and_its_evidence(inputs: Inputs) -> None:
    page = render_decision(decide(inputs))
    for words in ("Migrate to small.", "quality", "holds", "trial@0123456789abcdef, ledger 4, 5", "gold"):
        assert words in page


def test_the_same_costs_give_the_same_bytes(inputs: Inputs) -> None:
    assert render_costs(cost(inputs)) == render_costs(cost(inputs))


def test_names_are_escaped(make: Make) -> None:
    odd = Measured(architecture="<b>", candidate="<b>@1", provider_usd_per_1000=0.1, quality=0.9)
    page = render_decision(decide(make(Measured(architecture="llm", candidate="l@1", provider_usd_per_1000=1.0), odd)))
    assert "<b>" not in page


def test_a_move_that_never_pays_back_is_drawn_too(make: Make) -> None:
    page = render_decision(decide(make(traffic=Traffic(queries_per_day=50.0))))
    assert "Do not migrate." in page
    assert "never" in page
    nothing = make(architectures={"llm": ArchitectureTerms(provider_usd_per_1000=0.0), "small": ArchitectureTerms()})
    assert "<svg" in render_costs(cost(nothing))


def test_the_terminal_shows_the_table_and_the_verdict(inputs: Inputs) -> None:
    out = StringIO()
    console = Console(file=out, width=140, no_color=True)
    print_costs(cost(inputs), console)
    table = out.getvalue()
    assert "(incumbent)" in table
    print_decision(decide(inputs), console)
    assert "Verdict: migrate to small." in out.getvalue()
    assert "hangs most on" in out.getvalue()
    assert "It stops being worth it where" in out.getvalue()


def test_without_anything_to_move_to(make: Make) -> None:
    llm = Measured(architecture="llm", candidate="llm@1", provider_usd_per_1000=1.0)
    report = cost(make(llm, architectures={}))
    assert report.break_even == ()
    assert "Net present value of" in render_costs(report)
    assert msgspec.json.encode(report)
