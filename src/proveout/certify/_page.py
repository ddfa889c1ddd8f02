"""The certificate as one HTML page that opens offline: no script, no request, nothing outside it."""

from __future__ import annotations

import hashlib
import math
from base64 import b64encode
from importlib.resources import files
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from proveout.certify._lifelong import audits_to_catch
from proveout.certify._plot import risk_coverage_plot
from proveout.certify._words import promise, share

if TYPE_CHECKING:
    from proveout.certify._certificate import Certificate
    from proveout.certify._decide import Part

__all__ = ["render_certificate"]

MOST_PLOTS = 12
DRIFTED = 3


def render_certificate(certificate: Certificate) -> str:
    """One self-contained page for people, byte-identical for equal certificates; every text is escaped.

    Example:
        >>> render_certificate.__name__  # docs/design/certificates.md writes one
        'render_certificate'
    """
    style = files("proveout.certify").joinpath("templates/certificate.css").read_text(encoding="utf-8")
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    plots = [
        (part, risk_coverage_plot(part, certificate.alpha, claim=certificate.claim))
        for part in certificate.parts[:MOST_PLOTS]
    ]
    return (
        _environment()
        .get_template("certificate.html")
        .render(
            c=certificate,
            style=Markup(style),  # noqa: S704  our own file
            style_hash=f"sha256-{digest}",
            promise=promise(certificate.plan),
            plots=plots,
            lost="differ" if certificate.claim == "agreement" else "lost",
            audits=_audits(certificate),
        )
    )


def _audits(certificate: Certificate) -> int | None:
    """Audits until a threefold loss is caught, about."""
    terms = certificate.lifelong
    return None if terms is None else round(audits_to_catch(terms, min(DRIFTED * terms.alpha, 0.9)))


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("proveout.certify", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(share=_share, bound=_bound, segment=_segment, unbroken=_unbroken)
    return environment


def _share(value: float) -> str:
    return _unbroken(share(round(value, 3)))


def _bound(value: float) -> str:
    """Rounded up, since it is a bound."""
    return _unbroken(share(math.ceil(value * 10_000) / 10_000))


def _unbroken(words: str) -> str:
    return words.replace(" %", "\N{NO-BREAK SPACE}%")


def _segment(part: Part) -> str:
    return part.segment or "all traffic"
