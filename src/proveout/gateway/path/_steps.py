"""The path of a request as a list of steps, each of which looks at the exchange and fills it in or refuses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proveout.errors import ModelUnknown, Overloaded
from proveout.gateway.api import READERS
from proveout.gateway.path._guards import guard_text
from proveout.gateway.path._record import LONGEST_MODEL

if TYPE_CHECKING:
    from proveout.gateway._exchange import Exchange, Step
    from proveout.gateway.path._process import Process
    from proveout.gateway.path._state import State

__all__ = ["AFTER_BODY", "BEFORE_BODY", "guard_out"]

# What a record needs beside the request and the answer.
RECORD_BYTES = 4096
# Of a model's name, in an error.
SHOWN = 100


def authenticate(exchange: Exchange) -> None:
    """Who calls: known before a byte of the body is read."""
    state: State = exchange.now
    exchange.key = state.key_of(exchange.credential, exchange.time / 1e9)
    exchange.tier = state.tier_of(exchange.key)


def make_room(exchange: Exchange) -> None:
    """Whether there is room for one more request: under overload the lowest tier is refused first."""
    state: State = exchange.now
    process: Process = exchange.process
    if process.draining or not process.recorder.has_room(RECORD_BYTES):
        why = "it is shutting down" if process.draining else "its ledger cannot be written fast enough, or at all"
        raise Overloaded("not accepted", why=why, fix="try again; nothing was done", about="gateway", retry_after=1.0)
    if not state.shedder.admits(exchange.key.tier, process.by_tier):
        why = f"too many requests are under way for the tier {exchange.key.tier!r}"
        raise Overloaded("not accepted", why=why, fix="try again; nothing was done", about="gateway", retry_after=1.0)


def understand(exchange: Exchange) -> None:
    """What is asked for, of whom, and whether the key may."""
    state: State = exchange.now
    exchange.wanted = READERS[exchange.operation](exchange.body)
    model = exchange.wanted.model
    if model in state.tasks:
        # First: whether content is kept is the task's to say, also of a request that is refused.
        exchange.task = model
    if len(model) > LONGEST_MODEL:
        raise _unknown(model, f"no name has more than {LONGEST_MODEL} letters")
    if state.keys is not None:
        state.keys.check_model(exchange.key, model)


def find_answerer(exchange: Exchange) -> None:
    """Who answers, as far as the tier lets it; a task reads its inputs."""
    state: State = exchange.now
    exchange.answerer = state.answerer_of(exchange)
    if exchange.answerer is None:
        why = "it is no task here, and no provider has it that your tier lets answer"
        raise _unknown(exchange.wanted.model, why)
    if exchange.task:
        state.tasks[exchange.task].read(exchange)


def _unknown(model: str, why: str) -> ModelUnknown:
    shown = model[:SHOWN]
    what = f"The model `{shown}` does not exist or you do not have access to it"
    return ModelUnknown(what, why=why, fix="GET /v1/models lists what there is", about=shown, param="model")


def limit(exchange: Exchange) -> None:
    """Hold what the request may use at most of the limits of its key and its task."""
    state: State = exchange.now
    process: Process = exchange.process
    subjects = state.limits_of(exchange)
    if subjects:
        tokens, usd = state.worst_case(exchange, subjects)
        exchange.held = process.limiter.admit(subjects, tokens=tokens, usd=usd)


def guard_in(exchange: Exchange) -> None:
    """What the guards say of the input; the first refusal ends it."""
    state: State = exchange.now
    if state.guards_in:
        guard_text(exchange, state.guards_in, exchange.body, "input")


def look_in_cache(exchange: Exchange) -> None:
    """The answer that an equal request of the same tenant got."""
    state: State = exchange.now
    if state.caching is not None and "cache" in exchange.tier.answers:
        exchange.reply = state.caching.look_up(exchange)


def guard_out(exchange: Exchange) -> None:
    """What the guards say of the answer."""
    state: State = exchange.now
    guard_text(exchange, state.guards_out, exchange.outcome.answer, "output")


BEFORE_BODY: tuple[Step, ...] = (authenticate, make_room)
AFTER_BODY: tuple[Step, ...] = (understand, find_answerer, limit, guard_in, look_in_cache)
