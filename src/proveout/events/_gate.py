"""The change gate: a model runs only when the context that its answer stands on has changed."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from proveout.events._compare import comparer
from proveout.events._paths import MISSING, compile_path
from proveout.events._trigger import FieldRule, GateSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from proveout.events._event import Event

    Embed = Callable[[Sequence[str]], Any]

__all__ = ["ChangeGate", "Checked", "Context", "Kept", "decode_context", "encode_context"]

# Scalars as they are; what Python would take for an equal number (true, 1) or compare slowly is its JSON, as bytes.
Context = tuple[str | int | float | bytes | None, ...]
SECOND = 1_000_000_000
_encode = msgspec.json.Encoder(order="deterministic").encode
_NOTHING = b""
_SCALARS = frozenset({str, int, float})


class Checked(NamedTuple):
    """What the gate says of one event.

    Attributes:
        ask: whether a model has to be asked.
        reason: ``first``, ``changed PATH``, ``expired`` or ``unchanged``.
        context: what to hand to `ChangeGate.keep` once there is an answer.
    """

    ask: bool
    reason: str
    context: Context


class Kept(NamedTuple):
    """The context of the last answer.

    Attributes:
        context: its fields, in the order of the rules.
        time: of the answer, nanoseconds since the epoch.
        answer: idempotency key of the call that gave it.
    """

    context: Context
    time: int
    answer: str


class ChangeGate:
    """Compares each event with the last one *answered* for its key, so that slow drift is noticed when it adds up.

    Checking changes nothing but the order of use: a call that fails leaves the gate as it was. Bounded by
    ``spec.max_keys``; which keys were forgotten is in ``evicted`` until somebody takes them from there.

    Args:
        spec: fields, tolerances and bounds.
        embed: texts to unit vectors, for fields with a distance.

    Example:
        >>> from proveout.events import Event, FieldRule, GateSpec
        >>> gate = ChangeGate(GateSpec(fields=(FieldRule(path="data.t", absolute=1.0),)))
        >>> def at(t):
        ...     return Event(id="1", source="/s", type="t", data={"t": t})
        >>> first = gate.check("hall", at(20.0), now=0)
        >>> gate.keep("hall", first.context, now=0, answer="k1")
        >>> [gate.check("hall", at(t), now=0).reason for t in (20.6, 21.2)]
        ['unchanged', 'changed data.t']
    """

    def __init__(self, spec: GateSpec, *, embed: Embed | None = None) -> None:
        rules = spec.fields or (FieldRule(path="data"),)
        self._reads = [compile_path(rule.path) for rule in rules]
        # Fields right under the data, which is what most triggers name, are read without a call each.
        direct = [
            rule.path.removeprefix("data.") for rule in rules if rule.path.count(".") == 1 and rule.path[:5] == "data."
        ]
        self._names = direct if len(direct) == len(rules) else []
        self._compare = [comparer(rule, embed) for rule in rules]
        self._changed = [f"changed {rule.path}" for rule in rules]
        self._ttl = round(spec.ttl_seconds * SECOND)
        self._max_keys = spec.max_keys
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self.evicted: list[str] = []

    def __len__(self) -> int:
        return len(self._kept)

    def check(self, key: str, event: Event, *, now: int) -> Checked:
        """Whether a model has to be asked about this event.

        Args:
            key: what the event is about.
            event: not looked at but for the fields that matter.
            now: nanoseconds since the epoch.
        """
        context = self.context(event)
        kept = self._kept.get(key)
        if kept is None or len(kept.context) != len(context):
            return Checked(ask=True, reason="first", context=context)
        self._kept.move_to_end(key)
        if self._ttl and now - kept.time >= self._ttl:
            return Checked(ask=True, reason="expired", context=context)
        if now < kept.time:
            # The clock was set back: an answer from the future would be kept for longer than its time to live.
            self._kept[key] = kept._replace(time=now)
        if context != kept.context:
            for place, (new, answered) in enumerate(zip(context, kept.context, strict=True)):
                # Equal values are the most, and need no call; True and 1 are no longer equal here.
                if new != answered and not self._compare[place](new, answered):
                    return Checked(ask=True, reason=self._changed[place], context=context)
        return Checked(ask=False, reason="unchanged", context=context)

    def context(self, event: Event) -> Context:
        """The fields that matter, in a form in which equal means the same."""
        data = event.data
        if self._names and type(data) is dict:
            get = data.get
            values = [get(name, MISSING) for name in self._names]
        else:
            values = [read(event) for read in self._reads]
        return tuple([value if type(value) in _SCALARS else _plain(value) for value in values])

    def keep(self, key: str, context: Context, *, now: int, answer: str) -> None:
        """Remember what was answered; a later event of the key is compared with this."""
        self.load([(key, Kept(context, now, answer))])

    def load(self, entries: Iterable[tuple[str, Kept]]) -> None:
        """Put back what was remembered, least recently used first."""
        for key, kept in entries:
            self._kept[key] = kept
            self._kept.move_to_end(key)
        while len(self._kept) > self._max_keys:
            self.evicted.append(self._kept.popitem(last=False)[0])

    def kept(self, key: str) -> Kept | None:
        """What is remembered of a key."""
        return self._kept.get(key)

    def clear(self) -> None:
        """Forget everything, to be loaded anew."""
        self._kept.clear()
        self.evicted.clear()


def _plain(value: Any) -> bytes | None:
    """What is no scalar: nothing, or the JSON of the value, so that true is not 1 and an object is its content."""
    if value is None:
        return None
    return _NOTHING if value is MISSING else _encode(value)


def encode_context(context: Context) -> bytes:
    """A context as MessagePack, to be stored."""
    return msgspec.msgpack.encode(context)


def decode_context(stored: bytes) -> Context:
    """What `encode_context` wrote."""
    return tuple(msgspec.msgpack.decode(stored))
