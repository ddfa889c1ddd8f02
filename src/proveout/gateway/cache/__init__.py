"""Answers given again: to equal requests of one tenant, and to near ones where a certificate says so."""

from proveout.gateway.cache._canonical import IGNORED, KeyMaker, form_of, tenant_of, why_not_shared
from proveout.gateway.cache._decision import (
    SemanticDecision,
    certify_semantic,
    semantic_decisions,
    semantic_threshold,
)
from proveout.gateway.cache._difference import difference
from proveout.gateway.cache._exact import Cached, ExactCache, cached_of, reply_of
from proveout.gateway.cache._flight import Flights
from proveout.gateway.cache._generation import provider_generation, task_generation
from proveout.gateway.cache._lookups import LogHead, Lookup, LookupLog, lookups_of, semantic_folder
from proveout.gateway.cache._semantic import Embeds, Near, Opened, SemanticCache, semantic_cache

__all__ = [
    "IGNORED",
    "Cached",
    "Embeds",
    "ExactCache",
    "Flights",
    "KeyMaker",
    "LogHead",
    "Lookup",
    "LookupLog",
    "Near",
    "Opened",
    "SemanticCache",
    "SemanticDecision",
    "cached_of",
    "certify_semantic",
    "difference",
    "form_of",
    "lookups_of",
    "provider_generation",
    "reply_of",
    "semantic_cache",
    "semantic_decisions",
    "semantic_folder",
    "semantic_threshold",
    "task_generation",
    "tenant_of",
    "why_not_shared",
]
