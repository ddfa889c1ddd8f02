"""What tokens cost: as the task says, or as the price list of the package genai-prices says."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from proveout.task._task import Incumbent

__all__ = ["Prices", "prices_of"]

MILLION = 1_000_000
# Prices may depend on the time; one that lies after every dated change gives the newest price, the same on every day.
LATEST = datetime(2100, 1, 1, 12, tzinfo=UTC)
# Prices may rise with the size of a prompt; this is the size of an ordinary one.
PROBE = 1000
OVERRIDE = "set incumbent.usd_per_million_in and incumbent.usd_per_million_out"


class Prices(msgspec.Struct, frozen=True, kw_only=True):
    """Prices of one model.

    Attributes:
        usd_per_million_in: of prompt tokens; 0 when unknown.
        usd_per_million_out: of completion tokens; 0 when unknown.
        source: ``task.toml``, or the price list and its version.
        unknown: why there is no price; "" when there is one.
    """

    usd_per_million_in: float = 0.0
    usd_per_million_out: float = 0.0
    source: str = ""
    unknown: str = ""

    def usd(self, tokens_in: int, tokens_out: int) -> float:
        """What a call costs.

        Example:
            >>> Prices(usd_per_million_in=1.0, usd_per_million_out=2.0).usd(1_000_000, 500_000)
            2.0
        """
        return (tokens_in * self.usd_per_million_in + tokens_out * self.usd_per_million_out) / MILLION

    def parameter(self) -> dict[str, Any]:
        """What a card says of the prices; an unknown price is a warning and never a silent 0.

        Example:
            >>> Prices(unknown="no list knows it").parameter()
            {'value': 'price unknown, counted as 0 USD', 'warning': 'no list knows it'}
        """
        if self.unknown:
            return {"value": "price unknown, counted as 0 USD", "warning": self.unknown}
        stated = f"{self.usd_per_million_in:g} in, {self.usd_per_million_out:g} out, USD per million tokens"
        return {"value": stated, "source": self.source}


def prices_of(incumbent: Incumbent, *, on: date | None = None) -> Prices:
    """The prices the task states; what it leaves out is looked up by base URL and model.

    Args:
        incumbent: the model, its endpoint and the prices that are stated.
        on: the day whose listed prices count; None takes the newest.

    Example:
        >>> from proveout.task import Incumbent
        >>> prices_of(Incumbent(usd_per_million_in=1.0, usd_per_million_out=2.0)).source
        'task.toml'
    """
    own_in, own_out = incumbent.usd_per_million_in, incumbent.usd_per_million_out
    if own_in is not None and own_out is not None:
        return Prices(usd_per_million_in=own_in, usd_per_million_out=own_out, source="task.toml")
    listed = _listed(incumbent.base_url, incumbent.model, on)
    if listed.unknown or (own_in is None and own_out is None):
        return listed
    return Prices(
        usd_per_million_in=listed.usd_per_million_in if own_in is None else own_in,
        usd_per_million_out=listed.usd_per_million_out if own_out is None else own_out,
        source=f"task.toml and {listed.source}",
    )


def _listed(base_url: str, model: str, on: date | None) -> Prices:
    try:
        from genai_prices import Usage, calc_price  # noqa: PLC0415  an extra
    except ImportError:
        return Prices(unknown=f'the package genai-prices is missing: pip install "proveout[prices]", or {OVERRIDE}')
    source = f"genai-prices {version('genai-prices')}"
    asked: dict[str, Any] = {
        "model_ref": model,
        "provider_api_url": base_url or None,
        "genai_request_timestamp": LATEST if on is None else datetime.combine(on, time(12), UTC),
    }
    try:
        found = calc_price(Usage(input_tokens=PROBE, output_tokens=PROBE), **asked)
    except LookupError as error:
        return Prices(unknown=f"{source} does not know it: {error}; {OVERRIDE}")
    return Prices(
        usd_per_million_in=_per_million(found.input_price),
        usd_per_million_out=_per_million(found.output_price),
        source=f"{source}, {found.provider.id}/{found.model.id}{'' if on is None else f', on {on}'}",
    )


def _per_million(price: Any) -> float:
    return round(float(price) * MILLION / PROBE, 6)
