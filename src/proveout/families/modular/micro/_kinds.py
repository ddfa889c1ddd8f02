"""The kinds of micro-model, by name: one protocol, a decorator, an entry point."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar, runtime_checkable

import msgspec

from proveout._registry import Registry
from proveout.errors import MicroModelUnknown, TaskInvalid
from proveout.families.modular.micro._encoders import Encoders

if TYPE_CHECKING:
    from proveout.families._protocol import BuildRun
    from proveout.families.modular.micro._rows import MicroRows

__all__ = ["MicroKind", "MicroModel", "MicroRun", "Parameters", "checked_parameters", "micro_kind", "micro_kinds"]

Json = dict[str, Any]


@runtime_checkable
class MicroModel(Protocol):
    """A model that does one thing: called with plain values and Structs, it gives a Struct.

    Its ``__call__`` is annotated, so that whatever calls it can check and write down what goes in and comes out. It
    knows nothing of the others, keeps nothing between calls that changes an answer, and gives equal answers for equal
    arguments. Its files are byte-identical for the same rows, seed and code.
    """

    @property
    def chosen(self) -> Json:
        """What was chosen when it was built, and on which rows."""
        ...

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Its one thing."""
        ...

    def save(self, folder: Path) -> None:
        """Write its files into an empty folder, deterministically."""
        ...

    @classmethod
    def load(cls, folder: Path, encoders: Encoders) -> Self:
        """Read what `save` wrote."""
        ...


class MicroRun(msgspec.Struct, frozen=True, kw_only=True):
    """What a build of micro-models may use besides rows.

    Attributes:
        seed: the only source of randomness.
        cache: folder for what can be made again; finished micro-models are kept in ``micro/`` under it.
        encoders: that they share.
        progress: called with a stage name, units done and units in all.
        documents: of the task, by path.
    """

    seed: int
    cache: Path
    encoders: Encoders
    progress: Callable[[str, int, int], None] = lambda _stage, _done, _total: None
    documents: Callable[[], dict[str, bytes]] = dict

    @classmethod
    def of(cls, run: BuildRun) -> Self:
        """The same for a family's build."""
        encoders = Encoders(run.cache)
        documents = run.documents
        return cls(seed=run.seed, cache=run.cache, encoders=encoders, progress=run.progress, documents=documents)


class MicroKind(Protocol):
    """One kind of micro-model.

    Attributes:
        name: it is registered under.
        model: the class that reads its models back.
        reads: fields of the rows that it learns from; none where it is written and not learned.
    """

    name: str
    model: type[MicroModel]
    reads: frozenset[str]

    def settled(self, given: Json, run: MicroRun) -> Json:
        """Parameters checked and completed, as JSON: with everything that the model will depend on.

        Raises:
            TaskInvalid: one is unknown or of another type.
        """
        ...

    def build(self, parameters: Json, rows: MicroRows, run: MicroRun, needs: Mapping[str, MicroModel]) -> MicroModel:
        """Learn from ``rows.train``, choose on ``rows.select``.

        Args:
            parameters: settled ones.
            rows: to learn from and to choose on.
            run: seed, cache and encoders.
            needs: micro-models it is built upon, by the part they play.
        """
        ...


micro_kinds: Registry[MicroKind] = Registry(
    "kind of micro-model", group="proveout.micro_models", missing=MicroModelUnknown
)
micro_kind = micro_kinds.register


class Parameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Parameters of one kind: an unknown one is an error."""


P = TypeVar("P", bound=Parameters)


def checked_parameters(given: Json, form: type[P], kind: str) -> P:
    """Parameters as their type.

    Raises:
        TaskInvalid: one is unknown or of another type.
    """
    try:
        return msgspec.convert(given, form, strict=True)
    except msgspec.ValidationError as error:
        fix = f"use: {', '.join(form.__struct_fields__)}"
        raise TaskInvalid("parameters of a micro-model", why=str(error), fix=fix, about=kind) from error
