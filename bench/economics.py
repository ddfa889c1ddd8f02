"""Break-even by the closed form against counting day by day, percentiles against analysis, and where the verdict turns.

Run: python bench/economics.py [--cases 2000] [--figure FILE]
"""

from __future__ import annotations

import argparse
import random
import time
from fractions import Fraction
from pathlib import Path
from statistics import NormalDist

import numpy as np

from proveout.economics import (
    ArchitectureTerms,
    Distribution,
    Flow,
    Inputs,
    ListedPrice,
    Lognormal,
    Measured,
    Measurements,
    Normal,
    PriceTerms,
    Scenario,
    Traffic,
    Triangular,
    Uniform,
    break_even,
    break_even_day,
    draw,
    resolve,
    simulate,
    typical,
)
from proveout.page import Scale, figure, log_ticks, tag, text

DAYS = 1095


def flows(count: int, seed: int) -> list[Flow[Fraction]]:
    """Moves of all kinds: growing and shrinking traffic, savings and losses, dearer and cheaper to run."""
    rng = random.Random(seed)  # noqa: S311  made-up moves
    return [
        Flow(
            queries_per_day=Fraction(rng.randint(1, 100_000)),
            growth=Fraction(rng.choice([-20, -5, -1, 0, 0, 1, 3, 10]), 100),
            saving_per_request=Fraction(rng.randint(-200, 2_000), 1_000_000),
            fixed_per_day=Fraction(rng.randint(-500, 3_000), 100),
            one_off=Fraction(rng.randint(1, 2_000_000), 100),
        )
        for _ in range(count)
    ]


def counted(flow: Flow[Fraction]) -> int | None:
    """The day that counting finds."""
    return next((day for day, net in enumerate(simulate(flow, DAYS), start=1) if net >= 0), None)


def agreement(count: int) -> None:
    """How often the closed form names the day that counting finds, and how long both take."""
    cases = flows(count, seed=1)
    begun = time.process_time()
    closed = [break_even_day(flow, DAYS) for flow in cases]
    middle = time.process_time()
    by_day = [counted(flow) for flow in cases]
    ended = time.process_time()
    same = sum(one == other for one, other in zip(closed, by_day, strict=True))
    paid = sum(day is not None for day in by_day)
    print(f"closed form and counting over {DAYS:,} days: {same:,} of {count:,} alike, {paid:,} of them paid back")
    own, other = ((end - start) / count * 1e3 for start, end in ((begun, middle), (middle, ended)))
    print(f"  a break-even takes {own:.2f} ms, counting {other:.2f} ms")


def percentiles() -> None:
    """P10, P50 and P90 of draws against the quantile functions, in standard errors."""
    rng, count = np.random.default_rng(2), 100_000
    made: list[Distribution] = [
        Uniform(low=1, high=3),
        Triangular(low=1, mode=2, high=6),
        Normal(mean=10, sd=2),
        Lognormal(median=5, sigma=0.5),
    ]
    worst = 0.0
    for one in made:
        draws = one.draw(rng, count)
        for share in (0.1, 0.5, 0.9):
            error = (share * (1 - share) / count) ** 0.5
            worst = max(worst, abs(float(np.mean(draws <= one.quantile(share))) - share) / error)
    limit = NormalDist().inv_cdf(1 - 0.01 / (2 * 12))
    print(f"percentiles of {count:,} draws of {len(made)} distributions:", end=" ")
    print(f"at most {worst:.1f} standard errors off ({limit:.1f} would be odd at 1 %)")


def unknown(model: str, base_url: str, on: object) -> ListedPrice:
    """No prices are looked up here."""
    del model, base_url, on
    return ListedPrice(unknown="not asked for")


def inputs(volume: float, usd_per_1000: float) -> Inputs:
    """An LLM at a price against a small model that takes 80 hours and 120 USD a month."""
    scenario = Scenario(
        traffic=Traffic(queries_per_day=volume),
        prices=PriceTerms(usd_per_error=0.0),
        architectures={
            "llm": ArchitectureTerms(provider_usd_per_1000=usd_per_1000),
            "small": ArchitectureTerms(engineer_hours=80.0, ops_usd_per_month=120.0),
        },
    )
    llm = Measured(architecture="llm", candidate="llm@1", quality=0.94)
    small = Measured(
        architecture="small", candidate="small@1", quality=0.94, provider_usd_per_1000=0.0, cpu_seconds_per_1000=4.0
    )
    measured = Measurements(
        task="bench", trial="trial@0", headline="accuracy", incumbent="llm", candidates=(llm, small)
    )
    return resolve(scenario, measured, unknown)


def days(volume: float, usd_per_1000: float) -> int | None:
    """Until the small model has paid back."""
    made = inputs(volume, usd_per_1000)
    return break_even(made, typical(made), draw(made.parameters, 100, 0), "llm", "small").days


def sensitivity(path: Path | None) -> None:
    """Days to break even over traffic and price, as a table and as a figure."""
    volumes, prices = [10.0**power for power in (2, 3, 4, 5, 6)], [0.1, 0.3, 1.0, 3.0, 10.0]
    print("days to pay back 8,000 USD at 120 USD a month, by requests a day and USD for 1,000 of them:")
    print("            " + "".join(f"{price:>10g}" for price in prices))
    for volume in volumes:
        found = [days(volume, price) for price in prices]
        print(f"{volume:>12,.0f}" + "".join(f"{'never' if day is None else f'{day:,}':>10}" for day in found))
    if path:
        path.write_text(_drawn(prices), encoding="utf-8")
        print(f"figure: {path}")


def _drawn(prices: list[float]) -> str:
    across, up = Scale(100, 1e6, 60, 450, log=True), Scale(1, 36_500, 290, 30, log=True)
    parts = [
        *(text(across(tick), 308, f"{tick:,.0f}", anchor="middle") for tick in log_ticks(100, 1e6)),
        *(text(52, up(tick) + 4, f"{tick:,.0f}", anchor="end") for tick in log_ticks(1, 36_500)),
        text(265, 326, "requests a day", anchor="middle"),
        text(64, 12, "days to break even, by USD for 1,000 requests"),
    ]
    for price in prices:
        points = [(volume, days(volume, price)) for volume in np.geomspace(100, 1e6, 60)]
        shown = [(across(float(volume)), up(max(1, day))) for volume, day in points if day is not None]
        if shown:
            path = "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in shown)
            parts.append(tag("path", d=path, fill="none", stroke="#0b6e69", stroke_width=1.8))
            parts.append(text(shown[0][0] - 14, shown[0][1] - 4, f"${price:g}"))
    drawn = figure(480, 330, "Days to break even", "over requests a day, by price", *parts)
    return str(drawn).replace(
        "<svg", '<svg xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" font-size="11"', 1
    )


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--figure", type=Path, help="where the SVG goes")
    given = parser.parse_args()
    agreement(given.cases)
    percentiles()
    sensitivity(given.figure)


if __name__ == "__main__":
    main()
