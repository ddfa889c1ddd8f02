from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import pytest

from proveout import certify


@pytest.mark.parametrize("claim", ["agreement", "non-inferiority"])
@pytest.mark.parametrize("count", [30, 900])
def test_the_page_stands_alone(made: Any, claim: str, count: int) -> None:
    plan = made.plan(made.rows(700, seed=3), claim=claim, alpha=0.03)
    certificate, _ = made.certificate(plan, made.rows(count))
    page = certify.render_certificate(certificate)
    assert page == certify.render_certificate(certificate)
    assert certificate.statement in page.replace("\N{NO-BREAK SPACE}", " ")
    assert re.search(r"<script|https?://|@import|url\(", page) is None
    assert "default-src 'none'" in page
    for drawing in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        ET.fromstring(drawing)  # noqa: S314  our own drawing
    assert ("certified:" in page) == certificate.certified


def test_text_of_others_is_escaped(made: Any) -> None:
    evil = '<img src="x" onerror="alert(1)">'
    plan = msgspec.structs.replace(made.plan(made.rows(700, segments=(evil, "b"))), task_name=evil)
    page = certify.render_certificate(made.certificate(plan, made.rows(900, segments=(evil, "b")))[0])
    assert "<img" not in page
    assert "&lt;img" in page


def test_what_stands_for_the_incumbent_is_said_first(made: Any) -> None:
    for who, words in (
        (certify.Incumbency(source="expected labels"), "the expected labels stand for it"),
        (certify.Incumbency(source="llm@1", simulated=True), "The incumbent is simulated."),
    ):
        page = certify.render_certificate(made.certificate(made.plan(made.rows(300), incumbent=who), made.rows(400))[0])
        assert words in page


def test_many_segments_are_drawn_in_part_and_told_in_full(made: Any) -> None:
    names = tuple(f"segment-{at:02d}" for at in range(15))
    certificate, _ = made.certificate(made.plan(made.rows(600, segments=names)), made.rows(900, segments=names))
    page = certify.render_certificate(certificate)
    assert page.count("<svg") == 12
    assert page.count("goes to the incumbent") >= 15
    assert "The first 12 of 15 segments" in page
