from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest

from proveout.task import Causal, CausalFactor, Citation, Evidence, Neighbour
from proveout.trial import Curve, CurvePoint, Skipped, render_report

Bench = Any  # the fixture's class lives in conftest, which a test module cannot import
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&{{ 7*7 }}</style></title>\u202e"
VOID = {"meta", "br", "img", "link"}
LOADING = {"src", "href", "srcset", "data", "action", "poster", "background", "xlink:href", "style"}


class Page(HTMLParser):
    """Elements and attributes as a browser would see them; fails on tags that do not nest."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def check_inert(page: Page) -> None:
    assert {tag for tag, _ in page.tags} & {"script", "img", "link", "iframe", "object", "embed", "form"} == set()
    for tag, attributes in page.tags:
        loaded = LOADING & set(attributes)
        assert not loaded, (tag, attributes)
        assert not any(name.startswith("on") for name in attributes), (tag, attributes)


def test_the_report_loads_nothing_and_allows_its_own_style_alone(bench: Bench) -> None:
    html = render_report(bench.showcase(200))
    page = Page(html)
    check_inert(page)
    policy = next(a["content"] for t, a in page.tags if t == "meta" and a.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert style is not None
    assert base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode() in policy
    assert "url(" not in style[1]
    assert "@import" not in style[1]


def test_hostile_text_is_inert(bench: Bench) -> None:
    evidence = Evidence(
        neighbours=(Neighbour(example=HOSTILE, fingerprint="f", similarity=0.5, output={HOSTILE: HOSTILE}),),
        citations=(Citation(document=HOSTILE, fingerprint="f", start=0, end=3),),
        note=HOSTILE,
    )
    labels = [HOSTILE, "b"]
    task = bench.task(labels)
    rows = [
        msgspec.structs.replace(row, id=HOSTILE + row.id, inputs={"text": HOSTILE}, segment=HOSTILE)
        for row in bench.rows(labels * 5)
    ]
    snapshot = bench.Snapshot(task, rows, rows)
    one = bench.built(
        snapshot, lambda _i, n: bench.said(labels[n % 3 == 0], evidence=evidence), parameters={HOSTILE: HOSTILE}
    )
    result = bench.compare(task, snapshot, [one], skipped=(Skipped(HOSTILE, HOSTILE),), next=HOSTILE)
    result = msgspec.structs.replace(result, task=msgspec.structs.replace(result.task, name=HOSTILE))
    page = Page(render_report(result))
    check_inert(page)
    assert page.text.count("alert(1)") >= 10


def test_drawings_and_tables_are_accessible(bench: Bench) -> None:
    point = CurvePoint(per_class=1, examples=7.0, accuracy=0.5, low=0.4, high=0.6, seeds=(0.5,), ledger=(3,))
    curve = Curve("distilled", (point, msgspec.structs.replace(point, per_class=2)), 0.5)
    page = Page(render_report(msgspec.structs.replace(bench.showcase(200), curves=(curve,))))
    names = [tag for tag, _ in page.tags]
    drawings = names.count("svg")
    assert drawings >= 2 + 1 + 3
    assert names.count("desc") == drawings
    assert all(a.get("role") == "img" and a.get("aria-label") for t, a in page.tags if t == "svg")
    assert all(a.get("scope") in {"col", "row"} for t, a in page.tags if t == "th")
    assert names.count("h1") == 1
    assert any(t == "html" and a.get("lang") == "en" for t, a in page.tags)


def test_the_report_is_the_same_bytes_for_the_same_comparison(bench: Bench) -> None:
    result = bench.showcase(100)
    assert render_report(result) == render_report(result)


@pytest.mark.parametrize("labels", [[], ["a"], ["oos"] * 3, [None, None]])
def test_reports_of_almost_nothing(bench: Bench, labels: list[str | None]) -> None:
    result = bench.trial_of(labels, lambda _i, _n: bench.abstained("a"), out_of_scope="oos")
    page = Page(render_report(result))
    assert "nan" not in page.text.lower().split()


def test_many_labels_show_pairs_and_no_matrix(bench: Bench) -> None:
    html = render_report(bench.showcase(400, labels=40))
    assert "Most frequent confusions" in html
    assert "Confusion matrix" not in html
    assert "(simulated)" in html


def test_what_the_reader_needs_is_there(bench: Bench) -> None:
    result = bench.showcase(100)
    text = Page(render_report(result)).text
    needed = [result.trial, result.snapshot, result.task.fingerprint, result.candidates[0].id, "chosen on select"]
    assert all(part in text for part in needed)
    assert "What this does not say" in text
    assert "CertifySplit" in text


def test_both_axes_are_shown(bench: Bench) -> None:
    factor = CausalFactor(name=HOSTILE, role="non-causal", insert=("Hello.",))
    task = msgspec.structs.replace(bench.task(), causal=Causal(factors=(factor,)))
    rows = bench.rows(["a", "b"] * 10)
    snapshot = bench.Snapshot(task, rows, rows)
    built = bench.built(snapshot, lambda inputs, _n: bench.said("b" if "Hello" in inputs["text"] else "a"))
    result = bench.compare(task, snapshot, [built], causal=True, interpret=True)
    page = Page(render_report(result))
    check_inert(page)
    shown = " ".join(page.text.split())
    assert "Does it change its mind for the right reasons" in shown
    assert "Can its answers be checked" in shown
    assert "Sufficiency" in shown
    assert [a for t, a in page.tags if t == "svg" and a.get("aria-label") == "Causal axis"]
    without = Page(render_report(bench.compare(task, snapshot, [built])))
    assert "Does it change its mind" not in without.text
    assert "Can its answers be checked" in without.text
