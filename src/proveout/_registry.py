"""The one pattern for extension: a registry of factories by name, filled by a decorator or an entry point."""

from __future__ import annotations

from difflib import get_close_matches
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from proveout.errors import ProveoutError

T = TypeVar("T")


class Registry(Generic[T]):
    """Factories of one kind of thing, by name.

    Args:
        noun: what is registered, for messages: ``"family"``.
        group: the entry-point group through which other packages register theirs.
        missing: the error raised for an unknown name.
    """

    def __init__(self, noun: str, *, group: str, missing: type[ProveoutError]) -> None:
        self._noun = noun
        self._group = group
        self._missing = missing
        self._factories: dict[str, Callable[[], T]] = {}
        self._discovered = False

    def register(self, name: str) -> Callable[[Callable[[], T]], Callable[[], T]]:
        """Decorate a factory (often the class itself) to register it under ``name``."""

        def decorate(factory: Callable[[], T]) -> Callable[[], T]:
            if name in self._factories and self._factories[name] is not factory:
                raise ValueError(f"{self._noun} {name!r} is registered twice")
            self._factories[name] = factory
            return factory

        return decorate

    def names(self) -> list[str]:
        """Registered names, sorted."""
        self._discover()
        return sorted(self._factories)

    def create(self, name: str) -> T:
        """Make the thing registered under ``name``; an unknown name is answered with the nearest one."""
        self._discover()
        if name in self._factories:
            return self._factories[name]()
        near = get_close_matches(name, self._factories, n=1)
        hint = f"did you mean {near[0]!r}? Known" if near else "use one of"
        raise self._missing(
            f"unknown {self._noun}",
            why=f"no {self._noun} is registered under {name!r}",
            fix=f"{hint}: {', '.join(self.names())}",
            about=name,
        )

    def _discover(self) -> None:
        if self._discovered:
            return
        self._discovered = True
        for point in entry_points(group=self._group):
            self._factories.setdefault(point.name, point.load())
