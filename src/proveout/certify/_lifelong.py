"""A certificate kept true for life: an e-process over audited traffic that alarms when the promise is broken."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from proveout.certify._bounds import CAUTION

if TYPE_CHECKING:
    from collections.abc import Iterable

    Ints = np.ndarray[Any, np.dtype[np.int64]]

__all__ = ["LifelongState", "LifelongTerms", "alarms", "audits_to_catch", "lifelong_terms"]

# Half of the capital is staked at the first audit; the rest is staked little by little, so that a drift that begins
# late is caught too. After n audits the part (n - 1) / (n - 1 + PATIENCE) of it is staked.
AT_ONCE = 0.5
PATIENCE = 500
# Multiples of alpha that bets are tuned to, and the share of the capital on each.
DRIFTS = ((2.0, 0.2), (3.0, 0.6), (6.0, 0.2))
FALSE_ALARMS = 0.05
HIGHEST = 0.9


class LifelongTerms(msgspec.Struct, frozen=True, kw_only=True):
    """How a certificate is watched.

    Attributes:
        alpha: the mean loss that was promised.
        delta: the probability that a promise which holds is ever called broken, over the whole life.
        audit_share: of requests, drawn at random whatever they say, that both paths answer.
        bets: each against the loss.
        stakes: the share of the capital on each.
        action: what an alarm triggers.
    """

    alpha: float
    delta: float
    audit_share: float
    bets: tuple[float, ...]
    stakes: tuple[float, ...]
    action: str = "roll the release back to the one before"


def lifelong_terms(
    alpha: float, *, claim: str = "agreement", audit_share: float = 0.05, delta: float = FALSE_ALARMS
) -> LifelongTerms:
    """Bets tuned to losses of two, three and six times alpha.

    Example:
        >>> [round(bet, 2) for bet in lifelong_terms(0.02).bets]
        [1.02, 2.04, 5.1]
    """
    # Bets on a loss: 1 + bet · (loss - alpha) must stay positive at the lowest loss, 0 or -1.
    highest = CAUTION / (alpha + (claim != "agreement"))
    rates = [min(factor * alpha, HIGHEST) for factor, _ in DRIFTS]
    bets = tuple(min((rate - alpha) / (alpha * (1 - alpha)), highest) for rate in rates)
    return LifelongTerms(
        alpha=alpha, delta=delta, audit_share=audit_share, bets=bets, stakes=tuple(share for _, share in DRIFTS)
    )


class LifelongState(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered between audits; fold it over the audits of the ledger, in their order.

    Under the promise, whatever the past, a mean loss of at most alpha makes each bet's factor 1 + bet · (loss - alpha)
    at most 1 on average, so that the evidence is a non-negative supermartingale that starts at 1, and ever reaches
    1/delta with probability at most delta (Ville 1939). Staking anew at each audit makes it a Shiryaev-Roberts
    recursion, as in the e-detectors of Shin, Ramdas and Rinaldo (2024), with stakes that add up to 1.

    Attributes:
        audits: seen.
        losses: their sum.
        logs: the logarithm of the capital on each bet; -inf before the first.
        evidence: the most there ever was, in units of the capital staked.
        alarmed_at: the audit at which it alarmed; None when it did not.

    Example:
        >>> terms = lifelong_terms(0.02)
        >>> state = LifelongState().after_all([0] * 50 + [1] * 6, terms)
        >>> state.audits, state.alarmed_at
        (56, 55)
    """

    audits: int = 0
    losses: int = 0
    logs: tuple[float, ...] = ()
    evidence: float = 1.0
    alarmed_at: int | None = None

    @property
    def alarmed(self) -> bool:
        """Whether the promise was called broken."""
        return self.alarmed_at is not None

    def after(self, loss: int, terms: LifelongTerms) -> LifelongState:
        """The state after one audit.

        Args:
            loss: 1 where the cheap path served and disagreed, or was wrong where the incumbent was right; -1 for the
                reverse under non-inferiority; 0 else, requests that it did not serve among them.
            terms: of the certificate.

        Raises:
            ValueError: the loss is none of these.
        """
        if loss not in (-1, 0, 1):
            raise ValueError(f"a loss is -1, 0 or 1, and not {loss}")
        staked = _staked(self.audits + 1)
        fresh = staked - _staked(self.audits)
        before = self.logs or (-math.inf,) * len(terms.bets)
        logs = tuple(
            _log_add(log, math.log(fresh * share)) + math.log1p(bet * (loss - terms.alpha))
            for log, bet, share in zip(before, terms.bets, terms.stakes, strict=True)
        )
        now = sum(math.exp(min(log, 700.0)) for log in logs) + 1 - staked
        alarmed = self.alarmed_at or (self.audits + 1 if now >= 1 / terms.delta else None)
        return LifelongState(
            audits=self.audits + 1,
            losses=self.losses + loss,
            logs=logs,
            evidence=max(self.evidence, now),
            alarmed_at=alarmed,
        )

    def after_all(self, losses: Iterable[int], terms: LifelongTerms) -> LifelongState:
        """The state after several audits."""
        state = self
        for loss in losses:
            state = state.after(loss, terms)
        return state


def alarms(losses: Ints, terms: LifelongTerms) -> Ints:
    """The audit at which each of many lives alarms, 0 where it does not: what folding `LifelongState` gives, at once.

    Args:
        losses: shape (lives, audits), of -1, 0 and 1.
        terms: of the certificate.

    Example:
        >>> alarms(np.array([[0] * 50 + [1] * 6, [0] * 56]), lifelong_terms(0.02)).tolist()
        [55, 0]
    """
    lives, audits = losses.shape
    bets, stakes = np.array(terms.bets), np.array(terms.stakes)
    capital = np.zeros((lives, len(bets)))
    found = np.zeros(lives, dtype=np.int64)
    for at in range(audits):
        staked = _staked(at + 1)
        capital = (capital + (staked - _staked(at)) * stakes) * (1 + bets * (losses[:, at, None] - terms.alpha))
        found[(found == 0) & (capital.sum(axis=1) + 1 - staked >= 1 / terms.delta)] = at + 1
    return found


def _staked(audits: int) -> float:
    return 0.0 if audits == 0 else AT_ONCE + (1 - AT_ONCE) * (audits - 1) / (audits - 1 + PATIENCE)


def _log_add(left: float, right: float) -> float:
    high, low = max(left, right), min(left, right)
    return high + math.log1p(math.exp(low - high)) if low > -math.inf else high


def audits_to_catch(terms: LifelongTerms, rate: float) -> float:
    """About how many audits from the first on catch a loss of ``rate``; infinite where it is no more than alpha.

    What the bet that grows fastest needs on average, from its stake to 1/delta.

    Example:
        >>> 100 < audits_to_catch(lifelong_terms(0.02), 0.06) < 200
        True
    """
    found = math.inf
    for bet, share in zip(terms.bets, terms.stakes, strict=True):
        growth = rate * math.log1p(bet * (1 - terms.alpha)) + (1 - rate) * math.log1p(-bet * terms.alpha)
        if rate > terms.alpha and growth > 0:
            found = min(found, math.log(1 / (terms.delta * AT_ONCE * share)) / growth)
    return found
