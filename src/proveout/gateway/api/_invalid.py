"""What is wrong with a request's body, in the words of the OpenAI API."""

from __future__ import annotations

import re

import msgspec

from proveout.errors import RequestInvalid

__all__ = ["Unread", "invalid"]

# What reading a body may raise: the last comes from brackets nested too deeply.
Unread = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

PLACE = re.compile(r"^(.*?)(?: - at `([^`]*)`)?$", re.DOTALL)
MISSING = re.compile(r"^Object missing required field `(.*)`$", re.DOTALL)
UNKNOWN = re.compile(r"^Object contains unknown field `(.*)`$", re.DOTALL)
TYPES = re.compile(r"^Expected `([^`]*)`, got `([^`]*)`$")
SHORT = re.compile(r"^Expected `(str|array)` of length >= 1$")
BOUND = re.compile(r"^Expected `(int|float)`(?: in range)? (>=|<=|>|<) (.*)$")
VALUE = re.compile(r"^Invalid (?:enum )?value (.*)$", re.DOTALL)
LONGEST = 200
NAMES = {
    "str": "a string",
    "int": "an integer",
    "float": "a decimal",
    "bool": "a boolean",
    "array": "an array",
    "object": "an object",
    "null": "null",
}
EMPTY = {"str": "an empty string", "array": "an empty array"}
SIDES = {">=": "below minimum", ">": "below minimum", "<=": "above maximum", "<": "above maximum"}
FIX = "correct the request; the reference of the gateway's API lists what each parameter takes"


def invalid(error: Exception) -> RequestInvalid:
    """The refusal of a body that could not be read.

    Args:
        error: one of `Unread`.

    Example:
        >>> try:
        ...     msgspec.json.decode(b'{"model": 1}', type=dict[str, str])
        ... except Unread as error:
        ...     invalid(error).what
        "Invalid type for '...': expected a string, but got an integer instead"
    """
    if isinstance(error, msgspec.ValidationError):
        said, path = _parts(str(error))
        return _wrong(said, path)
    if isinstance(error, RecursionError):
        return _unparsed("it is nested too deeply", "send a body of fewer levels")
    if isinstance(error, UnicodeDecodeError):
        return _unparsed("it is not valid UTF-8", "encode the body as UTF-8")
    return _unparsed(str(error), "send one JSON object, with content-type application/json")


def _unparsed(why: str, fix: str) -> RequestInvalid:
    return RequestInvalid("We could not parse the JSON body of your request", why=why, fix=fix, about="body")


def _parts(message: str) -> tuple[str, str]:
    """What is said, and the parameter it is said of; "" is the body itself."""
    found = PLACE.match(message)
    said, path = (found.group(1), found.group(2) or "") if found else (message, "")
    return said, path.removeprefix("$").removeprefix(".")


def _wrong(said: str, path: str) -> RequestInvalid:
    for pattern, words in WORDS:
        found = pattern.match(said)
        if found:
            return words(path, *found.groups())
    return _refuse(f"Invalid value for '{path or 'body'}'", said, path)


def _refuse(what: str, why: str, path: str) -> RequestInvalid:
    return RequestInvalid(what, why=why, fix=FIX, about=path or "body", param=path)


def _missing(path: str, name: str) -> RequestInvalid:
    whole = f"{path}.{name}" if path else name
    if whole == "model":
        return _refuse("you must provide a model parameter", "the body has no model", whole)
    return _refuse(f"Missing required parameter: '{whole}'", "it is not in the body", whole)


def _unknown(path: str, name: str) -> RequestInvalid:
    shown = name[:LONGEST]
    if not path:
        why = "a task takes only the parameters of its API, so that none is ignored silently"
        return _refuse(f"Unrecognized request argument supplied: {shown}", why, shown)
    return _refuse(f"Unknown parameter: '{path}.{shown}'", "it means nothing there", f"{path}.{shown}")


def _type(path: str, wanted: str, got: str) -> RequestInvalid:
    names = [NAMES.get(one, one) for one in wanted.split(" | ") if one != "null" or wanted == "null"]
    found = NAMES.get(got, got)
    if not path:
        what = "We could not parse the JSON body of your request"
        return _refuse(what, f"it is {found} and has to be {' or '.join(names)}", "")
    what = f"Invalid type for '{path}': expected {' or '.join(names)}, but got {found} instead"
    return _refuse(what, "it is of another type", path)


def _short(path: str, kind: str) -> RequestInvalid:
    name, empty = NAMES[kind].split(" ", 1)[1], EMPTY[kind]
    what = (
        f"Invalid '{path}': {empty.split(' ', 1)[1]}. Expected {NAMES[kind]} with minimum length 1, "
        f"but got {empty} instead"
    )
    return _refuse(what, f"the {name} is empty", path)


def _bound(path: str, kind: str, side: str, bound: str) -> RequestInvalid:
    name = NAMES[kind].split(" ", 1)[1]
    what = f"Invalid '{path}': {name} {SIDES[side]} value. Expected a value {side} {bound}"
    return _refuse(what, "it is out of range", path)


def _value(path: str, value: str) -> RequestInvalid:
    return _refuse(f"Invalid value: {value[:LONGEST]}", f"{path or 'it'} does not take it", path)


WORDS = (
    (MISSING, _missing),
    (UNKNOWN, _unknown),
    (TYPES, _type),
    (SHORT, _short),
    (BOUND, _bound),
    (VALUE, _value),
)
