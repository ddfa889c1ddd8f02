"""Measure policies with a reader that abstains on SARA's tax cases. Run: python bench/sara.py --data DIR [--plot SVG].

DIR holds cases.jsonl: text, question, answer or answer_usd, and gold columns that are not shown to the reader. They are
split by a hash of the id without _pos and _neg: the reader and the policies were developed on one half, the other only
measures. A case is answered when each of its sentences and the question are understood, the policies of the sections
decide, and the checker accepts every proof; the others are abstentions. An amount is right to the exact dollar; shown
beside are the answers within the tolerance of Holzenberger et al. (as recalled: off by less than 10 % or $5,000,
whichever is more), within 10 % alone, and by how many dollars the wrong ones are off.

The risk-coverage curve goes by confidence: answered before not, shorter cases before longer, then the share of the
sentences that were understood, with what is decided on these alone. The intervals are Wilson's, that of the wrong among
the answered Clopper and Pearson's; 95 %. Published figures are of other splits of the same benchmark.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

from scipy import stats

from proveout.trial import wilson
from statutory.answer import answer_case
from statutory.decide import Court

PUBLISHED = {
    "binary, majority": "50 %",
    "binary, best BERT (Holzenberger et al. 2020)": "about 59 %",
    "binary, text-davinci-003 (Blair-Stanek et al. 2023)": "about 71 %",
    "numeric, BERT-era": "under 10 %, within the paper's tolerance",
}
Row = dict[str, Any]


def is_held_out(case: str) -> bool:
    """Whether a case only measures; a pair is on one side."""
    base = case.removesuffix("_pos").removesuffix("_neg")
    return hashlib.sha256(base.encode()).digest()[0] % 2 == 1


def is_close(gold: float | None, guess: str, least: int = 5000) -> bool:
    """Whether an amount is within the paper's tolerance; with ``least`` 0, within 10 %."""
    return gold is not None and abs(gold - int(guess)) < max(0.1 * gold, least)


def measured(row: Row, court: Court) -> Row:
    """One case answered, its proofs checked."""
    start = time.thread_time()
    found = answer_case(row["text"], row["question"], court)
    gold = row["answer"] or str(row["answer_usd"])
    answered = not found.reason
    return {
        "id": row["id"],
        "half": "held out" if is_held_out(row["id"]) else "development",
        "kind": row["kind"],
        "section": row["section"] or "numeric",
        "answered": answered,
        "right": answered and found.guess == gold,
        "wrong": answered and found.guess != gold,
        "close": answered and bool(found.guess) and (found.guess == gold or is_close(row["answer_usd"], found.guess)),
        "near": answered and bool(found.guess) and (found.guess == gold or is_close(row["answer_usd"], found.guess, 0)),
        "off": int(found.guess) - row["answer_usd"] if answered and row["answer_usd"] is not None else 0,
        "guessed": bool(found.guess),
        "guess right": found.guess == gold,
        "accepted": answered and found.proofs > 0 and court.refused == 0,
        "proofs": found.proofs,
        "why not": found.reason.partition(":")[0],
        "detail": found.reason,
        "order": (not answered, round(-found.understood, 2), found.sentences),
        "cpu": time.thread_time() - start,
    }


def share(rows: list[Row], name: str) -> str:
    """How many rows, and the share of them with its interval."""
    found = wilson(sum(row[name] for row in rows), len(rows))
    if found is None:
        return "no rows"
    return f"{sum(row[name] for row in rows)} of {len(rows)}, {found.value:.3f} ({found.low:.3f} to {found.high:.3f})"


def risk(rows: list[Row]) -> str:
    """Wrong among answered, with the exact interval."""
    answered = [row for row in rows if row["answered"]]
    if not answered:
        return "none answered"
    wrong, n = sum(row["wrong"] for row in answered), len(answered)
    exact = stats.binomtest(wrong, n).proportion_ci(method="exact")
    return f"{wrong} of {n}, {wrong / n:.3f} ({exact.low:.3f} to {exact.high:.3f})"


def curve(rows: list[Row]) -> list[tuple[float, float]]:
    """Coverage and risk as cases of less and less confidence are answered too; cases of one confidence together."""
    points, asked, wrong = [], 0, 0
    guessed = sorted((row for row in rows if row["guessed"]), key=lambda row: row["order"])
    for at, row in enumerate(guessed):
        asked, wrong = asked + 1, wrong + (not row["guess right"])
        if at + 1 == len(guessed) or guessed[at + 1]["order"] != row["order"]:
            points.append((asked / len(rows), wrong / asked))
    return points


def figures(rows: list[Row]) -> dict[str, Any]:
    """The figures of one half."""
    groups = {"all": rows} | {kind: [row for row in rows if row["kind"] == kind] for kind in ("binary", "numeric")}
    sections = sorted({row["section"] for row in rows}, key=lambda name: (not name.isdigit(), name.zfill(5)))
    of = {name: [row for row in rows if row["section"] == name] for name in sections}
    return {
        "coverage": {name: share(group, "answered") for name, group in groups.items()},
        "wrong among answered": {name: risk(group) for name, group in groups.items()},
        "right among all (an abstention is not right)": {name: share(group, "right") for name, group in groups.items()},
        "numeric answers within the paper's tolerance": share(
            [row for row in rows if row["answered"] and row["kind"] == "numeric"], "close"
        ),
        "numeric answers within 10 %": share(
            [row for row in rows if row["answered"] and row["kind"] == "numeric"], "near"
        ),
        "wrong amounts are off by, dollars": sorted(row["off"] for row in rows if row["off"]),
        "by section, answered and wrong": {
            name: f"{sum(row['answered'] for row in group)} of {len(group)}, {sum(row['wrong'] for row in group)} wrong"
            for name, group in of.items()
        },
        "answers with all proofs accepted": share([row for row in rows if row["answered"]], "accepted"),
        "proofs of an answer, median": sorted(row["proofs"] for row in rows if row["answered"])[
            sum(row["answered"] for row in rows) // 2
        ],
        "why abstained": dict(Counter(row["why not"] for row in rows if not row["answered"]).most_common()),
        "curve (coverage: risk)": {f"{x:.3f}": f"{y:.3f}" for x, y in curve(rows)},
        "CPU seconds of a case, median": round(sorted(row["cpu"] for row in rows)[len(rows) // 2], 3),
    }


def plot(halves: dict[str, list[Row]]) -> str:
    """The curves of both halves as SVG: coverage to the right, risk up to one half."""
    colours = {"development": "#888888", "held out": "#0a62a9"}
    lines = []
    for number, (name, rows) in enumerate(halves.items()):
        path = " ".join(f"{60 + 500 * x:.1f},{310 - 560 * y:.1f}" for x, y in curve(rows))
        colour = colours[name]
        lines.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{path}"/>')
        lines.append(f'<text x="70" y="{40 + 18 * number}" fill="{colour}">{name}</text>')
    ticks = [f'<text x="{55 + 500 * x:.0f}" y="328">{x:.1f}</text>' for x in (0, 0.25, 0.5, 0.75, 1)]
    ticks += [f'<text x="25" y="{314 - 560 * y:.0f}">{y:.2f}</text>' for y in (0.02, 0.1, 0.25, 0.5)]
    head = '<svg xmlns="http://www.w3.org/2000/svg" width="600" height="350" font-family="sans-serif" font-size="12">'
    axes = '<path d="M60 20V310H560" fill="none" stroke="#333"/>'
    axes += '<path d="M60 298.8H560" stroke="#c00" stroke-dasharray="4"/>'
    names = '<text x="280" y="345">coverage</text><text x="64" y="16">wrong among answered</text>'
    return "\n".join([head, axes, names, *ticks, *lines, "</svg>\n"])


def main() -> None:
    """Print the figures of both halves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--plot", type=Path, help="where to write the risk-coverage curve as SVG")
    parser.add_argument("--half", choices=["development", "held out"], help="only this half")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    court = Court()
    lines = (args.data / "cases.jsonl").read_text(encoding="utf-8").splitlines()
    cases = [json.loads(line) for line in lines]
    wanted = [row for row in cases if args.half is None or is_held_out(row["id"]) == (args.half == "held out")]
    rows = [measured(row, court) for row in wanted]
    halves = {name: [row for row in rows if row["half"] == name] for name in ("development", "held out")}
    found = {name: figures(of) for name, of in halves.items() if of} | {"published": PUBLISHED}
    if args.plot:
        args.plot.write_text(plot({name: of for name, of in halves.items() if of}), encoding="utf-8")
    if args.json:
        print(json.dumps(found))
        return
    for name, part in found.items():
        print(f"== {name}")
        for key, value in part.items():
            print(f"{key}: {value}" if not isinstance(value, dict) else f"{key}:")
            for one, shown in value.items() if isinstance(value, dict) else ():
                print(f"  {one:30} {shown}")
    for row in halves["development"]:
        if row["wrong"] or not row["answered"]:
            print(f"not right in development: {row['id']} {row['detail'] or 'wrong'}")


if __name__ == "__main__":
    main()
