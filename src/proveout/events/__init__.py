"""CloudEvents in, a change gate before the models, and at-least-once delivery from a durable inbox."""

from proveout.events._clock import Clock, JumpWatch, ManualClock, SystemClock
from proveout.events._entries import EventDead, EventHandled, EventsReceived, EventsRequeued, EventsSkipped
from proveout.events._event import Event
from proveout.events._folder import FILE_WRITTEN, FolderSource
from proveout.events._gate import ChangeGate, Checked, Context, Kept
from proveout.events._handlers import Handler, HandlerMaker, Setting, event_handler, event_handlers
from proveout.events._http import http_app
from proveout.events._inbox import Inbox
from proveout.events._nats import NatsSource, NatsSpec
from proveout.events._open import inbox_file, open_inbox, opened
from proveout.events._outbox import OUTBOX_SCHEMA, OutboxSource, write_outbox
from proveout.events._parse import parse_batch, parse_event, parse_message
from proveout.events._paths import MISSING
from proveout.events._replay import FileReplay, Requeued, replay_file, requeue
from proveout.events._savings import Savings, fold_savings, savings
from proveout.events._serve import SourceSpec, serve
from proveout.events._tables import Accepted, Delivery, Finished, Refusal
from proveout.events._trigger import FieldRule, GateSpec, Trigger, check_triggers, load_triggers
from proveout.events._worker import Reaction, Worker

__all__ = [
    "FILE_WRITTEN",
    "MISSING",
    "OUTBOX_SCHEMA",
    "Accepted",
    "ChangeGate",
    "Checked",
    "Clock",
    "Context",
    "Delivery",
    "Event",
    "EventDead",
    "EventHandled",
    "EventsReceived",
    "EventsRequeued",
    "EventsSkipped",
    "FieldRule",
    "FileReplay",
    "Finished",
    "FolderSource",
    "GateSpec",
    "Handler",
    "HandlerMaker",
    "Inbox",
    "JumpWatch",
    "Kept",
    "ManualClock",
    "NatsSource",
    "NatsSpec",
    "OutboxSource",
    "Reaction",
    "Refusal",
    "Requeued",
    "Savings",
    "Setting",
    "SourceSpec",
    "SystemClock",
    "Trigger",
    "Worker",
    "check_triggers",
    "event_handler",
    "event_handlers",
    "fold_savings",
    "http_app",
    "inbox_file",
    "load_triggers",
    "open_inbox",
    "opened",
    "parse_batch",
    "parse_event",
    "parse_message",
    "replay_file",
    "requeue",
    "savings",
    "serve",
    "write_outbox",
]
