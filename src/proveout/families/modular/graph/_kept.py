"""Values as they are when read back from JSON, so that a resumed run sees what the first one saw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from proveout.errors import StepOutputInvalid, WorkflowInvalid
from proveout.families.modular.graph._types import bare_types, shown
from proveout.families.modular.graph._words import known

if TYPE_CHECKING:
    from proveout.families.modular.graph._nodes import Node

__all__ = ["NOT_PLAIN", "decoder_of", "kept", "loose_decoder", "read_back", "typed_constant"]

# What encoding or decoding raises for a value that has no form in JSON, or another type.
NOT_PLAIN = (msgspec.ValidationError, TypeError, ValueError, OverflowError, RecursionError)


def kept(node: Node, output: Any) -> tuple[Any, bytes]:
    """The output as it is when read back from its JSON, and that JSON: a resumed run sees what the first one saw.

    A number that JSON does not have (NaN, an infinity) becomes None, and so fits only where None does.

    Raises:
        StepOutputInvalid: it is not of the declared type.
    """
    try:
        content = msgspec.json.encode(output)
        return node.decoder.decode(content), content
    except NOT_PLAIN as error:
        fix = "give what the step's annotation says"
        raise StepOutputInvalid("a step gave another type", why=str(error), fix=fix, about=node.name) from error


def read_back(value: Any, decoder: msgspec.json.Decoder[Any]) -> Any:
    """A value as it is when read back from its JSON.

    Raises:
        NOT_PLAIN: it has no JSON, or not that of the type.
    """
    return decoder.decode(msgspec.json.encode(value))


def decoder_of(of: Any, what: str, about: str) -> msgspec.json.Decoder[Any]:
    """What reads a value of a type back from JSON.

    Raises:
        WorkflowInvalid: nothing can, or it is no type.
    """
    fix = "use plain values, dataclasses or msgspec structs: what goes from step to step is kept as JSON"
    try:
        bare = bare_types(of)
        decoder = msgspec.json.Decoder(of)
    except TypeError as error:
        raise WorkflowInvalid(f"{what} cannot be kept", why=str(error), fix=fix, about=about) from error
    if bare:
        why = f"{shown(of)} holds {known(bare)}, which JSON cannot"
        raise WorkflowInvalid(f"{what} cannot be kept", why=why, fix=fix, about=about)
    return decoder


def typed_constant(value: Any, wanted: Any, name: str, about: str) -> Any:
    """A constant as a step receives it: plain values become the struct, date or list that the annotation asks for.

    Raises:
        WorkflowInvalid: it is of another type, or cannot be kept.
    """
    try:
        return read_back(value, loose_decoder(wanted))
    except NOT_PLAIN as error:
        fix = "give a value of that type which has a form in JSON"
        raise WorkflowInvalid(f"{name} cannot be {value!r:.80}", why=str(error), fix=fix, about=about) from error


def loose_decoder(wanted: Any) -> msgspec.json.Decoder[Any]:
    """What reads a value of a type, or any value where the type is one that JSON cannot say, such as a protocol.

    Example:
        >>> loose_decoder(range).decode("3")
        3
    """
    try:
        return msgspec.json.Decoder(Any if bare_types(wanted) else wanted)
    except TypeError:
        return msgspec.json.Decoder(Any)
