"""Which provider answers a model."""

from __future__ import annotations

import re
from fnmatch import translate
from typing import TYPE_CHECKING

import msgspec

from proveout.errors import ModelUnknown
from proveout.gateway.providers._upstream import Upstream

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Candidate", "Catalogue", "Listed"]

# Names come from clients, so that what is remembered of them has a bound.
MOST_NAMES = 4096
# A longer one is no model's, and would be kept.
LONGEST_NAME = 256
MOST_SHOWN = 100


class Candidate(msgspec.Struct, frozen=True):
    """A provider that may answer, and the model it is asked for.

    Attributes:
        upstream: the provider.
        model: as it knows it.
    """

    upstream: Upstream
    model: str


class Listed(msgspec.Struct, frozen=True):
    """A model that ``/v1/models`` lists.

    Attributes:
        id: name that a request may use.
        provider: that answers it.
    """

    id: str
    provider: str


class Catalogue:
    """The providers of ``gateway.toml`` and the models they answer.

    A name ``PROVIDER/MODEL`` is for that provider; any other name is for the first provider, in the order of the file,
    one of whose ``models`` it matches. After it come its fallbacks. Nothing but a name leads from a request to a
    provider, and a name leads to none that the file does not state.

    Args:
        upstreams: by name, in the order of the file.
    """

    __slots__ = ("_found", "_patterns", "_upstreams")

    def __init__(self, upstreams: Mapping[str, Upstream]) -> None:
        self._upstreams = upstreams
        self._patterns = {
            name: re.compile("|".join(translate(pattern) for pattern in upstream.terms.models) or r"(?!)")
            for name, upstream in upstreams.items()
        }
        self._found: dict[str, tuple[Candidate, ...]] = {}

    def candidates(self, name: str) -> tuple[Candidate, ...]:
        """Who may answer a model, in the order to ask.

        Raises:
            ModelUnknown: nobody.
        """
        found = self._found.get(name)
        if found is None:
            if len(name) > LONGEST_NAME:
                raise _unknown(name)
            found = self._resolve(name)
            if len(self._found) >= MOST_NAMES:
                self._found.clear()
            self._found[name] = found
        return found

    def models(self) -> tuple[Listed, ...]:
        """Models whose names are stated in full; those that only match a pattern are not known here."""
        listed = []
        for provider, upstream in self._upstreams.items():
            for model in upstream.terms.models:
                if not re.search(r"[*?[]", model):
                    plain = self._first(model)
                    listed.append(Listed(model if plain == provider else f"{provider}/{model}", provider))
        return tuple(dict.fromkeys(listed))

    def _resolve(self, name: str) -> tuple[Candidate, ...]:
        prefix, slash, model = name.partition("/")
        provider = prefix if slash and prefix in self._upstreams else self._first(name)
        if provider == prefix and slash:
            if not self._patterns[provider].match(model):
                raise _unknown(name)
        else:
            model = name
        if not provider or not model:
            raise _unknown(name)
        first = self._upstreams[provider]
        terms = first.terms
        others = [Candidate(self._upstreams[other], terms.fallback_model or model) for other in terms.fallback]
        return (Candidate(first, model), *others)

    def _first(self, model: str) -> str:
        return next((name for name, pattern in self._patterns.items() if pattern.match(model)), "")


def _unknown(name: str) -> ModelUnknown:
    shown = name[:MOST_SHOWN]
    return ModelUnknown(
        f"The model `{shown}` does not exist or you do not have access to it",
        why="no task and no provider here has it",
        fix="ask GET /v1/models for the names that may be used",
        about=shown,
        param="model",
    )
