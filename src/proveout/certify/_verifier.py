"""Recompute a certificate from its evidence alone, sharing no code with what issued it.

The standard library and an Ed25519 check are all it takes, so that it can be read in one sitting.
"""

from __future__ import annotations

import hashlib
import json
import math
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["verify_certificate"]

COLUMNS = ["input", "unit", "segment", "score", "student", "incumbent", "student_right", "incumbent_right"]
Json = dict[str, Any]
Rows = list[list[Any]]


def verify_certificate(path: Path, *, key: bytes | None = None) -> list[str]:
    """What does not verify, one sentence each; empty when all is well. Changes nothing and needs no network.

    ``path`` is the certificate's, whose evidence lies beside it. ``key`` is the public key trusted; without one, the
    key in the certificate is taken, and then whoever wrote the certificate vouches for it alone.
    """
    try:
        return _verify(path.read_bytes(), lambda name: (path.parent / name).read_bytes(), key)
    except OSError as error:
        return [f"certificate or evidence cannot be read: {error}"]


def _verify(content: bytes, beside: Callable[[str], bytes], key: bytes | None) -> list[str]:
    try:
        certificate = _read(content, indent=1)
        evidence = f"{certificate['evidence']['sha256']}.json"
        return _signature(certificate, key) or _follows(certificate, beside(evidence))
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        return [f"it is not a certificate with its evidence: {type(error).__name__} {error}"]


def _read(content: bytes, indent: int | None) -> Json:
    value: Json = json.loads(content)
    if _form(value, indent) != content:
        raise ValueError("it is not in its one form")
    return value


def _form(value: Json, indent: int | None) -> bytes:
    separators = None if indent else (",", ":")
    return json.dumps(value, sort_keys=True, indent=indent, separators=separators, allow_nan=False).encode() + b"\n"


def _signature(certificate: Json, key: bytes | None) -> list[str]:
    given, signature = str(certificate["key"]), str(certificate["signature"])
    public, signed = bytes.fromhex(given), bytes.fromhex(signature)
    if (public.hex(), signed.hex()) != (given, signature) or key not in (None, public):
        return ["it is signed with another key than the one trusted, or key and signature are not plain hexadecimal"]
    rest = {name: value for name, value in certificate.items() if name != "signature"}
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signed, b"proveout statement v1\n" + _form(rest, 1))
    except InvalidSignature:
        return ["the signature is not that of its key over this content"]
    return []


def _follows(certificate: Json, content: bytes) -> list[str]:
    evidence, stated, spent = _read(content, indent=None), certificate["evidence"], certificate["spending"]
    grid, plan_hash = certificate["plan"]["grid"], hashlib.sha256(_form(certificate["plan"], None)[:-1]).hexdigest()
    name = hashlib.sha256(f"{plan_hash}{stated['sha256']}".encode()).hexdigest()[:16]
    terms, rows = {term: certificate[term] for term in ("claim", "alpha", "delta")}, evidence["rows"]
    checks = {
        "the evidence is not that of the hash": hashlib.sha256(content).hexdigest() == stated["sha256"],
        "it has other columns": evidence["columns"] == COLUMNS,
        "the number of rows is not that stated": len(rows) == stated["rows"] == certificate["rows"],
        "the plan is not that of its hash": plan_hash == certificate["plan_hash"],
        "the id is not that of plan and evidence": certificate["id"] == f"certificate@{name}",
        "the terms are not those of the plan": terms.items() <= grid.items(),
        "more error is spent than stated": spent["spent"] == grid["delta"] <= spent["budget"] - spent["before"] + 1e-9,
        "an input counts more than once": len({row[0] for row in rows}) == len({(row[0], row[1]) for row in rows}),
        "a bet is not allowed": all(0 < bet <= 0.999 / (1 - grid["alpha"]) for bet in grid["bets"]),
    }
    return [problem for problem, holds in checks.items() if not holds] or _recompute(certificate, rows)


def _recompute(certificate: Json, rows: Rows) -> list[str]:
    grid = certificate["plan"]["grid"]
    names = grid["segments"] or [""]
    taken = [[row for row in rows if not grid["segments"] or row[2] == name] for name in names]
    paths = [_path(own, grid) for own in taken]
    outcome = _in_sequence([[step[-1] for step in path] for path, _ in paths], grid["delta"])
    found = [_part(*one, grid) for one in zip(names, taken, paths, outcome, strict=True)]
    share = sum(part["served"] for part in found) / max(len(rows), 1)
    whole = {"parts": found, "certified": any(passed for passed, _ in outcome), "coverage": share}
    same = _same(whole, {name: certificate[name] for name in whole})
    return [] if same else ["the outcome does not follow from the evidence"]


def _part(name: str, rows: Rows, counted: tuple[Rows, int], outcome: tuple[int, float], grid: Json) -> Json:
    (path, units), (passed, level) = counted, outcome
    at: list[Any] = path[passed - 1] if passed else [None, 0, 0, 0, 0, 1.0]
    margin = math.sqrt(math.log(40) / (2 * units)) if units else 1.0
    share = at[1] / len(rows) if rows else 0.0
    low, high = (max(0.0, share - margin), min(1.0, share + margin)) if passed else (0.0, 0.0)
    bound = _bound(at, units, level, grid, passed) if passed else None
    sizes = {"segment": name, "rows": len(rows), "units": units, "level": level, "passed": passed, "path": path}
    shares = {"coverage": share, "coverage_low": low, "coverage_high": high, "bound": bound}
    return sizes | shares | dict(zip(("threshold", "served", "worse", "better", "missing"), at, strict=False))


def _same(found: Any, stated: Any) -> bool:
    if isinstance(found, dict) and isinstance(stated, dict):
        return found.keys() == stated.keys() and all(_same(value, stated[name]) for name, value in found.items())
    if isinstance(found, list) and isinstance(stated, list):
        return len(found) == len(stated) and all(map(_same, found, stated))
    if isinstance(found, float) and isinstance(stated, int | float):
        return math.isclose(found, stated, rel_tol=1e-6, abs_tol=1e-7)
    return type(found) is type(stated) and bool(found == stated)


def _loss(row: list[Any], claim: str) -> tuple[int, bool]:
    """What serving a row loses, and whether a label that would say so is missing."""
    student, incumbent, student_right, incumbent_right = row[4:]
    agree, missing = student is not None and student == incumbent, None in (student_right, incumbent_right)
    if agree or claim == "agreement":
        return int(not agree), False
    return (1, True) if missing else (int(incumbent_right) - int(student_right), False)


def _path(rows: Rows, grid: Json) -> tuple[Rows, int]:
    """[threshold, served, worse, better, missing, p] of each threshold, and the number of units."""
    told = [(row[1], -math.inf if row[3] is None else row[3], *_loss(row, grid["claim"])) for row in rows]
    units = len({unit for unit, *_ in told})
    path = []
    for at, tau in enumerate(grid["thresholds"]):
        worst: dict[str, int] = {}
        for unit, score, loss, _ in told:
            worst[unit] = max(worst.get(unit, -1), loss if score >= tau else 0)
        served = sum(score >= tau for _, score, _, _ in told)
        lacking = sum(score >= tau and missing for _, score, _, missing in told)
        worse, better = sum(loss == 1 for loss in worst.values()), sum(loss == -1 for loss in worst.values())
        p = _p([worse, better, units - worse - better], units, grid, at, grid["alpha"])
        path.append([tau, served, worse, better, lacking, p])
    return path, units


def _binomial(most: int, n: int, p: float) -> float:
    """P(Bin(n, p) ≤ most)."""
    if most >= n or p <= 0 or p >= 1:
        return float(most >= n or p <= 0)
    log_p, log_q, whole = math.log(p), math.log1p(-p), math.lgamma(n + 1)
    logs = (whole - math.lgamma(k + 1) - math.lgamma(n - k + 1) + k * log_p + (n - k) * log_q for k in range(most + 1))
    return min(1.0, math.fsum(map(math.exp, logs)))


def _betting(counts: list[int], grid: Json, at: int, mean: float) -> float:
    highest = 0.999 / (1 - grid["alpha"])
    logs = []
    for stake, bet in [(0.5, grid["bets"][at]), *((1 / 16, highest / 2**power) for power in range(8))]:
        odds = [1 + bet * (mean - 1), 1 + bet * (mean + 1), 1 + bet * mean]
        if odds[0] > 0:  # else the bet is not allowed at this mean, and its stake is lost
            logs.append(math.log(stake) + sum(n * math.log(odd) for n, odd in zip(counts, odds, strict=True) if n))
    top = max(logs, default=-math.inf)
    capital = top + math.log(math.fsum(math.exp(log - top) for log in logs)) if logs else -math.inf
    return math.exp(-max(capital, 0.0))


def _p(counts: list[int], units: int, grid: Json, at: int, mean: float) -> float:
    return _binomial(counts[0], units, mean) if grid["claim"] == "agreement" else _betting(counts, grid, at, mean)


def _bound(step: list[Any], units: int, level: float, grid: Json, passed: int) -> float:
    """The least loss that the same test rejects at this level, by halving."""
    low, high, counts = -1.0, 1.0, [step[2], step[3], units - step[2] - step[3]]
    for _ in range(60):
        mean = (low + high) / 2
        low, high = (low, mean) if _p(counts, units, grid, passed - 1, mean) <= level else (mean, high)
    return high


def _in_sequence(values: list[list[float]], delta: float) -> list[tuple[int, float]]:
    """Each sequence up to its first failure; one that ends hands its level on in equal parts."""
    levels, passed, waiting = [delta / len(values)] * len(values), [0] * len(values), list(range(len(values)))
    before: list[int] = []
    while before != passed:
        before = list(passed)
        for at in list(waiting):
            while passed[at] < len(values[at]) and values[at][passed[at]] <= levels[at]:
                passed[at] += 1
            if values[at] and passed[at] == len(values[at]):
                waiting.remove(at)
                levels = [one + levels[at] / len(waiting) if i in waiting else one for i, one in enumerate(levels)]
    return list(zip(passed, levels, strict=True))
